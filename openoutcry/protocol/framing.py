"""Framing: how values become one byte string before they are hashed; no two lists give the same bytes.

Commitments, the seed and draws hash what these functions make. A number that does not fit
is refused.
"""

from __future__ import annotations

from openoutcry.errors import UsageError


def u32(number: int) -> bytes:
    """Return `number`, 0..2^32-1, as 4 big-endian bytes.

    Raises:
        UsageError: The number does not fit.
    """
    return _unsigned(number, 4)


def u64(number: int) -> bytes:
    """Return `number`, 0..2^64-1, as 8 big-endian bytes.

    Raises:
        UsageError: The number does not fit.
    """
    return _unsigned(number, 8)


def lp(data: bytes) -> bytes:
    """Return `data` behind its length (`lp` stands for length prefix, 4 big-endian bytes)."""
    return u32(len(data)) + data


def _unsigned(number: int, width: int) -> bytes:
    try:
        return number.to_bytes(width, "big")
    except OverflowError as problem:
        raise UsageError(f"{number} does not fit {width} unsigned bytes") from problem
