"""One bidder's stream: who is at its other end, what it sends, and what it is sent.

```
bidder      Attach(session)             Hello(signed nonce)        envelope ...
auctioneer              Challenge(nonce, SessionOpen)     delivery ...            FinalCheckpoint, OK
```

A stream holds no queue: it knows how far it has delivered, and takes what comes next from the log when the
connection has taken the last frame. So a bidder that reads slowly costs nothing but its place in the log and delays
nobody; when it lags too far, or takes no frame in time, its stream is ended and it may attach again.

Refuses: an envelope that is not of the bidder that signed the Hello, before it can cost a verification or be recorded
against somebody else; and more envelopes than deliveries can explain.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from time import monotonic
from typing import Any

import grpc

from auctioneer.driver import SessionDriver
from auctioneer.handover import HandoverReader
from auctioneer.statuses import CallRefused
from openoutcry.errors import OpenOutcryError, PeerError
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import PAYLOAD_TYPES, CommitClosed
from openoutcry.session.attachment import Attached, verify_hello
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.values import Delivery
from openoutcry.wire import encode_conclusion, encode_delivery
from openoutcry.wire.v1 import service_pb2 as wire

NONCE_BYTES = 32

FREE_ENVELOPES = 2 * limits.OPENING_PARTS
"""Envelopes that a stream may send before anything was delivered on it: a bidder that attaches again repeats what it
does not know to have arrived, and that is never more than one report in parts and a few others."""

ENVELOPES_PER_SECOND = 20
"""Envelopes that a stream may send on top of one for each delivery. An honest bidder needs none of them."""

Context = grpc.aio.ServicerContext[wire.ParticipateRequest, wire.ParticipateResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Bounds on one stream.

    Attributes:
        lag: Deliveries that may wait for it.
        write_seconds: Time for the connection to take one frame.
        hello_seconds: Time to attach and say Hello.
    """

    lag: int
    write_seconds: float
    hello_seconds: float


