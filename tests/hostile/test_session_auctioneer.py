"""A dishonest auctioneer against an honest bidder: every breach that it signs ends in the right complaint.

What it has not signed, or not for this place, could be anybody's on the way: that is doubted, and held against nobody.

The auctioneer here writes whatever a test wants into a log of its own, signs it and proves it, with real proofs or
forged ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms import encode_specification
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    AuctioneerBody,
    CommitClosed,
    DeviationNoted,
    Lapse,
    LapseSubject,
    Offer,
    Raise,
    ReportKind,
    RosterClosed,
    RosterMember,
    SeedOpening,
)
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    BidderEffects,
    Decided,
    Delivered,
    Opened,
    SignalAsked,
    SignalChosen,
    Specified,
)
from tests.simulation.crook import NAME, PART, Crook, outcome
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, READER, key_of


def test_an_honest_auctioneer_gets_no_complaint() -> None:
    """The stage itself is sound: followed honestly, nothing is complained of."""
    crook = Crook()
    crook.begin_play()
    crook.climb(1)
    crook.climb(2, accepts=False)
    crook.deliver(outcome(winner=1, price=7, at_1=7))
    crook.deliver(SeedOpening(part=PART))
    assert crook.bidder.complaint is None


def other_session(crook: Crook) -> None:
    """Deliver a message that the same auctioneer wrote for another session."""
    crook.scribe.session_id = b"o" * 32
    crook.deliver(Raise(bidder=0, wave=0, level=1))


def other_signature(crook: Crook) -> None:
    """Deliver a message that somebody else has signed in the auctioneer's name."""
    envelope = READER.read_envelope(crook.entries[crook.write(Raise(bidder=0, wave=0, level=1)).index])
    signature = key_of("a forger").sign(b"anything")
    forged = CODEC.encode_envelope(replace(envelope, signature=signature))
    crook.give(Delivered(delivery=crook.delivery(len(crook.entries) - 1, envelope=forged)))


Step = Callable[[Crook], object]

BREACHES: dict[str, tuple[DeviationCode, Step]] = {
    "a question for a level above the next": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: crook.deliver(Raise(bidder=0, wave=0, level=2)),
    ),
    "a question for a level below the clock": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (crook.climb(1), crook.deliver(Raise(bidder=0, wave=1, level=1))),
    ),
    "a question above the highest level": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (crook.climb(1), crook.climb(2), crook.deliver(Raise(bidder=0, wave=1, level=3))),
    ),
    "two questions at once": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (
            crook.deliver(Raise(bidder=0, wave=0, level=1)),
            crook.deliver(Raise(bidder=0, wave=0, level=1)),
        ),
    ),
    "a question after an exit": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (crook.climb(1, accepts=False), crook.deliver(Raise(bidder=0, wave=1, level=2))),
    ),
    "a wave that was passed": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (
            crook.deliver(AskReport(bidder=0, wave=3, kind=ReportKind.SIGNAL)),
            crook.give(Decided(question=b"", accepts=True)),
            crook.deliver(Lapse(subject=LapseSubject.COMMITMENT, bidder=0)),
            crook.deliver(Raise(bidder=0, wave=2, level=1)),
        ),
    ),
    "a price that is no value of this bidder": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: crook.deliver(Offer(bidder=0, wave=0, level=1, target=1, price=10_000)),
    ),
    "a target below the level": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (crook.climb(1), crook.deliver(Offer(bidder=0, wave=1, level=2, target=1, price=10))),
    ),
    "an offer whose price rises": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: (
            crook.deliver(Offer(bidder=0, wave=0, level=1, target=2, price=20)),
            crook.decide(),
            crook.keep(),
            crook.deliver(Offer(bidder=0, wave=0, level=2, target=2, price=21)),
        ),
    ),
    "a second roster": (DeviationCode.WRONG_QUESTION, lambda crook: crook.deliver(crook.roster())),
    "an opening of what was not committed to": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: crook.deliver(CommitClosed(wave=0, commitment_indexes=(len(crook.entries) - 1,))),
    ),
    "a message that is not for bidders": (
        DeviationCode.WRONG_QUESTION,
        lambda crook: crook.deliver(crook.opening),
    ),
    "a lost bidder sells": (
        DeviationCode.WRONG_OUTCOME,
        lambda crook: (
            crook.climb(1, accepts=False),
            crook.deliver(outcome(winner=0, price=5, at_0=5)),
        ),
    ),
    "a loser pays": (
        DeviationCode.WRONG_OUTCOME,
        lambda crook: crook.deliver(outcome(winner=1, price=5, at_0=1, at_1=5)),
    ),
    "the winner pays more than the price": (
        DeviationCode.WRONG_OUTCOME,
        lambda crook: crook.deliver(outcome(winner=0, price=5, at_0=6)),
    ),
    "the winner pays another price than was offered": (
        DeviationCode.WRONG_OUTCOME,
        lambda crook: (
            crook.deliver(Offer(bidder=0, wave=0, level=1, target=1, price=20)),
            crook.decide(),
            crook.keep(),
            crook.deliver(outcome(winner=0, price=21, at_0=21)),
        ),
    ),
    "payments are missing": (DeviationCode.WRONG_OUTCOME, lambda crook: crook.deliver(outcome(3))),
    "the seed part is another one": (
        DeviationCode.SEED_MISSING,
        lambda crook: (crook.deliver(outcome()), crook.deliver(SeedOpening(part=b"x" * 32))),
    ),
}

