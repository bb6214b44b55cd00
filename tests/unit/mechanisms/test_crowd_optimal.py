"""Mechanism M as a conversation: whom it asks what, whom it pays, and what it does when reports are missing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.answering import drive
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.conversation import Award, ReportedType, ReportType, TypeReport
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.crowdsourced_optimal import converse
from openoutcry.mechanisms.crowd.distributions import Joint, Product, point_mass, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from tests.reference.crowd_play import average, good_market, ignorance, reporting, type_market

EPSILON = Fraction(1, 10)
MARKET = good_market([1, 4], [1, 4], [1, 4])


def informant(index: int) -> dict[str, list[int | bool]]:
    """Return the script in which this bidder informs and the lottery does not run."""
    return {"crowdsourced-optimal/informant": [index], "crowdsourced-optimal/mixture": [False]}


def choices(**chosen) -> CrowdChoices:
    """Return these choices, with epsilon 1/10."""
    return CrowdChoices(reward=EPSILON, **chosen)


@pytest.mark.parametrize("openings", ["public", "private"])
def test_one_wave_asks_the_informant_for_its_belief_and_the_others_for_values(openings):
    """The coin falls before anybody is asked, and nobody is asked twice."""
    conversation = converse(MARKET, choices(openings=openings), ScriptedChance(informant(1)))
    wave = next(conversation)
    hidden = openings == "private"
    assert wave.questions == (
        ReportType(bidder=0, asks_value=True, is_private=hidden),
        ReportType(bidder=1, asks_value=False, subjects=(0, 2), is_private=hidden),
        ReportType(bidder=2, asks_value=True, is_private=hidden),
    )
    assert wave.state() == {"phase": "reports", "informant": 1, "reward": "1/10"}


def test_the_best_auction_for_the_belief_sells_and_the_informant_is_paid_by_its_score():
    """A belief that bidder 1 is worth 4 makes 4 its price; a third of the certainty in what happened is scored."""
    belief = Product.of({1: {0: 1, 1: 2}, 2: {0: 1}})
    answers = [reporting(1, belief), reporting(1), reporting(0)]
    outcome = drive(converse(MARKET, choices(), ScriptedChance(informant(0))), answers)
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(4)),)
    score = 2 * Fraction(2, 3) - Fraction(5, 9) - 1
    assert outcome.payments == (-EPSILON / 2 * (2 + score), Fraction(4), Fraction(0))
    assert "bidder 0" in outcome.reason


def test_a_belief_that_held_impossible_what_happened_is_legal():
    """It earns epsilon/2 (1 - the squares of its probabilities), and the auction for it runs all the same."""
    belief = Joint.of((1, 2), {(0, 0): 1, (1, 0): 1})
    answers = [reporting(0, belief), reporting(1), reporting(1)]
    outcome = drive(converse(MARKET, choices(), ScriptedChance(informant(0))), answers)
    assert -outcome.payments[0] == EPSILON / 2 * (1 - Fraction(1, 2))


def test_without_one_bidder_the_rest_is_sold_and_scored_by_the_marginal():
    """Bidder 2 withholds: the price is that for bidder 1 alone, and the belief about bidder 1 is scored."""
    belief = Joint.of((1, 2), {(0, 0): 1, (1, 1): 1})
    answers = [reporting(0, belief), reporting(1), reporting(None)]
    outcome = drive(converse(MARKET, choices(), ScriptedChance(informant(0))), answers)
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(4)),)
    assert -outcome.payments[0] == EPSILON / 2 * (2 + (2 * Fraction(1, 2) - Fraction(1, 2) - 1))


def test_a_silent_informant_is_not_paid_and_the_highest_bid_wins_at_the_next():
    """Vickrey's auction runs among the others."""
    answers = [reporting(None), reporting(1), reporting(0)]
    outcome = drive(converse(MARKET, choices(), ScriptedChance(informant(0))), answers)
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(1)),)
    assert outcome.payments == (Fraction(0), Fraction(1), Fraction(0))


def test_a_silent_informant_in_a_general_environment_leads_to_the_efficient_assignment():
    """Two goods, two buyers who both prefer the first: the higher value gets it and pays what the other loses."""
    values = [(0, 0), (5, 1), (6, 2)]
    market = type_market(Environment.unit_demand(("a", "b")), [values, values, values])
    answers = [reporting(None), reporting(1), reporting(2)]
    outcome = drive(converse(market, choices(), ScriptedChance(informant(0))), answers)
    assert outcome.awards == (
        Award(bidder=1, goods=(0,), price=Fraction(4)),
        Award(bidder=2, goods=(1,), price=Fraction(0)),
    )


def test_when_nobody_reports_a_value_nothing_is_sold():
    """The informant said nothing that could turn out wrong, and is paid in full."""
    answers = [reporting(0, ignorance(MARKET, 0)), reporting(None), reporting(None)]
    outcome = drive(converse(MARKET, choices(), ScriptedChance(informant(0))), answers)
    assert outcome.awards == ()
    assert outcome.payments == (-EPSILON, Fraction(0), Fraction(0))


