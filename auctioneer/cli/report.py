"""`auctioneer report`: what a campaign's result says, with how much certainty, as a page, pictures and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from auctioneer.cli.printing import examples, print_json, say
from auctioneer.cli.tables import LABEL_BREAKS, Column, print_table
from openoutcry.errors import ConfigurationError

if TYPE_CHECKING:
    from openoutcry.lab.pictures.page import Figure
    from openoutcry.lab.reporting.report import Report

PAGE_FILE = "report.html"
SECTION_NAMES = ("bounds", "mechanisms", "growth", "conversation", "strategies", "cells")
PRINTED_CELLS = 40
WIDTH_WITHOUT_TERMINAL = 150

_PAGE_BEGINS = b"<!doctype html>"


@click.command(
    epilog=examples(
        "auctioneer report runs/bounds",
        "auctioneer report runs/bounds --out bounds.html --only mechanisms --only strategies",
        "auctioneer report runs/bounds --figures figures --format png",
        "auctioneer report runs/bounds --figures figures --picture welfare-share",
        "auctioneer report runs/bounds --json | jq '.mechanisms[] | select(.is_significant)'",
    )
)
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help=f"The page; {PAGE_FILE} in the result's directory by default.",
)
@click.option(
    "--figures",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Write the pictures as files, too.",
)
@click.option(
    "--format",
    "picture_format",
    type=click.Choice(["svg", "png"]),
    default="svg",
    show_default=True,
    help="Of the pictures in files.",
)
@click.option(
    "--picture",
    "names",
    multiple=True,
    metavar="NAME",
    help="Write this one of the pictures, and no others but those named so; may be given many times.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(SECTION_NAMES),
    help="Leave out all other sections of the page, and their pictures; may be given many times.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print all statistics as one JSON object; a page only with --out."
)
def report(
    result: Path,
    out: Path | None,
    figures: Path | None,
    picture_format: str,
    names: tuple[str, ...],
    only: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what the RESULT of a campaign shows: its directory, its manifest, or its rows.

    Writes one HTML file that opens offline: what was played, the main findings, welfare and revenue against the optimum
    and what is proved, mechanisms compared on the same auctions, growth with the size of instances, and what
    lying earns; all with 95% confidence intervals. The same result makes the same page, byte for byte.
    """
    from openoutcry.lab.reporting.report import make_report
    from openoutcry.lab.reporting.result import open_result

    if names and figures is None:
        raise click.UsageError(
            "--picture chooses among the pictures that --figures DIRECTORY writes: name that, too"
        )
    opened = open_result(result)
    page = opened.manifest_file.parent / PAGE_FILE if out is None and not as_json else out
    if page is not None:
        _refuse_other_file(page)
    with _progress() as tell:
        made = make_report(opened, tell=tell)
    chosen = [] if figures is None else _choose_figures(made, names, only)
    pictures = [] if figures is None else _write_figures(chosen, figures, picture_format)
    if page is not None:
        _write_page(made, page, only)
    if as_json:
        _print_document(made, page, pictures)
        return
    _print(made)
    for picture in pictures:
        click.echo(f"picture: {picture}")
    click.echo(f"report of {opened.campaign.auctions:,} auctions: {page}")


def _refuse_other_file(page: Path) -> None:
    """Let an older report be written over, and nothing else."""
    try:
        if page.is_dir():
            raise ConfigurationError(f"{page} is a directory: name the page, such as {page / PAGE_FILE}")
        if page.exists():
            with page.open("rb") as file:
                begins = file.read(len(_PAGE_BEGINS))
            if begins != _PAGE_BEGINS:
                raise ConfigurationError(f"{page} is there already and is no report: choose another --out")
    except OSError as error:
        raise ConfigurationError(f"{page}: cannot be written: {error.strerror}") from error


def _write_page(made: Report, page: Path, only: tuple[str, ...]) -> None:
    from openoutcry.lab.pictures.export import write_whole
    from openoutcry.lab.reporting.sections import render_report

    write_whole(page, render_report(made, only=only).encode())


def _choose_figures(made: Report, names: tuple[str, ...], only: tuple[str, ...]) -> list[Figure]:
    """Return the figures of these sections, those of these names if any are given."""
    from openoutcry.lab.reporting.sections import report_figures
    from openoutcry.mechanisms.parameters import show, suggest

    drawn = {figure.name: figure for figure in report_figures(made, only=only)}
    for name in names:
        if name not in drawn:
            there = ", ".join(drawn) or "none"
            raise ConfigurationError(
                f"there is no picture {show(name)}{suggest(name, drawn)}; there are {there}"
            )
    return [drawn[name] for name in dict.fromkeys(names or drawn)]


def _write_figures(chosen: Sequence[Figure], directory: Path, suffix: str) -> list[Path]:
    from openoutcry.lab.pictures.export import export_figure

    written = []
    for figure in chosen:
        path = directory / f"{figure.name}.{suffix}"
        export_figure(figure, path)
        written.append(path)
    return written


def _print_document(made: Report, page: Path | None, pictures: list[Path]) -> None:
    from openoutcry.lab.reporting.document import report_document

    document = report_document(made)
    print_json(
        {**document, "page": None if page is None else str(page), "pictures": list(map(str, pictures))}
    )


def _print(made: Report) -> None:
    from openoutcry.lab.reporting.findings import find_cautions, find_findings

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WITHOUT_TERMINAL)
    _print_cells(console, made)
    console.print()
    for sentence in find_findings(made):
        say(console, sentence)
    for sentence in find_cautions(made):
        say(console, f"note: {sentence}")


def _print_cells(console: Console, made: Report) -> None:
    from openoutcry.lab.campaigns.labels import (
        common_labels,
        instance_labels,
        mechanism_labels,
        strategy_labels,
    )
    from openoutcry.lab.reporting.cells import SHARES
    from openoutcry.lab.reporting.formatting import show_share, show_value
    from openoutcry.lab.reporting.report import instance_sets
    from openoutcry.lab.reporting.sections import SHARE_HEADINGS

    campaign = made.result.campaign
    mechanisms, instances = mechanism_labels(campaign), instance_labels(campaign)
    strategies = strategy_labels(campaign)
    shares = [name for name in SHARES if any(name in figures.shares for figures in made.cells)]
    has_strategies = len(set(strategies)) > 1
    columns = (
        Column(heading="instances", breaks_after=LABEL_BREAKS),
        Column(heading="mechanism", breaks_after=LABEL_BREAKS),
        *([Column(heading="strategies", breaks_after=LABEL_BREAKS)] if has_strategies else []),
        *(Column(heading=SHARE_HEADINGS[name], is_number=True) for name in shares),
        Column(heading="observed gains", is_number=True),
    )
    rows = []
    shown = [cell for group in instance_sets(campaign.cells) for cell in group][:PRINTED_CELLS]
    above = ""
    for cell in shown:
        figures, name = made.cells[cell.number], instances[cell.number]
        told = [figures.shares.get(share) for share in shares]
        rows.append(
            (
                "" if name == above else name,
                mechanisms[cell.number],
                *([strategies[cell.number]] if has_strategies else []),
                *(show_share(None if share is None else share.of_auctions) for share in told),
                show_value(figures.means.get("utility")),
            )
        )
        above = name
    for line in (campaign.title, *common_labels(campaign)):
        say(console, line)
    console.print()
    print_table(console, columns, rows, is_light=True)
    left = len(made.cells) - PRINTED_CELLS
    if left > 0:
        say(console, f"{left:,} more cells are in the report")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how many cells are done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} cells"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("cells", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
