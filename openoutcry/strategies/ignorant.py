"""A strategy that claims to know nothing of the others: what the crowd's knowledge is worth is what it takes away."""

from __future__ import annotations

from typing import ClassVar

from openoutcry.strategies.api import Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.type_views import BeliefView


class Ignorant(Strategy):
    """Report that all values of all subjects are equally likely; values are reported truthfully."""

    deterministic: ClassVar[bool] = True

    def report_belief(self, view: BeliefView) -> Belief:
        """Report ignorance."""
        return Belief.uniform(view.knowledge.market, view.subjects)
