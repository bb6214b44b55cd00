"""The levels that are still possible, and how many of them each bidder owns.

The window [q_min, q_max] only ever shrinks, so two pointers walk inwards over the levels of S and every level
is dropped once: all narrowing of a session together is linear in the number of levels. Only
`signal_discovery.py` uses it.
"""

from __future__ import annotations

from collections.abc import Sequence


class Window:
    """The levels of S within [lowest, highest], each with its owner.

    Args:
        levels: S, rising.
        owners: The owner of each level, as many as levels.
        bidder_count: n; owners are roster indices 0..n-1.
        highest: The greatest possible level; the window starts as [0, highest].
    """

    def __init__(self, *, levels: range, owners: Sequence[int], bidder_count: int, highest: int) -> None:
        self.lowest = 0
        self.highest = highest
        self._levels = levels
        self._owners = owners
        self._first = 0
        self._last = len(levels) - 1
        self._counts = [0] * bidder_count
        for owner in owners:
            self._counts[owner] += 1

    def owned(self, bidder: int) -> int:
        """Return how many levels within the window this bidder owns."""
        return self._counts[bidder]

    def narrow(self, lowest: int, highest: int) -> list[int]:
        """Shrink the window and return who thereby lost its last level.

        Args:
            lowest: The new q_min, at least the old one.
            highest: The new q_max, at most the old one.
        """
        self.lowest, self.highest = lowest, highest
        ownerless: list[int] = []
        while self._first <= self._last and self._levels[self._first] < lowest:
            self._drop(self._owners[self._first], ownerless)
            self._first += 1
        while self._first <= self._last and self._levels[self._last] > highest:
            self._drop(self._owners[self._last], ownerless)
            self._last -= 1
        return ownerless

    def contents(self) -> list[tuple[int, int]]:
        """Return the pairs (level, owner) within the window, levels rising."""
        within = slice(self._first, self._last + 1)
        return list(zip(self._levels[within], self._owners[within], strict=True))

    def _drop(self, owner: int, ownerless: list[int]) -> None:
        self._counts[owner] -= 1
        if not self._counts[owner]:
            ownerless.append(owner)
