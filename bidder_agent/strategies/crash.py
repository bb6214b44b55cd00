"""A strategy that kills its own process on the n-th question: for watching what a lost bidder does to an auction."""

from __future__ import annotations

import os
import signal

from openoutcry.errors import StrategyError
from openoutcry.strategies import (
    BeliefView,
    Exit,
    RaiseView,
    ReportView,
    Stay,
    Strategy,
    TypeIndex,
    ValuationView,
)
from openoutcry.strategies.api import BeliefAnswer, RaiseAnswer, ReportAnswer, ValuationAnswer


class Crash(Strategy):
    """Answer truthfully, and die on one question. Started again with its receipts, it counts anew."""

    def __init__(self, after: int = 2) -> None:
        """Take the question that kills.

        Args:
            after: Its number, from 1.

        Raises:
            StrategyError: The number is below 1.
        """
        if after < 1:
            raise StrategyError(f"after={after} is the number of no question: give 1 or more")
        self.after = after
        self.asked = 0

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Answer, or die."""
        self._count()
        return Stay if view.stays_truthfully else Exit

    def report_signal(self, view: ReportView) -> ReportAnswer:
        """Answer, or die."""
        self._count()
        return view.signal

    def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        """Answer, or die."""
        self._count()
        return TypeIndex(view.value_index)

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        """Answer, or die; together with a valuation it is one question."""
        if view.reported_index is None:
            self._count()
        return view.knowledge

    def _count(self) -> None:
        self.asked += 1
        if self.asked == self.after:
            # Nothing is flushed, closed or said: what an unplugged machine leaves behind. Windows knows no SIGKILL.
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
