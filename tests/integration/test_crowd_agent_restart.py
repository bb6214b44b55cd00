"""An agent with a type that dies at any record of its receipts, and comes back, says one thing under each number.

Between its commitment, the closing, the seal and the parts of its opening: what had left is sent again byte for byte,
and a seal that had left is not made a second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from bidder_agent import join
from bidder_agent.agent import Agent, AgentSettings
from bidder_agent.connection import AuctioneerClient
from bidder_agent.identity import identity_from_seed
from bidder_agent.joining import make_source
from bidder_agent.receipts import Receipts
from bidder_agent.result import Ending, Result
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.messages import ReportOpening
from openoutcry.session.bidder_values import OpeningSealed
from openoutcry.simulation.table import as_input
from openoutcry.strategies import Strategy
from openoutcry.strategies.private_input import encode_private
from tests.simulation.crowd_stage import correlated, knowledge, make_type_specification
from tests.unit.bidder_agent.fake_servicer import CODEC, FakeAuctioneer, serve

L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"
PROFILE = (2, 1, 0)
SESSIONS = {
    "lookahead": make_type_specification(L),
    "lookahead-plus": make_type_specification(L_PLUS),
    "lookahead-plus, private": make_type_specification(L_PLUS, parameters={"openings": "private"}),
    "optimal": make_type_specification(M),
}


class Died(Exception):
    """What a killed process leaves behind: nothing after it happens."""


class MortalReceipts(Receipts):
    """Dies at the n-th time that something is made durable, right before or right after."""

    deaths_at = -1
    dies_before = False
    is_dead = False
    count = 0

    def persist(self) -> None:
        if self.is_dead:
            return
        self.is_dead = self.count == self.deaths_at
        self.count += 1
        if not (self.is_dead and self.dies_before):
            super().persist()
        if self.is_dead:
            raise Died


def private_of(specification: Specification) -> dict[str, dict[str, object]]:
    """Return what each bidder is told, by name."""
    market = specification.market
    return {
        name: json.loads(encode_private(as_input(known), market, bidder))
        for bidder, (name, known) in enumerate(
            zip(market.names, knowledge(correlated(), PROFILE), strict=True)
        )
    }


async def live(address: str, fake: FakeAuctioneer, receipts: Receipts, private: dict[str, object]) -> Result:
    """Run ada's agent until it ends or dies."""
    client = AuctioneerClient(address)
    settings = AgentSettings()
    try:
        agent = Agent(
            client=client,
            session_id=fake.session_id,
            identity=identity_from_seed("test", "ada"),
            private=private,
            strategy=Strategy(),
            receipts=receipts,
            transcripts=make_source(client, fake.session_id, settings),
            settings=settings,
        )
        return await agent.run()
    finally:
        receipts.close()
        await client.close()


async def die_and_live(directory: Path, name: str, moment: int, *, dies_before: bool) -> bool:
    """Let ada die at a moment and come back; return whether it died at all."""
    fake = FakeAuctioneer(SESSIONS[name])
    private = private_of(SESSIONS[name])
    async with serve(fake) as address:
        others = asyncio.gather(
            *(
                join(
                    address,
                    session=fake.session_id,
                    name=other,
                    private=private[other],
                    seed="test",
                    receipts=directory / other,
                    checks_transcript=False,
                )
                for other in ("ben", "cyd")
            )
        )
        receipts = MortalReceipts.open(directory / "ada")
        receipts.deaths_at, receipts.dies_before = moment, dies_before
        with contextlib.suppress(Died):
            await live(address, fake, receipts, private["ada"])
        result = await live(address, fake, Receipts.open(directory / "ada"), private["ada"])
        assert [other.ending for other in await others] == [Ending.SETTLED] * 2
    assert (result.ending, result.deviations) == (Ending.SETTLED, ())
    assert result.audit is not None
    assert (result.audit.is_valid, result.audit.summary) == (True, result.audit.summary)
    assert fake.session.deviations == []
    assert_one_message_a_number(fake.received)
    kept = Receipts.open(directory / "ada")
    sealed = [entry.given.question for entry in kept.entries if isinstance(entry.given, OpeningSealed)]
    kept.close()
    assert len(sealed) == len(set(sealed))
    return receipts.is_dead


@pytest.mark.parametrize("dies_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    "name",
    ["lookahead", *(pytest.param(name, marks=pytest.mark.long) for name in SESSIONS if name != "lookahead")],
)
async def test_a_reporting_agent_dies_at_every_record(tmp_path: Path, name: str, dies_before: bool) -> None:
    """Wherever it dies, the next one says the same bytes, its audit holds, and nothing is held against it."""
    moment = 0
    async with asyncio.timeout(100):
        while await die_and_live(tmp_path / str(moment), name, moment, dies_before=dies_before):
            moment += 1
    assert moment >= 5


def assert_one_message_a_number(received: list[bytes]) -> None:
    """No two different messages of one sender have the same sequence number."""
    said: dict[tuple[bytes, int], bytes] = {}
    openings = 0
    for data in received:
        envelope = CODEC.decode_envelope(data)
        header, body = CODEC.decode_message(envelope.payload_type, envelope.payload)
        assert said.setdefault((header.sender_id, header.seq), data) == data
        openings += isinstance(body, ReportOpening)
    assert openings >= 3
