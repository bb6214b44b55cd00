"""Evidence: a deviation that stands on signatures alone, in one small file that a stranger can judge.

What a bidder signed twice, or signed against its own commitment or against the question it answers, needs no
transcript to be proved: SessionOpen names the auctioneer's key, the accused's Enrol its own, and the signed
statements contradict each other. So it is with the auctioneer. Deviations that turn on what was *not* there (an
answer that nobody asked for, one that came late, a silence) are judged by re-executing the transcript instead.

`gather` finds the evidence that a log holds, `judge` says what a file proves, or refuses it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openoutcry.errors import PeerError, TranscriptError, UnreadableTranscript
from openoutcry.protocol.commitments import report_commitment, seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Accept,
    Body,
    DeviationNoted,
    Enrol,
    Exit,
    Header,
    Hello,
    Offer,
    Raise,
    ReportCommit,
    ReportOpening,
    Role,
    SeedOpening,
    SessionOpen,
    SignalReport,
)
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_entry

EVIDENCE_FORMAT = "openoutcry-evidence/1"
MAXIMUM_STATEMENTS = 8
EVIDENCE_BYTES = 1024 * 1024
"""One file: a few envelopes of at most 64 KiB each, in base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Signed envelopes that prove one deviation.

    Attributes:
        code: What they prove.
        session_open: The session's SessionOpen.
        enrol: The accused bidder's Enrol; empty when the auctioneer is accused.
        statements: What contradicts itself, each an encoded envelope of the accused or a question to it.
    """

    code: DeviationCode
    session_open: bytes
    enrol: bytes
    statements: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    data: bytes
    header: Header
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What the rules look at: the accused, its own statements, and the auctioneer's."""

    session_id: bytes
    opening: SessionOpen
    enrol: Enrol | None
    accused: list[_Statement]
    questions: list[_Statement]


def encode_evidence(evidence: Evidence) -> bytes:
    """Return the file: JSON, with envelopes in base64."""
    content = {
        "format": EVIDENCE_FORMAT,
        "code": evidence.code.value,
        "session_open": _to_text(evidence.session_open),
        "enrol": _to_text(evidence.enrol),
        "statements": [_to_text(statement) for statement in evidence.statements],
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
        )
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise UnreadableTranscript("the file is no evidence file, or is damaged") from problem


def judge(evidence: Evidence, reader: EnvelopeReader) -> str:
    """Return what the evidence proves, against whom, in one line.

    Raises:
        TranscriptError: It proves nothing, and why.
    """
    rule = _RULES.get(evidence.code)
    if rule is None:
        raise TranscriptError(
            f"{evidence.code.value} is not proved by signatures alone: verify the transcript"
        )
    try:
        case = _read_case(evidence, reader)
        proved = rule(case, reader)
    except PeerError as problem:
        raise TranscriptError(f"the evidence does not hold: {problem.reason}") from problem
    if proved is None:
        raise TranscriptError(f"the statements do not contradict each other: no {evidence.code.value}")
    accused = "the auctioneer" if case.enrol is None else f"bidder {case.enrol.name!r}"
    return f"{evidence.code.value} of {accused} in session {case.session_id.hex()}: {proved}"


def gather(entries: Sequence[bytes], reader: EnvelopeReader) -> list[tuple[int, Evidence]]:
    """Return evidence for every recorded deviation that stands on signatures alone, by the index that records it.

    Args:
        entries: A log that verifies.
        reader: Reads them.
    """
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
        _, header, _ = _read(noted.evidence, reader)
    except PeerError:
        return
    match noted.deviation:
        case DeviationCode.EQUIVOCATION:
            yield from ((data,) for data in own if _read(data, reader)[1].seq == header.seq)
        case DeviationCode.WRONG_LEVEL:
            yield from ((questions[asked],) for asked in (header.reply_to,) if asked in questions)
        case DeviationCode.EXIT_REVERSAL:
            yield from ((data,) for data in own if isinstance(_read(data, reader)[2], Exit))
        case DeviationCode.OPENING_MISMATCH:
            yield ()
            yield from ((data,) for data in reversed(own) if isinstance(_read(data, reader)[2], ReportCommit))
        case DeviationCode.MALFORMED_REPORT:
            yield ()


def _is_proof(evidence: Evidence, reader: EnvelopeReader) -> bool:
    try:
        judge(evidence, reader)
    except TranscriptError:
        return False
    return True


