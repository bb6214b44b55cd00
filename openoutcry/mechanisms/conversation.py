"""A mechanism is a conversation: it yields waves of questions, is sent the answers, returns an outcome.

These are the only values that pass between a mechanism and whoever drives it: the networked session, the
in-process simulation, the replay of a transcript, or the enumeration of all random choices. They know nothing
of networks, signatures or time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from fractions import Fraction


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


Question = Climb | ReportSignal


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


Answer = Climbed | Reported


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
class Outcome:
    """What a mechanism decides.

    Attributes:
        winner: Roster index of the buyer, or None when the lot stays unsold.
        price: What the buyer pays for the lot, in minor units; 0 when unsold.
        payments: Length n: what each bidder pays in all, in minor units, exact.
        reason: One clause that says why it was sold at that price, or why not.
    """

    winner: int | None
    price: int
    payments: tuple[Fraction, ...]
    reason: str


Conversation = Generator[Wave, tuple[Answer, ...], Outcome]
