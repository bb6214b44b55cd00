"""Two strategies that report truthfully and then break their word when reports are opened. Deviations to watch."""

from __future__ import annotations

from typing import ClassVar

from openoutcry.strategies.api import NoAnswer, Open, OpeningAnswer, OpenInstead, Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.pretending import other_index
from openoutcry.strategies.type_views import OpeningView
from openoutcry.strategies.valuations import TypeIndex


class WithholdOpening(Strategy):
    """Commit, and never open: having seen nothing, one gives up one's report and everybody knows it."""

    deterministic: ClassVar[bool] = True

    def on_opening(self, view: OpeningView) -> OpeningAnswer:
        """Let the deadline pass."""
        return NoAnswer


class WrongOpening(Strategy):
    """Commit to the truth and open something else: found out at once, and with proof."""

    deterministic: ClassVar[bool] = True

    def on_opening(self, view: OpeningView) -> OpeningAnswer:
        """Open another signal or value, or where there is none a belief in something else."""
        if view.reported_signal is not None:
            return OpenInstead(signal=(view.reported_signal + 1) % view.signal_levels)
        report = view.report
        if report is not None and report.value is not None and len(view.types) > 1:
            return OpenInstead(valuation=TypeIndex(other_index(view, report.value)))
        committed = view.reported_belief
        if committed is None:
            return Open
        everything = Belief.uniform(committed.market, committed.names)
        if committed.distribution != everything.distribution:
            return OpenInstead(belief=everything)
        return OpenInstead(belief=Belief.certain(committed.market, committed.most_likely()))
