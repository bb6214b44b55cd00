"""All bidders of one session in one process: `BidderSession` and a stream each, and nothing else.

A process of its own; its arguments are the load, the address, the session, and how many bidders connect. The real
agent does more: it keeps receipts on disk before it speaks, asks a strategy, and attaches again. That is each bidder's
own business and on its own machine; here the auctioneer is measured, so bidders do no more than the protocol asks.
When not all connect, enrolment stays open and the connected bidders stay idle.
"""

from __future__ import annotations

import asyncio
import sys
from time import time_ns
from typing import Any

import grpc.aio

from benchmarks.child import answer_questions, tell
from benchmarks.load import Load, decode_load
from benchmarks.ours.markets import counts, invited, name_bidder
from benchmarks.stopwatch import Stopwatch
from openoutcry.protocol.keys import SEED_BYTES, SigningKey
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    BidderEffects,
    BidderInput,
    Decided,
    Delivered,
    LevelAsked,
    Opened,
    Specified,
)
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec, decode_challenge, decode_conclusion, decode_delivery
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc as wire_grpc

LONGEST_FRAME_BYTES = 1024 * 1024
POLL_SECONDS = 0.02


class Seat:
    """One bidder and its stream. It accepts whatever it is asked."""

    def __init__(self, bidder: int, reader: EnvelopeReader, load: Load, stopwatch: Stopwatch) -> None:
        self._bidder = bidder
        self._load = load
        self._stopwatch = stopwatch
        self._session = BidderSession(
            name=name_bidder(bidder),
            key=SigningKey.from_seed((bidder + 1).to_bytes(SEED_BYTES, "big")),
            entropy=bidder.to_bytes(SEED_BYTES, "big"),
            reader=reader,
            auctioneer_key=None,
            agent_version="0",
        )

    async def take_part(
        self, stub: wire_grpc.AuctionServiceStub, session_id: bytes, specification: bytes
    ) -> None:
        """Take part until the session has ended."""
        call = stub.Participate()
        await call.write(wire.ParticipateRequest(attach=wire.Attach(session_id=session_id)))
        nonce, session_open = decode_challenge(await call.read())
        self._apply(Opened(session_open=session_open))
        enrolment = self._apply(Specified(specification=specification))
        await call.write(wire.ParticipateRequest(hello=self._session.hello(nonce, time_ns())))
        await self._send(call, enrolment)
        while True:
            frame = await call.read()
            if frame.WhichOneof("frame") == "final_checkpoint":
                self._apply(decode_conclusion(frame.final_checkpoint))
                return
            effects = self._apply(Delivered(delivery=decode_delivery(frame.delivery)))
            if isinstance(effects.ask, LevelAsked):
                if counts(self._load, effects.ask.wave):
                    self._stopwatch.note(self._bidder)
                effects = self._apply(Decided(question=effects.ask.question, accepts=True))
            await self._send(call, effects)

    def _apply(self, given: BidderInput) -> BidderEffects:
        effects = self._session.apply(given, time_ns())
        assert effects.complaint is None, effects.complaint
        assert not effects.must_resume
        return effects

    async def _send(self, call: Any, effects: BidderEffects) -> None:
        for envelope in effects.send:
            await call.write(wire.ParticipateRequest(envelope=envelope))


async def run(load: Load, address: str, session_id: bytes, connected: int) -> None:
    """Connect so many bidders and take part."""
    reader = EnvelopeReader(WireCodec())
    stopwatch = Stopwatch(load, tell)
    options = [("grpc.max_receive_message_length", LONGEST_FRAME_BYTES)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = wire_grpc.AuctionServiceStub(channel)
        chunks = stub.FetchSpecification(wire.FetchSpecificationRequest(session_id=session_id))
        specification = b"".join([piece.chunk async for piece in chunks])
        seats = [Seat(bidder, reader, load, stopwatch) for bidder in range(connected)]
        parts = asyncio.gather(*(seat.take_part(stub, session_id, specification) for seat in seats))
        if connected == invited(load):
            await parts
            return
        await _wait_until_enrolled(stub, session_id, connected)
        over = answer_questions()
        tell({"at": "idle"})
        await over.wait()
        parts.cancel()


async def _wait_until_enrolled(stub: wire_grpc.AuctionServiceStub, session_id: bytes, count: int) -> None:
    request = wire.DescribeSessionRequest(session_id=session_id)
    while len((await stub.DescribeSession(request)).enrolled) < count:
        await asyncio.sleep(POLL_SECONDS)


if __name__ == "__main__":
    asyncio.run(run(decode_load(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3]), int(sys.argv[4])))
