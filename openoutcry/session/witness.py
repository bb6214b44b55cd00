"""The witness: what a bidder checks of every entry that an auctioneer delivers, before it looks at its meaning.

Checked here are signature, session, order, and that the log only ever grows and holds the bidder's own messages.
The witness keeps the newest head that it has verified; the bidder's next message commits to that head.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from openoutcry.errors import PeerError, TranscriptError
from openoutcry.protocol.checkpoints import session_origin, verify_checkpoint
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Header, Role, SessionOpen
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.values import Delivery


class Breach(PeerError):
    """The auctioneer broke the protocol."""

    def __init__(self, code: DeviationCode, reason: str) -> None:
        super().__init__(code.value, reason)
        self.breach = code


class OutOfStep(PeerError):
    """A delivery does not follow what is known; attaching again will show what is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(DeviationCode.SEQUENCE_GAP.value, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head of the log: its size in entries and its root."""

    size: int
    root: bytes


class Witness:
    """Checks one session's deliveries.

    Args:
        session_open: Envelope of SessionOpen, byte for byte.
        pinned_key: The auctioneer's message key if it is known beforehand.
        reader: Reads and verifies envelopes.

    Attributes:
        session_id: SHA-256 of the payload of SessionOpen.
        session_open: The envelope of SessionOpen.
        opening: What it says.
        auctioneer_id: SHA-256 of the auctioneer's message key.
        head: Newest verified head.
        next_index: First log index that has not been processed.

    Raises:
        Breach: `session_open` is none, is badly signed, or is signed by another key than the pinned one.
    """

    def __init__(self, *, session_open: bytes, pinned_key: bytes | None, reader: EnvelopeReader) -> None:
        self._reader = reader
        try:
            envelope = reader.read_envelope(session_open)
            if envelope.payload_type != PAYLOAD_TYPES[SessionOpen]:
                raise Breach(DeviationCode.MALFORMED, "the session does not begin with SessionOpen")
            header, body = reader.read_message(envelope)
            assert isinstance(body, SessionOpen)
            self._key = VerifyKey(body.message_key)
            reader.verify(envelope, self._key)
        except PeerError as problem:
            raise Breach(DeviationCode(problem.deviation), problem.reason) from problem
        if pinned_key is not None and body.message_key != pinned_key:
            raise Breach(
                DeviationCode.BAD_SIGNATURE, "the session is run under another key than the expected one"
            )
        self.auctioneer_id = sender_id(body.message_key)
        if header.sender_id != self.auctioneer_id or header.session_id or header.seq or header.seen_size:
            raise Breach(DeviationCode.MALFORMED, "the header of SessionOpen is not that of a first message")
        self._checkpoint_key = body.checkpoint_key
        self._last_seq = 0
        self.session_open = session_open
        self.session_id = hashlib.sha256(envelope.payload).digest()
        self.opening = body
        self.head = Head(size=0, root=EMPTY_ROOT)
        self.next_index = 1

    def check(self, delivery: Delivery) -> tuple[bytes, Header, Body]:
        """Check a delivery that lies ahead and move the head to the one that it commits to.

        Returns:
            Leaf hash, header and body of the envelope.

        Raises:
            Breach: The auctioneer broke the protocol; the head has not moved.
            OutOfStep: The proofs start at another head than ours.
        """
        try:
            envelope = self._reader.read_envelope(delivery.envelope)
            self._reader.verify(envelope, self._key)
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
        self.head = Head(size=header.seen_size, root=header.seen_root)
        self.next_index = delivery.index + 1
        self._last_seq = header.seq
        return leaf_hash(delivery.envelope), header, body

    def conclude(self, concluded: Concluded) -> None:
        """Check the final checkpoint and move the head to it.

        Raises:
            Breach: It is badly signed, or is of a log that does not extend ours.
            OutOfStep: The proof starts at another head than ours.
        """
        origin = session_origin(self.session_id)
        try:
            checkpoint = verify_checkpoint(concluded.note, VerifyKey(self._checkpoint_key), origin)
        except (PeerError, TranscriptError) as problem:
            raise Breach(DeviationCode.BAD_SIGNATURE, f"the final checkpoint: {problem.reason}") from problem
        if checkpoint.size < self.next_index:
            raise Breach(DeviationCode.FORKED, "the final checkpoint is older than what was delivered")
        self._check_extension(
            size=checkpoint.size,
            root=checkpoint.root,
            consistency_from=concluded.consistency_from,
            proof=concluded.consistency,
        )
        self.head = Head(size=checkpoint.size, root=checkpoint.root)

    def holds(self, delivery: Delivery, leaf: bytes) -> bool:
        """Whether the delivery proves that the entry with this leaf hash stands where it says."""
        if delivery.own_index is None:
            return False
        try:
            verify_inclusion(
                index=delivery.own_index,
                size=self.head.size,
                leaf=leaf,
                proof=delivery.inclusion,
                root=self.head.root,
            )
        except TranscriptError:
            return False
        return True

    def _check_header(self, header: Header, delivery: Delivery) -> None:
        if header.role is not Role.AUCTIONEER or header.sender_id != self.auctioneer_id:
            raise Breach(DeviationCode.MALFORMED, "the message is not the auctioneer's")
        if header.session_id != self.session_id:
            raise Breach(DeviationCode.WRONG_SESSION, "the message belongs to another session")
        if header.seq <= self._last_seq:
            raise Breach(DeviationCode.EQUIVOCATION, f"sequence number {header.seq} was passed already")
        if header.seen_size != delivery.index:
            raise OutOfStep("the envelope does not stand where the delivery says")

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
            raise Breach(
                DeviationCode.FORKED, f"the log does not extend the one that was seen: {problem.reason}"
            ) from problem
