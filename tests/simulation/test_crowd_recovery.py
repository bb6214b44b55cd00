"""Reports of types outlive death: an auctioneer at any batch of its log, a bidder at any input of its receipts.

The session before and after a death is one: every byte that is said again is the byte that was said before. Only a seal
is made anew, and only if nothing of the former one had left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.messages import ReportOpening
from openoutcry.protocol.opening import join_opening, seal_opening
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    Asked,
    BidderInput,
    Delivered,
    Opened,
    OpeningAsked,
    OpeningChosen,
    OpeningSealed,
    SealAsked,
    Specified,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.replay import resume
from openoutcry.session.values import Phase
from openoutcry.strategies import PrivateKnowledge
from openoutcry.wire.journal import JournalEntry, JournalHeader, decode_journal, encode_entry, encode_header
from tests.simulation.crowd_stage import (
    Reporter,
    begin,
    correlated,
    go_on,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
)
from tests.simulation.stage import CODEC, READER, Stage, key_of

L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"
PROFILE = (2, 1, 0)
NAME = "ada"
ENTROPY = b"e" * 32
PRIVATE = {"openings": "private"}

SPECIFICATIONS: dict[str, Specification] = {
    "lookahead": make_type_specification(L),
    "lookahead, sealed for good": make_type_specification(L, disclosure="sealed"),
    "lookahead-plus, public": make_type_specification(L_PLUS),
    "lookahead-plus, private": make_type_specification(L_PLUS, parameters=PRIVATE),
    "optimal, public": make_type_specification(M),
    "optimal, private": make_type_specification(M, parameters=PRIVATE),
}
every_session = pytest.mark.parametrize("name", SPECIFICATIONS)


# --- The auctioneer. ---


def misbehaving(name: str) -> Stage:
    """Return the ended session of a reporter that is truthful, one that opens something else, and one that is late."""
    stage, reporters = begin(SPECIFICATIONS[name], knowledge(correlated(), PROFILE))
    for reporter in reporters.values():
        stage.send(reporter.commit())
    (first, second, _) = (reporters[hand.name] for hand in stage.awaited())
    for data in first.open():
        stage.send(data)
    for data in second.open(instead=b"\xff\xff"):
        stage.send(data)
    late = reporters.pop("cyd")
    go_on(stage, reporters)
    stage.send(late.open()[0])
    return stage


def honest(name: str) -> Stage:
    """Return the ended session of three truthful reporters."""
    stage, reporters = begin(SPECIFICATIONS[name], knowledge(correlated(), PROFILE))
    go_on(stage, reporters)
    return stage


@every_session
@pytest.mark.parametrize("play", [honest, misbehaving])
def test_an_auctioneer_of_reports_recovers_after_every_input(name: str, play) -> None:
    """Killed behind any batch of its log, it awaits the same, and the same answers lead to the same bytes."""
    stage = play(name)
    assert stage.session.phase is Phase.CLOSED
    assert stage.inputs
    for place, (size, _) in enumerate(stage.inputs):
        session = resume(
            specification=SPECIFICATIONS[name],
            entries=tuple(stage.entries[:size]),
            seed_part=stage.seed_part,
            opening_key=stage.opening_key,
            author=SigningAuthor(stage.key, CODEC),
            reader=READER,
        )
        assert session.log.size == size
        entries = stage.entries[:size]
        for _, given in stage.inputs[place:]:
            entries.extend(session.apply(given, at_ns=2).entries)
        assert entries == stage.entries
        assert session.outcome == stage.session.outcome
        assert session.deviations == stage.session.deviations


@every_session
def test_what_is_awaited_of_reporters_is_awaited_again(name: str) -> None:
    """Behind every message, and between the parts of an opening, a recovered auctioneer has the same deadlines."""
    stage, reporters = begin(SPECIFICATIONS[name], knowledge(correlated(), PROFILE))
    while not stage.session.phase.is_final:
        for hand in stage.awaited():
            for data in reporters[hand.name].answer():
                stage.send(data)
                again = resume(
                    specification=SPECIFICATIONS[name],
                    entries=tuple(stage.entries),
                    seed_part=stage.seed_part,
                    opening_key=stage.opening_key,
                    author=SigningAuthor(stage.key, CODEC),
                    reader=READER,
                )
                assert again.deadlines == stage.session.deadlines
                assert all(again.awaits(deadline) for deadline in again.deadlines)


# --- A bidder. ---


@dataclass(slots=True, kw_only=True)
class Moment:
    """Where a bidder stands behind one of its inputs."""

    asked: Asked | None
    sealing: SealAsked | None
    waiting: tuple[bytes, ...]


@dataclass(slots=True, kw_only=True)
class Life:
    """A bidder's whole session: what it kept, and where it stood behind each input."""

    session: BidderSession
    journal: list[JournalEntry] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    def take(self, given: BidderInput) -> tuple[bytes, ...]:
        """Apply an input, keep it, and return what it says."""
        at_ns = 100 + len(self.journal)
        effects = self.session.apply(given, at_ns)
        assert effects.complaint is None, effects.complaint
        assert not effects.must_resume
        self.journal.append(JournalEntry(at_ns=at_ns, given=given, said=effects.send))
        self.moments.append(
            Moment(asked=self.session.asked, sealing=self.session.sealing, waiting=self.session.waiting)
        )
        return effects.send


