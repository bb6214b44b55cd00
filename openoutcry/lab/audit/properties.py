"""What an audit looks at: the properties of a mechanism, which of them it claims, and what was found of each.

Decides nothing about mechanisms. Everything is exact: gains are fractions of minor units, counts are what was really
compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.conversation import Answer, Question
from openoutcry.mechanisms.crowd.distributions import Distribution

Coverage = Literal["exhaustive", "sampled", "sampled, one coin each", "interrupted"]
"""Whether all cases were gone through; or some, each with all of its random choices; or some, each with one of them; or
those that were reached before somebody stopped it."""


class Property(StrEnum):
    """What may hold of a mechanism."""

    EVERY_COIN = "truth is best, every coin"
    ON_AVERAGE = "truth is best, on average"
    INTERIM = "truth is best, over the prior"
    STRICT = "a false value costs (step 1)"
    BELIEFS = "a false belief costs (step 2)"
    SAFE = "truth never loses, every coin"
    SAFE_ON_AVERAGE = "truth never loses, on average"
    SAFE_INTERIM = "truth never loses, over the prior"
    OBVIOUS = "truth is obviously best"
    FUNDED = "the seller loses no more than said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a mechanism claims on a market.

    Attributes:
        denied: Why it does not claim a property, in one clause; whatever is not here it claims.
        most_paid_out: What the seller may pay out beyond what it takes in, in minor units, at least 0.
    """

    denied: Mapping[Property, str] = field(default_factory=dict)
    most_paid_out: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question to a bidder and what it answered.

    Attributes:
        question: As the mechanism asked it.
        clock: The last level that the bidder had accepted by then.
        answer: What it said.
    """

    question: Question
    clock: int
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A way in which a property fails, with all that is needed to see it happen.

    Attributes:
        what: What fails.
        bidder: Index of whose gain, or loss, it is; None where it is the seller's.
        profile: Length n: everybody's true signals, or type indices.
        held: Length n: what everybody believes of all others; None where beliefs play no part.
        gain: By how much the bidder gains over the truth, or loses by it; of the seller, what it pays out too much.
            0 where a falsehood costs nothing and should.
        steps: What the bidder answers in order to gain; empty when it is truthful.
        luck: Random choices with which that is seen, where they were looked at one by one.
    """

    what: Property
    bidder: int | None
    profile: tuple[int, ...]
    held: tuple[Distribution, ...] | None
    gain: Fraction
    steps: tuple[Step, ...]
    luck: tuple[Draw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an audit found of one property.

    Attributes:
        what: Which property.
        denied: Why the mechanism does not claim it; None when it does.
        coverage: How it was checked.
        cases: How many comparisons were made.
        worst: The greatest failure; None when there was none.
    """

    what: Property
    denied: str | None
    coverage: Coverage
    cases: int
    worst: Finding | None

    @property
    def is_broken_promise(self) -> bool:
        """Whether it is claimed and fails."""
        return self.denied is None and self.worst is not None
