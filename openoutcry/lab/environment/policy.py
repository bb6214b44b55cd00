"""The bridge: what was trained in the environment joins sessions as a strategy.

A policy sees in a session the very vector that it saw in the environment, made by the same encoder. It is asked only
when its bidder is asked. Neither PettingZoo nor Gymnasium is needed for it. Refuses: actions that are none, and markets
of types.
"""

from __future__ import annotations

import random
from operator import index
from typing import Protocol

from openoutcry.errors import StrategyError
from openoutcry.lab.environment.encoding import Action, Observation, find_encoder
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies import Exit, NoAnswer, RaiseView, ReportView, Stay, Strategy
from openoutcry.strategies.api import RaiseAnswer
from openoutcry.strategies.views import View

_ANSWERS: dict[int, RaiseAnswer] = {Action.WAIT: NoAnswer, Action.STAY: Stay, Action.EXIT: Exit}


class Policy(Protocol):
    """From an observation to an action."""

    def __call__(self, observation: Observation, rng: random.Random, /) -> int:
        """Choose an `Action`.

        Args:
            observation: Shape (12 + 2k,), numbers in 0..1, as `openoutcry.lab.environment.encoding` says; its own copy.
            rng: The bidder's own generator: whoever draws, draws from it, so that a run can be repeated from its seed.
        """


class PolicyStrategy(Strategy):
    """A policy as a strategy.

    A scenario names a subclass in a file, which loads the weights in its constructor:

    ```python
    class Learned(PolicyStrategy):
        deterministic = True  # Only where the policy leaves its generator alone.

        def __init__(self, weights: Path = Path(__file__).with_name("weights.json")):
            super().__init__(load_policy(weights))
    ```

    Args:
        policy: Chooses an action. One that waits when it is asked does not answer, which counts as an exit.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def check(self, market: Market | TypeMarket, bidder: int) -> None:
        """Refuse markets that the policy cannot observe.

        Raises:
            StrategyError: It is a market of types.
            ConfigurationError: It is too large.
        """
        if isinstance(market, TypeMarket):
            raise StrategyError(
                "a policy observes signals, and in this market bidders have types: use it in signal-discovery or "
                "uniform-clock"
            )
        find_encoder(market)

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Ask the policy."""
        return self._choose(view, level=view.level, price=view.price, target=view.target)

    def report_signal(self, view: ReportView) -> int:
        """Climb a clock in mind, without an offer, and report the last level at which the policy stays."""
        level = 0
        while level < view.signal_levels - 1:
            if self._choose(view, level=level + 1, price=None, target=None) is not Stay:
                break
            level += 1
        return level

    def _choose(self, view: View, *, level: int, price: int | None, target: int | None) -> RaiseAnswer:
        # Reading the signal refuses, in words for people, a market of types.
        signal, market = view.signal, view.market
        assert isinstance(market, Market), "bidders with signals sit in markets of signals"
        observation = find_encoder(market).asked(view.bidder, signal, level=level, price=price, target=target)
        action = self._policy(observation, view.rng)
        try:
            return _ANSWERS[index(action)]
        except (KeyError, TypeError) as error:
            raise StrategyError(
                f"the policy chose {action!r:.60}: return 0 (wait), 1 (stay) or 2 (exit)"
            ) from error
