"""`auctioneer expect`: what a scenario does on average over the mechanism's own coins, and over a prior, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from auctioneer.cli.expectations import (
    comparison_values,
    expectation_values,
    show_comparison,
    show_expectation,
)
from auctioneer.cli.preparing import check_strategies
from auctioneer.cli.printing import examples, print_json, say
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.exploring import DEFAULT_RUN_LIMIT
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.simulation.comparing import ALL, best_revenue, compare_mechanisms, label
from openoutcry.simulation.expectation import MechanismChoice, Over, expect_scenario
from openoutcry.simulation.player import Default

_BOOLEANS = {"true": True, "false": False}


@click.command(
    epilog=examples(
        "auctioneer expect scenario.toml",
        "auctioneer expect a.toml b.toml --json",
        "auctioneer expect banks.toml --mechanism all",
        "auctioneer expect banks.toml --mechanism crowdsourced-optimal:reward=1/10,delta=1/50",
        "auctioneer expect banks.toml --mechanism vickrey-reserve --mechanism vickrey-reserve:order=lazy",
    )
)
@click.argument("scenarios", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SCENARIO...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, in the order given.")
@click.option(
    "--mechanism",
    "mechanisms",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help=f"Compare this mechanism in place of the scenario's; may be given many times. `{ALL}`: all that can run.",
)
@click.option(
    "--at-private-types",
    is_flag=True,
    help="Take the private types given, also when the scenario has a prior to take the expectation over.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=DEFAULT_RUN_LIMIT,
    show_default=True,
    help="Most runs of a mechanism to spend on one scenario.",
)
def expect(
    scenarios: tuple[Path, ...],
    as_json: bool,
    mechanisms: tuple[str, ...],
    at_private_types: bool,
    limit: int,
) -> None:
    """Compute exactly how often each bidder wins, and the expected welfare and revenue.

    Every random choice of the mechanism is taken with its exact probability; private signals and strategies are those
    of the scenario. With a [prior] every profile of types counts with its probability, each bidder knowing what
    the scenario says that it knows. Strategies must be deterministic.

    With --mechanism several mechanisms stand in one table, beside the revenue of the best truthful auction that knows
    the prior (OPT) and what each promises at least. The scenario's own parameters hold for all that have them.
    """
    choices = [read_mechanism(text) for text in mechanisms]
    over: Over | None = "private" if at_private_types else None
    for path in scenarios:
        scenario = load_scenario(path)
        check_strategies(scenario)
        if choices:
            _compare(scenario, choices, over=over, limit=limit, as_json=as_json)
        else:
            _expect(scenario, over=over, limit=limit, as_json=as_json)


def read_mechanism(text: str) -> MechanismChoice:
    """Read a mechanism with parameters, such as `crowdsourced-optimal:reward=1/10,delta=1/50`.

    Raises:
        ConfigurationError: A parameter has no value, or stands there twice.
    """
    name, separator, rest = text.partition(":")
    parameters: dict[str, object] = {}
    for part in rest.split(",") if separator else []:
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not key or not value or key in parameters:
            raise ConfigurationError(
                f"--mechanism {text}: write NAME:KEY=VALUE,KEY=VALUE, each key once; {part!r} is none"
            )
        parameters[key] = int(value) if value.isdecimal() else _BOOLEANS.get(value, value)
    return MechanismChoice(name=name.strip(), parameters=parameters)


def _expect(scenario: Scenario, *, over: Over | None, limit: int, as_json: bool) -> None:
    with _progress() as tell:
        found = expect_scenario(
            scenario,
            over=over,
            limit=limit,
            progress=lambda done, count: tell(f"{done:,} of {count:,} profiles of types"),
        )
        optimal, refusal = best_revenue(scenario, tell) if found.over == "prior" else (None, "")
    _note((found.warnings, found.defaults))
    if as_json:
        print_json(expectation_values(scenario, found, optimal))
        return
    show_expectation(Console(), scenario, found, optimal)
    if refusal:
        say(Console(stderr=True), f"note: the optimal revenue is not shown: {refusal}", is_record=True)


def _compare(
    scenario: Scenario, choices: list[MechanismChoice], *, over: Over | None, limit: int, as_json: bool
) -> None:
    with _progress() as tell:
        comparison = compare_mechanisms(scenario, choices, over=over, limit=limit, progress=tell)
    for result in comparison.results:
        _note((result.warnings, result.defaults), label(scenario, result.choice))
    if as_json:
        print_json(comparison_values(scenario, comparison))
    else:
        show_comparison(Console(), scenario, comparison)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far the work is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _line: None
        return
    with console.status("reading") as status:
        yield lambda line: status.update(escape(line))


def _note(found: tuple[tuple[str, ...], tuple[Default, ...]], mechanism: str = "") -> None:
    """Print each warning and each failure of a strategy once: a strategy is asked the same many times over."""
    warnings, defaults = found
    before = f"{mechanism}: " if mechanism else ""
    lines = [*warnings, *(f"{default.bidder}: {default.reason}" for default in defaults)]
    for line in dict.fromkeys(lines):
        say(Console(stderr=True), f"note: {before}{line}", is_record=True)