class BidderStream:
    """A stream that has attached.

    Args:
        context: Of the call.
        driver: Of the session.
        attached: What its Hello said.
        reader: Reads envelopes.
        checkpoint_key: Signs the final checkpoint.
        bounds: Of this stream.

    Attributes:
        party: Sender id of the bidder.
    """

    def __init__(
        self,
        *,
        context: Context,
        driver: SessionDriver,
        attached: Attached,
        reader: HandoverReader,
        checkpoint_key: SigningKey,
        bounds: StreamLimits,
    ) -> None:
        self.party = attached.sender_id
        self._context = context
        self._driver = driver
        self._reader = reader
        self._checkpoint_key = checkpoint_key
        self._bounds = bounds
        self._next_index = attached.next_index
        self._head_size = attached.head_size
        self._lag = 0
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._writing_since: float | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._allowance = float(FREE_ENVELOPES)
        self._allowed_at = monotonic()

    # --- For the driver. ---

    def notify(self) -> None:
        """Learn that there is an entry to deliver, or that the session has ended."""
        self._lag += 1
        if self._lag > self._bounds.lag:
            self.end(
                CallRefused(
                    grpc.StatusCode.UNAVAILABLE, f"{self._lag} messages wait to be read: attach again"
                )
            )
        self._news.set()

    def end(self, reason: OpenOutcryError) -> None:
        """End the stream for this reason."""
        if not self._ended.done():
            self._ended.set_exception(reason)

    # --- For the servicer. ---

    async def serve(self) -> None:
        """Read and write until the bidder leaves or the session has ended.

        Raises:
            OpenOutcryError: Why the stream ends before that.
        """
        self._driver.attach(self)
        parts: list[asyncio.Future[None]] = [
            self._ended,
            self._loop.create_task(self._read_all()),
            self._loop.create_task(self._write_all()),
        ]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._driver.detach(self)
            if self._watchdog is not None:
                self._watchdog.cancel()
            finished = [part for part in parts if part.done() and not part.cancelled()]
            failures = [failure for failure in (part.exception() for part in finished) if failure is not None]
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        if failures:
            raise failures[0]

    async def _read_all(self) -> None:
        while True:
            request = await self._context.read()
            if not isinstance(request, wire.ParticipateRequest):
                return
            self._spend()
            if request.WhichOneof("frame") != "envelope":
                raise PeerError(
                    DeviationCode.MALFORMED.value, "after the Hello a stream carries envelopes only"
                )
            data = request.envelope
            if len(data) > limits.BIDDER_ENVELOPE_BYTES:
                raise PeerError(
                    DeviationCode.MALFORMED.value, f"the envelope has {len(data)} bytes, more than allowed"
                )
            envelope = self._reader.read_ahead(data)
            if envelope.sender_id != self.party:
                raise PeerError(
                    DeviationCode.UNKNOWN_SENDER.value,
                    "the envelope is not of the bidder that attached this stream",
                )
            await self._driver.submit(data, envelope.payload_type, self)

    async def _write_all(self) -> None:
        driver = self._driver
        while True:
            self._news.clear()
            indexes = driver.pending(self.party, self._next_index)
            self._lag = len(indexes)
            for index in indexes:
                delivery = await driver.delivery(self.party, index, self._head_size)
                await self._write(encode_delivery(delivery))
                # The bidder now knows the head that this entry commits to.
                self._head_size = index
                self._next_index = index + 1
                self._lag -= 1
                self._allowance += self._answers_to(delivery)
            if indexes:
                continue
            if driver.has_ended:
                await self._write(encode_conclusion(self._conclude()))
                return
            await self._news.wait()

    def _answers_to(self, delivery: Delivery) -> int:
        """Return how many envelopes may answer a delivery: an opening comes in parts, all else in one."""
        payload_type = self._reader.read_envelope(delivery.envelope).payload_type
        return limits.OPENING_PARTS if payload_type == PAYLOAD_TYPES[CommitClosed] else 1

    def _conclude(self) -> Concluded:
        if not self._head_size:
            raise CallRefused(grpc.StatusCode.FAILED_PRECONDITION, "the session has ended without you")
        tree = self._driver.session.log.tree
        return Concluded(
            note=self._driver.final_note(self._checkpoint_key),
            consistency_from=self._head_size,
            consistency=tree.consistency_proof(self._head_size, tree.size),
        )

    async def _write(self, frame: wire.ParticipateResponse) -> None:
        self._writing_since = self._loop.time()
        if self._watchdog is None:
            self._watch()
        await self._context.write(frame)
        self._writing_since = None

    def _watch(self) -> None:
        """End the stream if a write takes too long; looks again as long as there are writes, not at each of them."""
        self._watchdog = None
        if self._writing_since is None:
            return
        due = self._writing_since + self._bounds.write_seconds
        if due > self._loop.time():
            self._watchdog = self._loop.call_at(due, self._watch)
        else:
            self.end(_stalled())

    def _spend(self) -> None:
        """Count an envelope against what deliveries and time allow."""
        self._allowance -= 1
        if self._allowance >= 0:
            return
        now = monotonic()
        self._allowance += (now - self._allowed_at) * ENVELOPES_PER_SECOND
        self._allowed_at = now
        if self._allowance < 0:
            raise PeerError(DeviationCode.RATE_LIMIT.value, "more envelopes than there was anything to say")


async def greet(
    context: Context, driver: SessionDriver, reader: EnvelopeReader, bounds: StreamLimits
) -> Attached:
    """Challenge a stream whose Attach has named the session, and return who is at its other end.

    Raises:
        PeerError: It does not answer with a Hello that holds.
        CallRefused: It does not answer in time.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    challenge = wire.Challenge(nonce=nonce, session_open=driver.session_open)
    await _within(
        context.write(wire.ParticipateResponse(challenge=challenge)), bounds.write_seconds, _stalled()
    )
    hello = await read_frame(context, "hello", bounds)
    return verify_hello(
        hello.hello, nonce=nonce, session_id=driver.session_id, reader=reader, tree=driver.session.log.tree
    )


async def read_frame(context: Context, kind: str, bounds: StreamLimits) -> wire.ParticipateRequest:
    """Return the next frame of a stream that is being attached.

    Raises:
        PeerError: It is of another kind, or the stream ends.
        CallRefused: It does not come in time.
    """
    late = CallRefused(grpc.StatusCode.UNAVAILABLE, f"no {kind} came in time: attach again")
    request = await _within(context.read(), bounds.hello_seconds, late)
    if not isinstance(request, wire.ParticipateRequest) or request.WhichOneof("frame") != kind:
        raise PeerError(
            DeviationCode.MALFORMED.value, f"a stream begins with an attach and a hello: {kind} must come now"
        )
    return request


async def _within(awaited: Coroutine[Any, Any, Any], seconds: float, refusal: CallRefused) -> Any:
    """Return what is awaited, or end the stream when it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError as error:
        raise refusal from error


def _stalled() -> CallRefused:
    return CallRefused(grpc.StatusCode.UNAVAILABLE, "the connection took no message in time: attach again")
