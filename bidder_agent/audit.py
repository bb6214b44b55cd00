"""The check at the end: the whole transcript, and that it holds what this bidder was told and said.

The transcript is verified like any stranger's, at four levels. Then it is held against the bidder's own receipts:
every delivered entry stands at its index, every own message is in the log or quoted in it as refused, and the log is
the one over which the final checkpoint was signed. Only an own message whose deadline had passed may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openoutcry.errors import PeerError, TranscriptError
from openoutcry.protocol.checkpoints import decode_checkpoint
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import DeviationNoted, Lapse, SessionVoid
from openoutcry.protocol.notes import parse_note
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.bidder_values import Concluded, Delivered, Opened, Specified
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.verdicts import Level, Verdict, Verification
from openoutcry.session.verification import verify_transcript
from openoutcry.wire.journal import JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check and its answer.

    Attributes:
        name: integrity, authorship, conduct, outcome or receipts.
        is_valid: Its answer; None when it was not made.
        detail: What was checked or what is wrong, in one line.
    """

    name: str
    is_valid: bool | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the check of a transcript found."""

    findings: tuple[Finding, ...]

    @property
    def is_valid(self) -> bool:
        """Whether every check that could be made holds: in a sealed session two levels of four, and the receipts.

        A check is not made only because an earlier one fails, which is seen here, or because reports are sealed.
        """
        return all(finding.is_valid is not False for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line for a person: what holds, or the first thing that does not."""
        for finding in self.findings:
            if finding.is_valid is False:
                return f"the transcript does NOT hold: {finding.name}: {finding.detail}"
        names = ", ".join(finding.name for finding in self.findings if finding.is_valid)
        sealed = "" if all(finding.is_valid for finding in self.findings) else ", the rest is sealed"
        return f"transcript verified ({names}{sealed}): {self.findings[-1].detail}"

    def to_json(self) -> dict[str, object]:
        """Return the findings as a JSON object."""
        words = {True: "valid", False: "invalid", None: "not checked"}
        return {
            "valid": self.is_valid,
            "sealed": self.is_valid and not all(finding.is_valid for finding in self.findings),
            "levels": [
                {"name": finding.name, "verdict": words[finding.is_valid], "detail": finding.detail}
                for finding in self.findings
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTranscript:
    """A transcript with what its verification found; bidders of one process share it.

    Attributes:
        transcript: The transcript.
        verification: What was found, at four levels.
        size: Entries of its log.
        root: Root over them.
        entries: The same entries, for looking up.
        quoted: Messages that the log quotes as refused.
    """

    transcript: Transcript
    verification: Verification
    size: int
    root: bytes
    entries: frozenset[bytes]
    quoted: frozenset[bytes]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, a line each."""
        return tuple(_finding(level) for level in self.verification.levels)


def check_transcript(
    transcript: Transcript,
    *,
    codec: Codec,
    session_id: bytes | None,
    auctioneer_key: bytes | None,
    disclosure: Disclosure | None = None,
) -> CheckedTranscript:
    """Verify a transcript at four levels.

    Args:
        transcript: The transcript.
        codec: Reads its records.
        session_id: Expected session, if known.
        auctioneer_key: Expected message key of the auctioneer, if known.
        disclosure: Opens sealed reports, where there are any and it was given.
    """
    verification = verify_transcript(
        transcript,
        codec=codec,
        session_id=session_id,
        auctioneer_key=auctioneer_key,
        disclosure=disclosure,
    )
    tree = MerkleTree()
    for entry in transcript.entries:
        tree.append(entry)
    return CheckedTranscript(
        transcript=transcript,
        verification=verification,
        size=tree.size,
        root=tree.root(),
        entries=frozenset(transcript.entries),
        quoted=_quoted(transcript, EnvelopeReader(codec)),
    )


def audit_receipts(
    checked: CheckedTranscript, entries: Sequence[JournalEntry], reader: EnvelopeReader
) -> Audit:
    """Hold one bidder's receipts against a transcript that was checked.

    Args:
        checked: The transcript.
        entries: Of the bidder's journal.
        reader: Reads envelopes.
    """
    return Audit(findings=(*checked.findings, _finding(check_receipts(checked, entries, reader))))


def check_receipts(
    checked: CheckedTranscript, entries: Sequence[JournalEntry], reader: EnvelopeReader
) -> Level:
    """Return what one bidder's receipts say of a transcript, as one level more; arguments as of `audit_receipts`."""
    try:
        detail = _compare(checked, entries, reader)
    except TranscriptError as problem:
        return Level(name="receipts", verdict=Verdict.INVALID, detail=problem.reason, index=problem.index)
    return Level(name="receipts", verdict=Verdict.VALID, detail=detail)


def failed_audit(reason: str) -> Audit:
    """Return the audit of a transcript that could not be had or read."""
    return Audit(findings=(Finding(name="transcript", is_valid=False, detail=reason),))


def _finding(level: Level) -> Finding:
    answers = {Verdict.VALID: True, Verdict.INVALID: False, Verdict.UNCHECKED: None}
    return Finding(
        name=level.name,
        is_valid=answers[level.verdict],
        detail=level.detail if level.index is None else f"record {level.index}: {level.detail}",
    )


def _compare(checked: CheckedTranscript, entries: Sequence[JournalEntry], reader: EnvelopeReader) -> str:
    """Return what was found in its place.

    Raises:
        TranscriptError: Something is not.
    """
    transcript = checked.transcript
    delivered = 0
    said: list[bytes] = []
    excused = 0
    for entry in entries:
        match entry.given:
            case Opened(session_open=session_open):
                if transcript.entries[:1] != (session_open,):
                    raise TranscriptError(
                        "begins with another SessionOpen than this bidder was shown", index=0
                    )
            case Specified(specification=specification):
                if transcript.specification != specification:
                    raise TranscriptError("the specification is not the one that this bidder was given")
            case Delivered(delivery=delivery):
                if transcript.entries[delivery.index : delivery.index + 1] != (delivery.envelope,):
                    raise TranscriptError("is not what this bidder was told", index=delivery.index)
                delivered += 1
                if _excuses(delivery.envelope, reader):
                    excused = len(said)
            case Concluded(note=note):
                concluded = decode_checkpoint(parse_note(note).text)
                if (concluded.size, concluded.root) != (checked.size, checked.root):
                    raise TranscriptError(
                        "the log is not that of the final checkpoint that this bidder was given"
                    )
            case _:
                # The strategy's own answers: what followed from them is in `said`.
                pass
        said += entry.said
    for number, envelope in enumerate(said[excused:], excused):
        if envelope not in checked.entries and envelope not in checked.quoted:
            raise TranscriptError(f"own message {number} is neither in the log nor refused in it: suppressed")
    return f"{len(said)} own messages and {delivered} receipts are in it"


def _excuses(envelope: bytes, reader: EnvelopeReader) -> bool:
    """Whether what this bidder said before may rightly be missing: its deadline or the session is over."""
    try:
        _, body = reader.read_message(reader.read_envelope(envelope))
    except PeerError:
        return False
    return isinstance(body, Lapse | SessionVoid)


def _quoted(transcript: Transcript, reader: EnvelopeReader) -> frozenset[bytes]:
    quoted = set()
    for entry in transcript.entries:
        try:
            _, body = reader.read_message(reader.read_envelope(entry))
        except PeerError:
            # The four levels have said so already.
            continue
        if isinstance(body, DeviationNoted):
            quoted.add(body.evidence)
    return frozenset(quoted)
