"""A strategy that believes too much in what it holds most likely. A proper scoring rule makes it pay for that."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.strategies.api import Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.type_views import BeliefView


class Overconfident(Strategy):
    """Report the belief moved towards certainty of its likeliest row; values are reported truthfully."""

    deterministic: ClassVar[bool] = True

    def __init__(self, weight: Fraction = Fraction(1, 2)) -> None:
        """Take how far to move.

        Args:
            weight: 0..1, exact: 0 is truthful, 1 is certain.

        Raises:
            StrategyError: The weight is outside 0..1.
        """
        if not 0 <= weight <= 1:
            raise StrategyError(f"weight={weight} is no share of a belief: give a fraction in 0..1")
        self.weight = weight

    def report_belief(self, view: BeliefView) -> Belief:
        """Report the belief, sharpened; of independent bidders each by itself, so that they stay independent."""
        known = view.knowledge
        if isinstance(known.distribution, Product):
            sharp = {player: self._sharpened(known.about([name])) for player, name in _named(known)}
            return Belief(known.market, Product.of(sharp))
        return known.mix(Belief.certain(known.market, known.most_likely()), self.weight)

    def _sharpened(self, known: Belief) -> dict[int, int]:
        mixed = known.mix(Belief.certain(known.market, known.most_likely()), self.weight)
        return dict(mixed.distribution.factor(mixed.distribution.players[0]))


def _named(belief: Belief) -> zip[tuple[int, str]]:
    return zip(belief.distribution.players, belief.names, strict=True)
