"""The answering side of a bare exchange: many streams in one process; verify, sign, write.

A process of its own; its arguments are the exchange and the address.
"""

from __future__ import annotations

import asyncio
import sys

import grpc
import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benchmarks.bare.messages import KEY_BYTES, TALK, check, seal
from benchmarks.sale import Exchange, decode_exchange
from benchmarks.stopwatch import Span


async def answer(channel: grpc.aio.Channel, bidder: int, exchange: Exchange, span: Span) -> None:
    """Take part in the exchange on one stream."""
    key = Ed25519PrivateKey.from_private_bytes(bidder.to_bytes(KEY_BYTES, "big"))
    call: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(TALK)()
    await call.write(key.public_key().public_bytes_raw())
    server = Ed25519PublicKey.from_public_bytes(await _read(call))
    for number in range(len(exchange.down)):
        message = await _read(call)
        span.begin()
        check(server, message)
        if number < len(exchange.up):
            await call.write(seal(key, number, message, exchange.up[number]))


async def _read(call: grpc.aio.StreamStreamCall[bytes, bytes]) -> bytes:
    message = await call.read()
    assert isinstance(message, bytes), "the stream ended early"
    return message


async def run(exchange: Exchange, address: str) -> None:
    """Answer until all streams have ended."""
    span = Span()
    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.gather(*(answer(channel, bidder, exchange, span) for bidder in range(exchange.bidders)))
        span.end(dict)


if __name__ == "__main__":
    asyncio.run(run(decode_exchange(sys.argv[1]), sys.argv[2]))
