"""The audit agrees with the reference checkers, which share nothing with it, and catches what is planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.lab.audit import Property, Subject, audit, make_subject
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Award,
    Climb,
    Conversation,
    Outcome,
    ReportedType,
    ReportType,
    Wave,
)
from openoutcry.mechanisms.crowd.distributions import Joint
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.registry import find_mechanism
from tests.reference.crowd_incentives import rounded
from tests.reference.crowd_play import good_market
from tests.reference.direct_truthfulness import find_violation
from tests.reference.driving import Rule, registered
from tests.reference.incentives import find_ex_post_violation, find_obviousness_violation
from tests.reference.instances import Instance, instances, single_group
from tests.reference.planted import (
    charge_the_highest_value,
    charge_the_level_just_accepted,
    entry_fee,
    first_price,
    price_zero,
)
from tests.reference.tapes import Tape, all_tapes

PLANTED = {
    "first price": first_price,
    "price zero": price_zero,
    "the highest value": charge_the_highest_value,
    "an entry fee": entry_fee,
    "the level just accepted": charge_the_level_just_accepted,
}


def planted(market: Market | TypeMarket, rule: Rule) -> Subject:
    """Return a rule as what is to be audited: nobody's mechanism, with nothing to choose."""
    mechanism = Mechanism(
        name="planted",
        summary="",
        source="",
        parameters=(),
        asks="",
        learns="",
        repaired="",
        configure=dict,
        converse=lambda market, parameters, chance: rule(chance),
        guarantee=lambda market, parameters: Guarantee(welfare=None, revenue=None, text=""),
        market="types" if isinstance(market, TypeMarket) else "signals",
    )
    return make_subject(market, mechanism, {})


def failures(subject: Subject, **options: Any) -> dict[Property, Fraction]:
    """Return the properties that a mechanism does not have, with the greatest failure of each."""
    found = audit(subject, **options).failed
    return {verdict.what: verdict.worst.gain for verdict in found if verdict.worst is not None}


def one_tape(instance: Instance) -> list[Tape]:
    """Return all the luck of a rule that draws nothing."""
    return [Tape(permutation=tuple(range(instance.size)))]


# --- The same as the reference ---------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(instance=instances(max_bidders=3, max_levels=3), name=st.sampled_from(sorted(PLANTED)))
def test_planted_rules_are_caught_exactly_where_the_reference_catches_them(instance: Instance, name: str):
    """After the fact and for obviousness: the audit and the reference never differ in whether something is wrong."""
    rule = PLANTED[name](instance)
    found = failures(planted(instance.market(), rule))
    after_the_fact = {Property.EVERY_COIN, Property.SAFE} & found.keys()
    assert bool(after_the_fact) == (find_ex_post_violation(instance, rule, one_tape(instance)) is not None)
    if name == "the level just accepted":
        seen = find_obviousness_violation(instance, rule, one_tape(instance)) is not None
        assert (Property.OBVIOUS in found) == seen


@settings(deadline=None, max_examples=15)
@given(
    instance=instances(max_bidders=3, max_levels=3),
    pricing=st.sampled_from(["welfare", "revenue"]),
    form=st.sampled_from(["clock", "sealed"]),
)
def test_signal_discovery_passes_where_the_reference_says_so(instance: Instance, pricing: str, form: str):
    """The draws hang on what bidders say, and yet no lie gains under equal luck."""
    raw = {"pricing": pricing, "form": form}
    rule = registered(instance.market(), "signal-discovery", pricing=pricing, form=form)
    assert find_ex_post_violation(instance, rule, all_tapes(instance)) is None
    subject = make_subject(instance.market(), find_mechanism("signal-discovery"), raw)
    assert failures(subject) == {}


@settings(deadline=None, max_examples=25)
@given(
    values=st.lists(
        st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(sorted), min_size=1, max_size=3
    ),
    share=st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1)]),
)
def test_prices_between_the_first_and_the_second_are_judged_as_the_reference_judges(values, share):
    """The winner pays the second bid and a share of what it bid beyond: wrong unless the share is nothing."""
    market = good_market(*values)
    rule = between(market, share)
    found = failures(planted(market, rule))
    assert bool(found) == (find_violation(market, rule) is not None)


