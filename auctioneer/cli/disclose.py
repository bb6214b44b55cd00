"""`auctioneer disclose`: make the sealed reports of a session readable, for those who are to re-execute it."""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.printing import examples
from auctioneer.cli.transcript_files import read_transcript, write_file
from auctioneer.keys import MESSAGE_KEY_FILE, derive_opening_key, read_or_make_keys
from openoutcry.errors import ConfigurationError
from openoutcry.session.disclosure import Disclosure, encode_disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening
from openoutcry.session.transcripts import read_session_id
from openoutcry.wire import WireCodec


@click.command(
    epilog=examples(
        "auctioneer disclose treasury.zip --state /var/lib/openoutcry",
        "auctioneer disclose treasury.zip --state /var/lib/openoutcry --out for-the-regulator.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="State directory of the service that ran the session: the key follows from its own.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to write the disclosure.  [FILE.disclosure.json]"
)
def disclose(file: Path, state: Path, out: Path | None) -> None:
    """Write the key of the sealed reports of the session whose transcript is in FILE.

    Whoever has it can read every private report of this session, and of no other. `auctioneer verify --disclosure` then
    checks the session at all four levels.
    """
    if not (state / MESSAGE_KEY_FILE).exists():
        raise ConfigurationError(
            f"{state}: holds no {MESSAGE_KEY_FILE}: is it the state directory of the service?"
        )
    keys = read_or_make_keys(state)
    transcript, reader = read_transcript(file), EnvelopeReader(WireCodec())
    opening = read_opening(transcript.entries, reader)
    opening_key = derive_opening_key(keys.message, opening.seed_commitment)
    if opening_key.public_key != opening.opening_key:
        raise ConfigurationError(f"{file}: the session was run under another key than the one in {state}")
    disclosure = Disclosure(session_id=read_session_id(transcript.entries, reader), opening_key=opening_key)
    target = out or file.with_suffix(".disclosure.json")
    write_file(target, encode_disclosure(disclosure), is_private=True)
    click.echo(f"disclosure written to {target}; only its owner can read it")
