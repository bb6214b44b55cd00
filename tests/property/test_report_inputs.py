"""Any report message in any state of either side: the folds never raise, and what is refused moves nothing.

On the auctioneer's side whatever was sent is followed by silence, and the log must still be one that verifies. On the
bidder's side an auctioneer may ask in any order for anything; the bidder complains, and never says two things about one
wave, since whoever has signed both could be accused of either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as generators

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import Blame, DeviationCode
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    AuctioneerBody,
    BidderBody,
    CommitClosed,
    DeviationNoted,
    Exit,
    Lapse,
    LapseSubject,
    Offer,
    OpeningKeyDisclosed,
    Raise,
    ReportCommit,
    ReportKind,
    ReportOpening,
    SeedOpening,
)
from openoutcry.protocol.opening import seal_opening
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder_values import (
    Decided,
    LevelAsked,
    OpeningAsked,
    OpeningChosen,
    OpeningSealed,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.replay import resume
from openoutcry.session.values import Effects
from tests.simulation.crook import Crook
from tests.simulation.crowd_stage import Reporter, begin, correlated, knowledge, make_type_specification
from tests.simulation.stage import CODEC, READER, Hand, Stage, key_of

L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"
PROFILE = (2, 1, 0)
HASH = b"h" * 32
FULL = b"f" * limits.OPENING_PART_BYTES
# A wrong opening moves the session on as silence would.
LOSES_THE_REPORT = {
    DeviationCode.OPENING_MISMATCH,
    DeviationCode.MALFORMED_REPORT,
    DeviationCode.INCONSISTENT_REPORT,
}

Table = tuple[Stage, dict[str, Reporter]]


# --- The auctioneer's states. ---


def _committing(mechanism: str, openings: str) -> Table:
    parameters = {} if mechanism == L else {"openings": openings}
    return begin(make_type_specification(mechanism, parameters=parameters), knowledge(correlated(), PROFILE))


def _half_committed(mechanism: str, openings: str) -> Table:
    stage, reporters = _committing(mechanism, openings)
    stage.send(reporters["ada"].commit())
    return stage, reporters


def _opening(mechanism: str, openings: str) -> Table:
    stage, reporters = _committing(mechanism, openings)
    for reporter in reporters.values():
        stage.send(reporter.commit())
    return stage, reporters


def _between_parts(mechanism: str, openings: str) -> Table:
    stage, reporters = _opening(mechanism, openings)
    stage.send(stage.hands["ada"].say(ReportOpening(wave=0, part=0, part_count=3, content=FULL)))
    return stage, reporters


def _half_opened(mechanism: str, openings: str) -> Table:
    stage, reporters = _opening(mechanism, openings)
    for data in reporters["ben"].open():
        stage.send(data)
    return stage, reporters


def _second_wave(mechanism: str, openings: str) -> Table:
    # Only the lookahead has one; elsewhere this is the end.
    stage, reporters = _opening(mechanism, openings)
    for reporter in reporters.values():
        for data in reporter.open():
            stage.send(data)
    return stage, reporters


STATES: dict[str, Callable[[str, str], Table]] = {
    "committing": _committing,
    "half committed": _half_committed,
    "opening": _opening,
    "between parts": _between_parts,
    "half opened": _half_opened,
    "second wave or closed": _second_wave,
}
SESSIONS = [(L, "private"), (L_PLUS, "public"), (L_PLUS, "private"), (M, "public")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One message: who sends it, what it says, and what it claims to answer."""

    name: str
    body: BidderBody | None
    answers: str


def bodies_of_bidders() -> dict[str, BidderBody | None]:
    """Return what is tried; None stands for the truthful next answer."""
    found: dict[str, BidderBody | None] = {"the truth": None}
    for wave in (0, 1):
        found[f"commit in wave {wave}"] = ReportCommit(wave=wave, commitment=HASH)
        for part, count, content in (
            (0, 1, HASH + b"\x08\x01"),
            (0, 3, FULL),
            (1, 3, FULL),
            (1, 2, HASH),
            (85, 86, HASH),
        ):
            found[f"part {part} of {count} with {len(content)} bytes in wave {wave}"] = ReportOpening(
                wave=wave, part=part, part_count=count, content=content
            )
    found |= {
        "accept": Accept(level=1),
        "exit": Exit(level=1),
        "seed": SeedOpening(part=HASH),
    }
    return found


BODIES = bodies_of_bidders()
ANSWERS = ("the question", "an older question", "nothing", "something else")


