"""A clock auction as PettingZoo's `ParallelEnv`: each step raises the clocks of those who are asked by one level.

Decides: who is an agent when, what it observes, may do and earns. A bidder leaves when it exits, all others when the
auction ends; utility is paid in that last step, and nothing before. Refuses: actions that are none, and mechanisms that
pay somebody who has left. `openoutcry.lab.environment.making` makes it; `Episode` leads the auction itself.

An auction needs no truncation. In every step somebody is asked for a level that it was not asked for before, and there
are k-1 levels for each of n bidders: an episode ends within n(k-1) steps, whatever anybody does. Only an auction that
asks nobody anything has a step without a question, its one. `max_cycles` cuts off all the same, for code that wants it;
nobody has bought anything then.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from operator import index
from typing import Any

import numpy as np
from gymnasium import logger
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from pettingzoo import ParallelEnv  # It carries annotations, but no py.typed.

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.lab.environment.drawing import draw_clocks
from openoutcry.lab.environment.encoding import (
    Action,
    Encoder,
    Observation,
    find_encoder,
    observation_length,
)
from openoutcry.lab.environment.episode import Episode
from openoutcry.lab.environment.lots import Drawn, Lots
from openoutcry.mechanisms.market import Market
from openoutcry.protocol.draws import SeededChance
from openoutcry.simulation import PlayResult, read_seed

NAME = "clock_auction_v0"
RENDER_MODES = ("human", "ansi")

Infos = dict[str, dict[str, Any]]
Step = tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], Infos]


class ClockAuction(ParallelEnv[str, Observation, int]):  # type: ignore[misc]  # The base is untyped, see above.
    """An environment of n bidders, the agents `bidder_0`, `bidder_1`, ... in the order of the roster.

    Observations are vectors as `openoutcry.lab.environment.encoding` describes; actions are those of `Action`. Infos
    hold `action_mask`, which allows `STAY` and `EXIT` to whoever is asked and `WAIT` to the others. In its last step an
    agent's info also holds its exact `payment` and `utility` in minor units; when the auction has ended also `value`,
    what its part is worth to it, `winner`, the agent that buys or None, and `price`.

    Args:
        lots: Where auctions come from.
        reward_unit: How many minor units a reward of 1 stands for; None: the greatest value in the market, so that
            rewards of mechanisms that never overcharge lie in 0..1 for the truthful.
        render_mode: `ansi` returns text from `render`; `human` prints it in every step.
        max_cycles: Truncate after so many steps; None lets every auction end by itself.

    Attributes:
        longest: Steps that no episode exceeds.
        seed: Of the episodes since the last `reset` with a seed; None before the first.
        number: Of the episode since then, from 0.

    Raises:
        ConfigurationError: An argument is out of range.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012  # PettingZoo asks for a plain dictionary on the class.
        "render_modes": list(RENDER_MODES),
        "name": NAME,
        "is_parallelizable": True,
        "render_fps": 2,
    }

    def __init__(
        self,
        lots: Lots,
        *,
        reward_unit: int | None = 1,
        render_mode: str | None = None,
        max_cycles: int | None = None,
    ) -> None:
        if reward_unit is not None and reward_unit < 1:
            raise ConfigurationError(f"reward_unit must be at least 1 minor unit, or None, not {reward_unit}")
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ConfigurationError(
                f"render_mode must be one of {', '.join(RENDER_MODES)}, or None, not {render_mode!r}"
            )
        if max_cycles is not None and max_cycles < 1:
            raise ConfigurationError(f"max_cycles must be at least 1, or None, not {max_cycles}")
        self.render_mode = render_mode
        self.max_cycles = max_cycles
        self.possible_agents = [f"bidder_{place}" for place in range(lots.bidder_count)]
        self.agents: list[str] = []
        length = observation_length(lots.signal_levels)
        self.observation_spaces = {
            agent: Box(low=0.0, high=1.0, shape=(length,), dtype=np.float32) for agent in self.possible_agents
        }
        self.action_spaces = {agent: Discrete(len(Action)) for agent in self.possible_agents}
        self.longest = lots.bidder_count * (lots.signal_levels - 1)
        self.seed: int | None = None
        self.number = 0
        self._lots = lots
        self._reward_unit = reward_unit
        self._places = {agent: place for place, agent in enumerate(self.possible_agents)}
        self._episode: Episode | None = None
        self._encoder: Encoder | None = None
        self._steps = 0

    @property
    def result(self) -> PlayResult | None:
        """How the auction ended, exact, with all draws; None while it goes on. Bidders have the names of the roster."""
        return None if self._episode is None else self._episode.result

    @property
    def market(self) -> Market:
        """The public market of the current episode."""
        return self._current()[1].market

    @property
    def signals(self) -> tuple[int, ...]:
        """Length n: everybody's signals in the current episode; no bidder observes them all."""
        return self._current()[0].signals

    def observation_space(self, agent: str) -> Box:
        """Return the space of an agent's observations."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Discrete:
        """Return the space of an agent's actions."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], Infos]:
        """Begin an auction.

        Args:
            seed: Every market, signal and draw from here on follows from it. Without one the next auction of the last
                seed is begun, at the very first call of a seed that nobody knows.
            options: `signals`, length n, each 0..k-1, and `coin`, 32 bytes or a text, take the place of what would be
                drawn: with the coin of a session it is played once more. Other options are not looked at.

        Returns:
            Observations and infos by agent.

        Raises:
            UsageError: Seed, signals or coin cannot be used.
        """
        if seed is not None:
            chosen, number = _read_integer("seed", seed), 0
        elif self.seed is None:
            chosen, number = secrets.randbits(63), 0
        else:
            chosen, number = self.seed, self.number + 1
        drawn = self._lots.draw(chosen, number)
        market = drawn.auction.market
        assert isinstance(market, Market), "lots have markets of signals"
        self._episode = _begin(drawn, options or {})
        self._encoder = find_encoder(market)
        self.seed, self.number, self._steps = chosen, number, 0
        self.agents = list(self.possible_agents)
        self._show()
        return self._observe(self.agents), self._explain(self.agents)

    def step(self, actions: Mapping[str, int]) -> Step:
        """Let everybody act at once.

        Args:
            actions: By agent, 0..2. Whoever is not asked may be left out, and those who have left are not looked at.

        Returns:
            Observations, rewards, terminations, truncations and infos of all who were there before the step.

        Raises:
            UsageError: There is no auction to go on with, an action is none, or one is missing.
            ConfigurationError: The mechanism pays or charges bidders that have left.
        """
        episode, _ = self._current()
        if not self.agents:
            raise UsageError("the auction is over: call reset() to begin another")
        present = self.agents
        episode.answer(self._read_answers(episode, actions))
        self._steps += 1
        is_over = episode.result is not None
        is_cut = not is_over and self.max_cycles is not None and self._steps >= self.max_cycles
        ended = {agent: is_over or episode.exited[self._places[agent]] for agent in present}
        cut = {agent: is_cut and not ended[agent] for agent in present}
        self.agents = [agent for agent in present if not ended[agent] and not cut[agent]]
        rewards = dict.fromkeys(present, 0.0)
        if episode.result is not None:
            utilities = episode.result.utilities
            self._check_settled(utilities, present)
            unit = self._unit()
            rewards = {agent: float(utilities[self._places[agent]] / unit) for agent in present}
        infos = self._explain(present, ended)
        self._show()
        return self._observe(present), rewards, ended, cut, infos

    def render(self) -> str | None:
        """Return the clocks as text (`ansi`), or print them (`human`)."""
        if self.render_mode is None:
            logger.warn('nothing is rendered: make the environment with render_mode="ansi" or "human"')
            return None
        episode, _ = self._current()
        text = draw_clocks(episode, agents=self.possible_agents, mechanism=self._lots.mechanism)
        if self.render_mode == "ansi":
            return text
        print(text)
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _current(self) -> tuple[Episode, Encoder]:
        if self._episode is None or self._encoder is None:
            raise UsageError("no auction has begun: call reset() first")
        return self._episode, self._encoder

    def _read_answers(self, episode: Episode, actions: Mapping[str, int]) -> dict[int, bool]:
        if not isinstance(actions, Mapping):
            raise UsageError(f"actions are a mapping from agents to numbers, not {actions!r:.60}")
        for agent, action in actions.items():
            if agent not in self._places:
                raise UsageError(f"there is no agent {agent!r}: agents are {', '.join(self.agents)}")
            if agent in self.agents and not 0 <= _read_integer(f"the action of {agent}", action) < len(
                Action
            ):
                raise UsageError(f"the action of {agent} is {action!r}: use 0 (wait), 1 (stay) or 2 (exit)")
        answers = {}
        for bidder in episode.asked:
            agent = self.possible_agents[bidder]
            if agent not in actions:
                raise UsageError(f"{agent} is asked, and has no action: its info has an action_mask")
            answers[bidder] = index(actions[agent]) == Action.STAY
        return answers

    def _observe(self, agents: Sequence[str]) -> dict[str, Observation]:
        episode, encoder = self._current()
        observations = {}
        for agent in agents:
            bidder = self._places[agent]
            signal, asked = episode.signals[bidder], episode.asked.get(bidder)
            if asked is None:
                observations[agent] = encoder.waiting(bidder, signal, episode.clocks[bidder])
            else:
                observations[agent] = encoder.asked(
                    bidder, signal, level=asked.level, price=asked.price, target=asked.target
                )
        return observations

    def _explain(self, agents: Sequence[str], ended: Mapping[str, bool] | None = None) -> Infos:
        episode, _ = self._current()
        infos: Infos = {}
        for agent in agents:
            bidder = self._places[agent]
            infos[agent] = {"action_mask": _mask(is_asked=bidder in episode.asked)}
            if ended is not None and ended[agent]:
                infos[agent] |= self._settle(bidder, episode.result)
        return infos

    def _settle(self, bidder: int, result: PlayResult | None) -> dict[str, Any]:
        if result is None:
            return {"payment": 0, "utility": 0}
        winner = None if result.winner is None else self.possible_agents[result.names.index(result.winner)]
        return {
            "payment": result.payments[bidder],
            "utility": result.utilities[bidder],
            "value": result.values[bidder],
            "winner": winner,
            "price": result.price,
        }

    def _check_settled(self, utilities: Sequence[Fraction], present: Sequence[str]) -> None:
        """Refuse to keep from an agent what it was still to have: it is told its reward when it leaves."""
        for agent, bidder in self._places.items():
            if agent not in present and utilities[bidder]:
                raise ConfigurationError(
                    f"{self._lots.mechanism} gives {utilities[bidder]} to {agent} after it has left, which no "
                    "environment can reward: choose signal-discovery or uniform-clock"
                )

    def _unit(self) -> int:
        return self._current()[1].scale if self._reward_unit is None else self._reward_unit

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()


def _begin(drawn: Drawn, options: Mapping[str, Any]) -> Episode:
    auction, signals, chance = drawn.auction, drawn.signals, drawn.chance
    given, coin = options.get("signals"), options.get("coin")
    if given is not None:
        if not isinstance(given, Iterable):
            raise UsageError(f"signals must be one integer for each bidder, not {given!r:.60}")
        signals = tuple(_read_integer("a signal", signal) for signal in given)
        auction.check_private(signals)
    if coin is not None:
        if not isinstance(coin, bytes | str):
            raise UsageError(f"a coin is 32 bytes or a text, not {coin!r:.60}")
        chance = SeededChance(read_seed(coin), len(signals))
    return Episode(auction, signals, chance)


def _read_integer(what: str, value: object) -> int:
    try:
        return index(value)  # type: ignore[arg-type]  # What is no integer raises TypeError, caught here.
    except TypeError as error:
        raise UsageError(f"{what} must be an integer, not {value!r:.60}") from error


def _mask(*, is_asked: bool) -> NDArray[np.int8]:
    return np.array([not is_asked, is_asked, is_asked], dtype=np.int8)
