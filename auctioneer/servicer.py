"""The gRPC side of the auctioneer: each call checked, carried out, and answered or refused with a status.

Decides: who may open and cancel a session. Without an operator's token only this very machine may; with one, whoever
shows it. Everything else is open to whoever can connect, because nothing of it is secret and whatever moves a session
is signed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

import grpc

from auctioneer.credentials import OperatorToken
from auctioneer.driver import SessionDriver
from auctioneer.logs import PEER_ADDRESS, SESSION_ID, get_logger
from auctioneer.sessions import SessionLine, Sessions, describe
from auctioneer.statuses import CallRefused, status_of
from auctioneer.streams import BidderStream, Context, StreamLimits, greet, read_frame
from openoutcry.errors import OpenOutcryError
from openoutcry.protocol import limits
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc

CHUNK_BYTES = 32 * 1024
PAGE_SIZE = 100
_LOCAL_PEERS = ("ipv4:127.", "ipv6:[::1]", "ipv6:%5B::1%5D", "unix:")

_Servicer = TypeVar("_Servicer")
_AnyContext = grpc.aio.ServicerContext[Any, Any]
_Method = Callable[[_Servicer, Any, _AnyContext], Awaitable[Any]]


def _refusing(method: _Method[_Servicer]) -> _Method[_Servicer]:
    """Answer errors of ours with their status; what nobody foresaw stays gRPC's UNKNOWN, and is logged there."""

    @wraps(method)
    async def refuse(servicer: _Servicer, request: Any, context: _AnyContext) -> Any:
        try:
            return await method(servicer, request, context)
        except OpenOutcryError as error:
            status, reason = status_of(error)
            get_logger().debug(
                "call refused", status=status.name, reason=reason, **{PEER_ADDRESS: context.peer()}
            )
            await context.abort(status, reason)

    return refuse


