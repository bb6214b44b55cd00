"""Exact expectations on markets of types, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.errors import ConfigurationError, TooLargeError, UsageError
from openoutcry.mechanisms.answering import Answerer, AnswererByWave, answer_with_type, drive
from openoutcry.mechanisms.budget import spread
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Award,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    ReportedType,
    ReportSignal,
    ReportType,
    TypeReport,
    Wave,
)
from openoutcry.mechanisms.crowd.distributions import Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.expectation import expect_over_prior, expect_types, truthful_answerers
from openoutcry.mechanisms.crowd.knowledge import full, own_value
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.welfare import greatest_welfare
from openoutcry.mechanisms.interim import Interim
from openoutcry.mechanisms.registry import MECHANISMS

VICKREY = MECHANISMS["vickrey"]


def make_market(*lists: tuple[int, ...], environment: Environment | None = None) -> TypeMarket:
    """Return a market of bidders who want one thing and may value it so."""
    return TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=0,
        environment=environment or Environment.single_good(),
        bidders=tuple(
            TypedBidder(name=f"bidder {place}", types=tuple((value,) for value in values))
            for place, values in enumerate(lists)
        ),
    )


TWO = make_market((1, 4), (2, 3))
FAIR = uniform({0: 2, 1: 2})


class Tossing:
    """Sells to bidder 0 at half its reported value with probability 1/3, pays bidder 1 a reward of 1/5 always."""

    @staticmethod
    def converse(market: TypeMarket, parameters: None, chance: Chance, /) -> Conversation:
        """Ask bidder 0 for its value."""
        question = ReportType(bidder=0, asks_value=True)
        (answer,) = yield Wave(questions=(question,), reason="the test asks", state=dict)
        assert isinstance(answer, ReportedType)
        sells = chance.bernoulli("sells", Fraction(1, 3))
        if not sells or answer.report is None or answer.report.value is None:
            return Outcome(awards=(), payments=(Fraction(0), Fraction(-1, 5)), reason="unsold")
        price = Fraction(market.value(0, answer.report.value), 2)
        award = Award(bidder=0, goods=(0,), price=price)
        return Outcome(awards=(award,), payments=(price, Fraction(-1, 5)), reason="sold")


# --- Answers ----------------------------------------------------------------------------------------------


def test_a_truthful_type_reports_its_value_and_what_it_knows_of_the_subjects() -> None:
    """Whatever is asked for is told, and nothing else; beliefs are marginalised to the subjects."""
    knowledge = Product.of({1: {0: 1}, 2: {0: 1, 1: 3}})
    answer = answer_with_type(1, knowledge)
    asked = ReportType(bidder=0, asks_value=True, subjects=(2,))
    told = TypeReport(value=1, belief=Product.of({2: {0: 1, 1: 3}}))
    assert answer(asked, 0) == ReportedType(report=told)
    assert answer(ReportType(bidder=0, asks_value=True), 0) == ReportedType(
        report=TypeReport(value=1, belief=None)
    )
    only_belief = ReportType(bidder=0, asks_value=False, subjects=(1, 2))
    assert answer(only_belief, 0) == ReportedType(report=TypeReport(value=None, belief=knowledge))


@pytest.mark.parametrize(("target", "level"), [(1, 1), (2, 2), (3, 2), (4, 2)])
def test_a_truthful_type_stays_while_the_price_is_at_most_its_value(target: int, level: int) -> None:
    """Levels are the values 1, 2, 3, 4 of anybody; a value of 2 stays up to the second."""
    answer = answer_with_type(0, market=TWO)
    expected = Climbed(level=level, exited=level < target)
    assert answer(Climb(bidder=1, target=target), 0) == expected


@pytest.mark.parametrize(("price", "accepts"), [(2, True), (3, False)])
def test_a_truthful_type_buys_at_an_offer_that_is_worth_it(price: int, accepts: bool) -> None:
    """A price equal to the value is accepted."""
    answer = answer_with_type(0, market=TWO)
    assert answer(Climb(bidder=1, target=1, price=price), 0) == Climbed(
        level=int(accepts), exited=not accepts
    )


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        (ReportSignal(bidder=0), "answer_with_signal"),
        (ReportType(bidder=0, asks_value=False, subjects=(1,)), "knowledge"),
        (Climb(bidder=0, target=1), "the market"),
    ],
)
def test_what_an_answerer_needs_and_has_not_is_named(question: Question, complaint: str) -> None:
    """A caller's mistake is one line of advice."""
    with pytest.raises(UsageError, match=complaint):
        answer_with_type(0)(question, 0)


