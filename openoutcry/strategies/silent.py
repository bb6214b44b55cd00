"""A strategy that never answers: what a session does about an absent bidder is its rules' business."""

from __future__ import annotations

from typing import ClassVar

from openoutcry.strategies.api import (
    BeliefAnswer,
    NoAnswer,
    OpeningAnswer,
    RaiseAnswer,
    ReportAnswer,
    Strategy,
    ValuationAnswer,
)
from openoutcry.strategies.type_views import BeliefView, OpeningView, ValuationView
from openoutcry.strategies.views import RaiseView, ReportView


class Silent(Strategy):
    """Let every deadline pass."""

    deterministic: ClassVar[bool] = True

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Say nothing."""
        return NoAnswer

    def report_signal(self, view: ReportView) -> ReportAnswer:
        """Say nothing."""
        return NoAnswer

    def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        """Say nothing."""
        return NoAnswer

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        """Say nothing."""
        return NoAnswer

    def on_opening(self, view: OpeningView) -> OpeningAnswer:
        """Say nothing."""
        return NoAnswer
