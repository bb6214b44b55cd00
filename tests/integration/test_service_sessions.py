"""The service over real sockets: sessions from opening to transcript, and every call about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from auctioneer.credentials import OperatorToken
from auctioneer.keys import make_keys
from auctioneer.service import SERVICE_NAME, Service
from auctioneer.settings import Limits
from auctioneer.stores import MemoryStore
from openoutcry.errors import OpenOutcryError, ServiceError
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.checkpoints import session_origin, verify_checkpoint
from openoutcry.protocol.draws import SeededChance
from openoutcry.protocol.keys import VerifyKey
from openoutcry.protocol.transcript import decode_transcript
from openoutcry.session.values import Phase
from openoutcry.session.verification import verify_transcript
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc
from tests.participants.bidders import CODEC, TestBidder, open_channel, silent, truthful
from tests.participants.scenarios import make_bidders, make_specification, play_session

PATIENCE_SECONDS = 30.0


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Give a service on a free port."""
    async with Service(store=MemoryStore(), keys=make_keys()) as service:
        yield service


def stub_of(channel: grpc.aio.Channel) -> service_pb2_grpc.AuctionServiceStub:
    """Return what calls the service."""
    return service_pb2_grpc.AuctionServiceStub(channel)


@pytest.mark.parametrize("form", ["clock", "sealed"])
async def test_a_session_settles_and_its_transcript_verifies(service: Service, form: str):
    """Four bidders over real streams: everybody ends well, and a stranger agrees with everything."""
    session_id = await service.open_session(make_specification(form=form))
    bidders = await play_session(service, session_id)
    verification = verify_transcript(
        await service.transcript(session_id),
        codec=CODEC,
        session_id=session_id,
        auctioneer_key=service.sessions.keys.message.public_key,
    )
    assert verification.is_valid
    assert not verification.deviations
    session = verification.session
    assert session is not None
    assert session.phase is Phase.CLOSED
    assert [bidder.session.outcome for bidder in bidders] == [session.outcome] * 4


async def test_many_sessions_run_at_once_and_do_not_mix(service: Service):
    """Twelve sessions with the same bidders' names end with twelve valid transcripts of their own."""
    opened = [await service.open_session(make_specification(title=f"Lot {number}")) for number in range(12)]
    await asyncio.gather(*(play_session(service, session_id) for session_id in opened))
    for number, session_id in enumerate(opened):
        transcript = await service.transcript(session_id)
        assert decode_specification(transcript.specification).title == f"Lot {number}"
        assert verify_transcript(transcript, codec=CODEC, session_id=session_id).is_valid


async def test_a_silent_bidder_lapses_and_the_others_go_on(service: Service):
    """One bidder never answers: it is recorded as silent, and the session settles.

    In the sealed form everybody is asked; in the clock form the draws might spare the silent one every question.
    """
    session_id = await service.open_session(make_specification(form="sealed", answer_ms=400))
    bidders = make_bidders(session_id)
    bidders[1] = TestBidder(name="b1", session_id=session_id, decide=silent)
    async with open_channel(service.address) as channel:
        await asyncio.gather(*(bidder.play(channel) for bidder in bidders))
    verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert verification.is_valid
    assert {(found.code.value, found.accused) for found in verification.deviations} == {("SILENT", "b1")}


async def test_an_absent_bidder_is_left_out_or_voids_the_session(service: Service):
    """What happens without an invited bidder is what the specification says."""
    for absent, phase in (("exit", Phase.CLOSED), ("void", Phase.VOID)):
        session_id = await service.open_session(make_specification(enrol_ms=400, absent=absent))
        bidders = make_bidders(session_id)[:3]
        async with open_channel(service.address) as channel:
            await asyncio.gather(*(bidder.play(channel) for bidder in bidders))
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
        assert verification.is_valid
        assert verification.session is not None
        assert verification.session.phase is phase


