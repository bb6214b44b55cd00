"""`bidder-agent health`: whether an agent is doing its work, for whoever supervises it."""

from __future__ import annotations

from pathlib import Path

import click

from bidder_agent.cli.options import DIRECTORY
from bidder_agent.status import read_health


@click.command("health")
@click.option("--receipts", required=True, type=DIRECTORY, help="Of the agent.")
def command(receipts: Path) -> int:
    """Exit with 0 while the agent of these receipts is attached, and once its session has ended; else with 1."""
    is_healthy, detail = read_health(receipts)
    click.echo(detail)
    return 0 if is_healthy else 1
