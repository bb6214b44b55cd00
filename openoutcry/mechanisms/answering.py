"""Answers for a conversation that runs in one place: who answers what, and holding it to its end.

Decides nothing about strategies: an answerer is any function of its question and its clock. Refuses answers
that do not fit their question, before the mechanism sees them. Exact exploration and checks of incentives
drive conversations with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, assert_never

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportSignal,
    Wave,
)


class Answerer(Protocol):
    """How one bidder answers: a function of its question and of the last level that its clock accepted."""

    def __call__(self, question: Question, clock: int, /) -> Answer:
        """Answer `question`; `clock` is in 0..k-1."""
        ...


def answer_with_signal(signal: int) -> Answerer:
    """Answer as somebody whose signal is `signal`: stay up to that level, report that value.

    With a bidder's own signal this is the truthful (consistent) strategy.

    Args:
        signal: In 0..k-1.
    """

    def answer(question: Question, clock: int, /) -> Answer:
        match question:
            case Climb(target=target):
                level = max(clock, min(signal, target))
                return Climbed(level=level, exited=level < target)
            case ReportSignal():
                return Reported(value=signal)
            case _:
                assert_never(question)

    return answer


def drive(conversation: Conversation, answerers: Sequence[Answerer]) -> Outcome:
    """Hold a conversation to its end.

    Args:
        conversation: Not yet started.
        answerers: Length n, by roster index.

    Returns:
        What the mechanism decides.

    Raises:
        UsageError: An answerer gave an answer that does not fit its question.
    """
    clocks = [0] * len(answerers)
    answers: tuple[Answer, ...] | None = None
    while True:
        try:
            wave: Wave = next(conversation) if answers is None else conversation.send(answers)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        answers = tuple(_answered(question, answerers, clocks) for question in wave.questions)


def _answered(question: Question, answerers: Sequence[Answerer], clocks: list[int]) -> Answer:
    bidder = question.bidder
    clock = clocks[bidder]
    answer = answerers[bidder](question, clock)
    match question, answer:
        case Climb(target=target), Climbed(level=level, exited=exited) if (
            clock <= level <= target and exited == (level < target)
        ):
            clocks[bidder] = level
        case ReportSignal(), Reported():
            pass
        case _:
            raise UsageError(
                f"the answerer of bidder {bidder} gave {answer!r} to {question!r} with its clock at {clock}: "
                "a climb ends between the clock and the target and is an exit exactly below the target, "
                "a report answers a request to report"
            )
    return answer
