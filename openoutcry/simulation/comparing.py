"""The same scenario under several mechanisms: what each does on average, beside the best that anybody could.

Decides: which mechanisms can run, and why the others cannot, in one line each. What each does is exact, or estimated
from auctions that are played with the same seed for all of them. Called by `auctioneer expect` when it is given
mechanisms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from openoutcry.errors import ConfigurationError, TooLargeError, UsageError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.exploring import DEFAULT_RUN_LIMIT
from openoutcry.mechanisms.mechanism import Guarantee
from openoutcry.mechanisms.registry import MECHANISMS, find_mechanism
from openoutcry.scenario.model import Scenario
from openoutcry.simulation.estimation import ScenarioEstimate, estimate_scenario
from openoutcry.simulation.expectation import (
    MechanismChoice,
    Over,
    ScenarioExpectation,
    expect_scenario,
    inherited_choice,
)

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalRevenue

ALL = "all"
"""In place of a name: every mechanism of the scenario's kind of market."""

_Found = TypeVar("_Found", ScenarioExpectation, ScenarioEstimate)

StepProgress = Callable[[str], None]
"""Told how far the work is, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotRun:
    """A mechanism that is not compared, and why.

    Attributes:
        choice: The mechanism.
        reason: One line.
        is_too_large: Whether only an exact expectation is out of reach.
    """

    choice: MechanismChoice
    reason: str
    is_too_large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What several mechanisms do in one scenario.

    Attributes:
        results: Of those that can run, in the order asked for.
        refusals: Of those that cannot.
        optimal: Revenue of the best dominant-strategy truthful mechanism for the prior, exactly or between bounds; None
            without a prior, or when it is too large to compute.
        optimal_refusal: Why it is too large; empty when it is not.
    """

    results: tuple[ScenarioExpectation, ...]
    refusals: tuple[CannotRun, ...]
    optimal: OptimalRevenue | None
    optimal_refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateComparison:
    """What several mechanisms did in auctions of one scenario.

    Attributes:
        results: Of those that can run, in the order asked for.
        refusals: Of those that cannot.
        optimal: As in `Comparison`.
        optimal_refusal: As in `Comparison`.
        was_stopped: Whether mechanisms are left out because it was stopped.
    """

    results: tuple[ScenarioEstimate, ...]
    refusals: tuple[CannotRun, ...]
    optimal: OptimalRevenue | None
    optimal_refusal: str
    was_stopped: bool


def compare_mechanisms(
    scenario: Scenario,
    choices: Sequence[MechanismChoice],
    *,
    over: Over | None = None,
    limit: int = DEFAULT_RUN_LIMIT,
    progress: StepProgress | None = None,
) -> Comparison:
    """Compute what several mechanisms do on average in one scenario.

    Args:
        scenario: Its own parameters hold for all mechanisms that have parameters of the same names.
        choices: Mechanisms; the name `all` stands for every one of the scenario's kind of market. Each is taken once.
        over: As in `expect_scenario`.
        limit: Most runs to spend on each mechanism.
        progress: Told how far the work is.

    Raises:
        ScenarioError: A signal or type is missing, or a strategy cannot be loaded.
        ConfigurationError: There is no mechanism of a name.
    """

    def expect_one(choice: MechanismChoice) -> ScenarioExpectation:
        told = _named(progress, label(scenario, choice), "profiles")
        return expect_scenario(scenario, choice, over=over, limit=limit, progress=told)

    results, refusals = _try_each(scenario, choices, expect_one)
    optimal, optimal_refusal = best_revenue(scenario, progress) if over != "private" else (None, "")
    return Comparison(
        results=tuple(results),
        refusals=tuple(refusals),
        optimal=optimal,
        optimal_refusal=optimal_refusal,
    )


