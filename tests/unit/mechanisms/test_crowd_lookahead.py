"""The lookahead price: the selected reading, and how the two others fail."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest

from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.crowd.lookahead import (
    LookaheadPrice,
    best_price,
    highest_bidder,
    lookahead_price,
    second_bid,
    sell_by_lookahead,
    winning_value,
)
from openoutcry.mechanisms.parameters import Reading
from tests.reference.crowd_play import good_market, profiles


def expected_revenue(market, prior: Joint, reading: Reading) -> Fraction:
    """Return what the lookahead auction that knows the prior earns from truthful bidders."""
    total = Fraction(0)
    for profile, weight in prior.items():
        bids = dict(enumerate(profile))
        sale = sell_by_lookahead(market, highest_bidder(market, bids), bids, prior, reading=reading)
        total += Fraction(weight, prior.total) * sum(award.price for award in sale.awards)
    return total


def test_equal_revenues_are_decided_for_the_lower_price_exactly():
    """Values 3, 5, 9 of weights 6, 6, 3 earn 45, 45 and 27 fifteenths: 3 wins; floating point prefers 5."""
    assert best_price((3, 5, 9), {0: 6, 1: 6, 2: 3}) == 3
    in_floats = {
        price: price * sum(sorted(w / 15 for w in left))
        for price, left in {3: (6, 6, 3), 5: (6, 3), 9: (3,)}.items()
    }
    assert max(in_floats, key=lambda price: (in_floats[price], -price)) == 5


def test_the_highest_bidder_is_the_first_among_equals():
    """Strictly above lower indices, at least higher ones; the second bid is the highest of the others."""
    market = good_market([1, 2], [1, 2], [1, 2])
    assert highest_bidder(market, {0: 0, 1: 1, 2: 1}) == 1
    assert winning_value(market, 1, {0: 0, 2: 1}) == 2
    assert winning_value(market, 1, {0: 1, 2: 0}) == 3
    assert winning_value(market, 0, {0: 1}) == 0
    assert second_bid(market, 1, {0: 0, 1: 1, 2: 1}) == 2
    assert second_bid(market, 0, {0: 1}) == 0


def test_the_price_conditions_on_being_picked():
    """Against 2 of a lower index only 3 is picked; against 2 of a higher one 2 is as well."""
    market = good_market([1, 2, 3], [1, 2, 3])
    anything = Product.of({0: {0: 1, 1: 1, 2: 1}})
    assert lookahead_price(market, 0, {1: 1}, anything).price == 2
    anything = Product.of({1: {0: 1, 1: 1, 2: 1}})
    assert lookahead_price(market, 1, {0: 1}, anything).price == 3


@pytest.mark.parametrize(
    "belief", [None, Product.of({1: {0: 1}}), Joint.of((0, 1), {(0, 2): 1})], ids=["none", "loses", "other"]
)
def test_after_what_was_held_impossible_the_price_is_the_second_bid(belief):
    """Nothing known, only losing values possible, or the others' values impossible: the highest of the others."""
    market = good_market([1, 2, 3], [1, 2, 3])
    assert lookahead_price(market, 1, {0: 1}, belief) == LookaheadPrice(price=2, is_second_bid=True)


def test_counting_ties_in_breaks_half_of_the_optimum():
    """(1, 1, 1) at 100/103 and each permutation of (100, 1, 1) at 1/103: weak earns 1, the optimum is 301/103.

    Knowing (1, 1) of the others the weak event mixes the tie, in which somebody else is picked, with the value 100.
    """
    market = good_market(*[[1, 100]] * 3)
    prior = Joint.of((0, 1, 2), {(0, 0, 0): 100, **dict.fromkeys(permutations((1, 0, 0)), 1)})
    optimum = Fraction(301, 103)  # 100 from the second or third if worth it, otherwise 1 from the first.
    assert expected_revenue(market, prior, "weak") == 1
    assert 2 * expected_revenue(market, prior, "weak") < optimum
    assert 2 * expected_revenue(market, prior, "selected") >= optimum


def test_the_printed_reading_makes_overbidding_pay():
    """Its price may lie below other bids: a bidder worth 2 beats 3 by bidding 3 and pays 1. Ours charges 3."""
    market = good_market([1, 2, 3], [1, 2, 3])
    belief = Product.of({0: {0: 8, 1: 1, 2: 1}})
    bids = {0: 2, 1: 2}
    assert highest_bidder(market, bids) == 0
    (award,) = sell_by_lookahead(market, 0, bids, belief, reading="literal").awards
    assert award.price == 1
    assert lookahead_price(market, 0, bids, belief).price == 3


@pytest.mark.parametrize("reading", ["selected", "weak", "literal"])
def test_the_price_does_not_depend_on_the_own_report(reading):
    """Whatever the bidder reports or leaves out, the price is the same."""
    market = good_market([1, 2, 4], [1, 2, 4])
    belief = Joint.of((0, 1), {(0, 1): 1, (1, 1): 2, (2, 1): 1, (2, 2): 1})
    prices = {lookahead_price(market, 0, {0: own, 1: 1}, belief, reading=reading) for own in range(3)}
    assert prices == {lookahead_price(market, 0, {1: 1}, belief, reading=reading)}


@pytest.mark.parametrize("reading", ["selected", "weak", "literal"])
def test_nobody_pays_more_than_it_reported(reading):
    """A price above the report means no sale."""
    market = good_market([0, 1, 3], [1, 2, 3])
    belief = Joint.of((0, 1), dict(zip(profiles(market), (1, 2, 3, 3, 2, 1, 2, 2, 2), strict=True)))
    for profile in profiles(market):
        bids = dict(enumerate(profile))
        highest = highest_bidder(market, bids)
        for award in sell_by_lookahead(market, highest, bids, belief, reading=reading).awards:
            assert award.bidder == highest
            assert award.price <= market.value(highest, profile[highest])
