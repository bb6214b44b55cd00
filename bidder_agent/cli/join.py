"""`bidder-agent join`: one bidder in one session."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bidder_agent.cli.options import (
    DIRECTORY,
    FILE,
    connection_options,
    output_options,
    print_json,
    read_public_key,
    read_tls,
    run_until_done,
    teller,
)
from bidder_agent.joining import join
from openoutcry.errors import ConfigurationError
from openoutcry.strategies.private_input import RawPrivate, parse_private

EXAMPLES = """\b
Examples:
  bidder-agent join 127.0.0.1:7440 --name ada --signal 2
  bidder-agent join 127.0.0.1:7440 --name ada --signal 2 --strategy shade:levels=1
  bidder-agent join 127.0.0.1:7440 --name ada --private ada.json --strategy mine.py:Cautious

\b
A file of private input holds {"signal": 2}, or for a bidder with a value of its own
  {"value": 4, "belief": {"product": {"bob": [[1, 2], [4, 1]]}}}
"""


@click.command("join", epilog=EXAMPLES)
@click.argument("address")
@click.option("--name", required=True, help="Of the bidder, as the session's specification has it.")
@click.option("--signal", type=int, help="The private signal, 0..k-1, where bidders have signals.")
@click.option(
    "--private",
    metavar="FILE",
    help="File of what only the bidder knows, as JSON (below); - reads it from standard input.",
)
@click.option(
    "--strategy",
    default="truthful",
    show_default=True,
    help="NAME, package.module:Class or file.py:Class, with options as :key=value.",
)
@click.option(
    "--base-directory", type=DIRECTORY, default=Path(), help="Where relative files of the strategy start."
)
@click.option(
    "--key",
    type=FILE,
    help="File of the bidder's key (PEM), made when missing; by default one in the receipts.",
)
@click.option("--seed", help="For local runs: key and secrets follow from it. Whoever knows it knows them.")
@click.option(
    "--receipts", type=DIRECTORY, help="Directory of the receipts; by default receipts/<session>-<name>."
)
@connection_options
@output_options
def command(**given: Any) -> int:
    """Take part in a session until it ends.

    Everything that was told and said is kept in the receipts. Started again with the same receipts, the agent goes
    on where it was.
    """
    result = run_until_done(
        join(
            given["address"],
            session=given["session"],
            name=given["name"],
            private=read_private(given["signal"], given["private"]),
            strategy=given["strategy"],
            base_directory=given["base_directory"],
            key=given["key"],
            seed=given["seed"],
            receipts=given["receipts"],
            auctioneer_key=read_public_key(given["auctioneer_key"]),
            tls=read_tls(
                tls=given["tls"],
                authority=given["tls_ca"],
                certificate=given["tls_certificate"],
                key=given["tls_key"],
            ),
            patience_s=given["patience"],
            checks_transcript=given["audit"],
            tell=teller(quiet=given["quiet"] or given["as_json"]),
        )
    )
    if given["as_json"]:
        print_json(result.to_json())
    return 0 if result.is_good else 1


def read_private(signal: int | None, private: str | None) -> RawPrivate:
    """Return what only the bidder knows, from the option or the file that gives it.

    Raises:
        ConfigurationError: Neither or both give it, or the file is none.
    """
    if (signal is None) == (private is None):
        raise ConfigurationError(
            "give the private signal once: --signal 2, or --private FILE; a value and a belief with --private FILE"
        )
    if private is None:
        return {"signal": signal}
    try:
        data = sys.stdin.buffer.read() if private == "-" else Path(private).read_bytes()
    except OSError as problem:
        raise ConfigurationError(f"--private {private}: cannot be read: {problem}") from problem
    try:
        return parse_private(data)
    except ConfigurationError as problem:
        raise ConfigurationError(f"--private {private}: {problem}") from problem
