"""Sequential posted prices: bidders are offered a unit one after another at fixed prices, dearest first.

The prices come from the ex-ante relaxation: sell to bidder i with probability q_i, for at most R_i(q_i), R_i
the concave hull of its revenue curve, so that no more than k units are sold *on average*. The optimum of that
is found greedily, steepest piece of a curve first, and bounds the optimal revenue of independent bidders from
above. Its prices, offered in falling order, bring at least 1 - 1/e of it: what k units keep of independent
acceptances, where the relaxation may correlate them, is the correlation gap of a submodular function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from openoutcry.mechanisms.asking import ask_climbs
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import check_single_parameter, sell_units
from openoutcry.mechanisms.comparison.priors import require_prior
from openoutcry.mechanisms.conversation import Climb, Conversation
from openoutcry.mechanisms.crowd.distributions import Distribution, as_product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import check_names

PRICE = "posted-prices/price"

SHARE = Fraction(79, 125)
"""Just below 1 - 1/e = 0.63212..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedPrices:
    """What a user of posted prices chooses: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """That one bidder may be offered a lower price than it would be otherwise.

    Attributes:
        bidder: Market index.
        price: The lower price, in minor units.
        probability: How often it is offered, above 0 and below 1.
    """

    bidder: int
    price: int
    probability: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePlan:
    """Who is offered a unit at which price.

    Attributes:
        prices: By market index, in minor units; whoever is not in it is offered none.
        lowered: The bidder whose price is drawn, if there is one: the units are used up within a piece of its
            curve.
        bound: What the relaxation brings: no mechanism brings more when bidders are independent.
    """

    prices: Mapping[int, int]
    lowered: Lowered | None
    bound: Fraction


@dataclass(frozen=True, slots=True)
class _Piece:
    """A straight piece of a bidder's revenue curve: lowering its price to `price` sells more often, and brings more."""

    slope: Fraction
    length: Fraction
    bidder: int
    price: int


def plan_prices(market: TypeMarket, prior: Distribution) -> PricePlan:
    """Return the prices of the ex-ante relaxation.

    Args:
        market: One good or identical units.
        prior: Its marginals are looked at, its correlation is not.

    Source: S. Chawla, J. Hartline, D. Malec and B. Sivan, Multi-parameter mechanism design and sequential
    posted pricing, 2010; Q. Yan, Mechanism design via correlation gap, 2011, for the relaxation in place of
    what Myerson's auction sells on average.
    """
    pieces = [piece for bidder in range(len(market.bidders)) for piece in _pieces(market, prior, bidder)]
    pieces.sort(key=lambda piece: (-piece.slope, piece.bidder))
    left = Fraction(market.environment.units[0])
    prices: dict[int, int] = {}
    bound = Fraction(0)
    for piece in pieces:
        if piece.length > left:
            lowered = Lowered(bidder=piece.bidder, price=piece.price, probability=left / piece.length)
            bound += piece.slope * left
            return PricePlan(prices=prices, lowered=lowered if left else None, bound=bound)
        prices[piece.bidder] = piece.price
        left -= piece.length
        bound += piece.slope * piece.length
    return PricePlan(prices=prices, lowered=None, bound=bound)


def _pieces(market: TypeMarket, prior: Distribution, bidder: int) -> Iterator[_Piece]:
    """Yield the rising pieces of a bidder's concave revenue curve; their slopes are its ironed virtual values."""
    # Its package brings numpy with it, which nobody else here needs.
    from openoutcry.mechanisms.crowd.optimal.myerson import ironed_values

    weights = prior.factor(bidder)
    total = sum(weights.values())
    ironed = ironed_values(market.values(bidder), weights)
    types = zip(ironed.virtual, ironed.types, strict=True)
    for slope, ends in groupby(types, key=lambda entry: entry[0]):
        sold = [index for _, index in ends]
        if slope > 0:
            length = Fraction(sum(weights[index] for index in sold), total)
            yield _Piece(slope=slope, length=length, bidder=bidder, price=market.value(bidder, sold[0]))


