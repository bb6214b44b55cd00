"""An auctioneer that says whatever a test wants, for the tests of the bidder agent.

It writes a log by hand and signs what it is told to, so that every way to break the protocol can be tried.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import grpc.aio

from openoutcry.mechanisms.specification import encode_specification
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    AuctioneerBody,
    Body,
    Enrol,
    Header,
    Hello,
    Role,
    RosterClosed,
    RosterMember,
    SeedOpening,
)
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.log import SessionLog
from openoutcry.session.values import Delivery
from openoutcry.wire import encode_conclusion, encode_delivery
from openoutcry.wire.v1 import service_pb2 as wire
from tests.unit.bidder_agent.fake_servicer import (
    CODEC,
    MESSAGE_KEY,
    NONCE,
    BaseServicer,
    Context,
    conclude,
    make_opening,
    make_specification,
)


class Hand:
    """The hand of an auctioneer that writes what a test wants, to one bidder, on one stream.

    Attributes:
        log: What it has written and kept.
        entries: The same, each with its author.
        party: The bidder's sender id, after its Hello.
        next_index: First index that the bidder has not processed, by its Hello.
        heard: Messages of the bidder in order.
        sent: Frames that were sent to it.
    """

    def __init__(self, requests: AsyncIterator[wire.ParticipateRequest], owner: ScriptedAuctioneer) -> None:
        self.log = SessionLog()
        self.entries: list[tuple[bytes, bytes]] = []
        self.party = b""
        self.next_index = 1
        self.heard: list[Body] = []
        self.sent: list[bytes] = []
        self._requests = requests
        self._owner = owner
        self._head_size = 0
        self._seq = 1
        self._previous = leaf_hash(owner.session_open)
        self._append(owner.session_open, author=MESSAGE_KEY.sender_id)
        self._frames: asyncio.Queue[bytes | None] = owner.frames

    async def challenge(self) -> None:
        """Be attached to, and challenge the bidder."""
        await anext(self._requests)
        frame = wire.ParticipateResponse(
            challenge=wire.Challenge(nonce=NONCE, session_open=self._owner.session_open)
        )
        self.send(frame.SerializeToString())
        hello = CODEC.decode_envelope((await anext(self._requests)).hello)
        header, body = CODEC.decode_message(hello.payload_type, hello.payload)
        assert isinstance(body, Hello)
        self.party, self.next_index, self._head_size = header.sender_id, body.next_index, header.seen_size

    def resume(self, earlier: Hand) -> None:
        """Go on with the log of another stream, as far as this stream's bidder has processed it."""
        for data, author in earlier.entries[1 : self.next_index]:
            self._append(data, author=author)
            if author == MESSAGE_KEY.sender_id:
                self._seq += 1
                self._previous = leaf_hash(data)

    def _append(self, data: bytes, *, author: bytes) -> None:
        self.log.append(data, author=author)
        self.entries.append((data, author))

    async def take(self, *, is_kept: bool = True) -> Body:
        """Wait for the bidder's next message, and append it to the log unless it is suppressed."""
        data = (await anext(self._requests)).envelope
        envelope = CODEC.decode_envelope(data)
        self.party = envelope.sender_id
        _, body = CODEC.decode_message(envelope.payload_type, envelope.payload)
        self.heard.append(body)
        if is_kept:
            self._append(data, author=self.party)
        return body

    async def open_roster(self) -> None:
        """Come as far as every honest session: the bidder enrolled, the roster closed, its seed part opened."""
        await self.challenge()
        assert isinstance(await self.take(), Enrol)
        self.say(RosterClosed(members=(RosterMember(bidder=0, sender_id=self.party),)))
        assert isinstance(await self.take(), SeedOpening)

    def write(self, body: AuctioneerBody, *, key: SigningKey = MESSAGE_KEY, **changes: Any) -> Delivery:
        """Append a message and return how it is delivered.

        Args:
            body: Of the message.
            key: Signs it.
            changes: Fields of the header that are not what they should be.
        """
        index = self.log.size
        header = Header(
            session_id=self._owner.session_id,
            role=Role.AUCTIONEER,
            sender_id=MESSAGE_KEY.sender_id,
            seq=self._seq,
            prev_own=self._previous,
            seen_size=index,
            seen_root=self.log.tree.root(),
            reply_to=b"",
            sent_at_ns=5,
        )
        envelope = seal(
            key, PAYLOAD_TYPES[type(body)], CODEC.encode_message(replace(header, **changes), body)
        )
        # Whoever forges says to be the auctioneer.
        data = CODEC.encode_envelope(replace(envelope, sender_id=MESSAGE_KEY.sender_id))
        self._seq += 1
        self._previous = leaf_hash(data)
        self._append(data, author=MESSAGE_KEY.sender_id)
        delivery = self.log.delivery(party=self.party, index=index, envelope=data, from_size=self._head_size)
        self._head_size = index
        return delivery

    def say(self, body: AuctioneerBody, **changes: Any) -> None:
        """Write a message and deliver it."""
        self.deliver(self.write(body, **changes))

    def deliver(self, delivery: Delivery) -> None:
        """Deliver an entry."""
        self.send(encode_delivery(delivery).SerializeToString())

    def conclude(self) -> None:
        """End the session."""
        concluded = conclude(self.log, self._owner.session_id, self._head_size)
        self.send(encode_conclusion(concluded).SerializeToString())

    def send(self, frame: bytes) -> None:
        """Send bytes as a frame."""
        self.sent.append(frame)
        self._frames.put_nowait(frame)

    def hang_up(self) -> None:
        """End the stream."""
        self._frames.put_nowait(None)


