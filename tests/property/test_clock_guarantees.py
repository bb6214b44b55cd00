"""Lemmas and guarantees of signal discovery, in exact arithmetic, and the wrong reading that breaks them.

Source: CLOCK, Lemmas 1 and 2, Theorems 1, 2, 4, 5, 7, 8, 10, with the constants of the design.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.expectation import Expectation, expect
from openoutcry.mechanisms.exploring import outcome_distribution
from openoutcry.mechanisms.registry import MECHANISMS
from tests.reference.driving import Played, Rule, play, registered, truthful
from tests.reference.instances import (
    Instance,
    all_tied_at_the_bottom,
    instances,
    owned_tables,
    profiles_of,
    single_group,
    tight_for_revenue,
    tight_for_welfare,
)
from tests.reference.naive import Variant, discovery, is_among_the_best
from tests.reference.tapes import all_tapes, some_tapes

DISCOVERY = MECHANISMS["signal-discovery"]
FORMS = st.sampled_from(["clock", "sealed"])
SCOPES = st.sampled_from(["group", "all"])
MIXTURES = st.sampled_from(["0", "0", "1/20", "1/3", "1"])


def expectation_of(instance: Instance, signals: Sequence[int], **raw: object) -> Expectation:
    """Return the product's exact expectation, everybody truthful."""
    answerers = [answer_with_signal(signal) for signal in signals]
    return expect(instance.market(), DISCOVERY, DISCOVERY.configure(raw), answerers, signals)


def most_rejected(played: Played) -> tuple[int, int]:
    """Return the largest R* at any time, and the largest between iterations.

    A state of phase "costly" already holds the bidder just drawn, so one less stood there before the
    iteration.
    """
    sizes = []
    for state in played.states:
        rejected = state.get("rejected", [])
        assert isinstance(rejected, list)
        sizes.append((state["phase"], len(rejected)))
    anywhere = max((size for _, size in sizes), default=0)
    before = [size - 1 for phase, size in sizes if phase == "costly"]
    after = [size for phase, size in sizes if phase in {"offer", "final"}]
    return anywhere, max(before + after, default=0)


def chance_of_the_best(instance: Instance, signals: Sequence[int], rule: Rule) -> Fraction:
    """Return the exact probability that the owner of the true state buys, everybody truthful."""
    best = instance.owner(instance.state(signals), range(instance.size))
    distribution = outcome_distribution(rule, [answer_with_signal(signal) for signal in signals])
    shares = [
        share
        for deal, share in distribution.probabilities.items()
        if [award.bidder for award in deal.awards] == [best]
    ]
    return sum(shares, Fraction(0))


def promised_to_the_best(instance: Instance, signals: Sequence[int]) -> Fraction:
    """Return 1 / (min(4, n_g) l (k-1)), where g is the group of the best bidder."""
    best = instance.owner(instance.state(signals), range(instance.size))
    rivals = min(4, len(instance.members(instance.group_of[best])))
    return Fraction(1, rivals * instance.group_count * (instance.levels - 1))


def argmax_reading(instance: Instance) -> Rule:
    """Return the planted discovery in which every bidder of the argmax counts as optimal at a level."""
    return lambda chance: discovery(instance, Variant(), chance, is_among_the_best)


def owner_at(owners: Sequence[int], state: tuple[int, ...]) -> int:
    """Return who owns a level of the only group."""
    return owners[state[0]]


# --- Lemmas 1 and 2: the rejected bidders that may be the best -------------------------------------------


@settings(deadline=None, max_examples=250)
@given(
    data=st.data(),
    instance=instances(min_bidders=2, max_bidders=6, max_groups=3),
    pricing=st.sampled_from(["welfare", "revenue"]),
    scope=SCOPES,
    seed=st.integers(0, 2**32 - 1),
)
def test_at_most_two_rejected_bidders_may_be_the_best(
    data: st.DataObject, instance: Instance, pricing: str, scope: str, seed: int
) -> None:
    """|R*| is at most 2 always and at most 1 between iterations."""
    signals = data.draw(profiles_of(instance))
    rule = registered(instance.market(), "signal-discovery", pricing=pricing, scope=scope)
    for tape in some_tapes(instance, 10, seed):
        anywhere, between = most_rejected(play(rule, truthful(signals), tape, instance.size))
        assert anywhere <= 2
        assert between <= 1


