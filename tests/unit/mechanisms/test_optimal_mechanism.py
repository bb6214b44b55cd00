"""The optimal mechanism: which construction is used, what it does at a profile, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Joint, Product, as_product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.optimal import (
    Segment,
    check_playable,
    optimal_mechanism,
    optimal_revenue,
    profile_count,
)
from openoutcry.mechanisms.crowd.optimal.exact import proved_optimum
from openoutcry.mechanisms.crowd.optimal.program import ProgramBuilder
from openoutcry.mechanisms.crowd.optimal.threshold import ThresholdMechanism, threshold_program


def market_of(environment: Environment, *types: tuple[tuple[int, ...], ...]) -> TypeMarket:
    """Return a market of bidders with these types."""
    bidders = tuple(TypedBidder(name=f"bidder {place}", types=own) for place, own in enumerate(types))
    return TypeMarket(lot="a lot", currency="EUR", minor_units=2, environment=environment, bidders=bidders)


def numbers(*values: int) -> tuple[tuple[int, ...], ...]:
    """Return types that are one number each."""
    return tuple((value,) for value in values)


CORRELATED = market_of(Environment.single_good(), numbers(2, 3, 10), numbers(2, 3, 10))
"""Two bidders of which one is worth 2 and the other 3 or, less often, 10."""

CORRELATED_PRIOR = Joint.of((0, 1), {(0, 1): 4, (0, 2): 1, (1, 0): 4, (2, 0): 1})

PUBLIC_GOOD = Environment(
    kind="identical-units", goods=("bridge",), units=(2,), bundles=((0,),), assignments=((None, None), (0, 0))
)


def test_truth_is_asked_for_at_impossible_profiles_too() -> None:
    """33/10, as worked out by hand; a program that only looks at possible profiles says 18/5."""
    revenue = optimal_revenue(CORRELATED, CORRELATED_PRIOR)
    assert (revenue.lower, revenue.upper, revenue.is_exact) == (Fraction(33, 10), Fraction(33, 10), True)
    assert optimal_mechanism(CORRELATED, CORRELATED_PRIOR).revenue == Fraction(33, 10)
    assert support_only_revenue(CORRELATED, CORRELATED_PRIOR) == Fraction(18, 5)


def support_only_revenue(market: TypeMarket, prior: Joint) -> Fraction:
    """Return the value of the program that asks for capacity at possible profiles only."""
    contexts = threshold_program(market, prior).contexts
    builder = ProgramBuilder([gain for context in contexts for gain in context.gains])
    for context in contexts:
        columns = list(range(context.first, context.first + len(context.types)))
        builder.add_row(columns, [1] * len(columns), 1)
    for point in prior.points:
        columns = [
            context.first + place
            for context in contexts
            for place, own in enumerate(context.types)
            if context.profile(point[context.bidder]) == point and own <= point[context.bidder]
        ]
        builder.add_row(columns, [1] * len(columns), 1)
    program = builder.finished()
    vertex = proved_optimum(program)
    assert vertex is not None
    return program.value(vertex.solution) / prior.total


def test_impossible_profiles_have_outcomes_too() -> None:
    """Who faces a possible report may win and pays a possible value; that both report 2 is impossible for both."""
    mechanism = optimal_mechanism(CORRELATED, CORRELATED_PRIOR)
    sales: dict[tuple[int, ...], list[tuple[int, Fraction]]] = {
        profile: [(sold.bidder, sold.price) for sold in mechanism.lottery(profile)[0].awards]
        for profile in product(range(3), repeat=2)
    }
    expected = {
        (0, 0): [],
        (0, 1): [(0, 2)],
        (0, 2): [(1, 10)],
        (1, 0): [(0, 3)],
        (1, 1): [(0, 2)],
        (1, 2): [],
        (2, 0): [(0, 3)],
        (2, 1): [(0, 2)],
        (2, 2): [],
    }
    assert sales == {
        profile: [(bidder, Fraction(price)) for bidder, price in sold] for profile, sold in expected.items()
    }


def test_the_construction_follows_the_market_and_the_distribution() -> None:
    """Myerson for independent values, thresholds for correlated ones, lotteries over assignments for the rest."""
    independent = uniform({0: 3, 1: 3})
    assert optimal_mechanism(CORRELATED, independent).route == "myerson"
    assert optimal_mechanism(CORRELATED, CORRELATED_PRIOR).route == "threshold"
    goods = market_of(Environment.unit_demand(["a", "b"]), ((1, 2), (3, 1)), ((2, 2), (4, 1)))
    assert optimal_mechanism(goods, uniform({0: 2, 1: 2})).route == "general"
    bridge = market_of(PUBLIC_GOOD, numbers(0, 1), numbers(0, 1))
    assert optimal_mechanism(bridge, uniform({0: 2, 1: 2})).route == "general"


def test_independence_is_seen_in_any_form() -> None:
    """A joint distribution that is the product of its marginals is independent, one point less is not."""
    even = uniform({0: 2, 1: 3})
    assert as_product(even) is not None
    assert as_product(even.expanded()) == even
    assert as_product(Joint.of((0, 1), dict(list(even.items())[:-1]))) is None
    assert as_product(Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})) is None


def test_a_public_good_is_all_or_nothing() -> None:
    """Values (1, 1) for certain: both pay 1; without one of them nothing can be sold, so removing one costs all."""
    bridge = market_of(PUBLIC_GOOD, numbers(0, 1), numbers(0, 1))
    mechanism = optimal_mechanism(bridge, Joint.of((0, 1), {(1, 1): 1}))
    assert mechanism.revenue == 2
    assert mechanism.lottery((1, 1)) == (
        Segment(
            weight=1,
            awards=(
                Award(bidder=0, goods=(0,), price=Fraction(1)),
                Award(bidder=1, goods=(0,), price=Fraction(1)),
            ),
        ),
    )
    alone = bridge.restricted((0,))
    assert not PUBLIC_GOOD.is_downward_closed()
    assert optimal_revenue(alone, Joint.of((0,), {(1,): 1})).upper == 0


def test_an_assignment_that_cannot_be_avoided_is_made() -> None:
    """Where somebody has to get the good, the program says equals: bidder 1 gets it for what is certain."""
    forced = Environment(
        kind="single-good", goods=("lot",), units=(1,), bundles=((0,),), assignments=((0, None), (None, 0))
    )
    market = market_of(forced, numbers(0, 1), numbers(2, 3))
    mechanism = optimal_mechanism(market, uniform({0: 2, 1: 2}))
    for profile in product(range(2), repeat=2):
        assert all(len(segment.awards) == 1 for segment in mechanism.lottery(profile))
    assert mechanism.revenue == 2


def test_systematic_sampling_keeps_chances_prices_and_units() -> None:
    """Chances 1/2, 3/4 and 3/4 of two units: no draw has more than two winners, and thresholds are prices."""
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    mechanism = ThresholdMechanism(
        3,
        {
            (0, (1, 1)): ((4, 0, half), (9, 2, half)),
            (1, (1, 1)): ((5, 0, quarter), (6, 1, half)),
            (2, (1, 1)): ((7, 1, 3 * quarter),),
        },
        Fraction(0),
    )
    outcome = mechanism.lottery((1, 1, 1))
    assert outcome == (
        Segment(weight=1, awards=(award(0, 4), award(1, 6))),
        Segment(weight=1, awards=(award(0, 4), award(2, 7))),
        Segment(weight=1, awards=(award(1, 5), award(2, 7))),
        Segment(weight=1, awards=(award(1, 6), award(2, 7))),
    )


def award(bidder: int, price: int) -> Award:
    """Return the sale of one unit."""
    return Award(bidder=bidder, goods=(0,), price=Fraction(price))


def test_sparse_beliefs_over_large_markets_are_played() -> None:
    """Three possible profiles among 20 bidders of 10 types each: the product space is never written out."""
    market = market_of(Environment.single_good(), *[numbers(*range(1, 11))] * 20)
    prior = Joint.of(range(20), {(0,) * 20: 1, (3, *[1] * 19): 2, (*[2] * 19, 9): 3})
    mechanism = optimal_mechanism(market, prior)
    assert mechanism.revenue == Fraction(1 * 1 + 2 * 4 + 3 * 10, 6)
    assert mechanism.lottery((5,) * 20) == (Segment(weight=1, awards=()),)


def test_what_is_too_large_is_refused_with_what_to_use_instead() -> None:
    """Before anything is built."""
    market = market_of(Environment.single_good(), *[numbers(*range(1, 11))] * 8)
    assert profile_count(market) == 10**8
    with pytest.raises(
        ConfigurationError, match="100000000 type profiles, and the limit is 30000; use crowdsourced-l"
    ):
        check_playable(market)
    points: dict[tuple[int, ...], int] = {
        (*divmod(number, 10), 0, 0, 0, 0, 0, number % 7): 1 + number for number in range(100)
    }
    check_playable(market.restricted((0, 1, 2, 3)))
    assert optimal_mechanism(market, Joint.of(range(8), points)).route == "threshold"
    goods = [f"good {place}" for place in range(8)]
    matching = market_of(Environment.unit_demand(goods), *[((1,) * 8, (2,) * 8)] * 8)
    with pytest.raises(ConfigurationError, match="feasible assignments"):
        optimal_mechanism(matching, uniform(dict.fromkeys(range(8), 2)))
    with pytest.raises(ConfigurationError, match="feasible assignments"):
        check_playable(matching)


def test_more_points_than_can_be_handled_are_refused() -> None:
    """Bundles of independent bidders are not multiplied out beyond the limit."""
    matching = market_of(Environment.unit_demand(["a", "b"]), *[tuple((v, 9) for v in range(50))] * 3)
    with pytest.raises(ConfigurationError, match="125000 possible type profiles"):
        optimal_revenue(matching, uniform(dict.fromkeys(range(3), 50)))


def test_a_distribution_about_others_is_refused() -> None:
    """The caller removes the informant from the market as well."""
    with pytest.raises(UsageError, match="exactly the bidders"):
        optimal_mechanism(CORRELATED, Product.of({0: {0: 1}, 2: {0: 1}}))


def test_long_runs_say_how_far_they_are() -> None:
    """Progress is lines that can be shown."""
    lines: list[str] = []
    optimal_revenue(CORRELATED, CORRELATED_PRIOR, progress=lines.append)
    assert lines == ["linear program of 8 variables and 14 constraints"]
