"""The closest public peers, in turn with us: one sealed-bid auction among ten truthful agents, in one process.

Peers are no dependencies of ours, not even for development. They are measured in an environment of their own that
`OPENOUTCRY_PEERS` names, and skipped, with a line that says so, where it does not. To make one:

    python3.11 -m venv peers && peers/bin/pip install open-spiel auctionsi
    OPENOUTCRY_PEERS=peers make bench

No program does all that another one does, so each finding says what its peer leaves out and what it does besides. Ours
has a Vickrey auction of one good: values are drawn, ten strategies are called with a view of what each may know, bids
are held against the types that bidders may have, payments are fractions, and the result says what everybody gained
beside the best outcome. Like theirs, it signs nothing and commits to nothing: that is what sessions are for.

Other libraries of the kind do other work: pymarket clears double auctions, negmas bargains, mesa and PettingZoo bring
no auction along.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import process_time

import click

from benchmarks.findings import Finding, ratio_of_turns
from benchmarks.parent import ChildFailed
from benchmarks.scale import Scale
from openoutcry.mechanisms.crowd.distributions import uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.simulation import Auction
from openoutcry.strategies import PrivateKnowledge

PEERS_VARIABLE = "OPENOUTCRY_PEERS"
PROGRAMS = Path(__file__).parent / "peer_programs"

AGENTS = 10
VALUES = 10
MECHANISM = "vickrey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Somebody else's program.

    Attributes:
        name: What people call it.
        package: Name on the Python Package Index.
        module: What it is imported as.
        program: File in `peer_programs`.
        differs: What it does not do, and what it does besides, in one clause.
    """

    name: str
    package: str
    module: str
    program: str
    differs: str


PEERS = (
    Peer(
        name="OpenSpiel",
        package="open-spiel",
        module="pyspiel",
        program="open_spiel_auctions.py",
        differs="first price, a game in C++; no names, views or checks of strategies, floats",
    ),
    Peer(
        name="AuctionSI",
        package="auctionsi",
        module="auctionsi",
        program="auctionsi_auctions.py",
        differs="second price, Python; has the contract carried out and paid besides, floats",
    ),
)


def measure_peers(scale: Scale) -> list[Finding]:
    """Count auctions a second on one core, in turn: ours, and each peer that is installed where we were told."""
    python = _find_python()
    present = [] if python is None else [peer for peer in PEERS if _is_installed(python, peer)]
    missing = [peer.package for peer in PEERS if peer not in present]
    if missing:
        where = f"{PEERS_VARIABLE} names no environment" if python is None else f"not installed for {python}"
        click.echo(
            f"peers: {', '.join(missing)} skipped: {where}; benchmarks/peers.py says how to make one",
            err=True,
        )
    sell = _our_auctions()
    ours: list[float] = []
    theirs: dict[str, list[float]] = {peer.name: [] for peer in present}
    versions: dict[str, str] = {}
    for _ in range(scale.repetitions):
        ours.append(_our_pace(sell, scale.seconds))
        for peer in present:
            assert python is not None, "only an environment has peers"
            versions[peer.name], pace = _their_pace(python, peer, scale.seconds)
            theirs[peer.name].append(pace)
    findings = [
        Finding(
            name=f"in-process sealed-bid auctions, {AGENTS} truthful agents",
            measured=median(ours),
            unit="/s",
            detail=f"{MECHANISM}, other values each time, exact, one core",
        )
    ]
    for peer in present:
        paces = theirs[peer.name]
        findings.append(
            Finding(
                name=f"in-process sealed-bid auctions, {AGENTS} truthful agents, against {peer.name}",
                measured=ratio_of_turns(ours, paces),
                unit="x",
                detail=f"{median(ours):.0f}/s against {median(paces):.0f}/s of {versions[peer.name]}: {peer.differs}",
            )
        )
    return findings


def _find_python() -> Path | None:
    """Return the interpreter of the environment with the peers, if one is named."""
    named = os.environ.get(PEERS_VARIABLE, "")
    if not named:
        return None
    for file in ("bin/python", "Scripts/python.exe"):
        if (Path(named) / file).exists():
            # Not resolved: an environment is known by the path of its interpreter.
            return (Path(named) / file).absolute()
    raise ChildFailed(f"{PEERS_VARIABLE}={named}: there is no virtual environment")


def _is_installed(python: Path, peer: Peer) -> bool:
    command = [str(python), "-c", f"import {peer.module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _their_pace(python: Path, peer: Peer, seconds: float) -> tuple[str, float]:
    """Return the peer's version and how many auctions a second it holds."""
    command = [str(python), str(PROGRAMS / peer.program), str(seconds)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise ChildFailed(f"{peer.name}: {(finished.stderr.strip().splitlines() or ['it failed'])[-1]}")
    told = json.loads(finished.stdout)
    return told["version"], told["auctions"] / told["seconds"]


def _our_auctions() -> Iterator[None]:
    """Return what holds another auction whenever the next one is asked for."""
    everybody = range(AGENTS)
    bidders = tuple(
        TypedBidder(name=f"agent-{agent}", types=tuple((value,) for value in range(1, VALUES + 1)))
        for agent in everybody
    )
    market = TypeMarket(
        lot="a lot",
        currency="USD",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=bidders,
    )
    # The mechanism asks for no beliefs, and a bidder that knows nothing has one all the same.
    beliefs = [uniform({other: VALUES for other in everybody if other != agent}) for agent in everybody]
    auction, random, number = Auction(market, MECHANISM), Random(1), 0
    while True:
        private = [
            PrivateKnowledge(value=random.randrange(VALUES), belief=beliefs[agent]) for agent in everybody
        ]
        auction.play(private, seed=str(number))
        number += 1
        yield


def _our_pace(auctions: Iterator[None], seconds: float) -> float:
    next(auctions)
    sold, began = 0, process_time()
    while (spent := process_time() - began) < seconds:
        next(auctions)
        sold += 1
    return sold / spent
