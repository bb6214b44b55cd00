"""`bidder-agent verify`: a transcript at four levels, and a bidder's receipts against it."""

from __future__ import annotations

from pathlib import Path

import click

from bidder_agent.audit import Audit, audit_receipts, check_transcript
from bidder_agent.cli.options import DIRECTORY, FILE, print_json, read_public_key
from bidder_agent.joining import read_session_id
from bidder_agent.receipts import read_receipts
from openoutcry.errors import ConfigurationError, TranscriptError, UnreadableTranscript
from openoutcry.protocol import limits
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec

_MARKS = {True: "valid", False: "INVALID", None: "not checked"}


@click.command("verify")
@click.argument("transcript", type=FILE)
@click.option("--receipts", type=DIRECTORY, help="Receipts of a bidder, to be held against the transcript.")
@click.option("--session", metavar="HEX", help="Expected session id.")
@click.option("--auctioneer-key", metavar="HEX", help="Expected message key of the auctioneer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    transcript: Path, receipts: Path | None, session: str | None, auctioneer_key: str | None, as_json: bool
) -> int:
    """Verify TRANSCRIPT offline: integrity, authorship, conduct, outcome.

    Exit code 0: valid; 1: not; 2: it cannot be read.
    """
    codec = WireCodec()
    try:
        checked = check_transcript(
            read_transcript(transcript),
            codec=codec,
            session_id=None if session is None else read_session_id(session),
            auctioneer_key=read_public_key(auctioneer_key),
        )
    except UnreadableTranscript:
        raise
    except TranscriptError as problem:
        # It can be read and was changed: that is an answer, and not a failure to give one.
        if as_json:
            print_json({"valid": False, "levels": [], "reason": str(problem)})
        else:
            click.echo(f"integrity   INVALID      {problem}")
        return 1
    audit = Audit(findings=checked.findings)
    if receipts is not None:
        _, entries = read_receipts(receipts)
        audit = audit_receipts(checked, entries, EnvelopeReader(codec))
    if as_json:
        print_json(audit.to_json())
    else:
        for finding in audit.findings:
            click.echo(f"{finding.name:<11} {_MARKS[finding.is_valid]:<12} {finding.detail}")
    return 0 if audit.is_valid else 1


def read_transcript(path: Path) -> bytes:
    """Return the bytes of a transcript file.

    Raises:
        ConfigurationError: It cannot be read, or is larger than any transcript.
    """
    try:
        if path.stat().st_size > limits.TRANSCRIPT_BYTES:
            raise ConfigurationError(f"{path}: is larger than any transcript")
        return path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
