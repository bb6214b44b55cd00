"""What `auctioneer expect` gives programs: JSON objects in which every exact number is a text."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.mechanisms.interim import Interim
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee
from openoutcry.scenario import Scenario
from openoutcry.session.narration import describe_type
from openoutcry.simulation.comparing import CannotRun, Comparison, promised_revenue, promised_welfare
from openoutcry.simulation.expectation import ScenarioExpectation

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalRevenue

TRUTHFUL = "truthful"


def expectation_values(
    scenario: Scenario,
    found: ScenarioExpectation,
    optimal: OptimalRevenue | None,
    *,
    by_type: bool = False,
) -> dict[str, object]:
    """Return an expectation as one JSON object; every exact number is a text."""
    return {
        "scenario": scenario.file,
        **_mechanism_values(scenario, found, optimal, by_type=by_type),
        **optimal_values(optimal),
    }


def comparison_values(
    scenario: Scenario, comparison: Comparison, *, by_type: bool = False
) -> dict[str, object]:
    """Return a comparison as one JSON object; every exact number is a text."""
    return {
        "scenario": scenario.file,
        "mechanisms": [
            _mechanism_values(scenario, found, comparison.optimal, by_type=by_type)
            for found in comparison.results
        ],
        "cannot_run": refusal_values(comparison.refusals),
        **optimal_values(comparison.optimal),
    }


def refusal_values(refusals: Sequence[CannotRun]) -> list[dict[str, object]]:
    """Return as JSON which mechanisms cannot run, and why."""
    return [
        {
            "mechanism": refusal.choice.name,
            "reason": refusal.reason,
            "can_be_estimated": refusal.is_too_large,
        }
        for refusal in refusals
    ]


def guarantee_values(scenario: Scenario, guarantee: Guarantee) -> dict[str, object]:
    """Return as JSON what is promised, and who does not do what the promise asks for."""
    return {
        "guarantee": guarantee.text,
        "guaranteed_welfare_share": _text(guarantee.welfare),
        "guaranteed_revenue_share": _text(guarantee.revenue),
        "guaranteed_revenue_of": guarantee.benchmark,
        "guaranteed_revenue_loss": str(guarantee.revenue_loss),
        "not_truthful": not_truthful(scenario),
    }


def _mechanism_values(
    scenario: Scenario, found: ScenarioExpectation, optimal: OptimalRevenue | None, *, by_type: bool
) -> dict[str, object]:
    names, expectation = scenario.names, found.expectation
    optimum = Fraction(expectation.optimum)
    values: dict[str, object] = {
        "mechanism": found.choice.name,
        "parameters": dict(found.choice.parameters),
        "over": found.over,
        "profiles": expectation.profiles,
        "win_probability": _by_name(names, expectation.win_probability),
        "unsold_probability": str(expectation.unsold_probability),
        "welfare": str(expectation.welfare),
        "revenue": str(expectation.revenue),
        "optimum": str(optimum),
        "welfare_share": _text(expectation.welfare / optimum if optimum else None),
        "revenue_share": _text(expectation.revenue / optimum if optimum else None),
        "payments": _by_name(names, expectation.payments),
        "utilities": _by_name(names, expectation.utilities),
        **guarantee_values(scenario, found.guarantee),
        "promised_welfare": _text(promised_welfare(found.guarantee, optimum)),
        "promised_revenue": _text(promised(found, optimal)),
        "warnings": list(found.warnings),
    }
    if isinstance(expectation, TypeExpectation):
        values["rewards"] = _by_name(names, expectation.rewards)
    if optimal is not None and optimal.is_exact:
        values["optimal_revenue_share"] = _text(
            expectation.revenue / optimal.lower if optimal.lower else None
        )
    if by_type:
        values["by_type"] = {
            name: [
                _interim_values(scenario, bidder, index, each)
                for index, each in enumerate(expectation.interim[bidder])
                if each is not None
            ]
            for bidder, name in enumerate(names)
        }
    return values


def _interim_values(scenario: Scenario, bidder: int, index: int, each: Interim) -> dict[str, object]:
    return {
        **type_values(scenario, bidder, index),
        "probability": str(each.probability),
        "win_probability": str(each.win_probability),
        "payment": str(each.payment),
        "utility": str(each.utility),
    }


def type_values(scenario: Scenario, bidder: int, index: int) -> dict[str, object]:
    """Return as JSON which signal it is, or which type: its place in the list, and in words."""
    market = scenario.specification.market
    if isinstance(market, Market):
        return {"signal": index}
    return {"type": index, "value": describe_type(market, bidder, index)}


def _text(number: Fraction | None) -> str | None:
    return None if number is None else str(number)


def optimal_values(optimal: OptimalRevenue | None) -> dict[str, object]:
    """Return OPT: one number where it is known exactly, else the bounds between which it lies."""
    if optimal is None:
        return {}
    if optimal.is_exact:
        return {"optimal_revenue": str(optimal.lower)}
    return {"optimal_revenue": None, "optimal_revenue_bounds": [str(optimal.lower), str(optimal.upper)]}


def promised(found: ScenarioExpectation, optimal: OptimalRevenue | None) -> Fraction | None:
    """Return the revenue that is promised at least, in minor units; None when none is, or OPT is not known."""
    best = None if optimal is None else optimal.lower
    return promised_revenue(found.guarantee, Fraction(found.expectation.optimum), best)


def not_truthful(scenario: Scenario) -> dict[str, str]:
    """Return the strategies of those who do not do what every promise asks for, by name."""
    return {name: scenario.strategy(name) for name in scenario.names if scenario.strategy(name) != TRUTHFUL}


def _by_name(names: tuple[str, ...], values: tuple[Fraction, ...]) -> dict[str, str]:
    return dict(zip(names, map(str, values), strict=True))
