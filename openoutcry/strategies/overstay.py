"""A strategy that pretends to a higher signal or value, hoping to win more often. A deviation to measure."""

from __future__ import annotations

from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.strategies.api import Exit, RaiseAnswer, Stay, Strategy
from openoutcry.strategies.pretending import shifted_index, stays_shifted
from openoutcry.strategies.type_views import ValuationView
from openoutcry.strategies.valuations import TypeIndex
from openoutcry.strategies.views import RaiseView, ReportView


class Overstay(Strategy):
    """Exit `levels` levels after a truthful bidder would; in a market of types, be the type so many places higher."""

    deterministic: ClassVar[bool] = True

    def __init__(self, levels: int = 1) -> None:
        """Take how many levels to add.

        Args:
            levels: At least 0; the pretended signal is never above the highest, the pretended type the last listed.

        Raises:
            StrategyError: `levels` is negative.
        """
        if levels < 0:
            raise StrategyError(
                f"levels={levels} is negative: to pretend to a lower signal use shade:levels=..."
            )
        self.levels = levels

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Stay while the level is at most the pretended signal, or the price at most the pretended value."""
        return Stay if stays_shifted(view, self.levels) else Exit

    def report_signal(self, view: ReportView) -> int:
        """Report the pretended signal."""
        return min(view.signal_levels - 1, view.signal + self.levels)

    def report_valuation(self, view: ValuationView) -> TypeIndex:
        """Report the pretended type."""
        return TypeIndex(shifted_index(view, self.levels))
