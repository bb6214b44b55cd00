"""Ed25519 keys, verified strictly: no signature is good for one verifier and bad for another.

A public key or a signature is refused when its point is of small order or not in its only encoding, before
the curve library looks at it; the library then checks the cofactorless equation and that the scalar is
reduced. Without these checks a bidder could enrol a key under which one signature is good for two messages.
Every signature of the protocol is made and checked here.

Sources: RFC 8032, section 5.1; the accepted set is the one of libsodium.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from openoutcry.errors import ConfigurationError, PeerError, UsageError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.framing import lp

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64

_SIGN_BIT = 0x80
_MIDDLE_OF_FIELD_PRIME = b"\xff" * 30

# The y-coordinates of the eight points whose order divides 8, little-endian, each with both signs of x: y = 0
# (order 4), y = 1 (order 1), y = -1 (order 2), and the two of order 8.
_SMALL_ORDER_HEIGHTS = tuple(
    bytes.fromhex(height)
    for height in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)
SMALL_ORDER_POINTS = frozenset(
    height[:31] + bytes([height[31] | sign]) for height in _SMALL_ORDER_HEIGHTS for sign in (0, _SIGN_BIT)
)


def sender_id(public_key: bytes) -> bytes:
    """Return the 32 bytes by which messages name the holder of this key."""
    return sha256(public_key).digest()


class SigningKey:
    """A party's own private key. It never shows the secret unless asked for its PEM text.

    Attributes:
        public_key: 32 bytes.
        sender_id: SHA-256 of the public key.
    """

    __slots__ = ("_private", "public_key", "sender_id")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.sender_id = sender_id(self.public_key)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Return the key that these 32 secret bytes make.

        Raises:
            UsageError: There are not 32 of them.
        """
        if len(seed) != SEED_BYTES:
            raise UsageError(f"a signing key is made from {SEED_BYTES} bytes, not {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, data: bytes) -> SigningKey:
        """Return the key in a PEM text (PKCS 8, not encrypted).

        Raises:
            ConfigurationError: The text holds no such key.
        """
        try:
            private = load_pem_private_key(data, password=None)
        except TypeError as problem:
            raise ConfigurationError(
                "the private key is encrypted: store it without a passphrase"
            ) from problem
        except (ValueError, UnsupportedAlgorithm) as problem:
            raise ConfigurationError(
                "this is no private key in PEM form: it must begin with -----BEGIN PRIVATE KEY-----"
            ) from problem
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigurationError("the private key is of another kind: it must be an Ed25519 key")
        return cls(private)

    def to_pem(self) -> bytes:
        """Return the secret as a PEM text (PKCS 8, not encrypted): nobody else may read it."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def derive(self, context: bytes) -> bytes:
        """Return 32 secret bytes for another purpose, which tell nothing of this key.

        Args:
            context: Names the purpose, as no other purpose does.
        """
        secret = self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return hmac.digest(secret, lp(b"openoutcry.derive.v1") + context, "sha256")

    def sign(self, data: bytes) -> bytes:
        """Return the signature, 64 bytes, of this data."""
        return self._private.sign(data)

    def __repr__(self) -> str:
        return f"SigningKey(sender_id={self.sender_id.hex()})"


class VerifyKey:
    """Another party's public key, checked once when it is made.

    Args:
        public_key: 32 bytes.

    Attributes:
        public_key: The same bytes.
        sender_id: Their SHA-256.

    Raises:
        PeerError: BAD_SIGNATURE, for a key that this protocol refuses.
    """

    __slots__ = ("_public", "public_key", "sender_id")

    def __init__(self, public_key: bytes) -> None:
        if len(public_key) != PUBLIC_KEY_BYTES:
            raise _bad(f"a public key has {PUBLIC_KEY_BYTES} bytes, not {len(public_key)}")
        _check_point(public_key, "public key")
        self.public_key = public_key
        self.sender_id = sender_id(public_key)
        self._public = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check, strictly, that the holder of this key signed this data.

        Raises:
            PeerError: BAD_SIGNATURE, when it is not so.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise _bad(f"a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
        _check_point(signature[:PUBLIC_KEY_BYTES], "signature")
        try:
            self._public.verify(signature, data)
        except InvalidSignature as problem:
            raise _bad("the signature does not belong to this key and data") from problem

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyKey) and self.public_key == other.public_key

    def __hash__(self) -> int:
        return hash(self.public_key)

    def __repr__(self) -> str:
        return f"VerifyKey(public_key={self.public_key.hex()})"


def _check_point(encoding: bytes, what: str) -> None:
    if encoding in SMALL_ORDER_POINTS:
        raise _bad(f"the point of the {what} has small order")
    # The field prime is 2^255 - 19: a height that is not reduced is one of the 19 highest of 255 bits.
    if encoding[0] >= 0xED and encoding[31] | _SIGN_BIT == 0xFF and encoding[1:31] == _MIDDLE_OF_FIELD_PRIME:
        raise _bad(f"the point of the {what} is not in its only encoding")


def _bad(reason: str) -> PeerError:
    return PeerError(DeviationCode.BAD_SIGNATURE.value, reason)
