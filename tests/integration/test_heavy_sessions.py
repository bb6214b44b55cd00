"""A mechanism that computes for long holds up its own session, and nothing else of the service.

The mechanism of these tests computes until it is told to stop, in Python, so that it leaves to others only what an
interpreter gives to a thread. If it stood in the event loop nobody could tell it, and it would give up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, Literal

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore, SqliteStore
from openoutcry.errors import StorageError
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.specification import decode_specification, encode_specification
from openoutcry.session.values import Phase
from openoutcry.session.verification import verify_transcript
from tests.participants.bidders import CODEC, TestBidder, open_channel, silent
from tests.participants.scenarios import make_bidders, make_specification, play_session

HEAVY = "uniform-clock"
LIMIT_SECONDS = 10.0
"""After this a computation gives up: nobody could tell it to stop."""

When = Literal["before the first question", "after the last report"]


@dataclass
class Computing:
    """Work of a mechanism, held by a test."""

    when: When = "after the last report"
    began: Event = field(default_factory=Event)
    may_end: Event = field(default_factory=Event)
    gave_up: bool = False

    def work(self) -> None:
        """Compute until told to stop."""
        self.began.set()
        until = time.monotonic() + LIMIT_SECONDS
        while not self.may_end.is_set():
            if time.monotonic() > until:
                self.gave_up = True
                self.may_end.set()

    def wrap(self, converse: Callable[[Any, Any, Chance], Conversation]) -> Callable[..., Conversation]:
        """Return the same conversation with work in it."""

        def heavy(market: Any, choices: Any, chance: Chance) -> Conversation:
            if self.when == "before the first question":
                self.work()
            outcome = yield from converse(market, choices, chance)
            if self.when == "after the last report":
                self.work()
            return outcome

        return heavy

    async def wait_until_begun(self) -> None:
        """Return when the work is under way."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not self.began.is_set():
                await asyncio.sleep(0)


@pytest.fixture
def computing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Computing]:
    """Make one of the mechanisms heavy, and let it end when the test does."""
    held = Computing()
    heavy = replace(MECHANISMS[HEAVY], converse=held.wrap(MECHANISMS[HEAVY].converse))
    monkeypatch.setattr("openoutcry.session.auctioneer.MECHANISMS", {**MECHANISMS, HEAVY: heavy})
    yield held
    held.may_end.set()


def heavy_specification(*, answer_ms: int = 20_000) -> bytes:
    """Return a specification whose mechanism computes for long."""
    light = decode_specification(make_specification(form="sealed", title="Heavy", answer_ms=answer_ms))
    return encode_specification(replace(light, mechanism=HEAVY, parameters={"form": "sealed"}))


async def is_serving(address: str) -> bool:
    """Ask the service for its health."""
    async with open_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=LIMIT_SECONDS)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.parametrize("when", ["before the first question", "after the last report"])
async def test_others_go_on_while_a_session_computes(computing: Computing, when: When):
    """A whole session is played beside one that computes, a deadline passes in it, and health is told all the while.

    The deadline is longer than those of the session that computes: the time that the auctioneer takes is nobody's
    lateness.
    """
    computing.when = when
    async with Service(store=MemoryStore(), keys=make_keys()) as service:
        heavy = await service.open_session(heavy_specification(answer_ms=1_000))
        playing = asyncio.create_task(play_session(service, heavy))
        await computing.wait_until_begun()
        light = await service.open_session(make_specification(form="sealed", answer_ms=1_100))
        bidders = make_bidders(light)
        bidders[1] = TestBidder(name="b1", session_id=light, decide=silent)
        async with open_channel(service.address) as channel:
            await asyncio.gather(*(bidder.play(channel) for bidder in bidders))
        assert await is_serving(service.address)
        assert not playing.done()
        assert not computing.gave_up
        computing.may_end.set()
        await playing
        for session_id, accused in ((light, {"b1"}), (heavy, set())):
            verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
            assert verification.is_valid
            assert {found.accused for found in verification.deviations} == accused


