"""All bidders of one session in one process: a `Seat` each, and nothing else.

A process of its own; its arguments are the load, the address, the session, and how many bidders connect. They accept
whatever they are asked. When not all connect, enrolment stays open and the connected bidders stay idle.
"""

from __future__ import annotations

import asyncio
import sys

import grpc.aio

from benchmarks.child import answer_questions, tell
from benchmarks.load import Load, decode_load
from benchmarks.ours.markets import counts, invited
from benchmarks.ours.seat import LONGEST_FRAME_BYTES, Seat, fetch_specification
from benchmarks.stopwatch import Stopwatch
from openoutcry.session.bidder_values import Asked, BidderInput, Decided, LevelAsked
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc as wire_grpc

POLL_SECONDS = 0.02


async def run(load: Load, address: str, session_id: bytes, connected: int) -> None:
    """Connect so many bidders and take part."""
    reader = EnvelopeReader(WireCodec())
    stopwatch = Stopwatch(load, tell)

    def answer(bidder: int, asked: Asked) -> BidderInput:
        assert isinstance(asked, LevelAsked), asked
        if counts(load, asked.wave):
            stopwatch.note(bidder)
        return Decided(question=asked.question, accepts=True)

    options = [("grpc.max_receive_message_length", LONGEST_FRAME_BYTES)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = wire_grpc.AuctionServiceStub(channel)
        specification = await fetch_specification(stub, session_id)
        seats = [Seat(bidder, reader, answer) for bidder in range(connected)]
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
