"""The durable part of one session's log: what may leave, and who waits for more of it.

Decides: which entries are kept at hand. Refuses nothing. Called by the session's driver, which alone appends, and by
whoever reads: streams, observers and transcripts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import grpc

from auctioneer.statuses import CallRefused
from auctioneer.stores import Store

RECENT_ENTRIES = 32
"""Entries kept at hand beyond the latest batch, so that attaching again seldom needs the store."""


FOLLOWED_ENTRIES = 256
"""Entries that an observer who begins early is handed at a time, so that a long log is never held as a whole for it."""


class DurableLog:
    """One session's log in its store.

    Args:
        session_id: 32 bytes.
        store: Keeps it.
        entries: What it holds now.

    Attributes:
        session_id: 32 bytes.
        size: Entries that are durable.
        is_complete: Whether the session has ended, so that nothing follows.
    """

    def __init__(self, session_id: bytes, store: Store, entries: Sequence[bytes]) -> None:
        self.session_id = session_id
        self.size = len(entries)
        self.is_complete = False
        self._store = store
        self._recent = list(entries[-RECENT_ENTRIES:])
        self._growth: asyncio.Future[None] | None = None
        self._is_stopped = False

    async def append(self, entries: Sequence[bytes]) -> None:
        """Append entries; they are durable on return.

        Raises:
            StorageError: They may or may not have been appended: reload.
        """
        await self._store.append(self.session_id, self.size, entries)
        del self._recent[:-RECENT_ENTRIES]
        self._recent += entries
        self.size += len(entries)

    async def reload(self) -> list[bytes]:
        """Return all entries, and know them as the log from now on.

        Raises:
            StorageError: The store cannot be reached.
        """
        entries = await self._store.entries(self.session_id)
        self.size = len(entries)
        self._recent = entries[-RECENT_ENTRIES:]
        return entries

    async def complete(self) -> None:
        """Note that the session has ended.

        Raises:
            StorageError: The store cannot be reached.
        """
        await self._store.close_session(self.session_id)
        self.is_complete = True

    async def entries(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Return the entries from `start` on, up to and without `stop` where it is given.

        Raises:
            StorageError: The store cannot be reached.
        """
        recent_start = self.size - len(self._recent)
        if start >= recent_start:
            return self._recent[
                start - recent_start : None if stop is None else max(start, stop) - recent_start
            ]
        # What a failed append left behind the durable part is nobody's business.
        end = self.size if stop is None else min(self.size, stop)
        return await self._store.entries(self.session_id, start, end)

    async def entry(self, index: int) -> bytes:
        """Return the entry at `index`, 0..size-1; raises as `entries`."""
        recent = index - self.size + len(self._recent)
        return self._recent[recent] if recent >= 0 else (await self.entries(index, index + 1))[0]

    async def follow(self, start: int = 0) -> AsyncIterator[bytes]:
        """Yield the entries from `start` on, as they come, until the session has ended.

        Raises:
            CallRefused: The service stops before that.
            StorageError: The store cannot be reached.
        """
        while True:
            while start < self.size:
                for entry in await self.entries(start, start + FOLLOWED_ENTRIES):
                    start += 1
                    yield entry
            if self.is_complete:
                return
            await self.wait_for_growth()

    async def wait_for_growth(self) -> None:
        """Return when there is more than now, or nothing follows.

        Raises:
            CallRefused: The service stops.
        """
        if self._is_stopped:
            raise CallRefused(grpc.StatusCode.UNAVAILABLE, "the service is shutting down")
        if self._growth is None:
            self._growth = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._growth)

    def tell_growth(self) -> None:
        """Wake whoever waits for more."""
        if self._growth is not None:
            self._growth.set_result(None)
            self._growth = None

    def stop(self) -> None:
        """Let nobody wait any more."""
        self._is_stopped = True
        self.tell_growth()
