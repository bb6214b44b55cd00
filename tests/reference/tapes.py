"""Tapes: all of a mechanism's luck fixed beforehand, so that a bidder's deviation leaves it unchanged.

A tape holds one permutation of the roster for every `pick` and one number for each label that draws
otherwise. Two runs on one tape differ only by what the bidders say, which is what an ex-post statement is
about.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from random import Random

from tests.reference.instances import Instance

GROUP = "signal-discovery/group"
RESIDUE = "signal-discovery/residue"
COSTLY = "signal-discovery/costly"
PRICE = "signal-discovery/price"
MIXTURE = "signal-discovery/mixture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """Fixed luck; a `Chance` for the mechanisms of this project.

    Attributes:
        permutation: Of 0..n-1; `pick` takes the candidate that stands first in it.
        group: What the draw of a group gives.
        residue: What the draw of a residue gives.
        price: Which of at most two thresholds is charged.
        uniform_clock: What the coin of the mixture gives.
    """

    permutation: tuple[int, ...]
    group: int = 0
    residue: int = 0
    price: int = 0
    uniform_clock: bool = False

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Return the tape's number; with one value to choose from there is no choice."""
        number = {GROUP: self.group, RESIDUE: self.residue, PRICE: self.price}[label]
        return 0 if n == 1 else _within(number, n, label)

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Return the tape's coin, unless the probability leaves no choice."""
        assert label == MIXTURE
        return probability == 1 or (probability > 0 and self.uniform_clock)

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Refuse: no mechanism that is run on tapes draws with weights."""
        raise AssertionError(f"{label} is drawn with weights")

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Return the candidate that stands first in the permutation."""
        assert label == COSTLY
        return min(candidates, key=self.permutation.index)


def _within(number: int, n: int, label: str) -> int:
    assert 0 <= number < n, f"{label} was drawn from {n} values, the tape holds {number}"
    return number


def all_tapes(instance: Instance, *, prices: int = 2) -> Iterator[Tape]:
    """Yield every tape for an instance, each as likely as any other."""
    choices = (range(instance.group_count), range(instance.levels - 1), range(prices))
    for permutation in permutations(range(instance.size)):
        for group, residue, price in product(*choices):
            yield Tape(permutation=permutation, group=group, residue=residue, price=price)


def some_tapes(instance: Instance, count: int, seed: int) -> Iterator[Tape]:
    """Yield tapes drawn at random, for instances with too many of them."""
    random = Random(seed)
    for _ in range(count):
        yield Tape(
            permutation=tuple(random.sample(range(instance.size), instance.size)),
            group=random.randrange(instance.group_count),
            residue=random.randrange(instance.levels - 1),
            price=random.randrange(2),
        )
