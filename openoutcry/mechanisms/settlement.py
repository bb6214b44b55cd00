"""The two ways in which a clock auction ends: one bidder buys at a price, or nobody does."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.mechanisms.conversation import Outcome
from openoutcry.mechanisms.market import Market

NOTHING = Fraction(0)
"""One value for everybody who pays nothing: making a fraction costs more than the rest of a settlement."""


def sale(market: Market, winner: int, price: int, reason: str) -> Outcome:
    """Return the outcome in which `winner` pays `price`, in minor units, and nobody else pays anything."""
    payments = [NOTHING] * len(market.bidders)
    payments[winner] = Fraction(price)
    return Outcome(winner=winner, price=price, payments=tuple(payments), reason=reason)


def no_sale(market: Market, reason: str) -> Outcome:
    """Return the outcome in which the lot stays unsold and nobody pays."""
    return Outcome(winner=None, price=0, payments=(NOTHING,) * len(market.bidders), reason=reason)
