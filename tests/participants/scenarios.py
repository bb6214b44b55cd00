"""Small public specifications, and whole sessions over a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc

from auctioneer.service import Service
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.specification import Specification, Timing, encode_specification
from openoutcry.mechanisms.valuations import decode_valuation
from tests.participants.bidders import PATIENCE_SECONDS, TestBidder, open_channel, truthful

GROUPS = ("rock", "trap")


def make_specification(
    bidders: int = 4,
    *,
    form: str = "clock",
    title: str = "A lot among few",
    answer_ms: int = 20_000,
    enrol_ms: int = 20_000,
    absent: str = "exit",
    levels: int = 4,
) -> bytes:
    """Return a specification of bidders named b0, b1, ... in two groups."""
    market = Market(
        lot="One lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=GROUPS,
        bidders=tuple(
            Bidder(
                name=f"b{place}",
                group=place % 2,
                valuation=decode_valuation(
                    {
                        "family": "linear",
                        "constant": place,
                        "weights": {"rock": 3 + place % 3, "trap": 2 + 7 * place % 5},
                    },
                    GROUPS,
                ),
            )
            for place in range(bidders)
        ),
    )
    return encode_specification(
        Specification(
            title=title,
            market=market,
            mechanism="signal-discovery",
            parameters={"form": form},
            timing=Timing(enrol_ms=enrol_ms, answer_ms=answer_ms),
            absent="void" if absent == "void" else "exit",
        )
    )


def make_bidders(
    session_id: bytes, signals: Sequence[int] = (2, 0, 3, 1), *, levels: int = 4
) -> list[TestBidder]:
    """Return one truthful bidder for each signal."""
    assert all(signal < levels for signal in signals)
    return [
        TestBidder(name=f"b{place}", session_id=session_id, decide=truthful(signal))
        for place, signal in enumerate(signals)
    ]


async def play_session(
    service: Service,
    session_id: bytes,
    signals: Sequence[int] = (2, 0, 3, 1),
    *,
    credentials: grpc.ChannelCredentials | None = None,
    address: str = "",
) -> list[TestBidder]:
    """Play a session with truthful bidders to its end."""
    bidders = make_bidders(session_id, signals)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        open_channel(address or service.address, credentials) as channel,
    ):
        await asyncio.gather(*(bidder.play(channel) for bidder in bidders))
    await service.finished(session_id)
    return bidders
