"""Virtual time: it stands still while something happens and jumps to the next thing when all are waiting."""

from __future__ import annotations

import heapq
from collections.abc import Callable

NANOSECONDS_PER_MILLISECOND = 1_000_000


class VirtualTime:
    """A queue of actions, each at its time; equal times in the order in which they were asked for.

    Attributes:
        now_ns: Nanoseconds since the simulation began.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._asked = 0

    def after(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Do something `delay_ns` >= 0 nanoseconds from now."""
        heapq.heappush(self._waiting, (self.now_ns + delay_ns, self._asked, action))
        self._asked += 1

    def step(self) -> bool:
        """Jump to the next action and do it; False when nothing is waiting any more."""
        if not self._waiting:
            return False
        self.now_ns, _, action = heapq.heappop(self._waiting)
        action()
        return True
