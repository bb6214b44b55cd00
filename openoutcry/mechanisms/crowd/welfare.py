"""The greatest welfare of any feasible assignment at a profile of types: what an expectation is compared with.

Decides by the shortest exact way: the highest values where everybody wants one of identical units, else one bidder
after another over what is left of the goods. Refuses combinatorial markets where too much can be left.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.market import TypeMarket

STEP_LIMIT = 5_000_000
"""Bundles tried, for every bidder and every way in which goods can be left over for it: some seconds."""


def greatest_welfare(market: TypeMarket, profile: Sequence[int]) -> int:
    """Return the greatest welfare at a profile of type indices, in minor units.

    Raises:
        ConfigurationError: There are more ways to split the goods than are gone through.
    """
    environment = market.environment
    if environment.assignments is not None:
        return max(market.welfare(profile, assignment) for assignment in environment.assignments)
    if environment.is_single_parameter:
        values = sorted((market.value(bidder, index) for bidder, index in enumerate(profile)), reverse=True)
        return sum(values[: environment.units[0]])
    states = min(
        prod(count + 1 for count in environment.units), (len(environment.bundles) + 1) ** len(profile)
    )
    steps = states * len(environment.bundles) * len(profile)
    if steps > STEP_LIMIT:
        raise ConfigurationError(
            f"the greatest welfare of {len(profile)} bidders for {len(environment.goods)} goods takes up to "
            f"{steps:.1e} steps over the splits of the goods, more than {STEP_LIMIT:.0e}: take fewer goods or bidders"
        )
    best: dict[tuple[int, ...], int] = {environment.units: 0}
    for bidder, index in enumerate(profile):
        best = _served(market, best, market.bidders[bidder].types[index])
    return max(best.values())


def _served(
    market: TypeMarket, best: dict[tuple[int, ...], int], valuation: Sequence[int]
) -> dict[tuple[int, ...], int]:
    """Return the greatest welfare by what is left, once one more bidder may have got a bundle."""
    bundles = market.environment.bundles
    served = dict(best)
    for left, welfare in best.items():
        for bundle, value in zip(bundles, valuation, strict=True):
            # A bundle that is worth nothing leaves less for the others.
            if value and all(left[good] for good in bundle):
                remaining = tuple(count - (good in bundle) for good, count in enumerate(left))
                served[remaining] = max(served.get(remaining, 0), welfare + value)
    return served
