"""Audits of large markets: what is done is said before it is done, and keeps about within the limit on runs."""

from __future__ import annotations

import pytest

from openoutcry.errors import TooLargeError
from openoutcry.lab.audit import Property, audit, make_subject
from openoutcry.lab.audit.wording import show_large
from openoutcry.mechanisms.crowd.distributions import Joint
from openoutcry.mechanisms.registry import find_mechanism
from tests.reference.crowd_play import good_market
from tests.reference.instances import single_group


class Enough(Exception):
    """What was to be seen has been."""


def first_plan(subject, **options) -> str:
    """Return the plan that is announced, and do not follow it."""
    plans: list[str] = []

    def announce(line: str) -> None:
        plans.append(line)
        raise Enough

    with pytest.raises(Enough):
        audit(subject, announce=announce, **options)
    return plans[0]


def clock_of(bidders: int, levels: int):
    """Return signal discovery among so many bidders whose values rise with the sum of all signals."""
    highest = bidders * (levels - 1)
    tables = [tuple(range(bidder, bidder + highest + 1)) for bidder in range(bidders)]
    return make_subject(single_group(levels, tables).market(), find_mechanism("signal-discovery"), {})


def test_counts_are_shown_however_large():
    """Python turns no number of more than 4300 digits into text."""
    assert [show_large(count, "case") for count in (0, 1, 2, 50_331_648)] == [
        "0 cases",
        "1 case",
        "2 cases",
        "50,331,648 cases",
    ]
    assert show_large(10**9710, "case") == "about 10^9710 cases"


def test_a_large_crowd_has_a_plan_at_once():
    """Its cases have more digits than Python prints, and no case of it is explored to the end to learn its size."""
    market = good_market(*[list(range(1, 9))] * 60)
    plan = first_plan(make_subject(market, find_mechanism("crowdsourced-lookahead-plus"), {}), limit=2_000)
    assert plan.startswith("about 10^")
    assert "each with one drawn coin" in plan


def test_cases_with_one_coin_keep_within_the_limit():
    """They once took a thousand cases, however many levels a clock has."""
    result = audit(clock_of(12, 20), limit=400)
    assert {verdict.coverage for verdict in result.verdicts} == {"sampled, one coin each"}
    assert 0 < result.runs <= 800
    assert "(limit 400 runs)" in result.plans[0]


def test_a_case_beyond_the_limit_is_refused_with_size_limit_and_what_to_do_instead():
    """Unless somebody says how many cases are wanted."""
    subject = clock_of(12, 20)
    with pytest.raises(TooLargeError, match=r"about 15 runs.*limit is 10.*--limit.*--samples") as caught:
        audit(subject, limit=10)
    assert (caught.value.size, caught.value.limit) == (15, 10)
    assert audit(subject, limit=10, samples=2).runs >= 2


def test_false_beliefs_are_compared_where_profiles_are_far_too_many():
    """Only profiles that a belief holds possible count: 6^9 of them were gone through once, without an end."""
    market = good_market(*[list(range(1, 7))] * 10)
    subject = make_subject(market, find_mechanism("crowdsourced-lookahead-plus"), {})
    result = audit(subject, samples=1, limit=800)
    [beliefs] = [verdict for verdict in result.verdicts if verdict.what is Property.BELIEFS]
    assert (beliefs.coverage, beliefs.worst) == ("sampled", None)
    assert beliefs.cases > 0


def test_beliefs_of_many_types_are_compared_rather_than_many_of_few():
    """A mistake that needs one type is found more likely."""
    market = good_market(*[[1, 2, 3, 4]] * 3)
    result = audit(
        make_subject(market, find_mechanism("crowdsourced-lookahead-plus"), {}), samples=1, limit=6_000
    )
    reached = next(plan for plan in result.plans if plan.startswith("beliefs: the limit"))
    done = int(reached.removesuffix(" of 24").rpartition(" ")[2])
    assert done >= 8


def test_averages_are_taken_over_what_the_prior_holds_possible():
    """Four profiles of 400 are: those of the others alone would be too many."""
    types = list(range(1, 21))
    rows: dict[tuple[int, ...], int] = {(0, 0): 3, (0, 19): 1, (19, 0): 1, (19, 19): 3}
    subject = make_subject(
        good_market(types, types), find_mechanism("vickrey"), {}, prior=Joint.of((0, 1), rows)
    )
    found = audit(subject, limit=200)
    looked_at = {verdict.what: verdict.coverage for verdict in found.verdicts}
    assert (looked_at[Property.EVERY_COIN], looked_at.get(Property.INTERIM)) == (
        "sampled, one coin each",
        None,
    )
    found = audit(subject, limit=500)
    looked_at = {verdict.what: verdict.coverage for verdict in found.verdicts}
    assert (looked_at[Property.EVERY_COIN], looked_at[Property.INTERIM]) == ("sampled", "exhaustive")


def test_a_bidder_without_a_choice_is_no_case():
    """With two signal levels and nobody else there is nothing to answer."""
    result = audit(clock_of(1, 2))
    assert (result.cases, result.broken) == (0, ())
    assert result.plans[0].startswith("1 case of a bidder, the signals of the others, about 1 run each")
