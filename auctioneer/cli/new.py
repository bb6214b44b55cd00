"""`auctioneer new`: a first scenario and a first strategy, to be changed."""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.printing import examples, slug
from auctioneer.cli.transcript_files import write_file
from openoutcry.errors import ConfigurationError
from openoutcry.scenario.starter import SCENARIO_FILE, STARTER_KINDS, StarterKind, starter_files


@click.command(epilog=examples("auctioneer new my-auction", "auctioneer new my-auction --kind crowd"))
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="Where to write; a new directory called after NAME by default.",
)
@click.option(
    "--kind",
    type=click.Choice(STARTER_KINDS),
    default="clock",
    show_default=True,
    help="clock: bidders with signals of one lot's quality; crowd: bidders who know something of each other.",
)
def new(name: str, directory: Path | None, kind: StarterKind) -> None:
    """Write a scenario called NAME and a strategy for one of its bidders."""
    target = Path(slug(name)) if directory is None else directory
    files = starter_files(name, kind)
    for file in files:
        if (target / file).exists():
            raise ConfigurationError(f"{target / file} is there already: choose another name or --directory")
    for file, text in files.items():
        write_file(target / file, text.encode())
        click.echo(f"wrote {target / file}")
    click.echo(f"next: auctioneer run {target / SCENARIO_FILE}")
