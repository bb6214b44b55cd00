"""`auctioneer run`: a whole auction among separate processes of this machine, its transcript, and its verification."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from auctioneer.cli.closing import Closing, close, closing_line, closing_values, show_closing
from auctioneer.cli.deviations import Strategic, find_consequences
from auctioneer.cli.preparing import (
    DISCLOSURE_SUFFIX,
    PRIVATE_SUFFIX,
    check_directory,
    check_result,
    check_strategies,
)
from auctioneer.cli.printing import examples, print_json, say, slug
from auctioneer.cli.private_files import make_sidecar
from auctioneer.cli.progress import Progress
from auctioneer.cli.transcript_files import write_file
from auctioneer.keys import derive_opening_key
from auctioneer.local import derive_secrets
from auctioneer.local_run import LocalResult, LocalRun
from auctioneer.logs import configure_logs
from auctioneer.loops import INTERRUPTED, on_interrupt
from auctioneer.loops import run as run_loop
from openoutcry.protocol.transcript import encode_transcript
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.session.disclosure import Disclosure, encode_disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening
from openoutcry.session.report import verification_lines
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation.private import draw_private
from openoutcry.simulation.table import Private
from openoutcry.wire import WireCodec

RUNS = Path("runs")


@click.command(
    epilog=examples(
        "auctioneer run scenario.toml",
        "auctioneer run scenario.toml --seed spring --json",
        "auctioneer run my-crowd/scenario.toml --quiet --out runs/first.zip",
    )
)
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Transcript to write; runs/TITLE-SESSION.zip by default."
)
@click.option("--seed", help="Any text instead of the scenario's seed: another seed, another run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--quiet", is_flag=True, help="Print one line only, at the end: the outcome and the transcript."
)
@click.option(
    "--slow-motion",
    "slow_motion_s",
    default=4.0,
    show_default=True,
    type=click.FloatRange(min=0, max=600),
    help="Seconds in which a terminal shows play once more if it was over sooner; 0: not at all.",
)
@click.option("--keep-going", is_flag=True, help="Go on when an agent dies before it has enrolled.")
def run(
    scenario: Path,
    out: Path | None,
    seed: str | None,
    as_json: bool,
    quiet: bool,
    slow_motion_s: float,
    keep_going: bool,
) -> int:
    """Run the auction of SCENARIO: a service, and one process for each bidder.

    Writes the transcript, beside it a file with what the bidders privately knew, and, where reports stay sealed, their
    disclosure; then it verifies what it wrote. Types that the scenario does not give are drawn from its prior. Ends
    with 0 when the session settled, with 1 when it is void, and with 2 when SCENARIO cannot be used.
    """
    loaded = load_scenario(scenario)
    chosen = loaded.seed if seed is None else seed
    private = draw_private(loaded, chosen)
    check_strategies(loaded)
    if out is None:
        check_directory(RUNS, what=RUNS)
    else:
        check_result(out)
    configure_logs(format="console", level="error")
    # With --json standard output carries that one object and nothing else.
    console = Console(stderr=as_json)
    if not quiet:
        say(console, f"seed {json.dumps(chosen)}")
        for warning in loaded.specification.warnings():
            say(console, f"note: {warning}")
        if loaded.is_sampled:
            say(console, "types that the scenario does not give are drawn from its prior")
    progress = Progress(console, is_quiet=quiet)
    result = run_loop(_play(loaded, private, chosen, progress, keep_going=keep_going))
    disclosure = _disclosure(result, loaded, chosen)
    path = _keep(result, loaded, private, chosen, disclosure, out)
    if not result.was_interrupted:
        progress.show_again(result.transcript, slow_motion_s)
    closing = close(
        loaded,
        private,
        chosen,
        result.session,
        result.transcript.entries,
        failures=result.failures,
        troubles=result.troubles,
    )
    if (as_json or not quiet) and closing.strategic.deviations and result.session.outcome is not None:
        closing = _with_consequences(closing, path, disclosure)
    verification = verify_transcript(result.transcript, codec=WireCodec(), disclosure=disclosure)
    if not quiet:
        show_closing(console, closing)
        for line in verification_lines(verification):
            say(console, line, is_record=True, then=" " * 20)
        _show_next(
            console, path, is_sealed=disclosure is not None, is_settled=result.session.outcome is not None
        )
    if as_json:
        print_json(closing_values(closing, str(path)))
    elif quiet:
        click.echo(closing_line(closing, str(path)))
    if result.was_interrupted:
        return INTERRUPTED
    return 0 if result.session.outcome is not None and verification.is_valid else 1


async def _play(
    scenario: Scenario, private: Sequence[Private], seed: str, progress: Progress, *, keep_going: bool
) -> LocalResult:
    local = LocalRun(
        scenario=scenario,
        private=private,
        seed=seed,
        keep_going=keep_going,
        started=progress.begin,
        trouble=progress.warn,
    )
    on_interrupt(local.interrupt, before_death=local.kill_agents)
    with progress.display():
        result = await local.play()
        await progress.end()
    return result


def _with_consequences(closing: Closing, path: Path, disclosure: Disclosure | None) -> Closing:
    """Return the closing with what strategic deviations earned or cost."""
    found = closing.strategic.deviations
    consequences = find_consequences(
        path, found, private=path.with_suffix(PRIVATE_SUFFIX), disclosure=disclosure
    )
    return replace(closing, strategic=Strategic(deviations=found, consequences=consequences))


def _disclosure(result: LocalResult, scenario: Scenario, seed: str) -> Disclosure | None:
    """Return what makes sealed reports readable, where the scenario keeps them sealed."""
    if scenario.specification.disclosure != "sealed":
        return None
    opening = read_opening(result.transcript.entries, EnvelopeReader(WireCodec()))
    key = derive_opening_key(derive_secrets(seed).keys.message, opening.seed_commitment)
    return Disclosure(session_id=result.session.session_id, opening_key=key)


def _keep(
    result: LocalResult,
    scenario: Scenario,
    private: Sequence[Private],
    seed: str,
    disclosure: Disclosure | None,
    out: Path | None,
) -> Path:
    """Write the transcript and the private files beside it, and return the transcript's path."""
    session_id = result.session.session_id
    path = _free_path(f"{slug(scenario.title)}-{session_id.hex()[:8]}") if out is None else out
    sidecar = make_sidecar(scenario, private, seed=seed, session_id=session_id, path=path)
    write_file(path, encode_transcript(result.transcript))
    write_file(path.with_suffix(PRIVATE_SUFFIX), sidecar, is_private=True)
    if disclosure is not None:
        write_file(path.with_suffix(DISCLOSURE_SUFFIX), encode_disclosure(disclosure), is_private=True)
    return path


def _free_path(stem: str) -> Path:
    """Return a path under the directory of runs that is not taken: the same seed gives the same session again."""
    number = 1
    while True:
        path = RUNS / (f"{stem}.zip" if number == 1 else f"{stem}-{number}.zip")
        if not path.exists() and not path.with_suffix(PRIVATE_SUFFIX).exists():
            return path
        number += 1


def _show_next(console: Console, path: Path, *, is_sealed: bool, is_settled: bool) -> None:
    option = f" --disclosure {path.with_suffix(DISCLOSURE_SUFFIX)}" if is_sealed else ""
    for line in (
        f"transcript {path} (what bidders knew, and their strategies: {path.with_suffix(PRIVATE_SUFFIX)})",
        f"next: auctioneer verify {path}{option}",
        f"      auctioneer replay {path}{option}",
        *([f"      auctioneer replay {path} --swap all=truthful"] if is_settled else []),
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