def between(market: TypeMarket, share: Fraction) -> Rule:
    """Sell to the highest bid, at the second and a share of the difference."""

    def converse(_: Chance) -> Conversation:
        bids = yield from ask_values(market)
        if not bids:
            return outcome(market, None, Fraction(0))
        winner = max(bids, key=lambda bidder: (bids[bidder], -bidder))
        second = max((bid for bidder, bid in bids.items() if bidder != winner), default=0)
        return outcome(market, winner, second + share * (bids[winner] - second))

    return converse


def ask_values(market: TypeMarket):
    """Ask everybody for its value and return those that were given."""
    everybody = range(len(market.bidders))
    questions = tuple(ReportType(bidder=bidder, asks_value=True) for bidder in everybody)
    answers = yield Wave(questions=questions, reason="all report", state=dict)
    return {
        bidder: market.value(bidder, answer.report.value)
        for bidder, answer in enumerate(answers)
        if isinstance(answer, ReportedType) and answer.report is not None and answer.report.value is not None
    }


def outcome(market: TypeMarket | Market, winner: int | None, price: Fraction) -> Outcome:
    """Return that somebody buys, or nobody."""
    payments = [Fraction(0)] * len(market.bidders)
    if winner is None:
        return Outcome(awards=(), payments=tuple(payments), reason="")
    payments[winner] = price
    award = Award(bidder=winner, goods=(0,), price=price)
    return Outcome(awards=(award,), payments=tuple(payments), reason="")


# --- What must be caught, and by how much ----------------------------------------------------------------


def test_odds_that_follow_the_own_bid_gain_a_third_on_average():
    """No coin decides it: the draw itself is another one, and on average the lie gains 1/3."""
    market = good_market([1, 2])

    def converse(chance: Chance) -> Conversation:
        bids = yield from ask_values(market)
        wins = bool(bids) and chance.bernoulli("odds", Fraction(bids[0], 3))
        return outcome(market, 0 if wins else None, Fraction(0))

    assert failures(planted(market, converse))[Property.ON_AVERAGE] == Fraction(1, 3)


def test_the_best_plan_hangs_on_what_one_is_asked():
    """Refusing the offer of 1 is paid with 2, and the offer of 3 costs nothing in truth: two lies, one for each coin.

    Worth 2, the truth buys at 1 and refuses 3, which gains 1/2 on average. Always refusing gains 1, always buying 3/2,
    and refusing the one and buying at the other 2.
    """
    market = good_market([2])

    def converse(chance: Chance) -> Conversation:
        price = 1 if chance.bernoulli("price", Fraction(1, 2)) else 3
        question = Climb(bidder=0, target=1, price=price)
        (answer,) = yield Wave(questions=(question,), reason="an offer", state=dict)
        if not getattr(answer, "exited", False):
            return outcome(market, 0, Fraction(price if price == 1 else 0))
        return Outcome(awards=(), payments=(Fraction(-2 if price == 1 else 0),), reason="")

    assert failures(planted(market, converse))[Property.ON_AVERAGE] == Fraction(3, 2)


# Of ada and bob, each worth 1, 2 or 3.
PRIOR = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2, (1, 2): 1, (2, 1): 1, (2, 2): 2})


def over_prior(market: TypeMarket, share: Fraction) -> dict[Property, Fraction]:
    """Return what fails where the winner pays the second bid and a share of the difference, bidders knowing a prior."""
    subject = planted(market, between(market, share))
    return failures(replace(subject, prior=PRIOR))


def test_averages_over_a_prior_are_those_worked_out_by_hand():
    """Worth 3 at the first price, ada knows that bob is worth 2 or 3, as 1 to 2: bidding 2 gains 1 in the first case.

    Bidding 1, which gains most after the fact, never wins. At the second price nothing fails over any prior.
    """
    market = good_market([1, 2, 3], [1, 2, 3])
    found = over_prior(market, Fraction(1))
    assert (found[Property.EVERY_COIN], found[Property.INTERIM]) == (Fraction(2), Fraction(1, 3))
    assert Property.SAFE_INTERIM not in found
    assert over_prior(market, Fraction(0)) == {}


