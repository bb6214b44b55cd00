"""The real auctioneer service with its SQLite store, in a process of its own.

Its arguments are the path of a public specification and how many sessions of it to open.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from auctioneer.keys import make_keys
from auctioneer.logs import configure_logs
from auctioneer.service import Service
from auctioneer.settings import Limits
from auctioneer.stores import SqliteStore
from benchmarks.child import answer_questions, tell


async def serve(specification: bytes, sessions: int, directory: Path) -> None:
    """Serve until the parent wants no more."""
    store = await SqliteStore.open(directory / "sessions.sqlite")
    limits = Limits(sessions=max(sessions, 1), streams_per_connection=2048)
    async with Service(store=store, keys=make_keys(), limits=limits) as service:
        opened = [await service.open_session(specification) for _ in range(sessions)]
        over = answer_questions()
        tell({"at": "ready", "address": service.address, "session": opened[0].hex()})
        await over.wait()


if __name__ == "__main__":
    configure_logs(level="warning")
    with tempfile.TemporaryDirectory(prefix="openoutcry-bench-") as scratch:
        asyncio.run(serve(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]), Path(scratch)))
