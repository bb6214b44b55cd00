"""`auctioneer sessions`: what runs on a service, and what has ended."""

from __future__ import annotations

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.cli.printing import print_json
from auctioneer.remote import Remote
from openoutcry.session.values import Phase

BROKEN = "broken"
"""Shown in place of a phase when a session neither goes on nor has ended."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@calls_service
def sessions(remote: Remote, as_json: bool) -> None:
    """List the sessions of a service, newest first."""
    listed = [
        {
            "session": summary.session_id.hex(),
            "phase": Phase(summary.phase).name.lower() if summary.phase else BROKEN,
            "records": summary.log_size,
            "title": summary.title,
            "problem": summary.problem,
        }
        for summary in remote.sessions()
    ]
    if as_json:
        print_json({"sessions": listed})
        return
    for line in listed:
        problem = f" ({line['problem']})" if line["problem"] else ""
        click.echo("{session}  {phase:<6}  {records:>6}  {title}".format(**line) + problem)
    if not listed:
        click.echo("no sessions yet: `auctioneer open --scenario FILE` opens one")
