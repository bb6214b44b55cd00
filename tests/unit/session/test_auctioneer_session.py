"""The auctioneer's side of a session: phases, deadlines, the roster, and what an honest session leaves behind."""

from __future__ import annotations

import pytest

from openoutcry.errors import UsageError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    Hello,
    Lapse,
    OutcomeDeclared,
    RosterClosed,
    SeedOpening,
    SessionOpen,
    SessionVoid,
)
from openoutcry.session.attachment import verify_hello
from openoutcry.session.values import Cancelled, DeadlinePassed, Phase, Received
from tests.simulation.markets import make_specification
from tests.simulation.stage import READER, Stage

SIGNALS = {"ada": 1, "ben": 2, "cyd": 0, "dan": 2}
FORMS = ("clock", "sealed")


def make_stage(form: str = "clock", **options) -> Stage:
    """Return a stage for four bidders."""
    return Stage(make_specification(parameters={"form": form}, **options))


def kinds(stage: Stage) -> list[type]:
    """Return what kind of message each entry of the log is."""
    return [type(READER.read_message(READER.read_envelope(data))[1]) for data in stage.entries]


@pytest.mark.parametrize("form", FORMS)
def test_an_honest_session_settles(form: str) -> None:
    """It goes through its phases, ends with outcome and seed opening, records nothing and verifies."""
    stage = make_stage(form)
    phases = [stage.session.phase]
    stage.enrol()
    phases.append(stage.session.phase)
    stage.open_seeds()
    phases.append(stage.session.phase)
    stage.finish(SIGNALS)
    phases.append(stage.session.phase)
    assert phases == [Phase.ENROL, Phase.SEED, Phase.PLAY, Phase.CLOSED]
    assert kinds(stage)[0] is SessionOpen
    assert kinds(stage)[-2:] == [OutcomeDeclared, SeedOpening]
    assert stage.session.deviations == []
    assert stage.verify().is_valid


def test_the_session_is_opened_once() -> None:
    """Opening a session again is our own mistake and changes nothing; so is using it unopened."""
    stage = make_stage()
    with pytest.raises(UsageError, match="opened already"):
        stage.session.start()
    assert stage.session.log.size == 1


def test_the_roster_closes_with_whoever_is_there() -> None:
    """When enrolment lapses the session goes on with those enrolled, in the order of the specification."""
    stage = make_stage()
    stage.enrol("dan", "ada")
    stage.lapse()
    assert [party.name for party in stage.session.members] == ["ada", "dan"]
    stage.open_seeds()
    stage.finish(SIGNALS)
    assert stage.session.phase is Phase.CLOSED
    assert stage.session.outcome is not None
    assert len(stage.session.outcome.payments) == 2
    assert stage.verify().is_valid


def test_nobody_there_voids_the_session() -> None:
    """Without any bidder there is nothing to run."""
    stage = make_stage()
    stage.lapse()
    assert (stage.session.phase, kinds(stage)) == (Phase.VOID, [SessionOpen, Lapse, SessionVoid])
    assert stage.verify().is_valid


@pytest.mark.parametrize("step", ["enrolment", "seeds"])
def test_a_missing_bidder_voids_the_session_if_all_are_required(step: str) -> None:
    """Where the specification says `void`, one bidder that stays away ends the session."""
    stage = make_stage(absent="void")
    stage.enrol(*(("ada", "ben") if step == "enrolment" else ()))
    if step == "seeds":
        stage.send(stage.hands["ada"].answer(0))
    stage.lapse()
    assert stage.session.phase is Phase.VOID
    assert stage.verify().is_valid


def test_a_bidder_that_keeps_its_seed_part_is_left_out() -> None:
    """It stays in the roster, is asked nothing, pays nothing, and the draws rest on the others' parts."""
    stage = make_stage()
    stage.enrol()
    for name in ("ada", "ben", "dan"):
        stage.send(stage.hands[name].answer(0))
    stage.lapse("cyd")
    assert stage.session.players == (0, 1, 3)
    stage.finish(SIGNALS)
    assert stage.session.outcome is not None
    assert stage.session.outcome.payments[2] == 0
    assert [found.code for found in stage.session.deviations] == [DeviationCode.OPENING_MISSING]
    assert stage.verify().is_valid


def test_if_nobody_opens_its_seed_part_the_session_is_void() -> None:
    """There is nobody left to play."""
    stage = make_stage()
    stage.enrol()
    stage.lapse()
    assert stage.session.phase is Phase.VOID
    assert stage.verify().is_valid


@pytest.mark.parametrize(
    ("absent", "is_cancelled", "said"),
    [
        ("exit", False, "1 seed parts are missing: whoever held them back chose among seeds"),
        ("exit", True, "1 seed parts are missing: whoever held them back chose among seeds"),
        ("void", False, "it ended before any draw"),
    ],
)
def test_a_missing_seed_part_is_told_of_a_void_session_too(
    absent: str, is_cancelled: bool, said: str
) -> None:
    """A verifier says of every session that drew which parts its seed lacks, and of no other that they are there."""
    stage = make_stage(absent=absent)
    stage.enrol()
    for name in ("ada", "ben", "dan"):
        stage.send(stage.hands[name].answer(0))
    stage.lapse("cyd")
    if is_cancelled:
        stage.apply(Cancelled(detail="enough"))
    else:
        stage.finish(SIGNALS)
    verification = stage.verify()
    assert verification.is_valid
    assert verification.levels[2].detail.endswith(f"; {said}")


