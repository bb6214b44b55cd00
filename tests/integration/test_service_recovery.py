"""Sessions outlive lost streams, failing disks and restarts of the service, and bidders notice nothing but a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from auctioneer.keys import AuctioneerKeys, make_keys, read_or_make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore, SqliteStore
from openoutcry.errors import StorageError
from openoutcry.session.bidder_values import Asked
from openoutcry.session.values import Phase
from openoutcry.session.verification import verify_transcript
from tests.participants.bidders import CODEC, PATIENCE_SECONDS, TestBidder, open_channel, truthful
from tests.participants.scenarios import make_bidders, make_specification, play_session

SIGNALS = (2, 0, 3, 1)


class FailingStore(MemoryStore):
    """A store whose appends fail now and then."""

    def __init__(self, failing: Sequence[int]) -> None:
        super().__init__()
        self.appends = 0
        self.failing = failing

    async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
        self.appends += 1
        if self.appends in self.failing:
            raise StorageError("the disk is full")
        await super().append(session_id, expected_size, entries)


async def play_through(service: Service, session_id: bytes) -> list[TestBidder]:
    """Play with bidders that attach again whenever they must."""
    bidders = make_bidders(session_id, SIGNALS)
    async with asyncio.timeout(PATIENCE_SECONDS), open_channel(service.address) as channel:
        await asyncio.gather(*(bidder.play_through(channel) for bidder in bidders))
        await service.finished(session_id)
    return bidders


async def undisturbed_outcome(keys: AuctioneerKeys) -> object:
    """Return what is declared when nothing fails."""
    async with Service(store=MemoryStore(), keys=keys) as service:
        session_id = await service.open_session(make_specification(), seed_part=b"s" * 32)
        bidders = await play_session(service, session_id, SIGNALS)
        return bidders[0].session.outcome


async def test_a_bidder_resumes_after_each_delivery_on_a_new_stream():
    """A bidder that loses its stream after every single frame still plays its whole part."""
    keys = make_keys()
    async with Service(store=MemoryStore(), keys=keys) as service:
        session_id = await service.open_session(make_specification(), seed_part=b"s" * 32)
        unlucky, *others = make_bidders(session_id, SIGNALS)

        async def stumble() -> int:
            streams = 0
            while not unlucky.session.has_ended:
                async with open_channel(service.address) as channel:
                    call = await unlucky.attach(channel)
                    streams += 1
                    await unlucky.receive(call)
            return streams

        async with asyncio.timeout(PATIENCE_SECONDS), open_channel(service.address) as channel:
            stumbling = asyncio.create_task(stumble())
            await asyncio.gather(*(other.play(channel) for other in others))
            streams = await stumbling
            await service.finished(session_id)
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert streams > 3
    assert verification.is_valid
    assert not verification.deviations
    assert unlucky.session.outcome == await undisturbed_outcome(keys)


async def test_failing_appends_cost_a_pause_and_nothing_else():
    """Streams end, the session is restored from its log, bidders attach again, and the outcome is the same."""
    keys = make_keys()
    store = FailingStore(failing=(2, 5, 6, 9))
    async with Service(store=store, keys=keys) as service:
        session_id = await service.open_session(make_specification(), seed_part=b"s" * 32)
        bidders = await play_through(service, session_id)
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert store.appends > 9
    assert verification.is_valid
    assert not verification.deviations
    assert bidders[0].session.outcome == await undisturbed_outcome(keys)


async def test_a_session_goes_on_after_a_restart(tmp_path: Path):
    """The service stops in the middle of play; started anew on the same files, it goes on where the log ends."""
    keys = read_or_make_keys(tmp_path)
    session_id = b""
    thinking = asyncio.Event()

    def think(asked: Asked) -> bool | int | None:
        thinking.set()
        return truthful(SIGNALS[0])(asked)

    service = Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=keys)
    async with service:
        session_id = await service.open_session(make_specification(), seed_part=b"s" * 32)
        bidders = make_bidders(session_id, SIGNALS)
        for bidder in bidders:
            bidder.decide = think
        address = service.address
        async with open_channel(address) as channel:
            playing = [asyncio.create_task(bidder.play(channel)) for bidder in bidders]
            async with asyncio.timeout(PATIENCE_SECONDS):
                await thinking.wait()
            for task in playing:
                task.cancel()
            await asyncio.gather(*playing, return_exceptions=True)
    for bidder, signal in zip(bidders, SIGNALS, strict=True):
        bidder.decide = truthful(signal)
    again = read_or_make_keys(tmp_path)
    assert again.message.public_key == keys.message.public_key
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=again) as service:
        assert (await service.session(session_id)).session.phase is Phase.PLAY
        async with asyncio.timeout(PATIENCE_SECONDS), open_channel(service.address) as channel:
            await asyncio.gather(*(bidder.play(channel) for bidder in bidders))
            await service.finished(session_id)
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert verification.is_valid
    assert not verification.deviations


async def test_ended_sessions_are_still_there_after_a_restart(tmp_path: Path):
    """Transcripts are the same bytes before and after, and the list says how each session ended."""
    keys = read_or_make_keys(tmp_path)
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=keys) as service:
        settled = await service.open_session(make_specification(title="settled"))
        await play_session(service, settled)
        void = await service.open_session(make_specification(title="void"))
        (await service.session(void)).cancel("not today")
        await service.finished(void)
        files = [await service.sessions.transcript_file(session_id) for session_id in (settled, void)]
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=keys) as service:
        lines = [(line.title, line.phase) for line in await service.session_lines()]
        assert lines == [("void", Phase.VOID), ("settled", Phase.CLOSED)]
        again = [await service.sessions.transcript_file(session_id) for session_id in (settled, void)]
    assert again == files


async def test_a_session_under_other_keys_is_left_alone(tmp_path: Path):
    """Without its keys a session cannot go on; the service starts all the same and keeps it."""
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=make_keys()) as service:
        session_id = await service.open_session(make_specification())
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=make_keys()) as service:
        with pytest.raises(Exception, match="no session"):
            await service.session(session_id)
        other = await service.open_session(make_specification(title="another"))
        await play_session(service, other)
