"""`bidder-agent verify`: a transcript at four levels, and a bidder's receipts against it."""

from __future__ import annotations

from pathlib import Path

import click

from bidder_agent.audit import check_receipts, check_transcript
from bidder_agent.cli.options import DIRECTORY, FILE, print_json, read_public_key
from bidder_agent.joining import read_session_id
from bidder_agent.receipts import read_receipts
from openoutcry.errors import TranscriptError, UnreadableTranscript
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.report import verification_lines, verification_values
from openoutcry.session.verdicts import Level, Verdict, Verification, unreadable
from openoutcry.wire import WireCodec
from openoutcry.wire.files import read_disclosure, read_transcript


@click.command("verify")
@click.argument("transcript", type=click.Path(path_type=Path))
@click.option("--receipts", type=DIRECTORY, help="Receipts of a bidder, to be held against the transcript.")
@click.option("--session", metavar="HEX", help="Expected session id.")
@click.option("--auctioneer-key", metavar="HEX", help="Expected message key of the auctioneer.")
@click.option(
    "--disclosure",
    type=FILE,
    help="File with the key of sealed reports; without it, a sealed session is checked as far as it can be.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    transcript: Path,
    receipts: Path | None,
    session: str | None,
    auctioneer_key: str | None,
    disclosure: Path | None,
    as_json: bool,
) -> int:
    """Verify TRANSCRIPT offline: integrity, authorship, conduct, outcome.

    TRANSCRIPT is a file, or the directory into which one was unpacked. Exit code 0: valid, as far as it can be checked;
    1: not; 2: it cannot be read.
    """
    codec = WireCodec()
    more: tuple[Level, ...] = ()
    verification: Verification
    try:
        checked = check_transcript(
            read_transcript(transcript),
            codec=codec,
            session_id=None if session is None else read_session_id(session),
            auctioneer_key=read_public_key(auctioneer_key),
            disclosure=None if disclosure is None else read_disclosure(disclosure),
        )
    except UnreadableTranscript:
        raise
    except TranscriptError as problem:
        # It can be read and was changed: that is an answer, and not a failure to give one.
        verification = unreadable(problem)
    else:
        verification = checked.verification
        if receipts is not None:
            _, entries = read_receipts(receipts)
            more = (check_receipts(checked, entries, EnvelopeReader(codec)),)
    if as_json:
        print_json(verification_values(verification, more))
    else:
        click.echo("\n".join(verification_lines(verification, more)))
    is_valid = verification.is_valid and all(level.verdict is Verdict.VALID for level in more)
    return 0 if is_valid else 1
