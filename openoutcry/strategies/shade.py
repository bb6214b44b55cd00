"""A strategy that pretends to a lower signal or value, hoping to pay less. A deviation to measure."""

from __future__ import annotations

from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.strategies.api import Exit, RaiseAnswer, Stay, Strategy
from openoutcry.strategies.pretending import shifted_index, stays_shifted
from openoutcry.strategies.type_views import ValuationView
from openoutcry.strategies.valuations import TypeIndex
from openoutcry.strategies.views import RaiseView, ReportView


class Shade(Strategy):
    """Exit `levels` levels before a truthful bidder would; in a market of types, be the type so many places lower."""

    deterministic: ClassVar[bool] = True

    def __init__(self, levels: int = 1) -> None:
        """Take how many levels to hide.

        Args:
            levels: At least 0; the pretended signal is never below 0, the pretended type the first of the list.

        Raises:
            StrategyError: `levels` is negative.
        """
        if levels < 0:
            raise StrategyError(
                f"levels={levels} is negative: to pretend to a higher signal use overstay:levels=..."
            )
        self.levels = levels

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Stay while the level is at most the pretended signal, or the price at most the pretended value."""
        return Stay if stays_shifted(view, -self.levels) else Exit

    def report_signal(self, view: ReportView) -> int:
        """Report the pretended signal."""
        return max(0, view.signal - self.levels)

    def report_valuation(self, view: ValuationView) -> TypeIndex:
        """Report the pretended type."""
        return TypeIndex(shifted_index(view, -self.levels))