Script = Callable[[Hand], Awaitable[None]]


class ScriptedAuctioneer(BaseServicer):
    """Does to the bidder of each stream what a script says, and then keeps the stream open.

    Args:
        script: What to do.
        closes: Whether the stream ends with the script.
    """

    def __init__(self, script: Script, *, closes: bool = False, specification: bytes | None = None) -> None:
        self.specification = (
            encode_specification(make_specification()) if specification is None else specification
        )
        header = Header(
            session_id=b"",
            role=Role.AUCTIONEER,
            sender_id=MESSAGE_KEY.sender_id,
            seq=0,
            prev_own=b"",
            seen_size=0,
            seen_root=hashlib.sha256(b"").digest(),
            reply_to=b"",
            sent_at_ns=0,
        )
        opening = make_opening(self.specification)
        self.session_open = SigningAuthor(MESSAGE_KEY, CODEC).seal(header, opening)
        self.session_id = hashlib.sha256(CODEC.decode_envelope(self.session_open).payload).digest()
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams = 0
        self.hands: list[Hand] = []
        self._script = script
        self._closes = closes

    async def run(self, requests: AsyncIterator[wire.ParticipateRequest]) -> AsyncIterator[bytes]:
        """Play the script on one stream."""
        self.streams += 1
        self.frames = asyncio.Queue()
        self.hands.append(Hand(requests, self))
        playing = asyncio.create_task(self._play(self.hands[-1]))
        try:
            while (frame := await self.frames.get()) is not None:
                yield frame
        finally:
            playing.cancel()

    async def end(self, context: Context) -> None:
        """End a stream that was hung up: as it is, or with a status."""

    async def _play(self, hand: Hand) -> None:
        await self._script(hand)
        if self._closes:
            self.frames.put_nowait(None)


@asynccontextmanager
async def serve_script(servicer: ScriptedAuctioneer) -> AsyncIterator[str]:
    """Serve a scripted auctioneer, whose frames may be any bytes."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1)])

    async def participate(
        requests: AsyncIterator[wire.ParticipateRequest], context: Context
    ) -> AsyncIterator[bytes]:
        async for frame in servicer.run(requests):
            yield frame
        await servicer.end(context)

    # Not the generated handlers, which insist on well-formed frames.
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Participate": grpc.stream_stream_rpc_method_handler(
            participate,
            request_deserializer=wire.ParticipateRequest.FromString,
            response_serializer=_keep,
        ),
        "FetchSpecification": grpc.unary_stream_rpc_method_handler(
            servicer.FetchSpecification,
            request_deserializer=wire.FetchSpecificationRequest.FromString,
            response_serializer=wire.FetchSpecificationResponse.SerializeToString,
        ),
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("openoutcry.wire.v1.AuctionService", handlers),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def _keep(frame: bytes) -> bytes:
    return frame
