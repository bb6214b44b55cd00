"""Crowdsourced sessions over the network against a bare program that carries the same messages.

Decides: which sales are measured, in which turns, and their goal. Time is that from the first question at any bidder to
the moment at which all bidders know that the session is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.findings import Finding, ratio_of_turns
from benchmarks.ours.sales import make_sale_specification
from benchmarks.parent import Child
from benchmarks.programs import serve
from benchmarks.sale import Exchange, Sale, encode_exchange, encode_sale
from benchmarks.scale import Scale

SALE_GOAL = 3.0

MECHANISMS = ("crowdsourced-lookahead-plus", "crowdsourced-optimal")
OPENINGS = ("public", "private")

CHECKPOINT_BYTES = 300
"""About what the note has that tells a bidder the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleTurn:
    """What one program did in one turn, in seconds.

    Attributes:
        seconds: From the first question to the last bidder's end.
        server_seconds: Processor time of the asking side.
        bidders_seconds: Processor time of the process with all bidders.
    """

    seconds: float
    server_seconds: float
    bidders_seconds: float


def measure_sales(scale: Scale) -> list[Finding]:
    """Compare crowdsourced sessions, from commitment to settlement, with bare exchanges."""
    findings: list[Finding] = []
    for mechanism in MECHANISMS:
        for openings in OPENINGS:
            sale = Sale(bidders=scale.sale_bidders, mechanism=mechanism, openings=openings)
            findings += _compare(sale, scale.sale_turns)
    return findings


def _compare(sale: Sale, turns: int) -> list[Finding]:
    ours: list[SaleTurn] = []
    bare: list[SaleTurn] = []
    exchange = Exchange(bidders=sale.bidders, down=(), up=())
    for _ in range(turns):
        turn, exchange = run_sale(sale)
        ours.append(turn)
        bare.append(run_exchange(exchange))
    name = f"{sale.mechanism}, {sale.bidders} bidders, {sale.openings} openings"
    opening, outcome = exchange.up[-1], exchange.down[len(exchange.up)]
    return [
        Finding(
            name=f"{name}: commitment to settlement against bare",
            measured=ratio_of_turns(_column(ours, "seconds"), _column(bare, "seconds")),
            unit="x",
            goal=SALE_GOAL,
            better="lower",
            detail=f"{_show(ours, bare, 'seconds')}; {exchange.messages} messages, openings of {opening} bytes, an "
            f"outcome of {outcome}",
        ),
        Finding(
            name=f"{name}: auctioneer CPU against bare",
            measured=ratio_of_turns(_column(ours, "server_seconds"), _column(bare, "server_seconds")),
            unit="x",
            better="lower",
            detail=f"{_show(ours, bare, 'server_seconds')} (bidders {_show(ours, bare, 'bidders_seconds')})",
        ),
    ]


def run_sale(sale: Sale) -> tuple[SaleTurn, Exchange]:
    """Run a sale with the real service, and say what crossed the network."""
    with (
        serve(make_sale_specification(sale)) as (server, address, session),
        Child("benchmarks.ours.sale_client", encode_sale(sale), address, session) as client,
    ):
        turn, end = _measure(server, client)
    down = (*end["down"], CHECKPOINT_BYTES)
    return turn, Exchange(bidders=sale.bidders, down=down, up=tuple(end["up"]))


def run_exchange(exchange: Exchange) -> SaleTurn:
    """Run an exchange with the bare program."""
    with Child("benchmarks.bare.exchange_server", encode_exchange(exchange)) as server:
        address = server.wait_for("ready")["address"]
        with Child("benchmarks.bare.exchange_client", encode_exchange(exchange), address) as client:
            return _measure(server, client)[0]


def _measure(server: Child, client: Child) -> tuple[SaleTurn, dict[str, list[int]]]:
    client.wait_for("begin")
    before = server.ask_usage()["cpu_seconds"]
    end = client.wait_for("end")
    server_seconds = server.ask_usage()["cpu_seconds"] - before
    turn = SaleTurn(seconds=end["seconds"], server_seconds=server_seconds, bidders_seconds=end["cpu_seconds"])
    return turn, end


def _column(turns: Sequence[SaleTurn], attribute: str) -> list[float]:
    return [getattr(turn, attribute) for turn in turns]


def _show(ours: Sequence[SaleTurn], bare: Sequence[SaleTurn], attribute: str) -> str:
    first, second = (median(_column(turns, attribute)) * 1e3 for turns in (ours, bare))
    return f"{first:.0f} against {second:.0f} ms"
