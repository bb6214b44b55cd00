"""Myerson's auction: the goods go to the highest virtual values, at the smallest values that would still win.

The best that any seller can do who knows the prior, when bidders are independent under it. The virtual
values, their ironing and the prices are those of `openoutcry.mechanisms.crowd.optimal`, against which the
crowdsourced mechanisms are measured, so that there is one optimal auction in the project.
"""

from __future__ import annotations

from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import (
    OPENINGS,
    Direct,
    ask_bids,
    check_single_parameter,
    configure_direct,
)
from openoutcry.mechanisms.comparison.priors import require_prior
from openoutcry.mechanisms.conversation import Award, Conversation
from openoutcry.mechanisms.crowd.distributions import Product, as_product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Bids, Sale, settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism


def require_independent_prior(market: TypeMarket) -> Product:
    """Return the seller's prior as a product.

    Raises:
        ConfigurationError: There is none, or bidders are correlated under it.
    """
    independent = as_product(require_prior("myerson", market))
    if independent is None:
        raise ConfigurationError(
            "myerson is the best auction for independent bidders, and they are correlated under this "
            "market's prior: use vickrey-reserve or posted-prices, which look at marginals only, "
            "cremer-mclean, or give a product as prior"
        )
    return independent


def converse(market: TypeMarket, parameters: Direct, chance: Chance) -> Conversation:
    """Run Myerson's auction.

    Args:
        market: One good or identical units, with a prior under which bidders are independent.
        parameters: Who sees the reports.
        chance: Never drawn from: with independent bidders the optimum leaves nothing to chance.

    Returns:
        A conversation of one wave of reports.

    Source: R. Myerson, Optimal auction design, 1981.
    """
    prior = require_independent_prior(market)
    bids = yield from ask_bids(market, parameters.openings)
    return settle(market, _sell(market, prior, bids))


def _sell(market: TypeMarket, prior: Product, bids: Bids) -> Sale:
    if not bids:
        return Sale(awards=(), reason="nobody reported a value")
    # Brings a solver with it, which nobody else needs.
    from openoutcry.mechanisms.crowd.optimal import optimal_mechanism

    present = tuple(bids)
    smaller = market.restricted(present)
    optimal = optimal_mechanism(smaller, prior.marginal(present).renamed(range(len(present))))
    # With independent bidders nothing is left to chance.
    (segment,) = optimal.lottery(tuple(bids.values()))
    awards = tuple(
        Award(bidder=present[award.bidder], goods=award.goods, price=award.price) for award in segment.awards
    )
    if not awards:
        return Sale(awards=(), reason="no reported value has a virtual value that is worth selling at")
    return Sale(
        awards=awards, reason="the highest virtual values win and pay the smallest values that still would"
    )


# --- What is said of it, and how it is configured ---------------------------------------------------------


def _check(market: TypeMarket, parameters: Direct) -> tuple[str, ...]:
    check_single_parameter("myerson", market)
    require_independent_prior(market)
    return ()


def _guarantee(market: TypeMarket, parameters: Direct) -> Guarantee:
    text = (
        "all of the optimal revenue: bidders are independent under the prior, and truthful, which is a "
        "dominant strategy; no share of welfare is promised"
    )
    return Guarantee(welfare=None, revenue=Fraction(1), text=text, benchmark="optimal revenue")


MYERSON = Mechanism(
    name="myerson",
    summary="the greatest revenue, values being independent",
    source="R. Myerson, Optimal Auction Design (1981)",
    parameters=(OPENINGS,),
    asks="Everybody commits to its valuation in one wave; then all reports are opened.",
    learns=(
        "With public openings everybody learns every valuation once all are committed, with private ones "
        "the auctioneer alone does until settlement. Truth is a dominant strategy, no truthful bidder loses "
        "money, and whoever gets nothing pays nothing. Whoever withholds its report gets nothing, and the "
        "best auction for the rest is run."
    ),
    repaired=(
        "Virtual values are those of the discrete grid, ironed where they fall; a winner pays the smallest "
        "value in the support with which it still wins. Correlated priors are refused: for them this is not "
        "optimal."
    ),
    configure=configure_direct("myerson"),
    converse=converse,
    guarantee=_guarantee,
    market="types",
    uses_prior=True,
    check=_check,
)
