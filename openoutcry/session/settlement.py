"""SETTLE: from what a mechanism decided about the market to what is declared about the roster."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import Outcome
from openoutcry.protocol import limits
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.messages import Header, OutcomeDeclared, Role

ENVELOPE_BYTES = 256
"""What an envelope adds to its payload, at most: its type, a signature and the sender."""


def fits_entry(outcome: OutcomeDeclared, codec: Codec) -> bool:
    """Whether an outcome fits one entry of the log: exact payments may be long, and winners many."""
    header = Header(
        session_id=bytes(32),
        role=Role.AUCTIONEER,
        sender_id=bytes(32),
        seq=limits.ENTRIES,
        prev_own=bytes(32),
        seen_size=limits.ENTRIES,
        seen_root=bytes(32),
        reply_to=b"",
        sent_at_ns=2**63 - 1,
    )
    try:
        size = len(codec.encode_message(header, outcome))
    except UsageError:
        return False
    return size + ENVELOPE_BYTES <= limits.AUCTIONEER_ENVELOPE_BYTES


def declare(outcome: Outcome, *, players: tuple[int, ...], member_count: int) -> OutcomeDeclared:
    """Return an outcome in places of the roster.

    Args:
        outcome: In places of the market.
        players: For each place in the market the place in the roster, rising.
        member_count: Length of the roster; members outside the market pay nothing.
    """
    payments = [Fraction(0)] * member_count
    for member, payment in zip(players, outcome.payments, strict=True):
        payments[member] = payment
    return OutcomeDeclared(
        awards=tuple(replace(award, bidder=players[award.bidder]) for award in outcome.awards),
        payments=tuple(payments),
        reason=outcome.reason,
    )
