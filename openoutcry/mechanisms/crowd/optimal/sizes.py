"""How large a market is, and how what is too large is refused."""

from __future__ import annotations

from math import prod

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.parameters import show_count


class TooLarge(ConfigurationError):
    """A market or a distribution is beyond the limits; the same on every machine."""


WEIGHT_BITS_LIMIT = 128
"""Bits of the total weight of a distribution that a program is made of: exact arithmetic takes as much longer as its
numbers are, and whoever reports a belief must not be able to hold everybody up."""

PROFILE_LIMIT = 30_000
"""Type profiles of one good or identical units: so many, all of them possible, take some seconds."""

_INSTEAD = {
    True: "use crowdsourced-lookahead or crowdsourced-lookahead-plus, or shorter lists of types",
    False: "use vcg, or shorter lists of types",
}
"""What to do about it, by whether one good is sold."""


def profile_count(market: TypeMarket) -> int:
    """Return how many type profiles a market has, possible or not."""
    return prod(market.type_counts)


def has_thresholds(market: TypeMarket) -> bool:
    """Whether truthful mechanisms are thresholds: a type is one number, and any so many bidders may win together."""
    return market.environment.is_single_parameter and market.environment.assignments is None


def too_large(market: TypeMarket, size: int, what: str, limit: int) -> TooLarge:
    """Return the refusal of a market: its size, the limit, and what to use instead."""
    return TooLarge(
        f"the optimal mechanism is too large here: {show_count(size)} {what}, and the limit is {limit}; "
        f"{instead(market)}"
    )


def instead(market: TypeMarket) -> str:
    """Return what somebody can do for whose market the optimal mechanism is too large."""
    return _INSTEAD[market.environment.kind == "single-good"]
