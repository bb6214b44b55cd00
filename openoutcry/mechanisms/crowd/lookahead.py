"""The 1-lookahead auction: the highest bidder, at the price that brings most given what all others reported.

The price may depend on everything but the bidder's own report. Three readings of the paper's formula are here because
two of them fail: they differ in what the price takes for granted about the bidder beyond the others' values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.aggregation import slice_weights
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Profile
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Bids, Sale
from openoutcry.mechanisms.parameters import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class LookaheadPrice:
    """A price for the highest bidder.

    Attributes:
        price: In minor units.
        is_second_bid: Whether it is just the highest value that another bidder reported, because nothing is known
            or what happened was held impossible.
    """

    price: int
    is_second_bid: bool


def highest_bidder(market: TypeMarket, bids: Bids) -> int:
    """Return who reported the highest value, the lowest index among equals; at least one must have reported."""
    return min(bids, key=lambda bidder: (-market.value(bidder, bids[bidder]), bidder))


def winning_value(market: TypeMarket, bidder: int, bids: Bids) -> int:
    """Return the least value that makes a bidder the highest: above lower indices, at least equal to higher ones."""
    return max(
        (market.value(other, bids[other]) + (other < bidder) for other in bids if other != bidder), default=0
    )


def second_bid(market: TypeMarket, bidder: int, bids: Bids) -> int:
    """Return the highest value that another bidder reported; 0 when there is none.

    It is the greatest price that every highest bidder is willing to pay, whatever it reported.
    """
    return max((market.value(other, bids[other]) for other in bids if other != bidder), default=0)


def lookahead_price(
    market: TypeMarket,
    bidder: int,
    bids: Bids,
    belief: Distribution | None,
    *,
    reading: Reading = "selected",
) -> LookaheadPrice:
    """Return the price that maximises price times the probability that the bidder's value reaches it.

    Args:
        market: One good.
        bidder: The highest bidder, the paper's i*. Its own report is not looked at.
        bids: Of all who reported a value.
        belief: About the bidder, and about others if it is to be conditioned on what they reported (a prior of
            all, or what `aggregate` made of the crowd's beliefs); None when nothing is known.
        reading: What the probability is conditional on beyond the others' values: `selected`, that the bidder is the
            one that the auction picks, ties as it breaks them; `weak`, that its value is at least every other; and
            `literal`, nothing, since what the paper prints speaks of bids, and i* has the highest.

    Returns:
        The lowest of the best among the bidder's values of positive probability; the second bid if the condition has
        probability 0. Integers decide, so nothing is rounded.

    Source: CROWD, Section 4.2, and A. Ronen, On approximating optimal auctions. `weak` breaks Ronen's half of the
    optimal revenue when values tie, `literal` makes overbidding pay; `selected` is what his proof needs.
    """
    weights = {} if belief is None else slice_weights(belief, bidder, bids)
    floors = {
        "selected": winning_value(market, bidder, bids),
        "weak": second_bid(market, bidder, bids),
        "literal": 0,
    }
    weights = {i: w for i, w in weights.items() if market.value(bidder, i) >= floors[reading]}
    if not weights:
        return LookaheadPrice(price=floors["weak"], is_second_bid=True)
    return LookaheadPrice(price=best_price(market.values(bidder), weights), is_second_bid=False)


def best_price(values: Sequence[int], weights: Mapping[int, int]) -> int:
    """Return the possible value that maximises itself times the weight of all from it on; the lowest of equals.

    Args:
        values: By type index, rising.
        weights: Positive weight by type index, types rising, at least one.
    """
    reaching, best, price = 0, -1, 0
    for index in reversed(weights):
        reaching += weights[index]
        # From the highest value down, so that an equal revenue later on is one at a lower price.
        if values[index] * reaching >= best:
            best, price = values[index] * reaching, values[index]
    return price


def sell_by_lookahead(
    market: TypeMarket,
    bidder: int,
    bids: Bids,
    belief: Distribution | None,
    *,
    reading: Reading = "selected",
) -> Sale:
    """Sell to the highest bidder if it reported at least the lookahead price; otherwise the good stays unsold.

    Args and source are those of `lookahead_price`.
    """
    found = lookahead_price(market, bidder, bids, belief, reading=reading)
    name = market.bidders[bidder].name
    # The price stays unsaid: where it is not paid and reports remain sealed, it would tell what others believe.
    price = (
        "the second bid, since nothing that was reported says more"
        if found.is_second_bid
        else "the price that brings most by what the others know"
    )
    if market.value(bidder, bids[bidder]) < found.price:
        return Sale(
            awards=(),
            reason=f"{name} reported the highest value, but less than {price}",
        )
    award = Award(bidder=bidder, goods=(0,), price=Fraction(found.price))
    return Sale(awards=(award,), reason=f"{name} reported the highest value and pays {price}")


def given_another_leads(market: TypeMarket, bidder: int, value: int, belief: Distribution) -> Distribution:
    """Return a belief given that somebody whom it is about is the highest bidder, and not this bidder.

    So it is for whoever is asked for its belief after the values are in. The belief is returned as it is when it rules
    that out, and when it stands for too many points to be looked at one by one.

    Args:
        market: Of the auction.
        bidder: Whose belief it is.
        value: Index of the type that it has reported.
        belief: About the others who have reported.

    Source: CROWD, Section 4.3, step 2: being asked tells that one is not i*.
    """
    if belief.support_size > POINT_LIMIT:
        return belief
    own, players = market.value(bidder, value), belief.players

    def leads(profile: Profile) -> bool:
        return any(
            market.value(player, index) >= own if player < bidder else market.value(player, index) > own
            for player, index in zip(players, profile, strict=True)
        )

    return belief.where(leads) or belief
