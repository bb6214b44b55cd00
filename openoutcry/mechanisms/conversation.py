"""A mechanism is a conversation: it yields waves of questions, is sent the answers, returns an outcome.

These are the only values that pass between a mechanism and whoever drives it: the networked session, the
in-process simulation, the replay of a transcript, or the enumeration of all random choices. They know nothing
of networks, signatures or time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.crowd.distributions import Distribution

NOTHING = Fraction(0)
"""One value for everybody who pays nothing: making a fraction costs more than the rest of a settlement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Raise this bidder's clock one level at a time up to `target`, until it exits.

    Attributes:
        bidder: Roster index, 0..n-1.
        target: Last level asked, 1..k-1.
        price: Set only for the final offer: accepting `target` buys the lot at this price, in minor units.
    """

    bidder: int
    target: int
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSignal:
    """Report your signal, once and for all (sealed form).

    Attributes:
        bidder: Roster index, 0..n-1.
    """

    bidder: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportType:
    """Report your valuation, your belief about other bidders, or both, once and for all.

    Attributes:
        bidder: Index in the market, 0..n-1.
        asks_value: Whether the valuation is asked for.
        subjects: The bidders whom the belief is about, rising, without `bidder`; empty when no belief is asked for.
        is_private: Whether only the auctioneer is to see the report when it is opened.
        is_paid_exactly: Whether the belief is paid for by an exact fraction, which must fit the outcome; the finer the
            belief's weights are, the longer is the fraction.
    """

    bidder: int
    asks_value: bool
    subjects: tuple[int, ...] = ()
    is_private: bool = False
    is_paid_exactly: bool = True


Question = Climb | ReportSignal | ReportType


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """Where a climb ended.

    Attributes:
        level: Last accepted level, 0..target.
        exited: True exactly when the bidder refused a level, so `level` is below the target.
    """

    level: int
    exited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A reported signal.

    Attributes:
        value: 0..k-1; None when the report was withheld, late or malformed: it counts as signal 0, and whoever
            withheld it cannot buy.
    """

    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReport:
    """What a bidder says of its type.

    Attributes:
        value: Index in the bidder's public list of types; None exactly when no valuation was asked for.
        belief: Distribution over the types of the subjects; None exactly when no belief was asked for.
    """

    value: int | None
    belief: Distribution | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedType:
    """A reported type.

    Attributes:
        report: None when it was withheld, late, malformed or not the one committed to.
    """

    report: TypeReport | None


Answer = Climbed | Reported | ReportedType


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Questions asked together and answered in any order; none waits for another.

    Attributes:
        questions: At least one; at most one for each bidder.
        reason: One clause that says why these are asked now.
        state: Gives the mechanism's state at this wave, by name, for display; evaluated only by who wants it.
    """

    questions: tuple[Question, ...]
    reason: str
    state: Callable[[], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What one bidder gets, and for how much.

    Attributes:
        bidder: Index in the market.
        goods: Indices of the goods, rising, at least one; (0,) where there is but one lot or kind of unit.
        price: What it pays for them, in minor units, exact; rewards for reports are not in it.
    """

    bidder: int
    goods: tuple[int, ...]
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a mechanism decides.

    Attributes:
        awards: Who gets what, bidders rising, each at most once; empty when nothing is sold.
        payments: Length n: what each bidder pays in all, in minor units, exact; negative when it is paid.
        reason: One clause that says why it was sold at that price, or why not.
    """

    awards: tuple[Award, ...]
    payments: tuple[Fraction, ...]
    reason: str

    @property
    def winner(self) -> int | None:
        """The only buyer; None when nobody buys, or more than one."""
        return self.awards[0].bidder if len(self.awards) == 1 else None

    @property
    def price(self) -> Fraction:
        """What all buyers pay together for what they get; 0 when nothing is sold."""
        return sum([award.price for award in self.awards], NOTHING)


Conversation = Generator[Wave, tuple[Answer, ...], Outcome]
