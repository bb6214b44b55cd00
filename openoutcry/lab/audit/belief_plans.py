"""How many beliefs are compared, and among which others, decided before that work begins.

All of the grid for every type of every bidder, if that keeps within the limit on runs; else a few drawn beliefs for as
many types as the limit allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from random import Random

from openoutcry.lab.audit.beliefs import runs_for_each_belief
from openoutcry.lab.audit.cases import LISTED_BELIEFS, BeliefGrid, Case
from openoutcry.lab.audit.plans import PROBES
from openoutcry.lab.audit.probing import ignorance
from openoutcry.lab.audit.subject import Held, Subject
from openoutcry.lab.audit.wording import show_large
from openoutcry.mechanisms.crowd.distributions import Distribution

DRAWN_BELIEFS = 40
"""Beliefs of a bidder that are compared where the grid has too many to list, if the limit allows so many."""

FEWEST_BELIEFS = 4
"""Fewer would compare next to nothing, whatever the limit."""

FEWEST_TYPES = 16
"""Of so many bidders' types beliefs are compared at least, if the limit allows it, rather than more of fewer types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefPlan:
    """What is to be compared.

    Attributes:
        listed: By bidder: the beliefs that it may hold, and report.
        cases: What all believe, and whose beliefs are compared; with the index of that bidder's type.
        are_all: Whether these are all beliefs of the grid.
    """

    listed: Sequence[Sequence[Distribution]]
    cases: Sequence[tuple[Case, int]]
    are_all: bool

    def describe(self) -> str:
        """Return the plan in one line."""
        most = max(map(len, self.listed))
        return (
            f"{show_large(len(self.cases) // 2, 'type')} of bidders, each with up to {show_large(most, 'belief')} that "
            "it may hold and report, at every profile of the others that these hold possible; the others are ignorant, "
            "and then hold drawn beliefs"
        )


def make_belief_plan(
    subject: Subject,
    grids: Sequence[BeliefGrid],
    *,
    seed: str,
    steps: int,
    limit: int,
    tell: Callable[[str], None],
) -> BeliefPlan:
    """Decide which beliefs to compare.

    Args:
        subject: A mechanism that asks for beliefs.
        grids: Of each bidder.
        seed: Of what is drawn at random.
        steps: Of the grids: most profiles that one belief holds possible.
        limit: Most runs in all.
        tell: Told what is being tried out.

    Raises:
        TooManyPaths: A few beliefs at one profile take more runs than can be kept.
    """
    runs = _runs_of_a_belief(subject, grids, seed, tell)
    counts = subject.truth_counts
    # Each type of each bidder is looked at with the others ignorant, and with drawn beliefs of theirs.
    comparisons = 2 * sum(counts)

    def fits(compared: int, beliefs: int) -> bool:
        profiles = min(prod(counts) // min(counts), beliefs * steps)
        return compared * beliefs * profiles * runs <= limit

    generator = Random(f"{seed}/beliefs")
    largest = max(grid.size for grid in grids)
    are_all = largest <= LISTED_BELIEFS and fits(comparisons, largest)
    few = min(comparisons, FEWEST_TYPES)
    drawn = next(
        (most for most in range(DRAWN_BELIEFS, FEWEST_BELIEFS, -1) if fits(few, most)), FEWEST_BELIEFS
    )
    listed = [
        grid.listed() if are_all else list(dict.fromkeys(grid.draw(generator) for _ in range(drawn)))
        for grid in grids
    ]
    return BeliefPlan(listed=listed, cases=list(_cases(subject, listed, generator)), are_all=are_all)


def _runs_of_a_belief(
    subject: Subject, grids: Sequence[BeliefGrid], seed: str, tell: Callable[[str], None]
) -> int:
    """Return about how many runs it takes to try one belief at one profile of the others."""
    generator = Random(f"{seed}/probe of beliefs")
    everybody = range(len(grids))
    held = tuple(ignorance(subject, other) for other in everybody)
    most = 1
    for bidder in generator.sample(everybody, min(PROBES, len(everybody))):
        tell("trying out how large a comparison of beliefs is")
        others = tuple(
            0 if other == bidder else generator.randrange(count)
            for other, count in enumerate(subject.truth_counts)
        )
        some = [grids[bidder].draw(generator) for _ in range(FEWEST_BELIEFS)]
        case = Case(bidder=bidder, others=others, held=held)
        most = max(most, runs_for_each_belief(subject, case, some))
    return most


def _cases(
    subject: Subject, listed: Sequence[Sequence[Distribution]], random: Random
) -> Iterator[tuple[Case, int]]:
    """Yield every bidder and type, in random order: once with the others ignorant, once with drawn beliefs."""
    counts = subject.truth_counts
    pairs = [(bidder, truth) for bidder, count in enumerate(counts) for truth in range(count)]
    random.shuffle(pairs)
    everybody = range(len(counts))
    for number in range(2):
        for bidder, truth in pairs:
            held: Held = tuple(
                random.choice(listed[other]) if number else ignorance(subject, other) for other in everybody
            )
            yield Case(bidder=bidder, others=(0,) * len(counts), held=held), truth
