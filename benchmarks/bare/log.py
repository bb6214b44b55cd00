"""The bare program's durable log: one SQLite file, one writer thread, one commit for whatever waits.

A commit is one statement: every further statement would give the interpreter lock away and wait to get it back.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

GROUP_LIMIT = 128


class Log:
    """Appends rows; used from one event loop."""

    def __init__(self, path: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: SimpleQueue[tuple[bytes, asyncio.Future[None]]] = SimpleQueue()
        Thread(target=self._write, args=(path,), daemon=True).start()

    async def append(self, row: bytes) -> None:
        """Return when the row is durable."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.put((row, done))
        await done

    def _write(self, path: Path) -> None:
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=2 * GROUP_LIMIT)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, row BLOB)")
        while True:
            group = [self._waiting.get()]
            while len(group) < GROUP_LIMIT:
                try:
                    group.append(self._waiting.get_nowait())
                except Empty:
                    break
            places = ", ".join(["(?)"] * len(group))
            connection.execute(f"INSERT INTO log (row) VALUES {places}", [row for row, _ in group])
            self._loop.call_soon_threadsafe(_settle, [done for _, done in group])


def _settle(settled: list[asyncio.Future[None]]) -> None:
    for done in settled:
        if not done.done():
            done.set_result(None)
