"""The seed of a session: one hash over a part of every party.

When every part was committed to before any was opened, and one party chose its part at random, nobody
predicted or steered the seed. Auctioneer, bidders and auditors compute it from the openings in the log.

A run on one machine may begin with a text instead, from which everything follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from openoutcry.protocol.framing import lp


def coin(session_id: bytes, auctioneer_part: bytes, parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the seed, 32 bytes.

    Args:
        session_id: 32 bytes.
        auctioneer_part: The auctioneer's 32 bytes.
        parts: For each bidder, in roster order, its sender id and its 32 bytes.
    """
    joined = b"".join(lp(sender) + lp(part) for sender, part in parts)
    return sha256(lp(b"openoutcry.coin.v1") + lp(session_id) + lp(auctioneer_part) + joined).digest()


def seed_of_text(text: str) -> bytes:
    """Return the 32 bytes that a text stands for, in simulations and in local runs among processes alike."""
    return sha256(lp(b"openoutcry.simulation.v1") + lp(text.encode())).digest()
