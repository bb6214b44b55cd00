"""The benchmarks run, compare what they say they compare, and can tell a missed goal from a met one."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from benchmarks.findings import Better, Finding, ratio_of_turns
from benchmarks.load import Load, decode_load, encode_load
from benchmarks.local import make_market
from benchmarks.ours.markets import WIDE_WAVE, counts, invited, make_specification
from benchmarks.ours.sales import make_reports, make_sale_specification
from benchmarks.parent import Child, ChildFailed
from benchmarks.peers import PEERS_VARIABLE, Peer, measure_peers
from benchmarks.sale import Exchange, Sale, decode_exchange, decode_sale, encode_exchange, encode_sale
from benchmarks.scale import QUICK
from benchmarks.stopwatch import Stopwatch, percentile
from benchmarks.table import show_goal, show_measured, show_verdict
from openoutcry.mechanisms.ownership import own_levels
from openoutcry.simulation import Auction, PlayResult, play
from openoutcry.strategies import PrivateKnowledge

ROOT = Path(__file__).resolve().parents[2]
SALE = Sale(bidders=6, mechanism="crowdsourced-lookahead-plus", openings="private")
LOADS = [
    Load(bidders=2, levels=5, in_flight="one"),
    Load(bidders=6, levels=3, in_flight="all"),
]


def make_finding(measured: float | None, goal: float | None, better: Better) -> Finding:
    """Return a finding of which only the number matters."""
    return Finding(name="a", measured=measured, unit="x", detail="", goal=goal, better=better)


def play_load(load: Load, *, seed: int) -> PlayResult:
    """Play the auction of a load in one process, all bidders accepting whatever they are asked."""
    specification = make_specification(load)
    auction = Auction(specification.market, specification.mechanism, specification.parameters)
    return auction.play([load.levels] * invited(load), seed=str(seed))


def offered_levels(result: PlayResult) -> int:
    """Return the levels that the last bidder was asked with its offer: it is bidder 0, unless that was rejected."""
    return result.clocks[0] if result.winner == result.names[0] else 0


def test_short_slice_measures_everything() -> None:
    """The short slice runs every measurement, both programs included, and every number is a positive one."""
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    findings = json.loads(finished.stdout)["findings"]
    goals = [finding["name"] for finding in findings if finding["goal"] is not None]
    assert len(goals) == 29
    assert len({finding["name"] for finding in findings}) == len(findings)
    # Memory of so few bidders is a matter of whole pages: it may not have grown.
    numbers = [finding["measured"] for finding in findings if not finding["name"].startswith("idle")]
    assert [number for number in numbers if not (math.isfinite(number) and number > 0)] == []


@pytest.mark.parametrize(
    ("measured", "goal", "better", "expected"),
    [
        (0.71, 0.70, "higher", True),
        (0.69, 0.70, "higher", False),
        (1.3, 1.4, "lower", True),
        (1.5, 1.4, "lower", False),
        (1.0, None, "lower", None),
        (None, 1.4, "lower", None),
    ],
)
def test_goal_is_met_or_missed(
    measured: float | None, goal: float | None, better: Better, expected: bool | None
) -> None:
    """A number on the wrong side of its goal is missed; without goal or number there is no verdict."""
    assert make_finding(measured, goal, better).is_met is expected


def test_missed_goal_is_shown() -> None:
    """The table says missed where it is missed, with the goal's direction."""
    missed = make_finding(0.5, 0.7, "higher")
    assert (show_measured(missed), show_goal(missed), show_verdict(missed)) == ("0.50x", "≥ 0.70x", "missed")


def test_ratio_compares_neighbouring_turns() -> None:
    """A machine that slows down between turns changes no ratio."""
    assert ratio_of_turns([10.0, 5.0, 1.0], [20.0, 10.0, 2.0]) == 0.5


def test_percentile_is_one_of_the_values() -> None:
    """Percentiles are values that were measured, whatever their order."""
    values = array("d", [5.0, 1.0, 4.0, 2.0, 3.0])
    assert [percentile(values, percent) for percent in (0, 50, 99)] == [1.0, 3.0, 5.0]


@pytest.mark.parametrize("load", LOADS)
def test_load_survives_a_command_line(load: Load) -> None:
    """A child process is asked for the very load that was meant."""
    assert decode_load(encode_load(load)) == load


def test_sale_and_exchange_survive_a_command_line() -> None:
    """Both programs are asked for the very sale and exchange that were meant."""
    exchange = Exchange(bidders=3, down=(300, 200, 900), up=(380, 1478))
    assert decode_sale(encode_sale(SALE)) == SALE
    assert decode_exchange(encode_exchange(exchange)) == exchange
    assert exchange.messages == 15


