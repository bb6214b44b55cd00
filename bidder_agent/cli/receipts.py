"""`bidder-agent receipts`: what a bidder's receipts hold, and proofs of its own messages for others."""

from __future__ import annotations

from pathlib import Path

import click

from bidder_agent.audit import audit_receipts, check_transcript
from bidder_agent.cli.options import DIRECTORY, print_json
from bidder_agent.files import replace_file
from bidder_agent.proofs import SUFFIX, prove_entries
from bidder_agent.receipts import TRANSCRIPT, read_receipts
from openoutcry.errors import ConfigurationError
from openoutcry.session.bidder_values import Delivered
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec
from openoutcry.wire.files import read_transcript
from openoutcry.wire.journal import JournalEntry


@click.command("receipts")
@click.argument("directory", type=DIRECTORY)
@click.option(
    "--export",
    "target",
    type=DIRECTORY,
    help="Write a .tlog-proof and the envelope of each own message here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(directory: Path, target: Path | None, as_json: bool) -> None:
    """Show what the receipts in DIRECTORY hold, or export proofs of the bidder's own messages.

    A proof shows to anybody who knows the auctioneer's checkpoint key that the session's log holds the message.
    """
    header, entries = read_receipts(directory)
    said = [envelope for entry in entries for envelope in entry.said]
    content: dict[str, object] = {
        "session": header.session_id.hex(),
        "name": header.name,
        "public_key": header.public_key.hex(),
        "inputs": len(entries),
        "delivered": sum(isinstance(entry.given, Delivered) for entry in entries),
        "said": len(said),
        "failures": [entry.failure for entry in entries if entry.failure],
    }
    if target is not None:
        content["exported"] = export(directory, entries, target)
    if as_json:
        print_json(content)
        return
    for name, value in content.items():
        click.echo(f"{name:<11} {value}")


def export(directory: Path, entries: tuple[JournalEntry, ...], target: Path) -> int:
    """Write a proof for each own message and return how many there are.

    Raises:
        ConfigurationError: There is no transcript yet, or it does not hold.
        StorageError: A file cannot be written.
    """
    codec = WireCodec()
    checked = check_transcript(
        read_transcript(directory / TRANSCRIPT), codec=codec, session_id=None, auctioneer_key=None
    )
    audit = audit_receipts(checked, entries, EnvelopeReader(codec))
    if not audit.is_valid:
        raise ConfigurationError(f"{directory / TRANSCRIPT}: {audit.summary}")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ConfigurationError(f"{target}: cannot be made: {problem.strerror}") from problem
    count = 0
    said = [envelope for entry in entries for envelope in entry.said]
    for proved in prove_entries(checked.transcript, said):
        replace_file(target / f"{proved.index}.envelope", proved.entry)
        replace_file(target / f"{proved.index}{SUFFIX}", proved.proof)
        count += 1
    return count
