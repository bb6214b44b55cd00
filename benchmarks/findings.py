"""What a measurement found, and whether that meets its goal.

Decides: what counts as met. Called by every measurement; the table and the tests read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measured number.

    Attributes:
        name: What was measured.
        measured: The number; None where this system cannot tell.
        unit: Of the number, such as `x` for a ratio.
        detail: The absolute figures behind it, for people.
        goal: What it should reach; None when it is only told.
        better: Whether higher or lower numbers are better.
    """

    name: str
    measured: float | None
    unit: str
    detail: str
    goal: float | None = None
    better: Better = "higher"

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without a goal or without a number."""
        if self.goal is None or self.measured is None:
            return None
        return self.measured >= self.goal if self.better == "higher" else self.measured <= self.goal


def ratio_of_turns(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median ratio of two things that were measured in turn.

    Args:
        numerators: At least one.
        denominators: As many, each taken right before or after its counterpart; none is 0.
    """
    return median(
        numerator / denominator for numerator, denominator in zip(numerators, denominators, strict=True)
    )
