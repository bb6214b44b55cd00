"""How `auctioneer expect --estimate` shows what it found: marked as an estimate everywhere, each number with its range.

Tables show averages with half the width of their confidence intervals; JSON has both ends.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import Console

from auctioneer.cli.comparisons import say_refusals, say_side_bets
from auctioneer.cli.expectation_values import guarantee_values, optimal_values, refusal_values, type_values
from auctioneer.cli.expectations import (
    bounds,
    has_side_bets,
    print_by_type,
    private_columns,
    private_headings,
    say_headline,
    say_minor_units,
    say_promise,
    type_cell,
)
from auctioneer.cli.printing import decimal, say, show_average
from auctioneer.cli.tables import STRATEGY_BREAKS, Column, Row, print_table
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.scenario import Scenario
from openoutcry.simulation.averages import CONFIDENCE, Interval
from openoutcry.simulation.comparing import EstimateComparison, label
from openoutcry.simulation.estimation import InterimEstimate, ScenarioEstimate

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalRevenue

HUNDRED = 100
"""From here on two digits would be written as a power of ten."""

# --- For programs -----------------------------------------------------------------------------------------


def estimate_values(
    scenario: Scenario, found: ScenarioEstimate, optimal: OptimalRevenue | None, *, by_type: bool = False
) -> dict[str, object]:
    """Return an estimate as one JSON object; what is estimated stands under `estimate` and is made of floats."""
    return {
        "scenario": scenario.file,
        **_mechanism_values(scenario, found, by_type=by_type),
        **optimal_values(optimal),
    }


def estimate_comparison_values(
    scenario: Scenario, comparison: EstimateComparison, *, by_type: bool = False
) -> dict[str, object]:
    """Return estimates of several mechanisms as one JSON object."""
    return {
        "scenario": scenario.file,
        "mechanisms": [_mechanism_values(scenario, found, by_type=by_type) for found in comparison.results],
        "cannot_run": refusal_values(comparison.refusals),
        "was_interrupted": comparison.was_stopped,
        **optimal_values(comparison.optimal),
    }


def _mechanism_values(scenario: Scenario, found: ScenarioEstimate, *, by_type: bool) -> dict[str, object]:
    names = scenario.names

    def by_name(intervals: tuple[Interval, ...]) -> dict[str, object]:
        return {name: _interval(interval) for name, interval in zip(names, intervals, strict=True)}

    estimate: dict[str, object] = {
        "auctions": found.auctions,
        "wanted": found.wanted,
        "was_interrupted": found.auctions < found.wanted,
        "seed": found.seed,
        "confidence": float(CONFIDENCE),
        "win_probability": by_name(found.win_probability),
        "unsold_probability": _interval(found.unsold_probability),
        "welfare": _interval(found.welfare),
        "revenue": _interval(found.revenue),
        "optimum": _interval(found.optimum),
        "welfare_share": _interval(found.welfare_share),
        "payments": by_name(found.payments),
        "rewards": by_name(found.rewards),
        "utilities": by_name(found.utilities),
    }
    if by_type:
        estimate["by_type"] = {
            name: [
                {**type_values(scenario, bidder, index), **_interim_values(each)}
                for index, each in enumerate(found.interim[bidder])
                if each is not None
            ]
            for bidder, name in enumerate(names)
        }
    return {
        "mechanism": found.choice.name,
        "parameters": dict(found.choice.parameters),
        "over": found.over,
        "estimate": estimate,
        **guarantee_values(scenario, found.guarantee),
        "warnings": list(found.warnings),
    }


def _interim_values(each: InterimEstimate) -> dict[str, object]:
    return {
        "auctions": each.auctions,
        "win_probability": _interval(each.win_probability),
        "payment": _interval(each.payment),
        "utility": _interval(each.utility),
    }


def _interval(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {"low": interval.low, "mean": interval.mean, "high": interval.high}


# --- For people -------------------------------------------------------------------------------------------


def show_estimate(
    console: Console,
    scenario: Scenario,
    found: ScenarioEstimate,
    optimal: OptimalRevenue | None,
    *,
    by_type: bool = False,
) -> None:
    """Show what one mechanism did."""
    say_headline(console, scenario)
    _say_that_it_is_an_estimate(console, found)
    _print_bidders(console, scenario, found)
    welfare = f"welfare  {_show(found.welfare)}"
    if found.optimum is not None:
        welfare += f" of {_show(found.optimum)}"
    if found.welfare_share is not None:
        welfare += f" ({_show_share(found.welfare_share)})"
    share = found.guarantee.welfare
    if share is not None:
        welfare += f", at least {float(share):.1%} promised"
    revenue = f"revenue  {_show(found.revenue)}"
    if optimal is not None:
        revenue += f", where the optimal revenue is {bounds(optimal, minor_units=0)}"
    lines = [welfare, revenue, f"unsold   with probability {_show(found.unsold_probability)}"]
    for line in lines:
        say(console, line, then=" " * 9)
    say_promise(console, scenario, found.guarantee)
    _say_over(console, found)
    if by_type:
        print_by_type(console, scenario, _interim_rows(scenario, found), how_often="auctions")
    say_minor_units(console, scenario)
    console.print()


def show_estimate_comparison(
    console: Console,
    scenario: Scenario,
    comparison: EstimateComparison,
    *,
    by_type: bool = False,
    by_bidder: bool = False,
) -> None:
    """Show estimates of several mechanisms in one table, and below it who cannot run."""
    say_headline(console, scenario)
    if comparison.results:
        _say_that_it_is_an_estimate(console, comparison.results[-1])
        _print_mechanisms(console, scenario, comparison)
    for found in comparison.results:
        if has_side_bets(found.choice):
            say_side_bets(console, scenario, found.choice, sum(each.mean for each in found.rewards))
    say_refusals(console, scenario, comparison.refusals, comparison.optimal_refusal)
    if comparison.results:
        _say_over(console, comparison.results[0])
    if comparison.was_stopped:
        say(console, "interrupted: the last mechanism played fewer auctions, and others may be missing")
    for found in comparison.results if by_bidder or by_type else ():
        console.print()
        say(console, f"{label(scenario, found.choice)}, estimated from {found.auctions:,} auctions")
        if by_bidder:
            _print_bidders(console, scenario, found)
        if by_type:
            print_by_type(console, scenario, _interim_rows(scenario, found), how_often="auctions")
    if by_bidder or by_type:
        say_minor_units(console, scenario)
    console.print()


def _say_that_it_is_an_estimate(console: Console, found: ScenarioEstimate) -> None:
    played = f"{found.auctions:,} auctions"
    if found.auctions < found.wanted:
        played = f"{found.auctions:,} of {found.wanted:,} auctions, interrupted"
    line = f"ESTIMATE from {played}, seed {found.seed!r}: each range holds the exact "
    say(console, f"{line}number {CONFIDENCE.numerator} times in {CONFIDENCE.denominator}")
    console.print()


def _say_over(console: Console, found: ScenarioEstimate) -> None:
    match found.over:
        case "prior":
            say(console, "types drawn from the prior")
        case "signals":
            say(console, "signals drawn, all equally likely")
        case "private":
            pass


def _print_bidders(console: Console, scenario: Scenario, found: ScenarioEstimate) -> None:
    market = scenario.specification.market
    is_private, has_types = found.over == "private", isinstance(market, TypeMarket)
    beside = "by bets" if has_side_bets(found.choice) else "is rewarded"
    numbers = ["wins", "pays", *([beside] if has_types else []), "gains"]
    columns = [
        Column(heading="bidder"),
        *(Column(heading=heading) for heading in (private_headings(market) if is_private else [])),
        Column(heading="strategy", breaks_after=STRATEGY_BREAKS),
        *(Column(heading=heading, is_number=True) for heading in numbers),
    ]
    private = private_columns(scenario) if is_private else [[] for _ in scenario.names]
    rows = []
    for bidder, name in enumerate(scenario.names):
        shown = [
            found.win_probability[bidder],
            found.payments[bidder],
            *([found.rewards[bidder]] if has_types else []),
            found.utilities[bidder],
        ]
        rows.append([name, *private[bidder], scenario.strategy(name), *map(_show, shown)])
    print_table(
        console, columns, rows, caption="estimated probabilities of winning, and estimated money on average"
    )


def _interim_rows(scenario: Scenario, found: ScenarioEstimate) -> list[list[Row]]:
    sections: list[list[Row]] = []
    for bidder, name in enumerate(scenario.names):
        rows: list[Row] = []
        for index, each in enumerate(found.interim[bidder]):
            if each is not None:
                cells = [_show(number) for number in (each.win_probability, each.payment, each.utility)]
                first = name if not rows else ""
                rows.append([first, type_cell(scenario, bidder, index), f"{each.auctions:,}", *cells])
        sections.append(rows)
    return sections


def _print_mechanisms(console: Console, scenario: Scenario, comparison: EstimateComparison) -> None:
    market = scenario.specification.market
    columns = [
        Column(heading="mechanism", indent="  "),
        *(
            Column(heading=heading, is_number=True)
            for heading in ("revenue", "welfare", "of optimum", "unsold")
        ),
    ]
    rows: list[Row] = []
    for found in comparison.results:
        rows.append(
            [
                label(scenario, found.choice),
                _show(found.revenue, minor_units=market.minor_units),
                _show(found.welfare, minor_units=market.minor_units),
                "-" if found.welfare_share is None else _show_share(found.welfare_share),
                _show(found.unsold_probability),
            ]
        )
    optimum = comparison.results[0].optimum
    greatest = "-" if optimum is None else _show(optimum, minor_units=market.minor_units)
    last: Row = ["greatest welfare", "", greatest, "", ""]
    if comparison.optimal is not None:
        known = bounds(comparison.optimal, minor_units=market.minor_units)
        last = ["OPT (exact), greatest welfare", known, greatest, "", ""]
    caption = f"estimated money in {market.currency}; --json gives both ends of every range"
    print_table(console, columns, rows, [last], caption=caption, is_light=True)


def _show(interval: Interval, *, minor_units: int = 0) -> str:
    """Return an estimate for people: `0.2506 ±0.011`."""
    mean = show_average(Fraction(interval.mean), minor_units=minor_units)
    half = _half(interval) / 10**minor_units
    return f"{mean} ±{half:.2g}" if half < HUNDRED else f"{mean} ±{decimal(Fraction(half))}"


def _show_share(interval: Interval) -> str:
    return f"{interval.mean:.1%} ±{_half(interval) * 100:.2g}"


def _half(interval: Interval) -> float:
    """Return how far the mean may be off; ranges of probabilities reach farther to one side."""
    return max(interval.high - interval.mean, interval.mean - interval.low)
