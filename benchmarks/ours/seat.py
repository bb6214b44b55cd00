"""One bidder of a session over a real stream: `BidderSession`, and answers that somebody else gives.

The real agent does more: it keeps receipts on disk before it speaks, asks a strategy, and attaches again. That is each
bidder's own business and on its own machine; here the auctioneer is measured, so bidders do no more than the protocol
asks.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from typing import Any

from benchmarks.ours.markets import name_bidder
from openoutcry.protocol.keys import SEED_BYTES, SigningKey
from openoutcry.protocol.opening import seal_opening
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    Asked,
    BidderEffects,
    BidderInput,
    Delivered,
    Opened,
    OpeningSealed,
    Specified,
)
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import decode_challenge, decode_conclusion, decode_delivery
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc as wire_grpc

LONGEST_FRAME_BYTES = 1024 * 1024

Answer = Callable[[int, Asked], BidderInput]
"""What a bidder says to a question."""


class Seat:
    """One bidder and its stream.

    Args:
        bidder: Its place, 0 or more.
        reader: Reads what comes.
        answer: Gives its answers.

    Attributes:
        session: Its side of the session.
        received: Bytes of every envelope that was delivered, in order.
        sent: Bytes of every envelope that was sent, in order.
    """

    def __init__(self, bidder: int, reader: EnvelopeReader, answer: Answer) -> None:
        self._bidder = bidder
        self._answer = answer
        self.received: list[int] = []
        self.sent: list[int] = []
        self.session = BidderSession(
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
        await call.write(wire.ParticipateRequest(hello=self.session.hello(nonce, time_ns())))
        await self._send(call, enrolment)
        while True:
            frame = await call.read()
            if frame.WhichOneof("frame") == "final_checkpoint":
                self._apply(decode_conclusion(frame.final_checkpoint))
                return
            delivery = decode_delivery(frame.delivery)
            self.received.append(len(delivery.envelope))
            effects = self._apply(Delivered(delivery=delivery))
            if effects.ask is not None:
                effects = self._apply(self._answer(self._bidder, effects.ask))
            if effects.seal is not None:
                ask = effects.seal
                sealed = seal_opening(ask.content, recipient=ask.recipient, info=ask.info)
                effects = self._apply(OpeningSealed(question=ask.question, sealed=sealed))
            await self._send(call, effects)

    def _apply(self, given: BidderInput) -> BidderEffects:
        effects = self.session.apply(given, time_ns())
        assert effects.complaint is None, effects.complaint
        assert not effects.must_resume
        return effects

    async def _send(self, call: Any, effects: BidderEffects) -> None:
        for envelope in effects.send:
            self.sent.append(len(envelope))
            await call.write(wire.ParticipateRequest(envelope=envelope))


async def fetch_specification(stub: wire_grpc.AuctionServiceStub, session_id: bytes) -> bytes:
    """Return the public specification of a session."""
    chunks = stub.FetchSpecification(wire.FetchSpecificationRequest(session_id=session_id))
    return b"".join([piece.chunk async for piece in chunks])
