"""What a bidder can look forward to once it knows its own type or signal, and nothing else.

Decides: probabilities of winning and averages given each type of each bidder, exact, while the expectation over all
profiles is added up. Called by the expectations over a prior and over signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interim:
    """What one bidder with one type or signal gets on average, over what the others may have and over all draws.

    Attributes:
        probability: Of the type or signal; above 0.
        win_probability: Given it.
        payment: What the bidder pays in all, given it, in minor units; below 0 where it is paid.
        utility: Value of what it gets less what it pays, given it, in minor units.
    """

    probability: Fraction
    win_probability: Fraction
    payment: Fraction
    utility: Fraction


class InterimSums:
    """Adds up what happens to each type of each bidder.

    Args:
        counts: Length n: how many types or signals each bidder may have.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self._sums = [[[NOTHING] * 4 for _ in range(count)] for count in counts]

    def add(
        self,
        profile: Sequence[int],
        probability: Fraction,
        wins: Sequence[Fraction],
        payments: Sequence[Fraction],
        utilities: Sequence[Fraction],
    ) -> None:
        """Add what happens at a profile.

        Args:
            profile: Length n: index of each bidder's type, or its signal.
            probability: Of the profile.
            wins: Length n: probabilities of winning there.
            payments: Length n: average payments there.
            utilities: Length n: average utilities there.
        """
        for bidder, index in enumerate(profile):
            sums = self._sums[bidder][index]
            sums[0] += probability
            for place, value in enumerate((wins[bidder], payments[bidder], utilities[bidder]), start=1):
                if value:
                    sums[place] += probability * value

    def interim(self, total: int = 1) -> tuple[tuple[Interim | None, ...], ...]:
        """Return for each bidder and each of its types what has been added up; None for a type that cannot be.

        Args:
            total: What the probabilities that were added sum to.
        """
        return tuple(tuple(_given(sums, total) for sums in bidder) for bidder in self._sums)


def _given(sums: Sequence[Fraction], total: int) -> Interim | None:
    probability, wins, payment, utility = sums
    if not probability:
        return None
    return Interim(
        probability=probability / total,
        win_probability=wins / probability,
        payment=payment / probability,
        utility=utility / probability,
    )
