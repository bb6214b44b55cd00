"""What is proved: the papers' constants, ours, and what is out of reach, on markets of known size."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.lab.bounds import Bound, bounds_on, weakest
from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.registry import find_generator
from openoutcry.mechanisms.hard_instances import hard_counts, hard_sums
from openoutcry.mechanisms.registry import find_mechanism


def shares(mechanism: str, market, **parameters) -> dict[tuple[str, str], Fraction]:
    """Return what is proved, by kind and quantity."""
    configured = find_mechanism(mechanism).configure(parameters)
    return {(one.kind, one.quantity): one.share for one in bounds_on(mechanism, configured, market)}


def test_signal_discovery_has_all_three_bounds_under_welfare_pricing():
    """With l = 2, k = 3 ours is 1/(4 l (k-1)) with large groups, the paper's 1/(5 l (k-1))."""
    market = hard_sums(2, 3).market
    found = shares("signal-discovery", market, pricing="welfare")
    largest = max(len(market.members(group)) for group in range(2))
    assert found == {
        ("ours", "welfare"): Fraction(1, min(4, largest) * 2 * 2),
        ("paper", "welfare"): Fraction(1, 5 * 2 * 2),
        ("impossible", "welfare"): Fraction(1, 2 * 2 + 1),
        ("impossible", "revenue"): Fraction(1, 2 * 2 + 1),
    }


def test_signal_discovery_promises_revenue_under_revenue_pricing():
    """Ours 1/(6 l (k-1)) and the paper's 1/(10 l (k-1)), of welfare as much."""
    found = shares("signal-discovery", hard_sums(2, 3).market, pricing="revenue")
    for quantity in ("welfare", "revenue"):
        assert found["ours", quantity] == Fraction(1, 6 * 2 * 2)
        assert found["paper", quantity] == Fraction(1, 10 * 2 * 2)


def test_running_the_uniform_clock_instead_takes_its_share_of_the_papers_bound():
    """Half the time nothing is promised."""
    market = hard_sums(1, 2).market
    plain = shares("signal-discovery", market)["paper", "welfare"]
    half = shares("signal-discovery", market, uniform_probability="1/2")["paper", "welfare"]
    assert half == plain / 2


def test_counts_have_the_larger_bound():
    """With l = 1, k = 3: rho = l C(k, 2) + 1 = 4 by Theorem 12; no auction beats 1/4 by Theorem 11."""
    found = shares("threshold-lottery", hard_counts(1, 3).market)
    assert found["paper", "welfare"] == Fraction(1, 4)
    assert found["impossible", "welfare"] == Fraction(1, 4)


@pytest.mark.parametrize(("groups", "levels"), [(1, 2), (1, 3), (2, 2), (2, 3)])
def test_what_is_out_of_reach_is_what_the_hard_markets_argue(groups, levels):
    """One over the number of bidders of each hard market."""
    for hard in (hard_sums(groups, levels), hard_counts(groups, levels)):
        found = shares("threshold-lottery", hard.market)
        assert found["impossible", "welfare"] == Fraction(1, hard.target)


def test_with_fewer_bidders_than_the_argument_needs_nothing_is_out_of_reach():
    """The bound is argued with one bidder for each step, and says nothing of fewer."""
    market = hard_sums(1, 3).market
    smaller = market.restricted(range(len(market.bidders) - 1))
    assert ("impossible", "welfare") not in shares("uniform-clock", smaller)


def test_crowd_bounds_are_of_optimal_revenue_less_what_knowledge_costs():
    """(1 - 1/n) OPT - epsilon as printed in the paper, beside ours."""
    generator = find_generator("iid-values")
    market = generator.draw(generator.configure({"bidders": 4}), Luck(seed="any", market="any")).market
    configured = find_mechanism("crowdsourced-optimal").configure({"reward": "1/10", "delta": "1/50"})
    found = {one.kind: one for one in bounds_on("crowdsourced-optimal", configured, market)}
    assert found["paper"].share == Fraction(3, 4)
    assert found["ours"].share == Fraction(3, 4) * Fraction(49, 50)
    assert {one.loss for one in found.values()} == {Fraction(1, 10)}
    assert {one.benchmark for one in found.values()} == {"optimal revenue"}


def bound(share: Fraction, kind="ours") -> Bound:
    """Return a bound on welfare."""
    return Bound(kind=kind, quantity="welfare", benchmark="welfare", share=share, source="")


def test_what_holds_on_all_markets_is_the_least():
    """A promise that is not made on one market is not made on all."""
    half, third = Fraction(1, 2), Fraction(1, 3)
    both = [(bound(half), bound(half, "paper")), (bound(third), bound(half, "paper"))]
    assert weakest(both) == (bound(third), bound(half, "paper"))
    assert weakest([*both, (bound(half),)]) == (bound(third),)
    assert weakest([]) == ()
