"""How much of an instance is looked at, decided before the work begins and said to whoever waits for it.

All of it, if that takes no more runs of the mechanism than are allowed; else cases drawn at random, each with all of
its coins where one case is small enough, and with one drawn coin where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Protocol

from openoutcry.errors import TooLargeError
from openoutcry.lab.audit.cases import Case, Cases
from openoutcry.lab.audit.paths import TooManyPaths
from openoutcry.lab.audit.properties import Coverage
from openoutcry.lab.audit.wording import show_large

PROBES = 8
"""Cases that are tried out to learn how many runs one takes."""

PROBING_SHARE = 32
"""No further case is tried out once this part of the limit, one in so many runs, is spent on it."""

FEWEST_WITH_ALL_COINS = 20
"""Fewer cases than this with all of their coins would say less than more of them with some."""

PATHS_LIMIT = 20_000
"""Paths of one case that are kept in memory at once, whatever the limit on runs."""

DEFAULT_SAMPLES = 1_000
"""Most cases with a drawn coin each, when nobody says how many."""


class RunsOf(Protocol):
    """Tells how many runs of the mechanism a case takes."""

    def __call__(self, case: Case, most: int, *, has_all_coins: bool) -> int:
        """Return the number; raise TooManyPaths where it is beyond `most`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be looked at.

    Attributes:
        coverage: How.
        total: How many cases there are.
        chosen: How many are looked at.
        runs: About how many runs of the mechanism one case takes, with the coins that are looked at.
        limit: Most runs in all.
        cases: Gives the chosen cases, the same ones each time.
    """

    coverage: Coverage
    total: int
    chosen: int
    runs: int
    limit: int
    cases: Callable[[], Iterator[Case]]

    def describe(self, what: str) -> str:
        """Return the plan in one line."""
        size = f"{show_large(self.total, 'case')} of {what}"
        runs, limit = show_large(self.runs, "run"), f"(limit {self.limit:,} runs)"
        if self.coverage == "exhaustive":
            return f"{size}, about {runs} each: all of them {limit}"
        if self.coverage == "sampled":
            return f"{size}, about {runs} each: {self.chosen:,} drawn at random, each with all coins {limit}"
        few = f"{self.chosen:,} drawn at random, each with one drawn coin and about {runs} {limit}"
        return f"{size}, too large for all coins of one: {few}"


def make_plan(cases: Cases, runs_of: RunsOf, *, seed: str, samples: int | None, limit: int) -> Plan:
    """Decide what to look at.

    Args:
        cases: All cases.
        runs_of: Returns how many runs a case takes.
        seed: Of the generator that draws cases.
        samples: Draw so many cases even if all could be looked at; None decides.
        limit: Most runs in all.

    Raises:
        TooLargeError: Nobody says how many cases, and even one with one coin takes more runs than the limit; or more
            than can be kept.
    """
    total = cases.count
    fewest = min(FEWEST_WITH_ALL_COINS, samples or FEWEST_WITH_ALL_COINS)
    # Of a case with more runs than these no more than a few could be looked at.
    most = min(limit // min(fewest, total), PATHS_LIMIT)

    def draw(count: int) -> Callable[[], Iterator[Case]]:
        def drawn() -> Iterator[Case]:
            generator = Random(f"{seed}/cases")
            return (cases.draw(generator) for _ in range(count))

        return drawn

    try:
        runs = _probe(cases, runs_of, seed, most, limit, has_all_coins=True)
    except TooManyPaths:
        runs = 0
    if runs and runs * total <= limit and samples is None and cases.can_be_listed:
        return Plan(coverage="exhaustive", total=total, chosen=total, runs=runs, limit=limit, cases=cases.all)
    affordable = limit // runs if runs else 0
    if affordable >= fewest:
        chosen = min(affordable, samples or affordable)
        return Plan(
            coverage="sampled", total=total, chosen=chosen, runs=runs, limit=limit, cases=draw(chosen)
        )
    try:
        runs = _probe(cases, runs_of, seed, PATHS_LIMIT, limit, has_all_coins=False)
    except TooManyPaths:
        raise too_many_answers(PATHS_LIMIT) from None
    if samples is None and runs > limit:
        raise TooLargeError(
            f"one case with one coin takes about {show_large(runs, 'run')} of the mechanism, and the limit is "
            f"{limit:,}: take fewer bidders, signal levels or types, allow more with --limit, or say how many cases "
            "with --samples",
            size=runs,
            limit=limit,
        )
    chosen = samples or min(DEFAULT_SAMPLES, limit // runs)
    return Plan(
        coverage="sampled, one coin each",
        total=total,
        chosen=chosen,
        runs=runs,
        limit=limit,
        cases=draw(chosen),
    )


def too_many_answers(limit: int) -> TooLargeError:
    """Return what is raised where one bidder alone can answer in too many ways for one case."""
    return TooLargeError(
        f"one bidder alone can answer in more than {limit:,} ways in one case, and no more are kept: take fewer signal "
        "levels or types",
        size=limit + 1,
        limit=limit,
    )


def _probe(cases: Cases, runs_of: RunsOf, seed: str, most: int, limit: int, *, has_all_coins: bool) -> int:
    """Return the most runs that one of a few drawn cases takes, without spending much of the limit on that."""
    random, largest, spent = Random(f"{seed}/probe"), 1, 0
    for _ in range(min(PROBES, cases.count)):
        runs = runs_of(cases.draw(random), most, has_all_coins=has_all_coins)
        largest, spent = max(largest, runs), spent + runs
        if spent > limit // PROBING_SHARE:
            break
    return largest
