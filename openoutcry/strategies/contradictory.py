"""A strategy that contradicts itself: for watching what a mechanism does about reports that cannot be true."""

from __future__ import annotations

from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.strategies.api import Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.pretending import other_index
from openoutcry.strategies.type_views import BeliefView, ValuationView
from openoutcry.strategies.valuations import TypeIndex


class Contradictory(Strategy):
    """Report another value when asked for it again, and a belief that excludes what one holds possible.

    A repeated value that differs from the first counts as a withheld report, with a deviation. A belief that excludes
    what happens is legal, and is paid little.
    """

    def __init__(self) -> None:
        """Remember that nothing was reported yet."""
        self._was_asked = False

    def report_valuation(self, view: ValuationView) -> TypeIndex:
        """Report the true value, and another one from the second time on."""
        index = view.value_index
        if self._was_asked:
            return TypeIndex(other_index(view, index))
        self._was_asked = True
        return TypeIndex(index)

    def report_belief(self, view: BeliefView) -> Belief:
        """Report that each subject has a value that it is not believed to have, or at least not the likeliest one."""
        known = view.knowledge
        market, factors = known.market, {}
        for player in known.distribution.players:
            likely = known.distribution.factor(player)
            every = range(market.type_counts[player])
            unlikely = [index for index in every if index not in likely]
            likeliest = max(likely, key=lambda index: likely[index])
            others = [index for index in every if index != likeliest]
            factors[player] = dict.fromkeys(unlikely or others or [likeliest], 1)
        return Belief(market, Product.of(factors))
