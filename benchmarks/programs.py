"""Runs one load with one program, server and bidders each in a process of their own, and says what it cost.

Decides: how a turn is set up and what is read off it. Processor time is that of the server process, all its threads
included, between the moments at which the bidders' stopwatch begins and ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Load, encode_load
from benchmarks.ours.markets import invited, make_specification
from benchmarks.parent import Child
from openoutcry.mechanisms.specification import Specification, encode_specification


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one program did in one turn.

    Attributes:
        cycles_per_second: Questions answered.
        p50_ms: From a question to the next one, milliseconds.
        p99_ms: The same at the 99th percentile.
        server_ms: Processor time of the server a cycle, milliseconds.
        bidders_ms: Processor time of the process with all bidders a cycle, milliseconds.
    """

    cycles_per_second: float
    p50_ms: float
    p99_ms: float
    server_ms: float
    bidders_ms: float


Program = Callable[[Load], Turn]


def run_bare(load: Load) -> Turn:
    """Run a load with the bare program."""
    with Child("benchmarks.bare.server", encode_load(load)) as server:
        address = server.wait_for("ready")["address"]
        with Child("benchmarks.bare.client", encode_load(load), address) as client:
            return _measure(server, client)


def run_ours(load: Load) -> Turn:
    """Run a load with the real service."""
    with (
        serve(make_specification(load)) as (server, address, session),
        connect(load, address, session, invited(load)) as client,
    ):
        return _measure(server, client)


@contextmanager
def serve(specification: Specification, sessions: int = 1) -> Iterator[tuple[Child, str, str]]:
    """Run the real service with so many sessions; give it, its address and the id of its first session."""
    with tempfile.TemporaryDirectory(prefix="openoutcry-bench-") as scratch:
        path = Path(scratch) / "specification.json"
        path.write_bytes(encode_specification(specification))
        with Child("benchmarks.ours.server", str(path), str(sessions)) as server:
            ready = server.wait_for("ready")
            yield server, ready["address"], ready["session"]


def connect(load: Load, address: str, session: str, bidders: int) -> Child:
    """Start the process that holds so many of a session's bidders."""
    return Child("benchmarks.ours.client", encode_load(load), address, session, str(bidders))


def _measure(server: Child, client: Child) -> Turn:
    client.wait_for("begin")
    before = server.ask_usage()["cpu_seconds"]
    end = client.wait_for("end")
    server_seconds = server.ask_usage()["cpu_seconds"] - before
    cycles = end["cycles"]
    return Turn(
        cycles_per_second=cycles / end["seconds"],
        p50_ms=end["p50_seconds"] * 1e3,
        p99_ms=end["p99_seconds"] * 1e3,
        server_ms=server_seconds / cycles * 1e3,
        bidders_ms=end["cpu_seconds"] / cycles * 1e3,
    )
