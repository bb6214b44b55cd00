"""Attaching a stream: who is at its other end, shown by a signature over a fresh nonce.

The auctioneer sends a nonce; the bidder signs it in a Hello that also says which head of the log it knows. A Hello is
not logged: it moves nothing. Without it anybody could take over a bidder's stream and starve it of questions.
"""

from __future__ import annotations

from dataclasses import dataclass

from openoutcry.errors import PeerError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import PAYLOAD_TYPES, Hello
from openoutcry.session.reading import EnvelopeReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """Who is attached, and what it knows.

    Attributes:
        sender_id: SHA-256 of its key; it need not have enrolled yet.
        next_index: First log index that it has not processed.
        head_size: Size of the head from which proofs to it must start.
    """

    sender_id: bytes
    next_index: int
    head_size: int


def verify_hello(
    data: bytes, *, nonce: bytes, session_id: bytes, reader: EnvelopeReader, tree: MerkleTree
) -> Attached:
    """Return who signed this nonce.

    Args:
        data: Envelope of a Hello.
        nonce: That was sent on this stream, 32 bytes.
        session_id: 32 bytes.
        reader: Reads and verifies.
        tree: The session's log.

    Raises:
        PeerError: The envelope is no Hello for this stream and session, or names a head that is not of this log.
    """
    envelope = reader.read_envelope(data)
    if envelope.payload_type != PAYLOAD_TYPES[Hello]:
        raise PeerError(DeviationCode.MALFORMED.value, "a stream must begin with a Hello")
    header, body = reader.read_message(envelope)
    assert isinstance(body, Hello)
    reader.verify(envelope, VerifyKey(body.public_key))
    identity = sender_id(body.public_key)
    if envelope.sender_id != identity or header.sender_id != identity:
        raise PeerError(DeviationCode.MALFORMED.value, "the Hello is sent under another key than it names")
    if header.session_id != session_id:
        raise PeerError(DeviationCode.WRONG_SESSION.value, "the Hello is for another session")
    if body.nonce != nonce:
        raise PeerError(DeviationCode.REPLAYED.value, "the Hello does not sign this stream's nonce")
    if header.seen_size > tree.size or header.seen_root != tree.root(header.seen_size):
        raise PeerError(DeviationCode.WRONG_HISTORY.value, "the bidder has seen a log that is not this one")
    return Attached(sender_id=identity, next_index=body.next_index, head_size=header.seen_size)
