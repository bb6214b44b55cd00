"""What an outcome is really worth, judged by what the bidders privately know and not by what they said.

The mechanism itself knows only reports. Play, counterfactuals and the end of a local run all ask here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.welfare import greatest_welfare
from openoutcry.mechanisms.market import Market
from openoutcry.simulation.table import Private
from openoutcry.strategies import PrivateKnowledge


def judge(
    market: Market | TypeMarket, private: Sequence[Private], awards: Sequence[Award]
) -> tuple[tuple[int, ...], int | None]:
    """Return what everybody gets is worth, and the greatest welfare that was possible.

    Args:
        market: Of all bidders, n of them.
        private: Length n: their true signals or types, as the market wants them.
        awards: Who gets what, by place in the market; each bidder at most once.

    Returns:
        Length n, in minor units: the value of each bidder's part, 0 for those who get nothing. Then the greatest
        welfare of any feasible assignment, or None where the market is too large to tell.
    """
    values = [0] * len(private)
    if isinstance(market, Market):
        state = market.state(cast(Sequence[int], private))
        for award in awards:
            values[award.bidder] = market.value(award.bidder, state)
        return tuple(values), max([bidder.valuation.value(state) for bidder in market.bidders])
    profile = tuple(known.value for known in cast(Sequence[PrivateKnowledge], private))
    for award in awards:
        bundle = market.environment.bundles.index(award.goods)
        values[award.bidder] = market.value(award.bidder, profile[award.bidder], bundle)
    try:
        return tuple(values), greatest_welfare(market, profile)
    except ConfigurationError:
        # Too large to say: the auction itself need not know.
        return tuple(values), None
