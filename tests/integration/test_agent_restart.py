"""An agent that dies at any moment, and is started again with its receipts, goes on as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from bidder_agent.agent import Agent, AgentSettings
from bidder_agent.connection import AuctioneerClient
from bidder_agent.identity import identity_from_seed
from bidder_agent.joining import make_source
from bidder_agent.receipts import JOURNAL, Receipts, read_receipts
from bidder_agent.result import Ending, Result
from bidder_agent.strategies.slow import Slow
from openoutcry.errors import StorageError
from openoutcry.session.bidder_values import Opened
from openoutcry.strategies import Strategy
from openoutcry.wire.journal import JournalEntry, encode_entry
from tests.unit.bidder_agent.fake_servicer import CODEC, FakeAuctioneer, make_specification, serve

TORN = encode_entry(JournalEntry(at_ns=1, given=Opened(session_open=b"never seen")))[:-1]


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


async def live(address: str, fake: FakeAuctioneer, receipts: Receipts, strategy: Strategy) -> Result:
    """Run an agent until it ends or dies."""
    client = AuctioneerClient(address)
    settings = AgentSettings()
    try:
        agent = Agent(
            client=client,
            session_id=fake.session_id,
            identity=identity_from_seed("test", "ada"),
            private={"signal": 2},
            strategy=strategy,
            receipts=receipts,
            transcripts=make_source(client, fake.session_id, settings),
            settings=settings,
        )
        return await agent.run()
    finally:
        receipts.close()
        await client.close()


@pytest.mark.parametrize("form", ["clock", "sealed"])
@pytest.mark.parametrize("dies_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("strategy", [Strategy, lambda: Slow(Fraction(0))], ids=["thinking", "waiting"])
async def test_death_at_every_record(
    tmp_path: Path, form: str, dies_before: bool, strategy: type[Strategy]
) -> None:
    """Wherever an agent dies, the next one says the same bytes, and nothing is held against it."""
    moment = 0
    while True:
        fake = FakeAuctioneer(make_specification(form=form))
        directory = tmp_path / str(moment)
        async with serve(fake) as address:
            receipts = MortalReceipts.open(directory)
            receipts.deaths_at, receipts.dies_before = moment, dies_before
            try:
                await live(address, fake, receipts, strategy())
            except Died:
                with (directory / JOURNAL).open("ab") as journal:
                    journal.write(TORN)
            result = await live(address, fake, Receipts.open(directory), strategy())
        assert (result.ending, result.winner, result.deviations) == (Ending.SETTLED, "ada", ())
        assert result.audit is not None
        assert (result.audit.is_valid, result.audit.summary) == (True, result.audit.summary)
        assert_one_message_a_number(fake.received)
        if not receipts.is_dead:
            break
        moment += 1
    assert moment >= 3


def assert_one_message_a_number(received: list[bytes]) -> None:
    """No two different messages have the same sequence number."""
    said: dict[int, bytes] = {}
    for data in received:
        envelope = CODEC.decode_envelope(data)
        header, _ = CODEC.decode_message(envelope.payload_type, envelope.payload)
        assert said.setdefault(header.seq, data) == data


async def test_receipts_of_another_strategy_of_bytes_are_refused(tmp_path: Path) -> None:
    """Receipts from which other messages follow than were sent are not gone on with: that would be two answers."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        await live(address, fake, Receipts.open(tmp_path / "ada"), Strategy())
        header, entries = read_receipts(tmp_path / "ada")
        changed = Receipts.open(tmp_path / "changed")
        changed.begin(header)
        for entry in entries:
            # As if another release had written other bytes into one answer.
            changed.append(replace(entry, at_ns=entry.at_ns + 1) if entry.said else entry)
        changed.persist()
        changed.close()
        with pytest.raises(StorageError, match="other messages follow"):
            await live(address, fake, Receipts.open(tmp_path / "changed"), Strategy())


async def test_ended_session_is_not_played_again(tmp_path: Path) -> None:
    """Started again after the end, an agent asks nobody anything but the transcript, and says the same."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        first = await live(address, fake, Receipts.open(tmp_path / "ada"), Strategy())
        again = await live(address, fake, Receipts.open(tmp_path / "ada"), Strategy())
    assert (again.to_json(), fake.attached) == (first.to_json(), 1)
