"""`auctioneer new`: a first scenario and a first strategy, to be changed."""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.printing import examples, slug
from auctioneer.cli.transcript_files import write_file
from openoutcry.errors import ConfigurationError
from openoutcry.scenario.starter import SCENARIO_FILE, starter_files


@click.command(epilog=examples("auctioneer new my-auction"))
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="Where to write; a new directory called after NAME by default.",
)
def new(name: str, directory: Path | None) -> None:
    """Write a scenario called NAME and a strategy for one of its bidders."""
    target = Path(slug(name)) if directory is None else directory
    files = starter_files(name)
    for file in files:
        if (target / file).exists():
            raise ConfigurationError(f"{target / file} is there already: choose another name or --directory")
    for file, text in files.items():
        write_file(target / file, text.encode())
        click.echo(f"wrote {target / file}")
    click.echo(f"next: auctioneer run {target / SCENARIO_FILE}")
