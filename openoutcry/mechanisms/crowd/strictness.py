"""The lottery that makes telling one's value strictly best, and mixing it with the rest of a mechanism.

With probability delta a bidder, a bundle and a price are drawn, whatever was reported, and the bidder buys if it
reported at least that price. Every false value changes what happens at some price, always for the worse, so a
mechanism in which truth is merely never bad becomes one in which it is strictly best, for the share delta of its
revenue.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Bids, Sale


def lottery_prices(market: TypeMarket, *, literal: bool = False) -> tuple[int, ...]:
    """Return the prices that the lottery draws from, rising: whatever any type of any bidder gives to any bundle.

    Args:
        market: All bidders, whoever reports: so nobody's report or silence moves a price.
        literal: Take in 0, the value of nothing, as the paper does.
    """
    values = {value for bidder in market.bidders for valuation in bidder.types for value in valuation}
    return tuple(sorted(values | {0} if literal else values - {0}))


def attainable_bundles(market: TypeMarket, bidder: int) -> tuple[int, ...]:
    """Return the indices of the bundles that a bidder may get when nobody else gets anything."""
    environment = market.environment
    if environment.assignments is None:
        return tuple(range(len(environment.bundles)))
    alone = {
        assignment[bidder]
        for assignment in environment.assignments
        if all(bundle is None for other, bundle in enumerate(assignment) if other != bidder)
    }
    return tuple(sorted(bundle for bundle in alone if bundle is not None))


def draw_lottery(
    market: TypeMarket,
    bids: Bids,
    discount: Fraction,
    chance: Chance,
    *,
    prefix: str,
    literal: bool = False,
) -> Sale:
    """Run the lottery.

    Args:
        market: All bidders.
        bids: Of those who reported a value: one of them is drawn.
        discount: The paper's epsilon within this proof, here eta: 0 < eta < 1, the step between values.
        chance: Drawn from under {prefix}/{lottery-bidder, lottery-bundle, lottery-price}; a draw with one
            possible result is not made.
        prefix: The mechanism's name.
        literal: As printed, for study: the price 0 is drawn too, and then the bidder is *paid* eta. With all
            values 0, values {0, 1} possible and eta 1/2 the seller loses 1/4 on average.

    Source: CROWD, Lemma 1 and its proof. We leave out the price 0, since a lottery that may lose money breaks
    the lemma's bound on revenue, and the empty bundle, which sells nothing; the bundle is drawn among those that
    are feasible for the bidder alone. Strictness is untouched: two values differ at a price above 0 or not at all.
    """
    prices = lottery_prices(market, literal=literal)
    bidders = tuple(bids)
    if not prices or not bidders:
        return Sale(awards=(), reason="the lottery was drawn, and there is nothing that it could sell")
    bidder = bidders[_uniform(chance, f"{prefix}/lottery-bidder", len(bidders))]
    name = market.bidders[bidder].name
    bundles = attainable_bundles(market, bidder)
    if not bundles:
        return Sale(awards=(), reason=f"the lottery drew {name}, which cannot get anything")
    bundle = bundles[_uniform(chance, f"{prefix}/lottery-bundle", len(bundles))]
    price = prices[_uniform(chance, f"{prefix}/lottery-price", len(prices))]
    if market.value(bidder, bids[bidder], bundle) < price:
        return Sale(
            # Without the price: where reports are sealed it would tell something of this one.
            awards=(),
            reason=f"the lottery drew {name} and a price above what it reported: no sale",
        )
    paid = price - discount
    award = Award(bidder=bidder, goods=market.environment.bundles[bundle], price=paid)
    return Sale(
        awards=(award,),
        reason=f"the lottery drew {name} and a price, and it reported at least that",
    )


def mix(
    delta: Fraction, core: Callable[[], Sale], lottery: Callable[[], Sale], chance: Chance, *, prefix: str
) -> Sale:
    """Run the lottery with probability delta, the core otherwise.

    Args:
        delta: 0..1; at 0 truth is best, but not strictly.
        core: Decides what is sold in earnest; not called when the lottery is drawn.
        lottery: As `draw_lottery`; not called when the core is.
        chance: Drawn from under {prefix}/mixture, unless delta is 0 or 1.
        prefix: The mechanism's name.

    Source: CROWD, Lemma 1.
    """
    is_lottery = delta == 1 or (delta > 0 and chance.bernoulli(f"{prefix}/mixture", delta))
    return lottery() if is_lottery else core()


def _uniform(chance: Chance, label: str, count: int) -> int:
    return chance.uniform(label, count) if count > 1 else 0