def compare_estimates(
    scenario: Scenario,
    choices: Sequence[MechanismChoice],
    *,
    over: Over | None = None,
    auctions: int,
    seed: str,
    progress: StepProgress | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> EstimateComparison:
    """Estimate what several mechanisms do in one scenario: the same types, signals and luck for all of them.

    Args:
        scenario: As in `compare_mechanisms`.
        choices: As in `compare_mechanisms`.
        over: As in `estimate_scenario`.
        auctions: How many each mechanism plays.
        seed: Any text.
        progress: Told how far the work is.
        is_stopped: Asked before each auction; what is left is left out once it says yes.

    Raises:
        ScenarioError: As in `compare_mechanisms`.
        ConfigurationError: As in `compare_mechanisms`.
    """

    def estimate_one(choice: MechanismChoice) -> ScenarioEstimate | None:
        told = _named(progress, label(scenario, choice), "auctions")
        return estimate_scenario(
            scenario,
            choice,
            over=over,
            auctions=auctions,
            seed=seed,
            progress=told,
            is_stopped=is_stopped,
        )

    results, refusals = _try_each(scenario, choices, estimate_one)
    wants_optimal = over != "private" and not is_stopped()
    optimal, optimal_refusal = best_revenue(scenario, progress) if wants_optimal else (None, "")
    return EstimateComparison(
        results=tuple(results),
        refusals=tuple(refusals),
        optimal=optimal,
        optimal_refusal=optimal_refusal,
        was_stopped=is_stopped(),
    )


def _try_each(
    scenario: Scenario,
    choices: Sequence[MechanismChoice],
    find: Callable[[MechanismChoice], _Found | None],
) -> tuple[list[_Found], list[CannotRun]]:
    """Return what is found for each mechanism, and who cannot run."""
    results: list[_Found] = []
    refusals: list[CannotRun] = []
    for choice in _expand(scenario, choices):
        try:
            found = find(choice)
        except (ConfigurationError, UsageError) as refusal:
            is_too_large = isinstance(refusal, TooLargeError)
            refusals.append(CannotRun(choice=choice, reason=str(refusal), is_too_large=is_too_large))
        else:
            if found is not None:
                results.append(found)
    return results, refusals


def best_revenue(
    scenario: Scenario, progress: StepProgress | None = None
) -> tuple[OptimalRevenue | None, str]:
    """Return OPT(E, D) of a scenario with a prior; None with the reason when it cannot be computed.

    The reason is empty where there is no prior.
    """
    market, prior = scenario.specification.market, scenario.prior
    if not isinstance(market, TypeMarket) or prior is None:
        return None, ""
    # Brings a solver with it, which nobody else needs.
    from openoutcry.mechanisms.crowd.optimal import optimal_revenue

    try:
        report = None if progress is None else (lambda line: progress(f"the optimal revenue: {line}"))
        return optimal_revenue(replace(market, prior=None), prior, progress=report), ""
    except ConfigurationError as refusal:
        return None, str(refusal)


def promised_welfare(guarantee: Guarantee, expectation_optimum: Fraction) -> Fraction | None:
    """Return the welfare that a guarantee promises at least, in minor units; None when it promises none."""
    return None if guarantee.welfare is None else guarantee.welfare * expectation_optimum


def promised_revenue(
    guarantee: Guarantee, expectation_optimum: Fraction, optimal: Fraction | None
) -> Fraction | None:
    """Return the revenue that a guarantee promises at least, in minor units; None when it promises none.

    Args:
        guarantee: Of the mechanism.
        expectation_optimum: Expected greatest welfare.
        optimal: Lower bound of the optimal revenue, when it is known.
    """
    benchmark = expectation_optimum if guarantee.benchmark == "welfare" else optimal
    if guarantee.revenue is None or benchmark is None:
        return None
    return guarantee.revenue * benchmark - guarantee.revenue_loss


def label(scenario: Scenario, choice: MechanismChoice) -> str:
    """Return a mechanism's name with the parameters that tell it apart, such as `vickrey-reserve order=lazy`.

    Those are left out that the scenario would give it anyway, or that it takes when nobody gives any.
    """
    mechanism = find_mechanism(choice.name)
    usual: dict[str, object] = {parameter.name: parameter.default for parameter in mechanism.parameters}
    usual |= inherited_choice(scenario, MechanismChoice(name=choice.name, parameters={})).parameters
    told = [
        f"{key}={_written(value)}"
        for key, value in choice.parameters.items()
        if key not in usual or _written(value) != _written(usual[key])
    ]
    return " ".join([choice.name, *told])


def _written(value: object) -> str:
    """Return a raw parameter as a person writes it on the command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expand(scenario: Scenario, choices: Sequence[MechanismChoice]) -> list[MechanismChoice]:
    kind = "types" if isinstance(scenario.specification.market, TypeMarket) else "signals"
    # By its parameters as they are read: one that is written out and one that is left to its default are the same.
    expanded: dict[tuple[str, object], MechanismChoice] = {}
    for choice in choices:
        names = (
            [name for name, mechanism in MECHANISMS.items() if mechanism.market == kind]
            if choice.name == ALL
            else [choice.name]
        )
        for name in names:
            known = inherited_choice(scenario, MechanismChoice(name=name, parameters=choice.parameters))
            expanded.setdefault((name, _configured(known)), known)
    return list(expanded.values())


def _configured(choice: MechanismChoice) -> object:
    """Return the parameters as the mechanism reads them; as they are written where it cannot read them."""
    try:
        return find_mechanism(choice.name).configure(choice.parameters)
    except ConfigurationError:
        return tuple(sorted((key, _written(value)) for key, value in choice.parameters.items()))


def _named(progress: StepProgress | None, name: str, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, count: progress(f"{name}: {done:,} of {count:,} {what}")
