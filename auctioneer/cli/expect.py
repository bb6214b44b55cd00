"""`auctioneer expect`: what a scenario does on average, exactly, or estimated where that is out of reach.

Over the mechanism's own coins, and over a prior or all signals.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from auctioneer.cli.comparisons import show_comparison
from auctioneer.cli.estimates import (
    estimate_comparison_values,
    estimate_values,
    show_estimate,
    show_estimate_comparison,
)
from auctioneer.cli.expectation_values import comparison_values, expectation_values
from auctioneer.cli.expectations import show_expectation
from auctioneer.cli.interrupts import first_interrupt
from auctioneer.cli.preparing import check_strategies
from auctioneer.cli.printing import examples, print_json, say
from auctioneer.loops import INTERRUPTED
from openoutcry.errors import ConfigurationError, OpenOutcryError, TooLargeError
from openoutcry.lab.audit import STUDY_MECHANISMS, read_reference
from openoutcry.mechanisms.exploring import DEFAULT_RUN_LIMIT
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.simulation.comparing import (
    ALL,
    CannotRun,
    best_revenue,
    compare_estimates,
    compare_mechanisms,
    label,
)
from openoutcry.simulation.estimation import ScenarioEstimate, estimate_scenario
from openoutcry.simulation.expectation import (
    MechanismChoice,
    Over,
    ScenarioExpectation,
    choose_over,
    expect_scenario,
)

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalRevenue

UNUSABLE = 2
FEWEST_AUCTIONS = 100
OFFERED_AUCTIONS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """What the command line asks of every scenario.

    Attributes:
        choices: Mechanisms to compare; none for the scenario's own.
        over: What signals or types are; None to let the scenario decide.
        limit: Most runs of a mechanism.
        auctions: To estimate from; None for exact numbers.
        seed: Of the estimate; None for the scenario's own.
        by_type: Show what each type or signal gets.
        by_bidder: Show what each bidder gets when mechanisms are compared.
        as_json: For programs.
    """

    choices: Sequence[MechanismChoice]
    over: Over | None
    limit: int
    auctions: int | None
    seed: str | None
    by_type: bool
    by_bidder: bool
    as_json: bool


@click.command(
    epilog=examples(
        "auctioneer expect scenario.toml",
        "auctioneer expect a.toml b.toml --json",
        "auctioneer expect banks.toml --by-type",
        "auctioneer expect tract.toml --over-signals --by-type",
        "auctioneer expect banks.toml --mechanism all",
        "auctioneer expect banks.toml --mechanism crowdsourced-optimal:reward=1/10,delta=1/50",
        "auctioneer expect banks.toml --mechanism vickrey-reserve --mechanism vickrey-reserve:order=lazy",
        "auctioneer expect large.toml --estimate 10000 --seed monday",
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
    "--over-signals",
    is_flag=True,
    help="Take the expectation over all signals, equally likely and independent, and not at those given.",
)
@click.option(
    "--by-type", is_flag=True, help="Show what each type, or signal, of each bidder can look forward to."
)
@click.option("--by-bidder", is_flag=True, help="With --mechanism: show what each bidder gets, too.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=DEFAULT_RUN_LIMIT,
    show_default=True,
    help="Most runs of a mechanism to spend on one scenario.",
)
@click.option(
    "--estimate",
    "auctions",
    type=click.IntRange(min=FEWEST_AUCTIONS),
    metavar="N",
    help="Play N auctions and average them, with 99% confidence intervals; Ctrl-C shows what is there by then.",
)
@click.option("--seed", metavar="TEXT", help="Of the auctions to --estimate from; the scenario's by default.")
def expect(
    scenarios: tuple[Path, ...],
    as_json: bool,
    mechanisms: tuple[str, ...],
    at_private_types: bool,
    over_signals: bool,
    by_type: bool,
    by_bidder: bool,
    limit: int,
    auctions: int | None,
    seed: str | None,
) -> int:
    """Compute exactly how often each bidder wins, what it gains, and the expected welfare and revenue.

    Every random choice of the mechanism is taken with its exact probability; private signals and strategies are those
    of the scenario. With a [prior] every profile of types counts with its probability, each bidder knowing what
    the scenario says that it knows. Strategies must be deterministic. What is too large is refused at once; --estimate
    plays auctions instead, and takes any strategy.

    With --mechanism several mechanisms stand in one table, beside the revenue of the best truthful auction that knows
    the prior (OPT) and what each promises at least. The scenario's own parameters hold for all that have them.

    A scenario that cannot be used is reported, and the others go on; the exit code is then 2. So it is where none of
    the mechanisms asked for can run.
    """
    if at_private_types and over_signals:
        raise click.UsageError("--at-private-types and --over-signals exclude each other: give one")
    if seed is not None and auctions is None:
        raise click.UsageError("--seed is of an estimate: give --estimate N with it")
    if by_bidder and not mechanisms:
        raise click.UsageError("--by-bidder goes with --mechanism: without it bidders are shown anyway")
    wishes = _Wishes(
        choices=[read_mechanism(text) for text in mechanisms],
        over="private" if at_private_types else "signals" if over_signals else None,
        limit=limit,
        auctions=auctions,
        seed=seed,
        by_type=by_type,
        by_bidder=by_bidder,
        as_json=as_json,
    )
    if len(scenarios) == 1:
        return _work_on(scenarios[0], wishes)
    code = 0
    for path in scenarios:
        try:
            ended = _work_on(path, wishes)
        except OpenOutcryError as error:
            reason = " ".join(str(error).split())
            click.echo(f"error: {reason}", err=True)
            if as_json:
                print_json({"scenario": str(path), "error": reason})
            ended = UNUSABLE
        if ended == INTERRUPTED:
            return ended
        code = code or ended
    return code


def read_mechanism(text: str) -> MechanismChoice:
    """Read a mechanism with parameters, such as `crowdsourced-optimal:reward=1/10,delta=1/50`.

    Raises:
        ConfigurationError: A parameter has no value, or stands there twice; or the mechanism is for study.
    """
    reference = read_reference(text)
    _check_for_study(reference.name)
    return MechanismChoice(name=reference.name, parameters=reference.parameters)


def _check_for_study(name: str) -> None:
    """Refuse what audits alone know, with the name under which the same is registered."""
    study = STUDY_MECHANISMS.get(name)
    if study is None:
        return
    fixed = ",".join(f"{key}={value}" for key, value in study.session_parameters({}).items())
    same = f"the same is {study.stands_for}:{fixed}, and " if study.stands_for else ""
    raise ConfigurationError(
        f"--mechanism {name} is for study: {same}`auctioneer audit SCENARIO --mechanism {name}` shows what is wrong "
        "with it"
    )


def _work_on(path: Path, wishes: _Wishes) -> int:
    """Show what was asked of one scenario, and return the exit code."""
    scenario = load_scenario(path)
    check_strategies(scenario)
    over = choose_over(scenario, wishes.over)
    if wishes.by_type and over == "private":
        raise ConfigurationError(
            f"{path}: --by-type looks at what else each bidder might have had: add a [prior], or, with signals, take "
            "--over-signals"
        )
    _tell_unused(scenario, over)
    if wishes.auctions is not None:
        show = _compare_estimates if wishes.choices else _estimate
        return show(scenario, wishes, wishes.auctions)
    try:
        return (_compare if wishes.choices else _expect)(scenario, wishes)
    except TooLargeError as error:
        raise ConfigurationError(f"{path}: {error}: {_offer(scenario, wishes)}") from error


def _offer(scenario: Scenario, wishes: _Wishes) -> str:
    """Return the command that estimates what is too large."""
    flags = {"private": "--at-private-types", "signals": "--over-signals"}
    chosen = [flags[wishes.over]] if wishes.over in flags else []
    return shlex.join(["auctioneer", "expect", scenario.file, *chosen, "--estimate", str(OFFERED_AUCTIONS)])


# --- Exact ------------------------------------------------------------------------------------------------


def _expect(scenario: Scenario, wishes: _Wishes) -> int:
    with _progress() as tell:
        found = expect_scenario(
            scenario,
            over=wishes.over,
            limit=wishes.limit,
            progress=lambda done, count: tell(f"{done:,} of {count:,} profiles"),
        )
        optimal, refusal = best_revenue(scenario, tell) if found.over == "prior" else (None, "")
    _note(found)
    if wishes.as_json:
        print_json(expectation_values(scenario, found, optimal, by_type=wishes.by_type))
        return 0
    show_expectation(Console(), scenario, found, optimal, by_type=wishes.by_type)
    _tell_refusal(refusal)
    return 0


def _compare(scenario: Scenario, wishes: _Wishes) -> int:
    with _progress() as tell:
        comparison = compare_mechanisms(
            scenario, wishes.choices, over=wishes.over, limit=wishes.limit, progress=tell
        )
    for result in comparison.results:
        _note(result, label(scenario, result.choice))
    if wishes.as_json:
        print_json(comparison_values(scenario, comparison, by_type=wishes.by_type))
    else:
        show_comparison(Console(), scenario, comparison, by_type=wishes.by_type, by_bidder=wishes.by_bidder)
        _offer_estimate(scenario, wishes, comparison.refusals)
    # Whoever looks at the exit code alone must not take it for an answer.
    return 0 if comparison.results else UNUSABLE


def _offer_estimate(scenario: Scenario, wishes: _Wishes, refusals: Sequence[CannotRun]) -> None:
    too_large = [refusal for refusal in refusals if refusal.is_too_large]
    if too_large:
        chosen = [part for refusal in too_large for part in _chosen(scenario, refusal)]
        if any(choice.name == ALL for choice in wishes.choices):
            chosen = ["--mechanism", ALL]
        line = f"note: what is too large can be estimated: {_offer(scenario, wishes)} {shlex.join(chosen)}"
        say(Console(stderr=True), line, is_record=True)


def _chosen(scenario: Scenario, refusal: CannotRun) -> list[str]:
    name, *parameters = label(scenario, refusal.choice).split(" ")
    return ["--mechanism", ":".join([name, *([",".join(parameters)] if parameters else [])])]


# --- Estimates --------------------------------------------------------------------------------------------


def _estimate(scenario: Scenario, wishes: _Wishes, auctions: int) -> int:
    with _progress() as tell, first_interrupt() as is_stopped:
        found = estimate_scenario(
            scenario,
            over=wishes.over,
            auctions=auctions,
            seed=_seed(scenario, wishes),
            progress=lambda done, count: tell(f"{done:,} of {count:,} auctions"),
            is_stopped=is_stopped,
        )
        was_stopped = is_stopped()
    if found is None:
        raise click.Abort
    _note(found)
    optimal, refusal = (None, "")
    if found.over == "prior" and not was_stopped:
        with _progress() as tell:
            optimal, refusal, was_stopped = _best_revenue(scenario, tell)
    if wishes.as_json:
        print_json(estimate_values(scenario, found, optimal, by_type=wishes.by_type))
    else:
        show_estimate(Console(), scenario, found, optimal, by_type=wishes.by_type)
        _tell_refusal(refusal)
    return INTERRUPTED if was_stopped else 0


def _best_revenue(scenario: Scenario, tell: Callable[[str], None]) -> tuple[OptimalRevenue | None, str, bool]:
    """Return the optimal revenue, or why there is none, and whether that is because it was interrupted."""
    try:
        return *best_revenue(scenario, tell), False
    except KeyboardInterrupt:
        return None, "it was interrupted", True


def _compare_estimates(scenario: Scenario, wishes: _Wishes, auctions: int) -> int:
    with _progress() as tell, first_interrupt() as is_stopped:
        comparison = compare_estimates(
            scenario,
            wishes.choices,
            over=wishes.over,
            auctions=auctions,
            seed=_seed(scenario, wishes),
            progress=tell,
            is_stopped=is_stopped,
        )
    if comparison.was_stopped and not comparison.results:
        raise click.Abort
    for result in comparison.results:
        _note(result, label(scenario, result.choice))
    if wishes.as_json:
        print_json(estimate_comparison_values(scenario, comparison, by_type=wishes.by_type))
    else:
        show_estimate_comparison(
            Console(), scenario, comparison, by_type=wishes.by_type, by_bidder=wishes.by_bidder
        )
    if comparison.was_stopped:
        return INTERRUPTED
    return 0 if comparison.results else UNUSABLE


def _seed(scenario: Scenario, wishes: _Wishes) -> str:
    return scenario.seed if wishes.seed is None else wishes.seed


# --- Notes ------------------------------------------------------------------------------------------------


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far the work is; what strategies print is no result and goes to standard error."""
    console = Console(stderr=True)
    with redirect_stdout(sys.stderr):
        if not console.is_terminal:
            yield lambda _line: None
            return
        with console.status("exploring every random choice") as status:
            yield lambda line: status.update(escape(line))


def _tell_unused(scenario: Scenario, over: Over) -> None:
    """Say whose private parts are not used, where a person may have written them to be used."""
    if over != "prior" or not scenario.private:
        return
    names = ", ".join(name for name in scenario.names if name in scenario.private)
    advice = "" if scenario.is_sampled else "; --at-private-types takes them"
    line = f"note: {scenario.file}: what is private to {names} is not used: types are those of the [prior]{advice}"
    say(Console(stderr=True), line, is_record=True)


def _tell_refusal(refusal: str) -> None:
    if refusal:
        say(Console(stderr=True), f"note: the optimal revenue is not shown: {refusal}", is_record=True)


def _note(found: ScenarioExpectation | ScenarioEstimate, mechanism: str = "") -> None:
    """Print each warning and each failure of a strategy once: a strategy is asked the same many times over."""
    before = f"{mechanism}: " if mechanism else ""
    lines = [*found.warnings, *(f"{default.bidder}: {default.reason}" for default in found.defaults)]
    for line in dict.fromkeys(lines):
        say(Console(stderr=True), f"note: {before}{line}", is_record=True)
