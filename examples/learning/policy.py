"""What was learnt, as a strategy: a scenario names it as `policy.py:Learned`, and `weights.json` stands beside it."""

import json
from pathlib import Path

import numpy as np

from openoutcry.errors import StrategyError
from openoutcry.lab.environment import Action, Field, PolicyStrategy

WEIGHTS = Path(__file__).with_name("weights.json")


class StayTable:
    """What staying has earned on average, by place in the roster, kind of question, own signal and level asked.

    An exit earns nothing, for certain. So whoever knows what staying earns knows what to do: stay where it is no loss.
    """

    def __init__(self, worth):
        """Take an array of shape (n, 2, k, k), in shares of the greatest value in the market."""
        self.worth = np.asarray(worth, dtype=float)

    def cell(self, observation):
        """Return where the table keeps what an observation asks about."""
        bidders, _, levels, _ = self.worth.shape
        place = round(float(observation[Field.PLACE]) * (bidders - 1))
        signal = round(float(observation[Field.SIGNAL]) * (levels - 1))
        level = round(float(observation[Field.LEVEL]) * (levels - 1))
        return place, int(observation[Field.OFFER]), signal, level

    def __call__(self, observation, rng):
        """Choose an action; nothing is drawn."""
        return Action.STAY if self.worth[self.cell(observation)] >= 0 else Action.EXIT


class Learned(PolicyStrategy):
    """Plays the table of a file."""

    deterministic = True

    def __init__(self, weights: Path = WEIGHTS):
        """Read the table; `weights` is a file that `train.py` wrote."""
        try:
            worth = json.loads(weights.read_text(encoding="utf-8"))["worth"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StrategyError(f"{weights} is no table of weights: let train.py write it") from error
        super().__init__(StayTable(worth))
