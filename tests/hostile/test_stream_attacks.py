"""What a dishonest or broken client does on a bidder's stream: each attack ends that stream, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import grpc
import pytest

from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.settings import Limits
from auctioneer.stores import MemoryStore
from auctioneer.streams import FREE_ENVELOPES
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import Accept, Header, Role
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder_values import Opened, Specified
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import decode_challenge
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc
from tests.participants.bidders import (
    CODEC,
    Call,
    TestBidder,
    fetch_specification,
    key_of,
    new_session,
    open_channel,
    truthful,
)
from tests.participants.scenarios import make_bidders, make_specification

PATIENCE_SECONDS = 30.0


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Give a service that has little patience with slow clients."""
    limits = Limits(handshake_timeout_ms=2000, write_deadline_ms=500)
    async with Service(store=MemoryStore(), keys=make_keys(), limits=limits) as service:
        yield service


@pytest.fixture
async def channel(service: Service) -> AsyncIterator[grpc.aio.Channel]:
    """Give a connection to it."""
    async with open_channel(service.address) as channel:
        yield channel


async def begin(channel: grpc.aio.Channel, session_id: bytes) -> tuple[Call, bytes, bytes]:
    """Open a stream up to its challenge, and return it with nonce and SessionOpen."""
    call: Call = service_pb2_grpc.AuctionServiceStub(channel).Participate()
    await call.write(wire.ParticipateRequest(attach=wire.Attach(session_id=session_id)))
    challenge = await call.read()
    assert isinstance(challenge, wire.ParticipateResponse)
    return call, *decode_challenge(challenge)


async def end_of(call: Call) -> tuple[grpc.StatusCode, str]:
    """Read a stream to its end and return how it ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        with suppress(grpc.aio.AioRpcError):
            while isinstance(await call.read(), wire.ParticipateResponse):
                pass
        return await call.code(), await call.details() or ""


async def until(condition: Callable[[], bool]) -> None:
    """Return when a condition holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0)


