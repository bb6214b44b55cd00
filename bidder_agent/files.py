"""Writing files so that a reader finds the old or the new content, and secrets so that only their owner finds them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from openoutcry.errors import ConfigurationError, StorageError

OWNER_ONLY = 0o600


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read.

    Raises:
        ConfigurationError: It exists already, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError as problem:
        raise ConfigurationError(f"{path}: exists already: name another file") from problem
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be written: {problem.strerror}") from problem
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        # Half a key is worse than none: the next try would find it there.
        with contextlib.suppress(OSError):
            path.unlink()
        raise ConfigurationError(f"{path}: cannot be written: {problem.strerror}") from problem


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in place in one step; only its owner can read it.

    Raises:
        StorageError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as problem:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StorageError(f"{path}: cannot be written: {problem.strerror}") from problem
