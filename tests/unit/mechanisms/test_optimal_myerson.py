"""Myerson's mechanism on a finite grid: ironing, prices, reserves, expected revenue."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.comparison.priors import monopoly_prices
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.lookahead import best_price
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.optimal import (
    MyersonMechanism,
    Segment,
    optimal_mechanism,
    optimal_revenue,
)
from openoutcry.mechanisms.crowd.optimal.myerson import ironed_values


def market_of(*values: tuple[int, ...], units: int = 1) -> TypeMarket:
    """Return a market of bidders with these possible values."""
    return TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=2,
        environment=Environment.identical_units(units) if units > 1 else Environment.single_good(),
        bidders=tuple(
            TypedBidder(name=f"bidder {place}", types=tuple((value,) for value in own))
            for place, own in enumerate(values)
        ),
    )


def sale(bidder: int, price: int) -> tuple[Segment, ...]:
    """Return the certain sale of the lot."""
    return (Segment(weight=1, awards=(Award(bidder=bidder, goods=(0,), price=Fraction(price)),)),)


NO_SALE = (Segment(weight=1, awards=()),)


def test_virtual_values_follow_the_discrete_formula() -> None:
    """phi(v_k) = v_k - (v_{k+1} - v_k) Pr[v > v_k] / f(v_k) where that rises by itself."""
    actual = ironed_values((1, 2, 3), {0: 1, 1: 1, 2: 1})
    assert actual.virtual == (Fraction(-1), Fraction(1), Fraction(3))


def test_falling_virtual_values_are_ironed_to_their_mean() -> None:
    """{4: 3/5, 5: 1/5, 10: 1/5}: 10/3 and 0 would cross, so both types get the mean, weighted: 5/2."""
    actual = ironed_values((4, 5, 10), {0: 3, 1: 1, 2: 1})
    assert actual.virtual == (Fraction(5, 2), Fraction(5, 2), Fraction(10))


def test_irregular_values_are_not_always_sold_to_the_highest() -> None:
    """The counterexample to 'iid implies selling to the highest': 26/5 is best, selling to the highest earns 24/5."""
    market = market_of((4, 5, 10), (4, 5, 10))
    prior = Product.of({0: {0: 3, 1: 1, 2: 1}, 1: {0: 3, 1: 1, 2: 1}})
    mechanism = optimal_mechanism(market, prior)
    assert mechanism.route == "myerson"
    assert mechanism.revenue == Fraction(26, 5)
    # Bidder 0 is worth 4 and wins against 5, because both have the same ironed virtual value.
    assert mechanism.lottery((0, 1)) == sale(0, 4)
    assert second_price_revenue(market, prior, reserve=4) == Fraction(24, 5)


def second_price_revenue(market: TypeMarket, prior: Product, reserve: int) -> Fraction:
    """Return what selling to the highest earns when it pays its smallest value with which it would win."""
    total = Fraction(0)
    for profile, weight in prior.items():
        values = [market.value(bidder, own) for bidder, own in enumerate(profile)]
        winner = values.index(max(values))
        others = [(value, bidder) for bidder, value in enumerate(values) if bidder != winner]
        rival, place = max(others, key=lambda entry: (entry[0], -entry[1]))
        beats = [
            value
            for value in market.values(winner)
            if value >= reserve and (value > rival or (value == rival and winner < place))
        ]
        total += Fraction(weight * min(beats), prior.total) if values[winner] >= reserve else 0
    return total


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ((0, 0), NO_SALE),
        ((1, 0), sale(0, 2)),
        ((0, 1), sale(1, 2)),
        ((1, 1), sale(0, 2)),
        ((1, 2), sale(1, 3)),
        ((2, 1), sale(0, 2)),
        ((2, 2), sale(0, 3)),
    ],
)
def test_the_winner_pays_its_smallest_winning_value(
    profile: tuple[int, int], expected: tuple[Segment, ...]
) -> None:
    """Values 1, 2, 3 equally likely: the reserve is 2, and ties go to the lower index."""
    mechanism = MyersonMechanism(
        market_of((1, 2, 3), (1, 2, 3)), Product.of({0: {0: 1, 1: 1, 2: 1}, 1: {0: 1, 1: 1, 2: 1}})
    )
    assert mechanism.lottery(profile) == expected


def test_a_type_of_probability_zero_counts_as_the_next_lower_possible_one() -> None:
    """Values 1, 5, 9 of which only 5 is possible: 9 wins at 5, and 1 never wins."""
    mechanism = MyersonMechanism(market_of((1, 5, 9)), Product.of({0: {1: 1}}))
    assert [mechanism.lottery((own,)) for own in range(3)] == [NO_SALE, sale(0, 5), sale(0, 5)]


def test_identical_units_go_to_the_highest_at_the_best_losing_bid() -> None:
    """Two units among three bidders with certain virtual values: both winners have to beat the third."""
    market = market_of((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4), units=2)
    mechanism = MyersonMechanism(market, Product.of({i: {0: 1, 1: 1, 2: 1, 3: 1} for i in range(3)}))
    (segment,) = mechanism.lottery((3, 2, 3))
    assert [(award.bidder, award.price) for award in segment.awards] == [(0, Fraction(3)), (2, Fraction(4))]


@pytest.mark.parametrize("units", [1, 2, 3, 4])
def test_the_expected_revenue_is_the_mean_of_the_payments(units: int) -> None:
    """The formula by levels of virtual values agrees with adding up every profile."""
    market = market_of((0, 3, 4), (1, 2), (5, 6, 7), units=units)
    prior = Product.of({0: {0: 1, 1: 2, 2: 4}, 1: {1: 1}, 2: {0: 5, 2: 3}})
    mechanism = MyersonMechanism(market, prior)
    mean = sum(
        Fraction(weight, prior.total) * sum(award.price for award in mechanism.lottery(profile)[0].awards)
        for profile, weight in prior.items()
    )
    assert mechanism.revenue == mean


def test_a_product_written_out_point_by_point_is_run_the_same() -> None:
    """The mechanism depends on the distribution, not on the form in which somebody reported it."""
    market = market_of((1, 2, 3), (2, 5))
    prior = Product.of({0: {0: 1, 2: 3}, 1: {0: 2, 1: 1}})
    written_out = prior.expanded()
    assert isinstance(written_out, Joint)
    ours, theirs = optimal_mechanism(market, prior), optimal_mechanism(market, written_out)
    assert theirs.route == "myerson"
    for profile in product(range(3), range(2)):
        assert ours.lottery(profile) == theirs.lottery(profile)


def test_bulow_klemperer_fails_on_a_grid_and_its_reverse_holds() -> None:
    """Fair {0, 1}: one more bidder is worth less than knowing the distribution, 1/4 < 1/2."""
    fair = {0: 1, 1: 1}
    alone = optimal_revenue(market_of((0, 1)), Product.of({0: fair}))
    pair = Product.of({0: fair, 1: fair})
    vickrey = sum(Fraction(weight, pair.total) * min(profile) for profile, weight in pair.items())
    assert (alone.lower, alone.is_exact, vickrey) == (Fraction(1, 2), True, Fraction(1, 4))
    assert vickrey <= 2 * alone.lower


def test_monopoly_prices_are_the_lowest_of_the_best() -> None:
    """1 and 2 earn the same from a fair {1, 2}; the lower one is taken, and impossible types are no prices."""
    assert best_price((1, 2), {0: 1, 1: 1}) == 1
    market = market_of((1, 2), (3, 4, 9))
    assert monopoly_prices(market, Product.of({0: {1: 1}, 1: {0: 1, 2: 1}})) == (2, 9)


def test_a_thousand_bidders_are_no_problem() -> None:
    """One auction and its exact expected revenue with 1000 bidders of 8 types each."""
    values = tuple(range(100, 900, 100))
    market = market_of(*[values] * 1000)
    prior = Product.of({bidder: {own: 1 + (bidder + own) % 5 for own in range(8)} for bidder in range(1000)})
    mechanism = optimal_mechanism(market, prior)
    assert mechanism.lottery((7,) * 1000) == sale(0, 800)
    assert 799 < mechanism.revenue < 800


def test_revenue_that_takes_too_long_is_refused_by_name() -> None:
    """Work is refused up front with its size and its limit."""
    values = tuple(range(1000))
    market = market_of(*[values] * 20, units=300)
    mechanism = MyersonMechanism(market, Product.of({i: dict.fromkeys(range(1000), 1) for i in range(20)}))
    with pytest.raises(ConfigurationError, match="6000000 steps, more than 5000000"):
        _ = mechanism.revenue
