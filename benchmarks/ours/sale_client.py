"""All bidders of one crowdsourced session in one process: a `Seat` each, which tells the truth.

A process of its own; its arguments are the sale, the address and the session. Reports are written when they are asked
for, and private openings are sealed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from statistics import mean

import grpc.aio

from benchmarks.ours.sales import make_reports
from benchmarks.ours.seat import LONGEST_FRAME_BYTES, Seat, fetch_specification
from benchmarks.sale import Sale, decode_sale
from benchmarks.stopwatch import Span
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.session.bidder_values import (
    Asked,
    BidderInput,
    OpeningAsked,
    OpeningChosen,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec
from openoutcry.wire.v1 import service_pb2_grpc as wire_grpc

BEFORE_PLAY = 1
"""Envelopes that each bidder is sent before the first question: the roster."""

BEFORE_ANSWERS = 2
"""Envelopes that each bidder sends before its first answer: its enrolment, and its seed part."""


async def run(sale: Sale, address: str, session_id: bytes) -> None:
    """Take part as all bidders."""
    codec, span = WireCodec(), Span()
    reader, reports = EnvelopeReader(codec), make_reports(sale)

    def answer(bidder: int, asked: Asked) -> BidderInput:
        span.begin()
        if isinstance(asked, OpeningAsked):
            return OpeningChosen(question=asked.question, opens=True)
        assert isinstance(asked, TypeAsked), asked
        report = TypeReport(
            value=reports[bidder].value if asked.asks_value else None,
            belief=reports[bidder].belief if asked.subjects else None,
        )
        return TypeChosen(question=asked.question, report=codec.encode_type_report(report, asked.shape))

    options = [("grpc.max_receive_message_length", LONGEST_FRAME_BYTES)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = wire_grpc.AuctionServiceStub(channel)
        specification = await fetch_specification(stub, session_id)
        seats = [Seat(bidder, reader, answer) for bidder in range(sale.bidders)]
        await asyncio.gather(*(seat.take_part(stub, session_id, specification) for seat in seats))
        span.end(lambda: _figures(seats))


def _figures(seats: Sequence[Seat]) -> dict[str, object]:
    """Return what crossed the network from the first question on, bytes of envelopes alone."""
    outcomes = {seat.session.outcome for seat in seats}
    assert None not in outcomes, "the session was not settled"
    assert len(outcomes) == 1, "bidders were told different outcomes"
    assert not any(seat.session.deviations for seat in seats), "a report was not taken"
    ups = [seat.sent[BEFORE_ANSWERS:] for seat in seats]
    downs = [seat.received[BEFORE_PLAY:] for seat in seats]
    return {
        # An opening in parts counts as one message: the bare program has no limit to keep to.
        "up": [round(mean(sent[0] for sent in ups)), round(mean(sum(sent[1:]) for sent in ups))],
        "down": [round(mean(sizes)) for sizes in zip(*downs, strict=True)],
    }


if __name__ == "__main__":
    asyncio.run(run(decode_sale(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3])))