def test_what_may_cost_something_is_told_from_what_does_on_average():
    """Whoever reports 1 pays 3 if the other reports 2 and is paid 1 if it reports 1: by the prior, a loss of 1/3."""
    market = good_market([1, 2, 3], [1, 2, 3])

    def betting(stake: int) -> Rule:
        def converse(_: Chance) -> Conversation:
            bids = yield from ask_values(market)
            bet = 0 if bids.get(0) != 1 else stake if bids.get(1) == 2 else -1
            return Outcome(awards=(), payments=(Fraction(bet), Fraction(0)), reason="")

        return converse

    def found(stake: int) -> dict[Property, Fraction]:
        return failures(replace(planted(market, betting(stake)), prior=PRIOR))

    dear, fair = found(3), found(2)
    assert (dear[Property.SAFE], dear[Property.SAFE_INTERIM]) == (Fraction(3), Fraction(1, 3))
    assert fair[Property.SAFE] == 2
    assert Property.SAFE_INTERIM not in fair


def test_averages_over_a_prior_that_are_too_many_are_left_out():
    """Nothing is said of them then, but that they were not looked at."""
    market = good_market([1, 2, 3], [1, 2, 3])
    subject = replace(planted(market, between(market, Fraction(1))), prior=PRIOR)
    result = audit(subject, limit=10)
    assert {Property.INTERIM, Property.SAFE_INTERIM}.isdisjoint(verdict.what for verdict in result.verdicts)
    assert result.plans[-1] == "over the prior: 6 cases, too large (limit 10 runs): not looked at"


@pytest.mark.parametrize("name", ["crowdsourced-optimal", "crowdsourced-lookahead-plus"])
def test_rounded_rewards_lose_the_only_best_belief(name):
    """In whole minor units other beliefs pay as much as the true one, and nothing else is wrong."""
    market = good_market([1, 2], [1, 2])
    mechanism = find_mechanism(name)

    def converse(on: TypeMarket, parameters: object, chance: Chance) -> Conversation:
        rule: Callable[[Chance], Conversation] = rounded(
            lambda inner: mechanism.converse(on, parameters, inner)
        )
        return rule(chance)

    planted_one = replace(mechanism, name="rounded", converse=converse)
    raw = {"reward": 2, "delta": "1"}
    assert failures(make_subject(market, mechanism, raw), steps=4) == {}
    found = failures(make_subject(market, planted_one, raw), steps=4)
    assert found[Property.BELIEFS] >= 0


def test_a_peek_that_moves_the_own_price_is_caught_by_a_sample():
    """Sampling says that it is sampling, how much, and the same seed finds the same."""
    market = good_market([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    subject = planted(market, between(market, Fraction(1)))
    first, again, other = (audit(subject, seed=seed, samples=25) for seed in ("a", "a", "b"))
    assert {verdict.coverage for verdict in first.verdicts} == {"sampled"}
    assert first.verdicts == again.verdicts
    assert first.plans[0].startswith(
        "48 cases of a bidder, the types of the others, about 5 runs each: 25 drawn"
    )
    assert Property.EVERY_COIN in {verdict.what for verdict in first.broken}
    assert Property.EVERY_COIN in {verdict.what for verdict in other.broken}


def test_one_coin_of_each_case_is_drawn_where_a_case_is_too_large():
    """Averages cannot be told then, and nothing is said of them."""
    instance = single_group(2, [(0, 1, 2, 6, 8), (0, 2, 3, 4, 5), (1, 2, 3, 4, 5), (0, 0, 7, 7, 7)])
    subject = make_subject(instance.market(), find_mechanism("signal-discovery"), {})
    result = audit(subject, limit=5, samples=40)
    assert {verdict.coverage for verdict in result.verdicts} == {"sampled, one coin each"}
    assert Property.ON_AVERAGE not in {verdict.what for verdict in result.verdicts}
    assert result.broken == ()
    wrong = audit(planted(instance.market(), first_price(instance)), limit=2, samples=60)
    assert Property.EVERY_COIN in {verdict.what for verdict in wrong.broken}


def test_an_interrupt_keeps_what_was_found():
    """Whoever stops the audit gets verdicts of what was looked at by then."""
    market = good_market([1, 2, 3], [1, 2, 3])

    def tell(line: str) -> None:
        if line.startswith("4 of"):
            raise KeyboardInterrupt

    result = audit(planted(market, between(market, Fraction(1))), tell=tell)
    assert result.was_interrupted
    assert 0 < result.runs < audit(planted(market, between(market, Fraction(1)))).runs
    assert result.verdicts[0].cases > 0
    assert {verdict.coverage for verdict in result.verdicts} == {"interrupted"}
