"""A store in one SQLite file: durable on return, one writer thread, group commit.

Decides: which appends share a commit. While one commit is on its way to the disk, whatever is asked for
queues up; the writer then takes all of it at once. Nobody is made to wait for company: a single append goes
at once, and costs a thread hop and one flush. Refuses what the port and the file refuse, and any use after
`close`. Called by the auctioneer when a state directory is set.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from auctioneer.stores._sqlite_file import GROUP_LIMIT, Append, SqliteFile, join_entries
from auctioneer.stores.port import SessionRecord, SessionSummary, check_append, check_start
from openoutcry.errors import OpenOutcryError, StorageError, UsageError

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _AppendRequest:
    append: Append
    future: asyncio.Future[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _CallRequest:
    function: Callable[[SqliteFile], Any]
    future: asyncio.Future[Any]
    last: bool = False


_Request = _AppendRequest | _CallRequest
_Settlement = tuple[asyncio.Future[Any], Any, BaseException | None]


class SqliteStore:
    """Sessions and their logs in one SQLite file. Made by `open`, used from one event loop."""

    __slots__ = ("_closed", "_loop", "_requests", "_thread")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread: threading.Thread, requests: SimpleQueue[_Request]
    ) -> None:
        self._loop = loop
        self._thread = thread
        self._requests = requests
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> SqliteStore:
        """Open a store file, or make one, and start its writer thread.

        Args:
            path: The file, in a directory that exists. Only one process at a time can have it open.

        Raises:
            StorageError: It cannot be opened or made, is not ours, is newer, or is open elsewhere.
        """
        loop = asyncio.get_running_loop()
        requests: SimpleQueue[_Request] = SimpleQueue()
        opened: asyncio.Future[None] = loop.create_future()
        # A daemon: a program that dies without closing must not hang here, and the file stands any death.
        thread = threading.Thread(
            target=_write, args=(path, loop, requests, opened), name="openoutcry-store", daemon=True
        )
        thread.start()
        try:
            await opened
        except asyncio.CancelledError:
            # Nobody will close what this call would have given, so the file is closed as soon as it is open.
            requests.put(_CallRequest(function=SqliteFile.close, future=loop.create_future(), last=True))
            raise
        return cls(loop, thread, requests)

    async def create(self, record: SessionRecord, entries: Sequence[bytes]) -> None:
        """Begin a session with the first entries of its log; see `Store.create`."""
        kept = tuple(entries)
        await self._call(lambda file: file.create(record, kept))

    async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
        """Append entries if the log has exactly the expected size; see `Store.append`."""
        check_append(expected_size, entries)
        self._check_open()
        future: asyncio.Future[None] = self._loop.create_future()
        append = Append(
            session_id=session_id,
            expected_size=expected_size,
            count=len(entries),
            joined=join_entries(entries),
        )
        self._requests.put(_AppendRequest(append=append, future=future))
        await future

    async def entries(self, session_id: bytes, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Give the entries from `start` up to `stop`; see `Store.entries`."""
        check_start(start)
        found: list[bytes] = []
        while True:
            part = await self._call(partial(SqliteFile.read, session_id=session_id, start=start + len(found)))
            found.extend(part)
            if not part:
                return found
            if stop is not None and start + len(found) >= stop:
                return found[: max(0, stop - start)]

    async def record(self, session_id: bytes) -> SessionRecord:
        """Give what is kept about a session; see `Store.record`."""
        return await self._call(lambda file: file.record(session_id))

    async def sessions(self) -> list[SessionSummary]:
        """List all sessions in the order in which they were created."""
        return await self._call(lambda file: file.sessions())

    async def close_session(self, session_id: bytes) -> None:
        """Mark a session finished; see `Store.close_session`."""
        await self._call(lambda file: file.close_session(session_id))

    async def close(self) -> None:
        """Finish what was asked before, close the file and end the writer thread."""
        if self._closed:
            return
        self._closed = True
        future: asyncio.Future[None] = self._loop.create_future()
        self._requests.put(_CallRequest(function=SqliteFile.close, future=future, last=True))
        await future
        self._thread.join()

    async def _call(self, function: Callable[[SqliteFile], _Result]) -> _Result:
        self._check_open()
        future: asyncio.Future[_Result] = self._loop.create_future()
        self._requests.put(_CallRequest(function=function, future=future))
        return await future

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the store is closed: open it again")


def _write(
    path: Path, loop: asyncio.AbstractEventLoop, requests: SimpleQueue[_Request], opened: asyncio.Future[None]
) -> None:
    """Serve requests in the order they came, until the last one. Runs in the writer thread."""
    try:
        file = SqliteFile(path)
    except OpenOutcryError as error:
        _settle_later(loop, [(opened, None, error)])
        return
    _settle_later(loop, [(opened, None, None)])
    serving = True
    while serving:
        for part in _take(requests):
            if isinstance(part, _CallRequest):
                _settle_later(loop, [_perform(file, part)])
                serving = not part.last
            else:
                _settle_later(loop, _append(file, part))


def _take(requests: SimpleQueue[_Request]) -> list[_CallRequest | list[_AppendRequest]]:
    """Wait for a request, then take those that are there too, with neighbouring appends in groups."""
    parts: list[_CallRequest | list[_AppendRequest]] = []
    taken = 0
    request = requests.get()
    while True:
        taken += 1
        if isinstance(request, _CallRequest):
            parts.append(request)
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(request)
        else:
            parts.append([request])
        if taken == GROUP_LIMIT:
            return parts
        try:
            request = requests.get_nowait()
        except Empty:
            return parts


def _append(file: SqliteFile, requests: Sequence[_AppendRequest]) -> list[_Settlement]:
    try:
        failures = file.append_group([request.append for request in requests])
    except Exception as error:
        failures = [_unforeseen(error)] * len(requests)
    return [(request.future, None, failure) for request, failure in zip(requests, failures, strict=True)]


def _perform(file: SqliteFile, request: _CallRequest) -> _Settlement:
    try:
        return request.future, request.function(file), None
    except OpenOutcryError as error:
        return request.future, None, error
    except Exception as error:
        return request.future, None, _unforeseen(error)


def _unforeseen(error: Exception) -> StorageError:
    """Wrap what should not have happened. The writer lives on, because all other sessions depend on it."""
    failure = StorageError(f"the store failed unforeseen ({type(error).__name__}: {error}): report it")
    failure.__cause__ = error
    return failure


def _settle_later(loop: asyncio.AbstractEventLoop, settlements: list[_Settlement]) -> None:
    """Wake the event loop once for everything that one commit settled."""
    # A loop that was closed in the meantime has nobody left to tell.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, settlements)


def _settle(settlements: list[_Settlement]) -> None:
    for future, result, error in settlements:
        # A caller that was cancelled has taken its future with it.
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