def test_an_answerer_may_look_at_the_number_of_the_wave() -> None:
    """Waves count from 0."""
    seen: list[int] = []

    def answer(question: Question, clock: int, wave: int) -> Answer:
        seen.append(wave)
        return Climbed(level=question.target, exited=False) if isinstance(question, Climb) else NotImplemented

    def converse() -> Conversation:
        for target in (1, 2, 3):
            yield Wave(questions=(Climb(bidder=0, target=target),), reason="the test asks", state=dict)
        return Outcome(awards=(), payments=(Fraction(0),), reason="the test says so")

    drive(converse(), [AnswererByWave(answer)])
    assert seen == [0, 1, 2]


# --- One profile ------------------------------------------------------------------------------------------


def test_coins_prices_and_rewards_are_averaged_exactly() -> None:
    """Bidder 0, worth 4, wins a third of the time at 2; the reward of bidder 1 is a payment below 0."""
    found = expect_types(TWO, Tossing(), None, [answer_with_type(1), answer_with_type(0)], (1, 0))
    assert found.win_probability == (Fraction(1, 3), Fraction(0))
    assert found.unsold_probability == Fraction(2, 3)
    assert found.payments == (Fraction(2, 3), Fraction(-1, 5))
    assert found.rewards == (Fraction(0), Fraction(1, 5))
    assert found.utilities == (Fraction(2, 3), Fraction(1, 5))
    assert (found.welfare, found.revenue, found.optimum) == (Fraction(4, 3), Fraction(7, 15), Fraction(4))


def test_true_types_count_whatever_was_reported() -> None:
    """A bidder worth 4 that reports 1 pays half of 1 and still values the lot at 4."""
    found = expect_types(TWO, Tossing(), None, [answer_with_type(0), answer_with_type(0)], (1, 0))
    assert (found.welfare, found.payments[0]) == (Fraction(4, 3), Fraction(1, 6))


@pytest.mark.parametrize("profile", [(0,), (0, 0, 0), (2, 0), (0, -1)])
def test_profiles_that_do_not_fit_the_market_are_refused(profile: tuple[int, ...]) -> None:
    """One type index for each bidder, in its list."""
    with pytest.raises(UsageError, match="do not fit the market: its bidders have 2, 2 types"):
        expect_types(TWO, Tossing(), None, [answer_with_type(0)] * 2, profile)


def test_one_answerer_for_each_bidder_of_types() -> None:
    """Too few answerers are refused before anything is asked."""
    with pytest.raises(UsageError, match="1 answerers for 2 bidders"):
        expect_types(TWO, Tossing(), None, [answer_with_type(0)], (0, 0))


def test_several_may_win_at_once() -> None:
    """Two units go to the two highest; probabilities of winning need not sum to at most 1."""
    market = make_market((1,), (2,), (3,), environment=Environment.identical_units(2))
    found = expect_types(market, VICKREY, VICKREY.configure({}), [answer_with_type(0)] * 3, (0, 0, 0))
    assert found.win_probability == (Fraction(0), Fraction(1), Fraction(1))
    assert (found.unsold_probability, found.revenue) == (Fraction(0), Fraction(2))
    assert found.welfare == found.optimum == 5


# --- Over a prior -----------------------------------------------------------------------------------------


def test_vickrey_over_a_fair_prior() -> None:
    """Values 1 or 4 against 2 or 3: the price is the second of the two, the highest wins."""
    answerers = truthful_answerers(TWO, VICKREY)
    found = expect_over_prior(TWO, VICKREY, VICKREY.configure({}), FAIR, answerers)
    assert found.win_probability == (Fraction(1, 2), Fraction(1, 2))
    assert found.revenue == Fraction(1 + 1 + 2 + 3, 4)
    assert found.welfare == found.optimum == Fraction(2 + 3 + 4 + 4, 4)
    assert (found.profiles, found.runs) == (4, 4)


