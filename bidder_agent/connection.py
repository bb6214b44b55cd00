"""The connection to an auctioneer: its calls and streams, with every failure sorted into lost or refused.

A lost connection is worth another try: the network failed, or the auctioneer restarts. A refusal carries no signature.
Over TLS it is the auctioneer's answer all the same, and final; but where it says that our bytes arrived damaged, they
may arrive whole the next time. In clear anybody on the way can have given it, so it is waited out like a lost
connection: only what is signed ends a bidder's part. A connection that was set up wrongly from the start is neither: it
is a mistake of configuration, told at once. Nothing that arrives is trusted here; bytes that are no frame are handed on
as such.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from bidder_agent.diagnosis import diagnose
from openoutcry.errors import ConfigurationError, OpenOutcryError, PeerError, ServiceError
from openoutcry.protocol import limits
from openoutcry.session.bidder_values import Concluded, Delivered
from openoutcry.wire.frames import decode_challenge, decode_conclusion, decode_delivery
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc as wire_grpc

FRAME_BYTES = limits.AUCTIONEER_ENVELOPE_BYTES + 16 * 1024
"""One frame of an auctioneer: its longest envelope, and two proofs of at most 64 hashes with their lengths."""

KEEPALIVE_MS = 30_000
"""How often a silent connection is tried, milliseconds: a peer that vanished is missed after a minute."""

CALL_SECONDS = 30.0
"""A call that answers at once, and the time between two pieces of one that does not."""

TOO_LONG = "CLIENT: Received message larger than max"
"""What the library says when it refuses a frame itself, before we see any of it."""

DAMAGED = ("MALFORMED: ", "BAD_SIGNATURE: ", "WRONG_SESSION: ", "REPLAYED: ")
"""How a refusal begins of bytes that anybody on the way can have made of ours."""

DISPLACED = "another stream of this bidder has attached"
"""What the older of two streams under one key is told."""

_PARTICIPATE = "/openoutcry.wire.v1.AuctionService/Participate"

_FINAL = frozenset(
    {
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


class Lost(ServiceError):
    """The connection failed; another try may succeed.

    Attributes:
        advice: What to look at when no try does.
    """

    def __init__(self, reason: str, advice: str = "is the auctioneer running there?") -> None:
        super().__init__(reason)
        self.advice = advice

    def describe(self) -> str:
        """Return what happened, as a person is told before the next try."""
        return f"connection lost ({self})"


class Refused(ServiceError):
    """The auctioneer answered over TLS, and its answer is no."""


class Unproved(Lost):
    """An answer came that is no, in clear: the auctioneer's, or that of anybody on the way."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            reason,
            "look at address and session; without TLS anybody on the way can say so, so use it if you can",
        )

    def describe(self) -> str:
        """Return what happened, and why that is not the end."""
        return f"refused ({self}), but not over TLS, so that anybody on the way can have said it"


class Displaced(Unproved):
    """Somebody says, in clear, that another stream has attached under this bidder's key."""


