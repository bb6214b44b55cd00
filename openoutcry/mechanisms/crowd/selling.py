"""What a mechanism over types sells, and how its books are closed: prices, less or plus what is paid beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.conversation import NOTHING, Award, Outcome
from openoutcry.mechanisms.crowd.market import TypeMarket

Bids = Mapping[int, int]
"""The type index that each bidder reported, by market index, rising; whoever reported none is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What is sold, before anything else is paid.

    Attributes:
        awards: Who gets what for how much, bidders rising.
        reason: One clause that says why.
    """

    awards: tuple[Award, ...]
    reason: str


def settle(market: TypeMarket, sale: Sale, side_payments: Mapping[int, Fraction] | None = None) -> Outcome:
    """Return the outcome of a sale.

    Args:
        market: All bidders, whoever reported.
        sale: Who gets what for how much.
        side_payments: What some bidders pay beside that, by market index; negative when they are paid.
    """
    payments = [NOTHING] * len(market.bidders)
    for award in sale.awards:
        payments[award.bidder] = award.price
    for bidder, amount in (side_payments or {}).items():
        payments[bidder] += amount
    return Outcome(awards=sale.awards, payments=tuple(payments), reason=sale.reason)
