"""How `auctioneer expect --mechanism` shows several mechanisms: one table, and below it who cannot run, and why."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rich.console import Console

from auctioneer.cli.expectation_values import promised
from auctioneer.cli.expectations import (
    bounds,
    explained,
    has_side_bets,
    interim_rows,
    percent,
    print_bidders,
    print_by_type,
    say_headline,
    say_minor_units,
    share_of,
)
from auctioneer.cli.printing import say, show_average
from auctioneer.cli.tables import Column, Row, print_table
from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.scenario import Scenario
from openoutcry.simulation.comparing import CannotRun, Comparison, label, promised_welfare
from openoutcry.simulation.expectation import MechanismChoice


def show_comparison(
    console: Console,
    scenario: Scenario,
    comparison: Comparison,
    *,
    by_type: bool = False,
    by_bidder: bool = False,
) -> None:
    """Show several mechanisms in one table, what nobody can exceed in its last line, and below it who cannot run."""
    say_headline(console, scenario)
    if comparison.results:
        _print_mechanisms(console, scenario, comparison)
    for found in comparison.results:
        if isinstance(found.expectation, TypeExpectation) and has_side_bets(found.choice):
            total = sum(found.expectation.rewards, Fraction(0))
            say_side_bets(console, scenario, found.choice, total)
    say_refusals(console, scenario, comparison.refusals, comparison.optimal_refusal)
    if comparison.results:
        first = comparison.results[0]
        for line in explained(scenario, first.over, first.expectation.profiles):
            say(console, line)
    for found in comparison.results if by_bidder or by_type else ():
        console.print()
        say(console, label(scenario, found.choice))
        if by_bidder:
            print_bidders(console, scenario, found)
        if by_type:
            print_by_type(console, scenario, interim_rows(scenario, found))
    if by_bidder or by_type:
        say_minor_units(console, scenario)
    console.print()


def say_side_bets(
    console: Console, scenario: Scenario, choice: MechanismChoice, rewards: Fraction | float
) -> None:
    """Say that a mechanism takes bets and gives no rewards, and how they end on average."""
    minor_units = scenario.specification.market.minor_units
    total = Fraction(rewards)
    told = show_average(abs(total), minor_units=minor_units)
    told = f"win {told}, taken off the revenue" if total > 0 else f"pay {told}, which is in the revenue"
    say(
        console,
        f"{label(scenario, choice)} gives no rewards: in side bets on each other's values bidders {told}",
    )


def say_refusals(
    console: Console, scenario: Scenario, refusals: Sequence[CannotRun], optimal_refusal: str
) -> None:
    """Say who cannot run and why, and why the optimal revenue is not there."""
    by_reason: dict[str, list[str]] = {}
    for refusal in refusals:
        by_reason.setdefault(refusal.reason, []).append(label(scenario, refusal.choice))
    for reason, names in by_reason.items():
        say(console, f"{', '.join(names)} cannot run: {reason}")
    if optimal_refusal:
        say(console, f"the optimal revenue is not shown: {optimal_refusal}")


def _print_mechanisms(console: Console, scenario: Scenario, comparison: Comparison) -> None:
    if isinstance(scenario.specification.market, TypeMarket):
        headings, rows, last = _type_table(scenario, comparison)
    else:
        headings, rows, last = _signal_table(scenario, comparison)
    columns = [
        Column(heading="mechanism", indent="  "),
        *(Column(heading=heading, is_number=True) for heading in headings),
    ]
    currency = scenario.specification.market.currency
    caption = f"money in {currency}, rounded; --json gives the exact numbers"
    print_table(console, columns, rows, [last], caption=caption, is_light=True)


def _type_table(scenario: Scenario, comparison: Comparison) -> tuple[tuple[str, ...], list[Row], Row]:
    """Return headings, rows, and what no mechanism exceeds, where bidders have types."""
    optimal, minor_units = comparison.optimal, scenario.specification.market.minor_units

    def money(value: Fraction) -> str:
        return show_average(value, minor_units=minor_units)

    rows: list[Row] = []
    for found in comparison.results:
        expectation = found.expectation
        rewards = expectation.rewards if isinstance(expectation, TypeExpectation) else ()
        least = promised(found, optimal)
        rows.append(
            [
                label(scenario, found.choice),
                money(expectation.revenue),
                "-" if optimal is None else share_of(expectation.revenue, optimal),
                money(expectation.welfare),
                "-" if has_side_bets(found.choice) else money(sum(rewards, Fraction(0))),
                "-" if least is None else money(least),
            ]
        )
    greatest = money(Fraction(comparison.results[0].expectation.optimum))
    last: Row = ["greatest welfare", "", "", greatest, "", ""]
    if optimal is not None:
        last = ["OPT, greatest welfare", bounds(optimal, minor_units=minor_units), "100.0%", greatest, "", ""]
    return ("revenue", "of OPT", "welfare", "rewards", "at least"), rows, last


def _signal_table(scenario: Scenario, comparison: Comparison) -> tuple[tuple[str, ...], list[Row], Row]:
    """Return headings, rows, and what no mechanism exceeds, where bidders have signals.

    What is promised stands right of what it is about.
    """
    minor_units = scenario.specification.market.minor_units

    def promise(value: Fraction | None) -> str:
        return "-" if value is None else show_average(value, minor_units=minor_units)

    rows: list[Row] = []
    for found in comparison.results:
        expectation, optimum = found.expectation, Fraction(found.expectation.optimum)
        rows.append(
            [
                label(scenario, found.choice),
                show_average(expectation.welfare, minor_units=minor_units),
                percent(expectation.welfare, optimum),
                promise(promised_welfare(found.guarantee, optimum)),
                show_average(expectation.revenue, minor_units=minor_units),
                percent(expectation.revenue, optimum),
                promise(promised(found, None)),
            ]
        )
    greatest = show_average(Fraction(comparison.results[0].expectation.optimum), minor_units=minor_units)
    last = ["greatest welfare", greatest, "100.0%", "", "", "", ""]
    return ("welfare", "of it", "at least", "revenue", "of it", "at least"), rows, last
