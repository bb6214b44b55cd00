"""What a running campaign keeps on disk: whole files or none, in a directory that only one command uses at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from openoutcry.errors import CampaignError, ConfigurationError


def store(path: Path, data: bytes) -> None:
    """Write a file, which is there as a whole or not at all.

    Raises:
        ConfigurationError: It cannot be written.
    """
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as problem:
        raise ConfigurationError(f"what is done cannot be kept: {problem}") from problem


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file, made if it is not there, for this process alone; the system lets go of it when the process ends.

    Args:
        path: Stays where it is: whoever removes a file that somebody holds makes two of one lock.

    Raises:
        CampaignError: Another process holds it.
    """
    with path.open("ab") as file:
        _lock(file, path)
        yield


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        # Missing on Windows, where two commands in one directory are left to the person.
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        reason = (
            "another `auctioneer sweep` is at work there: wait for it, or name another directory with --out"
        )
        raise CampaignError(file=str(path.parent), key="", reason=reason) from problem
    except OSError:
        # Some network file systems know no locks; who has one of those is no worse off than without this.
        return
