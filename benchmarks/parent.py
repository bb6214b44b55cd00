"""The parent's side of a measurement: child processes, and the lines of JSON that they send.

Decides: how children are started, asked and ended. Refuses: a child that dies or says nothing for a minute, in one line
with the end of what it wrote to its standard error. Called by everything that measures across processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Any

PATIENCE_SECONDS = 60.0
"""The longest silence of a child that still works."""

ROOT = Path(__file__).resolve().parents[1]


class ChildFailed(Exception):
    """A child of a measurement ended, or said nothing for too long."""


class Child:
    """A Python module that runs in a process of its own; used as a context.

    Args:
        module: Its name.
        arguments: For its command line.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        # Closed when the child is left.
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        # Reading with a time limit needs a thread on every system.
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> Child:
        """Give the child."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child, kindly at first."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reading.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()

    def wait_for(self, at: str) -> dict[str, Any]:
        """Return the next message, which must be of this kind.

        Raises:
            ChildFailed: The child ended, said nothing for too long, or said something else.
        """
        try:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
        except Empty:
            raise ChildFailed(f"{self._module} said nothing for {PATIENCE_SECONDS:.0f} s") from None
        if not line:
            raise ChildFailed(f"{self._module} ended: {self._last_words()}")
        message: dict[str, Any] = json.loads(line)
        if message["at"] != at:
            raise ChildFailed(f"{self._module} said {message} where {at} was expected")
        return message

    def ask_usage(self) -> dict[str, Any]:
        """Return the processor time of the child in seconds and its resident memory in bytes."""
        assert self._process.stdin is not None
        self._process.stdin.write("usage\n")
        self._process.stdin.flush()
        return self.wait_for("usage")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        return " | ".join(self._errors.read().split("\n")[-6:]) or "without a word"
