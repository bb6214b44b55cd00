"""A strategy that never answers: what a session does about an absent bidder is its rules' business."""

from __future__ import annotations

from typing import ClassVar

from openoutcry.strategies.api import NoAnswer, RaiseAnswer, ReportAnswer, Strategy
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
