"""Checkers of incentives by exhaustion: every profile, every tape, every way in which one bidder can answer.

A bidder's behaviour is explored as a script of answers: each question to it is answered with every level it
could stop at, or with every report. The others are truthful. Nothing is assumed about the mechanism but the
conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Outcome, Question, Reported
from tests.reference.driving import Rule, play, truthful
from tests.reference.instances import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken promise, small enough to look at.

    Attributes:
        promise: Which one: rationality, compatibility, losers pay nothing, obviousness.
        bidder: Whose.
        signals: The true profile; for obviousness of the best deviation.
        gain: By how much.
        evidence: The tape, and what the bidder did.
    """

    promise: str
    bidder: int
    signals: tuple[int, ...]
    gain: Fraction
    evidence: str


def utility(instance: Instance, signals: Sequence[int], bidder: int, outcome: Outcome) -> Fraction:
    """Return a bidder's utility at the true signals."""
    worth = instance.value(bidder, signals) if outcome.winner == bidder else 0
    return worth - outcome.payments[bidder]


@dataclass(frozen=True, slots=True)
class _Answered:
    """One answer on a bidder's path: the question, its clock then, and the level or report it gave."""

    question: Question
    clock: int
    given: int | None


class _Behaviour:
    """Answers for one bidder by a script, first option beyond it, and truthfully for all others."""

    def __init__(self, signals: Sequence[int], bidder: int, levels: int, script: Sequence[int]) -> None:
        self._truth = truthful(signals)
        self._bidder = bidder
        self._levels = levels
        self._script = script
        self.options: list[int] = []
        self.path: list[_Answered] = []

    def __call__(self, question: Question, clock: int) -> Answer:
        if question.bidder != self._bidder:
            return self._truth(question, clock)
        choices: list[int | None]
        if isinstance(question, Climb):
            choices = list(range(clock, question.target + 1))
        else:
            choices = [*range(self._levels), None]
        position = len(self.options)
        given = choices[self._script[position] if position < len(self._script) else 0]
        self.options.append(len(choices))
        self.path.append(_Answered(question, clock, given))
        if isinstance(question, Climb):
            assert given is not None
            return Climbed(level=given, exited=given < question.target)
        return Reported(value=given)


def behaviours(
    instance: Instance, rule: Rule, signals: Sequence[int], bidder: int, tape: Chance
) -> Iterator[tuple[tuple[_Answered, ...], Outcome]]:
    """Yield every path of answers that a bidder can take, with where it leads."""
    script: list[int] = []
    while True:
        behaviour = _Behaviour(signals, bidder, instance.levels, script)
        outcome = play(rule, behaviour, tape, instance.size).outcome
        script.extend([0] * (len(behaviour.options) - len(script)))
        yield tuple(behaviour.path), outcome
        while script and script[-1] + 1 == behaviour.options[len(script) - 1]:
            script.pop()
        if not script:
            return
        script[-1] += 1


def find_ex_post_violation(
    instance: Instance, rule: Rule, tapes: Iterable[Chance], profiles: Iterable[tuple[int, ...]] | None = None
) -> Violation | None:
    """Return a profile, tape and deviation that break ex-post rationality or compatibility, or None.

    Args:
        instance: Values at the true signals.
        rule: The mechanism on this instance.
        tapes: Luck to fix; all of it, for a proof on this instance.
        profiles: True signals to try; all of them unless given.
    """
    tapes = list(tapes)
    for signals in instance.profiles() if profiles is None else profiles:
        for tape in tapes:
            truth = play(rule, truthful(signals), tape, instance.size).outcome
            for bidder in range(instance.size):
                honest = utility(instance, signals, bidder, truth)
                if truth.winner != bidder and truth.payments[bidder] != 0:
                    return _violation("losers pay nothing", bidder, signals, truth.payments[bidder], tape)
                if honest < 0:
                    return _violation("rationality", bidder, signals, -honest, tape)
                for path, outcome in behaviours(instance, rule, signals, bidder, tape):
                    gain = utility(instance, signals, bidder, outcome) - honest
                    if gain > 0:
                        return _violation("compatibility", bidder, signals, gain, (tape, path))
    return None


def _violation(
    promise: str, bidder: int, signals: Sequence[int], gain: Fraction, evidence: object
) -> Violation:
    return Violation(
        promise=promise, bidder=bidder, signals=tuple(signals), gain=gain, evidence=repr(evidence)
    )


Node = tuple[object, ...]


def find_obviousness_violation(instance: Instance, rule: Rule, tapes: Iterable[Chance]) -> Violation | None:
    """Return a point where some deviation may do better than the truth may do badly, or None.

    A point is what a bidder has seen of the conversation: its own questions, prices and answers, and the
    level at which it now stands before a decision. There the best utility of any deviation, over all signals
    of the others and all tapes, is compared with the worst utility of going on truthfully. Knowing less, a
    bidder can be surer of less: whoever passes with this view passes with any finer one.

    Source: CLOCK, Section 2 (obvious ex-post equilibrium), Theorems 3 and 9.
    """
    tapes = list(tapes)
    worst: dict[Node, Fraction] = {}
    best: dict[Node, tuple[Fraction, tuple[int, ...], str]] = {}
    for signals in instance.profiles():
        for tape in tapes:
            for bidder in range(instance.size):
                for path, outcome in behaviours(instance, rule, signals, bidder, tape):
                    gain = utility(instance, signals, bidder, outcome)
                    truthful_points, deviation = _decisions(bidder, signals[bidder], path)
                    if deviation is None:
                        for point in truthful_points:
                            worst[point] = min(gain, worst.get(point, gain))
                    elif deviation not in best or best[deviation][0] < gain:
                        best[deviation] = (gain, signals, repr((tape, path)))
    for point, (gain, signals, evidence) in best.items():
        if gain > worst[point]:
            loser = point[0]
            assert isinstance(loser, int)
            return _violation("obviousness", loser, signals, gain - worst[point], evidence)
    return None


def _decisions(bidder: int, signal: int, path: Sequence[_Answered]) -> tuple[list[Node], Node | None]:
    """Return the points passed truthfully, and the first point at which the path leaves the truth."""
    points: list[Node] = []
    seen: Node = (bidder, signal)
    for answered in path:
        if isinstance(answered.question, Climb):
            question: Node = (answered.question.target, answered.question.price)
            assert answered.given is not None
            honest = max(answered.clock, min(signal, answered.question.target))
            last = min(honest, answered.given)
            points.extend((*seen, *question, level) for level in range(answered.clock + 1, last + 1))
            if answered.given != honest:
                return points, (*seen, *question, last + 1)
            if honest < answered.question.target:
                points.append((*seen, *question, honest + 1))
        else:
            question = ("report",)
            points.append((*seen, *question))
            if answered.given != signal:
                return points, (*seen, *question)
        seen = (*seen, *question, answered.given)
    return points, None
