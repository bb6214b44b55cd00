"""The port through which the auctioneer keeps sessions: logs that only grow, by compare-and-append.

Decides: what any store promises. Refuses: nothing itself; the checks that every store makes on its
arguments are here, so that all stores refuse the same calls in the same words. Called by the auctioneer's
driver, which sends nothing before the append that it rests on has returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from openoutcry.errors import StorageError, UsageError

MAX_LOG_ENTRIES = 2**32
"""Entries in one log. Positions are stored in 32 bits; a session of this length would fill a disk first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """What is kept about a session besides its log.

    Attributes:
        session_id: 32 bytes that name the session.
        specification: Public specification, the exact bytes whose digest the session's opening carries.
        secret: Opaque bytes that the auctioneer needs to go on after a restart. They stay in the store and
            in the memory of the auctioneer, and are kept out of the representation of this value.
    """

    session_id: bytes
    specification: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """One line of the list of sessions.

    Attributes:
        session_id: 32 bytes that name the session.
        size: Entries in its log.
        closed: True when the session is finished and a restart need not resume it.
    """

    session_id: bytes
    size: int
    closed: bool


class Store(Protocol):
    """Sessions and their logs. Every method may raise StorageError when the store cannot be reached."""

    async def create(self, record: SessionRecord, entries: Sequence[bytes]) -> None:
        """Begin a session with the first entries of its log, all of it or nothing, durable on return.

        Args:
            record: The session.
            entries: First entries, possibly none.

        Raises:
            StorageError: The session exists already.
        """
        ...

    async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
        """Append entries if the log has exactly the expected size; all or nothing, durable on return.

        A caller that is cancelled while it waits does not learn whether the append happened; it did or it
        did not, as a whole, and the size of the log tells which.

        Args:
            session_id: The session.
            expected_size: Entries that the caller believes the log to hold, 0 or more.
            entries: At least one entry.

        Raises:
            StaleLogError: The log has another size: somebody else appended first.
            StorageError: The session is unknown, or the entries could not be made durable.
            UsageError: There is nothing to append, or the log would become too long.
        """
        ...

    async def entries(self, session_id: bytes, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Give the entries from `start` up to, and without, `stop`, in order; fewer where the log ends before.

        Args:
            session_id: The session.
            start: Position of the first, 0 or more.
            stop: Position behind the last; None gives all to the end.

        Raises:
            StorageError: The session is unknown.
            UsageError: `start` is negative, or past the last position that a log can have.
        """
        ...

    async def record(self, session_id: bytes) -> SessionRecord:
        """Give what is kept about a session; StorageError when it is unknown."""
        ...

    async def sessions(self) -> list[SessionSummary]:
        """List all sessions in the order in which they were created."""
        ...

    async def close_session(self, session_id: bytes) -> None:
        """Mark a session finished, for good; a second call changes nothing."""
        ...

    async def close(self) -> None:
        """Finish what was asked before and release the store; a second call changes nothing."""
        ...


def check_append(expected_size: int, entries: Sequence[bytes]) -> None:
    """Refuse an append that no store can make, whatever its log holds.

    Raises:
        UsageError: The expected size is negative, there is nothing to append, or the log would be too long.
    """
    if expected_size < 0:
        raise UsageError(f"a log cannot hold {expected_size} entries: give the size that you last saw")
    if not entries:
        raise UsageError("there is nothing to append: give at least one entry, or do not call")
    if expected_size + len(entries) > MAX_LOG_ENTRIES:
        raise UsageError(f"a log holds at most {MAX_LOG_ENTRIES} entries: go on in another session")


def check_start(start: int) -> None:
    """Refuse a position that no log has.

    Raises:
        UsageError: It is not in 0..2^32-1.
    """
    if not 0 <= start < MAX_LOG_ENTRIES:
        raise UsageError(f"no log has a position {start}: give 0 for the first entry")


def unknown_session(session_id: bytes) -> StorageError:
    """Make the error that says that a store has no such session."""
    return StorageError(
        f"no session {session_id.hex()} in this store: list its sessions to see what it holds"
    )


def duplicate_session(session_id: bytes) -> StorageError:
    """Make the error that says that a session is already there."""
    return StorageError(f"session {session_id.hex()} is already in this store: resume it, or open a new one")