def _read_case(evidence: Evidence, reader: EnvelopeReader) -> _Case:
    envelope, _, opening = _read(evidence.session_open, reader)
    if not isinstance(opening, SessionOpen):
        raise PeerError(DeviationCode.MALFORMED.value, "there is no SessionOpen")
    auctioneer_key = VerifyKey(opening.message_key)
    reader.verify(envelope, auctioneer_key)
    session_id = hashlib.sha256(envelope.payload).digest()
    enrol: Enrol | None = None
    accused_key = auctioneer_key
    if evidence.enrol:
        envelope, header, body = _read(evidence.enrol, reader)
        if not isinstance(body, Enrol) or header.session_id != session_id:
            raise PeerError(DeviationCode.MALFORMED.value, "the enrolment is none of this session")
        accused_key = VerifyKey(body.public_key)
        reader.verify(envelope, accused_key)
        enrol = body
    case = _Case(session_id=session_id, opening=opening, enrol=enrol, accused=[], questions=[])
    for data in evidence.statements:
        envelope, header, body = _read(data, reader)
        is_accused = envelope.sender_id == sender_id(accused_key.public_key)
        reader.verify(envelope, accused_key if is_accused else auctioneer_key)
        if header.session_id != session_id or header.sender_id != envelope.sender_id:
            raise PeerError(
                DeviationCode.WRONG_SESSION.value, "a statement belongs to another session or sender"
            )
        statement = _Statement(data=data, header=header, body=body)
        (case.accused if is_accused else case.questions).append(statement)
    return case


def _read(data: bytes, reader: EnvelopeReader) -> tuple[Envelope, Header, Body]:
    envelope = reader.read_envelope(data)
    header, body = reader.read_message(envelope)
    return envelope, header, body


# --- One rule for each code: what contradicts what. None when nothing does. ---


def _prove_equivocation(case: _Case, _: EnvelopeReader) -> str | None:
    if any(isinstance(statement.body, Hello) for statement in case.accused):
        return None  # A Hello stands outside its sender's sequence.
    match case.accused:
        case [first, second] if first.header.seq == second.header.seq and first.data != second.data:
            return f"two messages under sequence number {first.header.seq}"
    return None


def _prove_fork(case: _Case, _: EnvelopeReader) -> str | None:
    match case.accused:
        case [first, second] if case.enrol is None:
            one, other = first.header, second.header
            if one.seen_size == other.seen_size and one.seen_root != other.seen_root:
                return f"two heads of one log at size {one.seen_size}"
    return None


def _prove_wrong_level(case: _Case, _: EnvelopeReader) -> str | None:
    match case.questions, case.accused:
        case [question], [answer] if answer.header.reply_to == leaf_hash(question.data):
            if isinstance(question.body, Raise | Offer) and isinstance(answer.body, Accept | Exit):
                asked, answered = question.body.level, answer.body.level
                return f"level {answered} answered to level {asked}" if asked != answered else None
    return None


def _prove_exit_reversal(case: _Case, _: EnvelopeReader) -> str | None:
    match case.accused:
        case [first, second] if first.header.seq < second.header.seq:
            if isinstance(first.body, Exit) and isinstance(second.body, Accept):
                return f"level {second.body.level} accepted after an exit at level {first.body.level}"
    return None


def _prove_opening_mismatch(case: _Case, _: EnvelopeReader) -> str | None:
    match [statement.body for statement in case.accused]:
        case [SeedOpening(part=part)] if case.enrol is not None:
            opened = seed_commitment(case.session_id, sender_id(case.enrol.public_key), part)
            return "a seed part that was not committed to" if opened != case.enrol.seed_commitment else None
        case [ReportCommit() as commit, ReportOpening() as opening] if case.enrol is not None:
            opened = _commitment(case, case.enrol, opening)
            if opening.wave == commit.wave and opened != commit.commitment:
                return f"a report in wave {opening.wave} that was not committed to"
    return None


def _prove_malformed_report(case: _Case, reader: EnvelopeReader) -> str | None:
    match [statement.body for statement in case.accused]:
        case [ReportOpening() as opening]:
            try:
                reader.codec.decode_report(opening.report)
            except PeerError as problem:
                return f"a report in wave {opening.wave} that is none: {problem.reason}"
    return None


def _prove_seed_missing(case: _Case, _: EnvelopeReader) -> str | None:
    match [statement.body for statement in case.accused]:
        case [SeedOpening(part=part)] if case.enrol is None:
            opening = case.opening
            opened = seed_commitment(opening.specification_digest, sender_id(opening.message_key), part)
            return "a seed part that was not committed to" if opened != opening.seed_commitment else None
    return None


def _commitment(case: _Case, enrol: Enrol, opening: ReportOpening) -> bytes:
    return report_commitment(
        session_id=case.session_id,
        sender_id=sender_id(enrol.public_key),
        wave=opening.wave,
        payload_type=PAYLOAD_TYPES[SignalReport],
        nonce=opening.nonce,
        report=opening.report,
    )


_RULES: dict[DeviationCode, Callable[[_Case, EnvelopeReader], str | None]] = {
    DeviationCode.EQUIVOCATION: _prove_equivocation,
    DeviationCode.FORKED: _prove_fork,
    DeviationCode.WRONG_LEVEL: _prove_wrong_level,
    DeviationCode.EXIT_REVERSAL: _prove_exit_reversal,
    DeviationCode.OPENING_MISMATCH: _prove_opening_mismatch,
    DeviationCode.MALFORMED_REPORT: _prove_malformed_report,
    DeviationCode.SEED_MISSING: _prove_seed_missing,
}


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_text(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