def test_nobody_at_all_reports():
    """Nothing is sold and nobody is paid."""
    outcome = drive(converse(MARKET, choices(), ScriptedChance(informant(2))), [reporting(None)] * 3)
    assert (outcome.awards, outcome.payments) == ((), (Fraction(0),) * 3)


def test_a_single_bidder_is_paid_and_nothing_is_asked_or_sold():
    """It would inform about nobody, to sell to nobody."""
    outcome = drive(converse(good_market([1, 2]), choices(), ScriptedChance({})), [reporting(0)])
    assert (outcome.awards, outcome.payments) == ((), (-EPSILON,))


def test_an_informant_among_two_sets_a_price_for_the_other():
    """With n = 2 the best auction for one bidder is a price."""
    market = good_market([1, 4], [1, 4])
    answers = [reporting(0, Product.of({1: {0: 1, 1: 1}})), reporting(1)]
    outcome = drive(converse(market, choices(), ScriptedChance(informant(0))), answers)
    assert outcome.awards == (Award(bidder=1, goods=(0,), price=Fraction(4)),)


def test_payment_by_lottery_is_worth_the_same():
    """All of epsilon or nothing, with the probability that makes it equal on average."""
    belief = Joint.of((1, 2), {(0, 0): 1, (1, 0): 2, (1, 1): 4})
    answers = [reporting(0, belief), reporting(1), reporting(0)]
    script: dict[str, list[int | bool]] = {**informant(0), "crowdsourced-optimal/reward": [True]}
    paid = drive(converse(MARKET, choices(payment="lottery"), ScriptedChance(script)), answers)
    assert -paid.payments[0] == EPSILON
    answers = [reporting(1, ignorance(MARKET, bidder)) for bidder in range(3)]
    exact = average(lambda chance: converse(MARKET, choices(), chance), answers)
    drawn = average(lambda chance: converse(MARKET, choices(payment="lottery"), chance), answers)
    assert drawn == exact


def test_a_certainty_that_came_true_is_paid_without_a_draw():
    """A lottery with one possible result is not drawn."""
    answers = [reporting(0, point_mass((1, 2), (1, 0))), reporting(1), reporting(0)]
    outcome = drive(converse(MARKET, choices(payment="lottery"), ScriptedChance(informant(0))), answers)
    assert -outcome.payments[0] == EPSILON


def test_the_lottery_of_lemma_1_runs_with_probability_delta():
    """It sells to whom it draws, and the informant is rewarded as always."""
    script: dict[str, list[int | bool]] = {
        "crowdsourced-optimal/informant": [0],
        "crowdsourced-optimal/mixture": [True],
        "crowdsourced-optimal/lottery-bidder": [1],
        "crowdsourced-optimal/lottery-price": [0],
    }
    answers = [reporting(0, point_mass((1, 2), (1, 0))), reporting(1), reporting(0)]
    outcome = drive(converse(MARKET, choices(), ScriptedChance(script)), answers)
    assert outcome.awards == (Award(bidder=2, goods=(0,), price=Fraction(1, 2)),)
    assert outcome.payments == (-EPSILON, Fraction(0), Fraction(1, 2))


def test_a_belief_that_is_too_large_to_optimise_by_is_rewarded_all_the_same():
    """Six goods and seven buyers have too many assignments; the goods are sold as if nothing were known."""
    goods = Environment.unit_demand(tuple("abcdef"))
    market = type_market(goods, [[(9,) * 6]] * 8)
    answers = [reporting(0, ignorance(market, bidder)) for bidder in range(8)]
    outcome = drive(converse(market, choices(), ScriptedChance(informant(0))), answers)
    assert [award.bidder for award in outcome.awards] == [1, 2, 3, 4, 5, 6]
    assert {award.price for award in outcome.awards} == {9}
    assert outcome.payments[0] == -EPSILON


def test_an_environment_that_is_not_downward_closed_is_refused():
    """A public good cannot be withheld from the informant."""
    environment = Environment(
        kind="identical-units",
        goods=("park",),
        units=(2,),
        bundles=((0,),),
        assignments=((None, None), (0, 0)),
    )
    market = type_market(environment, [[(0,), (1,)]] * 2)
    with pytest.raises(ConfigurationError, match="crowdsourced-optimal leaves bidders out"):
        next(converse(market, choices(), ScriptedChance({})))


@pytest.mark.parametrize(
    "report",
    [
        TypeReport(value=0, belief=None),
        TypeReport(value=None, belief=None),
        TypeReport(value=None, belief=uniform({1: 2})),
        TypeReport(value=None, belief=uniform({1: 2, 2: 3})),
    ],
)
def test_answers_that_do_not_fit_their_question_are_the_drivers_fault(report):
    """A value instead of a belief, no belief, one about somebody else, one about types that nobody has."""
    conversation = converse(MARKET, choices(), ScriptedChance(informant(0)))
    next(conversation)
    value = ReportedType(report=TypeReport(value=0, belief=None))
    with pytest.raises(UsageError):
        conversation.send((ReportedType(report=report), value, value))
