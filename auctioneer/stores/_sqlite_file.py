"""One SQLite file of sessions and logs, used by one thread of one process.

Decides: how rows are laid out, what one commit contains, and which failures end the use of the file.
Refuses: appends that do not fit the end of their log, and any use after a failure of the disk. Called by
the writer thread of `auctioneer.stores.sqlite`, and by nobody else.

Layout. One row a batch, in a table whose integer key is `session number << 32 | index of the first entry`:
the rows of a session lie together in order, with no second index to write. A batch is its entries, each
after its 4-byte length. Measured on two cores, three entries of 300 bytes a batch: one row an entry, keyed
by session and index, costs 10 to 25 % more than this; pages of 1 to 8 KiB make no difference.

One commit. All appends of a group go into one statement, which is also the transaction. That is not for
SQLite, which takes as long for fifty statements, but for Python: every statement gives the interpreter lock
away and may wait 5 ms for it while the event loop is busy. Measured with an event loop that never rests, 50
sessions a group: 335 ms with a statement each, 7 ms with one.

Failures. A full disk leaves the file as it was, and the next append may succeed. After any other input or
output error nobody can know what the disk will show later, so the file answers no more until it is opened
again and its log read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from auctioneer.stores._sqlite_opening import describe, open_connection, primary_code
from auctioneer.stores.port import SessionRecord, SessionSummary, duplicate_session, unknown_session
from openoutcry.errors import StaleLogError, StorageError

GROUP_LIMIT = 128
"""Appends in one commit. Beyond this a commit takes longer than those who wait for it gain."""

READ_LIMIT = 256
"""Batches read in one go, so that a long read never keeps appends waiting for more than a moment."""

_POSITION_BITS = 32
_POSITION_MASK = (1 << _POSITION_BITS) - 1

# The key that the next batch of the same session must have, given any key of that session.
_NEXT_KEY = """coalesce(
    (SELECT id + count FROM batch WHERE id BETWEEN asked.id >> 32 << 32 AND asked.id | 4294967295
     ORDER BY id DESC LIMIT 1),
    asked.id >> 32 << 32)"""

_SIZE = """coalesce(
    (SELECT (id & 4294967295) + count FROM batch
     WHERE id BETWEEN session.number << 32 AND session.number << 32 | 4294967295
     ORDER BY id DESC LIMIT 1), 0)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """One compare-and-append: these entries, if the log of the session has exactly this size.

    Attributes:
        session_id: The session.
        expected_size: Entries that the log must hold.
        count: Number of entries to append, 1 or more.
        joined: The entries, made one by `join_entries`.
    """

    session_id: bytes
    expected_size: int
    count: int
    joined: bytes


