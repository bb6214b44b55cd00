"""Step 2 of two-step dominance: when all values are true, the true belief gains more on average than any other.

A bidder that knows something of the others reports a belief from a grid. What each report gains is computed at every
profile of the others that some belief holds possible, over all coins, once; what it gains on average follows for each
knowledge on the grid.

Source: CROWD, definition of two-step dominance, step 2, and Lemma 3; CROWD, Section 4.3, for what being asked tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.lab.audit.cases import Case
from openoutcry.lab.audit.paths import Path, check_paths, find_paths
from openoutcry.lab.audit.plans import PATHS_LIMIT
from openoutcry.lab.audit.properties import Finding, Property
from openoutcry.lab.audit.subject import Subject
from openoutcry.mechanisms.conversation import Answer, Question, ReportedType
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefVerdict:
    """What one bidder of one type may gain by false beliefs.

    Attributes:
        worst: The false belief that gains most over the true one, or costs nothing; None when there is none.
        cases: How many pairs of a true and a false belief were compared.
        runs: How many runs of the mechanism that took.
    """

    worst: Finding | None
    cases: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtProfile:
    """What reports gain at one profile of the others.

    Attributes:
        gains: By report.
        asked: The probability that the bidder is asked for a belief at all.
        shown: By report, the likeliest path on which it is given.
    """

    gains: dict[Distribution, Fraction]
    asked: Fraction
    shown: dict[Distribution, Path]


def judge_beliefs(
    subject: Subject, case: Case, truth: int, grid: Sequence[Distribution], *, limit: int
) -> BeliefVerdict:
    """Compare the true belief with all others, for every knowledge on a grid.

    Args:
        subject: A mechanism that asks for beliefs.
        case: The bidder, and what all others believe. The others' values that it may hold possible are gone through,
            whatever the case says.
        truth: The bidder's type index.
        grid: What it may know, and report.
        limit: Most paths at one profile.

    Raises:
        TooManyPaths: One profile has more.
    """
    bidder = case.bidder
    honest = {knowledge: as_joint(subject.told(bidder, truth, knowledge)) for knowledge in grid}
    reports = list(dict.fromkeys([*map(as_joint, grid), *honest.values()]))
    table: dict[tuple[int, ...], _AtProfile] = {}
    runs = 0
    for rest in _possible(grid):
        others = (*rest[:bidder], 0, *rest[bidder:])
        paths = _paths(subject, case, others, truth, reports, limit)
        runs += len(paths)
        profile = (*rest[:bidder], truth, *rest[bidder:])
        table[rest] = _gains(subject, bidder, profile, paths, reports)
    worst: Finding | None = None
    cases = 0
    for knowledge in grid:
        found, compared = _best_lie(case, truth, knowledge, honest[knowledge], reports, table)
        cases += compared
        if found is not None and (worst is None or found.gain > worst.gain):
            worst = found
    return BeliefVerdict(worst=worst, cases=cases, runs=runs)


def runs_for_each_belief(subject: Subject, case: Case, some: Sequence[Distribution]) -> int:
    """Return about how many runs it takes to compare one more belief, at one profile of the others.

    Args:
        subject: A mechanism that asks for beliefs.
        case: The bidder, the profile of the others that is tried, and what all others believe.
        some: Beliefs that are tried, at least one.

    Raises:
        TooManyPaths: These alone take more than can be kept.
    """
    reports = list(dict.fromkeys(map(as_joint, some)))
    runs = len(_paths(subject, case, case.others, 0, reports, PATHS_LIMIT, may_be_far_too_large=True))
    return -(-runs // len(reports))


def as_joint(belief: Distribution | None) -> Joint:
    """Return a belief in the form of the grid, so that equal beliefs are equal values."""
    assert belief is not None
    return belief.expanded() if isinstance(belief, Product) else belief


def _possible(grid: Sequence[Distribution]) -> list[tuple[int, ...]]:
    """Return every profile of the others that some of these beliefs hold possible; no others count."""
    return list(dict.fromkeys(rest for knowledge in grid for rest, _ in knowledge.items()))


def _paths(
    subject: Subject,
    case: Case,
    others: tuple[int, ...],
    truth: int,
    reports: Sequence[Distribution],
    limit: int,
    *,
    may_be_far_too_large: bool = False,
) -> list[Path]:
    bidder, held = case.bidder, case.held
    answerers = [subject.honest(other, value, held) for other, value in enumerate(others)]

    def options(question: Question, clock: int) -> Sequence[Answer]:
        given = subject.options(question, clock, (truth,), reports)
        # Silence is no belief; step 1 has looked at it.
        return [answer for answer in given if answer != ReportedType(report=None)]

    if may_be_far_too_large:
        check_paths(subject.converse, bidder, options, answerers, limit=limit)
    return find_paths(subject.converse, bidder, options, answerers, limit=limit)


def _gains(
    subject: Subject,
    bidder: int,
    profile: tuple[int, ...],
    paths: Sequence[Path],
    reports: Sequence[Distribution],
) -> _AtProfile:
    everywhere, asked_of = NOTHING, dict.fromkeys(reports, NOTHING)
    gains = dict.fromkeys(reports, NOTHING)
    shown: dict[Distribution, Path] = {}
    for path in paths:
        weighed = path.probability * subject.utility(bidder, profile, path.outcome)
        told = _told(path)
        if told is None:
            everywhere += weighed
            continue
        gains[told] += weighed
        asked_of[told] += path.probability
        if told not in shown or shown[told].probability < path.probability:
            shown[told] = path
    return _AtProfile(
        gains={report: gain + everywhere for report, gain in gains.items()},
        asked=max(asked_of.values()),
        shown=shown,
    )


def _told(path: Path) -> Distribution | None:
    for step in path.steps:
        if isinstance(step.answer, ReportedType) and step.answer.report is not None:
            belief = step.answer.report.belief
            if belief is not None:
                return belief
    return None


def _best_lie(
    case: Case,
    truth: int,
    knowledge: Distribution,
    honest: Distribution,
    reports: Sequence[Distribution],
    table: dict[tuple[int, ...], _AtProfile],
) -> tuple[Finding | None, int]:
    """Return the false belief that costs least if that is nothing or less, and how many were compared."""
    likely = [(rest, weight) for rest, weight in knowledge.items() if table[rest].asked]
    if not likely:
        # Whoever knows this is never asked, and so has nothing to gain.
        return None, 0

    def average(report: Distribution) -> Fraction:
        # Where it is not asked, all reports gain the same.
        return sum((weight * table[rest].gains[report] for rest, weight in likely), NOTHING) / knowledge.total

    truthful = average(honest)
    lies = [report for report in reports if report != honest]
    if not lies:
        return None, 0
    gain, lie = max(((average(report) - truthful, report) for report in lies), key=lambda found: found[0])
    if gain < 0:
        return None, len(lies)
    # Seen best where it gains most.
    rest = max(likely, key=lambda each: table[each[0]].gains[lie] - table[each[0]].gains[honest])[0]
    shown = table[rest].shown[lie]
    held = case.held
    assert held is not None
    finding = Finding(
        what=Property.BELIEFS,
        bidder=case.bidder,
        profile=(*rest[: case.bidder], truth, *rest[case.bidder :]),
        held=(*held[: case.bidder], knowledge, *held[case.bidder + 1 :]),
        gain=gain,
        steps=shown.steps,
        luck=shown.luck,
    )
    return finding, len(lies)
