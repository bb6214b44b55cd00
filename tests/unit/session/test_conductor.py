"""The conductor: from waves to single questions and back, whatever order the answers come in."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms import Answer, Climb, Climbed, Conversation, Outcome, Reported, ReportSignal, Wave
from openoutcry.session.conductor import AskCommitment, AskLevel, AskOpenings, Conductor

UNSOLD = Outcome(awards=(), payments=(Fraction(0),) * 3, reason="it was only a rehearsal")


def rehearse(*waves: tuple[Climb | ReportSignal, ...]) -> tuple[Conductor, list[tuple[Answer, ...]]]:
    """Return a conductor of these waves, and the list that takes up what each of them is answered."""
    heard: list[tuple[Answer, ...]] = []

    def converse() -> Conversation:
        for questions in waves:
            answers = yield Wave(questions=questions, reason="rehearsal", state=dict)
            heard.append(answers)
        return UNSOLD

    return Conductor(converse()), heard


def test_bidders_of_a_wave_climb_side_by_side() -> None:
    """Each answer brings the same bidder's next level; the last one ends the wave, in the order of its questions."""
    conductor, heard = rehearse((Climb(bidder=2, target=2), Climb(bidder=0, target=1)))
    assert conductor.begin() == [
        AskLevel(bidder=2, level=1, offer=None),
        AskLevel(bidder=0, level=1, offer=None),
    ]
    assert conductor.answer_level(2, accepted=True) == [AskLevel(bidder=2, level=2, offer=None)]
    assert conductor.answer_level(2, accepted=False) == []
    assert heard == []
    assert conductor.answer_level(0, accepted=True) == []
    assert heard == [(Climbed(level=1, exited=True), Climbed(level=1, exited=False))]
    ended: tuple[object, object] = (conductor.outcome, conductor.wave)
    assert ended == (UNSOLD, None)


def test_a_clock_goes_on_where_it_stood() -> None:
    """A later wave asks from the level that was accepted last, and an offer says so."""
    offer = Climb(bidder=0, target=2, price=7)
    conductor, _ = rehearse((Climb(bidder=0, target=1),), (offer,))
    conductor.begin()
    assert conductor.answer_level(0, accepted=True) == [AskLevel(bidder=0, level=2, offer=offer)]


def test_whoever_has_left_is_not_asked_again() -> None:
    """A wave of bidders that have all exited answers itself, and the next one follows at once."""
    conductor, heard = rehearse(
        (Climb(bidder=0, target=1),), (Climb(bidder=0, target=2),), (Climb(bidder=1, target=1),)
    )
    conductor.begin()
    assert conductor.answer_level(0, accepted=False) == [AskLevel(bidder=1, level=1, offer=None)]
    assert heard == [(Climbed(level=0, exited=True),)] * 2
    assert conductor.wave_number == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_nothing_is_opened_before_everything_is_committed(order: tuple[int, ...]) -> None:
    """The last commitment, or the last silence, closes the list; only those on it open."""
    conductor, heard = rehearse(tuple(ReportSignal(bidder=bidder) for bidder in range(3)))
    assert conductor.begin() == [
        AskCommitment(bidder=bidder, question=ReportSignal(bidder=bidder)) for bidder in range(3)
    ]
    first, second, third = order
    assert conductor.commit(first) == []
    assert conductor.withhold(second) == []
    assert conductor.commit(third) == [AskOpenings(bidders=tuple(sorted((first, third))))]
    assert conductor.report(third, Reported(value=2)) == []
    assert conductor.withhold(first) == []
    assert heard == [tuple(Reported(value=2 if bidder == third else None) for bidder in range(3))]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_without_a_commitment_nothing_is_opened(order: tuple[int, int]) -> None:
    """When all withhold, the wave ends at once."""
    conductor, heard = rehearse((ReportSignal(bidder=0), ReportSignal(bidder=1)))
    conductor.begin()
    for bidder in order:
        assert conductor.withhold(bidder) == []
    assert heard == [(Reported(value=None), Reported(value=None))]


def test_a_level_is_no_answer_to_a_report() -> None:
    """A driver that mixes them up is told so."""
    conductor, _ = rehearse((ReportSignal(bidder=0),))
    conductor.begin()
    with pytest.raises(UsageError, match="report"):
        conductor.answer_level(0, accepted=True)