class NoFrame(PeerError):
    """The stream holds bytes that are no frame of an auctioneer.

    Attributes:
        data: These bytes, as far as they could be read.
    """

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__("MALFORMED", reason)
        self.data = data


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Files in PEM form that make a connection private.

    Attributes:
        authority: Whom to believe about the auctioneer; None means the system's own authorities.
        certificate: Of this client, where the auctioneer wants one.
        key: Private key of that certificate.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an auctioneer says about a session; nothing of it is trusted.

    Attributes:
        session_id: 32 bytes.
        title: One line.
    """

    session_id: bytes
    title: str


Frame = Delivered | Concluded


class AuctioneerClient:
    """Calls one auctioneer.

    Args:
        address: host:port, or unix:path.
        tls: None speaks in clear.
        connection: Clients of one process with the same number share a connection.

    Attributes:
        has_answered: Whether the connection has carried anything yet: then it was set up rightly.
    """

    def __init__(self, address: str, *, tls: TlsFiles | None = None, connection: int = 0) -> None:
        self.address = address
        self.has_answered = False
        self._has_tls = tls is not None
        self._channel = _open_channel(address, tls, connection)
        self._stub = wire_grpc.AuctionServiceStub(self._channel)

    async def close(self) -> None:
        """End the connection and every stream on it."""
        await self._channel.close()

    async def describe(self, session_id: bytes) -> Description:
        """Return what the auctioneer says about a session; an empty id means the newest that still enrols.

        Raises:
            ConfigurationError: The connection is not set up as the auctioneer's is.
            Lost: The auctioneer cannot be reached.
            Refused: It knows no such session, and says so over TLS.
        """
        request = wire.DescribeSessionRequest(session_id=session_id)
        try:
            response = await self._stub.DescribeSession(request, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as problem:
            raise self._sort(problem) from problem
        self.has_answered = True
        return Description(session_id=response.summary.session_id, title=response.summary.title)

    async def fetch_specification(self, session_id: bytes) -> bytes:
        """Return the public specification's bytes, whatever they are.

        Raises:
            Lost: The auctioneer cannot be reached.
            Refused: It does not give them, and says so over TLS.
        """
        call = self._stub.FetchSpecification(wire.FetchSpecificationRequest(session_id=session_id))
        return await self._collect(call, limits.SPECIFICATION_BYTES, "specification")

    async def fetch_transcript(self, session_id: bytes) -> bytes:
        """Return the transcript file's bytes, whatever they are.

        Raises:
            Lost: The auctioneer cannot be reached.
            Refused: It does not give them, and says so over TLS.
        """
        call = self._stub.FetchTranscript(wire.FetchTranscriptRequest(session_id=session_id))
        return await self._collect(call, limits.TRANSCRIPT_BYTES, "transcript")

    @asynccontextmanager
    async def participate(self) -> AsyncIterator[ParticipantStream]:
        """Open a bidder's stream; it ends when the block is left."""
        # Frames are parsed by us and not by the library, so that bytes which are none are still at hand.
        call = self._channel.stream_stream(
            _PARTICIPATE,
            request_serializer=wire.ParticipateRequest.SerializeToString,
            response_deserializer=_keep,
        )()
        try:
            yield ParticipantStream(call, self)
        finally:
            call.cancel()

    async def _collect(self, call: AsyncIterable[Message], limit: int, what: str) -> bytes:
        pieces = bytearray()
        try:
            async with asyncio.timeout(CALL_SECONDS) as timeout:
                async for piece in call:
                    self.has_answered = True
                    pieces += piece.chunk  # type: ignore[attr-defined]  # Both responses have just this field.
                    if len(pieces) > limit:
                        raise self._refuse(f"the {what} has more than {limit} bytes: it cannot be used")
                    timeout.reschedule(asyncio.get_running_loop().time() + CALL_SECONDS)
        except grpc.aio.AioRpcError as problem:
            raise self._sort(problem) from problem
        except TimeoutError as problem:
            raise Lost(f"{self.address}: the {what} did not come") from problem
        return bytes(pieces)

    def _sort(self, problem: grpc.aio.AioRpcError) -> OpenOutcryError:
        """Say whether a status is final. The one place where statuses are looked at."""
        reason = " ".join((problem.details() or problem.code().name).split())[:300]
        if problem.code() in _FINAL or TOO_LONG in reason:
            return self._refuse(reason)
        diagnosis = diagnose(reason, has_tls=self._has_tls)
        if diagnosis is None or self.has_answered:
            return Lost(f"{self.address}: {reason}")
        # The text of a failed handshake is our library's own; in clear there is none, and the text is anybody's.
        if diagnosis.is_certain and self._has_tls:
            return ConfigurationError(f"{self.address}: {diagnosis.advice}")
        return Lost(f"{self.address}: {diagnosis.advice}")

    def _refuse(self, reason: str) -> Refused | Unproved:
        """Return what a refusal means: TLS says whose it is, and nothing else does."""
        told = f"{self.address}: {reason}"
        if self._has_tls:
            return Refused(told)
        return Displaced(told) if reason == DISPLACED else Unproved(told)


