"""The single-sample auction: one bidder, drawn at random, sets the reserve for all others and buys nothing.

One sample from the distribution of values, which nobody has to know, is enough for a share of the optimal
revenue when bidders are independent and alike.
"""

from __future__ import annotations

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import (
    OPENINGS,
    Direct,
    ask_bids,
    check_single_parameter,
    configure_direct,
    reported_values,
)
from openoutcry.mechanisms.comparison.vickrey import sell_above_reserves
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Sale, settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism

RESERVE_BIDDER = "single-sample/reserve-bidder"


def converse(market: TypeMarket, parameters: Direct, chance: Chance) -> Conversation:
    """Run the single-sample auction.

    Args:
        market: One good or identical units.
        parameters: Who sees the reports.
        chance: Drawn from under single-sample/reserve-bidder, once all have reported, among those who have;
            not with fewer than two.

    Returns:
        A conversation of one wave of reports.

    Source: P. Dhangwatnotai, T. Roughgarden and Q. Yan, Revenue maximization with a single sample, 2010.
    """
    bids = yield from ask_bids(market, parameters.openings)
    if len(bids) < 2:
        return settle(
            market, Sale(awards=(), reason="one bidder sets the reserve, and no other is left to buy")
        )
    values = dict(reported_values(market, bids))
    sampled = chance.pick(RESERVE_BIDDER, tuple(values), state=tuple(values.items()))
    reserve = values.pop(sampled)
    sale = sell_above_reserves(values, market.environment.units[0], dict.fromkeys(values, reserve))
    name = market.bidders[sampled].name
    # The reserve is somebody's bid: a session that keeps reports sealed must not tell it.
    return settle(
        market,
        Sale(awards=sale.awards, reason=f"{name} was drawn to set the reserve: {sale.reason}"),
    )


# --- What is said of it, and how it is configured ---------------------------------------------------------


def _check(market: TypeMarket, parameters: Direct) -> tuple[str, ...]:
    check_single_parameter("single-sample", market)
    return ()


def _guarantee(market: TypeMarket, parameters: Direct) -> Guarantee:
    text = (
        "none: (n-1)/(2n) of the optimal revenue is proved for n bidders whose values are independent, from "
        "one regular distribution with a density; it fails on integer values (two bidders worth 1 with "
        "probability p and 0 otherwise bring p^2, the optimum nearly 2p)"
    )
    return Guarantee(welfare=None, revenue=None, text=text)


SINGLE_SAMPLE = Mechanism(
    name="single-sample",
    summary="Vickrey's auction, one random bid as reserve",
    source="P. Dhangwatnotai, T. Roughgarden and Q. Yan, Revenue Maximization with a Single Sample (2010)",
    parameters=(OPENINGS,),
    asks="Everybody commits to its valuation in one wave; then all reports are opened and the reserve bidder is drawn.",
    learns=(
        "With public openings everybody learns every valuation once all are committed, with private ones "
        "the auctioneer alone does until settlement. Nobody knows before who sets the reserve. Truth is a "
        "dominant strategy whatever is drawn, no truthful bidder loses money, and whoever gets nothing pays "
        "nothing. Whoever withholds its report gets nothing and is not drawn."
    ),
    repaired=(
        "All bidders are taken to be alike; the source draws a reserve bidder for each public attribute. "
        "The reserve is lazy: the highest of the others are found first, then dropped if they do not reach "
        "it."
    ),
    configure=configure_direct("single-sample"),
    converse=converse,
    guarantee=_guarantee,
    market="types",
    check=_check,
)
