"""The cases of an audit: one bidder, and everything about the others that it cannot change.

A case leaves open what the bidder's own truth is and what it answers; both are explored within it. Cases are gone
through one by one where they are few, and drawn with a seeded generator where they are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, prod
from random import Random

from openoutcry.lab.audit.subject import Held, Subject
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint

LISTED_BELIEFS = 2_000
"""A grid of more beliefs of one bidder is never listed; beliefs are drawn from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One bidder among others who are truthful.

    Attributes:
        bidder: Its index.
        others: Length n: truths; the bidder's own entry is 0 and means nothing.
        held: What everybody believes of all others, the bidder too; None where beliefs play no part.
    """

    bidder: int
    others: tuple[int, ...]
    held: Held

    def profile(self, truth: int) -> tuple[int, ...]:
        """Return everybody's truths when the bidder's is this."""
        return (*self.others[: self.bidder], truth, *self.others[self.bidder + 1 :])


class BeliefGrid:
    """Every belief of a bidder about all others whose probabilities are multiples of 1/steps.

    Args:
        bidder: Whose beliefs.
        counts: Length n: how many types each bidder has.
        steps: At least 1; with 1 there are only certainties.
    """

    def __init__(self, bidder: int, counts: Sequence[int], steps: int) -> None:
        self.players = tuple(other for other in range(len(counts)) if other != bidder)
        self._counts = [counts[player] for player in self.players]
        self._steps = steps

    @property
    def size(self) -> int:
        """How many beliefs there are."""
        return comb(prod(self._counts) + self._steps - 1, self._steps)

    def listed(self) -> list[Distribution]:
        """Return all of them."""
        points = list(product(*map(range, self._counts)))
        return [
            Joint.of(self.players, dict(zip(points, weights, strict=True)))
            for weights in _compositions(self._steps, len(points))
        ]

    def draw(self, random: Random) -> Distribution:
        """Return one of them; certainties are as likely as they are among few draws of points."""
        weights: dict[tuple[int, ...], int] = {}
        for _ in range(self._steps):
            point = tuple(random.randrange(count) for count in self._counts)
            weights[point] = weights.get(point, 0) + 1
        return Joint.of(self.players, weights)


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write a number as a sum of so many parts of at least 0."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


class Cases:
    """All cases of a subject.

    Args:
        subject: The mechanism on its market.
        steps: Of the grid of beliefs; 0 where beliefs play no part.
    """

    def __init__(self, subject: Subject, steps: int) -> None:
        self._counts = subject.truth_counts
        everybody = range(len(self._counts))
        self.grids = [BeliefGrid(bidder, self._counts, steps) for bidder in everybody] if steps else []
        self._lists = (
            [grid.listed() for grid in self.grids]
            if all(grid.size <= LISTED_BELIEFS for grid in self.grids)
            else None
        )

    @property
    def count(self) -> int:
        """How many there are."""
        beliefs = prod(grid.size for grid in self.grids)
        whole = prod(self._counts)
        return sum(beliefs * whole // count for count in self._counts)

    @property
    def can_be_listed(self) -> bool:
        """Whether all of them can be gone through."""
        return self._lists is not None

    def all(self) -> Iterator[Case]:
        """Yield every case; only where grids are small enough to be listed."""
        assert self._lists is not None, "too many beliefs to list: draw cases instead"
        held: list[Held] = list(product(*self._lists)) if self._lists else [None]
        for bidder in range(len(self._counts)):
            ranges = [range(1 if other == bidder else count) for other, count in enumerate(self._counts)]
            for others in product(*ranges):
                for beliefs in held:
                    yield Case(bidder=bidder, others=others, held=beliefs)

    def draw(self, random: Random) -> Case:
        """Return a random case."""
        bidder = random.randrange(len(self._counts))
        others = tuple(
            0 if other == bidder else random.randrange(count) for other, count in enumerate(self._counts)
        )
        held = tuple(self._draw_belief(other, random) for other in range(len(self.grids)))
        return Case(bidder=bidder, others=others, held=held or None)

    def _draw_belief(self, bidder: int, random: Random) -> Distribution:
        if self._lists is not None:
            return random.choice(self._lists[bidder])
        return self.grids[bidder].draw(random)