DOUBTS: dict[str, tuple[DeviationCode, Step]] = {
    "an answer is left out of the log": (
        DeviationCode.SUPPRESSED,
        lambda crook: (
            crook.deliver(Raise(bidder=0, wave=0, level=1)),
            crook.decide(),
            crook.deliver(Raise(bidder=0, wave=0, level=2)),
        ),
    ),
    "an earlier message is left out of a later proof": (
        DeviationCode.SUPPRESSED,
        lambda crook: (
            crook.climb(1),
            crook.deliver(Raise(bidder=0, wave=1, level=2)),
            crook.deliver(outcome(), own_index=None, inclusion=()),
        ),
    ),
    "a head that does not extend the last one": (
        DeviationCode.FORKED,
        lambda crook: (
            crook.climb(1),
            crook.deliver(Raise(bidder=0, wave=1, level=2), consistency=(b"c" * 32, b"d" * 32)),
        ),
    ),
    "a message of another session": (DeviationCode.WRONG_SESSION, other_session),
    "somebody else's deviation": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(
            DeviationNoted(
                deviation=DeviationCode.NOT_ASKED, accused_id=b"b" * 32, evidence=b"e", detail="so it says"
            )
        ),
    ),
    "somebody else's raise": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(Raise(bidder=1, wave=0, level=1)),
    ),
    "somebody else's offer": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(Offer(bidder=1, wave=0, level=1, target=1, price=20)),
    ),
    "somebody else's raise that this bidder could complain of": (
        DeviationCode.MALFORMED,
        lambda crook: (
            crook.climb(1, accepts=False),
            crook.deliver(Raise(bidder=2, wave=1, level=2)),
        ),
    ),
    "somebody else's raise before this bidder has answered its own": (
        DeviationCode.MALFORMED,
        lambda crook: (
            crook.deliver(Raise(bidder=0, wave=0, level=1)),
            crook.deliver(Raise(bidder=1, wave=0, level=1)),
        ),
    ),
    "a raise for a bidder that there is not": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(Raise(bidder=9, wave=0, level=1)),
    ),
    "a question for somebody else's report": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(AskReport(bidder=1, wave=0, kind=ReportKind.SIGNAL)),
    ),
    "a list of others' commitments": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(CommitClosed(wave=0, commitment_indexes=(1,))),
    ),
    "somebody else's lapse": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(Lapse(subject=LapseSubject.ANSWER, bidder=1)),
    ),
    "the end of enrolment, which is everybody's": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(Lapse(subject=LapseSubject.ENROLMENT, bidder=None)),
    ),
    "bytes that are no envelope": (
        DeviationCode.MALFORMED,
        lambda crook: crook.deliver(Raise(bidder=0, wave=0, level=1), envelope=b"\xff\xfe"),
    ),
    "another party's signature": (DeviationCode.BAD_SIGNATURE, other_signature),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_complained_of(name: str) -> None:
    """The bidder names the breach, keeps the evidence, and takes no further part."""
    code, step = BREACHES[name]
    crook = Crook()
    crook.begin_play()
    assert crook.bidder.complaint is None
    step(crook)
    assert crook.complaint() is code


