"""Receipts: what a bidder keeps of one session, so that it can go on after a crash and prove what it was told.

```
journal          every input, appended before anything that follows from it leaves
key.pem          the bidder's key, unless it is kept elsewhere or derived from a seed
status.json      where the agent stands, for whoever watches it
evidence/        what proves a complaint: a description, the auctioneer's bytes, and a file for strangers if possible
outcome.json     how the session ended
transcript.zip   the session's transcript, as the auctioneer gave it at the end
ended/           the same files of earlier sessions, each in a directory named after its session
```

Decides: whether a directory's journal is this bidder's. Refuses: receipts of another session, bidder or key, and
receipts that another process is using. Only the owner can read them: a journal is as secret as a key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Self

from bidder_agent.files import OWNER_ONLY, replace_file
from openoutcry.errors import ConfigurationError, StorageError
from openoutcry.protocol.deviations import Deviation
from openoutcry.wire.journal import (
    JournalEntry,
    JournalHeader,
    decode_journal,
    encode_entry,
    encode_header,
)

JOURNAL = "journal"
KEY = "key.pem"
STATUS = "status.json"
OUTCOME = "outcome.json"
TRANSCRIPT = "transcript.zip"
EVIDENCE = "evidence"
ENDED = "ended"

OWNER_DIRECTORY = 0o700


class Receipts:
    """One bidder's receipts of one session, open for appending.

    Args:
        directory: Where they are.
        file: The journal, open at its end.
        header: Whose journal it is; None when it is new.
        entries: What it holds.

    Attributes:
        directory: Where they are.
        header: Whose journal it is, once `begin` was called or it was there.
        entries: What the journal held when it was opened.
    """

    def __init__(
        self,
        directory: Path,
        file: BinaryIO,
        *,
        header: JournalHeader | None,
        entries: tuple[JournalEntry, ...],
    ) -> None:
        self.directory = directory
        self.header = header
        self.entries = entries
        self._file = file
        self._unwritten: list[bytes] = []
        # Persisting may run in a thread; appending must not wait for it.
        self._appending = threading.Lock()
        self._persisting = threading.Lock()

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the receipts in a directory, making it if need be. A torn last record is dropped.

        Raises:
            ConfigurationError: Another process uses them.
            StorageError: They cannot be read or written, or the journal is damaged.
        """
        path = directory / JOURNAL
        file: BinaryIO | None = None
        try:
            directory.mkdir(mode=OWNER_DIRECTORY, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), OWNER_ONLY)
            file = os.fdopen(descriptor, "r+b", buffering=0)
            _lock(file, directory)
            header, entries, end = decode_journal(file.read())
            file.truncate(end)
            file.seek(end)
            _sync_directory(directory)
        except OSError as problem:
            if file is not None:
                file.close()
            raise StorageError(
                f"{problem.filename or path}: cannot keep receipts: {problem.strerror}"
            ) from problem
        except (StorageError, ConfigurationError):
            if file is not None:
                file.close()
            raise
        return cls(directory, file, header=header, entries=entries)

    def begin(self, header: JournalHeader) -> None:
        """Begin a new journal, or make sure that the one that is there is this bidder's.

        Raises:
            ConfigurationError: It is another bidder's, or of another session.
        """
        if self.header is None:
            self.header = header
            self._append(encode_header(header))
            return
        for what, kept, given in (
            ("session", self.header.session_id.hex(), header.session_id.hex()),
            ("bidder", self.header.name, header.name),
            ("key", self.header.public_key.hex(), header.public_key.hex()),
            ("seed", self.header.entropy, header.entropy),
        ):
            if kept != given:
                raise ConfigurationError(
                    f"{self.directory}: holds receipts for another {what}: name another directory"
                )

    def append(self, entry: JournalEntry) -> None:
        """Note an input; it is durable after the next `persist`."""
        self._append(encode_entry(entry))

    def persist(self) -> None:
        """Make everything that was appended durable.

        Raises:
            StorageError: It cannot be written. Nothing that follows from it may leave.
        """
        with self._persisting:
            with self._appending:
                unwritten, self._unwritten = self._unwritten, []
            if not unwritten:
                return
            try:
                _write_all(self._file, b"".join(unwritten))
                _sync(self._file.fileno())
            except OSError as problem:
                raise StorageError(
                    f"{self.directory / JOURNAL}: cannot be written: {problem.strerror}"
                ) from problem

    def close(self) -> None:
        """Let go of the journal; what was appended and not persisted is lost, as in a crash."""
        self._file.close()

    def _append(self, record: bytes) -> None:
        with self._appending:
            self._unwritten.append(record)

    def write(self, name: str, data: bytes) -> Path:
        """Put a file beside the journal, in one step, and return its path."""
        path = self.directory / name
        replace_file(path, data)
        return path

    def write_json(self, name: str, content: Mapping[str, object]) -> Path:
        """Put a JSON object beside the journal, in one step, and return its path."""
        return self.write(name, json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")

    def keep_evidence(self, complaint: Deviation, *, proof: bytes | None = None) -> Path:
        """Keep what proves a complaint, and return the file that describes it.

        The description says what happened; the envelope beside it is the auctioneer's, byte for byte.

        Args:
            complaint: Against the auctioneer.
            proof: File that a stranger accepts without the transcript, if there is such a thing.
        """
        place = "unlogged" if complaint.index is None else str(complaint.index)
        stem = f"{complaint.code.value.lower().replace('_', '-')}-{place}"
        assert self.header is not None
        directory = self.directory / EVIDENCE
        directory.mkdir(mode=OWNER_DIRECTORY, exist_ok=True)
        content: dict[str, object] = {
            "session": self.header.session_id.hex(),
            "accused": complaint.accused,
            "code": complaint.code.value,
            "index": complaint.index,
            "detail": complaint.detail,
            "complainant": self.header.name,
            "complainant_key": self.header.public_key.hex(),
            "evidence": f"{stem}.bin" if complaint.evidence else None,
            "evidence_sha256": hashlib.sha256(complaint.evidence).hexdigest(),
        }
        if complaint.evidence:
            self.write(f"{EVIDENCE}/{stem}.bin", complaint.evidence)
        if proof is not None:
            self.write(f"{EVIDENCE}/{stem}.evidence", proof)
        return self.write_json(f"{EVIDENCE}/{stem}.json", content)


def read_receipts(directory: Path) -> tuple[JournalHeader, tuple[JournalEntry, ...]]:
    """Return what a directory's journal holds, without touching it; an agent may be using it.

    Raises:
        ConfigurationError: There are no receipts.
        StorageError: The journal is damaged.
    """
    path = directory / JOURNAL
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(f"{path}: no receipts can be read: {problem.strerror}") from problem
    header, entries, _ = decode_journal(data)
    if header is None:
        raise ConfigurationError(f"{path}: holds no receipts yet")
    return header, entries


def unfinished_session(directory: Path) -> bytes | None:
    """Return the id of the session that a directory's receipts are of, unless it has ended or there are none.

    Raises:
        StorageError: The journal is damaged.
    """
    path = directory / JOURNAL
    if (directory / OUTCOME).exists() or not path.exists():
        return None
    header, _, _ = decode_journal(path.read_bytes())
    return None if header is None else header.session_id


def set_aside_ended(directory: Path) -> Path | None:
    """Move the receipts of a session that has ended out of the way of the next one; the key stays.

    Returns:
        Where they are now; None when there are none.

    Raises:
        StorageError: They cannot be moved.
    """
    outcome = directory / OUTCOME
    try:
        session = str(json.loads(outcome.read_bytes())["session"])
        target = directory / ENDED / re.sub(r"[^0-9a-f]", "", session)
        target.mkdir(mode=OWNER_DIRECTORY, parents=True, exist_ok=True)
        # The outcome is moved last: until then another start takes up where this one was cut off.
        for name in (JOURNAL, STATUS, EVIDENCE, TRANSCRIPT, OUTCOME):
            if (directory / name).exists():
                (directory / name).replace(target / name)
        _sync_directory(directory)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StorageError(
            f"{directory}: the receipts of an ended session cannot be moved: {problem}"
        ) from problem
    return target


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _sync(descriptor: int) -> None:
    # Not every system can leave the file's times out.
    getattr(os, "fdatasync", os.fsync)(descriptor)


def _sync_directory(directory: Path) -> None:
    # Windows cannot open directories and makes their entries durable by itself.
    with contextlib.suppress(PermissionError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _lock(file: BinaryIO, directory: Path) -> None:
    try:
        # Missing on Windows, where the one user of the directory must take care.
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise ConfigurationError(
            f"{directory}: another agent is using these receipts: stop it, or name another directory"
        ) from problem
