"""Opening a store file: making it, recognising it, and locking everybody else out.

Decides: the tables, the marks by which a file is known as ours, and how SQLite is set. Refuses: a file that
another program made, one of a newer release, and one that another process has open. Called by
`auctioneer.stores._sqlite_file`.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from openoutcry.errors import StorageError

APPLICATION_ID = 0x4F4F5443
"""Marks a file as ours, in the header where SQLite and `file` look for it: "OOTC"."""

SCHEMA_VERSION = 1
"""Version of the layout, kept in `user_version`."""

_SCHEMA = (
    """CREATE TABLE session (
        number INTEGER PRIMARY KEY,
        session_id BLOB NOT NULL UNIQUE,
        specification BLOB NOT NULL,
        secret BLOB NOT NULL,
        closed INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE batch (
        id INTEGER PRIMARY KEY,
        count INTEGER NOT NULL,
        entries BLOB NOT NULL
    )""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


def open_connection(path: Path, *, cached_statements: int) -> sqlite3.Connection:
    """Open a store file, or make one, and lock it for as long as the connection lives.

    Args:
        path: The file. Its directory must exist.
        cached_statements: Prepared statements that the connection keeps.

    Raises:
        StorageError: It cannot be opened or made, is not ours, is newer, or is open elsewhere.
    """
    _make_private_file(path)
    try:
        connection = sqlite3.connect(
            path, timeout=0.0, isolation_level=None, cached_statements=cached_statements
        )
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {describe(error)}") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StorageError(f"{path}: {describe(error)}") from error
    except StorageError:
        connection.close()
        raise
    return connection


def primary_code(error: sqlite3.Error) -> int | None:
    """Give SQLite's primary result code; the wrapper's own errors have none."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def describe(error: sqlite3.Error) -> str:
    """Say in one clause what an error of SQLite means for the file, and what to do."""
    match primary_code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "is in use by another process: stop that one, or name another file"
        case sqlite3.SQLITE_NOTADB:
            return "is not a store: name another file"
        case sqlite3.SQLITE_FULL:
            return "the disk is full, nothing was appended: free some space"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return f"cannot be written ({error}): check who owns it and its directory"
        case _:
            return f"cannot be used ({error}): check the disk, then restart"


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    execute = connection.execute
    # Taken before anything is read: the lock keeps every other process out for as long as we live, and
    # with it SQLite needs no shared memory file, so that a commit touches the write-ahead log alone.
    execute("PRAGMA locking_mode = EXCLUSIVE")
    execute("BEGIN EXCLUSIVE")
    (application,) = execute("PRAGMA application_id").fetchone()
    (version,) = execute("PRAGMA user_version").fetchone()
    (tables,) = execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (application, version, tables) == (0, 0, 0):
        for statement in _SCHEMA:
            execute(statement)
    elif application != APPLICATION_ID:
        raise StorageError(f"{path}: belongs to another program: name another file")
    elif version != SCHEMA_VERSION:
        versions = f"has layout {version}, this release reads {SCHEMA_VERSION}"
        raise StorageError(f"{path}: {versions}: use the release that wrote it")
    execute("COMMIT")
    execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
    # Where the system has a cheaper flush that stops at the drive's cache, ask for the real one.
    execute("PRAGMA fullfsync = 1")


def _make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read, durably; leave an existing one alone."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if hasattr(os, "O_DIRECTORY"):
            directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
    except FileExistsError:
        return
    except OSError as error:
        reason = f"cannot be made ({error.strerror})"
        raise StorageError(f"{path}: {reason}: create its directory, or name another") from error
