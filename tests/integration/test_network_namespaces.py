"""Five machines and a switch: cables are unplugged in the middle of a session, and plugged in again or not."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from openoutcry.protocol.deviations import DeviationCode
from tests.integration import namespaces
from tests.integration.namespaces import Network, Party
from tests.integration.recorded_play import verify_and_play

pytestmark = pytest.mark.long

SIGNALS = {"ada": 2, "bob": 1, "cleo": 0, "dan": 1}
# The uniform clock asks the last of the roster first, so dan is asked whatever the draws are.
FIRST_ASKED = "dan"

SCENARIO = """
format = "openoutcry-scenario/1"
title  = "Five machines"

[mechanism]
name = "uniform-clock"

[market]
lot           = "A lot"
currency      = "EUR"
signal_levels = 3

{bidders}
[timing]
enrol_ms  = 60000
answer_ms = {answer_ms}
"""

BIDDER = """
[[bidder]]
name  = "{name}"
value = {{ family = "linear", constant = 10, weights = {{ everybody = 5 }} }}
"""

# The built-in slow strategy, which tells the test when it has been asked.
STRATEGY = """
from bidder_agent.strategies.slow import Slow


class Telling(Slow):
    async def on_raise(self, view):
        print(f"asked for level {view.level}", flush=True)
        return await super().on_raise(view)
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Yield a network of an auctioneer and four bidders."""
    if lacking := namespaces.missing():
        pytest.skip(lacking)
    with Network(("auctioneer", *SIGNALS), tmp_path) as made:
        yield made


class Auction:
    """An auctioneer and four bidders, each on its own machine.

    Attributes:
        service: The auctioneer's process.
        agents: The bidders' processes by name.
    """

    def __init__(self, network: Network, *, answer_ms: int) -> None:
        self.network = network
        directory = network.directory("auctioneer")
        bidders = "".join(BIDDER.format(name=name) for name in SIGNALS)
        text = SCENARIO.format(bidders=bidders, answer_ms=answer_ms)
        (directory / "scenario.toml").write_text(text, encoding="utf-8")
        (directory / "auctioneer.toml").write_text('[log]\nlevel = "debug"\n', encoding="utf-8")
        self.service = network.start(
            "auctioneer", "auctioneer", "serve", "--config=auctioneer.toml", "--listen=0.0.0.0:7440",
            "--scenario=scenario.toml",
        )  # fmt: skip
        self.service.wait_for('"session opened"')
        self.agents = {name: self._join(name) for name in SIGNALS}

    def attached(self) -> int:
        """Return how many streams have been attached."""
        found = [json.loads(line) for line in self.service.lines]
        return [line["body"] for line in found].count("stream attached")

    def stop(self) -> None:
        """Stop the service."""
        self.service.process.send_signal(signal.SIGTERM)
        assert self.service.finish() == 0, self.service.lines

    def transcript(self) -> Path:
        """Return the transcript that a bidder fetched."""
        return self.network.directory("ada") / "receipts" / "transcript.zip"

    def _join(self, name: str) -> Party:
        (self.network.directory(name) / "telling.py").write_text(STRATEGY, encoding="utf-8")
        return self.network.start(
            name, "bidder-agent", "join", f"{self.network.address('auctioneer')}:7440", f"--name={name}",
            f"--signal={SIGNALS[name]}", "--strategy=telling.py:Telling:seconds=1", "--receipts=receipts",
        )  # fmt: skip


@pytest.mark.parametrize("machine", [FIRST_ASKED, "auctioneer"])
def test_a_cable_is_unplugged_and_plugged_in_again(network: Network, machine: str):
    """Whoever lost its connection comes back, nothing is said twice, and nothing is held against anybody."""
    auction = Auction(network, answer_ms=150_000)
    asked = auction.agents[FIRST_ASKED]
    asked.wait_for("asked for level 1")
    network.cut(machine)
    asked.wait_for("connection lost")
    assert not any("wins at" in line for line in auction.agents["ada"].lines)
    network.heal(machine)
    for name, agent in auction.agents.items():
        assert agent.finish() == 0, f"{name}: {agent.lines}"
    auction.stop()
    assert auction.attached() > len(SIGNALS)
    recorded = verify_and_play(auction.transcript(), tuple(SIGNALS.values()))
    assert (recorded.winner, recorded.price) == (recorded.played.winner, recorded.played.price)
    assert recorded.winner == "ada"
    assert recorded.deviations == ()


def test_a_cable_stays_unplugged(network: Network):
    """That bidder is silent, by the record and no worse; the others finish as if it had left at once."""
    auction = Auction(network, answer_ms=5_000)
    asked = auction.agents[FIRST_ASKED]
    asked.wait_for("asked for level 1")
    network.cut(FIRST_ASKED)
    others = {name: agent for name, agent in auction.agents.items() if name != FIRST_ASKED}
    for name, agent in others.items():
        assert agent.finish() == 0, f"{name}: {agent.lines}"
    asked.process.send_signal(signal.SIGTERM)
    assert asked.finish() == 128 + signal.SIGTERM
    auction.stop()
    strategies = {FIRST_ASKED: "silent"}
    recorded = verify_and_play(auction.transcript(), tuple(SIGNALS.values()), strategies)
    assert (recorded.winner, recorded.price) == (recorded.played.winner, recorded.played.price)
    assert [(found.code, found.accused) for found in recorded.deviations] == [
        (DeviationCode.SILENT, FIRST_ASKED)
    ]


def test_machines_are_removed(network: Network, tmp_path: Path):
    """A network that cannot be laid whole leaves nothing behind."""
    before = namespaces.listed()
    assert len(before) == len(SIGNALS) + 2
    with pytest.raises(AssertionError, match="netns add"), Network(("good", "no/name"), tmp_path):
        raise AssertionError("a name with a slash was accepted")
    assert namespaces.listed() == before
