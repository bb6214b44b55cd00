"""Timers for what a session awaits: one for each party, since a party is asked one thing at a time.

Decides: when a deadline is reported as passed. Refuses nothing: a deadline that was met while its report was under
way is ignored by the session. Called by the driver, with parties as keys; enrolment, which all await together, has a
key of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter

from auctioneer.metrics import Metrics
from openoutcry.session.values import Deadline

ENROLMENT = b""
"""Key of the deadline that is nobody's in particular."""


class Deadlines:
    """Timers of one session.

    Args:
        passed: Told of each deadline that passes.
        metrics: Counts questions in flight and how long answers take.
    """

    def __init__(self, passed: Callable[[Deadline], None], metrics: Metrics) -> None:
        self._passed = passed
        self._loop = asyncio.get_running_loop()
        self._timers: dict[bytes, tuple[asyncio.TimerHandle, float, Deadline]] = {}
        self._in_flight = metrics.questions_in_flight
        self._answer_seconds = metrics.answer_seconds

    def start(self, party: bytes, deadline: Deadline) -> None:
        """Begin to wait; an earlier deadline of the party is over."""
        self.cancel(party)
        handle = self._loop.call_later(deadline.after_ms / 1000, self._pass, party, deadline)
        self._timers[party] = (handle, perf_counter(), deadline)
        self._in_flight.inc()

    def meet(self, party: bytes, is_awaited: Callable[[Deadline], bool]) -> None:
        """End the wait for a party that has answered, unless more of its answer is to come.

        Args:
            party: Whose message was accepted.
            is_awaited: Whether a deadline can still pass: an opening has one for all its parts.
        """
        timer = self._timers.get(party)
        if timer is None or is_awaited(timer[2]):
            return
        started = self.cancel(party)
        if started is not None:
            self._answer_seconds.observe(perf_counter() - started)

    def cancel(self, party: bytes) -> float | None:
        """End the wait for a party, and return when it began, if it was under way."""
        timer = self._timers.pop(party, None)
        if timer is None:
            return None
        timer[0].cancel()
        self._in_flight.dec()
        return timer[1]

    def cancel_all(self) -> None:
        """End all waits."""
        for party in list(self._timers):
            self.cancel(party)

    def _pass(self, party: bytes, deadline: Deadline) -> None:
        self.cancel(party)
        self._passed(deadline)
