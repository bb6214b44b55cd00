"""`auctioneer fetch`: the transcript of an ended session, verified before it is kept."""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.cli.hexadecimal import SESSION
from auctioneer.cli.transcript_files import write_file
from auctioneer.remote import Remote
from openoutcry.protocol.transcript import decode_transcript
from openoutcry.session.report import verification_lines
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec


@click.command()
@click.argument("session", type=SESSION)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write; SESSION.zip by default.")
@calls_service
def fetch(remote: Remote, session: bytes, out: Path | None) -> int:
    """Fetch the transcript of SESSION, and verify it.

    It is kept even when it is invalid: it is the evidence.
    """
    path = Path(f"{session.hex()[:16]}.zip") if out is None else out
    data = remote.transcript(session)
    write_file(path, data)
    verification = verify_transcript(decode_transcript(data), codec=WireCodec(), session_id=session)
    click.echo("\n".join(verification_lines(verification)))
    click.echo(f"wrote {path}")
    return 0 if verification.is_valid else 1
