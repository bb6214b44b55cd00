"""The VCG auction over bundles, matchings and lists of assignments: who gets what, what it costs, what is too much."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.comparison.direct import Direct
from openoutcry.mechanisms.comparison.vcg import STEP_LIMIT, VCG, count_steps, sell_efficiently
from openoutcry.mechanisms.crowd.environment import Assignment, Environment
from openoutcry.mechanisms.crowd.market import TypeMarket
from tests.reference.crowd_play import type_market

LICENCES = Environment(kind="bundles", goods=("north", "south"), units=(1, 1), bundles=((0,), (1,), (0, 1)))


def sold(market: TypeMarket, profile) -> list[tuple[int, tuple[int, ...], Fraction]]:
    """Who gets which goods at what price."""
    bids = {bidder: index for bidder, index in enumerate(profile) if index is not None}
    return [(award.bidder, award.goods, award.price) for award in sell_efficiently(market, bids).awards]


def listing(assignments: tuple[Assignment, ...]) -> Environment:
    """One good for everybody, or for whom the list says."""
    return Environment(
        kind="identical-units", goods=("road",), units=(9,), bundles=((0,),), assignments=assignments
    )


def test_one_bidder_for_both_goods_pays_what_two_would_have_had():
    """Worth 10 to the one, 4 and 5 to the others."""
    market = type_market(LICENCES, [[(0, 0, 10)], [(4, 0, 4)], [(0, 5, 5)]])
    assert sold(market, (0, 0, 0)) == [(0, (0, 1), Fraction(9))]


def test_two_bidders_pay_what_each_alone_takes_from_the_third():
    """With 7 and 6 they beat 10; without the first, 10 against 6; without the second, 10 against 7."""
    market = type_market(LICENCES, [[(0, 0, 10)], [(7, 0, 7)], [(0, 6, 6)]])
    assert sold(market, (0, 0, 0)) == [(1, (0,), Fraction(4)), (2, (1,), Fraction(3))]


def test_a_matching_of_greatest_welfare():
    """Bidder 0 is worth 5 on a and 4 on b, bidder 1 is worth 5 on a alone."""
    market = type_market(Environment.unit_demand(["a", "b"]), [[(5, 4)], [(5, 0)]])
    assert sold(market, (0, 0)) == [(0, (1,), Fraction(0)), (1, (0,), Fraction(1))]


def test_goods_that_nobody_values_stay_unsold():
    """Among equals the fewest bundles: bidder 1 is not given what it does not value."""
    market = type_market(LICENCES, [[(3, 0, 3)], [(0, 0, 0)]])
    assert sold(market, (0, 0)) == [(0, (0,), Fraction(0))]


def test_ties_go_to_the_lower_index_and_its_first_bundle():
    """Both value either good at 3: bidder 0 gets the first. Only one can be served: it is bidder 0."""
    matching = type_market(Environment.unit_demand(["a", "b"]), [[(3, 3)], [(3, 3)]])
    assert sold(matching, (0, 0)) == [(0, (0,), Fraction(0)), (1, (1,), Fraction(0))]
    both = type_market(LICENCES, [[(0, 0, 3)], [(0, 0, 3)]])
    assert sold(both, (0, 0)) == [(0, (0, 1), Fraction(3))]


def test_several_units_of_several_goods():
    """Two north, one south: the third bidder is shut out, and both winners with north pay its value."""
    environment = Environment(kind="bundles", goods=("north", "south"), units=(2, 1), bundles=((0,), (0, 1)))
    market = type_market(environment, [[(5, 9)], [(4, 4)], [(2, 2)]])
    assert sold(market, (0, 0, 0)) == [(0, (0, 1), Fraction(2)), (1, (0,), Fraction(2))]


def test_whoever_is_silent_is_left_out():
    """As if it were not there."""
    market = type_market(LICENCES, [[(0, 0, 10)], [(7, 0, 7)], [(0, 6, 6)]])
    assert sold(market, (0, None, 0)) == [(0, (0, 1), Fraction(6))]
    assert sold(market, (None, None, None)) == []


def test_a_public_good_is_built_for_all_or_nobody():
    """Not downward closed: nobody can be left out, yet each pays at most its value, and losers nothing."""
    market = type_market(listing(((None, None), (0, 0))), [[(1,), (4,)], [(1,), (3,)]])
    assert sold(market, (1, 1)) == [(0, (0,), Fraction(0)), (1, (0,), Fraction(0))]


def test_assignments_that_exclude_each_other():
    """Either bidder 0, or bidders 1 and 2."""
    market = type_market(
        listing(((None, None, None), (0, None, None), (None, 0, 0))), [[(4,), (6,)], [(2,)], [(3,)]]
    )
    assert sold(market, (0, 0, 0)) == [(1, (0,), Fraction(1)), (2, (0,), Fraction(2))]
    assert sold(market, (1, 0, 0)) == [(0, (0,), Fraction(5))]


def test_many_bidders_for_few_goods_take_no_time():
    """Sixty bidders for five goods have 9e8 assignments; what is left of the goods takes 32 numbers."""
    goods = [f"good {number}" for number in range(5)]
    market = type_market(
        Environment.unit_demand(goods),
        [[tuple((bidder * good) % 17 for good in range(5))] for bidder in range(60)],
    )
    assert count_steps(market) < STEP_LIMIT // 10
    assert len(sold(market, (0,) * 60)) == 4


def test_a_thousand_bidders_for_one_good_take_no_time():
    """One good is Vickrey's auction."""
    market = type_market(Environment.single_good(), [[(bidder % 900,)] for bidder in range(1000)])
    assert sold(market, (0,) * 1000) == [(899, (0,), Fraction(898))]


def test_too_many_goods_are_refused_before_anything_is_enumerated():
    """With the size, the limit and what to use instead."""
    goods = tuple(f"good {number}" for number in range(64))
    environment = Environment(
        kind="bundles", goods=goods, units=(1,) * 64, bundles=tuple((good,) for good in range(64))
    )
    market = type_market(environment, [[(1,) * 64]] * 3)
    with pytest.raises(
        ConfigurationError, match=r"vcg takes up to .* for 3 bidders, 64 bundles and 64 goods, more"
    ):
        VCG.check(market, Direct())