@pytest.mark.parametrize("form", FORMS)
def test_everybody_silent_still_ends(form: str) -> None:
    """Every deadline lapses, each lapse is recorded, and the lot is not sold to anybody who agreed to nothing."""
    stage = make_stage(form)
    stage.begin_play()
    stage.finish()
    assert stage.session.phase is Phase.CLOSED
    codes = {found.code for found in stage.session.deviations}
    assert codes <= {DeviationCode.SILENT, DeviationCode.OPENING_MISSING}
    assert codes
    assert stage.verify().is_valid


@pytest.mark.parametrize("phase", [Phase.ENROL, Phase.SEED, Phase.PLAY])
def test_the_operator_can_end_a_session(phase: Phase) -> None:
    """A cancelled session is void, says why, and its transcript verifies up to that point."""
    stage = make_stage()
    if phase >= Phase.SEED:
        stage.enrol()
    if phase >= Phase.PLAY:
        stage.open_seeds()
    assert stage.session.phase is phase
    stage.apply(Cancelled(detail="the lot was withdrawn"))
    assert stage.session.phase is Phase.VOID
    assert stage.apply(Cancelled(detail="again")).entries == ()
    # Draws may have been made; a stranger can repeat them all the same.
    assert stage.verify().is_valid


def test_a_met_deadline_is_ignored() -> None:
    """A deadline whose answer came in time moves nothing when its timer fires."""
    stage = make_stage()
    stage.enrol()
    deadline = stage.session.deadlines[0]
    stage.send(stage.hands["ada"].answer(0))
    assert stage.apply(DeadlinePassed(deadline=deadline)).entries == ()


def test_a_repeated_message_changes_nothing() -> None:
    """The network may deliver a message twice; the second time nothing follows and nobody is blamed."""
    stage = make_stage()
    stage.enrol("ada", "ben")
    data = stage.entries[1]
    effects = stage.apply(Received(data=data))
    assert (effects.entries, effects.refusals) == ((), ())


def test_latecomers_are_told_and_not_recorded() -> None:
    """Whoever enrols after the roster is closed, uninvited or under a taken name is refused without a record."""
    stage = make_stage()
    stage.enrol("ada")
    taken = stage.hands["ben"]
    taken.name = "ada"
    refused = stage.send(taken.say(taken.enrolment()))
    assert [refusal.code for refusal in refused.refusals] == [DeviationCode.UNKNOWN_SENDER]
    stranger = stage.hands["cyd"]
    stranger.name = "nobody"
    stage.send(stranger.say(stranger.enrolment()))
    stage.lapse()
    late = stage.hands["dan"]
    effects = stage.send(late.say(late.enrolment()))
    assert [(refusal.code, refusal.is_recorded) for refusal in effects.refusals] == [
        (DeviationCode.UNKNOWN_SENDER, False)
    ]
    assert effects.refusals[0].party == late.key.sender_id
    assert stage.session.deviations == []


def test_questions_of_one_wave_go_out_together() -> None:
    """All outsiders are asked at once, and one bidder's next question does not wait for the others."""
    stage = make_stage()
    stage.begin_play()
    asked = stage.awaited()
    assert len(asked) == 2
    effects = stage.send(asked[0].answer(2))
    assert [addressed.party for addressed in effects.addressed] == [asked[0].key.sender_id]


def test_what_is_addressed_is_found_again() -> None:
    """A bidder that attaches anew is given everything from where it stopped, in order."""
    stage = make_stage()
    stage.begin_play()
    stage.finish(SIGNALS)
    log = stage.session.log
    indexes = log.addressed_from(stage.hands["ada"].key.sender_id, 0)
    assert indexes == sorted(indexes)
    assert log.addressed_from(stage.hands["ada"].key.sender_id, indexes[1]) == indexes[1:]
    first = READER.read_message(READER.read_envelope(stage.entries[indexes[0]]))[1]
    assert isinstance(first, RosterClosed)


def test_equal_openings_are_one_session() -> None:
    """The session id covers rules, keys and commitments, and no clock."""
    assert make_stage().session.session_id == make_stage().session.session_id


def test_hello_is_no_message_of_the_log() -> None:
    """A Hello that comes as a message is refused; what attaches a stream moves nothing."""
    stage = make_stage()
    stage.enrol()
    hand = stage.hands["ada"]
    hello = Hello(nonce=b"x" * 32, public_key=hand.key.public_key, next_index=0)
    data = hand.seal(hand.header(), hello)
    effects = stage.send(data)
    assert [refusal.code for refusal in effects.refusals] == [DeviationCode.MALFORMED]
    assert effects.entries == ()
    attached = verify_hello(
        data,
        nonce=b"x" * 32,
        session_id=stage.session.session_id,
        reader=READER,
        tree=stage.session.log.tree,
    )
    assert (attached.sender_id, attached.next_index) == (hand.key.sender_id, 0)
