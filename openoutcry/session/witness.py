"""The witness: what a bidder checks of every entry that an auctioneer delivers, before it looks at its meaning.

Checked here are signature, session, order, and that the log only ever grows and holds the bidder's own messages.
The witness keeps the newest head that it has verified; the bidder's next message commits to that head.

Two things can be wrong. What the auctioneer has signed for this session and place is its own doing: a breach. Bytes
without its signature, a proof that does not hold and a message from elsewhere can be anybody's on the way: they prove
nothing, change nothing, and may come whole when the bidder attaches again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from openoutcry.errors import ConfigurationError, PeerError, TranscriptError
from openoutcry.protocol.checkpoints import session_origin, verify_checkpoint
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Header, Role, SessionOpen
from openoutcry.protocol.opening import OpeningKey
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.values import Delivery


class Breach(PeerError):
    """The auctioneer broke the protocol, over its own signature."""

    def __init__(self, code: DeviationCode, reason: str) -> None:
        super().__init__(code.value, reason)
        self.breach = code


class Unproven(PeerError):
    """What came cannot be taken, and anybody on the way could have made it; attaching again may bring better."""

    def __init__(self, code: DeviationCode, reason: str) -> None:
        super().__init__(code.value, reason)
        self.doubt = code


class OutOfStep(Unproven):
    """A delivery does not follow what is known; attaching again will show what is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(DeviationCode.SEQUENCE_GAP, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head of the log: its size in entries and its root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A delivery that holds, and is not taken yet.

    Attributes:
        index: Of the entry in the log.
        leaf: Leaf hash of its envelope.
        seq: Its number among the auctioneer's messages.
        body: What it says.
        head: To which it commits.
    """

    index: int
    leaf: bytes
    seq: int
    body: Body
    head: Head


class Witness:
    """Checks one session's deliveries.

    Args:
        session_open: Envelope of SessionOpen, byte for byte.
        pinned_key: The auctioneer's message key if it is known beforehand.
        session_id: Of the session that was asked for, if one was.
        reader: Reads and verifies envelopes.

    Attributes:
        session_id: SHA-256 of the payload of SessionOpen.
        session_open: The envelope of SessionOpen.
        opening: What it says.
        auctioneer_id: SHA-256 of the auctioneer's message key.
        head: Newest verified head.
        next_index: First log index that has not been processed.

    Raises:
        Breach: `session_open` is of this session, and cannot begin any.
        ConfigurationError: The session is run under another key than the pinned one.
        Unproven: `session_open` is none, is badly signed, or begins another session than was asked for.
    """

    def __init__(
        self,
        *,
        session_open: bytes,
        pinned_key: bytes | None,
        session_id: bytes | None = None,
        reader: EnvelopeReader,
    ) -> None:
        self._reader = reader
        try:
            envelope = reader.read_envelope(session_open)
            if envelope.payload_type != PAYLOAD_TYPES[SessionOpen]:
                raise Unproven(DeviationCode.MALFORMED, "the session does not begin with SessionOpen")
            header, body = reader.read_message(envelope)
            assert isinstance(body, SessionOpen)
            self._key = VerifyKey(body.message_key)
            reader.verify(envelope, self._key)
        except PeerError as problem:
            raise Unproven(DeviationCode(problem.deviation), problem.reason) from problem
        self.session_id = hashlib.sha256(envelope.payload).digest()
        if session_id is not None and session_id != self.session_id:
            raise Unproven(
                DeviationCode.WRONG_SESSION, "the session begins with another SessionOpen than its id says"
            )
        if pinned_key is not None and body.message_key != pinned_key:
            raise ConfigurationError(
                f"the session is run under the key {body.message_key.hex()}, not under the expected one, "
                f"{pinned_key.hex()}: ask the auctioneer which is right"
            )
        self.auctioneer_id = sender_id(body.message_key)
        if header.sender_id != self.auctioneer_id or header.session_id or header.seq or header.seen_size:
            raise Breach(DeviationCode.MALFORMED, "the header of SessionOpen is not that of a first message")
        self._checkpoint_key = body.checkpoint_key
        self._last_seq = 0
        self.session_open = session_open
        self.opening = body
        self.head = Head(size=0, root=EMPTY_ROOT)
        self.next_index = 1

    def check(self, delivery: Delivery) -> Checked:
        """Check a delivery that lies ahead; nothing changes until it is taken.

        Raises:
            Breach: The auctioneer broke the protocol.
            Unproven: What came is not the auctioneer's next message, or its proofs do not hold.
        """
        try:
            envelope = self._reader.read_envelope(delivery.envelope)
            self._reader.verify(envelope, self._key)
        except PeerError as problem:
            raise Unproven(DeviationCode(problem.deviation), problem.reason) from problem
        try:
            header, body = self._reader.read_message(envelope)
        except PeerError as problem:
            raise Breach(DeviationCode(problem.deviation), problem.reason) from problem
        self._check_header(header, delivery)
        self._check_extension(
            size=header.seen_size,
            root=header.seen_root,
            consistency_from=delivery.consistency_from,
            proof=delivery.consistency,
        )
        return Checked(
            index=delivery.index,
            leaf=leaf_hash(delivery.envelope),
            seq=header.seq,
            body=body,
            head=Head(size=header.seen_size, root=header.seen_root),
        )

    def take(self, checked: Checked) -> None:
        """Take a delivery that was checked: the head is now the one that it commits to."""
        self.head = checked.head
        self.next_index = checked.index + 1
        self._last_seq = checked.seq

    def is_same_session(self, session_open: bytes) -> bool:
        """Whether the auctioneer signed these bytes, too, as the beginning of this session."""
        try:
            envelope = self._reader.read_envelope(session_open)
            self._reader.verify(envelope, self._key)
        except PeerError:
            return False
        return hashlib.sha256(envelope.payload).digest() == self.session_id

    def conclude(self, concluded: Concluded) -> None:
        """Check the final checkpoint and move the head to it.

        Raises:
            Unproven: It is badly signed, of an earlier log, or not proved to extend ours. That it is the final one
                nobody has signed: a checkpoint of a session under way may be shown in its place.
        """
        origin = session_origin(self.session_id)
        try:
            checkpoint = verify_checkpoint(concluded.note, VerifyKey(self._checkpoint_key), origin)
        except (PeerError, TranscriptError) as problem:
            raise Unproven(
                DeviationCode.BAD_SIGNATURE, f"the final checkpoint: {problem.reason}"
            ) from problem
        if checkpoint.size < self.next_index:
            raise Unproven(DeviationCode.FORKED, "the final checkpoint is older than what was delivered")
        self._check_extension(
            size=checkpoint.size,
            root=checkpoint.root,
            consistency_from=concluded.consistency_from,
            proof=concluded.consistency,
        )
        self.head = Head(size=checkpoint.size, root=checkpoint.root)

    def check_seed(self, part: bytes) -> None:
        """Check what the auctioneer discloses as its seed part.

        Raises:
            Breach: It is not the one that SessionOpen commits to.
        """
        opened = seed_commitment(
            context=self.opening.specification_digest, sender_id=self.auctioneer_id, secret=part
        )
        if opened != self.opening.seed_commitment:
            raise Breach(DeviationCode.SEED_MISSING, "the auctioneer's seed part is not the committed one")

    def check_opening_key(self, secret: bytes) -> None:
        """Check what the auctioneer discloses as the key of private openings.

        Raises:
            Breach: It is not the one that SessionOpen names.
        """
        if OpeningKey(secret).public_key != self.opening.opening_key:
            raise Breach(DeviationCode.OPENING_KEY_MISSING, "the disclosed opening key is not the session's")

    def holds(self, delivery: Delivery, head: Head, leaf: bytes) -> bool:
        """Whether the delivery proves that the log of this head holds this leaf hash where it says."""
        if delivery.own_index is None:
            return False
        try:
            verify_inclusion(
                index=delivery.own_index,
                size=head.size,
                leaf=leaf,
                proof=delivery.inclusion,
                root=head.root,
            )
        except TranscriptError:
            return False
        return True

    def _check_header(self, header: Header, delivery: Delivery) -> None:
        if header.role is not Role.AUCTIONEER or header.sender_id != self.auctioneer_id:
            raise Breach(DeviationCode.MALFORMED, "the message is not the auctioneer's")
        if header.session_id != self.session_id:
            raise Unproven(DeviationCode.WRONG_SESSION, "the message belongs to another session")
        if header.seen_size != delivery.index:
            raise OutOfStep("the envelope does not stand where the delivery says")
        # Signed for a later place than what was taken, so nobody has merely shown an old message again.
        if header.seq <= self._last_seq:
            raise Breach(DeviationCode.EQUIVOCATION, f"sequence number {header.seq} was passed already")

    def _check_extension(
        self, *, size: int, root: bytes, consistency_from: int, proof: tuple[bytes, ...]
    ) -> None:
        if consistency_from != self.head.size:
            raise OutOfStep(f"the proof starts at size {consistency_from}, not {self.head.size}")
        if not self.head.size:
            return  # Every log extends the empty one.
        try:
            verify_consistency(
                first=self.head.size, second=size, proof=proof, first_root=self.head.root, second_root=root
            )
        except TranscriptError as problem:
            # The heads are signed, the proof that one leads to the other is not.
            raise Unproven(
                DeviationCode.FORKED,
                f"the log is not proved to extend the one that was seen: {problem.reason}",
            ) from problem
