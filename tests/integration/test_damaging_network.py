"""A network in clear that damages what it carries costs an agent connections, and neither its part nor its temper."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore
from bidder_agent import join
from bidder_agent.result import Ending
from tests.participants.bidders import PATIENCE_SECONDS
from tests.participants.scenarios import make_specification

MARK = b"application/vnd.openoutcry."
"""Stands in every envelope, near its beginning."""

PLACES = (5, 60, 110, 160, 200)
"""Bytes behind the mark at which a bit is flipped: in the type, the header, what is said, and the signature.

The frames around envelopes are left whole: a frame of a wrong length is waited for, and that would take minutes.
"""


class Damage:
    """Flips a bit in every second envelope, until it has done enough harm."""

    def __init__(self) -> None:
        self.done = 0
        self._seen = 0

    def apply(self, piece: bytes) -> bytes:
        """Return the piece as it arrives."""
        mark = piece.rfind(MARK)
        if mark < 0 or self.done == len(PLACES):
            return piece
        self._seen += 1
        place = mark + PLACES[self.done]
        if self._seen % 2 == 0 or place >= len(piece):
            return piece
        self.done += 1
        return piece[:place] + bytes([piece[place] ^ 0x10]) + piece[place + 1 :]


@asynccontextmanager
async def damaging(address: str, damage: Damage) -> AsyncIterator[str]:
    """Carry bytes to and from this address, and damage some on the way to the agent."""
    host, _, port = address.rpartition(":")
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, harms: bool) -> None:
        try:
            while piece := await reader.read(64 * 1024):
                writer.write(damage.apply(piece) if harms else piece)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        for task in (
            asyncio.create_task(carry(reader, back, harms=False)),
            asyncio.create_task(carry(there, writer, harms=True)),
        ):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in list(tasks):
            task.cancel()


async def test_an_agent_plays_its_whole_part_through_a_network_that_damages(tmp_path: Path) -> None:
    """Damaged frames, proofs and envelopes are dropped with their connections; the session settles and verifies."""
    damage = Damage()
    lines: list[str] = []
    async with (
        Service(store=MemoryStore(), keys=make_keys()) as service,
        damaging(service.address, damage) as address,
        asyncio.timeout(2 * PATIENCE_SECONDS),
    ):
        session_id = await service.open_session(make_specification(2))
        results = await asyncio.gather(
            join(
                address,
                session=session_id,
                name="b0",
                signal=2,
                receipts=tmp_path / "b0",
                tell=lines.append,
            ),
            join(service.address, session=session_id, name="b1", signal=1, receipts=tmp_path / "b1"),
        )
    assert [(result.ending, result.complaint) for result in results] == [(Ending.SETTLED, None)] * 2
    assert [result.is_good for result in results] == [True, True]
    assert [result.deviations for result in results] == [(), ()]
    assert damage.done == len(PLACES)
    assert [line for line in lines if line.startswith("what came cannot be taken")] != []