async def test_sessions_are_listed_by_page_newest_first(service: Service):
    """Pages follow each other without gap, and the last one says that it is."""
    opened = [await service.open_session(make_specification(title=f"Lot {number}")) for number in range(5)]
    listed = []
    token = ""
    async with open_channel(service.address) as channel:
        for expected in (2, 2, 1):
            page = await stub_of(channel).ListSessions(
                wire.ListSessionsRequest(page_size=2, page_token=token)
            )
            assert len(page.sessions) == expected
            listed += [summary.session_id for summary in page.sessions]
            token = page.next_page_token
        assert token == ""
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub_of(channel).ListSessions(wire.ListSessionsRequest(page_token="no token"))
    assert listed == opened[::-1]
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_session_is_described_with_a_checkpoint_that_holds(service: Service):
    """Without an id the newest that enrols is meant; the checkpoint is over the log as it is."""
    await service.open_session(make_specification(title="older"))
    session_id = await service.open_session(make_specification(title="newer"))
    async with open_channel(service.address) as channel:
        described = await stub_of(channel).DescribeSession(wire.DescribeSessionRequest())
    assert (described.summary.session_id, described.summary.title) == (session_id, "newer")
    assert described.summary.phase == wire.SESSION_PHASE_ENROL
    checkpoint = verify_checkpoint(
        described.checkpoint,
        VerifyKey(service.sessions.keys.checkpoint.public_key),
        session_origin(session_id),
    )
    assert checkpoint.size == described.summary.log_size == 1


async def test_the_transcript_is_fetched_whole_once_the_session_has_ended(service: Service):
    """Before the end it is refused; afterwards the pieces make a valid file."""
    session_id = await service.open_session(make_specification())
    async with open_channel(service.address) as channel:
        request = wire.FetchTranscriptRequest(session_id=session_id)
        with pytest.raises(grpc.aio.AioRpcError) as early:
            await stub_of(channel).FetchTranscript(request).read()
        await play_session(service, session_id)
        parts = [part.chunk async for part in stub_of(channel).FetchTranscript(request)]
    assert early.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    transcript = decode_transcript(b"".join(parts))
    assert transcript == await service.transcript(session_id)


async def test_an_observer_sees_every_entry_and_the_checkpoint(service: Service):
    """What is observed from the start is the log, entry by entry, and then its end."""
    session_id = await service.open_session(make_specification())
    async with open_channel(service.address) as channel:
        observed = asyncio.create_task(_observe(channel, session_id))
        await play_session(service, session_id)
        entries, checkpoint = await observed
    transcript = await service.transcript(session_id)
    assert tuple(entries) == transcript.entries
    assert checkpoint == transcript.checkpoint


async def _observe(channel: grpc.aio.Channel, session_id: bytes) -> tuple[list[bytes], bytes]:
    items = [item async for item in stub_of(channel).Observe(wire.ObserveRequest(session_id=session_id))]
    return [item.entry for item in items[:-1]], items[-1].checkpoint


async def test_an_operator_cancels_a_session_and_its_transcript_says_why(service: Service):
    """A session that still enrols becomes void; cancelling it again, or one that has settled, changes nothing."""
    session_id = await service.open_session(make_specification())
    settled = await service.open_session(make_specification(title="Settled"))
    await play_session(service, settled)
    async with open_channel(service.address) as channel:
        for expected, cancelled in (("VOID", session_id), ("VOID", session_id), ("CLOSED", settled)):
            response = await stub_of(channel).CancelSession(
                wire.CancelSessionRequest(session_id=cancelled, detail="the lot was withdrawn")
            )
            assert wire.SessionPhase.Name(response.phase) == f"SESSION_PHASE_{expected}"
    verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert verification.is_valid
    assert verification.session is not None
    assert verification.session.phase is Phase.VOID


