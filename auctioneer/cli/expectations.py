"""How `auctioneer expect` shows what it found: tables for people, objects with exact numbers for programs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from auctioneer.cli.printing import say, show_average, show_exact
from auctioneer.cli.tables import STRATEGY_BREAKS, Column, Row, print_table
from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.scenario import Scenario
from openoutcry.session.narration import describe_type
from openoutcry.simulation.comparing import Comparison, label, promised_revenue
from openoutcry.simulation.expectation import ScenarioExpectation
from openoutcry.simulation.private import draw_private

EXACT_LENGTH = 11
"""Characters up to which an exact number is shown in a table; as wide as its widest headings."""

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
    _say_headline(console, scenario)
    _print_bidders(console, scenario, found)
    lines = [
        f"welfare  {show_exact(expectation.welfare)} of {show_exact(expectation.optimum)}{_share(found)}"
    ]
    revenue = f"revenue  {show_exact(expectation.revenue)}"
    if optimal is not None:
        revenue += f", {_share_of(expectation.revenue, optimal)} of the optimal revenue "
        revenue += show_exact(optimal.lower) if optimal.is_exact else _bounds(optimal, minor_units=0)
    lines.append(revenue)
    if isinstance(expectation, TypeExpectation) and any(expectation.rewards):
        lines.append(
            f"rewards  {show_exact(sum(expectation.rewards, Fraction(0)))}, already taken off the revenue"
        )
    lines.append(f"unsold   with probability {show_exact(expectation.unsold_probability)}")
    for line in lines:
        say(console, line, then=" " * 9)
    say(console, f"promised: {found.guarantee.text}")
    for line in _explained(scenario, found):
        say(console, line)
    market = scenario.specification.market
    if market.minor_units:
        say(console, f"money in minor units: {10**market.minor_units} are one {market.currency}")
    console.print()


def show_comparison(console: Console, scenario: Scenario, comparison: Comparison) -> None:
    """Show several mechanisms in one table, what nobody can exceed in its last line, and below it who cannot run."""
    _say_headline(console, scenario)
    if comparison.results:
        _print_mechanisms(console, scenario, comparison)
    for refusal in comparison.refusals:
        say(console, f"{label(scenario, refusal.choice)} cannot run: {refusal.reason}")
    if comparison.optimal_refusal:
        say(console, f"the optimal revenue is not shown: {comparison.optimal_refusal}")
    for line in _explained(scenario, comparison.results[0]) if comparison.results else ():
        say(console, line)
    console.print()


def _say_headline(console: Console, scenario: Scenario) -> None:
    headline = Text.assemble((scenario.title, "bold"), f"  ({scenario.file})")
    console.print(headline, highlight=False, soft_wrap=True)
    console.print()


def _explained(scenario: Scenario, found: ScenarioExpectation) -> list[str]:
    lines = []
    if found.over == "prior" and isinstance(found.expectation, TypeExpectation):
        lines.append(
            f"over all {found.expectation.profiles:,} profiles of types that the prior holds possible"
        )
        if scenario.knowledge:
            lines.append(
                "some bidders know more than the prior, so revenue may exceed what is best without them"
            )
    return lines


def _print_bidders(console: Console, scenario: Scenario, found: ScenarioExpectation) -> None:
    expectation, market = found.expectation, scenario.specification.market
    is_private = found.over == "private"
    known: list[str] = []
    if is_private:
        known = ["signal", "value"] if isinstance(market, Market) else ["value"]
    rewards = expectation.rewards if isinstance(expectation, TypeExpectation) else None
    numbers = ["wins", "pays", *(["is rewarded"] if rewards is not None else []), "gains"]
    columns = [
        Column(heading="bidder"),
        *(Column(heading=heading) for heading in known),
        Column(heading="strategy", breaks_after=STRATEGY_BREAKS),
        *(Column(heading=heading, is_number=True) for heading in numbers),
    ]
    private = _private_columns(scenario) if is_private else [[] for _ in scenario.names]
    rows = []
    for bidder, name in enumerate(scenario.names):
        shown = [
            expectation.win_probability[bidder],
            expectation.payments[bidder],
            *([rewards[bidder]] if rewards is not None else []),
            expectation.utilities[bidder],
        ]
        cells = [show_exact(number, longest=EXACT_LENGTH) for number in shown]
        rows.append([name, *private[bidder], scenario.strategy(name), *cells])
    print_table(console, columns, rows, caption="probabilities of winning, and money on average")


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
    state = market.state(signals)
    return [[str(signal), str(market.value(bidder, state))] for bidder, signal in enumerate(signals)]


def _print_mechanisms(console: Console, scenario: Scenario, comparison: Comparison) -> None:
    optimal, market = comparison.optimal, scenario.specification.market

    def money(value: Fraction | int) -> str:
        return show_average(value, minor_units=market.minor_units)

    headings = ("revenue", "of OPT", "welfare", "rewards", "at least")
    columns = [
        Column(heading="mechanism", indent="  "),
        *(Column(heading=heading, is_number=True) for heading in headings),
    ]
    rows = []
    for found in comparison.results:
        expectation = found.expectation
        rewards = expectation.rewards if isinstance(expectation, TypeExpectation) else ()
        promised = _promised(found, optimal)
        rows.append(
            [
                label(scenario, found.choice),
                money(expectation.revenue),
                "-" if optimal is None else _share_of(expectation.revenue, optimal),
                money(expectation.welfare),
                money(sum(rewards, Fraction(0))),
                "-" if promised is None else money(promised),
            ]
        )
    print_table(
        console,
        columns,
        rows,
        [_last_row(comparison, optimal, market.minor_units)],
        caption=f"money in {market.currency}, rounded; --json gives the exact numbers",
        is_light=True,
    )


def _last_row(comparison: Comparison, optimal: OptimalRevenue | None, minor_units: int) -> Row:
    """Return what no mechanism exceeds: in revenue, and in welfare."""
    greatest = show_average(comparison.results[0].expectation.optimum, minor_units=minor_units)
    if optimal is None:
        return ["greatest welfare", "", "", greatest, "", ""]
    return [
        "OPT, greatest welfare",
        _bounds(optimal, minor_units=minor_units),
        "100.0%",
        greatest,
        "",
        "",
    ]


def _promised(found: ScenarioExpectation, optimal: OptimalRevenue | None) -> Fraction | None:
    best = None if optimal is None else optimal.lower
    return promised_revenue(found.guarantee, Fraction(found.expectation.optimum), best)


def _bounds(optimal: OptimalRevenue, *, minor_units: int) -> str:
    """Return the optimal revenue rounded, or the bounds between which it lies; they may stand on two lines."""
    lower = show_average(optimal.lower, minor_units=minor_units)
    if optimal.is_exact:
        return lower
    return f"{lower} to {show_average(optimal.upper, minor_units=minor_units)}"


def _share(found: ScenarioExpectation) -> str:
    expectation = found.expectation
    return f" ({_percent(expectation.welfare, Fraction(expectation.optimum))})" if expectation.optimum else ""


def _share_of(revenue: Fraction, optimal: OptimalRevenue) -> str:
    sign = "" if optimal.is_exact else ">="
    return sign + _percent(revenue, optimal.upper)


def _percent(part: Fraction, whole: Fraction) -> str:
    return f"{float(part / whole):.1%}" if whole else "-"


def _by_name(names: tuple[str, ...], values: tuple[Fraction, ...]) -> dict[str, str]:
    return dict(zip(names, map(str, values), strict=True))
