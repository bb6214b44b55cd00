"""`auctioneer sweep`: play a campaign, a grid of mechanisms, instances and strategies, on all cores or a cluster."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from auctioneer.cli.campaign_progress import show_progress
from auctioneer.cli.campaign_table import print_cells
from auctioneer.cli.printing import examples, print_json
from openoutcry.errors import ConfigurationError

if TYPE_CHECKING:
    from openoutcry.lab.campaigns.campaign import Campaign
    from openoutcry.lab.campaigns.engines import Engine
    from openoutcry.lab.campaigns.running import Finished

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
    if scheduler == "":
        raise click.UsageError("--scheduler is empty: give its address, or leave it out")
    if workers is not None and scheduler is not None:
        raise click.UsageError("--workers are processes of this machine: leave them out with --scheduler")
    with _ending_as_by_ctrl_c():
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
    from openoutcry.lab.campaigns.campaign import load_campaign
    from openoutcry.lab.campaigns.running import MANIFEST_FILE, STATE_FILE, check_campaign, open_directory

    campaign = load_campaign(path)
    directory = RESULTS / path.stem if out is None else out
    # Checking makes strategies, and what those print is no result.
    with redirect_stdout(sys.stderr):
        check_campaign(campaign)
    if resume and not (directory / STATE_FILE).exists():
        raise ConfigurationError(f"{directory}: there is nothing to resume: leave --resume out to begin")
    with open_directory(campaign, directory, restart=resume is False):
        if (directory / MANIFEST_FILE).exists():
            _note(f"{directory} is finished already; --restart plays it again")
        else:
            began = perf_counter()
            try:
                with _engine(workers, scheduler) as engine:
                    finished = _run(campaign, directory, engine)
                    _finish(campaign, directory, finished, engine, perf_counter() - began)
            except KeyboardInterrupt:
                _note(f"what is done is kept in {directory}: the same command goes on from there")
                raise
        _tell(campaign, directory, as_json=as_json)
    return 0


def _reproduce(path: Path, workers: int | None, scheduler: str | None, *, as_json: bool) -> int:
    from openoutcry.lab.campaigns.manifest import campaign_of, compare, read_manifest
    from openoutcry.lab.campaigns.running import check_campaign, open_directory

    manifest = read_manifest(path)
    campaign = campaign_of(manifest, path)
    with redirect_stdout(sys.stderr):
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
def _ending_as_by_ctrl_c() -> Iterator[None]:
    """Take a batch system's wish to end as a person's: what is done is kept, and nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _engine(workers: int | None, scheduler: str | None) -> Iterator[Engine]:
    from openoutcry.lab.campaigns.engines import DaskEngine, ProcessEngine, count_cores

    engine: Engine = (
        DaskEngine(scheduler) if scheduler is not None else ProcessEngine(workers or count_cores())
    )
    try:
        yield engine
    finally:
        engine.stop()


def _run(campaign: Campaign, directory: Path, engine: Engine) -> Finished:
    from openoutcry.lab.campaigns.running import run_campaign

    with show_progress(campaign.auctions) as (tell, tell_markets):
        return run_campaign(campaign, directory, engine, tell=tell, tell_markets=tell_markets)


def _finish(campaign: Campaign, directory: Path, finished: Finished, engine: Engine, seconds: float) -> None:
    from openoutcry.lab.campaigns.manifest import Circumstances, describe
    from openoutcry.lab.campaigns.running import MANIFEST_FILE, remove_work
    from openoutcry.lab.campaigns.storing import store

    circumstances = Circumstances(
        command=[Path(sys.argv[0]).name, *sys.argv[1:]],
        engine=engine.name,
        workers=engine.workers,
        seconds=seconds,
    )
    manifest = describe(campaign, finished, circumstances, directory)
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    store(directory / MANIFEST_FILE, text.encode())
    remove_work(directory)


def _tell(campaign: Campaign, directory: Path, *, as_json: bool) -> None:
    """Print where the results are, and what each cell did on average."""
    from openoutcry.lab.campaigns.manifest import read_manifest
    from openoutcry.lab.campaigns.running import MANIFEST_FILE, ROWS_FILE
    from openoutcry.lab.campaigns.summary import summarise

    manifest = read_manifest(directory / MANIFEST_FILE)
    for note in manifest["notes"]:
        _note(note)
    summary = summarise(campaign, directory / ROWS_FILE)
    failures = sum(cell["defaults"] for cell in summary)
    if failures:
        _note(
            f"strategies failed {failures:,} times, and the documented default was taken: column `defaults` says where"
        )
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
    print_cells(console, campaign, summary)
    click.echo(
        f"{manifest['rows']['count']:,} auctions: {directory / ROWS_FILE}, {directory / MANIFEST_FILE}"
    )


def _note(line: str) -> None:
    _say(f"note: {line}")


def _say(line: str) -> None:
    click.echo(line, err=True)