async def test_an_operators_token_is_asked_for_where_one_is_set():
    """Nobody opens a session without it, and whoever shows it does."""
    token = "correct-horse-battery"
    async with Service(
        store=MemoryStore(), keys=make_keys(), operator_token=OperatorToken(_token=token.encode())
    ) as service:
        async with open_channel(service.address) as channel:
            for shown in (None, "Bearer wrong-horse-battery", token):
                metadata = () if shown is None else (("authorization", shown),)
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await stub_of(channel).OpenSession(_pieces(make_specification()), metadata=metadata)
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
            opened = await stub_of(channel).OpenSession(
                _pieces(make_specification()), metadata=(("authorization", f"Bearer {token}"),)
            )
        assert [line.session_id for line in await service.session_lines()] == [opened.session_id]


async def test_what_is_no_specification_opens_nothing(service: Service):
    """The reason comes back in one line."""
    async with open_channel(service.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub_of(channel).OpenSession(_pieces(b"{}"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "\n" not in (refused.value.details() or "")
    assert await service.session_lines() == []


async def test_only_so_many_sessions_are_open_at_once():
    """One more is refused, until one has ended."""
    limits = Limits(sessions=1)
    async with Service(store=MemoryStore(), keys=make_keys(), limits=limits) as service:
        session_id = await service.open_session(make_specification(title="first"))
        with pytest.raises(ServiceError, match="1 sessions are open"):
            await service.open_session(make_specification(title="second"))
        (await service.session(session_id)).cancel("make room")
        await service.finished(session_id)
        assert await service.open_session(make_specification(title="third"))


async def _pieces(specification: bytes) -> AsyncIterator[wire.OpenSessionRequest]:
    middle = len(specification) // 2
    for piece in (specification[:middle], specification[middle:]):
        yield wire.OpenSessionRequest(chunk=piece)


async def test_health_and_reflection_answer(service: Service):
    """The service says that it serves, and by which name it is called."""
    async with open_channel(service.address) as channel:
        for name in ("", SERVICE_NAME):
            health = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=name)
            )
            assert health.status == health_pb2.HealthCheckResponse.SERVING
        call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        await call.done_writing()
        response = await call.read()
    assert SERVICE_NAME in [found.name for found in response.list_services_response.service]


async def test_a_service_that_stops_says_so_before_it_is_gone():
    """Streams end with a status that lets bidders come back, and the session stays in the store."""
    store = MemoryStore()
    keys = make_keys()
    service = Service(store=store, keys=keys)
    await service.start()
    session_id = await service.open_session(make_specification())
    async with open_channel(service.address) as channel:
        call = await make_bidders(session_id)[0].attach(channel)
        driver = await service.session(session_id)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while driver.size == 1:
                await asyncio.sleep(0)
        await service.stop()
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
    assert [(found.session_id, found.closed) for found in await store.sessions()] == [(session_id, False)]


async def test_a_port_in_use_is_refused_in_one_line(service: Service):
    """A second service on the same port does not start."""
    with pytest.raises(ServiceError, match="cannot be listened on") as refused:
        async with Service(store=MemoryStore(), keys=make_keys(), listen=service.address):
            pass
    assert "\n" not in str(refused.value)


async def test_the_draws_are_those_of_the_common_seed(service: Service):
    """With the auctioneer's part and the bidders' fixed, a session is the same twice, up to the auctioneer's clock."""
    outcomes = []
    for _ in range(2):
        async with Service(store=MemoryStore(), keys=service.sessions.keys) as other:
            session_id = await other.open_session(make_specification(), seed_part=b"s" * 32)
            bidders = await play_session(other, session_id)
            chance = (await other.session(session_id)).session.chance
            assert chance is not None
            assert isinstance(chance._inner, SeededChance)
            outcomes.append((session_id, chance.draws, bidders[0].session.outcome))
    assert outcomes[0] == outcomes[1]


async def test_an_unknown_session_is_not_found(service: Service):
    """Every call that names one says so."""
    async with open_channel(service.address) as channel:
        bidder = TestBidder(name="b0", session_id=b"?" * 32, decide=truthful(0))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await bidder.attach(channel)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub_of(channel).Observe(wire.ObserveRequest(session_id=b"?" * 32)).read()
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    with pytest.raises(OpenOutcryError, match="no session"):
        await service.finished(b"?" * 32)
