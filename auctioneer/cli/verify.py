"""`auctioneer verify`: does this transcript hold, and does this evidence prove anything?"""

from __future__ import annotations

from pathlib import Path

import click

from auctioneer.cli.deviations import Strategic, find_strategic, strategic_lines, strategic_objects
from auctioneer.cli.hexadecimal import KEY, SESSION
from auctioneer.cli.printing import examples, print_json
from auctioneer.cli.transcript_files import DISCLOSURE, read_transcript, write_file
from openoutcry.errors import TranscriptError, UnreadableTranscript
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.evidence import EVIDENCE_BYTES, decode_evidence, encode_evidence, gather, judge
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.report import verification_lines, verification_values
from openoutcry.session.verdicts import Verification, unreadable
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec

CANNOT_TELL = 2
"""Neither valid nor invalid: this machine cannot work out what the session came to."""


@click.command(
    epilog=examples(
        "auctioneer verify runs/offshore-1a2b3c4d.zip",
        "auctioneer verify runs/offshore-1a2b3c4d.zip --evidence evidence/",
        "auctioneer verify runs/treasury-5e6f7a8b.zip --disclosure runs/treasury-5e6f7a8b.disclosure.json",
        "auctioneer verify runs/offshore-1a2b3c4d.zip --private runs/offshore-1a2b3c4d.private.json",
        "auctioneer verify evidence/record-17-WRONG_LEVEL.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--session", "session_id", type=SESSION, help="The session that it must be of.")
@click.option("--auctioneer-key", type=KEY, help="The message key that the auctioneer must have.")
@click.option(
    "--disclosure",
    type=DISCLOSURE,
    help="File with the key of sealed reports; without it, a sealed session is checked as far as it can be.",
)
@click.option(
    "--evidence",
    "evidence_directory",
    type=click.Path(path_type=Path),
    help="Write here, for each deviation that signatures alone prove, a file for strangers to judge.",
)
@click.option(
    "--private",
    type=click.Path(path_type=Path),
    help="File with what the bidders privately knew, as `run` writes it: lists answers that were not truthful, and "
    "what they earned or cost. Runs the bidders' strategies.",
)
def verify(
    file: Path,
    as_json: bool,
    session_id: bytes | None,
    auctioneer_key: bytes | None,
    disclosure: Disclosure | None,
    evidence_directory: Path | None,
    private: Path | None,
) -> int:
    """Verify the transcript in FILE: every byte, every signature, every question, every payment.

    Needs no network, no key and no trust in whoever made it. Where reports are sealed, who asked whom and what was paid
    can be checked with their disclosure only; the rest is checked without. FILE may also be evidence of one deviation.
    Ends with 0 when it is valid as far as it can be checked, with 1 when it is not, with 2 when FILE cannot be read.
    """
    if _is_evidence(file):
        return _judge(file, as_json)
    transcript = None
    try:
        transcript = read_transcript(file)
        verification = verify_transcript(
            transcript,
            codec=WireCodec(),
            session_id=session_id,
            auctioneer_key=auctioneer_key,
            disclosure=disclosure,
        )
    except UnreadableTranscript:
        raise
    except TranscriptError as error:
        # The file can be read and was altered: that is an answer, of the first level.
        verification = unreadable(error)
    strategic = None
    if private is not None and transcript is not None:
        strategic = _strategic(file, verification, transcript, private, disclosure)
    _tell(verification, strategic, as_json=as_json)
    if transcript is not None and verification.is_valid and evidence_directory is not None:
        _write_evidence(transcript, disclosure, evidence_directory, quiet=as_json)
    if verification.is_undecided:
        return CANNOT_TELL
    return 0 if verification.is_valid else 1


def _tell(verification: Verification, strategic: Strategic | None, *, as_json: bool) -> None:
    if as_json:
        values = verification_values(verification)
        if strategic is not None:
            values["strategic"] = strategic_objects(strategic)
        print_json(values)
        return
    *lines, verdict = verification_lines(verification)
    if strategic is not None and verification.session is not None:
        lines += strategic_lines(strategic, verification.session.specification.market)
    click.echo("\n".join([*lines, verdict]))


def _strategic(
    file: Path,
    verification: Verification,
    transcript: Transcript,
    private: Path,
    disclosure: Disclosure | None,
) -> Strategic | None:
    """Return who did not answer truthfully; None where the transcript does not hold, or does not tell."""
    session = verification.session
    if session is None or verification.is_sealed or not verification.is_valid:
        return None
    return find_strategic(
        file, session, transcript.entries, private=private, disclosure=disclosure, runs_code=True
    )


def _is_evidence(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return content.read(1) == b"{"
    except OSError:
        return False  # Reading it as a transcript says what is wrong.


def _judge(file: Path, as_json: bool) -> int:
    with file.open("rb") as content:
        data = content.read(EVIDENCE_BYTES + 1)
    try:
        if len(data) > EVIDENCE_BYTES:
            raise TranscriptError(f"the file is larger than any evidence: {EVIDENCE_BYTES} bytes")
        proved = judge(decode_evidence(data), EnvelopeReader(WireCodec()))
    except TranscriptError as error:
        if not as_json:
            raise type(error)(f"{file}: {error.reason}") from error
        print_json({"valid": False, "problem": error.reason})
        return 1
    if as_json:
        print_json({"valid": True, "proved": proved})
    else:
        click.echo(f"proved: {proved}")
    return 0


def _write_evidence(
    transcript: Transcript, disclosure: Disclosure | None, directory: Path, *, quiet: bool
) -> None:
    found = gather(
        transcript.entries,
        EnvelopeReader(WireCodec()),
        specification=transcript.specification,
        opening_key=disclosure.opening_key if disclosure else None,
    )
    for index, evidence in found:
        write_file(directory / f"record-{index}-{evidence.code}.json", encode_evidence(evidence))
    if not quiet:
        click.echo(f"evidence    {len(found)} files in {directory}" if found else "evidence    none to write")
