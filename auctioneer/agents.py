"""Bidder agents of a local run: each in an operating-system process of its own, started and ended from here.

Decides: what an agent is told and how: its private signal, or its value and what it believes, go through its standard
input, never through its command line or a file, where others could read them. Refuses nothing: an agent that dies is
reported, and the session goes by its rules. Agents run in a process group of their own, so that Ctrl-C reaches only the
auctioneer, which ends them in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from openoutcry.scenario import Scenario
from openoutcry.simulation.table import Private, as_input
from openoutcry.strategies.private_input import encode_private

KEPT_BYTES = 16 * 1024
ENDING_SECONDS = 3.0

ERROR = "error: "
"""How the line begins in which an agent says why it gives up."""

REASON_LENGTH = 300
"""Characters of an agent's own words in the line that tells how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Where agents are to go.

    Attributes:
        address: `host:port` of the service.
        session_id: 32 bytes.
        auctioneer_key: The message key that they insist on, 32 bytes.
        seed: Of the local run.
        receipts: Directory for all their receipts.
    """

    address: str
    session_id: bytes
    auctioneer_key: bytes
    seed: str
    receipts: Path


class AgentProcess:
    """One bidder agent.

    Args:
        name: Of its bidder.
        process: With standard input and errors as pipes.
        receipts: Directory of its receipts.

    Attributes:
        name: Of its bidder.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, receipts: Path) -> None:
        self.name = name
        self._process = process
        self._receipts = receipts
        self._last_words = ""
        self._reading = asyncio.get_running_loop().create_task(self._read_errors())

    async def tell(self, private: bytes) -> None:
        """Write what its bidder privately knows to its standard input, and close that."""
        assert self._process.stdin is not None
        # An agent that has died already, of the Ctrl-C that is about to end us all, is reported by whoever watches it;
        # the faster event loop says so with a RuntimeError.
        with suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
            self._process.stdin.write(private)
            await self._process.stdin.drain()
            self._process.stdin.close()

    @property
    def pid(self) -> int:
        """Id of its process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Return its exit code when it has ended and all that it wrote was read."""
        code = await self._process.wait()
        await self._reading
        return code

    def describe_end(self, *, when: str = "") -> str:
        """Return in one line how it ended, and why as far as it says: its strategy may have written that, too.

        Args:
            when: Such as "in wave 2", if that is known.
        """
        code = self._process.returncode
        assert code is not None, "it has ended"
        how = f"{describe_exit(code)} {when}".rstrip()
        reason = show_words(_last_error(self._last_words) or _reason_in(self._receipts))
        return f"the agent of {self.name} {how}" + (f": {reason}" if reason else "")

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        # Read to the end whatever comes, or a chatty strategy would wait for us; only the end is kept.
        tail = b""
        while piece := await self._process.stderr.read(KEPT_BYTES):
            tail = (tail + piece)[-KEPT_BYTES:]
        self._last_words = tail.decode("utf-8", "replace")


def describe_exit(code: int) -> str:
    """Return how a process ended.

    Args:
        code: As Python gives it: a negative one is the number of a signal.
    """
    if code >= 0:
        return f"ended with status {code}"
    named = {number.value: number.name for number in signal.Signals}
    return f"was ended by {named.get(-code, f'signal {-code}')}"


def private_input(scenario: Scenario, bidder: int, private: Private) -> bytes:
    """Return what the agent of a bidder reads from its standard input."""
    return encode_private(as_input(private), scenario.specification.market, bidder)


async def start_agents(
    scenario: Scenario, private: Sequence[Private], meeting: Meeting
) -> list[AgentProcess]:
    """Start one agent for each bidder of a scenario.

    Args:
        scenario: Says who plays how.
        private: Length n: what each bidder privately knows.
        meeting: Where they are to go.
    """
    agents: list[AgentProcess] = []
    try:
        for name in scenario.names:
            agents.append(await _start(scenario, meeting, name))
        # All are started before any is waited for: what one bidder knows may not fit into a pipe.
        inputs = [private_input(scenario, bidder, known) for bidder, known in enumerate(private)]
        await asyncio.gather(*(agent.tell(data) for agent, data in zip(agents, inputs, strict=True)))
    except BaseException:
        await end_agents(agents)
        raise
    return agents


async def end_agents(agents: Sequence[AgentProcess]) -> None:
    """End those that still run: first by asking, then by force."""
    running = [agent for agent in agents if agent.is_running]
    for agent in running:
        agent.terminate()
    try:
        async with asyncio.timeout(ENDING_SECONDS):
            await asyncio.gather(*(agent.wait() for agent in running))
    except TimeoutError:
        for agent in running:
            agent.kill()
    await asyncio.gather(*(agent.wait() for agent in agents))


async def _start(scenario: Scenario, meeting: Meeting, name: str) -> AgentProcess:
    receipts = meeting.receipts / str(scenario.names.index(name))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Whatever lies about in the current directory is no module of ours; strategies are found by their files.
        "-P",
        "-m",
        "bidder_agent",
        "join",
        meeting.address,
        f"--session={meeting.session_id.hex()}",
        f"--name={name}",
        f"--seed={meeting.seed}",
        "--private=-",
        f"--strategy={scenario.strategy(name)}",
        f"--receipts={receipts}",
        f"--base-directory={scenario.directory}",
        f"--auctioneer-key={meeting.auctioneer_key.hex()}",
        "--quiet",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=os.name == "posix",
    )
    return AgentProcess(name, process, receipts)


def show_words(words: str) -> str:
    """Return what an agent says as a piece of one line: short, and nothing that moves the cursor of a terminal."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return line if len(line) <= REASON_LENGTH else f"{line[: REASON_LENGTH - 3]}..."


def _last_error(errors: str) -> str:
    """Return the last line that tells of an error, else the last that tells anything."""
    lines = [line for line in errors.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(ERROR)]
    return (told or lines or [""])[-1]


def _reason_in(receipts: Path) -> str:
    """Return why an agent that was told to be quiet is not content with how it ended; empty when it does not say."""
    try:
        outcome = json.loads((receipts / "outcome.json").read_bytes())
        if outcome["complaint"] is not None:
            return f"complaint: {outcome['complaint']['code']}: {outcome['complaint']['detail']}"
        levels = [] if outcome["audit"] is None else outcome["audit"]["levels"]
        failed = [f"{level['name']}: {level['detail']}" for level in levels if level["verdict"] == "invalid"]
        return f"the transcript does not hold: {failed[0]}" if failed else str(outcome["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
