"""Who plays for whom: from what a caller gives as strategies to one fresh strategy for each bidder.

A strategy may be given as its name (`"shade:levels=1"`), a class, an instance, a plain function of a view, or a
factory. An instance plays one bidder in one auction, so it is refused for two bidders.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from openoutcry.errors import UsageError
from openoutcry.strategies import Strategy, StrategyFactory, load_strategy
from openoutcry.strategies.api import FunctionStrategy, StrategyFunction
from openoutcry.strategies.truthful import Truthful

StrategyLike = str | StrategyFactory | type[Strategy] | Strategy | StrategyFunction
FindStrategy = Callable[[str], StrategyFactory]
Strategies = StrategyLike | Mapping[str, StrategyLike] | Sequence[StrategyLike]


class Seating:
    """Makes the strategies of auctions among the same bidders; names are looked up once.

    Args:
        names: Of the bidders, in roster order.
        find: Finds a strategy by its name.
    """

    def __init__(self, names: Sequence[str], *, find: FindStrategy = load_strategy) -> None:
        self._names = tuple(names)
        self._find = find
        self._factories: dict[str, StrategyFactory] = {}

    def make(self, strategies: Strategies) -> list[Strategy]:
        """Return one strategy for each bidder, in roster order.

        Args:
            strategies: One for all; or one for each bidder, in roster order; or by name, the rest truthful.

        Raises:
            UsageError: There are too many or too few, a bidder does not exist, or an instance is given twice.
            StrategyError: One cannot be found or made.
        """
        if isinstance(strategies, Mapping):
            self._check_names(strategies)
            given = [strategies.get(name, Truthful) for name in self._names]
        elif isinstance(strategies, Sequence) and not isinstance(strategies, str):
            given = list(strategies)
            if len(given) != len(self._names):
                raise UsageError(f"{len(given)} strategies are given for {len(self._names)} bidders")
        else:
            given = [strategies] * len(self._names)
        made = [self._make_one(strategy) for strategy in given]
        if len(set(map(id, made))) != len(made):
            raise UsageError("one strategy object plays one bidder: give each its own, or the class for all")
        return made

    def _make_one(self, given: StrategyLike) -> Strategy:
        if isinstance(given, str):
            return self._load(given).make()
        if isinstance(given, StrategyFactory):
            return given.make()
        if isinstance(given, Strategy):
            return given
        if inspect.isclass(given):
            if not issubclass(given, Strategy):
                raise UsageError(f"{given.__name__} is no subclass of Strategy")
            return given()
        if not callable(given):
            raise UsageError(
                f"{type(given).__name__} is no strategy: give a name, a class, an object or a function"
            )
        return FunctionStrategy(given)

    def _load(self, text: str) -> StrategyFactory:
        factory = self._factories.get(text)
        if factory is None:
            factory = self._factories[text] = self._find(text)
        return factory

    def _check_names(self, strategies: Mapping[str, StrategyLike]) -> None:
        for name in strategies:
            if name not in self._names:
                near = get_close_matches(name, self._names, n=1)
                advice = f": did you mean {near[0]!r}?" if near else ""
                raise UsageError(f"there is no bidder {name!r} to give a strategy to{advice}")
