"""Incentives of the clock mechanisms by exhaustion, and planted rules that the same checkers must catch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.driving import Rule, registered
from tests.reference.incentives import Violation, find_ex_post_violation, find_obviousness_violation
from tests.reference.instances import Instance, instances, single_group
from tests.reference.planted import (
    charge_the_highest_value,
    charge_the_level_just_accepted,
    entry_fee,
    first_price,
    price_zero,
)
from tests.reference.tapes import Tape, all_tapes

PRICINGS = st.sampled_from(["welfare", "revenue"])
FORMS = st.sampled_from(["clock", "sealed"])
SCOPES = st.sampled_from(["group", "all"])
RISING = single_group(3, [(0, 1, 2, 6, 8), (0, 2, 3, 4, 5)])


def fair_tapes(instance: Instance, uniform_clock: bool) -> list[Tape]:
    """Return every tape of signal discovery, or the one tape of the uniform clock."""
    if uniform_clock:
        return [Tape(permutation=tuple(range(instance.size)), uniform_clock=True)]
    return list(all_tapes(instance))


# --- What must hold --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=35)
@given(instance=instances(max_bidders=3, max_levels=3), pricing=PRICINGS, form=FORMS, scope=SCOPES)
def test_truth_is_best_and_safe_after_the_fact(
    instance: Instance, pricing: str, form: str, scope: str
) -> None:
    """For every profile, tape, bidder and way to answer: no loss by truth, no gain by anything else."""
    rule = registered(instance.market(), "signal-discovery", pricing=pricing, form=form, scope=scope)
    assert find_ex_post_violation(instance, rule, all_tapes(instance)) is None


@settings(deadline=None, max_examples=6)
@given(
    instance=instances(min_bidders=4, max_bidders=4, max_levels=2, max_groups=3),
    pricing=PRICINGS,
    form=FORMS,
    scope=SCOPES,
)
def test_truth_is_best_and_safe_among_four_binary_bidders(
    instance: Instance, pricing: str, form: str, scope: str
) -> None:
    """The same for four bidders with two levels, in up to three groups."""
    rule = registered(instance.market(), "signal-discovery", pricing=pricing, form=form, scope=scope)
    assert find_ex_post_violation(instance, rule, all_tapes(instance)) is None


@settings(deadline=None, max_examples=100)
@given(instance=instances(min_bidders=2, max_bidders=3, max_levels=4), form=FORMS, mixed=st.booleans())
def test_the_uniform_clock_is_truthful_after_the_fact(instance: Instance, form: str, mixed: bool) -> None:
    """By itself and inside the mixture, in both forms."""
    rule = (
        registered(instance.market(), "signal-discovery", form=form, uniform_probability="1/20")
        if mixed
        else registered(instance.market(), "uniform-clock", form=form)
    )
    assert find_ex_post_violation(instance, rule, fair_tapes(instance, uniform_clock=True)) is None


@settings(deadline=None, max_examples=40)
@given(
    instance=instances(max_bidders=3, max_levels=3),
    pricing=PRICINGS,
    scope=SCOPES,
    mixture=st.sampled_from(["0", "1/20"]),
)
def test_the_clock_form_is_obviously_truthful(
    instance: Instance, pricing: str, scope: str, mixture: str
) -> None:
    """At no point can any deviation do better in the best case than the truth in the worst.

    With a mixture, a bidder does not know which of the two auctions is running, so both are searched
    together.
    """
    rule = registered(
        instance.market(), "signal-discovery", pricing=pricing, scope=scope, uniform_probability=mixture
    )
    tapes = list(all_tapes(instance))
    if mixture != "0":
        tapes += fair_tapes(instance, uniform_clock=True)
    assert find_obviousness_violation(instance, rule, tapes) is None


@settings(deadline=None, max_examples=40)
@given(instance=instances(max_bidders=3, max_levels=4))
def test_the_uniform_clock_is_obviously_truthful(instance: Instance) -> None:
    """The same for the uniform clock."""
    rule = registered(instance.market(), "uniform-clock")
    assert find_obviousness_violation(instance, rule, fair_tapes(instance, uniform_clock=True)) is None


# --- What must be caught ---------------------------------------------------------------------------------


def caught(instance: Instance, rule: Rule) -> Violation:
    """Return the violation that the checker of the tests above finds in a planted rule."""
    violation = find_ex_post_violation(instance, rule, fair_tapes(instance, uniform_clock=True))
    assert violation is not None
    return violation


def test_first_price_is_caught() -> None:
    """Paying one's own report invites to report less."""
    assert caught(RISING, first_price(RISING)).promise == "compatibility"


def test_price_zero_is_caught() -> None:
    """Paying nothing invites to report whatever wins."""
    assert caught(RISING, price_zero(RISING)).promise == "compatibility"


@pytest.mark.parametrize("levels", [2, 3])
def test_charging_the_level_just_accepted_is_caught(levels: int) -> None:
    """The bidder that ties favour would have won one level lower, so it gains by leaving there."""
    rows = [tuple(range(2 * levels - 1)), tuple(range(2 * levels - 1))]
    instance = single_group(levels, rows)
    violation = caught(instance, charge_the_level_just_accepted(instance))
    assert (violation.promise, violation.bidder) == ("compatibility", 0)


def test_a_price_above_the_value_is_caught() -> None:
    """Charging the value at the highest quality makes truth a loss."""
    assert caught(RISING, charge_the_highest_value(RISING)).promise == "rationality"


def test_an_entry_fee_is_caught() -> None:
    """Whoever does not buy must not pay."""
    assert caught(RISING, entry_fee(RISING)).promise == "losers pay nothing"


def test_the_sealed_form_is_not_obviously_truthful() -> None:
    """Ex-post truthful, yet one has to trust the rule: the search for obviousness tells the forms apart."""
    rule = registered(RISING.market(), "signal-discovery", form="sealed")
    assert find_ex_post_violation(RISING, rule, all_tapes(RISING)) is None
    violation = find_obviousness_violation(RISING, rule, all_tapes(RISING))
    assert violation is not None
    assert violation.promise == "obviousness"
