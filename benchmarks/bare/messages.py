"""The bare program's messages: 300 bytes that name what they answer, and a signature after them."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TALK = "/bare.Bare/Talk"

KEY_BYTES = 32
BODY_BYTES = 300
"""About what a question of ours has."""

SIGNATURE_BYTES = 64


LEAST_BODY_BYTES = 8 + 32


def seal(key: Ed25519PrivateKey, number: int, answered: bytes, size: int | None = None) -> bytes:
    """Return a signed message.

    Args:
        key: Of its sender.
        number: Of the message, 0..2^64-1.
        answered: The message that this one answers; it holds its SHA-256.
        size: Of the whole message, in bytes; that of a body of 300 when None.
    """
    length = BODY_BYTES if size is None else max(LEAST_BODY_BYTES, size - SIGNATURE_BYTES)
    body = (number.to_bytes(8, "big") + sha256(answered).digest()).ljust(length, b".")
    return body + key.sign(body)


def check(key: Ed25519PublicKey, message: bytes) -> None:
    """Verify the signature of a message; raises InvalidSignature."""
    key.verify(message[-SIGNATURE_BYTES:], message[:-SIGNATURE_BYTES])
