"""A strategy of two bidders who agreed on what to report, each naming the other as its partner.

Both report the value at an agreed place of their lists, and each reports certainty that the other has that value: so
both are paid well for their beliefs, and neither drives up what the other pays. The mechanisms of the crowd promise
nothing against this; the strategy is there to show how much it costs.
"""

from __future__ import annotations

from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.api import Exit, RaiseAnswer, Stay, Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.seats import TypeSeat
from openoutcry.strategies.type_views import BeliefView, ValuationView
from openoutcry.strategies.valuations import TypeIndex, find_bidder
from openoutcry.strategies.views import RaiseView, StartView


class Collusive(Strategy):
    """Report the agreed value, and certainty of the partner's; markets of signals are played truthfully."""

    deterministic: ClassVar[bool] = True

    def __init__(self, partner: str, agreed: int = 0) -> None:
        """Take whom to collude with and on what.

        Args:
            partner: Name of the other bidder, who should play the same with this one's name.
            agreed: Place in each of the two lists of the value that is reported, from 0; the last when there are fewer.

        Raises:
            StrategyError: `agreed` is negative.
        """
        if agreed < 0:
            raise StrategyError(f"agreed={agreed} is no place in a list of values: give 0 or more")
        self.partner = partner
        self.agreed = agreed

    def check(self, market: Market | TypeMarket, bidder: int) -> None:
        """Find the partner, so that a misspelt name is told before anything starts."""
        if isinstance(market, TypeMarket):
            self._find(market, bidder)

    def on_start(self, view: StartView) -> None:
        """Find the partner, so that a misspelt name is told at once."""
        self.check(view.seat.market, view.seat.bidder)

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Stay while the price is at most the agreed value, and leave the rest to the partner."""
        if isinstance(view.seat, TypeSeat):
            return Stay if view.would_pay(self._place(view.seat, view.bidder)) else Exit
        return super().on_raise(view)  # type: ignore[return-value]  # The base class answers at once.

    def report_valuation(self, view: ValuationView) -> TypeIndex:
        """Report the agreed value."""
        assert isinstance(view.seat, TypeSeat), "valuations are asked for in markets of types only"
        return TypeIndex(self._place(view.seat, view.bidder))

    def report_belief(self, view: BeliefView) -> Belief:
        """Report what is known of the others, and certainty of the partner's agreed value."""
        assert isinstance(view.seat, TypeSeat), "beliefs are asked for in markets of types only"
        known, partner = view.knowledge, self._find(view.seat.market, view.bidder)
        if self.partner not in view.subjects:
            return known
        return known.supposing({self.partner: TypeIndex(self._place(view.seat, partner))})

    def _find(self, market: TypeMarket, bidder: int) -> int:
        partner = find_bidder(market, self.partner)
        if partner == bidder:
            raise StrategyError(f"partner={self.partner} is this bidder itself: name the other one")
        return partner

    def _place(self, seat: TypeSeat, bidder: int) -> int:
        return min(self.agreed, seat.market.type_counts[bidder] - 1)
