"""Colours for the bidders that may buy at a state, such that no bidder's colour depends on its own signal.

The threshold lottery draws a colour and serves the eligible bidder that has it. Where the colour of a bidder is a
function of the others' signals alone, and no two bidders that are eligible together share one (the colouring is
*proper*), each colour is by itself a truthful mechanism, and so is the draw among them: universally, not only in
expectation. Two kinds are known:

- *by bidder*: everybody has a colour of its own; N = n.
- *by hash*: the colour of bidder i is the sum, over all bidders, of a weight by group and signal, modulo N, at i's
  *entry state*, where i holds the lowest signal with which it may buy. Bidders of one entry state are one bidder, its
  owner; the hashes of two entry states differ by two differences of weights. So the hash is proper for every choice of
  valuations as soon as the differences weight[g][v] - weight[g][t], v > t, are distinct and not 0 modulo N: all of
  them where values depend on counts; one for each group and distance v - t where they depend on sums, with weights that
  are multiples of the signal.

Groups without members, which a restricted market may have, count as none. Only `threshold_lottery.py` uses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Literal

from openoutcry.mechanisms.market import Market

Weights = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """Weights by group and signal.

    Attributes:
        weights: Length l: for each group the weight of each signal value, the first of them 0.
        modulus: N.
        is_exclusive: Whether weights are added by exclusive or, as elements of Z_2^m with N = 2^m, not modulo N.
    """

    weights: Weights
    modulus: int
    is_exclusive: bool = False

    def move(self, total: int, group: int, before: int, after: int) -> int:
        """Return the hash after a member of a group holds another signal than before."""
        gone, new = self.weights[group][before], self.weights[group][after]
        return total ^ gone ^ new if self.is_exclusive else (total - gone + new) % self.modulus

    def differences(self, *, by_counts: bool) -> list[int]:
        """Return the differences that have to be distinct and not 0 for the hash to be proper."""
        if by_counts:
            pairs = [(row, before, after) for row in self.weights for before, after in _falls(len(row))]
        else:
            pairs = [(row, distance, 0) for row in self.weights for distance in range(1, len(row))]
        if self.is_exclusive:
            return [row[before] ^ row[after] for row, before, after in pairs]
        return [(row[before] - row[after]) % self.modulus for row, before, after in pairs]

    def is_proper(self, *, by_counts: bool) -> bool:
        """Return whether no two bidders that are eligible together can share a colour."""
        found = self.differences(by_counts=by_counts)
        return 0 not in found and len(set(found)) == len(found)


def _falls(levels: int) -> list[tuple[int, int]]:
    return [(before, after) for after, before in combinations(range(levels), 2)]


def _by_signal(*rows: tuple[int, ...], modulus: int) -> Hash:
    return Hash(weights=rows, modulus=modulus)


HASHES_BY_COUNTS: Mapping[tuple[int, int], Hash] = {
    (1, 6): Hash(weights=((0, 1, 2, 4, 8, 15),), modulus=16, is_exclusive=True),
    (1, 3): _by_signal((0, 1, 3), modulus=4),
    (1, 4): _by_signal((0, 1, 4, 6), modulus=7),
    (1, 5): _by_signal((0, 1, 6, 3, 10), modulus=11),
    (1, 7): _by_signal((0, 1, 3, 23, 7, 17, 12), modulus=24),
    (1, 8): _by_signal((0, 1, 5, 7, 18, 27, 30, 15), modulus=31),
    (1, 9): _by_signal((0, 1, 4, 30, 15, 38, 17, 22, 10), modulus=40),
    (1, 10): _by_signal((0, 1, 4, 48, 33, 9, 50, 25, 39, 19), modulus=51),
    (2, 3): _by_signal((0, 1, 3), (0, 5, 4), modulus=7),
    (2, 4): _by_signal((0, 1, 3, 9), (0, 7, 5, 4), modulus=13),
    (2, 5): _by_signal((0, 1, 3, 7, 12), (0, 14, 13, 10, 8), modulus=21),
    (2, 6): _by_signal((0, 1, 3, 8, 12, 18), (0, 25, 21, 16, 14, 13), modulus=31),
    (3, 3): _by_signal((0, 1, 3), (0, 4, 9), (0, 7, 6), modulus=11),
    (3, 4): _by_signal((0, 1, 3, 7), (0, 9, 5, 17), (0, 16, 11, 10), modulus=19),
    (3, 5): _by_signal((0, 1, 3, 7, 12), (0, 10, 29, 25, 18), (0, 28, 23, 14, 13), modulus=31),
    (4, 3): _by_signal((0, 1, 3), (0, 4, 9), (0, 7, 6), (0, 10, 8), modulus=13),
    (4, 4): _by_signal((0, 1, 3, 7), (0, 5, 13, 22), (0, 18, 14, 12), (0, 20, 11, 10), modulus=25),
    (5, 3): _by_signal((0, 1, 3), (0, 4, 9), (0, 6, 13), (0, 10, 8), (0, 12, 11), modulus=16),
    (5, 4): _by_signal(
        (0, 1, 3, 7), (0, 5, 13, 22), (0, 11, 10, 25), (0, 21, 18, 16), (0, 23, 19, 12), modulus=31
    ),
    (6, 3): _by_signal((0, 1, 3), (0, 4, 9), (0, 6, 13), (0, 11, 8), (0, 12, 10), (0, 15, 14), modulus=19),
    (7, 3): _by_signal(
        (0, 1, 3), (0, 4, 9), (0, 6, 13), (0, 8, 18), (0, 12, 11), (0, 17, 15), (0, 19, 16), modulus=23
    ),
    (8, 3): _by_signal(
        (0, 1, 3),
        (0, 4, 9),
        (0, 6, 13),
        (0, 8, 18),
        (0, 12, 11),
        (0, 16, 14),
        (0, 19, 15),
        (0, 20, 17),
        modulus=25,
    ),
}
"""By (l, k). Most have as few colours as bidders can be eligible, l C(k, 2) + 1; those of (3, 3), (7, 3) and (1, 7) to
(1, 10) have one to five more. Whether as few always suffice is not known."""

MULTIPLIERS_BY_SUMS: Mapping[tuple[int, int], tuple[int, Sequence[int]]] = {
    (3, 3): (9, (1, 3, 4)),
    (4, 3): (9, (1, 3, 4, 7)),
    (5, 3): (11, (1, 3, 4, 5, 9)),
    (6, 3): (13, (1, 3, 4, 9, 10, 12)),
    (3, 4): (13, (1, 4, 11)),
    (4, 4): (15, (1, 4, 7, 13)),
    (5, 4): (19, (1, 6, 8, 14, 15)),
    (6, 4): (20, (1, 4, 5, 9, 13, 17)),
    (3, 5): (19, (1, 6, 16)),
    (4, 5): (20, (1, 9, 13, 17)),
    (5, 5): (25, (1, 5, 6, 11, 16)),
    (6, 5): (25, (1, 5, 6, 11, 16, 21)),
    (3, 6): (26, (1, 12, 23)),
    (4, 6): (32, (1, 15, 19, 29)),
    (5, 6): (35, (1, 6, 11, 16, 26)),
    (6, 6): (35, (1, 6, 11, 16, 26, 31)),
}
"""By (l, k): N, and a factor for each group. One and two groups, and two signal values, follow a formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colouring:
    """A proper colouring of a market's bidders.

    Attributes:
        kind: `bidder` or `hash`.
        count: N, the number of colours.
        most_eligible: The paper's rho: at most so many bidders may buy at any state, so no colouring has fewer.
        hash: By group of the market; None where each bidder has a colour of its own.
    """

    kind: Literal["bidder", "hash"]
    count: int
    most_eligible: int
    hash: Hash | None = None

    def colours(self, market: Market, signals: Sequence[int], entries: Mapping[int, int]) -> dict[int, int]:
        """Return the colour of each bidder that may buy.

        Args:
            market: The one that this colouring was chosen for.
            signals: Length n.
            entries: For each bidder that may buy the lowest signal with which it may.
        """
        if self.hash is None:
            return {bidder: bidder for bidder in entries}
        total = 0
        for bidder, signal in zip(market.bidders, signals, strict=True):
            total = self.hash.move(total, bidder.group, 0, signal)
        return {
            bidder: self.hash.move(total, market.bidders[bidder].group, signals[bidder], entry)
            for bidder, entry in entries.items()
        }