def test_progress_is_told_after_each_profile() -> None:
    """Done and all, so that somebody who waits can tell how long."""
    told: list[tuple[int, int]] = []
    expect_over_prior(
        TWO,
        VICKREY,
        VICKREY.configure({}),
        FAIR,
        truthful_answerers(TWO, VICKREY),
        progress=lambda done, count: told.append((done, count)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_too_many_profiles_are_refused_at_once() -> None:
    """A product of 40 bidders is not gone through: the refusal names its size, the limit and what to do."""
    market = make_market(*[(1, 2)] * 40)
    prior = uniform(dict.fromkeys(range(40), 2))
    with pytest.raises(ConfigurationError, match=r"about 10\^12 profiles .* at most 20000 .* sample"):
        expect_over_prior(market, VICKREY, VICKREY.configure({}), prior, truthful_answerers(market, VICKREY))


def test_too_many_runs_are_refused() -> None:
    """The limit is for all profiles together."""
    with pytest.raises(ConfigurationError, match=r"4 profiles of types take about 4 runs .* the limit is 2"):
        expect_over_prior(
            TWO, VICKREY, VICKREY.configure({}), FAIR, truthful_answerers(TWO, VICKREY), limit=2
        )


def test_profiles_that_will_take_too_many_runs_are_refused_soon() -> None:
    """Ten profiles speak for all others: a coin for each of ten bidders at 243 profiles is not begun in earnest."""
    market = make_market(*[(1, 2, 3)] * 5)
    told: list[int] = []

    class Coins:
        """Tosses ten coins that decide nothing, but of which each path is its own."""

        @staticmethod
        def converse(market: TypeMarket, parameters: None, chance: Chance, /) -> Conversation:
            """Ask nobody."""
            for coin in range(10):
                chance.bernoulli(f"coin/{coin}", Fraction(1, 2))
            return Outcome(awards=(), payments=(Fraction(0),) * 5, reason="unsold")
            yield

    with pytest.raises(TooLargeError, match="243 profiles of types take about 250000 runs") as refused:
        expect_over_prior(
            market,
            Coins(),
            None,
            uniform(dict.fromkeys(range(5), 3)),
            truthful_answerers(market, VICKREY),
            progress=lambda done, _count: told.append(done),
        )
    assert (told[-1], refused.value.size) == (10, 243 * 2**10)


def test_profiles_are_gone_through_once_each_and_spread_evenly() -> None:
    """In an order in which the first ones lie all over."""
    assert all(sorted(spread(count)) == list(range(count)) for count in range(1, 60))
    first = sorted(place for place, _ in zip(spread(1000), range(10), strict=False))
    assert max(after - before for before, after in pairwise([0, *first, 1000])) < 200


def test_what_a_type_can_look_forward_to() -> None:
    """Bidder 0 with a value of 1 never wins; with 4 it wins against 2 and 3, at half of each price."""
    found = expect_over_prior(TWO, VICKREY, VICKREY.configure({}), FAIR, truthful_answerers(TWO, VICKREY))
    half, nothing = Fraction(1, 2), Fraction(0)
    low = Interim(probability=half, win_probability=nothing, payment=nothing, utility=nothing)
    high = Interim(
        probability=half, win_probability=Fraction(1), payment=Fraction(5, 2), utility=Fraction(3, 2)
    )
    assert found.interim[0] == (low, high)


def test_a_type_that_cannot_be_has_nothing_to_look_forward_to() -> None:
    """And interim numbers, weighted with how likely types are, add up to the whole."""
    prior = Joint.of((0, 1), {(1, 0): 1, (1, 1): 3})
    found = expect_over_prior(TWO, VICKREY, VICKREY.configure({}), prior, truthful_answerers(TWO, VICKREY))
    assert found.interim[0][0] is None
    for bidder, each in enumerate(found.interim):
        known = [interim for interim in each if interim is not None]
        assert sum(interim.probability for interim in known) == 1
        assert sum(interim.probability * interim.utility for interim in known) == found.utilities[bidder]
        assert sum(interim.probability * interim.payment for interim in known) == found.payments[bidder]


def test_a_prior_about_somebody_else_is_refused() -> None:
    """It must be about all bidders."""
    with pytest.raises(UsageError, match="about all bidders"):
        expect_over_prior(
            TWO, VICKREY, VICKREY.configure({}), uniform({0: 2}), truthful_answerers(TWO, VICKREY)
        )


def test_beliefs_follow_from_what_each_bidder_knows() -> None:
    """Whoever knows everything reports a certainty and earns the whole reward; the other earns by its posterior.

    Lookahead-plus pays at most reward / n each: (2 + BSR) / 2 of it, and BSR averages |D|^2 - 1 for the true posterior.
    """
    plus = MECHANISMS["crowdsourced-lookahead-plus"]
    prior = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})
    found = expect_over_prior(
        TWO,
        plus,
        plus.configure({"reward": 1}),
        prior,
        truthful_answerers(TWO, plus),
        partitions=(own_value(0), full(2)),
    )
    # The posterior of bidder 0 is (2/3, 1/3) either way: its norm is 5/9.
    assert found.rewards == (Fraction(1, 4) * (2 + Fraction(5, 9) - 1), Fraction(1, 2))