def new_session() -> BidderSession:
    """Return ada's side of a session that knows nothing yet."""
    return BidderSession(
        name=NAME,
        key=key_of(NAME),
        entropy=ENTROPY,
        reader=READER,
        auctioneer_key=None,
        agent_version="test",
    )


def answer(life: Life, known: PrivateKnowledge) -> BidderInput | None:
    """Return the truthful answer to what ada is asked, or the sealed opening that it is to make."""
    sealing = life.session.sealing
    if sealing is not None:
        sealed = seal_opening(sealing.content, recipient=sealing.recipient, info=sealing.info)
        return OpeningSealed(question=sealing.question, sealed=sealed)
    match life.session.asked:
        case TypeAsked(question=question, asks_value=asks_value, subjects=subjects, shape=shape):
            report = TypeReport(
                value=known.value if asks_value else None,
                belief=known.belief.marginal(subjects) if subjects else None,
            )
            return TypeChosen(question=question, report=CODEC.encode_type_report(report, shape))
        case OpeningAsked(question=question):
            return OpeningChosen(question=question, opens=True)
        case _:
            return None


def live(specification: Specification, known: tuple[PrivateKnowledge, ...]) -> tuple[Stage, Life]:
    """Have ada live through a session with truthful hands, and return the stage and its life."""
    stage = Stage(specification)
    names = specification.market.names
    reporters = {name: Reporter(stage, name, own) for name, own in zip(names, known, strict=True)}
    life = Life(session=new_session())
    life.take(Opened(session_open=stage.entries[0]))
    send(stage, life.take(Specified(specification=stage.specification)))
    stage.enrol(*names[1:])
    while True:
        while (given := answer(life, known[0])) is not None:
            send(stage, life.take(given))
        assert life.session.witness is not None
        due = stage.session.log.addressed_from(key_of(NAME).sender_id, life.session.witness.next_index)
        if due:
            delivery = stage.session.log.delivery(
                party=key_of(NAME).sender_id,
                index=due[0],
                envelope=stage.entries[due[0]],
                from_size=life.session.witness.head.size,
            )
            send(stage, life.take(Delivered(delivery=delivery)))
            continue
        if stage.session.phase.is_final:
            return stage, life
        for hand in stage.awaited():
            if hand.name != NAME:
                for data in reporters[hand.name].answer():
                    stage.send(data)


def send(stage: Stage, envelopes: tuple[bytes, ...]) -> None:
    """Bring what ada says to the auctioneer, which accepts it."""
    for data in envelopes:
        assert stage.send(data).refusals == ()


