"""Laws of the optimal mechanism on random small markets of every environment, over all profiles and misreports."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Joint, Product, Profile
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.optimal import (
    MyersonMechanism,
    OptimalMechanism,
    Segment,
    general,
    optimal_mechanism,
    optimal_revenue,
    threshold,
)
from openoutcry.mechanisms.crowd.optimal.canonical import canonical_optimum
from openoutcry.mechanisms.crowd.optimal.exact import proved_optimum
from openoutcry.mechanisms.crowd.optimal.outcomes import Route
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram
from openoutcry.mechanisms.crowd.optimal.solver import Options

PAIRS = Environment(kind="bundles", goods=("a", "b"), units=(1, 1), bundles=((0,), (1,), (0, 1)))

ENVIRONMENTS = {
    "single good": Environment.single_good(),
    "two units": Environment.identical_units(2),
    "matching": Environment.unit_demand(["a", "b"]),
    "bundles": PAIRS,
}

SETTINGS: tuple[Options, ...] = (
    {},
    {"solver": "ipm"},
    {"presolve": "on"},
    {"simplex_strategy": 4},
    {"random_seed": 11},
)


def with_public_good(bidder_count: int) -> Environment:
    """Return the environment where all get it or none."""
    nobody, everybody = (None,) * bidder_count, (0,) * bidder_count
    return Environment(
        kind="identical-units",
        goods=("bridge",),
        units=(bidder_count,),
        bundles=((0,),),
        assignments=(nobody, everybody),
    )


@st.composite
def markets(draw: st.DrawFn, kind: str) -> TypeMarket:
    """Draw a market of 2 or 3 bidders with up to 3 types each."""
    bidder_count = draw(st.integers(2, 3))
    environment = with_public_good(bidder_count) if kind == "public good" else ENVIRONMENTS[kind]
    values = st.tuples(*[st.integers(0, draw(st.sampled_from([4, 30, 10**7])))] * len(environment.bundles))
    bidders = tuple(
        TypedBidder(
            name=f"bidder {place}", types=tuple(sorted(draw(st.sets(values, min_size=1, max_size=3))))
        )
        for place in range(bidder_count)
    )
    return TypeMarket(lot="a lot", currency="EUR", minor_units=2, environment=environment, bidders=bidders)


@st.composite
def correlated(draw: st.DrawFn, market: TypeMarket) -> Joint:
    """Draw any distribution of a market's types."""
    profiles = list(product(*map(range, market.type_counts)))
    weights = draw(st.lists(st.integers(0, 9), min_size=len(profiles), max_size=len(profiles)).filter(any))
    return Joint.of(range(len(market.bidders)), dict(zip(profiles, weights, strict=True)))


@st.composite
def independent(draw: st.DrawFn, market: TypeMarket) -> Product:
    """Draw independent types."""
    return Product.of(
        {
            bidder: dict(
                enumerate(draw(st.lists(st.integers(0, 9), min_size=count, max_size=count).filter(any)))
            )
            for bidder, count in enumerate(market.type_counts)
        }
    )


def utility(
    mechanism: OptimalMechanism, market: TypeMarket, bidder: int, own: int, reports: Profile
) -> Fraction:
    """Return a bidder's expected utility, of a type, when these types are reported."""
    total, gained = 0, Fraction(0)
    for segment in mechanism.lottery(reports):
        total += segment.weight
        for award in segment.awards:
            if award.bidder == bidder:
                bundle = market.environment.bundles.index(award.goods)
                gained += segment.weight * (market.value(bidder, own, bundle) - award.price)
    return gained / total


def revenue_of(mechanism: OptimalMechanism, distribution: Joint | Product) -> Fraction:
    """Return the mean of all payments."""
    mean = Fraction(0)
    for profile, weight in distribution.items():
        segments = mechanism.lottery(profile)
        paid = sum(segment.weight * award.price for segment in segments for award in segment.awards)
        mean += weight * Fraction(paid) / sum(segment.weight for segment in segments)
    return mean / distribution.total


