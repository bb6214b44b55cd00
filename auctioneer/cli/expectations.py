"""How `auctioneer expect` shows what it found: tables for people, objects with exact numbers for programs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from auctioneer.cli.printing import decimal, show_exact
from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.scenario import Scenario
from openoutcry.session.narration import describe_type
from openoutcry.simulation.comparing import Comparison, promised_revenue
from openoutcry.simulation.expectation import ScenarioExpectation
from openoutcry.simulation.private import draw_private

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalRevenue


def expectation_values(
    scenario: Scenario, found: ScenarioExpectation, optimal: OptimalRevenue | None
) -> dict[str, object]:
    """Return an expectation as one JSON object; every exact number is a text."""
    return {
        "scenario": scenario.file,
        **_mechanism_values(scenario, found, optimal),
        **_optimal_values(optimal),
    }


def comparison_values(scenario: Scenario, comparison: Comparison) -> dict[str, object]:
    """Return a comparison as one JSON object; every exact number is a text."""
    return {
        "scenario": scenario.file,
        "mechanisms": [
            _mechanism_values(scenario, found, comparison.optimal) for found in comparison.results
        ],
        "cannot_run": [
            {"mechanism": refusal.choice.name, "reason": refusal.reason} for refusal in comparison.refusals
        ],
        **_optimal_values(comparison.optimal),
    }


def _mechanism_values(
    scenario: Scenario, found: ScenarioExpectation, optimal: OptimalRevenue | None
) -> dict[str, object]:
    names, expectation = scenario.names, found.expectation
    values: dict[str, object] = {
        "mechanism": found.choice.name,
        "parameters": dict(found.choice.parameters),
        "over": found.over,
        "win_probability": _by_name(names, expectation.win_probability),
        "unsold_probability": str(expectation.unsold_probability),
        "welfare": str(expectation.welfare),
        "revenue": str(expectation.revenue),
        "optimum": str(expectation.optimum),
        "payments": _by_name(names, expectation.payments),
        "utilities": _by_name(names, expectation.utilities),
        "guarantee": found.guarantee.text,
        "warnings": list(found.warnings),
    }
    if isinstance(expectation, TypeExpectation):
        values["rewards"] = _by_name(names, expectation.rewards)
        promised = _promised(found, optimal)
        values["promised_revenue"] = None if promised is None else str(promised)
    return values


def _optimal_values(optimal: OptimalRevenue | None) -> dict[str, object]:
    """Return OPT: one number where it is known exactly, else the bounds between which it lies."""
    if optimal is None:
        return {}
    if optimal.is_exact:
        return {"optimal_revenue": str(optimal.lower)}
    return {"optimal_revenue": None, "optimal_revenue_bounds": [str(optimal.lower), str(optimal.upper)]}


def show_expectation(
    console: Console, scenario: Scenario, found: ScenarioExpectation, optimal: OptimalRevenue | None
) -> None:
    """Show what one mechanism does."""
    expectation = found.expectation
    console.print(_headline(scenario), highlight=False, soft_wrap=True)
    console.print(_bidders(scenario, found))
    console.print(
        f"welfare  {show_exact(expectation.welfare)} of {show_exact(expectation.optimum)}{_share(found)}"
    )
    lines = [f"revenue  {show_exact(expectation.revenue)}"]
    if optimal is not None:
        lines[0] += (
            f", {_share_of(expectation.revenue, optimal)} of the optimal revenue {_show_optimal(optimal)}"
        )
    if isinstance(expectation, TypeExpectation) and any(expectation.rewards):
        lines.append(
            f"rewards  {show_exact(sum(expectation.rewards, Fraction(0)))}, already taken off the revenue"
        )
    lines.append(f"unsold   with probability {show_exact(expectation.unsold_probability)}")
    lines.append(f"promised: {found.guarantee.text}")
    lines += _explained(scenario, found)
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print()


def show_comparison(console: Console, scenario: Scenario, comparison: Comparison) -> None:
    """Show several mechanisms in one table, what nobody can exceed in its last line, and below it who cannot run."""
    console.print(_headline(scenario), highlight=False, soft_wrap=True)
    if comparison.results:
        console.print(_mechanisms(comparison))
    for refusal in comparison.refusals:
        console.print(
            escape(f"{refusal.choice.name} cannot run: {refusal.reason}"), highlight=False, soft_wrap=True
        )
    if comparison.optimal_refusal:
        line = f"the optimal revenue is not shown: {comparison.optimal_refusal}"
        console.print(escape(line), highlight=False, soft_wrap=True)
    for line in _explained(scenario, comparison.results[0]) if comparison.results else ():
        console.print(escape(line), highlight=False, soft_wrap=True)
    console.print()


def _headline(scenario: Scenario) -> str:
    return f"[bold]{escape(scenario.title)}[/bold]  ({escape(scenario.file)})"


def _explained(scenario: Scenario, found: ScenarioExpectation) -> list[str]:
    lines = []
    market = scenario.specification.market
    if found.over == "prior" and isinstance(found.expectation, TypeExpectation):
        lines.append(
            f"over all {found.expectation.profiles:,} profiles of types that the prior holds possible"
        )
        if scenario.knowledge:
            lines.append(
                "some bidders know more than the prior, so revenue may exceed what is best without them"
            )
    if market.minor_units:
        lines.append(f"money in minor units: {10**market.minor_units} are one {market.currency}")
    return lines


def _bidders(scenario: Scenario, found: ScenarioExpectation) -> Table:
    expectation, market = found.expectation, scenario.specification.market
    is_private, has_rewards = found.over == "private", isinstance(expectation, TypeExpectation)
    headings = ["bidder", "strategy", "wins", "pays", "gains"]
    if is_private:
        headings[1:1] = ["signal", "value"] if isinstance(market, Market) else ["value"]
    if has_rewards:
        headings.insert(-1, "is rewarded")
    table = _table(headings, caption="probabilities of winning, and money on average")
    known = _private_columns(scenario) if is_private else [[] for _ in scenario.names]
    for bidder, name in enumerate(scenario.names):
        cells = [
            *known[bidder],
            scenario.strategy(name),
            show_exact(expectation.win_probability[bidder]),
            show_exact(expectation.payments[bidder]),
        ]
        if isinstance(expectation, TypeExpectation):
            cells.append(show_exact(expectation.rewards[bidder]))
        table.add_row(escape(name), *map(escape, cells), show_exact(expectation.utilities[bidder]))
    return table


def _private_columns(scenario: Scenario) -> list[list[str]]:
    """Return for each bidder its signal and value, or its value."""
    market = scenario.specification.market
    if isinstance(market, TypeMarket):
        private = draw_private(scenario, scenario.seed)
        return [
            [describe_type(market, bidder, part if isinstance(part, int) else part.value)]
            for bidder, part in enumerate(private)
        ]
    signals = scenario.signals()
    sums = market.sums(signals)
    return [[str(signal), str(market.value(bidder, sums))] for bidder, signal in enumerate(signals)]


def _mechanisms(comparison: Comparison) -> Table:
    optimal = comparison.optimal
    table = Table(box=SIMPLE_HEAD, caption="rounded; --json gives the exact numbers")
    table.add_column("mechanism", no_wrap=True)
    for heading in ("revenue", "of OPT", "welfare", "rewards", "at least"):
        table.add_column(heading, justify="right", overflow="fold")
    for found in comparison.results:
        expectation = found.expectation
        rewards = expectation.rewards if isinstance(expectation, TypeExpectation) else ()
        promised = _promised(found, optimal)
        table.add_row(
            escape(found.choice.name),
            decimal(expectation.revenue),
            "-" if optimal is None else _share_of(expectation.revenue, optimal),
            decimal(expectation.welfare),
            decimal(sum(rewards, Fraction(0))),
            "-" if promised is None else decimal(promised),
        )
    table.add_section()
    # The last line is what no mechanism exceeds: in revenue, and in welfare.
    greatest = decimal(comparison.results[0].expectation.optimum)
    if optimal is None:
        table.add_row("greatest welfare", "", "", greatest, "", "")
    else:
        table.add_row("OPT, greatest welfare", _show_rounded(optimal), "100.0%", greatest, "", "")
    return table


def _table(headings: Sequence[str], caption: str) -> Table:
    table = Table(caption=caption)
    for heading in headings:
        # On a narrow terminal a number is broken rather than cut.
        table.add_column(heading, overflow="fold")
    return table


def _promised(found: ScenarioExpectation, optimal: OptimalRevenue | None) -> Fraction | None:
    best = None if optimal is None else optimal.lower
    return promised_revenue(found.guarantee, Fraction(found.expectation.optimum), best)


def _show_optimal(optimal: OptimalRevenue) -> str:
    if optimal.is_exact:
        return show_exact(optimal.lower)
    return _show_rounded(optimal)


def _show_rounded(optimal: OptimalRevenue) -> str:
    if optimal.is_exact:
        return decimal(optimal.lower)
    return f"{decimal(optimal.lower)}..{decimal(optimal.upper)}"


def _share(found: ScenarioExpectation) -> str:
    expectation = found.expectation
    return f" ({_percent(expectation.welfare, Fraction(expectation.optimum))})" if expectation.optimum else ""


def _share_of(revenue: Fraction, optimal: OptimalRevenue) -> str:
    sign = "" if optimal.is_exact else "at least "
    return sign + _percent(revenue, optimal.upper)


def _percent(part: Fraction, whole: Fraction) -> str:
    return f"{float(part / whole):.1%}" if whole else "-"


def _by_name(names: tuple[str, ...], values: tuple[Fraction, ...]) -> dict[str, str]:
    return dict(zip(names, map(str, values), strict=True))