@st.composite
def priors(draw: st.DrawFn) -> Joint:
    """Draw a joint prior of two bidders with two types each."""
    weights: Mapping[tuple[int, ...], int] = {
        point: draw(st.integers(0, 4)) for point in product(range(2), repeat=2)
    }
    return Joint.of((0, 1), {**weights, (1, 1): weights[(1, 1)] + 1})


@settings(max_examples=15, deadline=None)
@given(
    prior=priors(),
    name=st.sampled_from(["vickrey", "english", "crowdsourced-optimal", "crowdsourced-lookahead"]),
)
def test_the_expectation_over_a_prior_is_the_average_over_its_profiles(prior: Joint, name: str) -> None:
    """Profile by profile, weighted by hand, every number comes out the same."""
    mechanism = MECHANISMS[name]
    parameters = mechanism.configure({})
    answerers = truthful_answerers(TWO, mechanism)
    whole = expect_over_prior(TWO, mechanism, parameters, prior, answerers)
    total, payments = Fraction(0), [Fraction(0)] * 2
    for profile, weight in prior.items():
        share = Fraction(weight, prior.total)
        made: list[Answerer] = []
        for bidder, index in enumerate(profile):
            belief = prior.given({bidder: index})
            assert belief is not None
            known = mechanism.belief_when_asked(TWO, bidder, index, belief)
            made.append(answer_with_type(index, known, market=TWO))
        part = expect_types(TWO, mechanism, parameters, made, profile)
        total += share * part.revenue
        payments = [before + share * paid for before, paid in zip(payments, part.payments, strict=True)]
    assert (whole.revenue, whole.payments) == (total, tuple(payments))
    assert sum(whole.utilities) == whole.welfare - whole.revenue


# --- The greatest welfare ---------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    units=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    values=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=4
    ),
)
def test_the_greatest_welfare_is_that_of_the_best_feasible_assignment(
    units: tuple[int, int], values: list[tuple[int, int, int]]
) -> None:
    """Bundles of two goods, by brute force over all feasible assignments."""
    environment = Environment(
        kind="bundles", goods=("a", "b"), units=units, bundles=((0,), (1,), (0, 1)), assignments=None
    )
    market = TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=0,
        environment=environment,
        bidders=tuple(TypedBidder(name=f"b{i}", types=(value,)) for i, value in enumerate(values)),
    )
    profile = (0,) * len(values)
    best = max(market.welfare(profile, assignment) for assignment in environment.feasible(len(values)))
    assert greatest_welfare(market, profile) == best


def test_a_list_of_assignments_limits_the_greatest_welfare() -> None:
    """A public good: both or nobody."""
    environment = Environment(
        kind="identical-units",
        goods=("park",),
        units=(2,),
        bundles=((0,),),
        assignments=((None, None), (0, 0)),
    )
    assert greatest_welfare(make_market((1,), (2,), environment=environment), (0, 0)) == 3


def test_a_market_too_large_to_split_is_refused() -> None:
    """Forty goods among forty bidders."""
    environment = Environment.unit_demand([f"g{place}" for place in range(40)])
    market = TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=0,
        environment=environment,
        bidders=tuple(TypedBidder(name=f"b{i}", types=((1,) * 40,)) for i in range(40)),
    )
    with pytest.raises(ConfigurationError, match="splits of the goods"):
        greatest_welfare(market, (0,) * 40)
