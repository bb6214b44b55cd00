"""The answering side of the bare program: many streams in one process; verify, sign, write.

A process of its own; its arguments are the load and the address.
"""

from __future__ import annotations

import asyncio
import sys

import grpc
import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benchmarks.bare.messages import KEY_BYTES, TALK, check, seal
from benchmarks.child import tell
from benchmarks.load import Load, decode_load
from benchmarks.stopwatch import Stopwatch


async def answer(channel: grpc.aio.Channel, bidder: int, load: Load, stopwatch: Stopwatch) -> None:
    """Answer every question of one stream."""
    key = Ed25519PrivateKey.from_private_bytes(bidder.to_bytes(KEY_BYTES, "big"))
    call: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(TALK)()
    await call.write(key.public_key().public_bytes_raw())
    server = Ed25519PublicKey.from_public_bytes(await _read(call))
    for number in range(load.levels):
        question = await _read(call)
        stopwatch.note(bidder)
        check(server, question)
        await call.write(seal(key, number, question))
    # The server ends the stream when it has everybody's last answer.
    await call.read()


async def _read(call: grpc.aio.StreamStreamCall[bytes, bytes]) -> bytes:
    message = await call.read()
    assert isinstance(message, bytes), "the stream ended early"
    return message


async def run(load: Load, address: str) -> None:
    """Answer until all streams have ended."""
    stopwatch = Stopwatch(load, tell)
    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.gather(*(answer(channel, bidder, load, stopwatch) for bidder in range(load.bidders)))


if __name__ == "__main__":
    asyncio.run(run(decode_load(sys.argv[1]), sys.argv[2]))
