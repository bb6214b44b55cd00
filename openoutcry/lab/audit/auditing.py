"""The audit: every case of a mechanism on a market, or some, and a verdict on every property.

Decides: what is compared with what, and how much of it. Refuses: instances of which not even single cases can be run
within the limit. Called by `auctioneer audit` and by tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from random import Random

from openoutcry.errors import TooLargeError
from openoutcry.lab.audit.belief_plans import make_belief_plan
from openoutcry.lab.audit.beliefs import judge_beliefs
from openoutcry.lab.audit.cases import Case, Cases
from openoutcry.lab.audit.interim import Likely, judge_over_prior, likely_others
from openoutcry.lab.audit.judging import Judged, judge
from openoutcry.lab.audit.obviousness import Obviousness
from openoutcry.lab.audit.paths import Path, TooManyPaths, check_paths, find_paths
from openoutcry.lab.audit.plans import PATHS_LIMIT, Plan, make_plan, too_many_answers
from openoutcry.lab.audit.probing import find_questions
from openoutcry.lab.audit.properties import Coverage, Finding, Property, Verdict
from openoutcry.lab.audit.subject import Subject
from openoutcry.lab.audit.wording import show_large
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Answer, Climb, Question, ReportType
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.protocol.draws import SeededChance

DEFAULT_LIMIT = 100_000
"""Runs of the mechanism, at some ten thousand a second for small markets."""

DEFAULT_STEPS = 2
"""Beliefs are certainties and even odds of two profiles, unless one asks for more."""

Tell = Callable[[str], None]
"""Told something in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """What an audit found.

    Attributes:
        subject: Of what.
        verdicts: One for each property that was looked at.
        plans: One line each: how large the instance is, and how much of it was looked at.
        cases: How many lies were compared with the truth under equal luck, and how many false beliefs on average.
        runs: How many runs of the mechanism they took.
        was_interrupted: Whether it ended before its plan did; verdicts are of what was looked at by then.
    """

    subject: Subject
    verdicts: tuple[Verdict, ...]
    plans: tuple[str, ...]
    cases: int
    runs: int
    was_interrupted: bool

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """The properties that the mechanism claims and does not have."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_broken_promise)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The properties that it does not have, whether it claims them or not."""
        return tuple(verdict for verdict in self.verdicts if verdict.worst is not None)


@dataclass(slots=True)
class _Tally:
    """What was found of each property so far."""

    cases: dict[Property, int] = field(default_factory=dict)
    worst: dict[Property, Finding] = field(default_factory=dict)
    runs: int = 0

    def count(self, what: Property, cases: int) -> None:
        self.cases[what] = self.cases.get(what, 0) + cases

    def note(self, finding: Finding | None) -> None:
        if finding is None:
            return
        known = self.worst.get(finding.what)
        if known is None or finding.gain > known.gain:
            self.worst[finding.what] = finding


def audit(
    subject: Subject,
    *,
    seed: str = "audit",
    samples: int | None = None,
    limit: int = DEFAULT_LIMIT,
    steps: int = DEFAULT_STEPS,
    announce: Tell | None = None,
    tell: Tell | None = None,
) -> AuditResult:
    """Audit a mechanism on a market.

    Args:
        subject: The mechanism on its market.
        seed: Of what is drawn at random where not everything can be looked at.
        samples: Draw so many cases at random even if all could be looked at.
        limit: Most runs of the mechanism, about, for each of at most two rounds.
        steps: Beliefs have probabilities of multiples of 1/steps.
        announce: Told how large the instance is and how much of it will be looked at, before the work begins.
        tell: Told how far the work is, often.

    Raises:
        ConfigurationError: The mechanism cannot run on the market, or a case takes more runs than the limit.
    """
    work = _Audit(subject, seed, samples, limit, steps, announce or _say_nothing, tell or _say_nothing)
    was_interrupted = False
    try:
        runs = work.values()
        if work.asks_beliefs:
            work.beliefs()
        elif subject.prior is not None:
            work.over_prior(subject.prior, runs)
    except KeyboardInterrupt:
        was_interrupted = True
    return work.result(was_interrupted=was_interrupted)


def _say_nothing(line: str) -> None:
    pass