def test_two_rejected_bidders_may_be_the_best() -> None:
    """The bound of 2 is reached, so the check above looks at something."""
    instance, signals = tight_for_welfare()
    rule = registered(instance.market(), "signal-discovery")
    sizes = {
        most_rejected(play(rule, truthful(signals), tape, instance.size)) for tape in all_tapes(instance)
    }
    assert max(anywhere for anywhere, _ in sizes) == 2
    assert max(between for _, between in sizes) == 1


# --- Theorems 1, 4, 7, 10: welfare -----------------------------------------------------------------------


@settings(deadline=None, max_examples=400)
@given(
    data=st.data(),
    instance=instances(max_bidders=6, max_groups=3),
    form=FORMS,
    scope=SCOPES,
)
def test_the_best_bidder_wins_often_enough(
    data: st.DataObject, instance: Instance, form: str, scope: str
) -> None:
    """Under welfare pricing P(h(s) wins) >= 1 / (min(4, n_g) l (k-1)), in both forms and scopes."""
    signals = data.draw(profiles_of(instance))
    rule = registered(instance.market(), "signal-discovery", form=form, scope=scope)
    assert chance_of_the_best(instance, signals, rule) >= promised_to_the_best(instance, signals)


@settings(deadline=None, max_examples=300)
@given(
    data=st.data(),
    instance=instances(max_bidders=6, max_groups=3),
    form=FORMS,
    scope=SCOPES,
)
def test_revenue_is_a_sixth_of_the_optimum_over_the_guesses(
    data: st.DataObject, instance: Instance, form: str, scope: str
) -> None:
    """Under revenue pricing the expected revenue is at least optimum / (6 l (k-1))."""
    signals = data.draw(profiles_of(instance))
    expectation = expectation_of(instance, signals, pricing="revenue", form=form, scope=scope)
    guesses = instance.group_count * (instance.levels - 1)
    assert expectation.revenue >= Fraction(expectation.optimum, 6 * guesses)
    assert expectation.welfare >= expectation.revenue


@pytest.mark.parametrize("growth", [2, 100])
def test_both_bounds_hold_for_every_ownership_of_three_binary_bidders(growth: int) -> None:
    """All 81 ways to own four levels, all eight profiles: no instance of this size escapes the bounds."""
    least_chance, least_revenue = Fraction(1), Fraction(1)
    for owners in product(range(3), repeat=4):
        tables = owned_tables(2, (0, 0, 0), partial(owner_at, owners), growth)
        instance = Instance(levels=2, group_of=(0, 0, 0), tables=tables)
        market = instance.market()
        rule = registered(market, "signal-discovery")
        for signals in instance.profiles():
            best = chance_of_the_best(instance, signals, rule)
            revenue = expectation_of(instance, signals, pricing="revenue")
            least_chance = min(least_chance, best)
            least_revenue = min(least_revenue, revenue.revenue / revenue.optimum)
    assert least_chance == Fraction(1, 3)
    assert Fraction(1, 6) <= least_revenue


def test_the_constant_four_is_tight() -> None:
    """Owners 0, 0, 1, 2, 3 and signals 1, 0, 1, 0: the best wins, and welfare is, exactly one fourth."""
    instance, signals = tight_for_welfare()
    expectation = expectation_of(instance, signals)
    market = instance.market()
    assert expectation.win_probability[1] == Fraction(1, 4)
    assert expectation.welfare == Fraction(expectation.optimum, 4)
    assert DISCOVERY.guarantee(market, DISCOVERY.configure({})).welfare == Fraction(1, 4)


