"""Recovery, re-execution, what a transcript tells, and what is measured of strategies."""

from __future__ import annotations

import json

import pytest

from openoutcry.errors import TranscriptError
from openoutcry.mechanisms import decode_specification
from openoutcry.protocol.messages import Accept
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.replay import read_opening, resume
from openoutcry.session.report import verification_lines, verification_values
from openoutcry.session.strategic import StrategicDeviation, strategic_deviations
from openoutcry.session.values import Phase
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, READER, Stage

FORMS = ("clock", "sealed")
SIGNALS = {"ada": 1, "ben": 2, "dan": 2}


def recorded(form: str) -> Stage:
    """Return an ended session with a silent bidder and a recorded deviation."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    hand = stage.hands["ada"]
    stage.send(hand.say(Accept(level=1), reply_to=b"q" * 32))
    stage.finish(SIGNALS)
    return stage


def recover(stage: Stage, size: int) -> AuctioneerSession:
    """Return the session that a new process makes from the first entries of the log."""
    return resume(
        specification=decode_specification(stage.specification),
        entries=tuple(stage.entries[:size]),
        seed_part=stage.seed_part,
        opening_key=stage.opening_key,
        author=SigningAuthor(stage.key, CODEC),
        reader=READER,
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_session_recovers_after_every_input(form: str) -> None:
    """Wherever a process dies, another one goes on from the log and writes the same bytes."""
    stage = recorded(form)
    for begin, (size, _) in enumerate(stage.inputs):
        session = recover(stage, size)
        assert session.log.size == size
        entries = list(stage.entries[:size])
        for _, given in stage.inputs[begin:]:
            entries.extend(session.apply(given, at_ns=2).entries)
        assert entries == stage.entries
        assert (session.phase, session.outcome) == (Phase.CLOSED, stage.session.outcome)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_awaited_is_awaited_again(form: str) -> None:
    """After a recovery the same answers are due, so that their deadlines can start anew."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    assert recover(stage, len(stage.entries)).deadlines == stage.session.deadlines
    assert len(stage.session.deadlines) > 0


def test_another_sessions_log_is_not_recovered() -> None:
    """A log that this session cannot have written is refused with the record that shows it."""
    stage, other = recorded("clock"), recorded("sealed")
    stage.entries[8:] = other.entries[8:]
    with pytest.raises(TranscriptError):
        recover(stage, len(stage.entries))
    with pytest.raises(TranscriptError, match="empty"):
        recover(stage, 0)
    with pytest.raises(TranscriptError, match="begins with"):
        read_opening(stage.entries[1:], READER)


@pytest.mark.parametrize("form", FORMS)
def test_a_verification_is_told_in_lines_and_in_values(form: str) -> None:
    """Both name the session, the four levels and the recorded deviations, and agree."""
    stage = recorded(form)
    verification = stage.verify()
    lines, values = verification_lines(verification), verification_values(verification)
    assert values == json.loads(json.dumps(values))
    assert values["valid"] is True
    assert lines[-1].startswith(f"valid: {len(stage.entries)} records")
    recorded_lines = [line for line in lines if line.startswith("deviation")]
    assert len(recorded_lines) == len(stage.session.deviations) >= 2
    assert "NOT_ASKED" in recorded_lines[0]


def test_a_failed_verification_names_the_record() -> None:
    """The last line says which level failed, where and why; later levels are not checked."""
    stage = recorded("clock")
    del stage.entries[10]
    verification = stage.verify()
    lines = verification_lines(verification)
    assert lines[-1].startswith("INVALID: integrity: record ")
    assert sum(line.endswith("integrity failed") for line in lines) == 3


@pytest.mark.parametrize("form", FORMS)
def test_truthful_bidders_deviate_from_nothing(form: str) -> None:
    """Measured against their true signals, truthful answers are no strategic deviations."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    signals = SIGNALS | {"cyd": 0}
    stage.finish(signals)
    assert strategic_deviations(stage.session, stage.entries, private=signals, reader=READER) == ()


@pytest.mark.parametrize("form", FORMS)
def test_untruthful_answers_are_measured(form: str) -> None:
    """Each answer that truth would not have given is named with both; who is silent is named too."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    stage.finish({"ada": 1, "ben": 2, "cyd": 0})
    found = strategic_deviations(
        stage.session,
        stage.entries,
        private={"ada": 2, "ben": 0, "cyd": 0, "dan": 1},
        reader=READER,
    )
    asked = {deviation.bidder for deviation in found}
    assert asked
    assert "cyd" not in asked
    assert all(
        isinstance(deviation, StrategicDeviation) and deviation.did != deviation.truthful
        for deviation in found
    )
    if form == "sealed":
        assert [(deviation.bidder, deviation.did, deviation.truthful) for deviation in found] == [
            ("dan", "withheld its report", "report 1"),
            ("ada", "reported 1", "report 2"),
            ("ben", "reported 2", "report 0"),
        ]
