"""The table of `auctioneer expect --mechanism` where the optimal revenue is known between bounds, or not at all."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

from auctioneer.cli.comparisons import show_comparison
from auctioneer.cli.expectation_values import comparison_values
from auctioneer.cli.expectations import show_expectation
from openoutcry.mechanisms.crowd.optimal import OptimalRevenue
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.simulation.comparing import Comparison, compare_mechanisms, label
from openoutcry.simulation.expectation import MechanismChoice

LICENCES = Path(__file__).parents[3] / "examples" / "licences" / "scenario.toml"
BOUNDS = OptimalRevenue(lower=Fraction(1234567, 1000), upper=Fraction(1234667, 1000))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Give a scenario with a prior."""
    return load_scenario(LICENCES)


@pytest.fixture(scope="module")
def comparison(scenario: Scenario) -> Comparison:
    """Give two mechanisms in it, one of them twice."""
    changed = {"reward": "1/7", "discount": "1/3"}
    choices = [
        MechanismChoice(name="crowdsourced-optimal", parameters={}),
        MechanismChoice(name="crowdsourced-optimal", parameters=changed),
        MechanismChoice(name="vcg", parameters={}),
    ]
    return compare_mechanisms(scenario, choices)


def shown(scenario: Scenario, comparison: Comparison) -> list[str]:
    """Return the lines that are printed."""
    written = io.StringIO()
    show_comparison(Console(file=written, width=80), replace(scenario, file="licences.toml"), comparison)
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_bounds_of_the_optimal_revenue_are_both_shown(scenario: Scenario, comparison: Comparison):
    """Shares are of the upper bound, and so at least what is shown; all of it within 80 columns."""
    bounded = replace(comparison, optimal=BOUNDS)
    lines = shown(scenario, bounded)
    text = " ".join(" ".join(lines).split())
    for part in ("1235 to", "1235", ">=5.4%"):
        assert part in text
    assert max(map(len, lines)) <= 80
    values = comparison_values(scenario, bounded)
    assert values["optimal_revenue_bounds"] == ["1234567/1000", "1234667/1000"]


def test_without_the_optimal_revenue_welfare_is_what_nobody_exceeds(
    scenario: Scenario, comparison: Comparison
):
    """And why it is not there is told below."""
    lines = shown(scenario, replace(comparison, optimal=None, optimal_refusal="too many types, " * 8))
    assert any(line.startswith("greatest welfare") for line in lines)
    assert any(line.startswith("the optimal revenue is not shown: too many types") for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_row_says_in_what_it_differs(scenario: Scenario, comparison: Comparison):
    """From the scenario's own parameters, and from defaults; in the order given."""
    labels = [label(scenario, found.choice) for found in comparison.results]
    assert labels == ["crowdsourced-optimal", "crowdsourced-optimal reward=1/7 discount=1/3", "vcg"]


@pytest.mark.parametrize("optimal", [None, BOUNDS])
def test_one_mechanism_is_shown_within_the_width(
    scenario: Scenario, comparison: Comparison, optimal: OptimalRevenue | None
):
    """However long its guarantee is; headings and numbers are whole."""
    written = io.StringIO()
    console = Console(file=written, width=80)
    show_expectation(console, replace(scenario, file="licences.toml"), comparison.results[0], optimal)
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("is rewarded" in line for line in lines)
    assert any("128347/4400" in line for line in lines)
