"""A bidder for tests: the real `BidderSession` over a real stream, with a function in place of a strategy.

It is made so that a test can hold it at any point: it stops when told to, attaches again, stays silent, or hands the
stream over to the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc

from openoutcry.protocol.keys import SigningKey
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    Asked,
    BidderEffects,
    BidderInput,
    Decided,
    Delivered,
    LevelAsked,
    Opened,
    OpeningAsked,
    OpeningChosen,
    SignalChosen,
    Specified,
)
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec, decode_challenge, decode_conclusion, decode_delivery
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc

CODEC = WireCodec()
PATIENCE_SECONDS = 20.0

LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
"""Statuses of a lost stream: a write that meets the loss has the second."""

Call = grpc.aio.StreamStreamCall[wire.ParticipateRequest, wire.ParticipateResponse]


def key_of(name: str) -> SigningKey:
    """Return the message key of a bidder of this name, the same in every run."""
    return SigningKey.from_seed(name.encode().ljust(32, b".")[:32])


def new_session(name: str, *, auctioneer_key: bytes | None = None) -> BidderSession:
    """Return a bidder's side of a session that knows nothing yet, the same in every run."""
    return BidderSession(
        name=name,
        key=key_of(name),
        entropy=name.encode().ljust(32, b"#")[:32],
        reader=EnvelopeReader(CODEC),
        auctioneer_key=auctioneer_key,
        agent_version="test",
    )


def open_channel(address: str, credentials: grpc.ChannelCredentials | None = None) -> grpc.aio.Channel:
    """Return a channel whose reconnects do not make a test wait."""
    options = (
        ("grpc.initial_reconnect_backoff_ms", 20),
        ("grpc.min_reconnect_backoff_ms", 20),
        ("grpc.max_reconnect_backoff_ms", 100),
        ("grpc.use_local_subchannel_pool", 1),
        # The window stays small, so that a bidder that does not read is noticed after some kilobytes.
        ("grpc.http2.bdp_probe", 0),
    )
    if credentials is None:
        return grpc.aio.insecure_channel(address, options=options)
    return grpc.aio.secure_channel(address, credentials, options=options)


async def fetch_specification(channel: grpc.aio.Channel, session_id: bytes) -> bytes:
    """Return a session's public specification."""
    stub = service_pb2_grpc.AuctionServiceStub(channel)
    call = stub.FetchSpecification(wire.FetchSpecificationRequest(session_id=session_id))
    return b"".join([part.chunk async for part in call])


@dataclass(kw_only=True)
class TestBidder:
    """One bidder.

    Attributes:
        name: In the specification.
        session_id: Which session.
        decide: Gives True, False or None for a level; a signal or None for a report.
        session: Its side of the session.
        sent: Envelopes, in order, that left at least once.
    """

    __test__ = False

    name: str
    session_id: bytes
    decide: Callable[[Asked], bool | int | None]
    session: BidderSession = field(init=False)
    sent: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin knowing nothing."""
        self.session = new_session(self.name)

    async def attach(self, channel: grpc.aio.Channel) -> Call:
        """Open a stream, say Hello, and send again what may not have arrived."""
        stub = service_pb2_grpc.AuctionServiceStub(channel)
        call: Call = stub.Participate()
        await call.write(wire.ParticipateRequest(attach=wire.Attach(session_id=self.session_id)))
        first = await call.read()
        if not isinstance(first, wire.ParticipateResponse):
            raise AssertionError("the stream ended before it was challenged")
        nonce, session_open = decode_challenge(first)
        effects = [self.session.apply(Opened(session_open=session_open), 1)]
        if self.session.specification is None:
            specification = await fetch_specification(channel, self.session_id)
            effects.append(self.session.apply(Specified(specification=specification), 1))
        await call.write(wire.ParticipateRequest(hello=self.session.hello(nonce, 1)))
        for envelope in self.session.waiting:
            await self.send(call, envelope)
        return call

    async def send(self, call: Call, envelope: bytes) -> None:
        """Send an envelope."""
        if envelope not in self.sent:
            self.sent.append(envelope)
        await call.write(wire.ParticipateRequest(envelope=envelope))

    async def receive(self, call: Call) -> bool:
        """Take one frame and answer it; whether the conversation goes on."""
        frame = await call.read()
        if not isinstance(frame, wire.ParticipateResponse):
            raise AssertionError("the stream ended well before the session had ended")
        given: BidderInput
        if frame.WhichOneof("frame") == "final_checkpoint":
            given = decode_conclusion(frame.final_checkpoint)
        else:
            given = Delivered(delivery=decode_delivery(frame.delivery))
        await self.perform(call, self.session.apply(given, 2))
        return not self.session.has_ended

    async def perform(self, call: Call, effects: BidderEffects) -> None:
        """Send what an input brought, and answer what is asked."""
        assert effects.complaint is None, effects.complaint
        assert not effects.must_resume
        for envelope in effects.send:
            await self.send(call, envelope)
        if effects.ask is not None:
            self.asked.set()
            if isinstance(effects.ask, OpeningAsked):
                opening = OpeningChosen(question=effects.ask.question, opens=True)
                await self.perform(call, self.session.apply(opening, 3))
                return
            answer = self.decide(effects.ask)
            decided: BidderInput
            if isinstance(effects.ask, LevelAsked):
                assert answer is None or isinstance(answer, bool)
                decided = Decided(question=effects.ask.question, accepts=answer)
            else:
                decided = SignalChosen(question=effects.ask.question, signal=answer)
            await self.perform(call, self.session.apply(decided, 3))

    async def play(self, channel: grpc.aio.Channel) -> None:
        """Take part to the end on one stream."""
        call = await self.attach(channel)
        while await self.receive(call):
            pass
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK

    async def play_through(self, channel: grpc.aio.Channel) -> None:
        """Take part to the end, attaching again whenever the stream is lost."""
        while True:
            try:
                await self.play(channel)
                return
            except grpc.aio.AioRpcError as error:
                if error.code() not in LOST:
                    raise
            except asyncio.InvalidStateError:
                # The stream was lost between reading and writing.
                pass
            await channel.channel_ready()


def truthful(signal: int) -> Callable[[Asked], bool | int | None]:
    """Return the answers of a truthful bidder with this signal."""

    def decide(asked: Asked) -> bool | int:
        return asked.level <= signal if isinstance(asked, LevelAsked) else signal

    return decide


def silent(_: Asked) -> None:
    """Answer nothing."""
