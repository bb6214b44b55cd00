"""What one case says: the best that a bidder of each truth can get there, beside what the truth gets it.

Three comparisons, said apart. For every coin: the truth and a lie under the same luck. On average: the truth and the
best plan of answers, which may hang on what the bidder is asked, over all coins. Strictly: the truth and every other
value, reported throughout with the same belief.

Source: CLOCK, Section 2 (ex-post incentive compatibility, universal and in expectation); CROWD, Definition of two-step
dominance, step 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.lab.audit.cases import Case
from openoutcry.lab.audit.coins import Luck, can_coincide
from openoutcry.lab.audit.paths import Path
from openoutcry.lab.audit.properties import Finding, Property
from openoutcry.lab.audit.subject import Subject
from openoutcry.mechanisms.conversation import ReportedType
from openoutcry.mechanisms.crowd.distributions import Distribution

NOTHING = Fraction(0)

Exact = int | Fraction
"""An amount: an integer where it is one, since integers are compared far faster."""


@dataclass(frozen=True, slots=True)
class Valued:
    """A path with what the bidder gains on it at one truth."""

    path: Path
    utility: Exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one case says about one truth.

    Attributes:
        findings: How properties fail there, at most one for each.
        cases: By property, how many comparisons were made.
        valued: The paths that were compared, valued; the honest ones first.
    """

    findings: tuple[Finding, ...]
    cases: dict[Property, int]
    valued: tuple[Valued, ...]


def judge(
    subject: Subject,
    case: Case,
    truth: int,
    paths: Sequence[Path],
    *,
    has_all_coins: bool,
    asks_beliefs: bool,
) -> Judged:
    """Compare the truth with everything else.

    Args:
        subject: The mechanism on its market.
        case: Whose paths these are.
        truth: The bidder's true signal or type index.
        paths: Every path of the case.
        has_all_coins: Whether they are those of all coins, with probabilities; otherwise of one.
        asks_beliefs: Whether the mechanism asks for beliefs: then values must be strictly best.
    """
    judging = _Judging(subject, case, truth, paths)
    best = judging.after_the_fact()
    if has_all_coins:
        judging.on_average(best)
        if asks_beliefs:
            judging.strictly()
    return Judged(
        findings=tuple(judging.found),
        cases=judging.cases,
        valued=(*judging.honest, *judging.others),
    )


def sort_paths(
    subject: Subject, case: Case, truth: int, paths: Sequence[Path]
) -> tuple[list[Valued], list[Valued]]:
    """Return the paths of the truth, and all others on which the bidder says of the others what it believes, valued."""
    profile, told = case.profile(truth), _told(subject, case, truth)
    truthful = subject.honest(case.bidder, truth, case.held)
    honest: list[Valued] = []
    others: list[Valued] = []
    for path in paths:
        if told is not None and not _holds(path, told):
            continue
        utility = subject.utility(case.bidder, profile, path.outcome)
        valued = Valued(path, utility.numerator if utility.denominator == 1 else utility)
        (honest if path.is_by(truthful) else others).append(valued)
    return honest, others


def _told(subject: Subject, case: Case, truth: int) -> Distribution | None:
    return subject.told(case.bidder, truth, None if case.held is None else case.held[case.bidder])


