"""An honest auctioneer for the tests of the bidder agent, on a loopback port.

It keeps everything in memory and waits for nothing but messages; the tests make deadlines pass.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from openoutcry.errors import PeerError
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.specification import Specification, Timing, encode_specification
from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import (
    SessionOpen,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import encode_transcript
from openoutcry.session.attachment import verify_hello
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.log import SessionLog
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.transcripts import make_transcript
from openoutcry.session.values import DeadlinePassed, Effects, Input, Received
from openoutcry.wire import WireCodec, encode_conclusion, encode_delivery
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc as wire_grpc

Context = grpc.aio.ServicerContext[Any, Any]

CODEC = WireCodec()
READER = EnvelopeReader(CODEC)
MESSAGE_KEY = SigningKey.from_seed(b"m" * 32)
CHECKPOINT_KEY = SigningKey.from_seed(b"c" * 32)
SEED_PART = b"p" * 32
# With other bytes the draws are others, and a lone bidder may be sold the lot without being asked.
OPENING_KEY = OpeningKey(b"w" * 32)
NONCE = b"n" * 32


def make_specification(
    *, names: tuple[str, ...] = ("ada",), form: str = "clock", answer_ms: int = 60_000
) -> Specification:
    """Return a specification with these bidders in one group and signals 0..3."""
    market = Market(
        lot="Tract 7",
        currency="USD",
        minor_units=0,
        signal_levels=4,
        groups=("geology",),
        bidders=tuple(
            Bidder(name=name, group=0, valuation=Linear(constant=place, weights=(10 + place,)))
            for place, name in enumerate(names)
        ),
    )
    return Specification(
        title="A test",
        market=market,
        mechanism="signal-discovery",
        parameters={"form": form},
        timing=Timing(enrol_ms=60_000, answer_ms=answer_ms),
    )


def make_opening(specification: bytes, key: SigningKey = MESSAGE_KEY) -> SessionOpen:
    """Return what a session with this specification begins with."""
    digest = hashlib.sha256(specification).digest()
    commitment = seed_commitment(context=digest, sender_id=key.sender_id, secret=SEED_PART)
    return SessionOpen(
        specification_digest=digest,
        seed_commitment=commitment,
        message_key=key.public_key,
        checkpoint_key=CHECKPOINT_KEY.public_key,
        opening_key=OPENING_KEY.public_key,
        code_version="test",
    )


@asynccontextmanager
async def serve(
    servicer: wire_grpc.AuctionServiceServicer, *, credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[str]:
    """Serve on a free loopback port and give the address."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1)])
    wire_grpc.add_AuctionServiceServicer_to_server(servicer, server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("localhost:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}" if credentials is None else f"localhost:{port}"
    finally:
        await server.stop(None)


class BaseServicer(wire_grpc.AuctionServiceServicer):
    """What both fakes say about their one session."""

    specification: bytes
    session_id: bytes

    async def DescribeSession(
        self, request: wire.DescribeSessionRequest, context: Context
    ) -> wire.DescribeSessionResponse:
        return wire.DescribeSessionResponse(
            summary=wire.SessionSummary(session_id=self.session_id, title="A test")
        )

    async def FetchSpecification(
        self, request: wire.FetchSpecificationRequest, context: Context
    ) -> AsyncIterator[wire.FetchSpecificationResponse]:
        for begin in range(0, len(self.specification), 100):
            yield wire.FetchSpecificationResponse(chunk=self.specification[begin : begin + 100])


@dataclass(eq=False)
class _Line:
    """A bidder's stream at the honest fake."""

    head_size: int
    frames: asyncio.Queue[wire.ParticipateResponse | None] = field(default_factory=asyncio.Queue)


class FakeAuctioneer(BaseServicer):
    """An honest auctioneer in memory.

    Attributes:
        session: The fold.
        entries: Its log.
        attached: How many streams have been attached so far.
        received: Envelopes of bidders as they came, repeated ones included.
        transcript: What FetchTranscript gives; the true one unless a test sets it.
        piece: Bytes of one piece of it.
        on_effects: Called after each input with its effects, before anything is delivered.
    """

    def __init__(self, specification: Specification | None = None) -> None:
        self.specification = encode_specification(specification or make_specification())
        self.session = AuctioneerSession(
            specification=specification or make_specification(),
            opening=make_opening(self.specification),
            seed_part=SEED_PART,
            opening_key=OPENING_KEY,
            author=SigningAuthor(MESSAGE_KEY, CODEC),
            reader=READER,
        )
        self.entries: list[bytes] = list(self.session.start().entries)
        self.session_id = self.session.session_id
        self.attached = 0
        self.received: list[bytes] = []
        self.transcript: bytes | None = None
        self.piece = 32 * 1024
        self.on_effects: Callable[[Effects], None] = lambda effects: None
        self.changed = asyncio.Event()
        self._lines: dict[bytes, _Line] = {}

    async def Participate(
        self, requests: AsyncIterator[wire.ParticipateRequest], context: Context
    ) -> AsyncIterator[wire.ParticipateResponse]:
        await anext(requests)
        yield wire.ParticipateResponse(challenge=wire.Challenge(nonce=NONCE, session_open=self.entries[0]))
        hello = (await anext(requests, wire.ParticipateRequest())).hello
        try:
            attached = verify_hello(
                hello, nonce=NONCE, session_id=self.session_id, reader=READER, tree=self.session.log.tree
            )
        except PeerError as problem:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(problem))
        line = self._lines[attached.sender_id] = _Line(head_size=attached.head_size)
        for index in self.session.log.addressed_from(attached.sender_id, attached.next_index):
            self._deliver(attached.sender_id, index)
        self._conclude_if_over()
        self.attached += 1
        self._note_change()
        reading = asyncio.create_task(self._read(requests))
        try:
            while (frame := await line.frames.get()) is not None:
                yield frame
        finally:
            reading.cancel()

    async def FetchTranscript(
        self, request: wire.FetchTranscriptRequest, context: Context
    ) -> AsyncIterator[wire.FetchTranscriptResponse]:
        transcript = self.transcript or self.make_transcript()
        for begin in range(0, len(transcript), self.piece):
            yield wire.FetchTranscriptResponse(chunk=transcript[begin : begin + self.piece])

    def make_transcript(self) -> bytes:
        """Return the true transcript file."""
        return encode_transcript(
            make_transcript(
                entries=self.entries,
                specification=self.specification,
                session_id=self.session_id,
                tree=self.session.log.tree,
                checkpoint_key=CHECKPOINT_KEY,
                reader=READER,
            )
        )

    def lapse(self) -> None:
        """Let everything that is awaited now be late."""
        for deadline in self.session.deadlines:
            self.follow(DeadlinePassed(deadline=deadline))

    def drop_streams(self) -> None:
        """End every stream without a word."""
        for line in self._lines.values():
            line.frames.put_nowait(None)
        self._lines.clear()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so, for at most 20 seconds."""
        async with asyncio.timeout(20):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    def follow(self, given: Input) -> None:
        """Apply an input and deliver what follows from it."""
        self._follow(self.session.apply(given, 4))

    async def _read(self, requests: AsyncIterator[wire.ParticipateRequest]) -> None:
        async for request in requests:
            self.received.append(request.envelope)
            self._follow(self.session.apply(Received(data=request.envelope), 3))

    def _follow(self, effects: Effects) -> None:
        self.entries += effects.entries
        self.on_effects(effects)
        for addressed in effects.addressed:
            self._deliver(addressed.party, addressed.index)
        if effects.entries:
            self._conclude_if_over()
        self._note_change()

    def _deliver(self, party: bytes, index: int) -> None:
        line = self._lines.get(party)
        if line is None:
            return
        delivery = self.session.log.delivery(
            party=party, index=index, envelope=self.entries[index], from_size=line.head_size
        )
        line.head_size = index
        line.frames.put_nowait(encode_delivery(delivery))

    def _conclude_if_over(self) -> None:
        if not self.session.phase.is_final:
            return
        for line in self._lines.values():
            line.frames.put_nowait(
                encode_conclusion(conclude(self.session.log, self.session_id, line.head_size))
            )
            line.frames.put_nowait(None)
        self._lines.clear()

    def _note_change(self) -> None:
        self.changed.set()


def conclude(log: SessionLog, session_id: bytes, head_size: int) -> Concluded:
    """Return the signed end of a log for somebody who knows the head of this size."""
    checkpoint = Checkpoint(origin=session_origin(session_id), size=log.size, root=log.tree.root())
    proof = log.tree.consistency_proof(head_size, log.size) if head_size else ()
    return Concluded(
        note=sign_checkpoint(checkpoint, CHECKPOINT_KEY), consistency_from=head_size, consistency=proof
    )