@pytest.mark.parametrize("name", DOUBTS)
def test_what_anybody_could_have_made_is_held_against_nobody(name: str) -> None:
    """The bidder takes nothing of it, blames nobody, and goes on where it was when it attaches again."""
    code, step = DOUBTS[name]
    crook = Crook()
    crook.begin_play()
    step(crook)
    assert crook.doubt() is code
    witness = crook.bidder.witness
    assert witness is not None
    # What is delivered next is the entry that was doubted, or an honest one that stands in its place.
    assert witness.next_index < len(crook.entries)
    assert witness.head.size < witness.next_index


def test_an_entry_that_was_damaged_on_the_way_is_taken_when_it_comes_whole() -> None:
    """A bidder that attaches again plays on as if nothing had happened."""
    crook = Crook()
    crook.begin_play()
    crook.climb(1)
    honest = crook.delivery(crook.write(Raise(bidder=0, wave=1, level=2)).index)
    damaged: tuple[dict[str, Any], ...] = (
        {"envelope": honest.envelope[:-1] + bytes([honest.envelope[-1] ^ 1])},
        {"envelope": b""},
        {"consistency": honest.consistency[1:]},
        {"inclusion": honest.inclusion[1:]},
        {"own_index": None, "inclusion": ()},
        {"index": honest.index + 1},
    )
    for changes in damaged:
        assert crook.give(Delivered(delivery=replace(honest, **changes))).must_resume
        assert crook.doubt() is not None
    assert crook.give(Delivered(delivery=honest)).ask is not None


@pytest.mark.parametrize(
    "members",
    [
        (),
        ((1, "ben"), (2, "cyd")),
        ((0, "ben"), (1, "ada")),
        ((1, "ben"), (0, "ada")),
        ((0, "ada"), (0, "ada")),
        ((0, "ada"), (4, "ben")),
    ],
    ids=["empty", "without this bidder", "under another name", "out of order", "twice", "beyond the market"],
)
def test_a_wrong_roster_is_complained_of(members: tuple[tuple[int, str], ...]) -> None:
    """A roster lists this bidder once, under its name and key, in the order of the specification."""
    crook = Crook()
    crook.enrol()
    crook.deliver(
        RosterClosed(
            members=tuple(
                RosterMember(bidder=place, sender_id=key_of(name).sender_id) for place, name in members
            )
        )
    )
    assert crook.complaint() in (DeviationCode.SUPPRESSED, DeviationCode.WRONG_QUESTION)


def test_a_roster_without_the_enrolment_in_the_log_is_doubted() -> None:
    """The roster may name this bidder only if its enrolment is proved to be in the log."""
    crook = Crook()
    crook.give(Specified(specification=crook.data))
    crook.deliver(crook.roster())
    assert crook.doubt() is DeviationCode.SUPPRESSED


@pytest.mark.parametrize(
    "body",
    [
        Raise(bidder=0, wave=0, level=1),
        AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL),
        CommitClosed(wave=0, commitment_indexes=(1,)),
    ],
    ids=lambda body: type(body).__name__,
)
def test_a_question_without_a_roster_is_doubted(body: AuctioneerBody) -> None:
    """Whom it is for, only the roster can tell, and anybody on the way can have held that back."""
    crook = Crook()
    crook.enrol()
    crook.deliver(body)
    assert crook.doubt() is DeviationCode.MALFORMED