class _Judging:
    """One case at one truth.

    Attributes:
        honest: The paths of the truth.
        others: All other paths on which the bidder says of the others what it believes.
        found: How properties fail.
        cases: By property, how many comparisons were made.
    """

    def __init__(self, subject: Subject, case: Case, truth: int, paths: Sequence[Path]) -> None:
        self._subject, self._case, self._truth = subject, case, truth
        self._profile = case.profile(truth)
        self._told = _told(subject, case, truth)
        self.found: list[Finding] = []
        self.cases: dict[Property, int] = {}
        self.honest, self.others = sort_paths(subject, case, truth, paths)

    def after_the_fact(self) -> Valued | None:
        """Judge coin by coin; return the lie that gains most, if one gains."""
        self.cases |= {
            Property.EVERY_COIN: len(self.others),
            Property.SAFE: len(self.honest),
            Property.FUNDED: len(self.honest),
        }
        worst = min(self.honest, key=lambda valued: valued.utility)
        if worst.utility < 0:
            self._note(Property.SAFE, -worst.utility, worst.path)
        dearest = min(self.honest, key=lambda valued: _revenue(valued.path)).path
        short = -_revenue(dearest) - self._subject.claims.most_paid_out
        if short > 0:
            self._note(Property.FUNDED, short, dearest)
        best = best_under_same_luck(self.honest, self.others)
        if best is None:
            return None
        self._note(Property.EVERY_COIN, best[0], best[1].path)
        return best[1]

    def on_average(self, best: Valued | None) -> None:
        """Judge over all coins; `best` is the lie that gains most under some, and shows a gain on average too."""
        self.cases |= {Property.ON_AVERAGE: len(self.others), Property.SAFE_ON_AVERAGE: 1}
        gained = average(self.honest)
        if gained < 0:
            worst = min(self.honest, key=lambda valued: valued.utility)
            self._note(Property.SAFE_ON_AVERAGE, -gained, worst.path)
        reached, plan = best_plan([*self.honest, *self.others])
        if reached > gained:
            self._note(Property.ON_AVERAGE, reached - gained, (best or self._lie_of(plan)).path)

    def strictly(self) -> None:
        """Judge whether each false value, reported throughout with the same belief, costs something on average."""
        subject, bidder = self._subject, self._case.bidder
        self.cases[Property.STRICT] = subject.truth_counts[bidder] - 1
        valued, gained = [*self.honest, *self.others], average(self.honest)
        truthful = subject.saying(bidder, self._truth, self._told)
        best: tuple[Fraction, Path] | None = None
        for lie in range(subject.truth_counts[bidder]):
            answerer = subject.saying(bidder, lie, self._told)
            lying = [each for each in valued if each.path.is_by(answerer)]
            # A bidder that is asked for no value, on these coins, says the same as if it lied.
            seen = [each.path for each in lying if not each.path.is_by(truthful)]
            gain = average(lying) - gained
            if seen and gain >= 0 and (best is None or gain > best[0]):
                best = gain, max(seen, key=lambda path: path.probability)
        if best is not None:
            self._note(Property.STRICT, *best)

    def _lie_of(self, plan: Sequence[Valued]) -> Valued:
        lies = set(map(id, self.others))
        return max((each for each in plan if id(each) in lies), key=lambda each: each.path.probability)

    def _note(self, what: Property, gain: Exact, path: Path) -> None:
        is_truthful = what in (Property.SAFE, Property.SAFE_ON_AVERAGE, Property.FUNDED)
        self.found.append(
            Finding(
                what=what,
                bidder=None if what is Property.FUNDED else self._case.bidder,
                profile=self._profile,
                held=self._case.held,
                gain=Fraction(gain),
                steps=() if is_truthful else path.steps,
                luck=path.luck,
            )
        )


def _holds(path: Path, belief: Distribution) -> bool:
    """Return whether all that the bidder said of the others is what it believes."""
    reports = (step.answer.report for step in path.steps if isinstance(step.answer, ReportedType))
    return all(
        report is None or report.belief is None or report.belief == belief.marginal(report.belief.players)
        for report in reports
    )


def _revenue(path: Path) -> Fraction:
    return sum(path.outcome.payments, NOTHING)


def average(valued: Iterable[Valued]) -> Fraction:
    """Return what is gained on these paths on average."""
    return sum((each.path.probability * each.utility for each in valued if each.utility), NOTHING)


def best_under_same_luck(honest: Sequence[Valued], others: Sequence[Valued]) -> tuple[Exact, Valued] | None:
    """Return the greatest gain of another answer over the truth under luck that both can have, if any is above 0.

    Of equal gains that of the likelier luck is taken, so that it is soon found again.
    """
    worst_by_luck: dict[Luck, Exact] = {}
    for each in honest:
        known = worst_by_luck.get(each.path.luck, each.utility)
        worst_by_luck[each.path.luck] = min(known, each.utility)
    least = min(worst_by_luck.values())
    by_luck: dict[Luck, Valued] = {}
    for each in others:
        # Most lies gain no more than the truth at its worst.
        if each.utility > least:
            best_known = by_luck.get(each.path.luck)
            if best_known is None or best_known.utility < each.utility:
                by_luck[each.path.luck] = each
    best: tuple[Exact, Valued] | None = None
    for luck, lie in by_luck.items():
        for honest_luck, utility in worst_by_luck.items():
            if lie.utility <= utility or (best is not None and not _is_better(lie, utility, best)):
                continue
            if luck == honest_luck or can_coincide(luck, honest_luck):
                best = lie.utility - utility, lie
    return best


def _is_better(lie: Valued, utility: Exact, best: tuple[Exact, Valued]) -> bool:
    return (lie.utility - utility, lie.path.probability) > (best[0], best[1].path.probability)


def best_plan(valued: Sequence[Valued], depth: int = 0) -> tuple[Fraction, list[Valued]]:
    """Return what the best plan of answers gains on average, and the paths that it may take.

    A plan says what to answer after everything that the bidder may have been asked by then. The coins decide what it is
    asked, so gains add up over questions, and the best answer to each is taken.
    """
    followed = [each for each in valued if len(each.path.steps) == depth]
    total = average(followed)
    asked: dict[object, dict[object, list[Valued]]] = {}
    for each in valued:
        if len(each.path.steps) > depth:
            step = each.path.steps[depth]
            asked.setdefault(step.question, {}).setdefault(step.answer, []).append(each)
    for answers in asked.values():
        plans = (best_plan(following, depth + 1) for following in answers.values())
        gain, further = max(plans, key=lambda plan: plan[0])
        total += gain
        followed += further
    return total, followed
