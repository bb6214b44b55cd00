"""The child's side of a measurement: lines of JSON out, and answers about its own use of the machine.

Decides: how a child talks to the process that measures. A child answers `usage` with its processor time and resident
memory, from a thread of its own, and ends when its input ends, so that none outlives its parent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import process_time

PAGE_STATISTICS = Path("/proc/self/statm")

_printing = threading.Lock()


def tell(message: dict[str, object]) -> None:
    """Send a message to the parent."""
    with _printing:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def answer_questions() -> asyncio.Event:
    """Answer the parent from now on.

    Returns:
        Is set, in the event loop that is running, when the parent wants no more.
    """
    over = asyncio.Event()
    threading.Thread(target=_answer, args=(asyncio.get_running_loop(), over), daemon=True).start()
    return over


def resident_bytes() -> int | None:
    """Return the memory of this process that is in use, or None where the system does not tell."""
    try:
        pages = int(PAGE_STATISTICS.read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    import resource

    return pages * resource.getpagesize()


def _answer(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "usage":
            tell({"at": "usage", "cpu_seconds": process_time(), "resident_bytes": resident_bytes()})
    # A child that has finished by itself has no loop left to tell.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(over.set)