def check_every_promise(mechanism: OptimalMechanism, market: TypeMarket) -> None:
    """Assert truth, participation and feasibility at every profile, possible or not."""
    bundles = market.environment.bundles
    feasible = set(market.environment.feasible(len(market.bidders)))
    for profile in product(*map(range, market.type_counts)):
        for segment in mechanism.lottery(profile):
            got: dict[int, int] = {award.bidder: bundles.index(award.goods) for award in segment.awards}
            assert tuple(got.get(bidder) for bidder in range(len(profile))) in feasible
            assert segment.weight > 0
            for award in segment.awards:
                value = market.value(award.bidder, profile[award.bidder], got[award.bidder])
                assert 0 <= award.price <= value
        for bidder, own in enumerate(profile):
            truth = utility(mechanism, market, bidder, own, profile)
            for other in range(market.type_counts[bidder]):
                lie = (*profile[:bidder], other, *profile[bidder + 1 :])
                assert utility(mechanism, market, bidder, own, lie) <= truth


@pytest.mark.parametrize("kind", [*ENVIRONMENTS, "public good"])
def test_truth_participation_and_feasibility_hold_everywhere(kind: str) -> None:
    """Exhaustively over profiles and misreports, each segment of each lottery included; revenue is what is paid."""

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        market = data.draw(markets(kind))
        distribution = data.draw(correlated(market))
        mechanism = optimal_mechanism(market, distribution)
        check_every_promise(mechanism, market)
        assert revenue_of(mechanism, distribution) == mechanism.revenue
        assert optimal_revenue(market, distribution).upper == mechanism.revenue

    check()


class FirstPrice:
    """Sells to bidder 0 for what it says."""

    route: Route = "threshold"
    revenue = Fraction(0)

    def __init__(self, market: TypeMarket) -> None:
        self._market = market

    def lottery(self, profile: Profile) -> tuple[Segment, ...]:
        price = Fraction(self._market.value(0, profile[0]))
        return (Segment(weight=1, awards=(Award(bidder=0, goods=(0,), price=price),)),)


def test_the_checker_finds_a_price_that_depends_on_the_report() -> None:
    """A planted first-price rule is caught."""
    types = ((1,), (2,))
    market = TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=2,
        environment=Environment.single_good(),
        bidders=(TypedBidder(name="first", types=types), TypedBidder(name="second", types=types)),
    )
    with pytest.raises(AssertionError):
        check_every_promise(FirstPrice(market), market)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(["single good", "two units"]))
def test_myerson_earns_what_the_programs_earn(data: st.DataObject, kind: str) -> None:
    """Independent values: Myerson, with ironing, keeps all promises and earns as much as the threshold program."""
    market = data.draw(markets(kind))
    distribution = data.draw(independent(market))
    myerson = MyersonMechanism(market, distribution)
    check_every_promise(myerson, market)
    assert revenue_of(myerson, distribution) == myerson.revenue
    assert (
        best(threshold.threshold_program(market, distribution.expanded()).program, distribution)
        == myerson.revenue
    )


@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(["single good", "two units"]))
def test_the_general_program_earns_what_the_threshold_program_earns(data: st.DataObject, kind: str) -> None:
    """Two formulations of the same optimum, one of them with every misreport written out, over all profiles."""
    market = data.draw(markets(kind))
    distribution = data.draw(correlated(market))
    assignments = general.feasible_assignments(market)
    assert assignments is not None
    everybody = tuple(range(len(market.bidders)))
    profiles = dict.fromkeys(product(*map(range, market.type_counts)), everybody)
    whole = general.lottery_program(market, distribution, assignments, profiles).program
    thresholds = threshold.threshold_program(market, distribution).program
    assert best(whole, distribution) == best(thresholds, distribution)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.sampled_from(["matching", "bundles"]))
