"""Evidence files: each provable deviation by hand, every way to bend a file, and what no file can prove."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from openoutcry.errors import TranscriptError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Accept,
    Body,
    Exit,
    Header,
    ReportOpening,
    Role,
    SeedOpening,
)
from openoutcry.session.evidence import MAXIMUM_STATEMENTS, decode_evidence, encode_evidence, gather, judge
from openoutcry.session.evidence_case import Evidence
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, NONCE, READER, Hand, Stage, key_of

NAME = "ada"


def playing(form: str = "clock") -> Stage:
    """Return a stage on which the bidders have been asked for the first time; in the clock form, ada among them."""
    stage = Stage(make_specification(2, groups=1, parameters={"form": form}, mechanism="uniform-clock"))
    stage.begin_play()
    if form == "clock":
        # This clock asks the last of the roster first.
        stage.send(stage.hands["ben"].answer(2))
    return stage


def enrolment(stage: Stage, name: str = NAME) -> bytes:
    """Return the bidder's Enrol as it stands in the log."""
    return next(data for data in stage.entries if sender(data) == stage.hands[name].key.sender_id)


def question_of(stage: Stage, hand: Hand) -> bytes:
    """Return the envelope of the newest question that this hand was asked."""
    return next(data for data in stage.entries if leaf_hash(data) == hand.question()[1])


def roster_of(stage: Stage, hand: Hand) -> tuple[bytes, bytes]:
    """Return the roster, and the seed part with which this hand has answered it."""
    part = next(
        data
        for data in stage.entries
        if sender(data) == hand.key.sender_id
        and isinstance(READER.read_message(READER.read_envelope(data))[1], SeedOpening)
    )
    asked = READER.read_message(READER.read_envelope(part))[0].reply_to
    return next(data for data in stage.entries if leaf_hash(data) == asked), part


def sender(data: bytes) -> bytes:
    """Return who sent an envelope."""
    return READER.read_envelope(data).sender_id


def file_of(stage: Stage, code: DeviationCode, *statements: bytes, name: str = NAME) -> Evidence:
    """Return evidence against a bidder."""
    return Evidence(
        code=code,
        session_open=stage.entries[0],
        enrol=enrolment(stage, name),
        statements=statements,
        specification=stage.specification,
    )


def equivocation() -> tuple[Stage, Evidence]:
    """Two seed openings under one sequence number."""
    stage = playing()
    hand = stage.hands[NAME]
    said = next(
        data
        for data in reversed(stage.entries)
        if sender(data) == hand.key.sender_id and READER.read_message(READER.read_envelope(data))[0].seq == 1
    )
    header = replace(hand.header(), seq=1)
    return stage, file_of(
        stage, DeviationCode.EQUIVOCATION, said, hand.seal(header, SeedOpening(part=b"p" * 32))
    )


def wrong_level() -> tuple[Stage, Evidence]:
    """A level accepted that the question does not name."""
    stage = playing()
    hand = stage.hands[NAME]
    _, asked = hand.question()
    question = next(data for data in stage.entries if leaf_hash(data) == asked)
    return stage, file_of(stage, DeviationCode.WRONG_LEVEL, question, hand.say(Accept(level=2)))


def exit_reversal() -> tuple[Stage, Evidence]:
    """A level accepted after an exit."""
    stage = playing()
    hand = stage.hands[NAME]
    return stage, file_of(
        stage, DeviationCode.EXIT_REVERSAL, hand.say(Exit(level=1)), hand.say(Accept(level=1))
    )


def seed_mismatch() -> tuple[Stage, Evidence]:
    """A seed part other than the one that Enrol committed to."""
    stage = playing()
    return stage, file_of(
        stage, DeviationCode.OPENING_MISMATCH, stage.hands[NAME].say(SeedOpening(part=b"p" * 32))
    )


def report_mismatch() -> tuple[Stage, Evidence]:
    """A report other than the one that was committed to."""
    stage = playing("sealed")
    hand = stage.hands[NAME]
    committed = hand.say(hand.commitment(0, b"one"))
    return stage, file_of(
        stage,
        DeviationCode.OPENING_MISMATCH,
        question_of(stage, hand),
        committed,
        hand.say(ReportOpening(wave=0, part=0, part_count=1, content=NONCE + b"other")),
    )