def converse(market: TypeMarket, parameters: PostedPrices, chance: Chance) -> Conversation:
    """Run the posted prices.

    Args:
        market: One good or identical units, with the seller's prior.
        parameters: None.
        chance: Drawn from under posted-prices/price, before anything is asked, when a bidder's price is to be
            drawn.

    Returns:
        A conversation of final offers from the highest price down, lower indices first among equals, until
        all units are sold. As many go out together as there are units left.

    Source: as for `plan_prices`.
    """
    plan = plan_prices(market, require_prior("posted-prices", market))
    prices = dict(plan.prices)
    lowered = plan.lowered
    if lowered is not None and chance.bernoulli(PRICE, lowered.probability, state=()):
        prices[lowered.bidder] = lowered.price
    waiting = sorted(prices, key=lambda bidder: (prices[bidder], -bidder))
    sold: dict[int, int] = {}
    units = market.environment.units[0]

    def state() -> Mapping[str, object]:
        return {
            "phase": "offers",
            "sold": list(sold),
            "prices": [prices.get(b) for b in range(len(market.bidders))],
        }

    while waiting and len(sold) < units:
        # Each of them has a unit to itself, so none of these offers hangs on another's answer.
        offered = [waiting.pop() for _ in range(min(units - len(sold), len(waiting)))]
        questions = tuple(Climb(bidder=bidder, target=1, price=prices[bidder]) for bidder in offered)
        reason = f"{units - len(sold)} left, offered from the highest price down"
        answers = yield from ask_climbs(questions, reason=reason, state=state)
        sold |= {
            bidder: prices[bidder]
            for bidder, answer in zip(offered, answers, strict=True)
            if not answer.exited
        }
    why = "whoever accepted its price buys" if sold else "nobody accepted its price"
    return settle(market, sell_units(sold, why))


# --- What is said of it, and how it is configured ---------------------------------------------------------


def _configure(raw: Mapping[str, object]) -> PostedPrices:
    check_names("posted-prices", raw, ())
    return PostedPrices()


def _check(market: TypeMarket, parameters: PostedPrices) -> tuple[str, ...]:
    check_single_parameter("posted-prices", market)
    if as_product(require_prior("posted-prices", market)) is None:
        return (
            "bidders are correlated under the prior: prices are set from each one's own distribution, and "
            "no share of revenue is promised; crowdsourced-lookahead uses correlation",
        )
    return ()


def _guarantee(market: TypeMarket, parameters: PostedPrices) -> Guarantee:
    if as_product(require_prior("posted-prices", market)) is None:
        text = "none: bidders are correlated under the prior, and prices look at each one's own distribution only"
        return Guarantee(welfare=None, revenue=None, text=text)
    if market.environment.units[0] >= len(market.bidders):
        share, why = Fraction(1), "there is a unit for everybody, and each is offered its own monopoly price"
    else:
        share, why = SHARE, "1 - 1/e, rounded down"
    text = (
        f"expected revenue is at least {share} of the optimum: {why}; bidders are independent under the "
        "prior, and accept what is worth its price to them"
    )
    return Guarantee(welfare=None, revenue=share, text=text, benchmark="optimal revenue")


POSTED_PRICES = Mechanism(
    name="posted-prices",
    summary="one after another is offered its price",
    source=(
        "S. Chawla, J. Hartline, D. Malec and B. Sivan, Multi-Parameter Mechanism Design and Sequential "
        "Posted Pricing (2010); Q. Yan, Mechanism Design via Correlation Gap (2011)"
    ),
    parameters=(),
    asks=(
        "Each bidder that has a price gets one final offer at it, from the highest price down, until all "
        "units are sold. Prices follow from the prior alone; at most one of them is drawn between two, "
        "before anything is asked."
    ),
    learns=(
        "Everybody learns who accepted which price, and nothing else of anybody's value. Accepting what is "
        "worth its price is a dominant and an obvious strategy. Whoever is not reached, or has no price, is "
        "asked nothing. A silent bidder refuses."
    ),
    repaired=(
        "Prices solve the ex-ante relaxation on the integer grid, exactly, instead of inverting what "
        "Myerson's auction sells on average: the bound of 1 - 1/e stays, without regularity, and ties on "
        "the grid do no harm."
    ),
    configure=_configure,
    converse=converse,
    guarantee=_guarantee,
    market="types",
    uses_prior=True,
    check=_check,
)