def most_eligible(market: Market) -> int:
    """Return rho: how many bidders may buy at one state, at most.

    Source: CLOCK, Theorem 12: min(n, l C(k, 2) + 1). Where values depend on sums alone two falls of a signal by as much
    lead to one state, hence min(n, l (k-1) + 1), the bound of Theorem 6.
    """
    groups, levels = _populated(market), market.signal_levels
    falls = comb(levels, 2) if market.is_by_counts else levels - 1
    return min(len(market.bidders), len(groups) * falls + 1)


def choose_colouring(market: Market) -> Colouring:
    """Return the colouring with the fewest colours that is known for a market; of equal ones, by bidder.

    Source: CLOCK, Theorem 12, whose proof leaves the universally truthful mechanism to "the payment identity"; this
    gives one.
    """
    count, rho = len(market.bidders), most_eligible(market)
    populated = _populated(market)
    found = (
        None
        if count == rho
        else find_hash(len(populated), market.signal_levels, by_counts=market.is_by_counts, below=count)
    )
    if found is None:
        return Colouring(kind="bidder", count=count, most_eligible=rho)
    rows = dict(zip(populated, found.weights, strict=True))
    absent = (0,) * market.signal_levels
    weights = tuple(rows.get(group, absent) for group in range(len(market.groups)))
    placed = Hash(weights=weights, modulus=found.modulus, is_exclusive=found.is_exclusive)
    return Colouring(kind="hash", count=found.modulus, most_eligible=rho, hash=placed)


