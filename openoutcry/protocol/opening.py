"""Openings of reports: the bytes behind a commitment, whole or in parts, in clear or sealed to the auctioneer.

An opening's content is the 32 random bytes that hid the report, then the report. A public opening is sent as it is. A
private one is sealed to the session's opening key, together with who opens which commitment, so that nobody can pass
it off as an opening of its own; its length is rounded up, so that it says little of the report. Either is cut into
parts that fit an envelope.

Sealing takes fresh randomness inside the library, so it gives other bytes each time: whoever folds inputs into a
state must be handed the sealed bytes as an input, and never seal within the fold.

Source: RFC 9180, base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20Poly1305.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from openoutcry.errors import PeerError, UsageError
from openoutcry.protocol.commitments import SECRET_BYTES
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.framing import lp, u32
from openoutcry.protocol.limits import OPENING_PART_BYTES, REPORT_BYTES

KEY_BYTES = 32
PADDING_BYTES = 256
"""The content of a private opening is padded to a multiple of this."""

SEAL_BYTES = 48
"""What sealing adds: an ephemeral public key of 32 bytes, and a tag of 16."""

_END_OF_CONTENT = b"\x80"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def split_opening(content: bytes) -> tuple[bytes, ...]:
    """Return the parts of an opening, at least one: all but the last are full."""
    starts = range(0, max(1, len(content)), OPENING_PART_BYTES)
    return tuple(content[start : start + OPENING_PART_BYTES] for start in starts)


def join_opening(parts: Iterable[bytes]) -> bytes:
    """Return the opening whose parts these are, in order."""
    return b"".join(parts)


def pack_opening(nonce: bytes, report: bytes) -> bytes:
    """Return the content of an opening.

    Args:
        nonce: The 32 random bytes that hid the report.
        report: The report's encoding, 1..REPORT_BYTES bytes.

    Raises:
        UsageError: The arguments are not as described.
    """
    if len(nonce) != SECRET_BYTES:
        raise UsageError(f"a nonce has {SECRET_BYTES} bytes, not {len(nonce)}")
    if not 0 < len(report) <= REPORT_BYTES:
        raise UsageError(f"a report has 1..{REPORT_BYTES} bytes, not {len(report)}")
    return nonce + report


def unpack_opening(content: bytes) -> tuple[bytes, bytes]:
    """Return the nonce and the report of an opening.

    Raises:
        PeerError: MALFORMED_REPORT, when there is no report or it is too long.
    """
    nonce, report = content[:SECRET_BYTES], content[SECRET_BYTES:]
    if not report:
        raise _malformed(f"an opening of {len(content)} bytes holds no report")
    if len(report) > REPORT_BYTES:
        raise _malformed(f"a report of {len(report)} bytes is longer than {REPORT_BYTES}")
    return nonce, report


def opening_info(session_id: bytes, sender_id: bytes, wave: int, commitment: bytes) -> bytes:
    """Return what a private opening is bound to: who opens which commitment, where.

    Args:
        session_id: 32 bytes.
        sender_id: Who opens, 32 bytes.
        wave: The wave in which the report was asked for, 0..2^32-1.
        commitment: What is opened, 32 bytes.

    Raises:
        UsageError: The wave does not fit.
    """
    return b"".join(map(lp, (session_id, sender_id, u32(wave), commitment)))


def seal_opening(content: bytes, *, recipient: bytes, info: bytes) -> bytes:
    """Return an opening that only the holder of the recipient's key can read; other bytes at every call.

    Args:
        content: What `pack_opening` returned.
        recipient: X25519 public key, 32 bytes: the `opening_key` of the session.
        info: What `opening_info` returned.

    Raises:
        PeerError: MALFORMED, when the recipient's key is none to which anything can be sealed.
    """
    padded = content + _END_OF_CONTENT
    padded += bytes(-len(padded) % PADDING_BYTES)
    try:
        return _SUITE.encrypt(padded, X25519PublicKey.from_public_bytes(recipient), info)
    except ValueError as problem:
        raise PeerError(
            DeviationCode.MALFORMED.value, "the session's opening key is no X25519 key that can be sealed to"
        ) from problem


class OpeningKey:
    """An auctioneer's X25519 key of one session, to which private openings are sealed.

    It never shows its secret unless asked for it.

    Args:
        secret: 32 secret bytes.

    Attributes:
        public_key: 32 bytes.

    Raises:
        UsageError: The secret has not 32 bytes.
    """

    __slots__ = ("_private", "public_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise UsageError(f"an opening key is made from {KEY_BYTES} bytes, not {len(secret)}")
        self._private = X25519PrivateKey.from_private_bytes(secret)
        self.public_key = self._private.public_key().public_bytes_raw()

    @property
    def secret(self) -> bytes:
        """The 32 secret bytes: to be disclosed at settlement, or kept."""
        return self._private.private_bytes_raw()

    def unseal(self, sealed: bytes, info: bytes) -> bytes:
        """Return the content of a private opening.

        Args:
            sealed: What `seal_opening` returned.
            info: As it was when sealing.

        Raises:
            PeerError: MALFORMED_REPORT, when this was not sealed to this key, with this info and padded exactly.
        """
        try:
            padded = _SUITE.decrypt(sealed, self._private, info)
        except (InvalidTag, ValueError) as problem:
            raise _malformed("the opening is not sealed to this session, sender and commitment") from problem
        content = padded.rstrip(b"\x00")
        surplus = len(padded) - len(content)
        if not content.endswith(_END_OF_CONTENT) or surplus >= PADDING_BYTES or len(padded) % PADDING_BYTES:
            raise _malformed("the sealed opening is not padded as it must be")
        return content[: -len(_END_OF_CONTENT)]

    def __repr__(self) -> str:
        return f"OpeningKey(public_key={self.public_key.hex()})"


def _malformed(reason: str) -> PeerError:
    return PeerError(DeviationCode.MALFORMED_REPORT.value, reason)
