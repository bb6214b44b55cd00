"""The two ways in which a clock auction ends: one bidder buys at a price, or nobody does."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.conversation import NOTHING, Award, Outcome
from openoutcry.mechanisms.market import Market


def sale(market: Market, winner: int, price: int, reason: str) -> Outcome:
    """Return the outcome in which `winner` pays `price`, in minor units, and nobody else pays anything."""
    payments = [NOTHING] * len(market.bidders)
    payments[winner] = paid = Fraction(price)
    award = Award(bidder=winner, goods=(0,), price=paid)
    return Outcome(awards=(award,), payments=tuple(payments), reason=reason)


def no_sale(market: Market, reason: str) -> Outcome:
    """Return the outcome in which the lot stays unsold and nobody pays."""
    return Outcome(awards=(), payments=(NOTHING,) * len(market.bidders), reason=reason)


def too_dear(market: Market, bidder: int, worth: int, price: int) -> Outcome:
    """Return the outcome in which the lot stays unsold since it is worth less to its only buyer than it costs."""
    name = market.bidders[bidder].name
    shown, asked = (show_in_currency(amount, market.minor_units) for amount in (worth, price))
    return no_sale(market, f"the lot is worth {shown} to {name}, less than the price {asked}")