async def check_that_all_goes_on(
    service: Service, channel: grpc.aio.Channel, session_id: bytes, *, accused: tuple[str, ...] = ()
) -> None:
    """Play the session to its end with honest bidders; only those named may have been accused."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(bidder.play(channel) for bidder in make_bidders(session_id)))
        await service.finished(session_id)
    verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert verification.is_valid
    assert tuple(found.accused for found in verification.deviations) == accused


async def test_a_hello_must_sign_this_streams_nonce(service: Service, channel: grpc.aio.Channel):
    """A Hello for another nonce, as somebody may have overheard it, attaches nothing."""
    session_id = await service.open_session(make_specification())
    call, nonce, session_open = await begin(channel, session_id)
    bidder = new_session("b0")
    bidder.apply(Opened(session_open=session_open), 1)
    await call.write(wire.ParticipateRequest(hello=bidder.hello(bytes(reversed(nonce)), 1)))
    code, reason = await end_of(call)
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert reason.startswith("REPLAYED")
    await check_that_all_goes_on(service, channel, session_id)


@pytest.mark.parametrize(
    "frame",
    [
        wire.ParticipateRequest(),
        wire.ParticipateRequest(envelope=b"x"),
        wire.ParticipateRequest(hello=b"x"),
        wire.ParticipateRequest(hello=b""),
        wire.ParticipateRequest(attach=wire.Attach(session_id=b"again")),
    ],
    ids=["nothing", "envelope", "garbage", "empty", "attach"],
)
async def test_a_stream_must_begin_as_it_must(
    service: Service, channel: grpc.aio.Channel, frame: wire.ParticipateRequest
):
    """Anything but a Hello after the challenge ends the stream as malformed."""
    session_id = await service.open_session(make_specification())
    call, _, _ = await begin(channel, session_id)
    await call.write(frame)
    assert (await end_of(call))[0] is grpc.StatusCode.INVALID_ARGUMENT
    await check_that_all_goes_on(service, channel, session_id)


async def test_a_stream_that_says_nothing_is_ended(service: Service, channel: grpc.aio.Channel):
    """Streams without a Hello are not held for ever."""
    session_id = await service.open_session(make_specification())
    call, _, _ = await begin(channel, session_id)
    assert (await end_of(call))[0] is grpc.StatusCode.UNAVAILABLE


async def test_only_the_invited_may_enrol(service: Service, channel: grpc.aio.Channel):
    """A name that is not invited, and a name that another key has taken, are refused with the reason."""
    session_id = await service.open_session(make_specification())
    first = make_bidders(session_id)[0]
    await first.attach(channel)
    driver = await service.session(session_id)
    await until(lambda: driver.size == 2)

    impostor = new_session("b0")
    impostor._key = key_of("impostor")
    call, nonce, session_open = await begin(channel, session_id)
    impostor.apply(Opened(session_open=session_open), 1)
    effects = impostor.apply(Specified(specification=await fetch_specification(channel, session_id)), 1)
    await call.write(wire.ParticipateRequest(hello=impostor.hello(nonce, 1)))
    await call.write(wire.ParticipateRequest(envelope=effects.send[0]))
    code, reason = await end_of(call)
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert "another key" in reason
    assert driver.size == 2
    await check_that_all_goes_on(service, channel, session_id)


async def test_an_envelope_of_somebody_else_is_not_even_looked_at(
    service: Service, channel: grpc.aio.Channel
):
    """Whoever repeats or forges another bidder's envelope is cut off, and nothing is recorded against that bidder."""
    session_id = await service.open_session(make_specification())
    victim, attacker, *_ = make_bidders(session_id)
    await victim.attach(channel)
    call = await attacker.attach(channel)
    driver = await service.session(session_id)
    await until(lambda: driver.size == 3)
    forged = CODEC.encode_envelope(
        Envelope(
            payload_type=CODEC.decode_envelope(victim.sent[0]).payload_type,
            payload=b"forged",
            signature=b"\1" * 64,
            sender_id=key_of("b0").sender_id,
        )
    )
    for envelope in (forged, victim.sent[0]):
        await call.write(wire.ParticipateRequest(envelope=envelope))
        code, reason = await end_of(call)
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert "not of the bidder" in reason
        call = await attacker.attach(channel)
    assert driver.size == 3
    await check_that_all_goes_on(service, channel, session_id)


@pytest.mark.parametrize("envelope", [b"", b"garbage", b"\xff" * 1000], ids=["empty", "garbage", "bytes"])
async def test_garbage_ends_the_stream_and_is_not_recorded(
    service: Service, channel: grpc.aio.Channel, envelope: bytes
):
    """Bytes that are no envelope prove nothing about anybody."""
    session_id = await service.open_session(make_specification())
    bidder = make_bidders(session_id)[0]
    call = await bidder.attach(channel)
    await call.write(wire.ParticipateRequest(envelope=envelope))
    assert (await end_of(call))[0] is grpc.StatusCode.INVALID_ARGUMENT
    await check_that_all_goes_on(service, channel, session_id)


async def test_a_message_that_is_too_large_is_refused_by_the_transport(
    service: Service, channel: grpc.aio.Channel
):
    """A frame of a megabyte never reaches the session."""
    session_id = await service.open_session(make_specification())
    call = await make_bidders(session_id)[0].attach(channel)
    await call.write(wire.ParticipateRequest(envelope=bytes(1024 * 1024)))
    assert (await end_of(call))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
    await check_that_all_goes_on(service, channel, session_id)


async def test_a_flood_ends_the_stream_and_delays_nobody(service: Service, channel: grpc.aio.Channel):
    """More envelopes than there was anything to say: the limit on the rate cuts the stream off."""
    session_id = await service.open_session(make_specification())
    bidder = make_bidders(session_id)[0]
    call = await bidder.attach(channel)
    try:
        for _ in range(20 * FREE_ENVELOPES):
            await call.write(wire.ParticipateRequest(envelope=bidder.sent[0]))
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        pass
    # A write that meets the end of its stream is reported as an internal error of the client.
    assert (await end_of(call))[0] in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
    assert (await service.session(session_id)).size == 2
    await check_that_all_goes_on(service, channel, session_id)


