"""SETTLE: from what a mechanism decided about the market to what is declared about the roster."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.mechanisms.conversation import Outcome
from openoutcry.protocol.messages import OutcomeDeclared


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
        winner=None if outcome.winner is None else players[outcome.winner],
        price=outcome.price,
        payments=tuple(payments),
        reason=outcome.reason,
    )
