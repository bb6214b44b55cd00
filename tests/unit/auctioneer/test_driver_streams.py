"""A bidder's stream against a context that the test holds in its hand."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from auctioneer.handover import HandoverReader
from auctioneer.streams import FREE_ENVELOPES, BidderStream, Context, StreamLimits
from openoutcry.errors import OpenOutcryError, PeerError
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.keys import SigningKey
from openoutcry.session.attachment import Attached
from openoutcry.wire.v1 import service_pb2 as wire
from tests.participants.bidders import CODEC

PARTY = b"p" * 32
KEY = SigningKey.from_seed(b"c" * 32)
PATIENCE_SECONDS = 10.0


class Connection:
    """What the other side sends, and what it was sent."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        self.outgoing: list[wire.ParticipateResponse] = []
        self.takes_frames = asyncio.Event()
        self.takes_frames.set()

    async def read(self) -> Any:
        return await self.incoming.get()

    async def write(self, frame: wire.ParticipateResponse) -> None:
        await self.takes_frames.wait()
        self.outgoing.append(frame)


class Session:
    """A driver that has nothing to deliver and counts what is submitted."""

    def __init__(self) -> None:
        self.session_id = b"s" * 32
        self.has_ended = False
        self.submitted: list[bytes] = []
        self.attached: list[object] = []

    def attach(self, listener: object) -> None:
        self.attached.append(listener)

    def detach(self, listener: object) -> None:
        self.attached.remove(listener)

    def pending(self, party: bytes, start: int) -> list[int]:
        return []

    async def submit(self, data: bytes, payload_type: str, listener: object) -> None:
        self.submitted.append(data)


def make_stream(connection: Connection, session: Session, *, lag: int = 8) -> BidderStream:
    """Return a stream that has just attached."""
    return BidderStream(
        context=cast(Context, connection),
        driver=cast(Any, session),
        attached=Attached(sender_id=PARTY, next_index=1, head_size=0),
        reader=HandoverReader(CODEC),
        checkpoint_key=KEY,
        bounds=StreamLimits(lag=lag, write_seconds=PATIENCE_SECONDS, hello_seconds=PATIENCE_SECONDS),
    )


def envelope_of(sender: bytes, number: int = 0) -> wire.ParticipateRequest:
    """Return a frame with an envelope of this sender."""
    envelope = Envelope(payload_type="any", payload=b"%d" % number, signature=bytes(64), sender_id=sender)
    return wire.ParticipateRequest(envelope=CODEC.encode_envelope(envelope))


async def serve(stream: BidderStream) -> None:
    """Serve a stream to its end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stream.serve()


async def test_more_envelopes_than_deliveries_explain_are_a_flood():
    """What is free is taken; what goes beyond ends the stream before it reaches the session."""
    connection, session = Connection(), Session()
    for number in range(FREE_ENVELOPES + 2):
        connection.incoming.put_nowait(envelope_of(PARTY, number))
    with pytest.raises(PeerError, match="more envelopes") as refused:
        await serve(make_stream(connection, session))
    assert refused.value.deviation == "RATE_LIMIT"
    assert FREE_ENVELOPES <= len(session.submitted) <= FREE_ENVELOPES + 1
    assert session.attached == []


async def test_an_envelope_of_another_sender_does_not_reach_the_session():
    """Neither a forged nor a repeated one."""
    connection, session = Connection(), Session()
    connection.incoming.put_nowait(envelope_of(b"q" * 32))
    with pytest.raises(PeerError) as refused:
        await serve(make_stream(connection, session))
    assert refused.value.deviation == "UNKNOWN_SENDER"
    assert session.submitted == []


async def test_a_bidder_that_leaves_ends_its_stream_well():
    """The end of what it sends is the end of the stream."""
    connection, session = Connection(), Session()
    connection.incoming.put_nowait(envelope_of(PARTY))
    connection.incoming.put_nowait(None)
    await serve(make_stream(connection, session))
    assert len(session.submitted) == 1
    assert session.attached == []


async def test_a_stream_that_lags_too_far_is_ended():
    """The driver never waits for a stream: it is told of the entry too many, and is over."""
    stream = make_stream(Connection(), Session(), lag=2)
    serving = asyncio.create_task(serve(stream))
    await asyncio.sleep(0)
    for _ in range(3):
        stream.notify()
    with pytest.raises(OpenOutcryError, match="3 messages wait"):
        await serving


async def test_a_session_that_ended_without_the_bidder_says_so():
    """There is no head from which a proof could lead to the final checkpoint."""
    session = Session()
    session.has_ended = True
    with pytest.raises(OpenOutcryError, match="ended without you"):
        await serve(make_stream(Connection(), session))
