"""Vickrey's auction with reserves learnt from the bids: each price rests on what others bid.

Two ways to keep the price of a bidder apart from its bid. `leave-one-out`: everybody's reserve is the best
price against the bids of all others. `random-split`: a random half of the bidders is the sample, and the
other half buys at no less than the best price against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import (
    OPENINGS,
    ask_bids,
    check_single_parameter,
    read_openings,
    reported_values,
)
from openoutcry.mechanisms.comparison.vickrey import highest_bids, sell_above_reserves
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Sale, settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import Openings, Parameter, check_names, read_choice

Variant = Literal["leave-one-out", "random-split"]

SPLIT = "empirical-reserve/split"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmpiricalReserve:
    """What a user of empirical reserves chooses.

    Attributes:
        variant: Whose bids a reserve is learnt from: those of all others, or those of a random half.
        openings: Who sees the reports before settlement.
    """

    variant: Variant = "leave-one-out"
    openings: Openings = "public"


def empirical_price(bids: Sequence[int]) -> int:
    """Return the bid p that maximises p times the number of bids of at least p, the lowest of equals; else 0."""
    best = price = 0
    for count, bid in enumerate(sorted(bids, reverse=True), start=1):
        # From the highest bid down, so that an equal revenue later on is one at a lower price.
        if bid * count >= best:
            best, price = bid * count, bid
    return price


def converse(market: TypeMarket, parameters: EmpiricalReserve, chance: Chance) -> Conversation:
    """Run Vickrey's auction with empirical reserves.

    Args:
        market: One good or identical units.
        parameters: Variant, and who sees the reports.
        chance: Drawn from under empirical-reserve/split for the variant of that name: once for each bidder of
            the sample, floor(m/2) of the m who reported.

    Returns:
        A conversation of one wave of reports.

    Source: I. Segal, Optimal pricing mechanisms with unknown demand, 2003 (leave-one-out); S. Baliga and R.
    Vohra, Market research and market design, 2003 (random-split). Reserves are lazy: with leave-one-out
    reserves, dropping bidders before the highest are found would let a bid move who else is dropped, and so its
    own price.
    """
    bids = yield from ask_bids(market, parameters.openings)
    values = reported_values(market, bids)
    units = market.environment.units[0]
    if parameters.variant == "random-split":
        return settle(market, _sell_to_half(values, units, chance))
    return settle(market, _sell_by_others(values, units))


def _sell_by_others(values: Mapping[int, int], units: int) -> Sale:
    winners, _ = highest_bids(values, units)
    # Nobody else's reserve matters.
    reserves = {
        winner: empirical_price([bid for bidder, bid in values.items() if bidder != winner])
        for winner in winners
    }
    return sell_above_reserves(values, units, reserves)


def _sell_to_half(values: Mapping[int, int], units: int, chance: Chance) -> Sale:
    rest = dict(values)
    sample: list[int] = []
    for _ in range(len(values) // 2):
        left = tuple(rest.items())
        sample.append(rest.pop(chance.pick(SPLIT, tuple(rest), state=(left, tuple(sorted(sample))))))
    reserve = empirical_price(sample)
    sale = sell_above_reserves(rest, units, dict.fromkeys(rest, reserve))
    return Sale(
        awards=sale.awards,
        reason=f"the best price against a random half's {len(sample)} bids is the reserve: {sale.reason}",
    )


# --- What is said of it, and how it is configured ---------------------------------------------------------

_VARIANT = Parameter(
    name="variant",
    default="leave-one-out",
    choices=("leave-one-out", "random-split"),
    meaning="leave-one-out: reserves from all others' bids; random-split: from a random half, which cannot buy",
)


def _configure(raw: Mapping[str, object]) -> EmpiricalReserve:
    check_names("empirical-reserve", raw, (_VARIANT, OPENINGS))
    return EmpiricalReserve(variant=cast(Variant, read_choice(raw, _VARIANT)), openings=read_openings(raw))


def _check(market: TypeMarket, parameters: EmpiricalReserve) -> tuple[str, ...]:
    check_single_parameter("empirical-reserve", market)
    return ()


def _guarantee(market: TypeMarket, parameters: EmpiricalReserve) -> Guarantee:
    if parameters.variant == "leave-one-out" and market.environment.units[0] == 1:
        text = (
            "all of the welfare: for one good no reserve of the highest bidder exceeds the second bid, so "
            "this is Vickrey's auction; no share of revenue is promised"
        )
        return Guarantee(welfare=Fraction(1), revenue=None, text=text)
    text = (
        "none: the share of the optimal revenue tends to 1 with the number of bidders when values are "
        "independent and from one distribution, and may be anything for few bidders"
    )
    return Guarantee(welfare=None, revenue=None, text=text)


EMPIRICAL_RESERVE = Mechanism(
    name="empirical-reserve",
    summary="Vickrey's auction, reserves from the others' bids",
    source=(
        "I. Segal, Optimal Pricing Mechanisms with Unknown Demand (2003); S. Baliga and R. Vohra, Market "
        "Research and Market Design (2003)"
    ),
    parameters=(_VARIANT, OPENINGS),
    asks=(
        "Everybody commits to its valuation in one wave; then all reports are opened and, for random-split, "
        "the sample is drawn."
    ),
    learns=(
        "With public openings everybody learns every valuation once all are committed, with private ones "
        "the auctioneer alone does until settlement. Truth is a dominant strategy whatever is drawn, no "
        "truthful bidder loses money, and whoever gets nothing pays nothing. Whoever withholds its report "
        "gets nothing and counts in no sample."
    ),
    repaired=(
        "The best price is taken against the bids as they stand, without smoothing, the lowest of equals. "
        "For one good leave-one-out equals vickrey. In random-split only the half that is not the sample "
        "buys: one good cannot serve two markets, so the source's exchange of prices between both halves is "
        "left out. Reserves are lazy."
    ),
    configure=_configure,
    converse=converse,
    guarantee=_guarantee,
    market="types",
    check=_check,
)
