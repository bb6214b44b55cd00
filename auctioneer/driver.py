"""Drives one session: inputs in, a durable log, and only then deliveries and deadlines.

One task a session. It takes what is queued, applies each input in turn, appends all their entries with one call of
the store, and when that has returned wakes the streams of those concerned and starts the timers. While one append is
under way the next inputs queue up, so that a busy session makes few and large appends and an idle one small and
immediate ones.

Inputs after which the mechanism may compute for long, because reports are read and weighed, are applied in a thread, so
that the event loop goes on with other sessions and with this one's streams; whatever comes for the session meanwhile
waits in its queue, in order. While the mechanism computes nothing is awaited of any bidder, and an answer that has come
stands in the queue before the deadline that passes after it: so nobody is late because the auctioneer was busy.

When an append fails, the session in memory is ahead of its log: it is dropped, all streams are closed so that bidders
attach again, and the session is restored from the log by replay as soon as the log can be read. Deadlines then start
anew, in full. Whatever a peer sends, the driver does not raise.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import grpc

from auctioneer.deadlines import ENROLMENT, Deadlines
from auctioneer.durable_log import DurableLog
from auctioneer.logs import DEVIATION, ENTRIES, ERROR_TYPE, SESSION_ID, get_logger
from auctioneer.metrics import Metrics
from auctioneer.statuses import CallRefused
from auctioneer.stores import Store
from openoutcry.errors import OpenOutcryError, PeerError
from openoutcry.mechanisms.conversation import Climb
from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import PAYLOAD_TYPES, ReportCommit
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.values import (
    Cancelled,
    Deadline,
    DeadlinePassed,
    Delivery,
    Effects,
    Input,
    Phase,
    Received,
    Refusal,
)

INBOX_LIMIT = 1024
"""Inputs that wait for their turn. Whoever reads a stream then waits until some have been taken."""

BATCH_LIMIT = 64
"""Inputs applied before their append. In the event loop each costs up to a fifth of a millisecond, in which nobody else
is served."""

FIRST_RETRY_SECONDS = 0.05
LAST_RETRY_SECONDS = 5.0

MESSAGE_NAMES = {
    payload_type: payload_type.removeprefix("application/vnd.openoutcry.").removesuffix(".v1+proto")
    for payload_type in PAYLOAD_TYPES.values()
}
COMMITMENT = MESSAGE_NAMES[PAYLOAD_TYPES[ReportCommit]]


class Listener(Protocol):
    """A bidder's stream, as the driver knows it."""

    party: bytes

    def notify(self) -> None:
        """Learn that there is an entry to deliver, or that the session has ended."""
        ...

    def end(self, reason: OpenOutcryError) -> None:
        """End the stream for this reason."""
        ...


@dataclass(frozen=True, slots=True)
class _Arrival:
    given: Input
    listener: Listener | None
    message: str


