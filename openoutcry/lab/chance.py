"""The luck of campaigns: random words that are addressed by number, so that auction 7 000 000 needs none before it.

A campaign draws for millions of auctions, in any order and on any number of machines. Every draw is therefore a
function of four things only: the campaign's seed, the market, the label and the auction's number. Words are those of
Philox4x64-10, a counter-based generator: its key is a hash of seed, market and label; its counter says which block of
four 64-bit words is meant. The kernels read the words of thousands of auctions at once (`read_words`), `CampaignChance`
reads those of one auction for the reference generator. Both make numbers of words in the same way, so they agree draw
by draw.

| counter | holds |
|---|---|
| (b, 0, 0, 0) | the words that auctions reserve, one auction after another: auction i starts at block i x blocks |
| (b, i, 1, 0) | further words of auction i, for the rare draw that is rejected, or that needs many |

An auction reserves one block for a number and as many words as there are bidders, rounded up to blocks, for an order.

Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011), for Philox.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import UsageError
from openoutcry.protocol.framing import lp

Words = NDArray[np.uint64]

BLOCK_WORDS = 4
INDEX_LIMIT = 2**48
"""Auctions of one market: far more than anybody plays, and blocks beyond them still fit the counter."""

_PURPOSE = lp(b"openoutcry.lab/draw/v1")
_WORD_BITS = 64
_WORD_RANGE: int = 2**_WORD_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """Where the draws of all auctions of one market come from.

    Attributes:
        seed: Of the campaign, any text.
        market: Names the market among those of the campaign, `Cell.luck_name`; the mechanism is no part of it, so that
            all mechanisms meet the same bidders with the same luck.
    """

    seed: str
    market: str

    def key(self, label: str) -> tuple[int, int]:
        """Return the Philox key of a label: two 64-bit words."""
        named = _PURPOSE + lp(self.seed.encode()) + lp(self.market.encode()) + lp(label.encode())
        digest = hashlib.sha256(named).digest()
        return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")

    def read_words(self, label: str, first: int, count: int, width: int) -> Words:
        """Return the words that auctions reserve under a label.

        Args:
            label: One purpose.
            first: Number of the first auction, at least 0.
            count: How many auctions.
            width: How many words each uses; it reserves whole blocks.

        Returns:
            One row for each auction, `width` words each.

        Raises:
            UsageError: An auction's number is beyond the limit.
        """
        if not 0 <= first <= first + count <= INDEX_LIMIT:
            raise UsageError(f"auctions are numbered 0..2^48-1, not {first}..{first + count - 1}")
        blocks = -(-width // BLOCK_WORDS)
        generator = np.random.Philox(key=self._key_array(label), counter=[first * blocks, 0, 0, 0])
        words: Words = generator.random_raw(count * blocks * BLOCK_WORDS)
        return words.reshape(count, blocks * BLOCK_WORDS)[:, :width]

    def further_words(self, label: str, index: int) -> _FurtherWords:
        """Return the words of one auction beyond those that it reserves, one at a time."""
        return _FurtherWords(np.random.Philox(key=self._key_array(label), counter=[0, index, 1, 0]))

    def chance(self, index: int, bidder_count: int) -> CampaignChance:
        """Return the chance of one auction; `bidder_count` is the length n of the roster."""
        return CampaignChance(self, index, bidder_count)

    def bidder_seed(self, index: int) -> bytes:
        """Return the 32 bytes from which the bidders of an auction make their own generators."""
        named = lp(self.seed.encode()) + lp(self.market.encode()) + lp(str(index).encode())
        return hashlib.sha256(lp(b"openoutcry.lab/bidders/v1") + named).digest()

    def _key_array(self, label: str) -> NDArray[np.uint64]:
        return np.array(self.key(label), dtype=np.uint64)


class _FurtherWords:
    __slots__ = ("_generator",)

    def __init__(self, generator: np.random.Philox) -> None:
        self._generator = generator

    def next(self) -> int:
        return int(self._generator.random_raw())


class Dice:
    """Any number of draws one after another, for what is made once for a market: values, owners, priors.

    Args:
        luck: Of the market.
        label: One purpose.
    """

    __slots__ = ("_words",)

    def __init__(self, luck: Luck, label: str) -> None:
        self._words = luck.further_words(label, 0)

    def below(self, n: int) -> int:
        """Draw one of 0..n-1, each equally likely; n is 1..2^64."""
        limit = reject_from(n)
        while (word := self._words.next()) >= limit:
            pass
        return word % n

    def between(self, least: int, greatest: int) -> int:
        """Draw an integer in least..greatest, each equally likely."""
        return least + self.below(greatest - least + 1)

    def shuffle(self, n: int) -> list[int]:
        """Draw an order of 0..n-1, each equally likely."""
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            chosen = self.below(last + 1)
            order[last], order[chosen] = order[chosen], order[last]
        return order


def reject_from(n: int) -> int:
    """Return the first word that a draw from 0..n-1 rejects: from it on, low numbers would be favoured; n <= 2^64."""
    return _WORD_RANGE - _WORD_RANGE % n


def draw_numbers(luck: Luck, label: str, first: int, count: int, n: int) -> NDArray[np.int64]:
    """Return what `uniform(label, n)` draws for each of these auctions, as if nothing else used the label.

    Args:
        luck: Of the market.
        label: One purpose.
        first: Number of the first auction.
        count: How many auctions.
        n: 1..2^32.
    """
    words = luck.read_words(label, first, count, 1)[:, 0]
    numbers = (words % np.uint64(n)).astype(np.int64)
    limit = reject_from(n)
    if limit < _WORD_RANGE:
        for row in np.flatnonzero(words >= np.uint64(limit)).tolist():
            numbers[row] = luck.chance(first + row, 1).uniform(label, n)
    return numbers


def draw_orders(luck: Luck, label: str, first: int, count: int, bidder_count: int) -> Words:
    """Return for each of these auctions the keys by which `pick(label, ...)` orders the roster.

    Returns:
        One row for each auction, one key for each bidder, all different in a row; the bidder with the least key goes
        first. The lowest bits of a key are the bidder's index, the others are random.
    """
    keys = luck.read_words(label, first, count, bidder_count)
    if not keys.flags.c_contiguous:
        keys = np.ascontiguousarray(keys)
    mask = (1 << (bidder_count - 1).bit_length()) - 1
    keys &= np.uint64(_WORD_RANGE - 1 - mask)
    keys |= np.arange(bidder_count, dtype=np.uint64)
    return keys


def draw_matrix(luck: Luck, label: str, first: int, count: int, width: int, n: int) -> NDArray[np.int64]:
    """Return `width` numbers of 0..n-1 for each of these auctions, every number equally likely.

    Args:
        luck: Of the market.
        label: One purpose.
        first: Number of the first auction.
        count: How many auctions.
        width: Numbers for each auction; it reserves half as many words.
        n: 1..2^32.
    """
    words = luck.read_words(label, first, count, -(-width // 2))
    # Each word gives two numbers, its lower half first, whatever the machine's byte order.
    halves = np.empty((count, words.shape[1], 2), dtype=np.uint64)
    np.bitwise_and(words, np.uint64(2**32 - 1), out=halves[:, :, 0])
    np.right_shift(words, np.uint64(32), out=halves[:, :, 1])
    flat = halves.reshape(count, -1)[:, :width]
    # Multiplying and keeping the upper half is exact once those lower halves are redrawn that come up too often.
    scaled = flat * np.uint64(n)
    numbers = (scaled >> np.uint64(32)).astype(np.int64)
    threshold = 2**32 % n
    if threshold:
        redrawn = (scaled & np.uint64(2**32 - 1)) < np.uint64(threshold)
        for row in np.flatnonzero(redrawn.any(axis=1)).tolist():
            further = luck.further_words(label, first + row)
            for place in np.flatnonzero(redrawn[row]).tolist():
                while (word := further.next()) >= reject_from(n):
                    pass
                numbers[row, place] = word % n
    return numbers


class CampaignChance:
    """The `Chance` of one auction of a campaign.

    As with a session's seed, `pick` takes the first candidate in one order of the roster that its label names, and a
    label is used for one purpose only.

    Args:
        luck: Of the market.
        index: The auction's number, 0..2^48-1.
        bidder_count: Length n >= 1 of the roster.
    """

    __slots__ = ("_bidder_count", "_index", "_keys", "_luck", "_used")

    def __init__(self, luck: Luck, index: int, bidder_count: int) -> None:
        if bidder_count < 1:
            raise UsageError(f"a roster has at least one bidder, not {bidder_count}")
        self._luck = luck
        self._index = index
        self._bidder_count = bidder_count
        self._used: set[str] = set()
        self._keys: dict[str, list[int]] = {}

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Draw one of 0..n-1, each equally likely; n is at least 1, `state` is not looked at.

        Raises:
            UsageError: n is less than 1, or the label was used before.
        """
        if n < 1:
            raise UsageError(f"a draw is from at least 1 number, not {n}")
        self._use(label)
        word = int(self._luck.read_words(label, self._index, 1, 1)[0, 0])
        if n > _WORD_RANGE:
            return self._wide(label, n)
        if word < reject_from(n):
            return word % n
        further = self._luck.further_words(label, self._index)
        while (word := further.next()) >= reject_from(n):
            pass
        return word % n

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Draw True with exactly this probability; `state` is not looked at.

        Raises:
            UsageError: It is no probability, or the label was used before.
        """
        if not 0 <= probability <= 1:
            raise UsageError(f"draw {label!r}: {probability} is no probability")
        return self.uniform(label, probability.denominator) < probability.numerator

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Draw an index of `weights` as often as its weight says; `state` is not looked at.

        Raises:
            UsageError: A weight is negative or none is above 0, or the label was used before.
        """
        ends = list(accumulate(weights))
        if not ends or min(weights) < 0 or not ends[-1]:
            raise UsageError(f"draw {label!r} needs weights of at least 0, one of them above it")
        return bisect_right(ends, self.uniform(label, ends[-1]))

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Draw one of the candidates, each equally likely; `state` is not looked at.

        Args:
            label: May be used again, and then names the same order.
            candidates: Roster indices, each 0..n-1, at least one.
            state: See `Chance`.

        Raises:
            UsageError: There is no candidate, one is not on the roster, or the label has another use.
        """
        if not candidates:
            raise UsageError(f"draw {label!r}: there is nobody to pick from")
        if not 0 <= min(candidates) <= max(candidates) < self._bidder_count:
            raise UsageError(f"draw {label!r}: a candidate is not one of 0..{self._bidder_count - 1}")
        keys = self._keys.get(label)
        if keys is None:
            self._use(label)
            keys = draw_orders(self._luck, label, self._index, 1, self._bidder_count)[0].tolist()
            self._keys[label] = keys
        return min(candidates, key=keys.__getitem__)

    def _wide(self, label: str, n: int) -> int:
        """Put a number beyond 2^64 together from as many words as it needs, the first of them the highest."""
        further = self._luck.further_words(label, self._index)
        words = -(-(n - 1).bit_length() // _WORD_BITS)
        reach = 1 << (_WORD_BITS * words)
        while True:
            wide = 0
            for _ in range(words):
                wide = wide << _WORD_BITS | further.next()
            if wide < reach - reach % n:
                return wide % n

    def _use(self, label: str) -> None:
        if label in self._used:
            raise UsageError(f"draw {label!r}: the label was used before; give every purpose its own")
        self._used.add(label)
