"""The asking side of the bare program: sign, write, read, verify, make durable, and on to the next question.

A process of its own; its argument is the load. Every stream begins with an exchange of public keys. Questions start
when all streams are there.
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
from benchmarks.load import Load, decode_load

Context = grpc.aio.ServicerContext[bytes, bytes]


class Asker:
    """Asks all streams, all at once or one after the other."""

    def __init__(self, load: Load, log: Log) -> None:
        self._load = load
        self._log = log
        self._key = Ed25519PrivateKey.generate()
        self._contexts: list[Context] = []
        self._asked: list[int] = []
        self._complete = asyncio.Event()
        self._finished = asyncio.Event()
        self._answers = 0

    async def talk(self, _: object, context: Context) -> None:
        """Serve one stream."""
        peer = Ed25519PublicKey.from_public_bytes(await self._read(context))
        await context.write(self._key.public_key().public_bytes_raw())
        place = len(self._contexts)
        self._contexts.append(context)
        self._asked.append(0)
        if len(self._contexts) == self._load.bidders:
            self._complete.set()
        await self._complete.wait()
        if self._load.in_flight == "all" or place == 0:
            await self._ask(place, b"")
        step = 0 if self._load.in_flight == "all" else 1
        for _ in range(self._load.levels):
            answer = await self._read(context)
            check(peer, answer)
            self._answers += 1
            await self._ask((place + step) % self._load.bidders, answer)
        await self._finished.wait()

    async def _ask(self, place: int, answer: bytes) -> None:
        """Make an answer and the question that follows durable together; then the question leaves."""
        if self._asked[place] == self._load.levels:
            await self._log.append(answer)
            if self._answers == self._load.cycles:
                self._finished.set()
            return
        question = seal(self._key, self._asked[place], answer)
        self._asked[place] += 1
        await self._log.append(answer + question)
        await self._contexts[place].write(question)

    async def _read(self, context: Context) -> bytes:
        message = await context.read()
        assert isinstance(message, bytes), "a stream ended early"
        return message


async def serve(load: Load, directory: Path) -> None:
    """Serve until the parent wants no more."""
    asker = Asker(load, Log(directory / "log.sqlite"))
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(asker.talk)
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
        asyncio.run(serve(decode_load(sys.argv[1]), Path(scratch)))
