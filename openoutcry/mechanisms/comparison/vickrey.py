"""Vickrey's auction: the highest bids win and pay the next; and the same with monopoly reserves.

One good, or k identical units of which everybody wants one. Nobody's price depends on its own bid, so truth
is a dominant strategy. Equal bids are ranked by index, the lowest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import (
    OPENINGS,
    Direct,
    ask_bids,
    check_single_parameter,
    configure_direct,
    read_openings,
    reported_values,
    sell_units,
)
from openoutcry.mechanisms.comparison.priors import monopoly_prices, require_prior
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.crowd.distributions import as_product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Sale, settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import Openings, Parameter, check_names, read_choice

Order = Literal["eager", "lazy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VickreyReserve:
    """What a user of Vickrey's auction with reserves chooses.

    Attributes:
        order: `eager` drops bids below their reserve before the highest are found, `lazy` afterwards.
        openings: Who sees the reports before settlement.
    """

    order: Order = "eager"
    openings: Openings = "public"


def highest_bids(values: Mapping[int, int], units: int) -> tuple[tuple[int, ...], int]:
    """Return who has the highest bids, and the highest bid that is not among them.

    Args:
        values: Bids by market index.
        units: How many win, k >= 1; fewer when there are fewer bids.

    Returns:
        The winners, rising, the lowest indices among equals; and the (k+1)-th bid, 0 when there is none.
    """
    ranked = sorted(values, key=lambda bidder: (-values[bidder], bidder))
    price = values[ranked[units]] if units < len(ranked) else 0
    return tuple(sorted(ranked[:units])), price


def sell_to_highest(values: Mapping[int, int], units: int) -> Sale:
    """Sell a unit to each of the k highest bids, at the (k+1)-th.

    Args:
        values: Bids by market index.
        units: k >= 1.
    """
    winners, price = highest_bids(values, units)
    if not winners:
        return Sale(awards=(), reason="nobody reported a value")
    win = "the highest bid wins and pays" if units == 1 else f"the {units} highest bids win and pay"
    paid = "the next" if units < len(values) else "nothing, since no bid is left over"
    return sell_units(dict.fromkeys(winners, price), f"{win} {paid}")


def sell_above_reserves(values: Mapping[int, int], units: int, reserves: Mapping[int, int]) -> Sale:
    """Find the k highest bids, then sell to those of them that reach their own reserve (lazy reserves).

    Args:
        values: Bids by market index.
        units: k >= 1.
        reserves: By market index, for those who have the k highest bids; nobody's may depend on its own bid.

    Returns:
        The sale at the (k+1)-th bid or the reserve, whichever is higher.
    """
    winners, floor = highest_bids(values, units)
    prices = {
        bidder: max(floor, reserves[bidder]) for bidder in winners if values[bidder] >= reserves[bidder]
    }
    if not prices:
        return Sale(awards=(), reason="none of the highest bids reaches its reserve")
    # The next bid stays unsaid: where it is not paid and reports remain sealed, nobody is to learn it.
    reason = "those of the highest bids that reach their reserve pay it or the next bid, if that is more"
    return sell_units(prices, reason)


def sell_among_eligible(values: Mapping[int, int], units: int, reserves: Mapping[int, int]) -> Sale:
    """Drop every bid below its reserve, then sell to the k highest of the rest (eager reserves).

    Args and result are those of `sell_above_reserves`, but everybody needs a reserve, and the (k+1)-th bid is that of
    the rest.
    """
    eligible = {bidder: value for bidder, value in values.items() if value >= reserves[bidder]}
    if not eligible:
        return Sale(awards=(), reason="no bid reaches its reserve")
    winners, floor = highest_bids(eligible, units)
    prices = {bidder: max(floor, reserves[bidder]) for bidder in winners}
    reason = "the highest of the bids that reach their reserve pay it or the next such bid, if that is more"
    return sell_units(prices, reason)


def converse_vickrey(market: TypeMarket, parameters: Direct, chance: Chance) -> Conversation:
    """Run Vickrey's auction: one wave of reports, no draws.

    Source: W. Vickrey, Counterspeculation, auctions, and competitive sealed tenders, 1961.
    """
    bids = yield from ask_bids(market, parameters.openings)
    return settle(market, sell_to_highest(reported_values(market, bids), market.environment.units[0]))


def converse_vickrey_reserve(market: TypeMarket, parameters: VickreyReserve, chance: Chance) -> Conversation:
    """Run Vickrey's auction with each bidder's monopoly price as its reserve: one wave of reports, no draws.

    Source: J. D. Hartline and T. Roughgarden, Simple versus optimal mechanisms, 2009 (eager); P. Dhangwatnotai,
    T. Roughgarden and Q. Yan, Revenue maximization with a single sample, 2010 (lazy).
    """
    prior = require_prior("vickrey-reserve", market)
    reserves = dict(enumerate(monopoly_prices(market, prior)))
    bids = yield from ask_bids(market, parameters.openings)
    sell = sell_among_eligible if parameters.order == "eager" else sell_above_reserves
    return settle(market, sell(reported_values(market, bids), market.environment.units[0], reserves))


# --- What is said of them, and how they are configured ----------------------------------------------------

_ORDER = Parameter(
    name="order",
    default="eager",
    choices=("eager", "lazy"),
    meaning="eager: bids below their reserve are dropped before the highest are found; lazy: only afterwards",
)


def _check_vickrey(market: TypeMarket, parameters: Direct) -> tuple[str, ...]:
    check_single_parameter("vickrey", market)
    return ()


def _guarantee_vickrey(market: TypeMarket, parameters: Direct) -> Guarantee:
    text = (
        "all of the welfare: the goods go to those who value them most, all bidders truthful, which is a "
        "dominant strategy; no share of revenue is promised"
    )
    return Guarantee(welfare=Fraction(1), revenue=None, text=text)


def _configure_vickrey_reserve(raw: Mapping[str, object]) -> VickreyReserve:
    check_names("vickrey-reserve", raw, (_ORDER, OPENINGS))
    return VickreyReserve(order=cast(Order, read_choice(raw, _ORDER)), openings=read_openings(raw))


def _check_vickrey_reserve(market: TypeMarket, parameters: VickreyReserve) -> tuple[str, ...]:
    check_single_parameter("vickrey-reserve", market)
    require_prior("vickrey-reserve", market)
    return ()


def _guarantee_vickrey_reserve(market: TypeMarket, parameters: VickreyReserve) -> Guarantee:
    prior = require_prior("vickrey-reserve", market)
    if market.environment.units[0] >= len(market.bidders) and as_product(prior) is not None:
        text = (
            "all of the optimal revenue: there is a unit for everybody and bidders are independent under "
            "the prior, so each is best sold to at its own monopoly price"
        )
        return Guarantee(welfare=None, revenue=Fraction(1), text=text, benchmark="optimal revenue")
    text = (
        "none: half of the optimal revenue is proved for one good and independent, regular values with "
        "densities, and fails on integer values (three bidders worth 10 with probability 9/100 and 1 "
        "otherwise: less than half)"
    )
    return Guarantee(welfare=None, revenue=None, text=text)


_ASKS = "Everybody commits to its valuation in one wave; then all reports are opened."
_LEARNS = (
    "With public openings everybody learns every valuation once all are committed, with private ones the "
    "auctioneer alone does until settlement. Truth is a dominant strategy, no truthful bidder loses money, "
    "and whoever gets nothing pays nothing. Whoever withholds its report gets nothing, and the rest goes on "
    "without it."
)

VICKREY = Mechanism(
    name="vickrey",
    summary="the highest win, and pay the highest losing bid",
    source="W. Vickrey, Counterspeculation, Auctions, and Competitive Sealed Tenders (1961)",
    parameters=(OPENINGS,),
    asks=_ASKS,
    learns=_LEARNS,
    repaired="Nothing; ties go to the earlier bidder in the roster, and a lone bidder pays nothing.",
    configure=configure_direct("vickrey"),
    converse=converse_vickrey,
    guarantee=_guarantee_vickrey,
    market="types",
    check=_check_vickrey,
)

VICKREY_RESERVE = Mechanism(
    name="vickrey-reserve",
    summary="Vickrey's auction above each bidder's best price",
    source=(
        "J. D. Hartline and T. Roughgarden, Simple versus Optimal Mechanisms (2009), for eager reserves; P. "
        "Dhangwatnotai, T. Roughgarden and Q. Yan, Revenue Maximization with a Single Sample (2010), for "
        "lazy ones"
    ),
    parameters=(_ORDER, OPENINGS),
    asks=_ASKS,
    learns=_LEARNS,
    repaired=(
        "Reserves are the support values that maximise price times the probability to reach it under the "
        "bidder's marginal prior, exactly, the lowest of equals. Sources speak of independent bidders with "
        "densities; correlation is not looked at, and no share of revenue survives on integer values."
    ),
    configure=_configure_vickrey_reserve,
    converse=converse_vickrey_reserve,
    guarantee=_guarantee_vickrey_reserve,
    market="types",
    uses_prior=True,
    check=_check_vickrey_reserve,
)