def say(stage: Stage, reporters: dict[str, Reporter], saying: Saying) -> Effects | None:
    """Send a message; None when there is nothing truthful to be said."""
    hand = stage.hands[saying.name]
    if saying.body is None:
        try:
            sent = reporters[saying.name].answer()
        except AssertionError:
            return None
        return stage.send(sent[0]) if sent else None
    reply_to = {
        "the question": None,
        "an older question": leaf_hash(
            stage.entries[stage.session.log.addressed_from(hand.key.sender_id, 0)[0]]
        ),
        "nothing": b"",
        "something else": HASH,
    }[saying.answers]
    return stage.send(hand.say(saying.body, reply_to=reply_to))


def check_step(stage: Stage, saying: Saying, before: tuple[object, ...], effects: Effects) -> None:
    """A refusal leaves one kind of trace, and the questions that it must not end stand as they stood."""
    found = [READER.read_message(READER.read_envelope(data))[1] for data in effects.entries]
    noted = [body.deviation for body in found if isinstance(body, DeviationNoted)]
    recorded = [refusal.code for refusal in effects.refusals if refusal.is_recorded]
    assert noted == recorded
    assert len(effects.refusals) <= 1
    if effects.refusals and effects.refusals[0].code not in LOSES_THE_REPORT:
        assert len(effects.entries) == len(recorded)
        assert stage.session.deadlines == before
    if effects.refusals and effects.refusals[0].code in LOSES_THE_REPORT:
        sender = stage.hands[saying.name].key.sender_id
        member = next(place for place, party in enumerate(stage.session.members) if party.sender_id == sender)
        lost = [deadline for deadline in before if deadline.member == member]  # type: ignore[attr-defined]
        assert len(lost) == 1
        assert not stage.session.awaits(lost[0])  # type: ignore[arg-type]


def check_end(stage: Stage) -> None:
    """Everybody else falls silent: the session ends, verifies, and can be recovered."""
    stage.finish()
    assert stage.verify().is_valid
    again = resume(
        specification=stage.session.specification,
        entries=tuple(stage.entries),
        seed_part=stage.seed_part,
        opening_key=stage.opening_key,
        author=SigningAuthor(stage.key, CODEC),
        reader=READER,
    )
    assert (again.log.size, again.deviations) == (len(stage.entries), stage.session.deviations)


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "session",
    [SESSIONS[0], *(pytest.param(session, marks=pytest.mark.long) for session in SESSIONS[1:])],
    ids=" ".join,
)
def test_every_report_message_in_every_state(session: tuple[str, str], state: str, kind: str) -> None:
    """By a member that is asked now, and by one that may not be: taken, or refused with one record."""
    for name in ("ada", "ben"):
        stage, reporters = STATES[state](*session)
        saying = Saying(name=name, body=BODIES[kind], answers="the question")
        before = stage.session.deadlines
        effects = say(stage, reporters, saying)
        if effects is not None:
            check_step(stage, saying, before, effects)
        check_end(stage)
    stage, _ = STATES[state](*session)
    stranger = Hand(stage, "a stranger")
    body = BODIES[kind] or Accept(level=1)
    effects = stage.send(stranger.say(body))
    assert (effects.entries, len(effects.refusals)) == ((), 1)


sayings = generators.builds(
    Saying,
    name=generators.sampled_from(["ada", "ben", "cyd"]),
    body=generators.sampled_from(list(BODIES.values())),
    answers=generators.sampled_from([*ANSWERS, "the question", "the question"]),
)


