"""What happens in one process before and without any network: plays, the set-up of a large auction, imports."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import process_time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.bare.messages import BODY_BYTES
from benchmarks.findings import Finding, ratio_of_turns
from benchmarks.parent import ROOT
from benchmarks.scale import Scale
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.ownership import own_levels
from openoutcry.mechanisms.valuations import decode_valuation
from openoutcry.simulation import Auction

PLAYS_GOAL = 5000.0
IMPORT_GOAL = 1.5

VERIFICATIONS = 2000
VERIFICATION_WHEN_SET_US = 68

PLAY_BIDDERS = 10
PLAY_SIGNAL_LEVELS = 4
PRICINGS = ("welfare", "revenue")
SET_UP_SIGNAL_LEVELS = 8

AGENT_IMPORTS = (
    # What a strategy's file imports, and what the agent's program needs before it can speak.
    ("bidder_agent", "import bidder_agent", IMPORT_GOAL),
    ("bidder_agent.joining", "import of the agent's program", None),
)
LIBRARIES = "grpc.aio, google.protobuf.message, cryptography.hazmat.primitives.asymmetric.ed25519"


def make_market(bidders: int, signal_levels: int) -> Market:
    """Return a market of one group whose levels have many owners: the higher the quality, the higher the index."""
    groups = ("all",)
    highest = bidders * (signal_levels - 1)
    values = [
        # Lines whose upper envelope passes from one bidder to the next at equal distances.
        {"family": "linear", "constant": (bidders**2 - i * i) * highest, "weights": {"all": 2 * i * bidders}}
        for i in range(bidders)
    ]
    return Market(
        lot="what is measured",
        currency="USD",
        minor_units=0,
        signal_levels=signal_levels,
        groups=groups,
        bidders=tuple(
            Bidder(name=f"bidder-{i}", group=0, valuation=decode_valuation(value, groups))
            for i, value in enumerate(values)
        ),
    )


def measure_machine(scale: Scale) -> list[Finding]:
    """Measure what one signature's verification takes: how fast this machine is just now."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    message = bytes(BODY_BYTES)
    signature = key.sign(message)
    times: list[float] = []
    for _ in range(scale.repetitions):
        began = process_time()
        for _ in range(VERIFICATIONS):
            public.verify(signature, message)
        times.append((process_time() - began) / VERIFICATIONS)
    return [
        Finding(
            name="speed of this machine: one Ed25519 verification",
            measured=median(times) * 1e6,
            unit="µs",
            better="lower",
            detail=f"{BODY_BYTES} bytes; goals that are no ratios were set where it took {VERIFICATION_WHEN_SET_US} µs",
        )
    ]


def measure_play(scale: Scale) -> list[Finding]:
    """Count auctions a second in one process, all bidders truthful."""
    market = make_market(PLAY_BIDDERS, PLAY_SIGNAL_LEVELS)
    findings: list[Finding] = []
    for pricing in PRICINGS:
        auction = Auction(market, "signal-discovery", {"pricing": pricing})
        rates = [_count_plays(auction, scale.seconds) for _ in range(scale.repetitions)]
        findings.append(
            Finding(
                name=f"in-process auctions, {PLAY_BIDDERS} truthful bidders, {pricing} pricing",
                measured=median(rates),
                unit="/s",
                goal=PLAYS_GOAL,
                detail=f"signal discovery, k = {PLAY_SIGNAL_LEVELS}, other signals and seed each time, one core",
            )
        )
    return findings


def measure_set_up(scale: Scale) -> list[Finding]:
    """Measure how long the owners of all levels of a large market take."""
    bidders = scale.set_up_bidders
    market = make_market(bidders, SET_UP_SIGNAL_LEVELS)
    step = SET_UP_SIGNAL_LEVELS - 1
    levels = range(0, bidders * step + 1, step)
    times: list[float] = []
    for _ in range(scale.repetitions + 1):
        began = process_time()
        own_levels(market, group=0, levels=levels, sums=(0,), candidates=range(bidders))
        times.append(process_time() - began)
    # The first time includes the import of numpy.
    return [
        Finding(
            name=f"set-up, {bidders} bidders, k = {SET_UP_SIGNAL_LEVELS}: the owner of every level",
            measured=median(times[1:]) * 1e3,
            unit="ms",
            better="lower",
            detail=f"{len(levels) * bidders} values; {times[0] * 1e3:.0f} ms with the import of numpy",
        )
    ]


def measure_imports(scale: Scale) -> list[Finding]:
    """Compare imports of the agent with that of the libraries that it cannot do without."""
    programs = (*(module for module, _, _ in AGENT_IMPORTS), LIBRARIES)
    # The first import of each reads files that later ones find in memory.
    for program in programs:
        _time_import(program)
    times: dict[str, list[float]] = {program: [] for program in programs}
    for _ in range(2 * scale.repetitions):
        for program in programs:
            times[program].append(_time_import(program))
    libraries = times[LIBRARIES]
    return [
        Finding(
            name=f"{what} against grpc, protobuf and cryptography",
            measured=ratio_of_turns(times[module], libraries),
            unit="x",
            goal=goal,
            better="lower",
            detail=f"{median(times[module]) * 1e3:.0f} against {median(libraries) * 1e3:.0f} ms",
        )
        for module, what, goal in AGENT_IMPORTS
    ]


def _count_plays(auction: Auction, seconds: float) -> float:
    count, began = 0, process_time()
    while True:
        signals = [(count * 7 + bidder * bidder) % PLAY_SIGNAL_LEVELS for bidder in range(PLAY_BIDDERS)]
        auction.play(signals, seed=str(count))
        count += 1
        elapsed = process_time() - began
        if elapsed >= seconds:
            return count / elapsed


def _time_import(modules: str) -> float:
    program = f"from time import process_time as now; began = now()\nimport {modules}\nprint(now() - began)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return float(finished.stdout)
