"""The service is killed around every durable batch; the session goes on and ends as if nothing had happened.

The service runs in a child process that ends itself, without any goodbye, just before or just after its n-th append;
it is started again on the same files until the session has ended. Bidders live in the test and attach again.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from openoutcry.protocol.transcript import Transcript, decode_transcript
from openoutcry.session.verification import verify_transcript
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc
from tests.participants.bidders import CODEC, LOST, TestBidder, open_channel
from tests.participants.scenarios import make_bidders

CHECKOUT = Path(__file__).parents[2]
PATIENCE_SECONDS = 300.0
SIGNALS = (2, 0, 3, 1)

# Serves one session with everything derived from one seed, and kills itself around an append.
CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from auctioneer.local import derive_secrets
from auctioneer.logs import configure_logs
from auctioneer.service import Service
from auctioneer.stores import SqliteStore
from tests.participants.scenarios import make_specification

directory, port, when, number = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])

class DyingStore:
    def __init__(self, store):
        self._store, self._appends = store, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, session_id, expected_size, entries):
        self._appends += 1
        if when == "before" and self._appends == number:
            os.kill(os.getpid(), signal.SIGKILL)
        await self._store.append(session_id, expected_size, entries)
        if when == "after" and self._appends == number:
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    configure_logs(level="error")
    local = derive_secrets("kill")
    store = DyingStore(await SqliteStore.open(directory / "sessions.db"))
    async with Service(store=store, keys=local.keys, listen=f"127.0.0.1:{port}") as service:
        if not await service.session_lines():
            await service.open_session(make_specification(form=sys.argv[5]), seed_part=local.seed_part)
        (line,) = await service.session_lines()
        print(line.session_id.hex(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Incarnations:
    """The service, started again whenever it dies.

    Attributes:
        deaths: How often it died.
    """

    def __init__(self, directory: Path, *, when: str, number: int, form: str) -> None:
        self.deaths = 0
        self.port = _free_port()
        self._arguments = (str(directory), str(self.port), when, str(number), form)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> bytes:
        """Start it and return the id of its session."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, *self._arguments, stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
        )
        assert self._process.stdout is not None
        return bytes.fromhex((await self._process.stdout.readline()).decode())

    async def keep_alive(self) -> None:
        """Start it again after each death."""
        while True:
            assert self._process is not None
            assert await self._process.wait() == -signal.SIGKILL
            self.deaths += 1
            await self.start()

    async def end(self) -> None:
        """End it for good."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def running(service: Incarnations) -> AsyncIterator[bytes]:
    """Run the service while the context lasts; its session's id is given."""
    session_id = await service.start()
    keeping = asyncio.create_task(service.keep_alive())
    try:
        yield session_id
        if keeping.done():
            keeping.result()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await service.end()


async def play(service: Incarnations) -> tuple[list[TestBidder], Transcript]:
    """Play the session through all deaths, and return the bidders and the transcript."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        running(service) as session_id,
        open_channel(f"127.0.0.1:{service.port}") as channel,
    ):
        bidders = make_bidders(session_id, SIGNALS)
        await asyncio.gather(*(bidder.play_through(channel) for bidder in bidders))
        return bidders, await _fetch(channel, session_id)


async def _fetch(channel: grpc.aio.Channel, session_id: bytes) -> Transcript:
    stub = service_pb2_grpc.AuctionServiceStub(channel)
    while True:
        try:
            call = stub.FetchTranscript(wire.FetchTranscriptRequest(session_id=session_id))
            return decode_transcript(b"".join([part.chunk async for part in call]))
        except grpc.aio.AioRpcError as error:
            if error.code() not in LOST:
                raise
            await channel.channel_ready()


async def check(directory: Path, *, when: str, number: int, form: str = "clock") -> int:
    """Compare a session that is killed again and again with one that is not, and return the number of deaths."""
    for name in ("calm", "stormy"):
        (directory / name).mkdir()
    calm, _ = await play(Incarnations(directory / "calm", when="never", number=0, form=form))
    service = Incarnations(directory / "stormy", when=when, number=number, form=form)
    stormy, transcript = await play(service)
    verification = verify_transcript(transcript, codec=CODEC)
    assert verification.is_valid
    assert not verification.deviations
    assert verification.session is not None
    assert verification.session.outcome is not None
    outcomes = [bidder.session.outcome for bidder in (*calm, *stormy)]
    assert outcomes == [verification.session.outcome] * 8
    return service.deaths


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_session_outlives_kills_at_every_few_batches(tmp_path: Path, when: str):
    """Killed around every seventh append: the same outcome, nobody accused, and every byte verifies."""
    assert await check(tmp_path, when=when, number=7) >= 1


@pytest.mark.long
@pytest.mark.parametrize("form", ["clock", "sealed"])
@pytest.mark.parametrize(
    ("when", "number"), [("after", 1), ("before", 2), ("after", 2), ("after", 3), ("before", 3)]
)
async def test_a_session_outlives_kills_at_every_batch(tmp_path: Path, when: str, number: int, form: str):
    """Killed around every append, or as often as still lets the session move: the same."""
    assert await check(tmp_path, when=when, number=number, form=form) >= 3