def test_the_constant_six_is_tight() -> None:
    """Owners 0, 1, 1, 2 and signals 1, 0, 0: revenue is exactly one sixth of the optimum."""
    instance, signals = tight_for_revenue()
    expectation = expectation_of(instance, signals, pricing="revenue")
    assert expectation.revenue == Fraction(expectation.optimum, 6)
    parameters = DISCOVERY.configure({"pricing": "revenue"})
    assert DISCOVERY.guarantee(instance.market(), parameters).revenue == Fraction(1, 6)


# --- What the registry promises --------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(
    data=st.data(),
    instance=instances(max_bidders=5, max_groups=3),
    pricing=st.sampled_from(["welfare", "revenue"]),
    form=FORMS,
    scope=SCOPES,
    mixture=MIXTURES,
)
def test_what_the_registry_promises_is_kept(
    data: st.DataObject, instance: Instance, pricing: str, form: str, scope: str, mixture: str
) -> None:
    """The registered guarantee holds for the exact expectation at every profile drawn."""
    signals = data.draw(profiles_of(instance))
    raw = {"pricing": pricing, "form": form, "scope": scope, "uniform_probability": mixture}
    expectation = expectation_of(instance, signals, **raw)
    guarantee = DISCOVERY.guarantee(instance.market(), DISCOVERY.configure(raw))
    assert guarantee.welfare is not None
    assert expectation.welfare >= guarantee.welfare * expectation.optimum
    if guarantee.revenue is not None:
        assert expectation.revenue >= guarantee.revenue * expectation.optimum
    assert (guarantee.revenue is None) == (pricing == "welfare")


@pytest.mark.parametrize("share", ["1/20", "1/2"])
def test_the_mixture_dilutes_the_promise_and_no_more(share: str) -> None:
    """With probability eta of the uniform clock the promise is (1 - eta) times what it was."""
    for pricing, (instance, _) in (("welfare", tight_for_welfare()), ("revenue", tight_for_revenue())):
        market = instance.market()
        pure = DISCOVERY.guarantee(market, DISCOVERY.configure({"pricing": pricing}))
        raw = {"pricing": pricing, "uniform_probability": share}
        mixed = DISCOVERY.guarantee(market, DISCOVERY.configure(raw))
        assert pure.welfare is not None
        assert mixed.welfare == (1 - Fraction(share)) * pure.welfare


def test_no_revenue_is_promised_under_welfare_pricing_because_none_is_sure() -> None:
    """A lone bidder that owns every level buys at its value at signal 0, which may be nothing."""
    instance = single_group(2, [(0, 100)])
    expectation = expectation_of(instance, (1,))
    assert expectation.welfare == 100
    assert expectation.revenue == 0


# --- The wrong reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 4, 5])
def test_reading_owner_as_argmax_breaks_the_lemma_and_the_theorem(size: int) -> None:
    """With all of the argmax as owners R* grows to n-1 and the best wins with 1/n; with owners 1 - 1/n."""
    instance, signals = all_tied_at_the_bottom(size)
    planted = argmax_reading(instance)
    product = registered(instance.market(), "signal-discovery")
    respond = truthful(signals)
    tapes = list(all_tapes(instance, prices=1))
    worst_planted = max(most_rejected(play(planted, respond, tape, size)) for tape in tapes)
    worst_product = max(most_rejected(play(product, respond, tape, size)) for tape in tapes)
    assert worst_planted == (size - 1, size - 2)
    assert worst_product <= (2, 1)
    assert chance_of_the_best(instance, signals, planted) == Fraction(1, size)
    assert chance_of_the_best(instance, signals, product) == 1 - Fraction(1, size)


def test_the_check_of_the_bound_catches_the_argmax_reading() -> None:
    """With five bidders the planted reading falls below one fourth, and the check says so."""
    instance, signals = all_tied_at_the_bottom(5)
    promised = promised_to_the_best(instance, signals)
    assert chance_of_the_best(instance, signals, argmax_reading(instance)) < promised
