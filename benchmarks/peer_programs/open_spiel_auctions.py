"""OpenSpiel's sealed-bid auction among ten players, who bid as near to their values as the game lets them: one below.

Values are drawn from 1..10 by the game's chance nodes. The state of the game is C++; players are Python.
"""

from __future__ import annotations

from importlib.metadata import version
from random import Random

import pyspiel  # type: ignore[import-not-found]  # In the environment that runs this.
from pace import tell_pace  # type: ignore[import-not-found]  # Beside this file.

GAME = "first_sealed_auction(players=10,max_value=10)"


def main() -> None:
    """Measure."""
    game = pyspiel.load_game(GAME)
    random = Random(1)

    def sell(_number: int) -> object:
        state = game.new_initial_state()
        while not state.is_terminal():
            if state.is_chance_node():
                values, weights = zip(*state.chance_outcomes(), strict=True)
                state.apply_action(random.choices(values, weights)[0])
            else:
                state.apply_action(state.legal_actions()[-1])
        return state.returns()

    tell_pace(version("open-spiel"), sell)


main()
