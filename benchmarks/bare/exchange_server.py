"""The asking side of a bare exchange: ask each, and when all answers are durable tell all the same.

A process of its own; its argument is the exchange. What is the same for all is signed once. All answers that wait share
a commit, and nothing leaves before it is durable.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import grpc
import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benchmarks.bare.log import Log
from benchmarks.bare.messages import check, seal
from benchmarks.child import answer_questions, tell
from benchmarks.sale import Exchange, decode_exchange

Context = grpc.aio.ServicerContext[bytes, bytes]


class Teller:
    """Leads all streams through the exchange."""

    def __init__(self, exchange: Exchange, log: Log) -> None:
        self._exchange = exchange
        self._log = log
        self._key = Ed25519PrivateKey.generate()
        self._told: list[bytes] = []
        self._arrived = [0] * (len(exchange.up) + 1)
        self._complete = [asyncio.Event() for _ in self._arrived]

    async def talk(self, _: object, context: Context) -> None:
        """Serve one stream."""
        peer = Ed25519PublicKey.from_public_bytes(await self._read(context))
        await context.write(self._key.public_key().public_bytes_raw())
        await self._meet(0, b"")
        question = seal(self._key, 0, b"", self._exchange.down[0])
        await self._log.append(question)
        await context.write(question)
        sent = 0
        for number in range(1, len(self._exchange.up) + 1):
            answer = await self._read(context)
            check(peer, answer)
            await self._log.append(answer)
            await self._meet(number, answer)
            # After the last answers comes all that is left to say.
            for message in self._told[sent:]:
                await context.write(message)
            sent = len(self._told)

    async def _meet(self, number: int, answer: bytes) -> None:
        """Return when all streams are here, and what all are told next is durable."""
        self._arrived[number] += 1
        if self._arrived[number] == self._exchange.bidders:
            if number:
                await self._tell(number, answer)
            self._complete[number].set()
        await self._complete[number].wait()

    async def _tell(self, number: int, answer: bytes) -> None:
        is_last = number == len(self._exchange.up)
        sizes = self._exchange.down[number:] if is_last else self._exchange.down[number : number + 1]
        told = [seal(self._key, number, answer, size) for size in sizes]
        await self._log.append(b"".join(told))
        self._told.extend(told)

    async def _read(self, context: Context) -> bytes:
        message = await context.read()
        assert isinstance(message, bytes), "a stream ended early"
        return message


async def serve(exchange: Exchange, directory: Path) -> None:
    """Serve until the parent wants no more."""
    teller = Teller(exchange, Log(directory / "log.sqlite"))
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(teller.talk)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bare.Bare", {"Talk": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    over = answer_questions()
    tell({"at": "ready", "address": f"127.0.0.1:{port}"})
    await over.wait()
    await server.stop(None)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="openoutcry-bench-") as scratch:
        asyncio.run(serve(decode_exchange(sys.argv[1]), Path(scratch)))
