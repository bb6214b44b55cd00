"""Mechanisms L and L+ as conversations: whom they ask what, whom they pay, and missing or inconsistent reports."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.answering import drive
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.conversation import Award, ReportedType, ReportType, TypeReport
from openoutcry.mechanisms.crowd import crowdsourced_lookahead as lookahead
from openoutcry.mechanisms.crowd import crowdsourced_lookahead_plus as plus
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.distributions import Joint, Product, point_mass
from openoutcry.mechanisms.crowd.environment import Environment
from tests.reference.crowd_play import average, good_market, ignorance, reporting, type_market

EPSILON = Fraction(6, 10)
MARKET = good_market([1, 2, 5], [1, 2, 5], [1, 2, 5])


def choices(**chosen) -> CrowdChoices:
    """Return these choices, without the lottery unless it is chosen."""
    return CrowdChoices(reward=EPSILON, delta=Fraction(0), **chosen)


def told(value: int | None, belief=None) -> ReportedType:
    """Return a report as an answer."""
    return ReportedType(report=TypeReport(value=value, belief=belief))


# --- L ----------------------------------------------------------------------------------------------------


def test_the_lookahead_asks_all_values_then_the_beliefs_of_all_but_the_highest():
    """Two private waves; the second repeats the value and is about everybody else who reported."""
    conversation = lookahead.converse(MARKET, choices(), ScriptedChance({}))
    first = next(conversation)
    assert first.questions == tuple(
        ReportType(bidder=bidder, asks_value=True, is_private=True) for bidder in range(3)
    )
    assert first.state() == {"phase": "values"}
    second = conversation.send((told(0), told(2), told(2)))
    assert second.questions == (
        ReportType(bidder=0, asks_value=True, subjects=(1, 2), is_private=True),
        ReportType(bidder=2, asks_value=True, subjects=(0, 1), is_private=True),
    )
    assert second.state() == {"phase": "beliefs", "highest": 1, "reported": [0, 1, 2]}


def test_the_lookahead_prices_by_what_the_others_know_together():
    """Bidder 0 excludes 1, bidder 2 excludes 2 of the highest bidder: only 5 is left, and that is the price."""
    first = Joint.of((1, 2), {(1, 0): 5, (2, 0): 1})
    third = Joint.of((0, 1), {(0, 0): 5, (0, 2): 1})
    answers = [reporting(0, first), reporting(2), reporting(0, third)]
    outcome = drive(lookahead.converse(MARKET, choices(), ScriptedChance({})), answers)
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(5)),)
    score = 2 * Fraction(1, 6) - Fraction(26, 36) - 1
    share = EPSILON / 6 * (2 + score)
    assert outcome.payments == (-share, 5 - EPSILON, -share)


def test_the_rewards_of_the_lookahead_reach_epsilon_times_2_minus_1_over_n():
    """All others certain and right: (n - 1) epsilon / n, and epsilon for the highest; the paper's text says epsilon."""
    answers = [
        reporting(0, point_mass((1, 2), (1, 0))),
        reporting(1),
        reporting(0, point_mass((0, 1), (0, 1))),
    ]
    outcome = drive(lookahead.converse(MARKET, choices(), ScriptedChance({})), answers)
    rewards = outcome.price - sum(outcome.payments)
    assert rewards == EPSILON * (2 - Fraction(1, 3)) > EPSILON


def test_the_lookahead_leaves_out_who_withholds_its_value():
    """It is not asked again, and beliefs are about those who reported."""
    conversation = lookahead.converse(MARKET, choices(), ScriptedChance({}))
    next(conversation)
    second = conversation.send((told(0), ReportedType(report=None), told(2)))
    assert second.questions == (ReportType(bidder=0, asks_value=True, subjects=(2,), is_private=True),)


@pytest.mark.parametrize(
    "answer",
    [ReportedType(report=None), told(1, point_mass((1, 2), (2, 0)))],
    ids=["withheld", "another value"],
)
def test_the_lookahead_ignores_beliefs_that_are_withheld_or_contradict_their_own_value(answer):
    """Its author keeps its first bid and is not paid; without any belief the price is the second bid."""
    conversation = lookahead.converse(MARKET, choices(), ScriptedChance({}))
    next(conversation)
    conversation.send((told(0), told(2), told(0)))
    with pytest.raises(StopIteration) as end:
        conversation.send((answer, ReportedType(report=None)))
    outcome = end.value.value
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(1)),)
    assert outcome.payments == (Fraction(0), 1 - EPSILON, Fraction(0))


def test_the_lookahead_with_one_report_has_no_second_wave():
    """Nobody can be asked about it: it buys for nothing and is paid epsilon."""
    outcome = drive(
        lookahead.converse(MARKET, choices(), ScriptedChance({})),
        [reporting(None), reporting(2), reporting(None)],
    )
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(0)),)
    assert outcome.payments == (Fraction(0), -EPSILON, Fraction(0))


@pytest.mark.parametrize("converse", [lookahead.converse, plus.converse])
def test_a_single_bidder_buys_for_nothing_and_is_paid_epsilon(converse):
    """With n = 1 nobody else knows anything."""
    outcome = drive(converse(good_market([1, 2]), choices(), ScriptedChance({})), [reporting(1)])
    assert outcome.awards == (Award(bidder=0, goods=(0,), price=Fraction(0)),)
    assert outcome.payments == (-EPSILON,)


@pytest.mark.parametrize("converse", [lookahead.converse, plus.converse])
def test_when_nobody_reports_nothing_happens(converse):
    """Nothing is sold and nobody is paid."""
    outcome = drive(converse(MARKET, choices(), ScriptedChance({})), [reporting(None)] * 3)
    assert (outcome.awards, outcome.payments) == ((), (Fraction(0),) * 3)


