"""The lottery of Lemma 1: what it draws, that it cannot lose money, and that it makes truth strictly best."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.mechanisms.chance import Chance, ScriptedChance
from openoutcry.mechanisms.conversation import Award, Conversation
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Sale, settle
from openoutcry.mechanisms.crowd.strictness import attainable_bundles, draw_lottery, lottery_prices, mix
from tests.reference.crowd_play import Average, Rule, average, good_market, profiles, reporting, type_market

HALF = Fraction(1, 2)


def lottery_rule(market: TypeMarket, profile: tuple[int, ...], *, literal: bool = False) -> Rule:
    """Return the lottery by itself, at these reports; it asks nobody."""

    def converse(chance: Chance) -> Conversation:
        yield from ()
        bids = dict(enumerate(profile))
        return settle(market, draw_lottery(market, bids, HALF, chance, prefix="x", literal=literal), {})

    return converse


def average_lottery(market: TypeMarket, profile: tuple[int, ...], *, literal: bool = False) -> Average:
    """Return what the lottery does on average at these reports."""
    return average(lottery_rule(market, profile, literal=literal), [reporting(index) for index in profile])


def test_the_lottery_as_printed_pays_its_buyers_and_ours_does_not():
    """With every value 0 the printed coin p = 0 costs the seller 1/4 on average; without it nothing is sold."""
    market = good_market([0, 1], [0, 1])
    assert average_lottery(market, (0, 0), literal=True).revenue == Fraction(-1, 4)
    assert average_lottery(market, (0, 0)).revenue == 0


def test_prices_are_all_values_of_anybody_but_0():
    """S holds every bidder's every value of every bundle; the printed one holds the value of nothing too."""
    market = type_market(Environment.unit_demand(("a", "b")), [[(0, 4), (2, 4)], [(7, 2)]])
    assert lottery_prices(market) == (2, 4, 7)
    assert lottery_prices(market, literal=True) == (0, 2, 4, 7)


def test_a_bundle_is_drawn_among_those_that_the_bidder_can_get_alone():
    """Listed assignments decide who may get what."""
    environment = Environment(
        kind="unit-demand",
        goods=("a", "b"),
        units=(1, 1),
        bundles=((0,), (1,)),
        assignments=((None, None), (0, None), (0, 1), (None, 1)),
    )
    market = type_market(environment, [[(1, 1)], [(1, 1)]])
    assert [attainable_bundles(market, bidder) for bidder in (0, 1)] == [(0,), (1,)]


def test_the_drawn_bidder_pays_the_coin_less_the_discount():
    """Who is drawn, what and at which coin come from three labels; the price is the coin less eta."""
    market = type_market(Environment.unit_demand(("a", "b")), [[(1, 2)], [(3, 3)]])
    script = {"x/lottery-bidder": [1], "x/lottery-bundle": [1], "x/lottery-price": [2]}
    sale = draw_lottery(market, {0: 0, 1: 0}, Fraction(1, 4), ScriptedChance(script), prefix="x")
    assert sale.awards == (Award(bidder=1, goods=(1,), price=Fraction(11, 4)),)


def test_a_coin_above_the_report_sells_nothing():
    """The bidder reported less than the coin."""
    market = good_market([1, 2], [3])
    script = {"x/lottery-bidder": [0], "x/lottery-price": [1]}
    sale = draw_lottery(market, {0: 0, 1: 0}, HALF, ScriptedChance(script), prefix="x")
    assert sale.awards == ()


@pytest.mark.parametrize(("values", "bids"), [([[0], [0]], {0: 0, 1: 0}), ([[1], [2]], {})])
def test_a_lottery_with_nothing_to_sell_draws_nothing(values, bids):
    """No value above 0, or nobody who reported: no draw is made, and nothing is sold."""
    sale = draw_lottery(good_market(*values), bids, HALF, ScriptedChance({}), prefix="x")
    assert sale.awards == ()


@pytest.mark.parametrize(
    ("delta", "script", "ran"),
    [
        (Fraction(0), {}, "core"),
        (Fraction(1), {}, "lottery"),
        (Fraction(1, 3), {"x/mixture": [True]}, "lottery"),
        (Fraction(1, 3), {"x/mixture": [False]}, "core"),
    ],
)
def test_the_mixture_runs_one_of_the_two(delta, script, ran):
    """The lottery runs with probability delta; at 0 and 1 there is no draw."""
    chosen = mix(
        delta,
        lambda: Sale(awards=(), reason="core"),
        lambda: Sale(awards=(), reason="lottery"),
        ScriptedChance(script),
        prefix="x",
    )
    assert chosen.reason == ran


@pytest.mark.parametrize(
    "market",
    [
        good_market([0, 1, 3], [1, 2]),
        type_market(Environment.unit_demand(("a", "b")), [[(0, 1), (1, 0), (2, 2)], [(1, 1)]]),
    ],
    ids=["one good", "unit demand"],
)
def test_truth_is_strictly_best_in_the_lottery(market):
    """Whatever the others report, every false type of one's list gains strictly less. Source: CROWD, Lemma 1."""
    found = {profile: average_lottery(market, profile) for profile in profiles(market)}
    for truth in profiles(market):
        for lie in profiles(market):
            differing = [bidder for bidder in range(2) if truth[bidder] != lie[bidder]]
            if len(differing) == 1:
                (bidder,) = differing
                honest = found[truth].utility(market, bidder, truth[bidder])
                assert honest > found[lie].utility(market, bidder, truth[bidder])
