"""How much of an instance is looked at, decided before the work begins and said to whoever waits for it.

All of it, if that takes no more runs of the mechanism than are allowed; else cases drawn at random, each with all of
its coins where one case is small enough, and with one drawn coin where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from openoutcry.lab.audit.cases import Case, Cases
from openoutcry.lab.audit.paths import TooManyPaths
from openoutcry.lab.audit.properties import Coverage

PROBES = 8
"""Cases that are tried out to learn how many runs one takes."""

FEWEST_WITH_ALL_COINS = 20
"""Fewer cases than this with all of their coins would say less than more of them with some."""

PATHS_LIMIT = 20_000
"""Paths of one case that are kept in memory at once, whatever the limit on runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be looked at.

    Attributes:
        coverage: How.
        total: How many cases there are.
        chosen: How many are looked at.
        runs: About how many runs of the mechanism one case takes; 0 where that is unknown.
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
        size = f"{self.total:,} cases of {what}"
        if self.coverage == "exhaustive":
            return f"{size}, about {self.runs:,} runs each: all of them (limit {self.limit:,} runs)"
        if self.coverage == "sampled":
            few = f"{self.chosen:,} drawn at random, each with all coins (limit {self.limit:,} runs)"
            return f"{size}, about {self.runs:,} runs each: {few}"
        return f"{size}, too large for all coins of one: {self.chosen:,} drawn at random, each with one drawn coin"


def make_plan(
    cases: Cases, runs_of: Callable[[Case, int], int], *, seed: str, samples: int | None, limit: int
) -> Plan:
    """Decide what to look at.

    Args:
        cases: All cases.
        runs_of: Returns how many runs a case takes; raises TooManyPaths beyond a number.
        seed: Of the generator that draws cases.
        samples: Draw so many cases even if all could be looked at; None decides.
        limit: Most runs in all.
    """
    total = cases.count
    most = min(limit, PATHS_LIMIT)
    random = Random(f"{seed}/probe")
    try:
        runs = max(runs_of(cases.draw(random), most) for _ in range(min(PROBES, total)))
    except TooManyPaths:
        runs = 0

    def draw(count: int) -> Callable[[], Iterator[Case]]:
        def drawn() -> Iterator[Case]:
            generator = Random(f"{seed}/cases")
            return (cases.draw(generator) for _ in range(count))

        return drawn

    if runs and runs * total <= limit and samples is None and cases.can_be_listed:
        return Plan(coverage="exhaustive", total=total, chosen=total, runs=runs, limit=limit, cases=cases.all)
    affordable = limit // runs if runs else 0
    if affordable >= min(FEWEST_WITH_ALL_COINS, samples or FEWEST_WITH_ALL_COINS):
        chosen = min(affordable, samples or affordable)
        return Plan(
            coverage="sampled", total=total, chosen=chosen, runs=runs, limit=limit, cases=draw(chosen)
        )
    chosen = samples or DEFAULT_SAMPLES
    return Plan(
        coverage="sampled, one coin each",
        total=total,
        chosen=chosen,
        runs=0,
        limit=limit,
        cases=draw(chosen),
    )


DEFAULT_SAMPLES = 1_000
"""Cases with a drawn coin each, when nobody says how many."""
