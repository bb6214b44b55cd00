"""Evidence: a deviation that stands on signatures alone, in one small file that a stranger can judge.

What a bidder signed twice, or signed against its own commitment or against the question it answers, needs no
transcript to be proved: SessionOpen names the auctioneer's key, the accused's Enrol its own, and the signed
statements contradict each other. So it is with the auctioneer. Deviations that turn on what was *not* there (an
answer that nobody asked for, one that came late, a silence) are judged by re-executing the transcript instead.

A report is judged by what its session asked for, so such evidence carries the question, and the key of private openings
once it is disclosed.

`gather` finds the evidence that a log holds, `judge` says what a file proves, or refuses it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence

from openoutcry.errors import ConfigurationError, PeerError, TranscriptError, UnreadableTranscript
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    Body,
    DeviationNoted,
    Enrol,
    Exit,
    Header,
    ReportCommit,
    ReportOpening,
    Role,
    SeedOpening,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.session.evidence_case import Evidence, read_case, read_statement
from openoutcry.session.evidence_rules import ABOUT_REPORTS, RULES
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import find_disclosed, read_entry

EVIDENCE_FORMAT = "openoutcry-evidence/2"
MAXIMUM_STATEMENTS = 2 * limits.OPENING_PARTS + 4
"""Two openings in as many parts as there may be, with what they contradict."""
EVIDENCE_BYTES = 32 * 1024 * 1024
"""One file: a specification and two openings of a report at most, in base64, with what they contradict."""


def encode_evidence(evidence: Evidence) -> bytes:
    """Return the file: JSON, with envelopes in base64."""
    content = {
        "format": EVIDENCE_FORMAT,
        "code": evidence.code.value,
        "session_open": _to_text(evidence.session_open),
        "enrol": _to_text(evidence.enrol),
        "statements": [_to_text(statement) for statement in evidence.statements],
        "specification": _to_text(evidence.specification),
        "opening_secret": _to_text(evidence.opening_secret),
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def decode_evidence(data: bytes) -> Evidence:
    """Return the evidence in a file.

    Raises:
        UnreadableTranscript: The file is none.
    """
    try:
        content = json.loads(data)
        if content["format"] != EVIDENCE_FORMAT or len(content["statements"]) > MAXIMUM_STATEMENTS:
            raise UnreadableTranscript(f"the file is no evidence of format {EVIDENCE_FORMAT}")
        return Evidence(
            code=DeviationCode(content["code"]),
            session_open=_from_text(content["session_open"]),
            enrol=_from_text(content["enrol"]),
            statements=tuple(_from_text(statement) for statement in content["statements"]),
            specification=_from_text(content["specification"]),
            opening_secret=_from_text(content["opening_secret"]),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise UnreadableTranscript("the file is no evidence file, or is damaged") from problem


def judge(evidence: Evidence, reader: EnvelopeReader) -> str:
    """Return what the evidence proves, against whom, in one line.

    Raises:
        TranscriptError: It proves nothing, and why.
    """
    rule = RULES.get(evidence.code)
    if rule is None:
        raise TranscriptError(
            f"{evidence.code.value} is not proved by signatures alone: verify the transcript"
        )
    try:
        case = read_case(evidence, reader)
        proved = rule(case, reader)
    except PeerError as problem:
        raise TranscriptError(f"the evidence does not hold: {problem.reason}") from problem
    except ConfigurationError as problem:
        raise TranscriptError(f"the evidence does not hold: {problem}") from problem
    if proved is None:
        raise TranscriptError(f"the statements do not contradict each other: no {evidence.code.value}")
    accused = "the auctioneer" if case.enrol is None else f"bidder {case.enrol.name!r}"
    return f"{evidence.code.value} of {accused} in session {case.session_id.hex()}: {proved}"


def gather(
    entries: Sequence[bytes],
    reader: EnvelopeReader,
    *,
    specification: bytes,
    opening_key: OpeningKey | None = None,
) -> list[tuple[int, Evidence]]:
    """Return evidence for every recorded deviation that stands on signatures alone, by the index that records it.

    Args:
        entries: A log that verifies.
        reader: Reads them.
        specification: The public specification, byte for byte.
        opening_key: Of private openings, when the log does not disclose it itself.
    """
    known_key = opening_key or find_disclosed(entries, reader).opening_key
    enrolments: dict[bytes, bytes] = {}
    own: dict[bytes, list[bytes]] = {}
    questions: dict[bytes, bytes] = {}
    found: list[tuple[int, Evidence]] = []
    for index, data in enumerate(entries):
        header, body = read_entry(data, reader, index)
        if isinstance(body, Enrol):
            enrolments[header.sender_id] = data
        if header.role is Role.AUCTIONEER:
            questions[leaf_hash(data)] = data
        else:
            own.setdefault(header.sender_id, []).append(data)
        if isinstance(body, DeviationNoted) and body.accused_id in enrolments:
            for others in _contradicted(body, own.get(body.accused_id, []), questions, reader):
                evidence = Evidence(
                    code=body.deviation,
                    session_open=entries[0],
                    enrol=enrolments[body.accused_id],
                    statements=(*others, body.evidence),
                    specification=specification if body.deviation in ABOUT_REPORTS else b"",
                    opening_secret=known_key.secret if known_key and body.deviation in ABOUT_REPORTS else b"",
                )
                if _is_proof(evidence, reader):
                    found.append((index, evidence))
                    break
    return found


def _contradicted(
    noted: DeviationNoted, own: Sequence[bytes], questions: Mapping[bytes, bytes], reader: EnvelopeReader
) -> Iterator[tuple[bytes, ...]]:
    """Yield what a refused message may contradict, the likeliest first."""
    try:
        _, header, _ = read_statement(noted.evidence, reader)
    except PeerError:
        return
    match noted.deviation:
        case DeviationCode.EQUIVOCATION:
            yield from ((data,) for data in own if read_statement(data, reader)[1].seq == header.seq)
        case DeviationCode.WRONG_LEVEL:
            yield from ((questions[asked],) for asked in (header.reply_to,) if asked in questions)
        case DeviationCode.EXIT_REVERSAL:
            yield from ((data,) for data in own if isinstance(read_statement(data, reader)[2], Exit))
        case DeviationCode.OPENING_MISMATCH:
            yield ()
            yield from _with_commitment(header, own, questions, reader)
        case DeviationCode.MALFORMED_REPORT:
            yield from _with_commitment(header, own, questions, reader)
        case DeviationCode.INCONSISTENT_REPORT:
            for later in _with_commitment(header, own, questions, reader):
                for earlier in _earlier_openings(header, own, questions, reader):
                    yield (*earlier, *later)


def _with_commitment(
    header: Header, own: Sequence[bytes], questions: Mapping[bytes, bytes], reader: EnvelopeReader
) -> Iterator[tuple[bytes, ...]]:
    """Yield the question, the commitment and the parts that came before the last part of an opening."""
    parts = [data for data in own if _answers(data, header.reply_to, reader, ReportOpening)]
    for data in reversed(own):
        _, committed, body = read_statement(data, reader)
        if isinstance(body, ReportCommit) and committed.reply_to in questions:
            yield (*_roster(own, questions, reader), questions[committed.reply_to], data, *parts)
            return


def _roster(
    own: Sequence[bytes], questions: Mapping[bytes, bytes], reader: EnvelopeReader
) -> tuple[bytes, ...]:
    """Return the roster that says whom a question is about, and the seed part that answers it."""
    for data in own:
        _, header, body = read_statement(data, reader)
        if isinstance(body, SeedOpening) and header.reply_to in questions:
            return (questions[header.reply_to], data)
    return ()


def _earlier_openings(
    header: Header, own: Sequence[bytes], questions: Mapping[bytes, bytes], reader: EnvelopeReader
) -> Iterator[tuple[bytes, ...]]:
    """Yield earlier reports of the same bidder, each with its question and its commitment."""
    commits = [data for data in own if isinstance(read_statement(data, reader)[2], ReportCommit)]
    for commit in commits[:-1]:
        _, committed, body = read_statement(commit, reader)
        assert isinstance(body, ReportCommit)
        parts = [data for data in own if _opens(data, body.wave, reader) and data != commit]
        if committed.reply_to in questions:
            yield (questions[committed.reply_to], commit, *parts)


def _answers(data: bytes, question: bytes, reader: EnvelopeReader, kind: type[Body]) -> bool:
    _, header, body = read_statement(data, reader)
    return isinstance(body, kind) and header.reply_to == question


def _opens(data: bytes, wave: int, reader: EnvelopeReader) -> bool:
    body = read_statement(data, reader)[2]
    return isinstance(body, ReportOpening) and body.wave == wave


def _is_proof(evidence: Evidence, reader: EnvelopeReader) -> bool:
    try:
        judge(evidence, reader)
    except TranscriptError:
        return False
    return True


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_text(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