class SqliteFile:
    """An open store file. Not for more than one thread."""

    __slots__ = ("_connection", "_numbers", "_path", "_trouble")

    def __init__(self, path: Path) -> None:
        """Open a store file, or make one.

        Args:
            path: The file. Its directory must exist; its name is also that of two files beside it.

        Raises:
            StorageError: It cannot be opened or made, is not ours, is newer, or is open elsewhere.
        """
        self._path = path
        self._connection = open_connection(path, cached_statements=GROUP_LIMIT + 32)
        self._numbers: dict[bytes, int] = {}
        self._trouble: str | None = None

    def create(self, record: SessionRecord, entries: Sequence[bytes]) -> None:
        """Insert a session and the first batch of its log in one transaction."""
        with self._transaction():
            try:
                cursor = self._connection.execute(
                    "INSERT INTO session (session_id, specification, secret) VALUES (?, ?, ?)",
                    (record.session_id, record.specification, record.secret),
                )
            except sqlite3.IntegrityError as error:
                raise duplicate_session(record.session_id) from error
            number = cursor.lastrowid
            if number is None:
                raise StorageError(f"{self._path}: no number was given to a new session")
            if entries:
                self._connection.execute(
                    "INSERT INTO batch (id, count, entries) VALUES (?, ?, ?)",
                    (number << _POSITION_BITS, len(entries), join_entries(entries)),
                )
        self._numbers[record.session_id] = number

    def append_group(self, appends: Sequence[Append]) -> list[StorageError | None]:
        """Make appends durable with one commit; each succeeds or fails alone.

        Args:
            appends: In the order in which they were asked for; several may concern one session.

        Returns:
            For each append None, or why it failed.
        """
        try:
            self._check_usable()
            rows = self._merge(appends)
            if rows is not None and self._insert(rows):
                return [None] * len(appends)
            return self._append_singly(appends)
        except StorageError as error:
            reason = str(error)
        except sqlite3.Error as error:
            reason = str(self._failure(error))
        # Each caller gets an error of its own: one that several tasks raise would collect all their traces.
        return [StorageError(reason) for _ in appends]

    def read(self, session_id: bytes, start: int) -> list[bytes]:
        """Give some entries from `start` on: none only when the log ends there."""
        with self._reading():
            first_key = self._number(session_id) << _POSITION_BITS
            rows = self._connection.execute(
                "SELECT id, count, entries FROM batch WHERE id BETWEEN coalesce("
                "(SELECT max(id) FROM batch WHERE id BETWEEN ?1 AND ?1 | ?2), ?1) AND ?1 | 4294967295"
                " ORDER BY id LIMIT ?3",
                (first_key, start, READ_LIMIT),
            ).fetchall()
        found: list[bytes] = []
        for key, count, joined in rows:
            entries = _split(joined)
            if len(entries) != count:
                where = f"the batch at {key & _POSITION_MASK} of session {session_id.hex()}"
                raise StorageError(f"{self._path}: {where} is damaged: restore a copy of the file")
            found.extend(entries[max(0, start - (key & _POSITION_MASK)) :])
        return found

    def record(self, session_id: bytes) -> SessionRecord:
        """Give what is kept about a session."""
        with self._reading():
            row = self._connection.execute(
                "SELECT specification, secret FROM session WHERE session_id = ?", (session_id,)
            ).fetchone()
        if row is None:
            raise unknown_session(session_id)
        return SessionRecord(session_id=session_id, specification=row[0], secret=row[1])

    def sessions(self) -> list[SessionSummary]:
        """List all sessions in the order in which they were created."""
        with self._reading():
            rows = self._connection.execute(
                f"SELECT session_id, {_SIZE}, closed FROM session ORDER BY number"
            ).fetchall()
        return [SessionSummary(session_id=row[0], size=row[1], closed=bool(row[2])) for row in rows]

    def close_session(self, session_id: bytes) -> None:
        """Mark a session finished."""
        with self._transaction():
            number = self._number(session_id)
            self._connection.execute("UPDATE session SET closed = 1 WHERE number = ?", (number,))

    def close(self) -> None:
        """Move the write-ahead log into the file and let go of it."""
        try:
            self._connection.close()
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {describe(error)}") from error

    def _merge(self, appends: Sequence[Append]) -> list[tuple[int, int, bytes]] | None:
        """Make one row a session, joining appends that follow each other; None if they cannot all succeed."""
        runs: dict[bytes, list[Append]] = {}
        for append in appends:
            run = runs.setdefault(append.session_id, [])
            if run and append.expected_size != run[-1].expected_size + run[-1].count:
                return None
            run.append(append)
        try:
            return [
                (
                    self._number(session_id) << _POSITION_BITS | run[0].expected_size,
                    sum(append.count for append in run),
                    b"".join([append.joined for append in run]),
                )
                for session_id, run in runs.items()
            ]
        except StorageError:
            return None

    def _insert(self, rows: Sequence[tuple[int, int, bytes]]) -> bool:
        """Insert rows if each comes right after what its session holds; otherwise change nothing.

        A row in the wrong place asks for a null count, which the table refuses, and with it the statement.
        """
        places = ", ".join(["(?, ?, ?)"] * len(rows))
        statement = (
            f"INSERT INTO batch WITH asked (id, count, entries) AS (VALUES {places})"
            f" SELECT asked.id, iif({_NEXT_KEY} = asked.id, asked.count, NULL), asked.entries FROM asked"
        )
        try:
            self._connection.execute(statement, [value for row in rows for value in row])
        except sqlite3.IntegrityError:
            return False
        return True

    def _append_singly(self, appends: Sequence[Append]) -> list[StorageError | None]:
        """Append one after the other inside one transaction: the way when some of a group must fail."""
        results: list[StorageError | None] = []
        with self._transaction():
            for append in appends:
                try:
                    number = self._number(append.session_id)
                except StorageError as error:
                    results.append(error)
                    continue
                key = number << _POSITION_BITS | append.expected_size
                inserted = self._insert([(key, append.count, append.joined)])
                results.append(None if inserted else self._stale(number, append.expected_size))
        return results

    def _stale(self, number: int, expected_size: int) -> StaleLogError:
        statement = f"SELECT {_SIZE} FROM session WHERE number = ?"
        (size,) = self._connection.execute(statement, (number,)).fetchone()
        return StaleLogError(expected_size=expected_size, actual_size=size)

    def _number(self, session_id: bytes) -> int:
        number = self._numbers.get(session_id)
        if number is None:
            row = self._connection.execute(
                "SELECT number FROM session WHERE session_id = ?", (session_id,)
            ).fetchone()
            if row is None:
                raise unknown_session(session_id)
            number = self._numbers[session_id] = int(row[0])
        return number

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run a block as one transaction; whatever leaves it early undoes all of it."""
        self._check_usable()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            if self._connection.in_transaction:
                # What undoing says on a failing disk adds nothing to the error that led here.
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._check_usable()
        try:
            yield
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _check_usable(self) -> None:
        if self._trouble is not None:
            raise StorageError(
                f"{self._path}: out of use since an earlier failure ({self._trouble}): restart"
            )

    def _failure(self, error: sqlite3.Error) -> StorageError:
        """Make our error of theirs, and remember it unless the file is known to be as it was before."""
        if primary_code(error) != sqlite3.SQLITE_FULL:
            self._trouble = str(error)
        return StorageError(f"{self._path}: {describe(error)}")


def join_entries(entries: Sequence[bytes]) -> bytes:
    """Make one byte string of entries, each after its 4-byte big-endian length."""
    parts: list[bytes] = []
    for entry in entries:
        parts.append(len(entry).to_bytes(4, "big"))
        parts.append(entry)
    return b"".join(parts)


def _split(joined: bytes) -> list[bytes]:
    entries: list[bytes] = []
    position = 0
    while position < len(joined):
        start = position + 4
        position = start + int.from_bytes(joined[position:start], "big")
        entries.append(joined[start:position])
    return entries
