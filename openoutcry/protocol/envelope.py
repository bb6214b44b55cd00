"""Envelopes: the exact bytes that a party signed, their type, the signature, and who says so.

Type and payload are signed together, so that no message can be passed off as one of another kind. Nothing
here parses a payload; how an envelope is written to bytes is the business of the codec.

Source: DSSE, version 1.0.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from openoutcry.errors import PeerError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import SigningKey, VerifyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A signed message whose signature nobody has checked yet.

    Attributes:
        payload_type: What kind of message the payload is.
        payload: The bytes that were signed.
        signature: 64 bytes.
        sender_id: SHA-256 of the key that is said to have signed.
    """

    payload_type: str
    payload: bytes
    signature: bytes
    sender_id: bytes


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that a signature of this payload covers."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(key: SigningKey, payload_type: str, payload: bytes) -> Envelope:
    """Return the envelope in which the holder of `key` says this."""
    return Envelope(
        payload_type=payload_type,
        payload=payload,
        signature=key.sign(pre_authentication_encoding(payload_type, payload)),
        sender_id=key.sender_id,
    )


def verify_envelope(envelope: Envelope, key: VerifyKey) -> None:
    """Check that the holder of `key` signed this envelope and is the sender that it names.

    Raises:
        PeerError: BAD_SIGNATURE, when it is not so.
    """
    if envelope.sender_id != key.sender_id:
        raise PeerError(
            DeviationCode.BAD_SIGNATURE.value, "the envelope names another sender than the key's holder"
        )
    key.verify(envelope.signature, pre_authentication_encoding(envelope.payload_type, envelope.payload))
