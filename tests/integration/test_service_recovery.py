"""Sessions outlive lost streams, failing disks and restarts of the service, and bidders notice nothing but a pause."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from auctioneer.cli.program import main
from auctioneer.keys import AuctioneerKeys, make_keys, read_or_make_keys
from auctioneer.remote import Remote
from auctioneer.service import SERVICE_NAME, Service
from auctioneer.statuses import CallRefused
from auctioneer.stores import MemoryStore, SqliteStore
from openoutcry.errors import StorageError
from openoutcry.session.bidder_values import Asked
from openoutcry.session.values import Phase
from openoutcry.session.verification import verify_transcript
from tests.participants.bidders import CODEC, PATIENCE_SECONDS, TestBidder, open_channel, truthful
from tests.participants.scenarios import make_bidders, make_specification, play_session

SIGNALS = (2, 0, 3, 1)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


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


class LostStore(MemoryStore):
    """A store that can be lost and found again."""

    def __init__(self) -> None:
        super().__init__()
        self.is_lost = False

    async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
        self._look()
        await super().append(session_id, expected_size, entries)

    async def entries(self, session_id: bytes, start: int = 0, stop: int | None = None) -> list[bytes]:
        self._look()
        return await super().entries(session_id, start, stop)

    def _look(self) -> None:
        if self.is_lost:
            raise StorageError("the disk is gone")


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


@pytest.mark.parametrize("name", ["", SERVICE_NAME])
async def test_health_says_whether_logs_can_be_kept(name: str):
    """A service whose store is gone says so to whoever watches it, and says when it is back."""
    store = LostStore()
    async with (
        Service(store=store, keys=make_keys()) as service,
        asyncio.timeout(PATIENCE_SECONDS),
        open_channel(service.address) as channel,
    ):
        session_id = await service.open_session(make_specification())
        watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=name))
        told = [(await watched.read()).status]
        store.is_lost = True
        driver = await service.session(session_id)
        driver.cancel("the lot was withdrawn")
        told.append((await watched.read()).status)
        assert not await asyncio.to_thread(Remote(address=service.address).is_healthy)
        store.is_lost = False
        told.append((await watched.read()).status)
        assert await asyncio.to_thread(Remote(address=service.address).is_healthy)
        await service.finished(session_id)
        watched.cancel()
    assert told == [SERVING, NOT_SERVING, SERVING]


async def test_a_session_that_cannot_go_on_is_listed_as_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """It is not void, since nothing says so: the list and whoever asks for it are told why it cannot be restored."""
    reason = "cannot be restored: the session was opened under other keys: bring back the files of its keys"
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=make_keys()) as service:
        session_id = await service.open_session(make_specification(title="orphan"))
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=make_keys()) as service:
        (line,) = await service.session_lines()
        assert (line.title, line.phase, line.problem) == ("orphan", None, reason)
        with pytest.raises(CallRefused, match=reason) as caught:
            await service.session(session_id)
        assert caught.value.status is grpc.StatusCode.FAILED_PRECONDITION
        at = f"--address={service.address}"
        assert await asyncio.to_thread(main, ["sessions", at]) == 0
        shown = capsys.readouterr().out
        assert await asyncio.to_thread(main, ["sessions", at, "--json"]) == 0
        (listed,) = json.loads(capsys.readouterr().out)["sessions"]
    assert shown == f"{session_id.hex()}  broken       1  orphan ({reason})\n"
    assert (listed["phase"], listed["problem"]) == ("broken", reason)


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
        with pytest.raises(CallRefused, match="cannot be restored"):
            await service.session(session_id)
        other = await service.open_session(make_specification(title="another"))
        await play_session(service, other)
