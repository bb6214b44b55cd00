"""What an optimal mechanism is to those who play it or measure against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Literal, Protocol

from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Profile

Progress = Callable[[str], None]
"""Is called now and then with one line about how far a long computation is."""

Route = Literal["myerson", "threshold", "general"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One of the outcomes that a mechanism draws from at a profile.

    Attributes:
        weight: A positive integer; its probability is this over the sum of all segments' weights.
        awards: Who gets what for how much, bidders rising; nobody pays more than its value, and losers pay nothing.
    """

    weight: int
    awards: tuple[Award, ...]


class OptimalMechanism(Protocol):
    """A dominant-strategy truthful, individually rational mechanism of greatest expected revenue."""

    @property
    def route(self) -> Route:
        """Which of the three constructions it is."""

    @property
    def revenue(self) -> Fraction:
        """Its expected revenue in minor units, which no such mechanism exceeds."""

    def lottery(self, profile: Profile) -> tuple[Segment, ...]:
        """Return what it does at a profile of type indices, whether or not that has a positive probability.

        Returns:
            At least one segment; only one where nothing is left to chance.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimalRevenue:
    """The revenue of the optimal mechanism, as exactly as it could be proved.

    Attributes:
        lower: Some mechanism's expected revenue, in minor units.
        upper: No mechanism has a greater one.
    """

    lower: Fraction
    upper: Fraction

    @property
    def is_exact(self) -> bool:
        """Whether the two are equal."""
        return self.lower == self.upper


def segments(outcomes: Iterable[tuple[Fraction, tuple[Award, ...]]]) -> tuple[Segment, ...]:
    """Return outcomes of these probabilities, their sum being 1, with integer weights; equal ones are merged."""
    merged: dict[tuple[Award, ...], Fraction] = {}
    for probability, awards in outcomes:
        if probability:
            merged[awards] = merged.get(awards, Fraction(0)) + probability
    scale = lcm(*(probability.denominator for probability in merged.values()))
    weights = [int(probability * scale) for probability in merged.values()]
    divisor = gcd(*weights)
    return tuple(
        Segment(weight=weight // divisor, awards=awards)
        for weight, awards in zip(weights, merged, strict=True)
    )