def test_two_messages_with_one_sequence_number_are_complained_of() -> None:
    """A message that repeats a number which was passed shows two histories."""
    crook = Crook()
    crook.begin_play()
    crook.climb(1)
    crook.scribe._seq = 1
    crook.deliver(Raise(bidder=0, wave=1, level=2))
    assert crook.complaint() is DeviationCode.EQUIVOCATION


def test_another_opening_is_doubted() -> None:
    """On a new stream the session must begin with the very same SessionOpen; another session's proves nothing."""
    crook = Crook()
    other = Crook(make_specification(3))
    crook.give(Opened(session_open=other.entries[0]))
    assert crook.doubt() is DeviationCode.FORKED


def test_another_specification_is_doubted() -> None:
    """The specification must have the digest that SessionOpen names; its bytes are not signed."""
    crook = Crook()
    crook.give(Specified(specification=encode_specification(make_specification(3))))
    assert crook.doubt() is DeviationCode.FORKED
    assert crook.give(Specified(specification=crook.data)).send != ()


@pytest.mark.parametrize("pin", [b"k" * 32, key_of("somebody").public_key])
def test_an_unexpected_auctioneer_is_not_met(pin: bytes) -> None:
    """Who knows the auctioneer's key takes no other's session, and is told both keys."""
    actual = key_of("auctioneer").public_key
    with pytest.raises(ConfigurationError, match=f"under the key {actual.hex()}, not under .*{pin.hex()}"):
        Crook(pinned=pin)


def fresh_bidder(session_id: bytes | None = None) -> BidderSession:
    """Return a bidder that knows of the session nothing but its id, if that."""
    return BidderSession(
        name=NAME,
        key=key_of(NAME),
        entropy=b"e" * 32,
        reader=READER,
        auctioneer_key=None,
        agent_version="test",
        session_id=session_id,
    )


@pytest.mark.parametrize("data", [b"", b"\xff", None], ids=["nothing", "garbage", "another message"])
def test_a_session_that_does_not_begin_with_session_open_is_doubted(data: bytes | None) -> None:
    """Whatever else stands there is refused, and the true one is taken after it."""
    crook = Crook()
    fresh = fresh_bidder()
    given = crook.entries[crook.write(Raise(bidder=0, wave=0, level=1)).index] if data is None else data
    effects = fresh.apply(Opened(session_open=given), 5)
    assert effects.doubt is not None
    assert (effects.doubt.code, effects.doubt.accused) == (DeviationCode.MALFORMED, "")
    assert fresh.apply(Opened(session_open=crook.entries[0]), 5) == BidderEffects()


def test_a_session_that_was_not_asked_for_is_doubted() -> None:
    """Who names a session takes no other's SessionOpen, well signed as it may be."""
    crook = Crook()
    fresh = fresh_bidder(session_id=crook.scribe.session_id)
    effects = fresh.apply(Opened(session_open=Crook(make_specification(3)).entries[0]), 5)
    assert effects.doubt is not None
    assert effects.doubt.code is DeviationCode.WRONG_SESSION
    assert fresh.apply(Opened(session_open=crook.entries[0]), 5) == BidderEffects()


@pytest.mark.parametrize("level", [1, 2])
def test_suppressed_commitments_are_complained_of(level: int) -> None:
    """The list of commitments must hold this bidder's, by its place in the log."""
    crook = Crook(make_specification(parameters={"form": "sealed"}))
    crook.begin_play()
    crook.deliver(AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL))
    assert isinstance(crook.effects.ask, SignalAsked)
    crook.give(SignalChosen(question=crook.effects.ask.question, signal=level))
    crook.keep()
    crook.deliver(CommitClosed(wave=0, commitment_indexes=(1, 2)))
    assert crook.complaint() is DeviationCode.SUPPRESSED