def test_measured_sale_rewards_everybody() -> None:
    """In the sale that is measured every bidder reports a belief about all others, and is paid for it."""
    specification, reports = make_sale_specification(SALE), make_reports(SALE)
    private = [
        PrivateKnowledge(value=report.value, belief=report.belief)
        for report in reports
        if report.value is not None and report.belief is not None
    ]
    assert len({report.belief for report in reports}) == SALE.bidders
    assert all(reward > 0 for reward in play(specification, private, seed="a seed").rewards)


def test_load_with_one_in_flight_is_one_question_a_wave() -> None:
    """When all accept, the auction asks exactly the load's questions, each in a wave of its own."""
    load = LOADS[0]
    result = play_load(load, seed=0)
    assert (result.waves, sum(result.clocks)) == (load.cycles, load.cycles)


@pytest.mark.parametrize("seed", range(8))
def test_load_with_all_in_flight_is_one_wide_wave(seed: int) -> None:
    """Whoever is drawn first, the second wave asks at least as many bidders as the load says, side by side."""
    load = LOADS[1]
    result = play_load(load, seed=seed)
    in_wide_wave = sum(result.clocks) - load.levels - offered_levels(result)
    assert in_wide_wave >= load.cycles
    assert [counts(load, wave) for wave in (WIDE_WAVE - 1, WIDE_WAVE, WIDE_WAVE + 1)] == [False, True, False]


@pytest.mark.parametrize("load", LOADS)
def test_stopwatch_counts_cycles_between_its_marks(load: Load) -> None:
    """Only questions after the warm-up count, and each of them is one cycle."""
    told: list[dict[str, object]] = []
    stopwatch = Stopwatch(load, told.append)
    for _ in range(load.levels):
        for bidder in range(load.bidders):
            stopwatch.note(bidder)
    stopwatch.note(0)
    assert [message["at"] for message in told] == ["begin", "end"]
    assert told[1]["cycles"] == load.cycles - load.warm_up


def test_played_market_is_contested() -> None:
    """The market of in-process plays has many owners, so that an auction is not over at once."""
    market = make_market(10, 4)
    owners = own_levels(market, group=0, levels=range(31), sums=(0,), candidates=range(10))
    assert len(set(owners)) >= 8


def test_child_that_dies_is_reported_in_one_line() -> None:
    """A child that fails ends the measurement with what it said last, not with a wait."""
    with (
        Child("benchmarks.bare.server", "no load") as child,
        pytest.raises(ChildFailed, match="JSONDecodeError"),
    ):
        child.wait_for("ready")


def test_peers_that_are_not_there_are_skipped_with_a_line(monkeypatch, capsys) -> None:
    """Without an environment of theirs only ours is measured, and a line says whose is missing and what to do."""
    monkeypatch.delenv(PEERS_VARIABLE, raising=False)
    (ours,) = measure_peers(QUICK)
    assert ours.measured is not None
    assert "open-spiel, auctionsi skipped: OPENOUTCRY_PEERS names no environment" in capsys.readouterr().err
    monkeypatch.setenv(PEERS_VARIABLE, sys.prefix)
    assert len(measure_peers(QUICK)) == 1
    assert "skipped: not installed for" in capsys.readouterr().err


def test_an_environment_of_peers_that_is_none_is_a_mistake(monkeypatch, tmp_path: Path) -> None:
    """Whoever mistypes the path is told so, instead of measuring nothing."""
    monkeypatch.setenv(PEERS_VARIABLE, str(tmp_path))
    with pytest.raises(ChildFailed, match="there is no virtual environment"):
        measure_peers(QUICK)


def test_a_peer_is_measured_where_it_is_installed(monkeypatch, tmp_path: Path) -> None:
    """What an environment has is run there, and its version and pace are told beside ours, as a ratio."""
    program = tmp_path / "selling.py"
    program.write_text('print(\'{"version": "7.8", "auctions": 100, "seconds": 2.0}\')\n')
    peer = Peer(
        name="Somebody", package="somebody", module="json", program=str(program), differs="does nothing"
    )
    monkeypatch.setattr("benchmarks.peers.PEERS", (peer,))
    monkeypatch.setenv(PEERS_VARIABLE, sys.prefix)
    ours, against = measure_peers(QUICK)
    assert ours.measured is not None
    assert against.measured == pytest.approx(ours.measured / 50, rel=0.2)
    assert against.detail.endswith("against 50/s of 7.8: does nothing")