class _Audit:
    """One audit in progress."""

    def __init__(
        self,
        subject: Subject,
        seed: str,
        samples: int | None,
        limit: int,
        steps: int,
        announce: Tell,
        tell: Tell,
    ) -> None:
        self.subject, self.tell, self._announce = subject, tell, announce
        self._seed, self._samples, self._limit, self._steps = seed, samples, limit, steps
        kinds = find_questions(subject)
        self.asks_beliefs = any(isinstance(kind, ReportType) and kind.subjects for kind in kinds)
        self.has_clock = any(isinstance(kind, Climb) for kind in kinds)
        self._cases = Cases(subject, steps if self.asks_beliefs else 0)
        self._tally = _Tally()
        self._coverage: dict[Property, Coverage] = {}
        self._plans: list[str] = []

    # --- Values, or signals. ---

    def values(self) -> int:
        """Look at truths, with beliefs held fixed where there are any.

        Returns:
            About how many runs of the mechanism one case takes with all coins; 0 where that is unknown.
        """
        plan = make_plan(
            self._cases,
            self._runs_of,
            seed=self._seed,
            samples=self._samples,
            limit=self._limit,
        )
        self._begin(plan.describe(self._describe()))
        has_all_coins = plan.coverage != "sampled, one coin each"
        looked_at = [Property.EVERY_COIN, Property.SAFE, Property.FUNDED]
        if has_all_coins:
            looked_at += [Property.ON_AVERAGE, Property.SAFE_ON_AVERAGE]
            looked_at += [Property.STRICT] if self.asks_beliefs else []
        looked_at += [] if self.asks_beliefs or not self.has_clock else [Property.OBVIOUS]
        self._coverage |= dict.fromkeys(looked_at, "interrupted")
        obviousness = Obviousness()
        try:
            for done, case in enumerate(plan.cases(), start=1):
                paths = self._paths_of(case, plan, done)
                self._judge(case, paths, obviousness, has_all_coins=has_all_coins)
                self._progress(done, plan)
        finally:
            if Property.OBVIOUS in self._coverage:
                self._tally.count(Property.OBVIOUS, obviousness.points)
                self._tally.note(obviousness.worst())
        self._coverage |= dict.fromkeys(looked_at, plan.coverage)
        return plan.runs if has_all_coins else 0

    def _judge(self, case: Case, paths: list[Path], obviousness: Obviousness, *, has_all_coins: bool) -> None:
        subject = self.subject
        for truth in range(subject.truth_counts[case.bidder]):
            judged = judge(
                subject, case, truth, paths, has_all_coins=has_all_coins, asks_beliefs=self.asks_beliefs
            )
            self._take(judged)
            if Property.OBVIOUS in self._coverage:
                obviousness.add(case, truth, judged.valued, subject.honest(case.bidder, truth, case.held))

    def _take(self, judged: Judged) -> None:
        for what, cases in judged.cases.items():
            self._tally.count(what, cases)
        for finding in judged.findings:
            self._tally.note(finding)

    def _runs_of(self, case: Case, most: int, *, has_all_coins: bool) -> int:
        self.tell("trying out how large a case is")
        luck = None if has_all_coins else self._one_coin(0)
        return len(self._paths(case, most, luck, may_be_far_too_large=True))

    def _one_coin(self, number: int) -> Callable[[], Chance]:
        coin = Random(f"{self._seed}/coin/{number}").randbytes(32)
        return lambda: SeededChance(coin, len(self.subject.names))

    def _paths_of(self, case: Case, plan: Plan, number: int) -> list[Path]:
        luck = self._one_coin(number) if plan.coverage == "sampled, one coin each" else None
        try:
            paths = self._paths(case, PATHS_LIMIT, luck)
        except TooManyPaths:
            raise too_many_answers(PATHS_LIMIT) from None
        self._tally.runs += len(paths)
        return paths

    def _paths(
        self,
        case: Case,
        limit: int,
        luck: Callable[[], Chance] | None = None,
        *,
        may_be_far_too_large: bool = False,
    ) -> list[Path]:
        subject, bidder = self.subject, case.bidder
        answerers = [subject.honest(other, truth, case.held) for other, truth in enumerate(case.others)]
        truths = range(subject.truth_counts[bidder])
        beliefs: list[Distribution] = []
        if case.held is not None:
            told = (subject.told(bidder, truth, case.held[bidder]) for truth in truths)
            beliefs = list(dict.fromkeys(belief for belief in told if belief is not None))

        def options(question: Question, clock: int) -> tuple[Answer, ...]:
            return subject.options(question, clock, truths, beliefs)

        if may_be_far_too_large:
            check_paths(subject.converse, bidder, options, answerers, limit=limit, luck=luck)
        return find_paths(subject.converse, bidder, options, answerers, limit=limit, luck=luck)

    # --- Averages over the prior. ---

    def over_prior(self, prior: Distribution, runs: int) -> None:
        """Look at what bidders gain on average over the others' types, if that is not too much.

        Args:
            prior: Of everybody's types.
            runs: About how many runs one case takes; 0 where that is unknown.
        """
        counts = self.subject.truth_counts
        cases = min(sum(prod(counts) // count for count in counts), len(counts) * prior.support_size)
        if not runs or cases * runs > self._limit:
            each = f", about {show_large(runs, 'run')} each" if runs else ""
            self._begin(
                f"over the prior: {show_large(cases, 'case')}{each}, too large (limit {self._limit:,} runs): not "
                "looked at"
            )
            return
        both = (Property.INTERIM, Property.SAFE_INTERIM)
        self._coverage |= dict.fromkeys(both, "interrupted")
        try:
            for bidder in range(len(counts)):
                self._judge_over_prior(prior, bidder)
                self.tell(f"over the prior: {bidder + 1:,} of {len(counts):,} bidders")
        except TooManyPaths:
            self._begin(
                f"over the prior: more than {PATHS_LIMIT:,} runs for one bidder: not looked at further"
            )
            for what in both:
                self._coverage[what] = "sampled"
                if what not in self._tally.cases:
                    del self._coverage[what]
            return
        self._coverage |= dict.fromkeys(both, "exhaustive")

    def _judge_over_prior(self, prior: Distribution, bidder: int) -> None:
        paths: dict[Case, list[Path]] = {}
        for truth in range(self.subject.truth_counts[bidder]):
            likely = []
            for case, probability in likely_others(prior, bidder, truth):
                if case not in paths:
                    left = PATHS_LIMIT - sum(map(len, paths.values()))
                    paths[case] = self._paths(case, left)
                    self._tally.runs += len(paths[case])
                likely.append(Likely(case, probability, paths[case]))
            # A type that nobody ever has is promised nothing.
            if likely:
                self._take(judge_over_prior(self.subject, bidder, truth, likely))

    # --- Beliefs. ---

    def beliefs(self) -> None:
        """Look at beliefs, all values being true."""
        try:
            plan = make_belief_plan(
                self.subject,
                self._cases.grids,
                seed=self._seed,
                steps=self._steps,
                limit=self._limit,
                tell=self.tell,
            )
        except TooManyPaths:
            self._begin(
                f"beliefs: a few of them at one profile take more than {PATHS_LIMIT:,} runs: not looked at"
            )
            return
        self._coverage[Property.BELIEFS] = "interrupted"
        self._begin(plan.describe())
        spent = 0
        for done, (case, truth) in enumerate(plan.cases, start=1):
            try:
                verdict = judge_beliefs(
                    self.subject, case, truth, plan.listed[case.bidder], limit=PATHS_LIMIT
                )
            except TooManyPaths:
                raise TooLargeError(
                    f"one bidder's beliefs take more than {PATHS_LIMIT:,} runs at one profile, and no more are kept: "
                    "take a coarser --grid, or fewer bidders or types",
                    size=PATHS_LIMIT + 1,
                    limit=PATHS_LIMIT,
                ) from None
            spent += verdict.runs
            self._tally.runs += verdict.runs
            self._tally.count(Property.BELIEFS, verdict.cases)
            self._tally.note(verdict.worst)
            self.tell(f"beliefs: {done:,} of {len(plan.cases):,}")
            if spent > self._limit and done < len(plan.cases):
                self._coverage[Property.BELIEFS] = "sampled"
                self._begin(f"beliefs: the limit on runs was reached after {done:,} of {len(plan.cases):,}")
                return
        self._coverage[Property.BELIEFS] = "exhaustive" if plan.are_all else "sampled"

    # --- The end. ---

    def result(self, *, was_interrupted: bool) -> AuditResult:
        """Return what was found."""
        denied = self.subject.claims.denied
        verdicts = tuple(
            Verdict(
                what=what,
                denied=denied.get(what),
                coverage=self._coverage[what],
                cases=self._tally.cases.get(what, 0),
                worst=self._tally.worst.get(what),
            )
            for what in Property
            if what in self._coverage
        )
        return AuditResult(
            subject=self.subject,
            verdicts=verdicts,
            plans=tuple(self._plans),
            cases=sum(self._tally.cases.get(what, 0) for what in (Property.EVERY_COIN, Property.BELIEFS)),
            runs=self._tally.runs,
            was_interrupted=was_interrupted,
        )

    def _describe(self) -> str:
        who = "a bidder, the types of the others" if self._is_types else "a bidder, the signals of the others"
        return f"{who} and what all believe" if self.asks_beliefs else who

    @property
    def _is_types(self) -> bool:
        return isinstance(self.subject.market, TypeMarket)

    def _begin(self, plan: str) -> None:
        self._plans.append(plan)
        self._announce(plan)

    def _progress(self, done: int, plan: Plan) -> None:
        self.tell(f"{done:,} of {plan.chosen:,} cases, {self._tally.runs:,} runs")
