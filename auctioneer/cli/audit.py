"""`auctioneer audit`: is it truthful? Every case of a mechanism on a small market, or many of a large one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from fractions import Fraction
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from auctioneer.cli.printing import examples, print_json, say, show_exact
from auctioneer.cli.tables import Column, Row, print_table
from auctioneer.local_coin import local_coin
from auctioneer.loops import INTERRUPTED
from openoutcry.errors import ConfigurationError
from openoutcry.lab.audit import (
    DEFAULT_LIMIT,
    DEFAULT_STEPS,
    AuditResult,
    Finding,
    Property,
    Shown,
    Verdict,
    Witness,
    audit,
    describe,
    find_subject,
    read_reference,
    replay_witness,
    write_witness,
)
from openoutcry.lab.audit.witness import SEEDS, can_be_shown, check_folder
from openoutcry.lab.audit.wording import describe_luck, show_large
from openoutcry.scenario import load_scenario

BROKEN = 1

AVERAGES = {
    Property.ON_AVERAGE,
    Property.INTERIM,
    Property.STRICT,
    Property.BELIEFS,
    Property.SAFE_ON_AVERAGE,
    Property.SAFE_INTERIM,
}
"""What may be seen in no single run, though it is there."""


@click.command(
    name="audit",
    epilog=examples(
        "auctioneer audit scenario.toml",
        "auctioneer audit banks.toml --mechanism crowdsourced-lookahead:reward=1/10 --witness witness",
        "auctioneer audit small.toml --mechanism examples/audit/first_price.py:FIRST_PRICE --witness caught",
        "auctioneer audit caught",
    ),
)
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--mechanism",
    metavar="NAME[:KEY=VALUE,...]",
    help="Audit this mechanism on the scenario's market: registered, for study, or path/to/file.py:NAME.",
)
@click.option("--seed", default="audit", show_default=True, help="Any text: of what is drawn at random.")
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    help="Look at so many cases drawn at random, even if all could be looked at.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="Most runs of the mechanism, about; beyond it cases are drawn at random.",
)
@click.option(
    "--grid",
    "steps",
    type=click.IntRange(min=1, max=100),
    default=DEFAULT_STEPS,
    show_default=True,
    help="Beliefs have probabilities of multiples of one over this.",
)
@click.option(
    "--witness",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the best deviation there, as a scenario and a strategy that show it when they are run.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def audit_command(
    scenario: Path,
    mechanism: str | None,
    seed: str,
    samples: int | None,
    limit: int,
    steps: int,
    witness: Path | None,
    as_json: bool,
) -> int:
    """Look for a bidder that gains by a lie, in the market of SCENARIO.

    For every profile of signals or types, every bidder, every way in which it can answer and every coin, the truth is
    compared with the lie. What a mechanism claims is held against what is found: ends with 0 when every claim holds,
    with 1 when one does not, and with 2 when SCENARIO cannot be audited. SCENARIO may be the folder of a witness, which
    is then played again. Private parts and strategies of the scenario play no part.

    Mechanisms for study are uniform-clock-at-once, slot-draw, literal-lookahead and printed-lottery: `auctioneer
    mechanisms` says what is wrong with them. No session runs a mechanism from a file.
    """
    if scenario.is_dir():
        if mechanism is not None or witness is not None:
            raise ConfigurationError(
                f"{scenario}: a witness is played as it is: leave out --mechanism and --witness"
            )
        return _replay(scenario, as_json=as_json)
    loaded = load_scenario(scenario)
    # A file that holds a mechanism is run, and what it prints is no result.
    with redirect_stdout(sys.stderr):
        subject = find_subject(loaded, None if mechanism is None else read_reference(mechanism))
    if witness is not None:
        check_folder(witness)
    console = Console(stderr=as_json)
    say(console, f"{subject.reference} among {show_large(len(subject.names), 'bidder')}")
    with _progress() as tell:
        result = audit(
            subject,
            seed=seed,
            samples=samples,
            limit=limit,
            steps=steps,
            announce=lambda line: say(console, line),
            tell=tell,
        )
    written: Witness | None = None
    headline = _headline(result)
    if witness is not None and headline is not None and not result.was_interrupted:
        with _progress() as tell:
            tell("looking for a seed that shows it")
            coins = [local_coin] if subject.can_run else []
            written = write_witness(subject, headline, loaded, witness, coins=coins)
    if as_json:
        print_json(_values(result, str(scenario), seed, headline, written))
    else:
        _show(console, result, headline, written, wants_witness=witness is not None)
    if result.was_interrupted:
        return INTERRUPTED
    return BROKEN if result.broken else 0


# --- What is said -----------------------------------------------------------------------------------------


def _headline(result: AuditResult) -> Finding | None:
    """Return the failure that is told first: of a claim if there is one, and one that gains something."""
    found = [each.worst for each in (result.broken or result.failed) if each.worst is not None]
    shown = [finding for finding in found if can_be_shown(finding)]
    return next(iter(shown or found), None)


def _show(
    console: Console,
    result: AuditResult,
    headline: Finding | None,
    written: Witness | None,
    *,
    wants_witness: bool,
) -> None:
    columns = [
        Column(heading="property"),
        Column(heading="verdict"),
        Column(heading="cases", is_number=True),
        Column(heading="looked at"),
        Column(heading="worst"),
    ]
    rows: list[Row] = []
    for verdict in result.verdicts:
        worst = "" if verdict.worst is None else _worst(result, verdict.worst)
        rows.append((verdict.what.value, _verdict(verdict), f"{verdict.cases:,}", verdict.coverage, worst))
    if rows:
        print_table(console, columns, rows, is_light=True)
    for verdict in result.failed:
        assert verdict.worst is not None
        why = "" if verdict.denied is None else f"; not claimed: {verdict.denied}"
        say(console, f"{verdict.what.value}: {describe(result.subject, verdict.worst)}{why}")
    if headline is not None and headline.luck:
        say(console, f"seen with: {describe_luck(headline.luck)}")
    if written is not None:
        _show_witness(console, written)
    elif wants_witness and headline is not None and not result.was_interrupted:
        say(console, _no_witness(headline))
    say(console, _last_line(result, headline))


def _worst(result: AuditResult, finding: Finding) -> str:
    who = "the seller" if finding.bidder is None else result.subject.names[finding.bidder]
    return f"{show_exact(finding.gain)} {who}"


def _verdict(verdict: Verdict) -> str:
    if verdict.worst is None:
        return "holds" if verdict.denied is None else "holds, unclaimed"
    return "FAILS" if verdict.denied is None else "fails, unclaimed"


def _show_witness(console: Console, written: Witness) -> None:
    gain = written.shown.gain
    say(console, f"witness {written.folder}: {gain} with seed {written.seed!r}, played in process")
    if written.can_run:
        say(console, f"next: auctioneer run {written.folder}/scenario.toml", is_record=True)
        say(console, f"      auctioneer run {written.folder}/truthful.toml", is_record=True)
    say(
        console,
        f"{'      ' if written.can_run else 'next: '}auctioneer audit {written.folder}",
        is_record=True,
    )


def _no_witness(headline: Finding) -> str:
    if headline.what is Property.OBVIOUS:
        return "no witness: it takes two runs to see that something is not obvious"
    if not headline.gain:
        return "no witness: a lie that costs nothing shows nothing"
    why = "it is there on average" if headline.what in AVERAGES else "the draws that it needs are too rare"
    return f"no witness: none of {SEEDS} seeds showed it in one run; {why}"


def _last_line(result: AuditResult, headline: Finding | None) -> str:
    """Return the answer in one plain line."""
    if result.was_interrupted:
        return f"interrupted after {result.cases:,} cases: what is shown is of these"
    if headline is None:
        how = {verdict.coverage for verdict in result.verdicts}
        some = "" if how == {"exhaustive"} else " among those drawn"
        if not result.cases:
            return "nothing to compare: nobody has anything else to say than the truth"
        return f"no profitable deviation{some}: {show_large(result.cases, 'case')}"
    told = describe(result.subject, headline)
    if not result.broken:
        return f"no claim is broken: {show_large(result.cases, 'case')}; not claimed, and not so: {told}"
    if headline.what is Property.FUNDED:
        return f"NOT as claimed: {told}"
    if headline.what in (Property.SAFE, Property.SAFE_ON_AVERAGE, Property.SAFE_INTERIM):
        return f"NOT safe: {told}"
    return f"NOT truthful: {told}"


# --- A witness once more ----------------------------------------------------------------------------------


def _replay(folder: Path, *, as_json: bool) -> int:
    subject, shown, told = replay_witness(folder)
    is_seen = shown.gain > 0
    if as_json:
        values = {"witness": str(folder), "finding": told["finding"], **_shown_values(subject.names, shown)}
        print_json({**values, "is_seen": is_seen, "gain_told": told["gain_shown"]})
        return BROKEN if is_seen else 0
    console = Console()
    say(console, f"{subject.reference}: {told['finding']}")
    columns = [Column(heading="bidder")]
    columns += [Column(heading=name, is_number=True) for name in ("truthful", "deviating", "difference")]
    rows = [
        (name, str(before), str(after), str(after - before))
        for name, before, after in zip(subject.names, shown.truthful, shown.deviating, strict=True)
    ]
    print_table(console, columns, rows)
    if shown.draws:
        say(console, f"drawn: {describe_luck(shown.draws)}")
    say(
        console,
        f"seen: {shown.gain}" if is_seen else "NOT seen: the mechanism, or the files, are not what they were",
    )
    return BROKEN if is_seen else 0


# --- JSON -------------------------------------------------------------------------------------------------


def _values(
    result: AuditResult, scenario: str, seed: str, headline: Finding | None, written: Witness | None
) -> dict[str, object]:
    """Return the audit as one JSON object; every exact number is a text."""
    subject = result.subject
    witness: dict[str, object] | None = None
    if written is not None:
        witness = {
            "folder": str(written.folder),
            "seed": written.seed,
            "can_run": written.can_run,
            **_shown_values(subject.names, written.shown),
        }
    return {
        "scenario": scenario,
        "mechanism": subject.reference,
        "parameters": dict(subject.raw),
        "seed": seed,
        "plans": list(result.plans),
        "cases": result.cases,
        "runs": result.runs,
        "was_interrupted": result.was_interrupted,
        "is_as_claimed": not result.broken,
        "properties": [_verdict_values(result, verdict) for verdict in result.verdicts],
        "witness": witness,
        "answer": _last_line(result, headline),
    }


def _verdict_values(result: AuditResult, verdict: Verdict) -> dict[str, object]:
    finding = verdict.worst
    return {
        "property": verdict.what.name.lower(),
        "text": verdict.what.value,
        "is_claimed": verdict.denied is None,
        "not_claimed_because": verdict.denied,
        "holds": finding is None,
        "coverage": verdict.coverage,
        "cases": verdict.cases,
        "worst": None if finding is None else _finding_values(result, finding),
    }


def _finding_values(result: AuditResult, finding: Finding) -> dict[str, object]:
    names = result.subject.names
    return {
        "text": describe(result.subject, finding),
        "bidder": None if finding.bidder is None else names[finding.bidder],
        "gain": str(finding.gain),
        "truths": dict(zip(names, finding.profile, strict=True)),
        "answers": [str(step.answer) for step in finding.steps],
        "draws": [{"label": draw.label, "result": draw.result} for draw in finding.luck],
    }


def _shown_values(names: tuple[str, ...], shown: Shown) -> dict[str, object]:
    return {
        "gain": str(shown.gain),
        "utilities_truthful": _by_name(names, shown.truthful),
        "utilities_deviating": _by_name(names, shown.deviating),
        "draws": [{"label": draw.label, "result": draw.result} for draw in shown.draws],
    }


def _by_name(names: tuple[str, ...], amounts: tuple[Fraction, ...]) -> dict[str, str]:
    return dict(zip(names, map(str, amounts), strict=True))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far the work is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _line: None
        return
    with console.status("reading") as status:
        yield lambda line: status.update(escape(line))