# --- L+ ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("openings", ["public", "private"])
def test_lookahead_plus_asks_everything_of_everybody_at_once(openings):
    """One wave: value and belief about all others."""
    wave = next(plus.converse(MARKET, choices(openings=openings), ScriptedChance({})))
    hidden = openings == "private"
    assert wave.questions == (
        ReportType(bidder=0, asks_value=True, subjects=(1, 2), is_private=hidden),
        ReportType(bidder=1, asks_value=True, subjects=(0, 2), is_private=hidden),
        ReportType(bidder=2, asks_value=True, subjects=(0, 1), is_private=hidden),
    )


def test_lookahead_plus_ignores_the_belief_of_the_highest_and_pays_it_like_any_other():
    """Its belief moves its reward, not its price; there is no bonus."""
    low = Product.of({1: {0: 1, 1: 1, 2: 1}, 2: {0: 1}})
    third = Product.of({0: {0: 1}, 1: {0: 1, 1: 1, 2: 1}})
    paid = {}
    for own in (point_mass((0, 2), (0, 0)), point_mass((0, 2), (2, 2))):
        answers = [reporting(0, low), reporting(2, own), reporting(0, third)]
        outcome = drive(plus.converse(MARKET, choices(), ScriptedChance({})), answers)
        assert outcome.price == 5
        paid[own] = outcome.price - outcome.payments[1]
    assert list(paid.values()) == [EPSILON / 3, 0]


def test_the_rewards_of_lookahead_plus_reach_epsilon_and_no_more():
    """Everybody certain and right: n times epsilon / n."""
    answers = [
        reporting(index, point_mass([b for b in range(3) if b != index], rest))
        for index, rest in enumerate([(1, 2), (0, 2), (0, 1)])
    ]
    outcome = drive(plus.converse(MARKET, choices(), ScriptedChance({})), answers)
    assert outcome.price - sum(outcome.payments) == EPSILON


def test_lookahead_plus_leaves_out_who_withholds():
    """Beliefs are scored and used by their marginals over those who reported."""
    belief = Joint.of((1, 2), {(1, 0): 1, (2, 0): 1, (2, 2): 2})
    answers = [reporting(0, belief), reporting(2, ignorance(MARKET, 1)), reporting(None)]
    outcome = drive(plus.converse(MARKET, choices(), ScriptedChance({})), answers)
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(5)),)
    assert -outcome.payments[0] == EPSILON / 6 * (2 + (2 * Fraction(3, 4) - Fraction(10, 16) - 1))
    assert outcome.payments[2] == 0


@pytest.mark.parametrize("converse", [lookahead.converse, plus.converse])
def test_the_price_of_the_highest_does_not_depend_on_what_it_reports(converse):
    """It is offered one price; reporting less than that means not buying, and reporting more changes nothing."""
    market = good_market([1, 2], [3, 4, 5, 6])
    belief = Product.of({1: {0: 1, 1: 1, 2: 4, 3: 1}})
    found = []
    for own in range(4):
        answers = [reporting(1, belief), reporting(own, ignorance(market, 1))]
        outcome = drive(converse(market, choices(), ScriptedChance({})), answers)
        found.append([award.price for award in outcome.awards])
    assert found == [[], [], [5], [5]]


# --- Both -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("converse", [lookahead.converse, plus.converse])
def test_payment_by_lottery_is_worth_the_same_to_everybody(converse):
    """Each belief is paid all or nothing by a draw of its own, equal on average."""
    market = good_market([1, 2], [1, 2])
    answers = [reporting(0, Product.of({1: {0: 1, 1: 2}})), reporting(1, Product.of({0: {0: 3, 1: 4}}))]
    exact = average(lambda chance: converse(market, choices(), chance), answers)
    drawn = average(lambda chance: converse(market, choices(payment="lottery"), chance), answers)
    assert drawn == exact


@pytest.mark.parametrize("module", [lookahead, plus])
def test_the_lottery_of_lemma_1_runs_with_probability_delta(module):
    """It may sell to somebody who is not the highest, at the coin less the discount."""
    script: dict[str, list[int | bool]] = {
        f"{module.NAME}/mixture": [True],
        f"{module.NAME}/lottery-bidder": [0],
        f"{module.NAME}/lottery-price": [1],
    }
    mixed = CrowdChoices(reward=EPSILON, delta=Fraction(1, 2))
    answers = [reporting(1, ignorance(MARKET, 0)), reporting(2, ignorance(MARKET, 1)), reporting(None)]
    outcome = drive(module.converse(MARKET, mixed, ScriptedChance(script)), answers)
    assert outcome.awards == (Award(bidder=0, goods=(0,), price=Fraction(3, 2)),)


@pytest.mark.parametrize("converse", [lookahead.converse, plus.converse])
@pytest.mark.parametrize(
    ("environment", "types", "message"),
    [
        (Environment.identical_units(2), [[(1,)]] * 2, "identical-units: use crowdsourced-optimal"),
        (Environment.unit_demand(("a", "b")), [[(1, 1)]] * 2, "unit-demand: use crowdsourced-optimal"),
        (
            Environment(
                kind="single-good",
                goods=("a",),
                units=(1,),
                bundles=((0,),),
                assignments=((None, None), (0, None)),
            ),
            [[(1,)]] * 2,
            "no feasible assignment gives 'bidder 1' the good",
        ),
    ],
)
def test_everything_but_one_good_for_anybody_is_refused(converse, environment, types, message):
    """The lookahead auction knows no other; the message names what does."""
    with pytest.raises(ConfigurationError, match=message):
        next(converse(type_market(environment, types), choices(), ScriptedChance({})))
