"""`bidder-agent keys`: make and show keys."""

from __future__ import annotations

from pathlib import Path

import click

from bidder_agent.cli.options import FILE, print_json
from bidder_agent.identity import make_key, read_key
from openoutcry.protocol.keys import SigningKey


@click.group("keys")
def command() -> None:
    """Make and show a bidder's keys."""


@command.command("new")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def new(file: Path, as_json: bool) -> None:
    """Make a key and keep it in FILE, which must not exist and which only its owner can read."""
    _show(make_key(file), as_json=as_json)


@command.command("show")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(file: Path, as_json: bool) -> None:
    """Show the public part of the key in FILE."""
    _show(read_key(file), as_json=as_json)


def _show(key: SigningKey, *, as_json: bool) -> None:
    if as_json:
        print_json({"public_key": key.public_key.hex(), "sender_id": key.sender_id.hex()})
        return
    click.echo(f"public key  {key.public_key.hex()}")
    click.echo(f"sender id   {key.sender_id.hex()}")