@settings(max_examples=max(60, settings().max_examples // 3))
@given(
    session=generators.sampled_from(SESSIONS),
    state=generators.sampled_from(sorted(STATES)),
    said=generators.lists(sayings, min_size=1, max_size=10),
)
def test_any_sequence_of_report_messages(session: tuple[str, str], state: str, said: list[Saying]) -> None:
    """Whatever is sent in whatever order, the log verifies and can be recovered from."""
    stage, reporters = STATES[state](*session)
    for saying in said:
        if stage.session.phase.is_final:
            break
        before = stage.session.deadlines
        effects = say(stage, reporters, saying)
        if effects is not None:
            check_step(stage, saying, before, effects)
    check_end(stage)


@pytest.mark.parametrize(
    "count",
    [limits.DEVIATIONS_PER_BIDDER, limits.DEVIATIONS_PER_BIDDER + 1, limits.REFUSED_ANSWERS_PER_BIDDER],
)
def test_refused_answers_break_no_chain(count: int) -> None:
    """However often a bidder says what nobody asked, its next answer follows in the log, and everything verifies."""
    stage, reporters = _committing(L_PLUS, "public")
    for _ in range(count - 1):
        assert stage.send(stage.hands["ada"].say(Accept(level=1))).refusals[0].is_recorded
    stage.send(reporters["ada"].commit())
    assert len(stage.session.deviations) == count - 1
    check_end(stage)


def test_nobody_can_fill_the_log_with_refused_answers() -> None:
    """Whoever has been refused too often is heard no more: what it says then has no place in any chain, or effect."""
    stage, reporters = _opening(L_PLUS, "public")
    for _ in range(limits.REFUSED_ANSWERS_PER_BIDDER):
        stage.send(stage.hands["ada"].say(Accept(level=1)))
    before, size = stage.session.deadlines, len(stage.entries)
    for data in (*reporters["ada"].open(), stage.hands["ada"].say(Accept(level=1))):
        (refusal,) = stage.send(data).refusals
        assert (refusal.code, refusal.is_recorded) == (DeviationCode.RATE_LIMIT, False)
    assert (stage.session.deadlines, len(stage.entries)) == (before, size)
    check_end(stage)


def test_an_opening_that_comes_too_late_is_refused_part_by_part() -> None:
    """As many parts as an opening may have are recorded of an honest bidder, and it can go on."""
    stage, _ = _opening(L_PLUS, "public")
    hand = stage.hands["ada"]
    _, question = hand.question()
    stage.lapse("ada")
    for part in range(limits.OPENING_PARTS):
        body = ReportOpening(wave=0, part=part, part_count=limits.OPENING_PARTS, content=FULL)
        (refusal,) = stage.send(hand.say(body, reply_to=question)).refusals
        assert (refusal.code, refusal.is_recorded) == (DeviationCode.LATE, True)
    check_end(stage)


def test_an_opening_has_as_many_parts_as_its_first_says() -> None:
    """Another count in a later part is a wrong opening: what its parts are must not change between them."""
    stage, _ = _between_parts(L_PLUS, "public")
    body = ReportOpening(wave=0, part=1, part_count=2, content=HASH)
    (refusal,) = stage.send(stage.hands["ada"].say(body)).refusals
    assert (refusal.code, refusal.detail) == (
        DeviationCode.OPENING_MISMATCH,
        "part 1 of 2 came where part 1 of 3 was due",
    )
    check_end(stage)


# --- A bidder that is asked anything. ---


def likely_questions(crook: Crook, mechanism: str) -> list[AuctioneerBody]:
    """Return what an auctioneer of this mechanism writes at one time or another."""
    is_private = mechanism == L
    belief = {"subjects": (1, 2), "weight_bits": limits.BELIEF_WEIGHT_BITS}
    kinds: list[dict[str, Any]] = [{"kind": ReportKind.VALUE}]
    if mechanism != "vickrey":
        kinds += [{"kind": ReportKind.VALUE_AND_BELIEF} | belief, {"kind": ReportKind.BELIEF} | belief]
    everything = tuple(range(len(crook.entries)))
    return [
        *(AskReport(bidder=0, wave=wave, is_private=is_private, **kind) for wave in (0, 1) for kind in kinds),
        *(CommitClosed(wave=wave, commitment_indexes=everything) for wave in (0, 1) for _ in kinds),
    ]


def questions(crook: Crook) -> list[AuctioneerBody]:
    """Return what an auctioneer may write next, right and wrong."""
    last = len(crook.entries) - 1
    asks = [
        AskReport(bidder=0, wave=wave, kind=kind, subjects=subjects, is_private=is_private, weight_bits=bits)
        for wave in (0, 1, 2)
        for kind, subjects, bits in (
            (ReportKind.VALUE, (), 0),
            (ReportKind.BELIEF, (1, 2), limits.BELIEF_WEIGHT_BITS),
            (ReportKind.VALUE_AND_BELIEF, (1,), limits.BELIEF_WEIGHT_BITS),
            (ReportKind.BELIEF, (0, 1), limits.BELIEF_WEIGHT_BITS),
            (ReportKind.BELIEF, (1, 9), limits.BELIEF_WEIGHT_BITS),
            (ReportKind.BELIEF, (1, 2), 1),
            (ReportKind.SIGNAL, (), 0),
        )
        for is_private in (True, False)
    ]
    closings = [
        CommitClosed(wave=wave, commitment_indexes=indexes)
        for wave in (0, 1, 2)
        for indexes in ((last,), tuple(range(last + 1)), ())
    ]
    lapses = [Lapse(subject=subject, bidder=member) for subject in LapseSubject for member in (0, 1, None)]
    return [
        *asks,
        *closings,
        *lapses,
        Raise(bidder=0, wave=0, level=1),
        Raise(bidder=1, wave=0, level=1),
        AskReport(bidder=1, wave=0, kind=ReportKind.VALUE),
        Offer(bidder=0, wave=1, level=1, target=1, price=3),
        OpeningKeyDisclosed(secret=HASH),
        DeviationNoted(
            deviation=DeviationCode.LATE,
            accused_id=key_of("ada").sender_id,
            evidence=crook.entries[-1],
            detail="because",
        ),
    ]


def answer_questions(crook: Crook, *, seals_twice: bool = False, steps: int = 9) -> list[bytes]:
    """Have the bidder answer what it is asked, in so many steps at most, and return what it says."""
    said: list[bytes] = []
    for _ in range(steps):
        if crook.bidder.complaint is not None:
            break
        asked, sealing = crook.bidder.asked, crook.bidder.sealing
        if sealing is not None:
            for _ in range(1 + seals_twice):
                sealed = seal_opening(sealing.content, recipient=sealing.recipient, info=sealing.info)
                said += crook.give(OpeningSealed(question=sealing.question, sealed=sealed)).send
        elif isinstance(asked, TypeAsked):
            report = TypeReport(
                value=1 if asked.asks_value else None,
                belief=Product.of({subject: {0: 1, 1: 1} for subject in asked.subjects})
                if asked.subjects
                else None,
            )
            data = CODEC.encode_type_report(report, asked.shape)
            said += crook.give(TypeChosen(question=asked.question, report=data)).send
        elif isinstance(asked, OpeningAsked):
            said += crook.give(OpeningChosen(question=asked.question, opens=True)).send
        elif isinstance(asked, LevelAsked):
            said += crook.give(Decided(question=asked.question, accepts=True)).send
        else:
            break
    return said


@given(
    mechanism=generators.sampled_from([L, L_PLUS, M, "vickrey"]),
    moves=generators.lists(
        generators.tuples(
            generators.sampled_from([True, True, True, False]),
            generators.integers(0, 10_000),
            generators.sampled_from([9, 9, 9, 0, 1]),
            generators.sampled_from([True, True, True, False]),
        ),
        min_size=1,
        max_size=8,
    ),
    seals_twice=generators.booleans(),
)
def test_a_bidder_says_one_thing_about_each_wave(
    mechanism: str, moves: list[tuple[bool, int, int, bool]], seals_twice: bool
) -> None:
    """Asked for anything in any order, it answers or complains; nothing that it has signed contradicts the rest."""
    crook = Crook(make_type_specification(mechanism))
    crook.begin_play()
    said: list[bytes] = []
    lost: list[bytes] = []
    for is_likely, number, steps, keeps in moves:
        offered = likely_questions(crook, mechanism) if is_likely else questions(crook)
        crook.deliver(offered[number % len(offered)])
        new = answer_questions(crook, seals_twice=seals_twice, steps=steps)
        said += new
        lost += new
        for data in lost if keeps else []:
            crook.keep(data)
        lost = [] if keeps else lost
    if crook.bidder.complaint is not None:
        code = crook.bidder.complaint.code
        assert code.blame is Blame.AUCTIONEER or code in (DeviationCode.MALFORMED, DeviationCode.EQUIVOCATION)
    read = [READER.read_message(READER.read_envelope(data)) for data in said]
    assert [header.seq for header, _ in read] == sorted({header.seq for header, _ in read})
    once = Counter(
        (type(body), body.wave, getattr(body, "part", 0))
        for _, body in read
        if isinstance(body, ReportCommit | ReportOpening)
    )
    assert all(count == 1 for count in once.values()), once
    opened = [body.wave for _, body in read if isinstance(body, ReportOpening)]
    committed = [body.wave for _, body in read if isinstance(body, ReportCommit)]
    assert set(opened) <= set(committed)


def test_the_questions_are_those_of_real_sessions_too() -> None:
    """Among what is asked are questions that the bidder answers: the property is about something."""
    crook = Crook(make_type_specification(L))
    crook.begin_play()
    crook.deliver(AskReport(bidder=0, wave=0, kind=ReportKind.VALUE, is_private=True))
    (commit,) = answer_questions(crook)
    crook.keep(commit)
    crook.deliver(CommitClosed(wave=0, commitment_indexes=(len(crook.entries) - 1,)))
    (opening,) = answer_questions(crook, seals_twice=True)
    crook.keep(opening)
    crook.deliver(
        AskReport(
            bidder=0,
            wave=1,
            kind=ReportKind.VALUE_AND_BELIEF,
            subjects=(1, 2),
            is_private=True,
            weight_bits=6000,
        )
    )
    assert len(answer_questions(crook)) == 1