def malformed_report() -> tuple[Stage, Evidence]:
    """An opened report that is none."""
    stage = playing("sealed")
    hand = stage.hands[NAME]
    committed = hand.say(hand.commitment(0, b"\xff"))
    return stage, file_of(
        stage,
        DeviationCode.MALFORMED_REPORT,
        *roster_of(stage, hand),
        question_of(stage, hand),
        committed,
        hand.say(ReportOpening(wave=0, part=0, part_count=1, content=NONCE + b"\xff")),
    )


def auctioneers(stage: Stage, body: Body, *, seen_size: int, seen_root: bytes) -> bytes:
    """Return something that the auctioneer signed beside its log."""
    header = Header(
        session_id=stage.session.session_id,
        role=Role.AUCTIONEER,
        sender_id=stage.key.sender_id,
        seq=seen_size,
        prev_own=b"\x00" * 32,
        seen_size=seen_size,
        seen_root=seen_root,
        reply_to=b"",
        sent_at_ns=1,
    )
    payload = CODEC.encode_message(header, body)
    return CODEC.encode_envelope(seal(stage.key, PAYLOAD_TYPES[type(body)], payload))


def fork() -> tuple[Stage, Evidence]:
    """Two heads of one log at one size."""
    stage = playing()
    statements = tuple(
        auctioneers(stage, SeedOpening(part=stage.seed_part), seen_size=7, seen_root=root * 32)
        for root in (b"1", b"2")
    )
    return stage, replace(file_of(stage, DeviationCode.FORKED, *statements), enrol=b"")


def seed_missing() -> tuple[Stage, Evidence]:
    """The auctioneer opens a seed part that it did not commit to."""
    stage = playing()
    opened = auctioneers(stage, SeedOpening(part=b"p" * 32), seen_size=7, seen_root=b"1" * 32)
    return stage, replace(file_of(stage, DeviationCode.SEED_MISSING, opened), enrol=b"")


CASES: dict[str, tuple[Callable[[], tuple[Stage, Evidence]], str]] = {
    "equivocation": (equivocation, "two messages under sequence number 1"),
    "wrong level": (wrong_level, "level 2 answered to level 1"),
    "exit reversal": (exit_reversal, "level 1 accepted after an exit at level 1"),
    "seed mismatch": (seed_mismatch, "a seed part that was not committed to"),
    "report mismatch": (report_mismatch, "a report in wave 0 that was not committed to"),
    "malformed report": (malformed_report, "a report in wave 0 that is none: "),
    "fork": (fork, "two heads of one log at size 7"),
    "seed missing": (seed_missing, "a seed part that was not committed to"),
}
# Reports of types, and what contradicts itself in them, have tests of their own.
PROVABLE = {make()[1].code for make, _ in CASES.values()} | {DeviationCode.INCONSISTENT_REPORT}

every_case = pytest.mark.parametrize(("make", "proved"), CASES.values(), ids=CASES)


def refusal(evidence: Evidence) -> str:
    """Return why evidence proves nothing."""
    with pytest.raises(TranscriptError) as refused:
        judge(evidence, READER)
    return refused.value.reason


@every_case
def test_hand_made_evidence_is_judged(make: Callable[[], tuple[Stage, Evidence]], proved: str):
    """The file alone names code, accused, session and contradiction, and survives being written and read."""
    stage, evidence = make()
    accused = f"bidder '{NAME}'" if evidence.enrol else "the auctioneer"
    read = decode_evidence(encode_evidence(evidence))
    assert read == evidence
    start = f"{evidence.code.value} of {accused} in session {stage.session.session_id.hex()}: {proved}"
    assert judge(read, READER).startswith(start)


@every_case
def test_a_statement_under_another_key_proves_nothing(
    make: Callable[[], tuple[Stage, Evidence]], proved: str
):
    """What somebody else signed in the accused's name is refused for its signature."""
    _, evidence = make()
    envelope = READER.read_envelope(evidence.statements[-1])
    forged = seal(key_of("stranger"), envelope.payload_type, envelope.payload)
    data = CODEC.encode_envelope(replace(forged, sender_id=envelope.sender_id))
    assert "the evidence does not hold" in refusal(
        replace(evidence, statements=(*evidence.statements[:-1], data))
    )


