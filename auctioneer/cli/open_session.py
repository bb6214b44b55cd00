"""`auctioneer open`: open a session on a running service."""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.cli.printing import examples, print_json
from auctioneer.remote import Remote
from openoutcry.mechanisms.specification import encode_specification
from openoutcry.scenario import load_scenario


@click.command("open", epilog=examples("auctioneer open --address 127.0.0.1:7440 --scenario scenario.toml"))
@click.option("--scenario", required=True, type=click.Path(path_type=Path), help="The scenario to open.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@calls_service
def open_session(remote: Remote, scenario: Path, as_json: bool) -> None:
    """Open a session from the public part of a scenario; the private part stays here."""
    loaded = load_scenario(scenario)
    session_id = remote.open_session(encode_specification(loaded.specification)).hex()
    if as_json:
        print_json({"session": session_id, "title": loaded.title, "bidders": list(loaded.names)})
        return
    click.echo(f"session {session_id} is open for {', '.join(loaded.names)}")
    click.echo(f"next: bidder-agent join {remote.address} --session {session_id} --name NAME --signal N")
