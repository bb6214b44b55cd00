"""Commitments: what a party publishes now so that it cannot change its mind about what it shows later.

A commitment covers who commits, in which session and to what purpose, so that nobody can repeat another's as
its own. Bidders make them; everybody makes them again from what was opened, and compares.
"""

from __future__ import annotations

from hashlib import sha256

from openoutcry.errors import UsageError
from openoutcry.protocol.framing import lp, u32

SECRET_BYTES = 32
"""Random bytes behind a commitment: as many as the hash gives, so that guessing them is no easier."""


def report_commitment(
    *, session_id: bytes, sender_id: bytes, wave: int, payload_type: str, nonce: bytes, report: bytes
) -> bytes:
    """Return the commitment, 32 bytes, to a report.

    Args:
        session_id: 32 bytes.
        sender_id: Who commits, 32 bytes.
        wave: The wave in which the report was asked for, 0..2^32-1.
        payload_type: Type of the report.
        nonce: 32 random bytes, used once.
        report: The report, encoded.

    Raises:
        UsageError: The nonce has not 32 bytes, or the wave does not fit.
    """
    _check_secret(nonce, "nonce")
    parts = (
        b"openoutcry.commit.v1",
        session_id,
        sender_id,
        u32(wave),
        payload_type.encode(),
        nonce,
        report,
    )
    return sha256(b"".join(map(lp, parts))).digest()


def seed_commitment(context: bytes, sender_id: bytes, secret: bytes) -> bytes:
    """Return the commitment, 32 bytes, to a party's part of the seed.

    Args:
        context: The session id for a bidder; the digest of the public specification for the auctioneer,
            because the session id covers this very commitment. 32 bytes.
        sender_id: Who commits, 32 bytes.
        secret: The part, 32 random bytes, used once.

    Raises:
        UsageError: The secret has not 32 bytes.
    """
    _check_secret(secret, "seed part")
    return sha256(b"".join(map(lp, (b"openoutcry.seed.v1", context, sender_id, secret)))).digest()


def _check_secret(secret: bytes, what: str) -> None:
    if len(secret) != SECRET_BYTES:
        raise UsageError(f"a {what} has {SECRET_BYTES} bytes, not {len(secret)}")