def test_profiles_that_are_left_out_earn_nothing(data: st.DataObject, kind: str) -> None:
    """The program over the profiles that matter has the value of the one over all."""
    market = data.draw(markets(kind))
    distribution = data.draw(correlated(market))
    assignments = general.feasible_assignments(market)
    assert assignments is not None
    everybody = tuple(range(len(market.bidders)))
    profiles = dict.fromkeys(product(*map(range, market.type_counts)), everybody)
    whole = general.lottery_program(market, distribution, assignments, profiles).program
    active = general.active_profiles(market, distribution)
    small = general.lottery_program(market, distribution, assignments, active).program
    assert best(small, distribution) == best(whole, distribution)


def best(program: LinearProgram, distribution: Joint | Product) -> Fraction:
    """Return the value of a program's optimum, proved."""
    vertex = proved_optimum(program)
    assert vertex is not None
    assert program.proves_optimum(vertex.solution, vertex.multipliers)
    return program.value(vertex.solution) / distribution.total


@pytest.mark.parametrize("kind", [*ENVIRONMENTS, "public good"])
def test_every_way_of_solving_chooses_the_same_mechanism(kind: str) -> None:
    """Simplex, interior point, presolve, another seed: what strangers re-execute is the same."""

    @settings(max_examples=8, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        market = data.draw(markets(kind))
        distribution = data.draw(correlated(market))
        if kind in ("single good", "two units"):
            built = threshold.threshold_program(market, distribution)
            preference = threshold.preference_for(market, built)
            program = built.program
        else:
            assignments = general.feasible_assignments(market)
            assert assignments is not None
            profiles = general.active_profiles(market, distribution)
            lotteries = general.lottery_program(market, distribution, assignments, profiles)
            preference = general.preference_for(market, lotteries)
            program = lotteries.program
        chosen = [canonical_optimum(program, preference, options) for options in SETTINGS]
        assert chosen[0] is not None
        assert chosen == [chosen[0]] * len(SETTINGS)

    check()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_price_does_not_depend_on_the_winners_own_report(data: st.DataObject) -> None:
    """Where nothing is left to chance a winner's price is the same for every report with which it wins."""
    market = data.draw(markets("single good"))
    mechanism = optimal_mechanism(market, data.draw(correlated(market)))
    for profile in product(*map(range, market.type_counts)):
        for bidder in range(len(profile)):
            reports = [
                (*profile[:bidder], own, *profile[bidder + 1 :]) for own in range(market.type_counts[bidder])
            ]
            lotteries = [mechanism.lottery(report) for report in reports]
            if all(len(lottery) == 1 for lottery in lotteries):
                prices = {
                    award.price
                    for lottery in lotteries
                    for award in lottery[0].awards
                    if award.bidder == bidder
                }
                assert len(prices) <= 1


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(2, 4))
def test_the_reverse_bulow_klemperer_inequality(data: st.DataObject, bidder_count: int) -> None:
    """Symmetric independent bidders: Vickrey(n) <= n / (n - 1) OPT(n - 1)."""
    values = tuple(sorted(data.draw(st.sets(st.integers(0, 30), min_size=1, max_size=4))))
    weights = dict(
        enumerate(data.draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values))))
    )
    types = tuple((value,) for value in values)
    market = TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=2,
        environment=Environment.single_good(),
        bidders=tuple(TypedBidder(name=f"bidder {place}", types=types) for place in range(bidder_count)),
    )
    prior = Product.of(dict.fromkeys(range(bidder_count), weights))
    vickrey = sum(
        Fraction(weight, prior.total) * values[sorted(profile)[-2]] for profile, weight in prior.items()
    )
    fewer = tuple(range(bidder_count - 1))
    known = optimal_revenue(market.restricted(fewer), prior.marginal(fewer))
    assert known.is_exact
    assert vickrey <= Fraction(bidder_count, bidder_count - 1) * known.lower
