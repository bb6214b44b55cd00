"""The conductor: leads a mechanism's conversation through single questions to single bidders.

A mechanism yields waves; bidders answer one level, one commitment, one opening at a time and in any order. The
conductor keeps for each bidder of the current wave what it is asked now, says what to ask next as soon as an answer
is in, and hands the wave's answers to the mechanism when the last of them is there. It knows bidders by their place
in the market, and nothing of messages, keys or time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportedType,
    ReportSignal,
    ReportType,
    Wave,
)

ReportQuestion = ReportSignal | ReportType


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLevel:
    """Ask a bidder for a level; `offer` is the climb when its end buys the lot."""

    bidder: int
    level: int
    offer: Climb | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCommitment:
    """Ask a bidder to commit to its report on this question."""

    bidder: int
    question: ReportQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOpenings:
    """All commitments are in or lapsed: ask these bidders to open theirs."""

    bidders: tuple[int, ...]


Ask = AskLevel | AskCommitment | AskOpenings


class Conductor:
    """One conversation, from its first wave to its outcome.

    Attributes:
        wave_number: Number of the current wave, from 0; -1 before the first.
        wave: The current wave, or None before the first and after the last.
        outcome: The mechanism's outcome, once it is there.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._asked: dict[int, Question] = {}
        self._answers: dict[int, Answer] = {}
        self._committed: list[int] = []
        self._clocks: dict[int, int] = {}
        self._exited: set[int] = set()
        self.wave_number = -1
        self.wave: Wave | None = None
        self.outcome: Outcome | None = None

    @property
    def withheld(self) -> int:
        """How many reports of the current wave, or of the last one, are known to be withheld."""
        return sum(
            (isinstance(answer, Reported) and answer.value is None)
            or (isinstance(answer, ReportedType) and answer.report is None)
            for answer in tuple(self._answers.values())
        )

    def begin(self) -> list[Ask]:
        """Start the conversation and return the first questions."""
        return self._resume(None)

    def answer_level(self, bidder: int, *, accepted: bool) -> list[Ask]:
        """Take a bidder's answer to the level that it is asked, and return what to ask next."""
        question = self._asked[bidder]
        if not isinstance(question, Climb):
            raise UsageError(f"bidder {bidder} was asked for a report, not for a level")
        level = self.clock(bidder)
        if not accepted:
            self._exited.add(bidder)
            return self._answered(bidder, Climbed(level=level, exited=True))
        self._clocks[bidder] = level = level + 1
        if level == question.target:
            return self._answered(bidder, Climbed(level=level, exited=False))
        return [self._ask_level(question)]

    def clock(self, bidder: int) -> int:
        """Return where a bidder's clock stands: the last level that it accepted, 0 at the start."""
        return self._clocks.get(bidder, 0)

    def commit(self, bidder: int) -> list[Ask]:
        """Note that a bidder has committed to its report."""
        self._asked.pop(bidder)
        self._committed.append(bidder)
        return self._close_commitments()

    def withhold(self, bidder: int) -> list[Ask]:
        """Note that a bidder did not commit, or did not open: its report counts as withheld."""
        question = self._asked.pop(bidder)
        is_type = isinstance(question, ReportType)
        self._answers[bidder] = ReportedType(report=None) if is_type else Reported(value=None)
        # Whoever has committed is still to open; the list is emptied when openings are asked for.
        return self._close_commitments() if self._committed else self._finish_if_complete()

    def report(self, bidder: int, answer: Reported | ReportedType) -> list[Ask]:
        """Take the report that a bidder has opened."""
        return self._answered(bidder, answer)

    def report_question(self, bidder: int) -> ReportQuestion:
        """Return the question for a report that a bidder is asked now."""
        question = self._asked[bidder]
        if isinstance(question, Climb):
            raise UsageError(f"bidder {bidder} was asked for a level, not for a report")
        return question

    def _answered(self, bidder: int, answer: Answer) -> list[Ask]:
        self._answers[bidder] = answer
        self._asked.pop(bidder)
        return self._finish_if_complete()

    def _finish_if_complete(self) -> list[Ask]:
        if self._asked or self.wave is None:
            return []
        return self._resume(tuple(self._answers[question.bidder] for question in self.wave.questions))

    def _close_commitments(self) -> list[Ask]:
        if self._asked or self.wave is None:
            return []
        committed = set(self._committed)
        self._committed.clear()
        self._asked = {
            question.bidder: question for question in self.wave.questions if question.bidder in committed
        }
        return [AskOpenings(bidders=tuple(sorted(committed)))]

    def _resume(self, answers: tuple[Answer, ...] | None) -> list[Ask]:
        while True:
            try:
                wave = self._conversation.send(answers) if answers is not None else next(self._conversation)
            except StopIteration as end:
                self.wave, self.outcome = None, end.value
                return []
            asks = self._begin_wave(wave)
            if asks:
                return asks
            answers = tuple(self._answers[question.bidder] for question in wave.questions)

    def _begin_wave(self, wave: Wave) -> list[Ask]:
        self.wave = wave
        self.wave_number += 1
        self._answers.clear()
        asks: list[Ask] = []
        for question in wave.questions:
            bidder = question.bidder
            match question:
                case Climb():
                    # An exit is permanent: whoever has left is not asked again.
                    if bidder in self._exited:
                        self._answers[bidder] = Climbed(level=self.clock(bidder), exited=True)
                        continue
                    asks.append(self._ask_level(question))
                case ReportSignal() | ReportType():
                    asks.append(AskCommitment(bidder=bidder, question=question))
                case _:
                    assert_never(question)
            self._asked[bidder] = question
        return asks

    def _ask_level(self, climb: Climb) -> AskLevel:
        return AskLevel(
            bidder=climb.bidder,
            level=self.clock(climb.bidder) + 1,
            offer=None if climb.price is None else climb,
        )