class SessionDriver:
    """One session of the service.

    Args:
        session: Standing right behind its log.
        entries: That log; only its latest part is kept.
        store: Keeps the log.
        restore: Makes the session anew from a log.
        metrics: Counts.
        on_end: Told once when the session has ended.
        on_log: Told when the log cannot be reached, and when it can be again.

    Attributes:
        session: As far as it was applied; while an append is under way, ahead of the log.
        log: The durable part of its log.
    """

    def __init__(
        self,
        *,
        session: AuctioneerSession,
        entries: Sequence[bytes],
        store: Store,
        restore: Callable[[Sequence[bytes]], AuctioneerSession],
        metrics: Metrics,
        on_end: Callable[[SessionDriver], None],
        on_log: Callable[[SessionDriver, bool], None] = lambda driver, is_there: None,
    ) -> None:
        self.session = session
        self.session_id = session.session_id
        self.session_open = entries[0]
        self.log = DurableLog(session.session_id, store, entries)
        self._restore = restore
        self._metrics = metrics
        self._on_end = on_end
        self._on_log = on_log
        self._inbox: list[_Arrival] = []
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._listeners: dict[bytes, Listener] = {}
        self._deadlines = Deadlines(self._pass, metrics)
        self._cancellation: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._final_note: bytes | None = None
        self._is_ready = True
        self._is_stopping = False
        self._logger = get_logger(**{SESSION_ID: self.session_id})

    @property
    def size(self) -> int:
        """Durable entries."""
        return self.log.size

    @property
    def has_ended(self) -> bool:
        """Whether the session is closed or void, and all of it durable."""
        return self.log.is_complete

    def final_note(self, key: SigningKey) -> bytes:
        """Return the signed checkpoint of the whole log of a session that has ended; all bidders are told the same."""
        if self._final_note is None:
            tree = self.session.log.tree
            checkpoint = Checkpoint(origin=session_origin(self.session_id), size=tree.size, root=tree.root())
            self._final_note = sign_checkpoint(checkpoint, key)
        return self._final_note

    # --- For the service. ---

    def start(self) -> None:
        """Begin to drive: start what is awaited, and take inputs from now on."""
        self._start_deadlines()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Let the inputs under way be applied and appended, then end all streams; the rest is lost and sent again."""
        self._is_stopping = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        self._deadlines.cancel_all()
        self._end_listeners(CallRefused(grpc.StatusCode.UNAVAILABLE, "the service is shutting down"))
        self.log.stop()

    def cancel(self, detail: str) -> None:
        """Void the session, unless it ends before this is applied."""
        self._cancellation = detail
        self._put(_Arrival(Cancelled(detail=detail), None, ""))

    async def wait_until_ended(self) -> None:
        """Return when the session has ended.

        Raises:
            CallRefused: The service stops before that.
        """
        while not self.has_ended:
            await self.log.wait_for_growth()

    # --- For streams. ---

    def attach(self, listener: Listener) -> None:
        """Make this the stream of its party; an older one of the same party ends.

        Raises:
            CallRefused: The log cannot be reached now, or the party is a stranger and enrolment is over.
        """
        if not self._is_ready or self._is_stopping:
            raise CallRefused(grpc.StatusCode.UNAVAILABLE, "the session is not being driven now: try again")
        if self.session.phase is not Phase.ENROL and listener.party not in self.session.enrolment.parties:
            raise CallRefused(
                grpc.StatusCode.FAILED_PRECONDITION, "enrolment is over, and you have not enrolled"
            )
        older = self._listeners.get(listener.party)
        self._listeners[listener.party] = listener
        if older is None:
            self._metrics.connected_bidders.inc()
        else:
            older.end(
                CallRefused(grpc.StatusCode.FAILED_PRECONDITION, "another stream of this bidder has attached")
            )

    def detach(self, listener: Listener) -> None:
        """Forget a stream, unless a newer one has taken its place."""
        if self._listeners.get(listener.party) is listener:
            del self._listeners[listener.party]
            self._metrics.connected_bidders.dec()

    async def submit(self, data: bytes, payload_type: str, listener: Listener) -> None:
        """Queue an envelope that came from a stream; waits while the queue is full."""
        while len(self._inbox) >= INBOX_LIMIT:
            self._has_room.clear()
            await self._has_room.wait()
        self._put(_Arrival(Received(data=data), listener, MESSAGE_NAMES.get(payload_type, "")))

    def pending(self, party: bytes, start: int) -> list[int]:
        """Return the indexes, from `start` on, of durable entries that are to be delivered to a party."""
        indexes = self.session.log.addressed_from(party, start)
        while indexes and indexes[-1] >= self.size:
            indexes.pop()
        return indexes

    async def delivery(self, party: bytes, index: int, from_size: int) -> Delivery:
        """Return a durable entry with the proofs that lead a party to it from the head that it holds.

        Raises:
            StorageError: The store cannot be reached.
        """
        envelope = await self.log.entry(index)
        return self.session.log.delivery(party=party, index=index, envelope=envelope, from_size=from_size)

    # --- The loop. ---

    def _put(self, arrival: _Arrival) -> None:
        self._inbox.append(arrival)
        self._arrived.set()

    def _pass(self, deadline: Deadline) -> None:
        self._put(_Arrival(DeadlinePassed(deadline=deadline), None, ""))

    async def _run(self) -> None:
        while not self.has_ended:
            try:
                if self.session.phase.is_final:
                    await self._finish()
                    return
                if not self._inbox:
                    self._arrived.clear()
                    if self._is_stopping:
                        return
                    await self._arrived.wait()
                if self._is_stopping:
                    return
                await self._take_batch()
            except Exception as error:
                # Nothing of this batch has left; whatever went wrong, the log says where to go on.
                if not await self._recover(error):
                    return

    async def _take_batch(self) -> None:
        batch = self._inbox[:BATCH_LIMIT]
        del self._inbox[:BATCH_LIMIT]
        self._has_room.set()
        now_ns = time.time_ns()
        # One batch at a time, thread or not: nobody else moves the session. What the loop reads of it meanwhile is the
        # durable part of its log, which only grows.
        if _may_take_long(self.session, batch):
            applied = await asyncio.to_thread(_apply, self.session, batch, now_ns)
        else:
            applied = _apply(self.session, batch, now_ns)
        entries = [entry for _, effects in applied for entry in effects.entries]
        if entries:
            started = time.perf_counter()
            await self.log.append(entries)
            self._metrics.append_seconds.observe(time.perf_counter() - started)
            self._metrics.append_entries.observe(len(entries))
        for arrival, effects in applied:
            self._perform(arrival, effects)
        if entries:
            self.log.tell_growth()

    def _perform(self, arrival: _Arrival, effects: Effects) -> None:
        """Let what follows from an input happen, now that it is durable."""
        listener = arrival.listener
        if listener is not None and isinstance(arrival.given, Received):
            # What was accepted stands in the log as it came, and first.
            is_accepted = bool(effects.entries) and effects.entries[0] == arrival.given.data
            if is_accepted:
                self._deadlines.meet(listener.party, self.session.awaits)
            self._metrics.count_envelope(arrival.message, accepted=is_accepted)
        for addressed in effects.addressed:
            target = self._listeners.get(addressed.party)
            if target is not None:
                target.notify()
        for deadline in effects.deadlines:
            self._deadlines.start(self._party_of(deadline), deadline)
        if self.session.phase is not Phase.ENROL:
            self._deadlines.cancel(ENROLMENT)
        for refusal in effects.refusals:
            self._refuse(refusal, listener)

    def _refuse(self, refusal: Refusal, listener: Listener | None) -> None:
        self._logger.info(
            "envelope refused",
            **{DEVIATION: refusal.code.value, "party": refusal.party, "detail": refusal.detail},
        )
        if refusal.is_recorded:
            self._metrics.count_deviation(refusal.code)
        elif listener is not None and not self.session.phase.is_final:
            # The log says nothing of it, so the stream has to.
            listener.end(PeerError(refusal.code.value, refusal.detail))

    async def _finish(self) -> None:
        self._deadlines.cancel_all()
        await self.log.complete()
        self._inbox.clear()
        self._has_room.set()
        self._metrics.count_session_end(void=self.session.phase is Phase.VOID)
        self._logger.info("session ended", phase=self.session.phase.name, **{ENTRIES: self.size})
        for listener in list(self._listeners.values()):
            listener.notify()
        self.log.tell_growth()
        self._on_end(self)

    async def _recover(self, error: Exception) -> bool:
        """Drop what is ahead of the log and restore the session from it, however long that takes.

        Returns:
            Whether it was restored; not when the service stops before that.
        """
        self._logger.error(
            "the log could not be written", exc_info=error, **{ERROR_TYPE: type(error).__name__}
        )
        self._is_ready = False
        self._on_log(self, False)
        self._deadlines.cancel_all()
        self._end_listeners(
            CallRefused(grpc.StatusCode.UNAVAILABLE, "the log cannot be written now: attach again")
        )
        retry_seconds = FIRST_RETRY_SECONDS
        while not self._is_stopping:
            try:
                # All that was computed is computed again.
                self.session = await asyncio.to_thread(self._restore, await self.log.reload())
            except OpenOutcryError as failure:
                self._logger.error("the session could not be restored", exc_info=failure)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wait_for_stop(), retry_seconds)
                retry_seconds = min(2 * retry_seconds, LAST_RETRY_SECONDS)
                continue
            self._is_ready = True
            self._on_log(self, True)
            self._inbox.clear()
            self._has_room.set()
            if self._cancellation is not None:
                self._put(_Arrival(Cancelled(detail=self._cancellation), None, ""))
            self._start_deadlines()
            self._logger.info("session restored", **{ENTRIES: self.size})
            return True
        return False

    async def _wait_for_stop(self) -> None:
        while not self._is_stopping:
            self._arrived.clear()
            await self._arrived.wait()

    # --- Small things. ---

    def _start_deadlines(self) -> None:
        for deadline in self.session.deadlines:
            self._deadlines.start(self._party_of(deadline), deadline)

    def _party_of(self, deadline: Deadline) -> bytes:
        return ENROLMENT if deadline.member is None else self.session.members[deadline.member].sender_id

    def _end_listeners(self, reason: OpenOutcryError) -> None:
        for listener in list(self._listeners.values()):
            listener.end(reason)


def _may_take_long(session: AuctioneerSession, batch: Sequence[_Arrival]) -> bool:
    """Return whether a batch may bring work of more than moments: a mechanism that begins, or reports to be weighed.

    A report may hold a hundred thousand points, and what a mechanism makes of a wave of them takes seconds where it
    solves linear programs. Clocks are cheap, and there are many steps of them, so these are spared the thread, and so
    are commitments, of which the last only lets reports be opened.
    """
    if session.play is None:
        return session.phase is Phase.SEED and len(session.deadlines) <= len(batch)
    wave = session.play.conductor.wave
    if wave is None or all(isinstance(question, Climb) for question in wave.questions):
        return False
    return any(arrival.message != COMMITMENT for arrival in batch)


def _apply(
    session: AuctioneerSession, batch: Sequence[_Arrival], at_ns: int
) -> list[tuple[_Arrival, Effects]]:
    return [(arrival, session.apply(arrival.given, at_ns)) for arrival in batch]