class AuctionServicer(service_pb2_grpc.AuctionServiceServicer):
    """Answers the calls of `openoutcry.wire.v1.AuctionService`.

    Args:
        sessions: What the calls are about.
        operator_token: What opening and cancelling take; None lets this machine do both, and nobody else.
        stream_limits: Bounds on each bidder's stream.
    """

    def __init__(
        self, *, sessions: Sessions, operator_token: OperatorToken | None, stream_limits: StreamLimits
    ) -> None:
        self._sessions = sessions
        self._operator_token = operator_token
        self._stream_limits = stream_limits

    @_refusing
    async def OpenSession(
        self, request_iterator: AsyncIterator[wire.OpenSessionRequest], context: _AnyContext
    ) -> wire.OpenSessionResponse:
        """Open a session from the pieces of its specification."""
        self._check_operator(context)
        specification = bytearray()
        async for request in request_iterator:
            specification += request.chunk
            if len(specification) > limits.SPECIFICATION_BYTES:
                raise CallRefused(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"a specification has at most {limits.SPECIFICATION_BYTES} bytes",
                )
        return wire.OpenSessionResponse(session_id=await self._sessions.open(bytes(specification)))

    @_refusing
    async def CancelSession(
        self, request: wire.CancelSessionRequest, context: _AnyContext
    ) -> wire.CancelSessionResponse:
        """Void a session, unless it ends before."""
        self._check_operator(context)
        driver = await self._sessions.find(request.session_id)
        if not driver.has_ended:
            driver.cancel(request.detail)
            await driver.wait_until_ended()
        return wire.CancelSessionResponse(phase=wire.SessionPhase.Name(driver.session.phase.value))

    @_refusing
    async def ListSessions(
        self, request: wire.ListSessionsRequest, context: _AnyContext
    ) -> wire.ListSessionsResponse:
        """List a page of sessions, newest first."""
        if request.page_size > PAGE_SIZE:
            raise CallRefused(grpc.StatusCode.INVALID_ARGUMENT, f"a page has at most {PAGE_SIZE} sessions")
        summaries = await self._sessions.summaries()
        start = 0
        if request.page_token:
            tokens = [summary.session_id.hex() for summary in summaries]
            if request.page_token not in tokens:
                raise CallRefused(
                    grpc.StatusCode.INVALID_ARGUMENT, "the page token is not one that this service gave out"
                )
            start = tokens.index(request.page_token) + 1
        page = summaries[start : start + (request.page_size or PAGE_SIZE)]
        is_last = start + len(page) >= len(summaries)
        return wire.ListSessionsResponse(
            sessions=[_summary(await self._sessions.line(summary)) for summary in page],
            next_page_token="" if is_last else page[-1].session_id.hex(),
        )

    @_refusing
    async def DescribeSession(
        self, request: wire.DescribeSessionRequest, context: _AnyContext
    ) -> wire.DescribeSessionResponse:
        """Tell the state of a session, of the newest that enrols when none is named."""
        driver = (
            await self._sessions.find(request.session_id)
            if request.session_id
            else self._sessions.newest_enrolling()
        )
        return wire.DescribeSessionResponse(
            summary=_summary(describe(driver)),
            session_open=driver.session_open,
            checkpoint=self._sessions.checkpoint(driver),
            enrolled=driver.session.enrolment.names,
        )

    @_refusing
    async def FetchSpecification(self, request: wire.FetchSpecificationRequest, context: _AnyContext) -> None:
        """Stream a session's public specification."""
        specification = await self._sessions.specification(request.session_id)
        for chunk in _chunks(specification):
            await context.write(wire.FetchSpecificationResponse(chunk=chunk))

    @_refusing
    async def FetchTranscript(self, request: wire.FetchTranscriptRequest, context: _AnyContext) -> None:
        """Stream the transcript file of a session that has ended."""
        transcript = await self._sessions.transcript_file(request.session_id)
        for chunk in _chunks(transcript):
            await context.write(wire.FetchTranscriptResponse(chunk=chunk))

    @_refusing
    async def Participate(
        self, request_iterator: AsyncIterator[wire.ParticipateRequest], context: Context
    ) -> None:
        """Hold a bidder's conversation to its end."""
        bounds = self._stream_limits
        attach = await read_frame(context, "attach", bounds)
        driver = await self._sessions.find(attach.attach.session_id)
        attached = await greet(context, driver, self._sessions.reader, bounds)
        stream = BidderStream(
            context=context,
            driver=driver,
            attached=attached,
            reader=self._sessions.reader,
            checkpoint_key=self._sessions.keys.checkpoint,
            bounds=bounds,
        )
        log = get_logger(**{SESSION_ID: driver.session_id, PEER_ADDRESS: context.peer()})
        log.debug("stream attached", party=attached.sender_id)
        try:
            await stream.serve()
        finally:
            log.debug("stream ended", party=attached.sender_id)

    @_refusing
    async def Observe(self, request: wire.ObserveRequest, context: _AnyContext) -> None:
        """Stream a session's log as it becomes durable, and at its end the checkpoint."""
        driver: SessionDriver = await self._sessions.find(request.session_id)
        async for entry in driver.log.follow(request.start_index):
            await context.write(wire.ObserveResponse(entry=entry))
        await context.write(wire.ObserveResponse(checkpoint=self._sessions.checkpoint(driver)))

    def _check_operator(self, context: _AnyContext) -> None:
        if self._operator_token is None:
            if not context.peer().startswith(_LOCAL_PEERS):
                raise CallRefused(
                    grpc.StatusCode.PERMISSION_DENIED,
                    "only this service's own machine may open or cancel sessions: set server.operator_token_file",
                )
            return
        given = dict(context.invocation_metadata() or ()).get("authorization", "")
        scheme, _, token = (given if isinstance(given, str) else given.decode("ascii", "replace")).partition(
            " "
        )
        if scheme.lower() != "bearer" or not self._operator_token.is_equal(token):
            raise CallRefused(
                grpc.StatusCode.UNAUTHENTICATED,
                "opening or cancelling a session takes the operator's token: show it",
            )


def _summary(line: SessionLine) -> wire.SessionSummary:
    return wire.SessionSummary(
        session_id=line.session_id,
        title=line.title,
        phase=None if line.phase is None else wire.SessionPhase.Name(line.phase.value),
        log_size=line.size,
        problem=line.problem,
    )


def _chunks(data: bytes) -> list[bytes]:
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
