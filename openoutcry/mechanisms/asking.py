"""How a mechanism asks: one wave of climbs, or one wave of reports, with the answers checked.

A driver that sends answers which do not fit the questions has a defect of its own, so that is a `UsageError`;
what a peer did wrong has become an exit or a withheld report long before. All mechanisms ask through these
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Reported, ReportSignal, Wave
from openoutcry.mechanisms.market import Market


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What everybody reported in the sealed form.

    Attributes:
        signals: Length n, each in 0..k-1; 0 for a report that was withheld.
        withheld: Who reported nothing: they cannot buy.
    """

    signals: tuple[int, ...]
    withheld: frozenset[int]


def ask_climbs(
    questions: tuple[Climb, ...], *, reason: str, state: Callable[[], Mapping[str, object]]
) -> Generator[Wave, tuple[Answer, ...], tuple[Climbed, ...]]:
    """Ask one wave of climbs and return how they ended, in the order of the questions.

    Raises:
        UsageError: The driver's answers do not fit the questions.
    """
    answers = yield Wave(questions=questions, reason=reason, state=state)
    _check_count(questions, answers)
    climbed = []
    for question, answer in zip(questions, answers, strict=True):
        if not isinstance(answer, Climbed):
            raise UsageError(f"bidder {question.bidder} was asked to climb; {answer!r} is no answer to that")
        if not 0 <= answer.level <= question.target or answer.exited != (answer.level < question.target):
            raise UsageError(
                f"bidder {question.bidder} was asked to climb to {question.target}: {answer!r} cannot be"
            )
        climbed.append(answer)
    return tuple(climbed)


def ask_reports(market: Market) -> Generator[Wave, tuple[Answer, ...], Reports]:
    """Ask every bidder for its signal in one wave.

    Raises:
        UsageError: The driver's answers do not fit the questions.
    """
    questions = tuple(ReportSignal(bidder=bidder) for bidder in range(len(market.bidders)))
    reason = "everybody reports its signal before anybody learns anything"
    answers = yield Wave(questions=questions, reason=reason, state=_state_of_reports)
    _check_count(questions, answers)
    signals = []
    withheld = []
    for bidder, answer in enumerate(answers):
        if not isinstance(answer, Reported):
            raise UsageError(f"bidder {bidder} was asked to report; {answer!r} is no answer to that")
        if answer.value is None:
            withheld.append(bidder)
        elif not 0 <= answer.value < market.signal_levels:
            raise UsageError(
                f"bidder {bidder} reported {answer.value}, outside 0..{market.signal_levels - 1}"
            )
        signals.append(answer.value or 0)
    return Reports(signals=tuple(signals), withheld=frozenset(withheld))


def name_bidders(market: Market, bidders: Iterable[int]) -> str:
    """Return the names for a clause: all of up to three, else the first two and how many more."""
    names = [market.bidders[bidder].name for bidder in bidders]
    if len(names) > 3:
        names[2:] = [f"{len(names) - 2} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _check_count(questions: tuple[object, ...], answers: tuple[Answer, ...]) -> None:
    if len(answers) != len(questions):
        raise UsageError(f"a wave of {len(questions)} questions was sent {len(answers)} answers")


def _state_of_reports() -> Mapping[str, object]:
    return {"phase": "reports"}