@every_case
def test_evidence_of_another_session_proves_nothing(make: Callable[[], tuple[Stage, Evidence]], proved: str):
    """The same keys in another session: neither its SessionOpen nor its statements may be mixed in."""
    _, evidence = make()
    other = Stage(make_specification(3))
    other.enrol()
    assert "the evidence does not hold" in refusal(replace(evidence, session_open=other.entries[0]))
    stranger = auctioneers(other, SeedOpening(part=other.seed_part), seen_size=7, seen_root=b"3" * 32)
    if evidence.enrol:
        assert "none of this session" in refusal(replace(evidence, enrol=enrolment(other)))
        stranger = other.hands[NAME].say(Exit(level=1))
    assert "another session or sender" in refusal(
        replace(evidence, statements=(*evidence.statements, stranger))
    )


@every_case
def test_a_swapped_or_missing_statement_proves_nothing(
    make: Callable[[], tuple[Stage, Evidence]], proved: str
):
    """The last statement replaced by an honest one, said twice, or left out: no contradiction is left."""
    stage, evidence = make()
    if evidence.enrol:
        honest = enrolment(stage)
    else:
        honest = auctioneers(stage, SeedOpening(part=stage.seed_part), seen_size=3, seen_root=b"3" * 32)
    first = evidence.statements[:-1]
    for statements in ((*first, honest), (*evidence.statements, evidence.statements[-1]), first):
        assert "do not contradict each other" in refusal(replace(evidence, statements=statements))


@every_case
def test_anothers_enrolment_proves_nothing(make: Callable[[], tuple[Stage, Evidence]], proved: str):
    """What one bidder or the auctioneer said cannot be held against another bidder."""
    stage, evidence = make()
    refusal(replace(evidence, enrol=enrolment(stage, "ben")))


@pytest.mark.parametrize(
    "code", [code for code in DeviationCode if code not in PROVABLE], ids=lambda code: code.value
)
def test_what_turns_on_absence_needs_the_transcript(code: DeviationCode):
    """Silence, lateness, questions never asked: such codes are refused with the advice where to look."""
    _, evidence = wrong_level()
    assert refusal(replace(evidence, code=code)) == (
        f"{code.value} is not proved by signatures alone: verify the transcript"
    )


def damage(evidence: Evidence, **changes: object) -> bytes:
    """Return the file with other content under some keys."""
    return json.dumps(json.loads(encode_evidence(evidence)) | changes).encode()


def cut(statements: Sequence[bytes]) -> list[str]:
    """Return statements in base64, the last one cut off."""
    texts = [base64.b64encode(statement).decode() for statement in statements]
    return [*texts[:-1], texts[-1][:-3]]


def test_damaged_files_are_no_evidence_files():
    """Cut base64, another format, an unknown code, foreign types, too many statements: refused before judging."""
    _, evidence = equivocation()
    assert decode_evidence(damage(evidence)) == evidence
    for changes in (
        {"statements": cut(evidence.statements)},
        {"statements": ["not base64!"]},
        {"statements": ["AAAA"] * (MAXIMUM_STATEMENTS + 1)},
        {"statements": 3},
        {"session_open": None},
        {"format": "openoutcry-evidence/1"},
        {"code": "RUDENESS"},
    ):
        with pytest.raises(TranscriptError, match="evidence"):
            decode_evidence(damage(evidence, **changes))


def test_a_cut_statement_is_no_message():
    """Bytes that are valid base64 but no envelope are refused when they are judged."""
    _, evidence = equivocation()
    whole = evidence.statements[-1]
    assert "the evidence does not hold" in refusal(
        replace(evidence, statements=(evidence.statements[0], whole[:-3]))
    )


@pytest.mark.parametrize("form", ["clock", "sealed"])
def test_an_honest_session_yields_no_evidence(form: str):
    """Neither truthful bidders nor silent ones leave anything behind that a file could prove."""
    stage = playing(form)
    stage.finish({"ada": 1})
    assert [found.code for found in stage.session.deviations] != []
    assert gather(stage.entries, READER, specification=stage.specification) == []


def test_what_is_gathered_is_the_recorded_deviation():
    """Evidence is found at the index that records the deviation, and quotes the refused message byte for byte."""
    stage = playing()
    hand: Hand = stage.hands[NAME]
    refused = hand.say(Accept(level=2))
    stage.send(refused)
    stage.finish({"ada": 1, "ben": 2})
    ((index, evidence),) = gather(stage.entries, READER, specification=stage.specification)
    assert (index, evidence.code) == (stage.session.deviations[0].index, DeviationCode.WRONG_LEVEL)
    assert evidence.statements[-1] == refused
