"""Everything that a bidder can do wrong, made by hand, signed, and recorded with evidence that a replay accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from openoutcry.protocol import limits
from openoutcry.protocol.deviations import Blame, DeviationCode
from openoutcry.protocol.envelope import Envelope, seal
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Accept,
    AskReport,
    CommitClosed,
    Exit,
    Raise,
    ReportOpening,
    Role,
    SeedOpening,
    SignalReport,
)
from openoutcry.session.values import Effects, Phase
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, NONCE, Hand, Stage, key_of

Misdeed = Callable[[Stage], tuple[Hand, bytes]]


def playing(form: str = "clock") -> Stage:
    """Return a stage on which the first wave has been asked; signals are 0..2."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    return stage


def asked(stage: Stage) -> Hand:
    """Return the first bidder that is asked something."""
    return stage.awaited()[0]


def first_accept(hand: Hand) -> Accept:
    """Return the right answer to the first question."""
    return Accept(level=1)


def _malformed(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    return hand, CODEC.encode_envelope(seal(hand.key, PAYLOAD_TYPES[Accept], b"\xff\xff\xff"))


def _wrong_role(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = replace(hand.header(reply_to=hand.question()[1]), role=Role.AUCTIONEER)
    return hand, hand.seal(header, Accept(level=1))


def _bad_signature(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    payload = CODEC.encode_message(hand.header(reply_to=hand.question()[1]), Accept(level=1))
    forged = seal(key_of("a forger"), PAYLOAD_TYPES[Accept], payload)
    return hand, CODEC.encode_envelope(
        Envelope(
            payload_type=forged.payload_type,
            payload=forged.payload,
            signature=forged.signature,
            sender_id=hand.key.sender_id,
        )
    )


def _wrong_session(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = replace(hand.header(reply_to=hand.question()[1]), session_id=b"s" * 32)
    return hand, hand.seal(header, Accept(level=1))


def _sequence_gap(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = hand.header(reply_to=hand.question()[1])
    return hand, hand.seal(replace(header, seq=header.seq + 1), Accept(level=1))


def _equivocation(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = hand.header(reply_to=hand.question()[1])
    return hand, hand.seal(replace(header, seq=header.seq - 1), SeedOpening(part=b"p" * 32))


def _other_previous(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = replace(hand.header(reply_to=hand.question()[1]), prev_own=b"h" * 32)
    return hand, hand.seal(header, Accept(level=1))


def _other_history(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = replace(hand.header(reply_to=hand.question()[1]), seen_root=b"r" * 32)
    return hand, hand.seal(header, Accept(level=1))


def _future_history(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    header = hand.header(reply_to=hand.question()[1])
    return hand, hand.seal(replace(header, seen_size=header.seen_size + 1), Accept(level=1))


def _answer_to_nothing(stage: Stage) -> tuple[Hand, bytes]:
    hand = next(hand for hand in stage.hands.values() if hand not in stage.awaited())
    return hand, hand.say(Accept(level=1))


def _answer_of_another_kind(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    return hand, hand.say(hand.commitment(0, CODEC.encode_signal_report(SignalReport(value=1))))


def _second_enrolment(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    return hand, hand.say(hand.enrolment())


def _wrong_level(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    return hand, hand.say(Accept(level=2))


def _wrong_exit_level(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    return hand, hand.say(Exit(level=2))


def _late(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    question = hand.question()[1]
    stage.lapse(hand.name)
    return hand, hand.say(Accept(level=1), reply_to=question)


def _exit_reversal(stage: Stage) -> tuple[Hand, bytes]:
    hand = asked(stage)
    question = hand.question()[1]
    stage.send(hand.say(Exit(level=1)))
    return hand, hand.say(Accept(level=1), reply_to=question)


CLOCK_MISDEEDS: dict[str, tuple[DeviationCode, Misdeed]] = {
    "a payload that is no message": (DeviationCode.MALFORMED, _malformed),
    "the auctioneer's role": (DeviationCode.MALFORMED, _wrong_role),
    "somebody else's signature": (DeviationCode.BAD_SIGNATURE, _bad_signature),
    "another session": (DeviationCode.WRONG_SESSION, _wrong_session),
    "a skipped sequence number": (DeviationCode.SEQUENCE_GAP, _sequence_gap),
    "a second message for one number": (DeviationCode.EQUIVOCATION, _equivocation),
    "another previous message": (DeviationCode.WRONG_HISTORY, _other_previous),
    "a head of another log": (DeviationCode.WRONG_HISTORY, _other_history),
    "a head that is not there yet": (DeviationCode.WRONG_HISTORY, _future_history),
    "an answer to nothing": (DeviationCode.NOT_ASKED, _answer_to_nothing),
    "an answer of another kind": (DeviationCode.NOT_ASKED, _answer_of_another_kind),
    "a second enrolment": (DeviationCode.NOT_ASKED, _second_enrolment),
    "a level that was not asked": (DeviationCode.WRONG_LEVEL, _wrong_level),
    "an exit at a level that was not asked": (DeviationCode.WRONG_LEVEL, _wrong_exit_level),
    "an answer after its deadline": (DeviationCode.LATE, _late),
    "an accept after an exit": (DeviationCode.EXIT_REVERSAL, _exit_reversal),
}


def check_recorded(stage: Stage, hand: Hand, data: bytes, effects: Effects, code: DeviationCode) -> None:
    """Check that the misdeed is recorded with its evidence, and that a stranger's replay finds the same.

    The bidder then goes on honestly as far as it is asked: what was refused must not stand in its way.
    """
    assert [(refusal.code, refusal.is_recorded) for refusal in effects.refusals] == [(code, True)]
    recorded = stage.session.deviations[-1]
    assert recorded.evidence == data
    assert recorded.code is code
    assert recorded.accused == ("" if code.blame is Blame.NOBODY else hand.name)
    stage.finish(dict.fromkeys(stage.hands, 1))
    verification = stage.verify()
    assert [level.detail for level in verification.levels if level.verdict.value != "valid"] == []
    assert recorded in verification.deviations


@pytest.mark.parametrize("name", CLOCK_MISDEEDS)
def test_a_misdeed_is_recorded_with_its_evidence(name: str) -> None:
    """The message is refused, the log quotes it, the others play on, and the transcript verifies."""
    code, misdeed = CLOCK_MISDEEDS[name]
    stage = playing()
    hand, data = misdeed(stage)
    before = len(stage.entries)
    effects = stage.send(data)
    assert len(stage.entries) == before + 1
    assert (stage.last_noted().deviation, stage.last_noted().evidence) == (code, data)
    check_recorded(stage, hand, data, effects, code)


def test_every_code_that_a_clock_bidder_can_cause_is_here() -> None:
    """No code of a bidder is forgotten; those left out belong to reports, silence, streams or other mechanisms."""
    elsewhere = {
        DeviationCode.SILENT,
        DeviationCode.OPENING_MISSING,
        DeviationCode.OPENING_MISMATCH,
        DeviationCode.MALFORMED_REPORT,
        DeviationCode.INCONSISTENT_REPORT,
        DeviationCode.UNKNOWN_SENDER,
        DeviationCode.REPLAYED,
        DeviationCode.RATE_LIMIT,
    }
    caused_by_bidders = {code for code in DeviationCode if code.blame is not Blame.AUCTIONEER}
    assert {code for code, _ in CLOCK_MISDEEDS.values()} == caused_by_bidders - elsewhere


def _all_committed(signal: int = 1) -> Stage:
    stage = playing("sealed")
    for hand in stage.awaited():
        stage.send(hand.answer(signal))
    return stage


@pytest.mark.parametrize(
    ("code", "report", "nonce", "committed"),
    [
        (DeviationCode.OPENING_MISMATCH, CODEC.encode_signal_report(SignalReport(value=2)), NONCE, None),
        (DeviationCode.OPENING_MISMATCH, CODEC.encode_signal_report(SignalReport(value=1)), b"o" * 32, None),
        (DeviationCode.MALFORMED_REPORT, b"\xff", NONCE, b"\xff"),
        (DeviationCode.MALFORMED_REPORT, b"", NONCE, b""),
        (
            DeviationCode.MALFORMED_REPORT,
            CODEC.encode_signal_report(SignalReport(value=3)),
            NONCE,
            CODEC.encode_signal_report(SignalReport(value=3)),
        ),
    ],
    ids=["another report", "another nonce", "no report", "an empty report", "a signal outside 0..k-1"],
)
def test_a_wrong_opening_counts_as_a_withheld_report(
    code: DeviationCode, report: bytes, nonce: bytes, committed: bytes | None
) -> None:
    """What was committed to can no longer be known, so the bidder reports nothing, and the log says why."""
    stage = playing("sealed")
    hand = stage.hands["ben"]
    for other in stage.awaited():
        if other is hand and committed is not None:
            stage.send(hand.say(hand.commitment(0, committed)))
        else:
            stage.send(other.answer(1))
    opening = hand.say(ReportOpening(wave=0, part=0, part_count=1, content=nonce + report))
    effects = stage.send(opening)
    assert hand not in stage.awaited()
    check_recorded(stage, hand, opening, effects, code)


def test_a_seed_part_that_was_not_committed_to_leaves_the_bidder_out() -> None:
    """Nobody can choose its part after having seen the others'."""
    stage = Stage(make_specification())
    stage.enrol()
    hand = stage.hands["cyd"]
    data = hand.say(SeedOpening(part=b"q" * 32))
    effects = stage.send(data)
    for name in ("ada", "ben", "dan"):
        stage.send(stage.hands[name].answer(0))
    assert stage.session.players == (0, 1, 3)
    check_recorded(stage, hand, data, effects, DeviationCode.OPENING_MISMATCH)


@pytest.mark.parametrize("step", ["commitment", "opening"])
def test_a_withheld_report_is_recorded(step: str) -> None:
    """Silence when a commitment or an opening is due is recorded by the Lapse itself."""
    stage = playing("sealed") if step == "commitment" else _all_committed()
    stage.lapse("ben")
    code = DeviationCode.SILENT if step == "commitment" else DeviationCode.OPENING_MISSING
    assert [(found.code, found.accused) for found in stage.session.deviations] == [(code, "ben")]
    stage.finish({name: 1 for name in stage.hands if name != "ben"})
    assert stage.verify().is_valid


@pytest.mark.parametrize("step", ["commitment", "opening"])
def test_a_late_report_changes_nothing(step: str) -> None:
    """After the deadline a commitment or an opening is late, and is recorded as that."""
    stage = playing("sealed") if step == "commitment" else _all_committed()
    hand = stage.hands["ben"]
    question, data = hand.question(), hand.answer(1)
    assert isinstance(question[0], AskReport if step == "commitment" else CommitClosed)
    stage.lapse("ben")
    check_recorded(stage, hand, data or b"", stage.send(data), DeviationCode.LATE)


def test_a_report_of_another_wave_is_not_asked() -> None:
    """A commitment names the wave that asked for it."""
    stage = playing("sealed")
    hand = asked(stage)
    data = hand.say(hand.commitment(7, CODEC.encode_signal_report(SignalReport(value=1))))
    check_recorded(stage, hand, data, stage.send(data), DeviationCode.NOT_ASKED)


def test_what_is_refused_for_its_body_keeps_its_place_in_the_chain() -> None:
    """After a wrong level the bidder can still give the right answer, as its next message."""
    stage = playing()
    hand = asked(stage)
    _, question = hand.question()
    stage.send(hand.say(Accept(level=2)))
    stage.send(hand.say(Accept(level=1), reply_to=question))
    assert isinstance(hand.question()[0], Raise)
    stage.finish(dict.fromkeys(stage.hands, 1))
    assert stage.verify().is_valid


def test_a_flood_cannot_fill_the_log() -> None:
    """Of one bidder a limited number of deviations is recorded; further ones are refused without a record."""
    stage = playing()
    hand = asked(stage)
    for number in range(limits.DEVIATIONS_PER_BIDDER + 5):
        header = replace(hand.header(), seq=1000 + number)
        effects = stage.send(hand.seal(header, Accept(level=1)))
        assert effects.refusals[0].is_recorded == (number < limits.DEVIATIONS_PER_BIDDER)
    assert len(stage.session.deviations) == limits.DEVIATIONS_PER_BIDDER
    stage.finish(dict.fromkeys(stage.hands, 1))
    assert stage.verify().is_valid


@pytest.mark.parametrize("size", [limits.BIDDER_ENVELOPE_BYTES + 1, limits.BIDDER_ENVELOPE_BYTES * 4])
def test_an_oversize_message_is_refused_before_it_is_read(size: int) -> None:
    """It is refused whatever it holds, and nothing of it is kept."""
    stage = playing()
    effects = stage.send(b"\x00" * size)
    assert [(refusal.code, refusal.is_recorded) for refusal in effects.refusals] == [
        (DeviationCode.MALFORMED, False)
    ]


def test_the_largest_evidence_fits_a_record() -> None:
    """A refused message of the greatest size is quoted whole, and the record still fits the log."""
    stage = playing()
    hand = asked(stage)
    head = len(CODEC.encode_envelope(seal(hand.key, PAYLOAD_TYPES[Accept], b"")))
    payload = b"\xff" * (limits.BIDDER_ENVELOPE_BYTES - head - 4)
    data = CODEC.encode_envelope(seal(hand.key, PAYLOAD_TYPES[Accept], payload))
    assert limits.BIDDER_ENVELOPE_BYTES - 8 < len(data) <= limits.BIDDER_ENVELOPE_BYTES
    check_recorded(stage, hand, data, stage.send(data), DeviationCode.MALFORMED)


def test_after_the_end_nothing_is_recorded() -> None:
    """The log of an ended session is closed: what comes then is refused and leaves no trace."""
    stage = playing()
    stage.finish(dict.fromkeys(stage.hands, 1))
    assert stage.session.phase is Phase.CLOSED
    effects = stage.send(stage.hands["ada"].say(Accept(level=1)))
    assert (effects.entries, effects.refusals[0].is_recorded) == ((), False)
