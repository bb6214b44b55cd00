"""The service against the bare program: speed, latency, growth with the number of bidders, memory.

Decides: loads, turns and goals of everything that is measured across processes. Both programs run in turn, and ratios
are those of neighbouring turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.findings import Finding, ratio_of_turns
from benchmarks.load import Load
from benchmarks.ours.markets import make_specification
from benchmarks.programs import Program, Turn, connect, run_bare, run_ours, serve
from benchmarks.scale import Scale

CYCLES_GOAL = 0.70
LATENCY_GOAL = 1.4
GROWTH_GOAL = 1.2
BIDDER_KIB_GOAL = 64.0
SESSION_KIB_GOAL = 32.0

FEW = 10
"""What memory is compared with, so that what is allocated once does not count."""


def measure_cycles(scale: Scale) -> list[Finding]:
    """Compare speed and latency at every number of questions in flight."""
    findings: list[Finding] = []
    for load in scale.loads:
        bare, ours = _take_turns(scale.turns, (run_bare, load), (run_ours, load))
        flight = 1 if load.in_flight == "one" else load.bidders
        findings.append(
            Finding(
                name=f"cycles/s against bare, {flight} in flight",
                measured=_ratio(ours, bare, "cycles_per_second"),
                unit="x",
                goal=CYCLES_GOAL,
                detail=_compare(ours, bare, "cycles_per_second", "/s", 0),
            )
        )
        for percent in ("p50", "p99"):
            has_goal = flight == 1 and percent == "p50"
            findings.append(
                Finding(
                    name=f"question {percent} against bare, {flight} in flight",
                    measured=_ratio(ours, bare, f"{percent}_ms"),
                    unit="x",
                    goal=LATENCY_GOAL if has_goal else None,
                    better="lower",
                    detail=_compare(ours, bare, f"{percent}_ms", " ms", 2),
                )
            )
        bidders = _compare(ours, bare, "bidders_ms", "", 3)
        findings.append(
            Finding(
                name=f"auctioneer CPU a cycle against bare, {flight} in flight",
                measured=_ratio(ours, bare, "server_ms"),
                unit="x",
                better="lower",
                detail=_compare(ours, bare, "server_ms", " ms", 3) + f" (bidders {bidders})",
            )
        )
    return findings


def measure_growth(scale: Scale) -> list[Finding]:
    """Compare what a cycle costs with many and with two connected bidders, one question in flight."""
    many, few = scale.crowd, scale.loads[0]
    ours_few, ours_many, bare_few, bare_many = _take_turns(
        scale.crowd_turns, (run_ours, few), (run_ours, many), (run_bare, few), (run_bare, many)
    )
    bare_ratio = _ratio(bare_many, bare_few, "server_ms")
    return [
        Finding(
            name=f"auctioneer CPU a cycle, {many.bidders} connected against {few.bidders}",
            measured=_ratio(ours_many, ours_few, "server_ms"),
            unit="x",
            goal=GROWTH_GOAL,
            better="lower",
            detail=_compare(ours_many, ours_few, "server_ms", " ms", 3) + f"; bare program {bare_ratio:.2f}x",
        )
    ]


def measure_memory(scale: Scale) -> list[Finding]:
    """Measure what an idle connected bidder and an idle session keep in memory."""
    few, many = (_memory_with_bidders(scale, count) for count in (FEW, scale.idle_bidders))
    bidder = _growth_kib(few, many, scale.idle_bidders - FEW)
    few, many = (_memory_with_sessions(count) for count in (FEW, scale.idle_sessions))
    session = _growth_kib(few, many, scale.idle_sessions - FEW)
    return [
        Finding(
            name="idle connected bidder at the auctioneer",
            measured=bidder,
            unit="KiB",
            goal=BIDDER_KIB_GOAL,
            better="lower",
            detail=f"growth of resident memory from {FEW} to {scale.idle_bidders} enrolled bidders, each",
        ),
        Finding(
            name="idle session",
            measured=session,
            unit="KiB",
            goal=SESSION_KIB_GOAL,
            better="lower",
            detail=f"growth of resident memory from {FEW} to {scale.idle_sessions} sessions of 10 bidders, each",
        ),
    ]


def _memory_with_bidders(scale: Scale, count: int) -> int | None:
    load = Load(bidders=scale.idle_bidders + 1, levels=2, in_flight="one")
    with (
        serve(make_specification(load)) as (server, address, session),
        connect(load, address, session, count) as client,
    ):
        client.wait_for("idle")
        resident: int | None = server.ask_usage()["resident_bytes"]
        return resident


def _memory_with_sessions(count: int) -> int | None:
    load = Load(bidders=10, levels=3, in_flight="one")
    with serve(make_specification(load), count) as (server, _, _):
        resident: int | None = server.ask_usage()["resident_bytes"]
        return resident


def _growth_kib(few: int | None, many: int | None, count: int) -> float | None:
    return None if few is None or many is None else (many - few) / count / 1024


def _take_turns(turns: int, *parts: tuple[Program, Load]) -> tuple[list[Turn], ...]:
    taken: tuple[list[Turn], ...] = tuple([] for _ in parts)
    for _ in range(turns):
        for results, (program, load) in zip(taken, parts, strict=True):
            results.append(program(load))
    return taken


def _values(turns: Sequence[Turn], attribute: str) -> list[float]:
    return [getattr(turn, attribute) for turn in turns]


def _ratio(numerators: Sequence[Turn], denominators: Sequence[Turn], attribute: str) -> float:
    return ratio_of_turns(_values(numerators, attribute), _values(denominators, attribute))


def _compare(ours: Sequence[Turn], bare: Sequence[Turn], attribute: str, unit: str, digits: int) -> str:
    first, second = (median(_values(turns, attribute)) for turns in (ours, bare))
    return f"{first:.{digits}f} against {second:.{digits}f}{unit}"
