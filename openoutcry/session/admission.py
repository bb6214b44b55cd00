"""Admission: from bytes of a bidder to a message that this session may act on, or to a refusal.

The order is fixed, cheapest first: size, envelope, sender, payload type, signature, message, header. Nothing is
acted on before its signature holds; nothing is recorded against anybody unless the recorded bytes prove it.

A header passes when version, session, role and sender are right, the sequence continues the sender's own chain,
and the head that the sender says it has seen is a head of this very log. What has passed the header takes its
place in the sender's chain even if its body is then refused: an answer that comes late is late, and the next one
still follows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from openoutcry.errors import PeerError
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import KEEPS_ITS_PLACE, DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.keys import VerifyKey
from openoutcry.protocol.merkle import EMPTY_ROOT, MerkleTree, leaf_hash
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Accept,
    Body,
    Enrol,
    Exit,
    Header,
    ReportCommit,
    ReportOpening,
    Role,
    SeedOpening,
)
from openoutcry.session.reading import EnvelopeReader

_LOGGED_TYPES = frozenset(
    PAYLOAD_TYPES[kind] for kind in (Enrol, SeedOpening, Accept, Exit, ReportCommit, ReportOpening)
)


@dataclass(slots=True, kw_only=True, eq=False)
class Party:
    """An enrolled bidder as the auctioneer knows it.

    Attributes:
        name: Its name in the specification.
        bidder: Its place in the specification.
        key: Its message key.
        sender_id: SHA-256 of that key.
        chain: Leaf hashes of its admitted envelopes: as many as the next sequence number says.
        previous: Leaf hash of the last of them, or empty.
        head: The head that its latest question commits to: size and root.
        noted: How many refused messages of it the log holds that have no place in its chain.
        noted_in_place: How many that have one.
        lapsed: Questions, by leaf hash, whose deadline it let pass.
        has_exited: Whether it has refused a level or let one lapse.
    """

    name: str
    bidder: int
    key: VerifyKey
    sender_id: bytes
    chain: set[bytes] = field(default_factory=set)
    previous: bytes = b""
    head: tuple[int, bytes] = (0, EMPTY_ROOT)
    noted: int = 0
    noted_in_place: int = 0
    lapsed: set[bytes] = field(default_factory=set)
    has_exited: bool = False

    def has_room_to_note(self, code: DeviationCode) -> bool:
        """Whether one more refusal for this reason is to be recorded."""
        if code in KEEPS_ITS_PLACE:
            return self.noted_in_place < limits.REFUSED_ANSWERS_PER_BIDDER
        return self.noted < limits.DEVIATIONS_PER_BIDDER

    def note(self, code: DeviationCode) -> None:
        """Count a refusal that is recorded."""
        if code in KEEPS_ITS_PLACE:
            self.noted_in_place += 1
        else:
            self.noted += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A message that passed: who sent it, what it says, and its place in the log if its body is accepted."""

    data: bytes
    party: Party
    header: Header
    body: Body


class Refused(PeerError):
    """A message that did not pass.

    Attributes:
        sender_id: Under which it came; empty when it names no known sender.
        is_attributable: Whether the sender is known, so that the refusal may be recorded.
    """

    def __init__(
        self, code: DeviationCode, reason: str, *, sender_id: bytes = b"", is_attributable: bool = False
    ) -> None:
        super().__init__(code.value, reason)
        self.refusal = code
        self.sender_id = sender_id
        self.is_attributable = is_attributable


def read_attributable(
    data: bytes, reader: EnvelopeReader, key_of: dict[bytes, Party]
) -> tuple[Envelope, Party | None]:
    """Return the envelope in `data` and its sender, before any signature is checked.

    Raises:
        Refused: When size, encoding or payload type are wrong.
    """
    if len(data) > limits.BIDDER_ENVELOPE_BYTES:
        raise Refused(DeviationCode.MALFORMED, f"the envelope has {len(data)} bytes, more than allowed")
    try:
        envelope = reader.read_envelope(data)
    except PeerError as problem:
        raise Refused(DeviationCode.MALFORMED, problem.reason) from problem
    if envelope.payload_type not in _LOGGED_TYPES:
        raise Refused(
            DeviationCode.MALFORMED, "no bidder sends this kind of message", sender_id=envelope.sender_id
        )
    return envelope, key_of.get(envelope.sender_id)


def admit(
    data: bytes,
    envelope: Envelope,
    party: Party,
    *,
    reader: EnvelopeReader,
    session_id: bytes,
    tree: MerkleTree,
) -> Admitted | None:
    """Return the admitted message, or None when it is a duplicate of one that was admitted before.

    Args:
        data: The envelope's bytes.
        envelope: The same, read.
        party: The sender.
        reader: Verifies and parses.
        session_id: Of this session, 32 bytes.
        tree: The session's log, to check the head that the sender says it has seen.

    Raises:
        Refused: The party's chain is unchanged. Attributable, unless the party has been refused too often.
    """
    digest = leaf_hash(data)
    if digest in party.chain:
        return None
    if party.noted_in_place >= limits.REFUSED_ANSWERS_PER_BIDDER:
        # What takes a place in the chain must be in the log, and the log has enough of this bidder's refused messages.
        raise Refused(
            DeviationCode.RATE_LIMIT,
            f"after {party.noted_in_place} refused messages nothing more is taken from this bidder",
            sender_id=party.sender_id,
        )
    try:
        reader.verify(envelope, party.key)
        header, body = reader.read_message(envelope)
    except PeerError as problem:
        raise _refused(DeviationCode(problem.deviation), problem.reason, party) from problem
    _check_header(header, party, session_id=session_id, tree=tree)
    party.chain.add(digest)
    party.previous = digest
    return Admitted(data=data, party=party, header=header, body=body)


def _check_header(header: Header, party: Party, *, session_id: bytes, tree: MerkleTree) -> None:
    if header.role is not Role.BIDDER or header.sender_id != party.sender_id:
        raise _refused(DeviationCode.MALFORMED, "the header names another sender or role", party)
    if header.session_id != session_id:
        raise _refused(DeviationCode.WRONG_SESSION, "the message belongs to another session", party)
    if header.seq < len(party.chain):
        raise _refused(
            DeviationCode.EQUIVOCATION, f"a second message with sequence number {header.seq}", party
        )
    if header.seq > len(party.chain):
        raise _refused(
            DeviationCode.SEQUENCE_GAP,
            f"sequence number {header.seq} came when {len(party.chain)} was due",
            party,
        )
    if header.prev_own != party.previous:
        raise _refused(
            DeviationCode.WRONG_HISTORY, "the message follows another message of its sender", party
        )
    # Nearly always the sender has seen the head of its latest question, whose root need not be computed again.
    seen = (header.seen_size, header.seen_root)
    if seen != party.head and (seen[0] > tree.size or seen[1] != tree.root(seen[0])):
        raise _refused(DeviationCode.WRONG_HISTORY, "the sender has seen a log that is not this one", party)


def _refused(code: DeviationCode, reason: str, party: Party) -> Refused:
    return Refused(code, reason, sender_id=party.sender_id, is_attributable=True)
