"""A strategy that is truthful and takes its time: for watching what deadlines do."""

from __future__ import annotations

import asyncio
from fractions import Fraction

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


class Slow(Strategy):
    """Answer truthfully after a delay."""

    def __init__(self, seconds: Fraction = Fraction(1)) -> None:
        """Take the delay of each answer.

        Args:
            seconds: At least 0, for example "1/2" or "0.25".

        Raises:
            StrategyError: The delay is negative.
        """
        if seconds < 0:
            raise StrategyError(f"seconds={seconds} is no delay: give 0 or more")
        self.seconds = seconds

    async def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Wait, then answer."""
        await asyncio.sleep(float(self.seconds))
        return Stay if view.stays_truthfully else Exit

    async def report_signal(self, view: ReportView) -> ReportAnswer:
        """Wait, then answer."""
        await asyncio.sleep(float(self.seconds))
        return view.signal

    async def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        """Wait, then answer."""
        await asyncio.sleep(float(self.seconds))
        return TypeIndex(view.value_index)

    async def report_belief(self, view: BeliefView) -> BeliefAnswer:
        """Wait, then answer; together with a valuation it is one question, and one delay."""
        if view.reported_index is None:
            await asyncio.sleep(float(self.seconds))
        return view.knowledge
