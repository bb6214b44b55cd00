"""Obvious truth by tree search: the best that any deviation can get is no more than the worst that the truth can get.

A point is what a bidder has seen of the conversation by then: its own questions, prices and answers, and the level at
which it stands before a decision. There both are compared over all truths of the others and all coins. Knowing less, a
bidder can be surer of less: a mechanism that passes with this view passes with any finer one. What is found among some
cases holds among all of them, since best can only get better and worst worse.

Source: CLOCK, Section 2 (obvious ex-post equilibrium), Theorems 3 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from openoutcry.lab.audit.cases import Case
from openoutcry.lab.audit.judging import Exact, Valued
from openoutcry.lab.audit.paths import Path
from openoutcry.lab.audit.properties import Finding, Property
from openoutcry.mechanisms.answering import Answerer
from openoutcry.mechanisms.conversation import Climbed

Point = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Best:
    """The best deviation at a point, and where it was seen."""

    utility: Exact
    path: Path
    case: Case
    truth: int


@dataclass(slots=True)
class Obviousness:
    """Takes up paths and says in the end where the truth is not obviously best.

    Attributes:
        points: How many points deviations begin at.
    """

    _worst: dict[Point, Exact] = field(default_factory=dict)
    _best: dict[Point, _Best] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """How many points of decision deviations were seen at."""
        return len(self._best)

    def add(self, case: Case, truth: int, valued: Sequence[Valued], honest: Answerer) -> None:
        """Take up the paths of one case at one truth.

        Args:
            case: Whose paths they are.
            truth: The bidder's.
            valued: The paths, with what the bidder gains.
            honest: How it answers truthfully.
        """
        for each in valued:
            passed, deviation = _decisions((case.bidder, truth), each.path, honest)
            if deviation is None:
                for point in passed:
                    self._worst[point] = min(each.utility, self._worst.get(point, each.utility))
            elif deviation not in self._best or self._best[deviation].utility < each.utility:
                self._best[deviation] = _Best(each.utility, each.path, case, truth)

    def worst(self) -> Finding | None:
        """Return where a deviation may do better than the truth may do badly, by most; None if nowhere."""
        found: Finding | None = None
        for point, best in self._best.items():
            # A point that no truthful path was seen to pass says nothing: among sampled cases that happens.
            gain = best.utility - self._worst.get(point, best.utility)
            if gain > 0 and (found is None or gain > found.gain):
                found = Finding(
                    what=Property.OBVIOUS,
                    bidder=best.case.bidder,
                    profile=best.case.profile(best.truth),
                    held=None,
                    gain=Fraction(gain),
                    steps=best.path.steps,
                    luck=best.path.luck,
                )
        return found


def _decisions(seen: Point, path: Path, honest: Answerer) -> tuple[list[Point], Point | None]:
    """Return the points passed truthfully, and the first one at which the path leaves the truth."""
    points: list[Point] = []
    for step in path.steps:
        truthful = honest(step.question, step.clock)
        seen = (*seen, step.question)
        if isinstance(step.answer, Climbed):
            assert isinstance(truthful, Climbed)
            together = min(truthful.level, step.answer.level)
            points.extend((*seen, level) for level in range(step.clock + 1, together + 1))
            if step.answer != truthful:
                return points, (*seen, together + 1)
            if truthful.exited:
                points.append((*seen, together + 1))
        else:
            points.append(seen)
            if step.answer != truthful:
                return points, seen
        seen = (*seen, step.answer)
    return points, None