def revive(life: Life, count: int) -> Life:
    """Return ada as it comes back from its first `count` inputs, written to a file and read from it."""
    header = JournalHeader(
        name=NAME, session_id=b"s" * 32, public_key=key_of(NAME).public_key, entropy=ENTROPY
    )
    data = encode_header(header) + b"".join(map(encode_entry, life.journal[:count]))
    _, entries, _ = decode_journal(data)
    again = Life(session=new_session())
    for entry in entries:
        effects = again.session.apply(entry.given, entry.at_ns)
        assert effects.send == entry.said
    return again


def check_every_death(stage: Stage, life: Life) -> None:
    """Kill ada behind each input: it stands where it stood, and says the same bytes from there."""
    assert stage.session.phase is Phase.CLOSED
    assert stage.session.deviations == []
    assert stage.verify().is_valid
    for count in range(2, len(life.journal) + 1):
        again = revive(life, count)
        session, moment = again.session, life.moments[count - 1]
        assert (session.asked, session.sealing, session.waiting) == (
            moment.asked,
            moment.sealing,
            moment.waiting,
        )
        for entry in life.journal[count:]:
            assert session.apply(entry.given, entry.at_ns).send == entry.said
        assert session.outcome == stage.session.outcome


@every_session
def test_a_reporter_that_dies_at_any_input_says_the_same_bytes(name: str) -> None:
    """Between commitment, closing, sealing and opening: nothing is ever said in two ways."""
    check_every_death(*live(SPECIFICATIONS[name], knowledge(correlated(), PROFILE)))


@pytest.mark.parametrize("openings", ["public", "private"])
def test_an_opening_in_parts_is_the_same_parts_after_a_death(openings: str) -> None:
    """All parts follow from one input, so they are all said again, and none of them differs."""
    market = make_type_market(9)
    points = {tuple(number // 3**place % 3 for place in range(8)): 1 for number in range(3**8)}
    points[(0,) * 8] = 2**3000 + 1
    known = list(knowledge(independent(9), (2, 1, 0, 0, 1, 2, 0, 1, 0)))
    weights = {point: weight << 40 | place | 1 for place, (point, weight) in enumerate(points.items())}
    known[0] = replace(known[0], belief=Joint.of(range(1, 9), weights))
    specification = make_type_specification(
        L_PLUS, market=market, parameters={"openings": openings, "payment": "lottery"}
    )
    stage, life = live(specification, tuple(known))
    assert max(len(entry.said) for entry in life.journal) > 1
    check_every_death(stage, life)


@pytest.mark.parametrize("name", ["lookahead", "lookahead-plus, private", "optimal, private"])
def test_a_sealed_opening_is_kept_before_it_leaves(name: str) -> None:
    """Death before the seal is kept: it is made anew and opens to the same. After it: no other seal leaves any more."""
    stage, life = live(SPECIFICATIONS[name], knowledge(correlated(), PROFILE))
    sealings = [count for count, moment in enumerate(life.moments, start=1) if moment.sealing is not None]
    assert sealings
    for count in sealings:
        kept = life.journal[count]
        assert isinstance(kept.given, OpeningSealed)
        again = revive(life, count)
        asked = again.session.sealing
        assert asked is not None
        sealed = seal_opening(asked.content, recipient=asked.recipient, info=asked.info)
        assert sealed != kept.given.sealed
        other = OpeningSealed(question=asked.question, sealed=sealed)
        said = again.session.apply(other, kept.at_ns).send
        content = join_opening(part.content for part in map(opening_of, said))
        assert stage.opening_key.unseal(content, asked.info) == asked.content
        assert [READER.read_message(READER.read_envelope(data))[0].seq for data in said] == [
            READER.read_message(READER.read_envelope(data))[0].seq for data in kept.said
        ]
        after = revive(life, count + 1)
        assert after.session.sealing is None
        assert after.session.apply(other, kept.at_ns).send == ()


def opening_of(data: bytes) -> ReportOpening:
    """Return what an envelope opens."""
    _, body = READER.read_message(READER.read_envelope(data))
    assert isinstance(body, ReportOpening)
    return body
