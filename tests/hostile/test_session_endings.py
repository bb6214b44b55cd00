"""What a bidder makes of lost frames, of the end of a session, and of its own past."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    Lapse,
    LapseSubject,
    Raise,
    ReportKind,
    SeedOpening,
    SessionVoid,
    VoidReason,
)
from openoutcry.session.bidder_values import (
    BidderEffects,
    Concluded,
    Decided,
    Delivered,
    SignalChosen,
)
from tests.simulation.crook import NAME, PART, Crook, outcome
from tests.simulation.markets import make_specification
from tests.simulation.stage import READER, key_of


@pytest.mark.parametrize("fault", ["from another head", "in another place"])
def test_a_delivery_that_does_not_follow_asks_to_attach_again(fault: str) -> None:
    """After a lost frame nobody is blamed; the bidder attaches anew and the same entry is then taken."""
    crook = Crook()
    crook.begin_play()
    crook.climb(1)
    index = crook.write(Raise(bidder=0, wave=1, level=2)).index
    honest = crook.delivery(index)
    changes: dict[str, Any] = (
        {"consistency_from": honest.consistency_from + 1} if "head" in fault else {"index": index + 1}
    )
    assert crook.give(Delivered(delivery=replace(honest, **changes))).must_resume
    assert crook.bidder.complaint is None
    assert crook.give(Delivered(delivery=honest)).ask is not None


@pytest.mark.parametrize("is_report", [False, True])
def test_a_lapse_that_was_withheld_on_the_way_is_held_against_nobody(is_report: bool) -> None:
    """Anybody on the way can drop one delivery and prove the next one; the bidder attaches anew and plays on."""
    crook = Crook()
    crook.begin_play()
    first = (
        AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL) if is_report else Raise(bidder=0, wave=0, level=1)
    )
    crook.deliver(first)
    subject = LapseSubject.COMMITMENT if is_report else LapseSubject.ANSWER
    lapse = crook.write(Lapse(subject=subject, bidder=0)).index
    later = crook.write(AskReport(bidder=0, wave=1, kind=ReportKind.SIGNAL)).index
    crook.give(Delivered(delivery=crook.delivery(later)))
    assert crook.doubt() is DeviationCode.SEQUENCE_GAP
    crook.give(Delivered(delivery=crook.delivery(lapse)))
    assert crook.give(Delivered(delivery=crook.delivery(later))).ask is not None
    assert [found.code for found in crook.bidder.deviations] == [DeviationCode.SILENT]


def test_a_second_question_with_nothing_between_is_complained_of() -> None:
    """Where the log has no room for a lapse, the auctioneer itself has asked two things at once."""
    crook = Crook()
    crook.begin_play()
    crook.write(Lapse(subject=LapseSubject.ANSWER, bidder=1))
    crook.deliver(Raise(bidder=0, wave=0, level=1))
    crook.deliver(AskReport(bidder=0, wave=1, kind=ReportKind.SIGNAL))
    assert crook.complaint() is DeviationCode.WRONG_QUESTION


def test_the_first_delivery_must_be_proved_from_nothing() -> None:
    """A bidder that lost its first delivery takes no later one for it."""
    crook = Crook()
    crook.enrol()
    roster = crook.write(crook.roster()).index
    crook.write(SessionVoid(reason=VoidReason.CANCELLED, detail="the lot was withdrawn"))
    later = crook.scribe.log.delivery(
        party=key_of(NAME).sender_id, index=roster + 1, envelope=crook.entries[roster + 1], from_size=roster
    )
    assert crook.give(Delivered(delivery=later)).must_resume


def conclude(crook: Crook, *, key: SigningKey | None = None, size: int | None = None, **changes) -> Concluded:
    """Return the final checkpoint with honest proofs, changed as told."""
    tree, head = crook.scribe.log.tree, crook.bidder.witness.head  # type: ignore[union-attr]
    size = tree.size if size is None else size
    checkpoint = Checkpoint(origin=session_origin(crook.scribe.session_id), size=size, root=tree.root(size))
    concluded = Concluded(
        note=sign_checkpoint(checkpoint, key or key_of("checkpoints")),
        consistency_from=head.size,
        consistency=tree.consistency_proof(head.size, size),
    )
    return replace(concluded, **changes)


def test_an_honest_end_is_accepted() -> None:
    """The final checkpoint extends what was seen, and the bidder is done."""
    crook = Crook()
    crook.begin_play()
    crook.deliver(outcome())
    crook.deliver(SeedOpening(part=PART))
    assert crook.give(conclude(crook)).has_ended
    assert crook.bidder.complaint is None


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (DeviationCode.BAD_SIGNATURE, {"key": key_of("a forger")}),
        (DeviationCode.BAD_SIGNATURE, {"note": b"no note"}),
        (DeviationCode.FORKED, {"consistency": (b"c" * 32,)}),
    ],
    ids=["another key", "no note", "another log"],
)
def test_a_wrong_end_is_doubted(code: DeviationCode, change: dict[str, Any]) -> None:
    """The final checkpoint is signed with the key of SessionOpen and extends the log that was seen."""
    crook = Crook()
    crook.begin_play()
    crook.deliver(outcome())
    crook.deliver(SeedOpening(part=PART))
    crook.give(conclude(crook, **change))
    assert crook.doubt() is code
    assert crook.give(conclude(crook)).has_ended


def test_an_end_without_an_outcome_is_doubted() -> None:
    """A checkpoint of a session under way, shown as its last one, neither ends it nor spoils what follows."""
    crook = Crook()
    crook.begin_play()
    crook.climb(1)
    crook.deliver(Raise(bidder=0, wave=1, level=2))
    crook.give(conclude(crook))
    assert crook.doubt() is DeviationCode.WRONG_OUTCOME
    assert crook.deliver(outcome()) == BidderEffects()
    assert crook.deliver(SeedOpening(part=PART)) == BidderEffects()
    assert crook.give(conclude(crook)).has_ended


def test_a_bidder_answers_the_same_question_with_the_same_bytes() -> None:
    """The inputs applied again to a new session bring back every message byte for byte."""

    def run() -> list[bytes]:
        crook = Crook(make_specification(parameters={"form": "sealed"}))
        crook.begin_play()
        crook.deliver(AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL))
        crook.give(SignalChosen(question=crook.question(), signal=1))
        return [*crook.entries, *crook.effects.send]

    assert run() == run()


def test_accept_is_never_said_unasked() -> None:
    """A decision about a question that is not open any more is dropped."""
    crook = Crook()
    crook.begin_play()
    crook.deliver(Raise(bidder=0, wave=0, level=1))
    question = crook.question()
    crook.deliver(Lapse(subject=LapseSubject.ANSWER, bidder=0))
    assert crook.give(Decided(question=question, accepts=True)) == BidderEffects()
    assert Accept not in [type(READER.read_message(READER.read_envelope(data))[1]) for data in crook.entries]