@lru_cache(maxsize=64)
def find_hash(groups: int, levels: int, *, by_counts: bool, below: int) -> Hash | None:
    """Return the proper hash with the fewest colours that is known, or None unless it has fewer than `below`.

    Args:
        groups: l, at least 1.
        levels: k, at least 2.
        by_counts: Whether values depend on counts of more than two signal values, not on sums.
        below: More colours than this are of no use.
    """
    found = _known_hash(groups, levels, by_counts) or (
        _search_differences(groups, levels, below) if by_counts else _search_factors(groups, levels, below)
    )
    return found if found is not None and found.modulus < below else None


def _known_hash(groups: int, levels: int, by_counts: bool) -> Hash | None:
    if by_counts and levels > 2:
        return HASHES_BY_COUNTS.get((groups, levels))
    if levels == 2:
        return _multiples(range(1, groups + 1), 2, groups + 1)
    if groups <= 2:
        # The distances of one group are 1..k-1, those of the other -1..-(k-1).
        return _multiples((1, -1)[:groups], levels, groups * (levels - 1) + 1)
    listed = MULTIPLIERS_BY_SUMS.get((groups, levels))
    return None if listed is None else _multiples(listed[1], levels, listed[0])


def _multiples(factors: Sequence[int], levels: int, modulus: int) -> Hash:
    rows = (tuple(factor * signal % modulus for signal in range(levels)) for factor in factors)
    return Hash(weights=tuple(rows), modulus=modulus)


def _search_factors(groups: int, levels: int, below: int) -> Hash | None:
    """Give each group the least factor whose multiples are new: as integers, hence modulo one more than all."""
    used: set[int] = set()
    factors: list[int] = []
    factor = 0
    while len(factors) < groups:
        factor += 1
        multiples = range(factor, factor * levels, factor)
        if multiples[-1] + 1 >= below:
            return None
        if used.isdisjoint(multiples):
            used.update(multiples)
            factors.append(factor)
    return _multiples(factors, levels, max(used) + 1)


def _search_differences(groups: int, levels: int, below: int) -> Hash | None:
    """Give each signal value the least weight, above the one before, whose differences to all before it are new."""
    used: set[int] = set()
    rows: list[tuple[int, ...]] = []
    for _ in range(groups):
        row, weight = [0], 0
        while len(row) < levels:
            weight += 1
            if weight + 1 >= below:
                return None
            differences = [weight - earlier for earlier in row]
            if used.isdisjoint(differences):
                used.update(differences)
                row.append(weight)
        rows.append(tuple(row))
    return Hash(weights=tuple(rows), modulus=max(used) + 1)


def _populated(market: Market) -> list[int]:
    return [group for group in range(len(market.groups)) if market.members(group)]
