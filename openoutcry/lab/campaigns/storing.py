"""What a running campaign keeps on disk: whole files or none, in a directory that only one command uses at a time."""

from __future__ import annotations

import os
import sys
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
        if not _takes_lock(file):
            reason = "another `auctioneer sweep` is at work there: wait for it, or name another directory with --out"
            raise CampaignError(file=str(path.parent), key="", reason=reason)
        yield


def _takes_lock(file: BinaryIO) -> bool:
    """Lock an empty file until it is closed; False where another process holds it.

    Some network file systems know no locks; who has one of those is no worse off than without this.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            # A region may lie behind the end of a file, so the first byte of an empty one will do.
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        # So each of the two says that somebody else has it.
        return False
    except OSError:
        pass
    return True