async def test_the_newest_stream_of_a_bidder_takes_over(service: Service, channel: grpc.aio.Channel):
    """The older stream is told why it ends; the bidder goes on where it was."""
    session_id = await service.open_session(make_specification())
    bidder, *others = make_bidders(session_id)
    older = await bidder.attach(channel)
    newer = await bidder.attach(channel)
    code, reason = await end_of(older)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "another stream" in reason

    async def go_on() -> None:
        while await bidder.receive(newer):
            pass

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(go_on(), *(other.play(channel) for other in others))
        await service.finished(session_id)
    assert verify_transcript(await service.transcript(session_id), codec=CODEC).is_valid


async def test_deviations_of_an_enrolled_bidder_are_recorded_with_their_bytes(
    service: Service, channel: grpc.aio.Channel
):
    """An accept that nobody asked for stands in the log as evidence, and the session settles without trouble."""
    session_id = await service.open_session(make_specification())
    bidders = make_bidders(session_id)
    culprit = bidders[0]
    call = await culprit.attach(channel)
    driver = await service.session(session_id)
    await until(lambda: driver.size == 2)
    await call.write(wire.ParticipateRequest(envelope=_unasked(culprit)))
    await until(lambda: driver.size == 3)
    assert [found.code.value for found in driver.session.deviations] == ["NOT_ASKED"]
    assert driver.session.deviations[0].accused == "b0"
    driver.cancel("seen enough")
    await service.finished(session_id)
    assert verify_transcript(await service.transcript(session_id), codec=CODEC).is_valid


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(write_deadline_ms=200), "took no message in time"),
        (Limits(bidder_queue=3), "messages wait to be read"),
    ],
    ids=["deadline", "lag"],
)
async def test_a_bidder_that_does_not_read_is_cut_off_and_delays_nobody(limits: Limits, reason: str):
    """Deliveries pile up in the connection of a bidder that never reads; its stream ends, the others play on."""
    async with Service(store=MemoryStore(), keys=make_keys(), limits=limits) as service:
        session_id = await service.open_session(make_specification(answer_ms=1000))
        driver = await service.session(session_id)
        async with open_channel(service.address) as slow, open_channel(service.address) as fast:
            culprit = TestBidder(name="b0", session_id=session_id, decide=truthful(2))
            call = await culprit.attach(slow)
            await until(lambda: driver.size == 2)
            for number in range(1, 13):
                await call.write(
                    wire.ParticipateRequest(envelope=_unasked(culprit, padding=20_000, seq=number))
                )
            others = make_bidders(session_id)[1:]
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(other.play(fast) for other in others))
                await service.finished(session_id)
            code, details = await end_of(call)
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert reason in details
    assert verification.is_valid
    assert {found.accused for found in verification.deviations} == {"", "b0"}


def _unasked(bidder: TestBidder, *, padding: int = 0, seq: int = 1) -> bytes:
    """Return a signed envelope of an enrolled bidder that is out of place, as large as wanted."""
    witness = bidder.session.witness
    assert witness is not None
    key = key_of(bidder.name)
    header = Header(
        session_id=bidder.session_id,
        role=Role.BIDDER,
        sender_id=key.sender_id,
        seq=seq,
        prev_own=bidder.session._voice._previous if bidder.session._voice else b"",
        seen_size=witness.head.size,
        seen_root=witness.head.root,
        reply_to=b"",
        sent_at_ns=1,
    )
    sealed = SigningAuthor(key, CODEC).seal(header, Accept(level=1))
    if not padding:
        return sealed
    envelope = CODEC.decode_envelope(sealed)
    return CODEC.encode_envelope(
        Envelope(
            payload_type=envelope.payload_type,
            payload=envelope.payload + bytes(padding),
            signature=envelope.signature,
            sender_id=envelope.sender_id,
        )
    )
