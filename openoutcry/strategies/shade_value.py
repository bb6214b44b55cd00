"""A strategy that takes a share off its value, as bidders do who know first-price auctions. A deviation to measure."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.strategies.api import Exit, RaiseAnswer, Stay, Strategy
from openoutcry.strategies.seats import TypeSeat
from openoutcry.strategies.type_views import ValuationView
from openoutcry.strategies.valuations import TypeIndex
from openoutcry.strategies.views import RaiseView


class ShadeValue(Strategy):
    """Report the highest listed type that is worth no more than a share of one's own, for every bundle."""

    deterministic: ClassVar[bool] = True

    def __init__(self, share: Fraction = Fraction(1, 10)) -> None:
        """Take the share to hide.

        Args:
            share: 0..1, exact, for example "1/10". Markets of signals are played truthfully.

        Raises:
            StrategyError: The share is outside 0..1.
        """
        if not 0 <= share <= 1:
            raise StrategyError(f"share={share} is no share of a value: give a fraction in 0..1")
        self.share = share

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Stay while the price is at most what is left of the value."""
        if isinstance(view.seat, TypeSeat):
            return Stay if view.would_pay(self._pretended(view.seat)) else Exit
        return super().on_raise(view)  # type: ignore[return-value]  # The base class answers at once.

    def report_valuation(self, view: ValuationView) -> TypeIndex:
        """Report the pretended type."""
        assert isinstance(view.seat, TypeSeat), "valuations are asked for in markets of types only"
        return TypeIndex(self._pretended(view.seat))

    def _pretended(self, seat: TypeSeat) -> int:
        types = seat.market.bidders[seat.bidder].types
        left = [value * (1 - self.share) for value in types[seat.value]]
        lower = [
            index
            for index, valuation in enumerate(types)
            if all(value <= most for value, most in zip(valuation, left, strict=True))
        ]
        # When the list has nothing low enough, its first type is what comes nearest.
        return max(lower, key=lambda index: (sum(types[index]), index), default=0)
