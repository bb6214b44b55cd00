"""`bidder-agent host`: many bidders of one session in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bidder_agent.agent import AgentSettings, Unreachable
from bidder_agent.backoff import BackoffSettings
from bidder_agent.cli.main import FAILED, UNREACHABLE, UNUSABLE
from bidder_agent.cli.options import (
    DIRECTORY,
    connection_options,
    output_options,
    print_json,
    read_public_key,
    read_tls,
    run_until_done,
    teller,
)
from bidder_agent.hosting import Hosted, host, read_seatings

EXAMPLES = """\b
Examples:
  bidder-agent host 127.0.0.1:7440 --bidders scenario.toml
  bidder-agent host 127.0.0.1:7440 --bidders scenario.toml --only ada --only bob
"""


@click.command("host", epilog=EXAMPLES)
@click.argument("address")
@click.option(
    "--bidders",
    required=True,
    type=click.Path(path_type=Path),
    help="A scenario, or a file of [[bidder]] entries: name, signal or private, strategy, key.",
)
@click.option("--only", multiple=True, metavar="NAME", help="Only this bidder; may be given again.")
@click.option("--seed", help="For local runs: keys and secrets follow from it.")
@click.option(
    "--receipts", type=DIRECTORY, help="Directory for the bidders' receipts; by default receipts/<session>."
)
@connection_options
@output_options
def command(**given: Any) -> int:
    """Take part for many bidders, each with a key and receipts of its own.

    A process of its own costs each bidder some 50 MiB; here hundreds share one.
    """
    settings = AgentSettings(
        backoff=BackoffSettings(patience_s=given["patience"]),
        auctioneer_key=read_public_key(given["auctioneer_key"]),
        shares_loop=True,
    )
    hosted = run_until_done(
        host(
            given["address"],
            session=given["session"],
            seatings=read_seatings(given["bidders"], seed=given["seed"], only=given["only"]),
            settings=settings,
            receipts=given["receipts"],
            tls=read_tls(
                tls=given["tls"],
                authority=given["tls_ca"],
                certificate=given["tls_certificate"],
                key=given["tls_key"],
            ),
            checks_transcript=given["audit"],
            tell=teller(quiet=given["quiet"] or given["as_json"]),
        )
    )
    if given["as_json"]:
        print_json({"bidders": [_to_json(bidder) for bidder in hosted]})
    for bidder in hosted:
        if bidder.problem is not None:
            click.echo(f"error: {bidder.name}: {bidder.problem}", err=True)
    return max((_exit_code(bidder) for bidder in hosted), default=0)


def _to_json(bidder: Hosted) -> dict[str, object]:
    if bidder.result is not None:
        return bidder.result.to_json()
    return {"name": bidder.name, "error": str(bidder.problem)}


def _exit_code(bidder: Hosted) -> int:
    if bidder.result is not None:
        return 0 if bidder.result.is_good else FAILED
    return UNREACHABLE if isinstance(bidder.problem, Unreachable) else UNUSABLE
