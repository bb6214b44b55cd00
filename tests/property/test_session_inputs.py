"""Whatever arrives, in whatever phase: the folds never raise, and refusals leave one kind of trace in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as generators

from openoutcry.mechanisms.conversation import Award, TypeReport
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.merkle import EMPTY_ROOT
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Accept,
    AskReport,
    Body,
    CommitClosed,
    DeviationNoted,
    Enrol,
    Exit,
    Header,
    Hello,
    Lapse,
    LapseSubject,
    Offer,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    Raise,
    ReportCommit,
    ReportKind,
    ReportOpening,
    Role,
    RosterClosed,
    RosterMember,
    SeedOpening,
    SessionOpen,
    SessionVoid,
    SignalReport,
    VoidReason,
)
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import BidderEffects, Concluded, Delivered, Opened, Specified
from openoutcry.session.values import Cancelled, Delivery, Effects, Received
from tests.simulation.markets import make_specification
from tests.simulation.stage import READER, Hand, Stage, key_of

HASH = b"h" * 32

BODIES: dict[str, Body] = {
    type(body).__name__: body
    for body in (
        SessionOpen(
            specification_digest=HASH,
            seed_commitment=HASH,
            message_key=HASH,
            checkpoint_key=HASH,
            opening_key=HASH,
            code_version="1",
        ),
        RosterClosed(members=(RosterMember(bidder=0, sender_id=HASH),)),
        Raise(bidder=0, wave=0, level=1),
        Offer(bidder=0, wave=0, level=1, target=1, price=10),
        AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL),
        CommitClosed(wave=0, commitment_indexes=(1,)),
        Lapse(subject=LapseSubject.ANSWER, bidder=0),
        DeviationNoted(deviation=DeviationCode.NOT_ASKED, accused_id=HASH, evidence=b"e", detail="because"),
        OutcomeDeclared(
            awards=(Award(bidder=0, goods=(0,), price=Fraction(1)),),
            payments=(Fraction(1),),
            reason="because",
        ),
        OpeningKeyDisclosed(secret=HASH),
        SeedOpening(part=HASH),
        SessionVoid(reason=VoidReason.CANCELLED, detail="because"),
        Hello(nonce=HASH, public_key=key_of("ada").public_key, next_index=0),
        Enrol(name="ada", public_key=key_of("ada").public_key, seed_commitment=HASH, agent_version="1"),
        Accept(level=1),
        Exit(level=1),
        ReportCommit(wave=0, commitment=HASH),
        ReportOpening(wave=0, part=0, part_count=1, content=HASH + b"r"),
    )
}


def _enrolling() -> Stage:
    stage = Stage(make_specification())
    stage.enrol("ada", "ben")
    return stage


def _seeding() -> Stage:
    stage = Stage(make_specification())
    stage.enrol()
    return stage


def _climbing() -> Stage:
    stage = Stage(make_specification(mechanism="uniform-clock"))
    stage.begin_play()
    return stage


def _committing() -> Stage:
    stage = Stage(make_specification(parameters={"form": "sealed"}))
    stage.begin_play()
    return stage


def _opening() -> Stage:
    stage = _committing()
    for hand in stage.awaited():
        stage.send(hand.answer(1))
    return stage


def _closed() -> Stage:
    stage = _climbing()
    stage.finish()
    return stage


def _void() -> Stage:
    stage = _seeding()
    stage.apply(Cancelled(detail="it was withdrawn"))
    return stage


PHASES: dict[str, Callable[[], Stage]] = {
    "enrolling": _enrolling,
    "seeding": _seeding,
    "climbing": _climbing,
    "committing": _committing,
    "opening": _opening,
    "closed": _closed,
    "void": _void,
}


def check_traces(effects: Effects) -> None:
    """Check that what was refused left nothing but a DeviationNoted, and one for each recorded refusal."""
    recorded = [refusal for refusal in effects.refusals if refusal.is_recorded]
    bodies = [READER.read_message(READER.read_envelope(data))[1] for data in effects.entries]
    noted = [body for body in bodies if isinstance(body, DeviationNoted)]
    assert [body.deviation for body in noted] == [refusal.code for refusal in recorded]
    if effects.refusals and not any(
        refusal.code in (DeviationCode.OPENING_MISMATCH, DeviationCode.MALFORMED_REPORT)
        for refusal in effects.refusals
    ):
        # A wrong opening moves the session on as silence would; every other refusal moves nothing.
        assert len(effects.entries) == len(recorded)


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("phase", PHASES)
def test_every_message_in_every_phase(phase: str, kind: str) -> None:
    """Each kind of message, well signed by a member and by a stranger, is taken or refused in each phase."""
    for name in ("ada", "ben"):
        stage = PHASES[phase]()
        hand = stage.hands[name]
        effects = stage.send(hand.say(BODIES[kind]))
        check_traces(effects)
        assert effects.entries or effects.refusals
    stage = PHASES[phase]()
    stranger = Hand(stage, "a stranger")
    effects = stage.send(stranger.say(BODIES[kind]))
    assert (effects.entries, len(effects.refusals)) == ((), 1)


@pytest.mark.parametrize("phase", PHASES)
def test_the_phases_can_go_on_to_their_end(phase: str) -> None:
    """The stages that these tests use are those of real sessions."""
    stage = PHASES[phase]()
    stage.finish()
    assert stage.verify().is_valid


@cache
def _template(phase: str) -> Stage:
    """Return a stage that refuses or repeats everything these tests send, so that it can be used again."""
    return PHASES[phase]()


phases = generators.sampled_from(sorted(PHASES))


@given(phase=phases, data=generators.binary(max_size=400))
@example(phase="climbing", data=b"")
def test_arbitrary_bytes_are_refused(phase: str, data: bytes) -> None:
    """Bytes that are no envelope move nothing and leave no trace."""
    stage = _template(phase)
    effects = stage.apply(Received(data=data))
    assert (effects.entries, len(effects.refusals)) == ((), 1)


@given(data=generators.data(), phase=phases)
def test_a_damaged_message_is_refused(data: generators.DataObject, phase: str) -> None:
    """One changed bit of an honest answer is refused: it is never taken for another answer."""
    stage = _template(phase)
    hand = stage.hands["ada"]
    header = hand.header(reply_to=hand.question()[1])
    whole = bytearray(hand.seal(header, BODIES[data.draw(generators.sampled_from(sorted(BODIES)))]))
    place = data.draw(generators.integers(0, len(whole) * 8 - 1))
    whole[place // 8] ^= 1 << place % 8
    size = len(stage.entries)
    effects = stage.apply(Received(data=bytes(whole)))
    assert len(effects.refusals) == 1
    assert len(effects.entries) <= 1
    assert len(stage.entries) == size + len(effects.entries)


hashes = generators.sampled_from([HASH, EMPTY_ROOT, b"z" * 32])
small = generators.integers(0, 2**32 - 1)


@given(
    phase=phases,
    kind=generators.sampled_from(sorted(BODIES)),
    seq=generators.one_of(generators.none(), small),
    seen_size=generators.one_of(generators.none(), small),
    seen_root=generators.one_of(generators.none(), hashes),
    reply_to=generators.one_of(generators.just(b""), hashes),
    role=generators.sampled_from(Role),
    session_id=generators.one_of(generators.none(), hashes),
)
def test_any_signed_header_is_taken_or_refused(
    phase: str,
    kind: str,
    seq: int | None,
    seen_size: int | None,
    seen_root: bytes | None,
    reply_to: bytes,
    role: Role,
    session_id: bytes | None,
) -> None:
    """A well-signed message with any header never raises and never moves what it should not."""
    stage = PHASES[phase]()
    hand = stage.hands["ada"]
    header: Header = hand.header(reply_to=reply_to)
    changes = {"seq": seq, "seen_size": seen_size, "seen_root": seen_root, "session_id": session_id}
    changed: dict[str, Any] = {key: value for key, value in changes.items() if value is not None}
    header = replace(header, role=role, **changed)
    check_traces(stage.send(hand.seal(header, BODIES[kind])))


def test_every_kind_of_message_is_tried() -> None:
    """No message of the protocol is missing here."""
    assert {type(body) for body in BODIES.values()} | {SignalReport, TypeReport} == set(PAYLOAD_TYPES)


def _bidder(stage: Stage) -> BidderSession:
    bidder = BidderSession(
        name="ada",
        key=key_of("ada"),
        entropy=b"e" * 32,
        reader=READER,
        auctioneer_key=None,
        agent_version="test",
    )
    bidder.apply(Opened(session_open=stage.entries[0]), 1)
    bidder.apply(Specified(specification=stage.specification), 1)
    return bidder


proofs = generators.lists(generators.binary(min_size=0, max_size=40), max_size=4).map(tuple)


@given(
    index=generators.integers(0, 2**33),
    envelope=generators.one_of(generators.binary(max_size=200), generators.integers(0, 30)),
    consistency_from=generators.integers(0, 40),
    consistency=proofs,
    own_index=generators.one_of(generators.none(), generators.integers(0, 2**33)),
    inclusion=proofs,
)
def test_a_bidder_survives_any_delivery(
    index: int,
    envelope: bytes | int,
    consistency_from: int,
    consistency: tuple[bytes, ...],
    own_index: int | None,
    inclusion: tuple[bytes, ...],
) -> None:
    """Any delivery is taken, ignored, complained of, or answered by attaching anew."""
    stage = _template("closed")
    bidder = _bidder(stage)
    data = stage.entries[envelope % len(stage.entries)] if isinstance(envelope, int) else envelope
    effects = bidder.apply(
        Delivered(
            delivery=Delivery(
                index=index,
                envelope=data,
                consistency_from=consistency_from,
                consistency=consistency,
                own_index=own_index,
                inclusion=inclusion,
            )
        ),
        2,
    )
    assert isinstance(effects, BidderEffects)
    assert (effects.complaint is not None) == (bidder.complaint is not None)


@given(note=generators.binary(max_size=300), consistency_from=generators.integers(0, 40), consistency=proofs)
def test_a_bidder_survives_any_end(
    note: bytes, consistency_from: int, consistency: tuple[bytes, ...]
) -> None:
    """Any final checkpoint that was not signed for this session is doubted."""
    bidder = _bidder(_template("closed"))
    concluded = Concluded(note=note, consistency_from=consistency_from, consistency=consistency)
    assert bidder.apply(concluded, 2).must_resume


@given(data=generators.binary(max_size=300))
def test_a_bidder_survives_any_beginning(data: bytes) -> None:
    """Whatever is shown as SessionOpen or as the specification is taken or doubted."""
    bidder = BidderSession(
        name="ada",
        key=key_of("ada"),
        entropy=b"e" * 32,
        reader=READER,
        auctioneer_key=None,
        agent_version="test",
    )
    assert bidder.apply(Opened(session_open=data), 1).must_resume
    other = BidderSession(
        name="ada",
        key=key_of("ada"),
        entropy=b"e" * 32,
        reader=READER,
        auctioneer_key=None,
        agent_version="test",
    )
    other.apply(Opened(session_open=_template("closed").entries[0]), 1)
    assert other.apply(Specified(specification=data), 1).must_resume
