"""Reads the files of deploy/ as the tools that they are written for do, and stands in for those tools.

`Containers` runs the services of compose.yaml without containers: the same words, each path below the directory
that stands for the volume, configuration or secret that the service mounts there. A path that the service does not
mount is a failure, as it would be in a container.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIDDERS = ("ada", "bob", "cleo", "dan")
DOCKERFILES = ("Dockerfile.auctioneer", "Dockerfile.bidder-agent")
UNITS = ("auctioneer.service", "bidder-agent@.service")
IMAGES = {"openoutcry/auctioneer": DOCKERFILES[0], "openoutcry/bidder-agent": DOCKERFILES[1]}

PATIENCE_SECONDS = 90

Compose = dict[str, Any]


def read_compose() -> Compose:
    """Return compose.yaml."""
    loaded: Compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def instructions(name: str) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions in order, lines joined and comments dropped."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in joined.splitlines() if line.strip()
    ]


def last_stage(name: str) -> list[tuple[str, str]]:
    """Return the instructions that make the image itself."""
    found = instructions(name)
    start = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def health_check(name: str) -> list[str]:
    """Return the words of a Dockerfile's health check."""
    words: list[str] = json.loads(dict(last_stage(name))["HEALTHCHECK"].partition("CMD ")[2])
    return words


def unit(name: str) -> list[tuple[str, str]]:
    """Return a unit's settings in order; unlike `configparser` this keeps those that stand there repeatedly."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / name).read_text(encoding="utf-8"))
    found = (line.partition("=") for line in text.splitlines() if re.match(r"[A-Za-z]", line))
    return [(key, value) for key, _, value in found]


def installed_environment(home: Path) -> dict[str, str]:
    """Return an environment with the installed commands and nothing of the caller's."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}


@dataclass(kw_only=True)
class Containers:
    """The services of compose.yaml as processes of this machine.

    Attributes:
        directory: Holds what containers would have in volumes.
        address: `host:port` of the auctioneer, once it has started.
    """

    directory: Path
    address: str = ""
    compose: Compose = field(default_factory=read_compose)
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End by force whatever a failed test left running."""
        for process in self._started:
            if process.returncode is None:
                process.kill()
                process.communicate()

    def volume(self, name: str) -> Path:
        """Return the directory that stands for a volume."""
        path = self.directory / "volumes" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def words(self, service: str) -> list[str]:
        """Return the command that the container of a service runs, for this machine."""
        settings = self.compose["services"][service]
        entry = json.loads(dict(last_stage(IMAGES[settings["image"]]))["ENTRYPOINT"])
        return self.translate(service, [*settings.get("entrypoint", entry), *settings["command"]])

    def translate(self, service: str, words: list[str]) -> list[str]:
        """Return words that are said in the container of a service, for this machine."""
        mounts = self._mounts(service)
        return [self._translate(word, mounts) for word in words]

    def start(self, service: str, words: list[str] | None = None) -> subprocess.Popen[str]:
        """Start a service, or other words in its container."""
        home = self.directory / "homes" / service
        home.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            self.words(service) if words is None else words,
            cwd=home,
            env=installed_environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for a process to end; its exit code, and what it said."""
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, output + errors

    def run(self, service: str, words: list[str] | None = None) -> tuple[int, str]:
        """Run a service to its end; its exit code, and what it said."""
        return self.finish(self.start(service, words))

    def _mounts(self, service: str) -> dict[str, Path]:
        settings = self.compose["services"][service]
        mounts = {"/opt/openoutcry/make_certificates.py": DEPLOY / "make_certificates.py"}
        for volume in settings.get("volumes", []):
            name, target = volume.split(":")[:2]
            mounts[target] = self.volume(name)
        if service == "certificates":
            # The directories of the parties are volumes of their own below one that is not.
            mounts["/secrets"] = self.directory / "secrets"
            mounts["/secrets"].mkdir(exist_ok=True)
            for target, path in mounts.items():
                if target.startswith("/secrets/") and not (place := mounts["/secrets"] / target[9:]).exists():
                    place.symlink_to(path)
        for entry in settings.get("secrets", []):
            source = self.compose["secrets"][entry["source"]]["file"]
            mounts[f"/run/secrets/{entry['target']}"] = DEPLOY / source
        for entry in settings.get("configs", []):
            source = self.compose["configs"][entry["source"]]["file"]
            mounts[entry["target"]] = self._configuration(DEPLOY / source, mounts)
        return mounts

    def _configuration(self, source: Path, mounts: dict[str, Path]) -> Path:
        target = self.directory / "configurations" / source.name
        target.parent.mkdir(exist_ok=True)
        text = re.sub(r'"0\.0\.0\.0:\d+"', '"127.0.0.1:0"', source.read_text(encoding="utf-8"))
        words = re.sub(r'"(/[^"\n]*)"', lambda match: json.dumps(_place(match[1], mounts)), text)
        target.write_text(words, encoding="utf-8")
        return target

    def _translate(self, word: str, mounts: dict[str, Path]) -> str:
        name, is_option, value = word.partition("=") if word.startswith("--") else ("", "", word)
        if value.startswith("/"):
            value = _place(value, mounts)
        elif value in {"auctioneer:7440", "127.0.0.1:7440"}:
            assert self.address, "the auctioneer has not started"
            value = self.address
        elif name == "--owner" and os.geteuid() != 0:
            # Only root can give files away, and here nobody else is to read them.
            value = f"{os.geteuid()}:{os.getegid()}"
        elif word == "python":
            value = sys.executable
        return f"{name}{is_option}{value}"


def _place(path: str, mounts: dict[str, Path]) -> str:
    for target in sorted(mounts, key=len, reverse=True):
        if path == target or path.startswith(f"{target}/"):
            return f"{mounts[target]}{path[len(target) :]}"
    raise AssertionError(f"{path} is not mounted")
