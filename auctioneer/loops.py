"""Event loops: a faster one where it is installed, and what Ctrl-C does to a program that runs in one."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

_Result = TypeVar("_Result")

INTERRUPTED = 130
"""Exit code of a program that was ended by Ctrl-C, as shells have it."""


def run(main: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a program in uvloop's event loop if that is installed, else in the standard one."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if importlib.util.find_spec("uvloop") is not None:
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def on_interrupt(first: Callable[[], None], *, before_death: Callable[[], None] | None = None) -> None:
    """Handle Ctrl-C and SIGTERM in the running loop: the first asks the program to end, the second ends it at once.

    Args:
        first: Called in the loop at the first of them.
        before_death: Called at the second, just before the process ends.
    """
    loop = asyncio.get_running_loop()
    seen = False

    def interrupt() -> None:
        nonlocal seen
        if seen:
            if before_death is not None:
                before_death()
            os._exit(INTERRUPTED)
        seen = True
        first()

    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no handlers in loops: there Ctrl-C is an exception, as everywhere else in Python.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, interrupt)
