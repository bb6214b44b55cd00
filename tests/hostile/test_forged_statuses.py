"""Statuses of gRPC carry no signature: in clear whoever stands on the way can forge them, and that must end no bidder.

The forger of these tests passes calls on to the real service, byte for byte, and ends those that it likes with a status
of its own. Where it stops doing so an agent plays its whole part; where it does not, the agent gives up when its
patience ends, as if it had been cut off, and says what that may mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore
from bidder_agent import join
from bidder_agent.agent import Unreachable
from bidder_agent.connection import DISPLACED, TOO_LONG, Refused
from bidder_agent.result import Ending
from openoutcry.session.verification import verify_transcript
from tests.participants.bidders import CODEC, PATIENCE_SECONDS
from tests.participants.scenarios import make_specification

Context = grpc.aio.ServicerContext[bytes, bytes]
Code = grpc.StatusCode


@dataclass(frozen=True)
class Forged:
    """One status to forge.

    Attributes:
        method: Of the calls that it ends.
        code: Of the status.
        details: Its text.
        after: Frames of the service that pass before it.
    """

    method: str
    code: grpc.StatusCode
    details: str = "no such session"
    after: int = 0


@dataclass
class Forger:
    """What is still to be forged, each once and in this order; the last one for ever when it never stops."""

    statuses: list[Forged]
    never_stops: bool = False
    done: list[Forged] = field(default_factory=list)

    def take(self, method: str) -> Forged | None:
        """Return what to end a call of this method with, if it is to end so."""
        if not self.statuses or self.statuses[0].method != method:
            return None
        forged = self.statuses[0] if self.never_stops else self.statuses.pop(0)
        self.done.append(forged)
        return forged


class _Calls(grpc.GenericRpcHandler):
    """Handles every call, whatever its name, as bytes."""

    def __init__(self, handle: Callable[[str, AsyncIterator[bytes], Context], Any]) -> None:
        self._handle = handle

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        async def handle(requests: AsyncIterator[bytes], context: Context) -> None:
            await self._handle(details.method, requests, context)

        return grpc.stream_stream_rpc_method_handler(handle)


@asynccontextmanager
async def forging(address: str, forger: Forger) -> AsyncIterator[str]:
    """Carry calls to this address and their answers back, and forge statuses."""
    async with grpc.aio.insecure_channel(address) as channel:

        async def send(requests: AsyncIterator[bytes], call: Any) -> None:
            with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                async for request in requests:
                    await call.write(request)
                await call.done_writing()

        async def carry(method: str, requests: AsyncIterator[bytes], context: Context) -> None:
            forged = forger.take(method.rpartition("/")[2])
            call: Any = channel.stream_stream(method)()
            sending = asyncio.create_task(send(requests, call))
            try:
                passed = 0
                while forged is None or passed < forged.after:
                    answer = await call.read()
                    if not isinstance(answer, bytes):
                        return
                    await context.write(answer)
                    passed += 1
                await context.abort(forged.code, forged.details)
            except grpc.aio.AioRpcError as problem:
                await context.abort(problem.code(), problem.details() or "")
            finally:
                sending.cancel()
                call.cancel()

        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((_Calls(carry),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await server.stop(None)


STATUSES = (
    Forged("DescribeSession", Code.NOT_FOUND, "no session is enrolling now"),
    Forged("DescribeSession", Code.UNIMPLEMENTED, "Method not found!"),
    Forged("DescribeSession", Code.UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED: certificate has expired"),
    Forged("Participate", Code.NOT_FOUND),
    Forged("Participate", Code.UNAUTHENTICATED),
    Forged("Participate", Code.FAILED_PRECONDITION, "enrolment is over, and you have not enrolled", after=1),
    Forged("FetchSpecification", Code.PERMISSION_DENIED, "UNKNOWN_SENDER: who are you?"),
    Forged("FetchSpecification", Code.RESOURCE_EXHAUSTED, TOO_LONG),
    Forged("Participate", Code.FAILED_PRECONDITION, DISPLACED, after=2),
    Forged("Participate", Code.INVALID_ARGUMENT, "OPENING_MISMATCH: another part", after=1),
    Forged("Participate", Code.RESOURCE_EXHAUSTED, TOO_LONG, after=2),
    Forged("FetchTranscript", Code.FAILED_PRECONDITION, "the session has not ended"),
)
"""One of each kind, in the order in which an agent that asks for the latest session meets them."""


async def test_an_agent_plays_its_whole_part_past_forged_statuses(tmp_path: Path) -> None:
    """Whatever a status says, unsigned, the session goes on for this bidder, and settles."""
    forger = Forger(list(STATUSES))
    lines: list[str] = []
    async with (
        Service(store=MemoryStore(), keys=make_keys()) as service,
        forging(service.address, forger) as address,
        asyncio.timeout(2 * PATIENCE_SECONDS),
    ):
        session_id = await service.open_session(make_specification(2))
        playing = join(address, name="b0", signal=2, receipts=tmp_path / "b0", tell=lines.append)
        other = join(service.address, session=session_id, name="b1", signal=1, receipts=tmp_path / "b1")
        results = await asyncio.gather(playing, other)
        verification = verify_transcript(await service.transcript(session_id), codec=CODEC)
    assert forger.done == list(STATUSES)
    assert [(result.ending, result.is_good) for result in results] == [(Ending.SETTLED, True)] * 2
    assert verification.is_valid
    assert not verification.deviations
    refusals = [line for line in lines if line.startswith("refused (")]
    # A status that meets the agent while it writes is but a lost stream to it.
    assert refusals != []
    assert all(
        "not over TLS, so that anybody on the way can have said it; trying" in line for line in refusals
    )


@pytest.mark.parametrize(
    ("method", "session", "told"),
    [
        (
            "DescribeSession",
            "latest",
            "no such session; gave up after 0.5 s: look at address and session; without",
        ),
        (
            "Participate",
            "ab" * 32,
            "no such session; gave up after 0.5 s: look at address and session; without",
        ),
    ],
)
async def test_who_never_stops_is_waited_out(tmp_path: Path, method: str, session: str, told: str) -> None:
    """Patience ends some time, and then the reason is told as what it is: something that somebody said."""
    forger = Forger([Forged(method, Code.NOT_FOUND)], never_stops=True)
    async with (
        Service(store=MemoryStore(), keys=make_keys()) as service,
        forging(service.address, forger) as address,
    ):
        with pytest.raises(Unreachable, match=told):
            await join(
                address, session=session, name="b0", signal=2, receipts=tmp_path / "b0", patience_s=0.5
            )
    assert len(forger.done) > 1


async def test_two_agents_with_one_key_do_not_displace_each_other_for_ever(tmp_path: Path) -> None:
    """That another stream has attached may be true: said for the second time, it ends one of the two agents."""
    async with (
        Service(store=MemoryStore(), keys=make_keys()) as service,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        session_id = await service.open_session(make_specification(2))
        playing = [
            asyncio.create_task(
                join(
                    service.address,
                    session=session_id,
                    name="b0",
                    signal=2,
                    seed="the same key",
                    receipts=tmp_path / str(number),
                )
            )
            for number in range(2)
        ]
        ended, going_on = await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
        for task in going_on:
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)
        problems = [task.exception() for task in ended]
    assert (len(ended), len(going_on)) == (1, 1)
    assert isinstance(problems[0], Refused)
    assert str(problems[0]).endswith(
        f"{DISPLACED}, for the second time: stop the other agent that has this bidder's key"
    )
