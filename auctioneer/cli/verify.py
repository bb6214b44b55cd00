"""`auctioneer verify`: is this transcript what an honest session leaves behind?"""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.hexadecimal import KEY, SESSION
from auctioneer.cli.printing import examples, print_json
from auctioneer.cli.transcript_files import read_transcript
from openoutcry.errors import TranscriptError, UnreadableTranscript
from openoutcry.session.report import verification_lines, verification_values
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec


@click.command(epilog=examples("auctioneer verify runs/offshore-1a2b3c4d.zip"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--session", "session_id", type=SESSION, help="The session that it must be of.")
@click.option("--auctioneer-key", type=KEY, help="The message key that the auctioneer must have.")
def verify(file: Path, as_json: bool, session_id: bytes | None, auctioneer_key: bytes | None) -> int:
    """Verify the transcript in FILE: every byte, every signature, every question, every payment.

    Needs no network, no key and no trust in whoever made it. Ends with 0 when it is valid, with 1 when it is not, and
    with 2 when FILE cannot be read as a transcript.
    """
    try:
        transcript = read_transcript(file)
    except UnreadableTranscript:
        raise
    except TranscriptError as error:
        if not as_json:
            raise
        print_json({"valid": False, "session": "", "levels": [], "deviations": [], "problem": str(error)})
        return 1
    verification = verify_transcript(
        transcript, codec=WireCodec(), session_id=session_id, auctioneer_key=auctioneer_key
    )
    if as_json:
        print_json(verification_values(verification))
    else:
        click.echo("\n".join(verification_lines(verification)))
    return 0 if verification.is_valid else 1