async def test_bidders_of_a_session_that_computes_attach_and_cancelling_waits(computing: Computing):
    """Its streams are served meanwhile; what comes for it takes its turn, and is too late to void it."""
    async with Service(store=MemoryStore(), keys=make_keys()) as service:
        session_id = await service.open_session(heavy_specification())
        bidders = make_bidders(session_id, (2, 0, 3, 1))
        async with open_channel(service.address) as channel, open_channel(service.address) as other:
            playing = [asyncio.create_task(bidder.play_through(channel)) for bidder in bidders[1:]]
            call = await bidders[0].attach(channel)
            answering = asyncio.create_task(bidders[0].receive(call))
            while not computing.began.is_set():
                if answering.done():
                    answering = asyncio.create_task(bidders[0].receive(call))
                await asyncio.sleep(0)
            answering.cancel()
            call.cancel()
            again = await bidders[0].attach(other)
            driver = await service.session(session_id)
            driver.cancel("too late")
            assert not computing.gave_up
            assert driver.session.phase is Phase.PLAY
            computing.may_end.set()
            while await bidders[0].receive(again):
                pass
            await asyncio.gather(*playing)
        assert (await service.session(session_id)).session.phase is Phase.CLOSED


async def test_a_service_that_stops_lets_a_decision_be_kept(computing: Computing, tmp_path: Path):
    """Whoever stops the service while a mechanism computes finds the decision in the log afterwards."""
    keys = make_keys()
    store = await SqliteStore.open(tmp_path / "sessions.db")
    async with Service(store=store, keys=keys) as service:
        session_id = await service.open_session(heavy_specification())
        playing = asyncio.create_task(play_session(service, session_id))
        await computing.wait_until_begun()
        stopping = asyncio.create_task(service.sessions.stop())
        await asyncio.sleep(0)
        assert not stopping.done()
        computing.may_end.set()
        await stopping
        await asyncio.gather(playing, return_exceptions=True)
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=keys) as service:
        await service.finished(session_id)
        assert verify_transcript(await service.transcript(session_id), codec=CODEC).is_valid


async def test_a_decision_that_cannot_be_kept_is_made_again(computing: Computing):
    """The append after the decision fails: the session is restored, the last opening comes again, and it settles."""

    class ForgetfulStore(MemoryStore):
        failed = False

        async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
            if computing.began.is_set() and not self.failed:
                self.failed = True
                computing.began.clear()
                raise StorageError("the disk is full")
            await super().append(session_id, expected_size, entries)

    computing.may_end.set()
    store = ForgetfulStore()
    async with Service(store=store, keys=make_keys()) as service:
        session_id = await service.open_session(heavy_specification())
        async with open_channel(service.address) as channel:
            await asyncio.gather(*(bidder.play_through(channel) for bidder in make_bidders(session_id)))
        assert (store.failed, computing.began.is_set()) == (True, True)
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
        assert verification.is_valid
        assert not verification.deviations


async def test_an_ended_session_is_worked_out_again_beside_others(computing: Computing, tmp_path: Path):
    """After a restart somebody asks for the transcript of a session that took long: others are served meanwhile."""
    keys = make_keys()
    computing.may_end.set()
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=keys) as service:
        session_id = await service.open_session(heavy_specification())
        await play_session(service, session_id)
    computing.began.clear()
    computing.may_end.clear()
    async with Service(store=await SqliteStore.open(tmp_path / "sessions.db"), keys=keys) as service:
        fetching = asyncio.create_task(service.transcript(session_id))
        await computing.wait_until_begun()
        await play_session(service, await service.open_session(make_specification()))
        assert await is_serving(service.address)
        assert not fetching.done()
        assert not computing.gave_up
        computing.may_end.set()
        assert len((await fetching).entries) > 0