class ParticipantStream:
    """A bidder's stream; made by `AuctioneerClient.participate`."""

    def __init__(self, call: grpc.aio.StreamStreamCall[Message, bytes], client: AuctioneerClient) -> None:
        self._call = call
        self._client = client

    async def attach(self, session_id: bytes) -> tuple[bytes, bytes]:
        """Ask for a session and return the nonce to sign and the envelope of SessionOpen.

        Raises:
            ConfigurationError: The connection is not set up as the auctioneer's is.
            Lost: The stream broke, or no challenge came.
            Refused: The auctioneer knows no such session, and says so over TLS.
            NoFrame: What came is no challenge.
        """
        await self._write(wire.ParticipateRequest(attach=wire.Attach(session_id=session_id)))
        data = await self._read(CALL_SECONDS)
        if data is None:
            raise Lost(f"{self._client.address}: no challenge came")
        frame = _parse(data)
        try:
            nonce, session_open = decode_challenge(frame)
        except PeerError as problem:
            raise NoFrame(problem.reason, data) from problem
        return nonce, session_open

    async def greet(self, hello: bytes) -> None:
        """Send the envelope that signs the challenge."""
        await self._write(wire.ParticipateRequest(hello=hello))

    async def send(self, envelope: bytes) -> None:
        """Send a signed message.

        Raises:
            Lost: The stream broke.
            Refused: The auctioneer ended it for a reason, and says so over TLS.
        """
        await self._write(wire.ParticipateRequest(envelope=envelope))

    def cancel(self) -> None:
        """End the stream; whoever is reading from it finds it lost."""
        self._call.cancel()

    async def receive(self, idle_s: float) -> Frame | None:
        """Return the next frame, or None when none came for so many seconds.

        Raises:
            Lost: The stream broke or ended.
            Refused: The auctioneer ended it for a reason, and says so over TLS.
            NoFrame: What came is no frame that can come here.
        """
        data = await self._read(idle_s)
        if data is None:
            return None
        frame = _parse(data)
        match frame.WhichOneof("frame"):
            case "delivery":
                return Delivered(delivery=decode_delivery(frame.delivery))
            case "final_checkpoint":
                return decode_conclusion(frame.final_checkpoint)
            case "challenge":
                raise NoFrame("a second challenge came on one stream", data)
            case _:
                raise NoFrame("the frame is of a kind that does not exist", data)

    async def _write(self, request: wire.ParticipateRequest) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._call.write(request)
        except grpc.aio.AioRpcError as problem:
            raise self._sort(problem) from problem
        except TimeoutError as problem:
            raise Lost(f"{self._client.address}: the stream does not take messages") from problem
        except asyncio.InvalidStateError as problem:
            raise Lost(f"{self._client.address}: the stream has ended") from problem

    async def _read(self, limit_s: float) -> bytes | None:
        try:
            async with asyncio.timeout(limit_s):
                data = await self._call.read()
        except grpc.aio.AioRpcError as problem:
            raise self._sort(problem) from problem
        except TimeoutError:
            return None
        except asyncio.CancelledError as problem:
            # The library says so as well when the stream, and not our task, was cancelled.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise Lost(f"{self._client.address}: the stream was cancelled") from problem
        if not isinstance(data, bytes):
            raise Lost(f"{self._client.address}: the stream ended")
        self._client.has_answered = True
        return data

    def _sort(self, problem: grpc.aio.AioRpcError) -> OpenOutcryError:
        details = problem.details() or ""
        if details.startswith(DAMAGED):
            return Lost(
                f"{self._client.address}: what we sent did not arrive as it was sent ({details[:200]})",
                "if others can alter the traffic, use TLS",
            )
        if problem.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and TOO_LONG in details:
            return NoFrame(f"a frame is longer than {FRAME_BYTES} bytes", b"")
        return self._client._sort(problem)


def _keep(data: bytes) -> bytes:
    return data


def _parse(data: bytes) -> wire.ParticipateResponse:
    try:
        return wire.ParticipateResponse.FromString(data)
    except DecodeError as problem:
        raise NoFrame("the bytes are no frame", data) from problem


def _open_channel(address: str, tls: TlsFiles | None, connection: int) -> grpc.aio.Channel:
    options: list[tuple[str, int | str]] = [
        ("grpc.max_receive_message_length", FRAME_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
        # Pings are for streams: an idle connection between two sessions may be given up.
        ("grpc.keepalive_permit_without_calls", 0),
        # Our own backoff decides; the library's would add its delays to ours.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        # A proxy of the environment must not see or break an auction by accident.
        ("grpc.enable_http_proxy", 0),
        # The library shares connections between channels whose options are the same.
        ("openoutcry.connection", connection),
    ]
    if tls is None:
        return grpc.aio.insecure_channel(address, options=options)
    if (tls.certificate is None) != (tls.key is None):
        raise ConfigurationError("a TLS certificate and its key go together: name both, or neither")
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read_file(tls.authority),
        private_key=_read_file(tls.key),
        certificate_chain=_read_file(tls.certificate),
    )
    return grpc.aio.secure_channel(address, credentials, options=options)


def _read_file(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
