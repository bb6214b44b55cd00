"""Ctrl-C as a wish to stop early, for commands that have something to show by then."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def first_interrupt() -> Iterator[Callable[[], bool]]:
    """Take the first Ctrl-C as a wish to stop, and give a function that tells of it; the second one ends everything.

    An exception would be raised wherever the program happens to be: within a strategy that catches everything, say.
    """
    was_seen = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal was_seen
        if was_seen:
            raise KeyboardInterrupt
        was_seen = True

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        # Whoever started us in the background wants Ctrl-C to do nothing.
        yield lambda: False
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: was_seen
    finally:
        signal.signal(signal.SIGINT, before)
