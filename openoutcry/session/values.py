"""What goes into a session and what comes out of it.

An input is applied, its effects are returned. Whoever drives a session appends `Effects.entries` to durable
storage first, then sends what is addressed, then starts the deadlines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import LapseSubject


class Phase(IntEnum):
    """Where a session stands."""

    ENROL = 1
    SEED = 2
    PLAY = 3
    SETTLE = 4
    CLOSED = 5
    VOID = 6

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self >= Phase.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Something that must be answered in time.

    Attributes:
        subject: What is awaited.
        member: Place in the roster, or None for enrolment.
        question: Leaf hash of the envelope that asked, 32 bytes.
        after_ms: How long to wait from when the question left, milliseconds.
    """

    subject: LapseSubject
    member: int | None
    question: bytes
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An envelope arrived, byte for byte."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    """A deadline that an earlier effect asked for has passed. One that was met meanwhile is ignored."""

    deadline: Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The operator ends the session."""

    detail: str


Input = Received | DeadlinePassed | Cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """An entry of the log concerns this party and is to be delivered to it."""

    party: bytes
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An envelope was refused.

    Attributes:
        code: Why.
        party: Sender id under which it came, or empty when it names none.
        detail: One clause for a person.
        is_recorded: Whether the log holds it as a deviation.
    """

    code: DeviationCode
    party: bytes
    detail: str
    is_recorded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What follows from one input.

    Attributes:
        first_index: Log index of the first of `entries`.
        entries: Appended to the log, in order; durable before anything else happens.
        addressed: Which of the log's entries go to whom, in order.
        deadlines: To start when `addressed` has left.
        refusals: For logs and metrics, and for the status of the sender's stream.
    """

    first_index: int
    entries: tuple[bytes, ...] = ()
    addressed: tuple[Addressed, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One entry for one bidder, with what ties it to the log that the bidder knows.

    Attributes:
        index: Log index of the entry, which is also the size of the head that its envelope commits to.
        envelope: The entry.
        consistency_from: Size of the head that the bidder verified last; 0 when none.
        consistency: RFC 6962 proof from that head to the envelope's.
        own_index: Log index of the bidder's last entry before this one, or None.
        inclusion: RFC 6962 proof of that entry under the envelope's head.
    """

    index: int
    envelope: bytes
    consistency_from: int
    consistency: tuple[bytes, ...]
    own_index: int | None
    inclusion: tuple[bytes, ...]
