"""A store that forgets everything when the process ends: for trials, tests and local runs.

Decides nothing that the port does not say. Durable on return means here: as long as the process lives.
Called by the auctioneer when no state directory is set.
"""

from __future__ import annotations

from collections.abc import Sequence

from auctioneer.stores.port import (
    SessionRecord,
    SessionSummary,
    check_append,
    check_start,
    duplicate_session,
    unknown_session,
)
from openoutcry.errors import StaleLogError


class MemoryStore:
    """Sessions and their logs in dictionaries of this process."""

    __slots__ = ("_closed", "_logs", "_records")

    def __init__(self) -> None:
        self._records: dict[bytes, SessionRecord] = {}
        self._logs: dict[bytes, list[bytes]] = {}
        self._closed: set[bytes] = set()

    async def create(self, record: SessionRecord, entries: Sequence[bytes]) -> None:
        """Begin a session with the first entries of its log; see `Store.create`."""
        if record.session_id in self._records:
            raise duplicate_session(record.session_id)
        self._records[record.session_id] = record
        self._logs[record.session_id] = list(entries)

    async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
        """Append entries if the log has exactly the expected size; see `Store.append`."""
        check_append(expected_size, entries)
        log = self._log(session_id)
        if len(log) != expected_size:
            raise StaleLogError(expected_size=expected_size, actual_size=len(log))
        log.extend(entries)

    async def entries(self, session_id: bytes, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Give the entries from `start` up to `stop`; see `Store.entries`."""
        check_start(start)
        return self._log(session_id)[start : None if stop is None else max(start, stop)]

    async def record(self, session_id: bytes) -> SessionRecord:
        """Give what is kept about a session; see `Store.record`."""
        self._log(session_id)
        return self._records[session_id]

    async def sessions(self) -> list[SessionSummary]:
        """List all sessions in the order in which they were created."""
        return [
            SessionSummary(session_id=session_id, size=len(log), closed=session_id in self._closed)
            for session_id, log in self._logs.items()
        ]

    async def close_session(self, session_id: bytes) -> None:
        """Mark a session finished; see `Store.close_session`."""
        self._log(session_id)
        self._closed.add(session_id)

    async def close(self) -> None:
        """Release nothing: the logs go with the process, so that a test can still look at them."""

    def _log(self, session_id: bytes) -> list[bytes]:
        try:
            return self._logs[session_id]
        except KeyError:
            raise unknown_session(session_id) from None
