"""Machines on a network of their own: network namespaces on a bridge, made and removed by the tests that use them.

The bridge and every cable live in namespaces, too; nothing of the machine's own network is touched.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.integration.deployment import installed_environment

SWITCH = "switch"
INTERFACE = "eth0"
PATIENCE_SECONDS = 180.0

_numbers = itertools.count()


def listed() -> list[str]:
    """Return the namespaces that this process has made and not removed."""
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in names if name.startswith(f"oo-{os.getpid()}-")]


def missing() -> str:
    """Return what this machine lacks to make namespaces; empty when it lacks nothing."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "making network namespaces takes root"
    if shutil.which("ip") is None:
        return "making network namespaces takes the program `ip`"
    trial = f"oo-{os.getpid()}-trial"
    made = subprocess.run(["ip", "netns", "add", trial], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return f"this machine allows no network namespaces: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", trial], check=True)
    return ""


class Party:
    """A process on one of the machines, and what it has said so far.

    Args:
        process: Started with one pipe for all that it says.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._is_over = False
        self._changed = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def wait_for(self, text: str) -> str:
        """Return the first line that has this text, once it is said."""
        with self._changed:
            heard = self._changed.wait_for(lambda: self._find(text) or self._is_over, PATIENCE_SECONDS)
        found = self._find(text)
        assert heard, f"{text!r} was not said in time: {self.lines}"
        assert found is not None, f"it ended without saying {text!r}: {self.lines}"
        return found

    def finish(self) -> int:
        """Return its exit code, once it has ended and all was read."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._reading.join(PATIENCE_SECONDS)
        return code

    def _find(self, text: str) -> str | None:
        return next((line for line in self.lines if text in line), None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


class Network:
    """Machines in namespaces, each with one cable to a switch. Leaving the context removes everything.

    Args:
        names: Of the machines; the first has address 10.77.0.1, the next 10.77.0.2, and so on.
        directory: Each machine gets a directory of its own in it.
    """

    def __init__(self, names: tuple[str, ...], directory: Path) -> None:
        self._names = names
        self._directory = directory
        self._parties: list[Party] = []
        self._added: list[str] = []
        self._prefix = f"oo-{os.getpid()}-{next(_numbers)}"

    def __enter__(self) -> Self:
        """Lay all cables."""
        try:
            self._add(SWITCH)
            self._ip(SWITCH, "link", "add", "bridge0", "type", "bridge")
            self._ip(SWITCH, "link", "set", "bridge0", "up")
            for number, name in enumerate(self._names, start=1):
                self._connect(name, number)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs, and remove the machines."""
        for party in self._parties:
            party.process.kill()
            party.finish()
        self._remove()

    def address(self, name: str) -> str:
        """Return a machine's address."""
        return f"10.77.0.{self._names.index(name) + 1}"

    def directory(self, name: str) -> Path:
        """Return a machine's directory."""
        path = self._directory / name
        path.mkdir(exist_ok=True)
        return path

    def start(self, name: str, *words: str) -> Party:
        """Start a command on a machine."""
        directory = self.directory(name)
        process = subprocess.Popen(
            ["ip", "netns", "exec", self._namespace(name), *words],
            cwd=directory,
            env=installed_environment(directory),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        party = Party(process)
        self._parties.append(party)
        return party

    def cut(self, name: str) -> None:
        """Unplug a machine's cable at the switch."""
        self._ip(SWITCH, "link", "set", self._port(name), "down")

    def heal(self, name: str) -> None:
        """Plug it in again."""
        self._ip(SWITCH, "link", "set", self._port(name), "up")

    def _connect(self, name: str, number: int) -> None:
        self._add(name)
        ends = ("netns", self._namespace(name), "type", "veth", "peer", "name", self._port(name))
        _run("ip", "link", "add", "name", INTERFACE, *ends, "netns", self._namespace(SWITCH))
        self._ip(SWITCH, "link", "set", self._port(name), "master", "bridge0", "up")
        self._ip(name, "address", "add", f"10.77.0.{number}/24", "dev", INTERFACE)
        for interface in ("lo", INTERFACE):
            self._ip(name, "link", "set", interface, "up")

    def _add(self, name: str) -> None:
        namespace = self._namespace(name)
        _run("ip", "netns", "add", namespace)
        self._added.append(namespace)

    def _ip(self, name: str, *words: str) -> None:
        _run("ip", "-netns", self._namespace(name), *words)

    def _remove(self) -> None:
        while self._added:
            _run("ip", "netns", "del", self._added.pop())

    def _namespace(self, name: str) -> str:
        return f"{self._prefix}-{name}"

    def _port(self, name: str) -> str:
        return f"port-{self._names.index(name)}"


def _run(*words: str) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(words)}: {ran.stderr}"
