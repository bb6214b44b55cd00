"""`auctioneer sweep`: play a campaign, a grid of mechanisms, instances and strategies, on all cores or a cluster."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from auctioneer.cli.printing import examples, print_json
from openoutcry.errors import ConfigurationError

if TYPE_CHECKING:
    from openoutcry.lab.campaign import Campaign
    from openoutcry.lab.engines import Engine
    from openoutcry.lab.running import Finished

RESULTS = Path("runs")
DIFFERENT = 1
WIDTH_WITHOUT_TERMINAL = 170


@click.command(
    epilog=examples(
        "auctioneer sweep campaign.toml",
        "auctioneer sweep campaign.toml --workers 2 --out runs/bounds",
        "auctioneer sweep campaign.toml --scheduler tcp://10.0.0.1:8786",
        "auctioneer sweep --reproduce runs/bounds/manifest.json",
    )
)
@click.argument("campaign", required=False, type=click.Path(path_type=Path), metavar="[CAMPAIGN.toml]")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes on this machine; all cores by default."
)
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask scheduler whose workers play instead.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where results go; runs/NAME by default."
)
@click.option(
    "--resume/--restart",
    "resume",
    default=None,
    help="Demand an earlier run to go on from, or throw it away; by default, go on if there is one.",
)
@click.option(
    "--reproduce",
    type=click.Path(path_type=Path),
    metavar="MANIFEST",
    help="Play what a manifest tells of once more, and compare; exit code 1 when something differs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sweep(
    campaign: Path | None,
    workers: int | None,
    scheduler: str | None,
    out: Path | None,
    resume: bool | None,
    reproduce: Path | None,
    as_json: bool,
) -> int:
    """Play every cell of a campaign, and write one row for each auction and a manifest.

    Auctions are played in chunks of about a second; whatever is done is kept, so after Ctrl-C the same command goes
    on where it stopped. Rows do not depend on how many workers there are, or where.
    """
    if (campaign is None) == (reproduce is None):
        raise click.UsageError("give a CAMPAIGN.toml, or --reproduce MANIFEST")
    if workers is not None and scheduler is not None:
        raise click.UsageError("--workers are processes of this machine: leave them out with --scheduler")
    if reproduce is not None:
        return _reproduce(reproduce, workers, scheduler, as_json=as_json)
    assert campaign is not None
    return _sweep(campaign, workers, scheduler, out, resume=resume, as_json=as_json)


def _sweep(
    path: Path,
    workers: int | None,
    scheduler: str | None,
    out: Path | None,
    *,
    resume: bool | None,
    as_json: bool,
) -> int:
    from openoutcry.lab.campaign import load_campaign
    from openoutcry.lab.running import MANIFEST_FILE, STATE_FILE, check_campaign, open_directory

    campaign = load_campaign(path)
    directory = RESULTS / path.stem if out is None else out
    check_campaign(campaign)
    if resume and not (directory / STATE_FILE).exists():
        raise ConfigurationError(f"{directory}: there is nothing to resume: leave --resume out to begin")
    with open_directory(campaign, directory, restart=resume is False):
        if (directory / MANIFEST_FILE).exists():
            _note(f"{directory} is finished already; --restart plays it again")
        else:
            began = perf_counter()
            with _engine(workers, scheduler) as engine:
                finished = _run(campaign, directory, engine)
                _finish(campaign, directory, finished, engine, perf_counter() - began)
        _tell(campaign, directory, as_json=as_json)
    return 0


def _reproduce(path: Path, workers: int | None, scheduler: str | None, *, as_json: bool) -> int:
    from openoutcry.lab.manifest import campaign_of, compare, read_manifest
    from openoutcry.lab.running import check_campaign, open_directory

    manifest = read_manifest(path)
    campaign = campaign_of(manifest, path)
    check_campaign(campaign)
    with tempfile.TemporaryDirectory() as scratch, _engine(workers, scheduler) as engine:
        directory = Path(scratch) / "again"
        with open_directory(campaign, directory, restart=False):
            complaints = compare(manifest, path, _run(campaign, directory, engine))
    if as_json:
        print_json({"reproduced": not complaints, "auctions": campaign.auctions, "differences": complaints})
    else:
        for complaint in complaints:
            click.echo(complaint)
        told = "differs" if complaints else "is reproduced"
        click.echo(f"{path} {told}: {campaign.auctions:,} auctions played again")
    return DIFFERENT if complaints else 0


@contextmanager
def _engine(workers: int | None, scheduler: str | None) -> Iterator[Engine]:
    from openoutcry.lab.engines import DaskEngine, ProcessEngine, count_cores

    engine: Engine = DaskEngine(scheduler) if scheduler else ProcessEngine(workers or count_cores())
    try:
        yield engine
    finally:
        engine.stop()


def _run(campaign: Campaign, directory: Path, engine: Engine) -> Finished:
    from openoutcry.lab.running import run_campaign

    try:
        with _progress(campaign.auctions) as (tell, tell_markets):
            return run_campaign(campaign, directory, engine, tell=tell, tell_markets=tell_markets)
    except KeyboardInterrupt:
        _note(f"what is done is kept in {directory}: the same command goes on from there")
        raise


def _finish(campaign: Campaign, directory: Path, finished: Finished, engine: Engine, seconds: float) -> None:
    from openoutcry.lab.manifest import Circumstances, describe
    from openoutcry.lab.running import MANIFEST_FILE, remove_work

    circumstances = Circumstances(
        command=[Path(sys.argv[0]).name, *sys.argv[1:]],
        engine=engine.name,
        workers=engine.workers,
        seconds=seconds,
    )
    manifest = describe(campaign, finished, circumstances, directory)
    partial = directory / f"{MANIFEST_FILE}.partial"
    partial.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(directory / MANIFEST_FILE)
    remove_work(directory)


def _tell(campaign: Campaign, directory: Path, *, as_json: bool) -> None:
    """Print where the results are, and what each cell did on average."""
    from openoutcry.lab.manifest import read_manifest
    from openoutcry.lab.running import MANIFEST_FILE, ROWS_FILE
    from openoutcry.lab.summary import show_summary, summarise

    manifest = read_manifest(directory / MANIFEST_FILE)
    for note in manifest["notes"]:
        _note(note)
    summary = summarise(campaign, directory / ROWS_FILE)
    if as_json:
        told: dict[str, Any] = {
            "rows": str(directory / ROWS_FILE),
            "manifest": str(directory / MANIFEST_FILE),
            "auctions": manifest["rows"]["count"],
            "seconds": manifest["seconds"],
            "workers": manifest["workers"],
            "notes": manifest["notes"],
            "cells": summary,
        }
        print_json(told)
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WITHOUT_TERMINAL)
    show_summary(console, campaign, summary)
    click.echo(
        f"{manifest['rows']['count']:,} auctions: {directory / ROWS_FILE}, {directory / MANIFEST_FILE}"
    )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[int], None], Callable[[int, int], None]]]:
    """Show on a terminal how much is done, how fast, and how long the rest will take.

    Yields:
        What to tell that so many more auctions are done; and how many optimal revenues, and of how many.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _count: None, lambda _done, _count: None
        return
    columns = (
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.description}"),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        markets = progress.add_task("optimal revenues", total=None, visible=False)
        auctions = progress.add_task("auctions", total=total)
        yield (
            lambda count: progress.advance(auctions, count),
            lambda done, count: progress.update(markets, completed=done, total=count, visible=True),
        )


def _note(line: str) -> None:
    click.echo(f"note: {line}", err=True)
