"""Draws: every random choice of a session, computed from its seed by anybody who has it.

Each label has a stream of its own, so that what is drawn for one purpose never shifts what is drawn for
another. `SeededChance` is what sessions, simulations and replays hand to a mechanism. It refuses to use a
label twice, because two purposes under one label would be correlated.
"""

from __future__ import annotations

import hmac
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from fractions import Fraction
from itertools import accumulate
from struct import Struct

from openoutcry.errors import UsageError
from openoutcry.protocol.framing import lp, u64

_PURPOSE = lp(b"auction/draw/v1")
_BLOCK = Struct(">4Q")
_WORD_BITS = 64
_WORD_RANGE = 2**_WORD_BITS


def keyed_hash(key: bytes, data: bytes) -> bytes:
    """Return HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, data, "sha256")


class DrawStream:
    """The numbers that a seed gives for one label.

    Args:
        seed: 32 bytes; shorter ones are as good as their entropy.
        label: The one purpose of this stream.
    """

    __slots__ = ("_counter", "_key", "_words")

    def __init__(self, seed: bytes, label: str) -> None:
        self._key = keyed_hash(seed, _PURPOSE + lp(label.encode()))
        self._counter = 0
        # What is left of the current block, the next word last.
        self._words: list[int] = []

    def below(self, n: int) -> int:
        """Draw one of 0..n-1, each equally likely; n is at least 1.

        A number beyond 2^64 is put together from as many words as it needs, the first of them the highest.

        Raises:
            UsageError: n is less than 1.
        """
        if n > _WORD_RANGE:
            return self._below_wide(n)
        if n < 1:
            raise UsageError(f"a draw is from at least 1 number, not {n}")
        # Words from the incomplete last stretch of n numbers would favour the low ones.
        limit = _WORD_RANGE - _WORD_RANGE % n
        words = self._words
        while True:
            if not words:
                words += reversed(_BLOCK.unpack(keyed_hash(self._key, u64(self._counter))))
                self._counter += 1
            word = words.pop()
            if word < limit:
                return word % n

    def _below_wide(self, n: int) -> int:
        count = -(-(n - 1).bit_length() // _WORD_BITS)
        reach = 1 << (_WORD_BITS * count)
        limit = reach - reach % n
        while True:
            wide = 0
            for _ in range(count):
                wide = wide << _WORD_BITS | self.below(_WORD_RANGE)
            if wide < limit:
                return wide % n

    def shuffle(self, n: int) -> tuple[int, ...]:
        """Draw an order of 0..n-1, each equally likely; n >= 0."""
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            chosen = self.below(last + 1)
            order[last], order[chosen] = order[chosen], order[last]
        return tuple(order)


class SeededChance:
    """The `Chance` of a mechanism whose every draw follows from a seed.

    `pick` takes the first candidate in one order of the whole roster that its label names. As long as nobody who
    was picked is a candidate again, that has the distribution of fresh draws; and a bidder who leaves early
    changes nobody else's luck.

    Args:
        seed: 32 bytes.
        bidder_count: Length n >= 1 of the roster.
    """

    __slots__ = ("_bidder_count", "_places", "_seed", "_used")

    def __init__(self, seed: bytes, bidder_count: int) -> None:
        if bidder_count < 1:
            raise UsageError(f"a roster has at least one bidder, not {bidder_count}")
        self._seed = seed
        self._bidder_count = bidder_count
        self._used: set[str] = set()
        # For each label of `pick`: at index i the place of bidder i in the label's order.
        self._places: dict[str, tuple[int, ...]] = {}

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Draw one of 0..n-1, each equally likely; n is at least 1, `state` is not looked at.

        Raises:
            UsageError: n is less than 1, or the label was used before.
        """
        return self._stream(label).below(n)

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Draw True with exactly this probability; `state` is not looked at.

        Raises:
            UsageError: It is no probability, or the label was used before.
        """
        if not 0 <= probability <= 1:
            raise UsageError(f"draw {label!r}: {probability} is no probability")
        return self._stream(label).below(probability.denominator) < probability.numerator

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Draw an index of `weights` as often as its weight says; `state` is not looked at.

        Raises:
            UsageError: A weight is negative or none is above 0, or the label was used before.
        """
        ends = list(accumulate(weights))
        if not ends or min(weights) < 0 or not ends[-1]:
            raise UsageError(f"draw {label!r} needs weights of at least 0, one of them above it")
        # The number falls to the first index whose end lies above it; without weight nothing lies between two ends.
        return bisect_right(ends, self._stream(label).below(ends[-1]))

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Draw one of the candidates, each equally likely; `state` is not looked at.

        Args:
            label: May be used again, and then names the same order.
            candidates: Roster indexes, each 0..n-1, at least one.
            state: See `Chance`.

        Raises:
            UsageError: There is no candidate, one is not on the roster, or the label has another use.
        """
        if not candidates:
            raise UsageError(f"draw {label!r}: there is nobody to pick from")
        if not 0 <= min(candidates) <= max(candidates) < self._bidder_count:
            raise UsageError(f"draw {label!r}: a candidate is not one of 0..{self._bidder_count - 1}")
        places = self._places.get(label)
        if places is None:
            places = self._places[label] = self._draw_places(label)
        return min(candidates, key=places.__getitem__)

    def _draw_places(self, label: str) -> tuple[int, ...]:
        places = [0] * self._bidder_count
        for place, bidder in enumerate(self._stream(label).shuffle(self._bidder_count)):
            places[bidder] = place
        return tuple(places)

    def _stream(self, label: str) -> DrawStream:
        if label in self._used:
            raise UsageError(f"draw {label!r}: the label was used before; give every purpose its own")
        self._used.add(label)
        return DrawStream(self._seed, label)
