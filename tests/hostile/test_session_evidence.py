"""Evidence files: what signatures alone prove is proved to a stranger, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openoutcry.errors import TranscriptError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import Accept, Body, Exit, Hello, ReportOpening, SeedOpening
from openoutcry.session.evidence import decode_evidence, encode_evidence, gather, judge
from openoutcry.session.evidence_case import Evidence
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, NONCE, READER, Hand, Stage


def playing(form: str = "clock") -> Stage:
    """Return a stage on which the first wave has been asked."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    return stage


def equivocate(stage: Stage, hand: Hand) -> None:
    """Send a second seed opening under the number of the first."""
    header = hand.header()
    stage.send(hand.seal(replace(header, seq=header.seq - 1), SeedOpening(part=b"p" * 32)))


def answer_another_level(stage: Stage, hand: Hand) -> None:
    """Accept a level that was not asked."""
    stage.send(hand.say(Accept(level=2)))


def come_back(stage: Stage, hand: Hand) -> None:
    """Accept after an exit."""
    _, question = hand.question()
    stage.send(hand.say(Exit(level=1)))
    stage.send(hand.say(Accept(level=1), reply_to=question))


def open_another_report(stage: Stage, hand: Hand) -> None:
    """Open what was not committed to."""
    for other in stage.awaited():
        stage.send(other.answer(1))
    stage.send(hand.say(ReportOpening(wave=0, part=0, part_count=1, content=b"o" * 32 + b"r")))


def commit_to_nonsense(stage: Stage, hand: Hand) -> None:
    """Commit to bytes that are no report, and open them."""
    for other in stage.awaited():
        stage.send(hand.say(hand.commitment(0, b"\xff")) if other is hand else other.answer(1))
    stage.send(hand.say(ReportOpening(wave=0, part=0, part_count=1, content=NONCE + b"\xff")))


MISDEEDS = {
    DeviationCode.EQUIVOCATION: ("clock", equivocate),
    DeviationCode.WRONG_LEVEL: ("clock", answer_another_level),
    DeviationCode.EXIT_REVERSAL: ("clock", come_back),
    DeviationCode.OPENING_MISMATCH: ("sealed", open_another_report),
    DeviationCode.MALFORMED_REPORT: ("sealed", commit_to_nonsense),
}


def caught(code: DeviationCode) -> tuple[Stage, Hand, Evidence]:
    """Return the evidence that a log holds of this misdeed."""
    form, misdeed = MISDEEDS[code]
    stage = playing(form)
    hand = stage.awaited()[0]
    misdeed(stage, hand)
    stage.finish(dict.fromkeys(stage.hands, 1))
    assert stage.verify().is_valid
    ((index, evidence),) = gather(stage.entries, READER, specification=stage.specification)
    assert stage.session.deviations[0].index == index
    return stage, hand, evidence


@pytest.mark.parametrize("code", MISDEEDS, ids=lambda code: code.value)
def test_a_stranger_is_convinced_by_the_file_alone(code: DeviationCode) -> None:
    """The evidence of a log, written to a file and read again, names misdeed, bidder and session."""
    stage, hand, evidence = caught(code)
    verdict = judge(decode_evidence(encode_evidence(evidence)), READER)
    assert verdict.startswith(
        f"{code.value} of bidder {hand.name!r} in session {stage.session.session_id.hex()}"
    )


@pytest.mark.parametrize("code", MISDEEDS, ids=lambda code: code.value)
def test_damaged_evidence_proves_nothing(code: DeviationCode) -> None:
    """One changed bit of any part, or a part left out, and the stranger is not convinced."""
    _, _, evidence = caught(code)
    last = evidence.statements[-1]
    damaged = [
        replace(
            evidence, statements=(*evidence.statements[:-1], last[:-40] + bytes([last[-40] ^ 1]) + last[-39:])
        ),
        replace(evidence, statements=()),
        replace(evidence, enrol=b""),
        replace(evidence, enrol=evidence.session_open),
        replace(evidence, session_open=evidence.enrol),
        replace(evidence, session_open=b""),
    ]
    for forged in damaged:
        with pytest.raises(TranscriptError):
            judge(forged, READER)


@pytest.mark.parametrize("code", MISDEEDS, ids=lambda code: code.value)
@pytest.mark.parametrize("other", MISDEEDS, ids=lambda code: code.value)
def test_evidence_of_one_misdeed_is_none_of_another(code: DeviationCode, other: DeviationCode) -> None:
    """The code under which it is filed must be the one that it proves."""
    _, _, evidence = caught(code)
    if other is not code:
        with pytest.raises(TranscriptError):
            judge(replace(evidence, code=other), READER)


@pytest.mark.parametrize("form", ["clock", "sealed"])
@pytest.mark.parametrize("code", DeviationCode, ids=lambda code: code.value)
def test_an_honest_bidder_cannot_be_framed(code: DeviationCode, form: str) -> None:
    """No one or two of all that an honest bidder signs, its Hellos included, prove anything against it."""
    stage = playing(form)
    stage.finish(dict.fromkeys(stage.hands, 1))
    hand = stage.hands["ada"]
    hellos: list[Body] = [
        Hello(nonce=bytes([number]) * 32, public_key=hand.key.public_key, next_index=number)
        for number in range(2)
    ]
    own = [hand.seal(replace(hand.header(), seq=0, prev_own=b""), hello) for hello in hellos]
    own += [data for data in stage.entries if READER.read_envelope(data).sender_id == hand.key.sender_id]
    questions = [
        data for data in stage.entries if READER.read_envelope(data).sender_id == stage.key.sender_id
    ]
    enrol = own[2]
    tries: list[tuple[bytes, ...]] = [(first,) for first in own]
    tries += [(first, second) for first in [*own, *questions] for second in own if first != second]
    for statements in tries:
        evidence = Evidence(code=code, session_open=stage.entries[0], enrol=enrol, statements=statements)
        with pytest.raises(TranscriptError):
            judge(evidence, READER)


@pytest.mark.parametrize(
    "data", [b"", b"null", b"{}", b"[]", b'{"format": "openoutcry-evidence/1"}', b"[" * 100_000]
)
def test_other_files_are_no_evidence(data: bytes) -> None:
    """Anything but an evidence file is refused with one line."""
    with pytest.raises(TranscriptError):
        decode_evidence(data)


def test_the_codec_is_the_only_reader() -> None:
    """A statement in a second spelling is refused like any other message."""
    _, _, evidence = caught(DeviationCode.WRONG_LEVEL)
    envelope = CODEC.decode_envelope(evidence.statements[-1])
    twice = CODEC.encode_envelope(envelope) + b"\x0a\x00"
    with pytest.raises(TranscriptError):
        judge(replace(evidence, statements=(*evidence.statements[:-1], twice)), READER)
