"""Every way in which one bidder can answer, with every way in which the coins can fall.

The bidder's own answers are explored as if they were draws, so the exploration is that of the exact expectation. The
others answer as they are told. Decides nothing; refuses a case that takes more runs than it may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import prod

from openoutcry.lab.audit.coins import Luck
from openoutcry.lab.audit.properties import Step
from openoutcry.mechanisms.answering import Answerer, drive
from openoutcry.mechanisms.chance import Chance, Draw
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Conversation, Outcome, Question, Wave
from openoutcry.mechanisms.exploring import enumerate_tapes
from openoutcry.mechanisms.probing import fewest_runs

OWN = "own answer/"

Options = Callable[[Question, int], Sequence[Answer]]
"""What a bidder could answer to a question, given the last level that it has accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way through a case.

    Attributes:
        steps: What the bidder was asked, and what it answered.
        luck: The mechanism's draws.
        probability: Of these draws, whenever the bidder answers so; 1 when luck was fixed.
        outcome: Where it led.
    """

    steps: tuple[Step, ...]
    luck: Luck
    probability: Fraction
    outcome: Outcome

    def is_by(self, answerer: Answerer) -> bool:
        """Return whether somebody who answers so would have come this way."""
        return all(answerer(step.question, step.clock) == step.answer for step in self.steps)


class TooManyPaths(Exception):
    """A case has more paths than it may have; the caller decides what to do instead."""


def find_paths(
    converse: Callable[[Chance], Conversation],
    bidder: int,
    options: Options,
    answerers: Sequence[Answerer],
    *,
    limit: int,
    luck: Callable[[], Chance] | None = None,
) -> list[Path]:
    """Return every path through a case.

    Args:
        converse: Begins the mechanism's conversation.
        bidder: Whose answers are explored.
        options: What it could answer.
        answerers: Length n: how the others answer; the bidder's own entry is not asked.
        limit: Most paths.
        luck: Gives the chance of each run, always the same luck; all luck is explored when None.

    Raises:
        TooManyPaths: There are more.
    """
    found = list(islice(_paths(converse, bidder, options, answerers, luck), limit + 1))
    if len(found) > limit:
        raise TooManyPaths
    return found


def check_paths(
    converse: Callable[[Chance], Conversation],
    bidder: int,
    options: Options,
    answerers: Sequence[Answerer],
    *,
    limit: int,
    luck: Callable[[], Chance] | None = None,
) -> None:
    """Refuse a case of which a few random runs tell that it has far more paths than it may have.

    Args:
        converse: As in `find_paths`, as are all others.
        bidder: Whose answers are explored.
        options: What it could answer.
        answerers: How the others answer.
        limit: Most paths.
        luck: Gives the chance of each run; None for all luck.

    Raises:
        TooManyPaths: There are far more.
    """

    def run(chance: Chance) -> Outcome:
        inner = converse(chance if luck is None else luck())
        return drive(_answering_by_choice(inner, bidder, options, chance, []), answerers)

    if fewest_runs(run, _DIVES, looks_at_states=False) > _FAR * max(limit, 1):
        raise TooManyPaths


_DIVES = 9
"""Random runs that are spent on telling whether a case is far too large."""

_FAR = 100
"""What so few runs tell may be wrong by a factor, but hardly by such a one."""


def _paths(
    converse: Callable[[Chance], Conversation],
    bidder: int,
    options: Options,
    answerers: Sequence[Answerer],
    luck: Callable[[], Chance] | None,
) -> Iterator[Path]:
    steps: list[Step] = []

    def begin(chance: Chance) -> Conversation:
        steps.clear()
        inner = converse(chance if luck is None else luck())
        return _answering_by_choice(inner, bidder, options, chance, steps)

    for tape in enumerate_tapes(begin, answerers, limit=_UNLIMITED):
        own = [draw for draw in tape.draws if draw.label.startswith(OWN)]
        yield Path(
            steps=tuple(steps),
            luck=tuple(draw for draw in tape.draws if not draw.label.startswith(OWN)),
            # The choices were explored as even draws, and they are no draws.
            probability=tape.probability * prod(map(_count, own)),
            outcome=tape.outcome,
        )


# Callers take as many paths as they want and leave the rest.
_UNLIMITED = 2**62


def _count(draw: Draw) -> int:
    assert isinstance(draw.options, int)
    return draw.options


def _answering_by_choice(
    conversation: Conversation, bidder: int, options: Options, chance: Chance, steps: list[Step]
) -> Conversation:
    """Hold a conversation, choosing the bidder's answers by the chance and passing on all other questions."""
    clock, has_left = 0, False
    try:
        wave = next(conversation)
        while True:
            others = tuple(question for question in wave.questions if question.bidder != bidder)
            answers = list(
                (yield Wave(questions=others, reason=wave.reason, state=wave.state)) if others else ()
            )
            for place, question in enumerate(wave.questions):
                if question.bidder != bidder:
                    continue
                offered = options(question, clock)
                if has_left and isinstance(question, Climb):
                    # An exit is permanent.
                    offered = (Climbed(level=clock, exited=True),)
                answer = offered[chance.uniform(f"{OWN}{len(steps)}", len(offered))]
                steps.append(Step(question=question, clock=clock, answer=answer))
                if isinstance(answer, Climbed):
                    clock, has_left = answer.level, has_left or answer.exited
                answers.insert(place, answer)
            wave = conversation.send(tuple(answers))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
