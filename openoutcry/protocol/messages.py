"""The messages that are signed, as values: one header, and one body for each kind of message.

Bytes are the business of a codec (`openoutcry.protocol.codec`); these values say what a message means. Money is
in minor units, levels are 0..k-1, bidders are roster indexes unless said otherwise, hashes are 32 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from openoutcry.mechanisms.conversation import NOTHING, Award, TypeReport
from openoutcry.protocol.deviations import DeviationCode

PROTOCOL_VERSION = 1

MAXIMUM_DETAIL = 512
"""Characters of a clause for a person: one line of a log."""


class Role(IntEnum):
    """Who speaks. Zero is refused on the wire."""

    AUCTIONEER = 1
    BIDDER = 2


class LapseSubject(IntEnum):
    """What was not answered before its deadline. Zero is refused on the wire."""

    ENROLMENT = 1
    SEED_OPENING = 2
    ANSWER = 3
    COMMITMENT = 4
    OPENING = 5


class ReportKind(IntEnum):
    """What a report is about. Zero is refused on the wire."""

    SIGNAL = 1
    VALUE = 2
    BELIEF = 3
    VALUE_AND_BELIEF = 4


class VoidReason(IntEnum):
    """Why a session ended without an outcome. Zero is refused on the wire."""

    NOBODY_ENROLLED = 1
    BIDDER_ABSENT = 2
    CANCELLED = 3
    OUTCOME_TOO_LARGE = 4
    UNDECIDED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What every signed message says about itself.

    Attributes:
        session_id: SHA-256 of the payload of SessionOpen, 32 bytes; empty in SessionOpen itself.
        role: Who speaks.
        sender_id: SHA-256 of the sender's public key.
        seq: Position among the sender's own messages, from 0, without gaps.
        prev_own: Leaf hash of the sender's previous envelope; empty for the first.
        seen_size: Size of the log head that this sender verified last.
        seen_root: Root of that head.
        reply_to: Leaf hash of the envelope that this one answers; empty when it answers none.
        sent_at_ns: When the sender says that it sent this, nanoseconds since 1970; a claim, never evidence.
        protocol_version: Always 1.
    """

    session_id: bytes
    role: Role
    sender_id: bytes
    seq: int
    prev_own: bytes
    seen_size: int
    seen_root: bytes
    reply_to: bytes
    sent_at_ns: int
    protocol_version: int = PROTOCOL_VERSION

    def says_the_same(self, other: Header) -> bool:
        """Whether both are equal but for the time, which is a claim."""
        return (
            self.seen_root == other.seen_root
            and self.seen_size == other.seen_size
            and self.prev_own == other.prev_own
            and self.reply_to == other.reply_to
            and self.seq == other.seq
            and self.sender_id == other.sender_id
            and self.session_id == other.session_id
            and self.role == other.role
            and self.protocol_version == other.protocol_version
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpen:
    """The auctioneer opens a session and binds itself to its rules, keys and seed part.

    Attributes:
        specification_digest: SHA-256 of the public specification's bytes.
        seed_commitment: Commitment to the auctioneer's seed part, context `specification_digest`.
        message_key: Ed25519 public key of the auctioneer's messages.
        checkpoint_key: Ed25519 public key of the transcript's checkpoints.
        opening_key: X25519 public key to which private openings of this session are sealed.
        code_version: Release that runs the session, for readers.
    """

    specification_digest: bytes
    seed_commitment: bytes
    message_key: bytes
    checkpoint_key: bytes
    opening_key: bytes
    code_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterMember:
    """One enrolled bidder: its place in the specification (from 0) and its key's SHA-256."""

    bidder: int
    sender_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterClosed:
    """Enrolment is over; these bidders are in, in the order of the specification. It asks for their seed parts."""

    members: tuple[RosterMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Would you, `bidder`, accept that your clock stands at `level`?"""

    bidder: int
    wave: int
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Would you, `bidder`, accept `level`, on the way to `target`, at which the lot is yours for `price`?"""

    bidder: int
    wave: int
    level: int
    target: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReport:
    """Commit to a report of this kind now; open it when all commitments are closed.

    Attributes:
        bidder: Who is asked.
        wave: Number of the wave.
        kind: What the report is about.
        subjects: Roster indexes, rising, of those whom a belief is to be about; empty for other kinds.
        is_private: Whether the opening is to be sealed to the session's opening key.
        weight_bits: Most bits that the total weight of a belief may have; 0 for other kinds.
    """

    bidder: int
    wave: int
    kind: ReportKind
    subjects: tuple[int, ...] = ()
    is_private: bool = False
    weight_bits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitClosed:
    """No further commitment counts in this wave; those that do, by their log index, in roster order.

    It asks whoever made one of them to open it, and nobody else.
    """

    wave: int
    commitment_indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """A deadline passed. `bidder` is None for enrolment, which closes for all at once."""

    subject: LapseSubject
    bidder: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationNoted:
    """A message was refused, and here it is.

    Attributes:
        deviation: Stable code.
        accused_id: Sender id under which the message came.
        evidence: The refused envelope, byte for byte.
        detail: One clause for a person.
    """

    deviation: DeviationCode
    accused_id: bytes
    evidence: bytes
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDeclared:
    """What the mechanism decided.

    Attributes:
        awards: Who gets what for how much, by roster index, rising; empty when nothing is sold.
        payments: One exact payment for each member of the roster, in minor units; negative when it is paid.
        reason: One clause that says why.
    """

    awards: tuple[Award, ...]
    payments: tuple[Fraction, ...]
    reason: str

    @property
    def winner(self) -> int | None:
        """Roster index of the only buyer; None when nobody buys, or more than one."""
        return self.awards[0].bidder if len(self.awards) == 1 else None

    @property
    def price(self) -> Fraction:
        """What all buyers pay together for what they get; 0 when nothing is sold."""
        return sum([award.price for award in self.awards], NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOpening:
    """A party's seed part, 32 bytes: of a bidder after the roster is closed, of the auctioneer at settlement."""

    part: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningKeyDisclosed:
    """The auctioneer's X25519 secret of this session, 32 bytes: everybody can now read the private openings."""

    secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionVoid:
    """The session ends without an outcome."""

    reason: VoidReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A bidder attaches a stream: it signs a fresh nonce and says what it knows. Not logged.

    Attributes:
        nonce: Of the auctioneer's challenge, 32 bytes.
        public_key: The bidder's message key.
        next_index: First log index that it has not processed.
    """

    nonce: bytes
    public_key: bytes
    next_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """A bidder takes part under this name, with this key and this seed commitment (context: the session id)."""

    name: str
    public_key: bytes
    seed_commitment: bytes
    agent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Yes to `level`."""

    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """No to `level`, permanently."""

    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCommit:
    """A commitment to a report that is opened later."""

    wave: int
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOpening:
    """One part of the opening of a commitment.

    The parts together are the 32 random bytes that hid the report followed by the report's encoding, in clear or
    sealed (`openoutcry.protocol.opening`).

    Attributes:
        wave: Number of the wave.
        part: Which part this is, 0..part_count-1; they are sent in order.
        part_count: How many parts there are, at least 1.
        content: This part's bytes.
    """

    wave: int
    part: int
    part_count: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReport:
    """A reported signal, 0..k-1: the content of a ReportOpening of kind SIGNAL."""

    value: int


AuctioneerBody = (
    SessionOpen
    | RosterClosed
    | Raise
    | Offer
    | AskReport
    | CommitClosed
    | Lapse
    | DeviationNoted
    | OutcomeDeclared
    | SeedOpening
    | OpeningKeyDisclosed
    | SessionVoid
)
BidderBody = Hello | Enrol | SeedOpening | Accept | Exit | ReportCommit | ReportOpening
Body = AuctioneerBody | BidderBody
Report = SignalReport | TypeReport

# The payload type is part of what is signed, so that no message can be taken for another kind.
PAYLOAD_TYPES: dict[type[Body] | type[Report], str] = {
    kind: f"application/vnd.openoutcry.{name}.v1+proto"
    for kind, name in (
        (SessionOpen, "session-open"),
        (RosterClosed, "roster-closed"),
        (Raise, "raise"),
        (Offer, "offer"),
        (AskReport, "ask-report"),
        (CommitClosed, "commit-closed"),
        (Lapse, "lapse"),
        (DeviationNoted, "deviation-noted"),
        (OutcomeDeclared, "outcome"),
        (SeedOpening, "seed-opening"),
        (OpeningKeyDisclosed, "opening-key-disclosed"),
        (SessionVoid, "session-void"),
        (Hello, "hello"),
        (Enrol, "enrol"),
        (Accept, "accept"),
        (Exit, "exit"),
        (ReportCommit, "report-commit"),
        (ReportOpening, "report-opening"),
        (SignalReport, "signal-report"),
        (TypeReport, "type-report"),
    )
}
