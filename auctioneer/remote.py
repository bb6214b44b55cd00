"""A service elsewhere, as the commands of its operator call it: plain calls with deadlines, errors in one line.

Decides: how long to wait, and what a status means for a person. Refuses: a service that cannot be reached or refuses
the call. Called by the commands `open`, `cancel`, `sessions`, `health`, `fetch` and `watch`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]  # gRPC ships it untyped.

from auctioneer.credentials import MIN_TOKEN_LENGTH
from auctioneer.settings import split_address
from openoutcry.errors import ConfigurationError, ServiceError
from openoutcry.protocol import limits
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc

CALL_SECONDS = 10.0
TRANSFER_SECONDS = 300.0
CHUNK_BYTES = 32 * 1024
MESSAGE_BYTES = limits.AUCTIONEER_ENVELOPE_BYTES + 4 * 1024


KEEPALIVE_MS = 30_000
"""How often a silent connection is tried, milliseconds: whoever watches learns within a minute that it is gone."""


class Unreachable(ServiceError):
    """The service is not there, or not any more; it may come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where a service is, and how to reach it.

    Attributes:
        address: `host:port`.
        authority: PEM file of the authorities that may have issued its certificate; None calls in clear.
        certificate: PEM file of the caller's own certificate, for mutual TLS.
        key: PEM file of its private key.
        token: Operator's token, where opening sessions takes one.
    """

    address: str
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token: str | None = None

    @contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        """Yield a channel; errors of calls within become one line.

        Raises:
            ConfigurationError: The address or a file is none.
            ServiceError: The service refuses.
            Unreachable: It cannot be reached.
        """
        split_address(self.address)
        credentials = self._credentials()
        options = (
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
        )
        channel = (
            grpc.insecure_channel(self.address, options)
            if credentials is None
            else grpc.secure_channel(self.address, credentials, options)
        )
        try:
            with channel:
                yield channel
        except grpc.RpcError as error:
            raise self._failure(error) from error

    def open_session(self, specification: bytes) -> bytes:
        """Open a session and return its id."""
        chunks = [
            wire.OpenSessionRequest(chunk=specification[start : start + CHUNK_BYTES])
            for start in range(0, len(specification), CHUNK_BYTES)
        ]
        with self.channel() as channel:
            stub = service_pb2_grpc.AuctionServiceStub(channel)
            response = stub.OpenSession(iter(chunks), timeout=TRANSFER_SECONDS, metadata=self._operator())
        return bytes(response.session_id)

    def cancel(self, session_id: bytes, detail: str) -> str:
        """Void a session and return the name of the phase in which it ended."""
        request = wire.CancelSessionRequest(session_id=session_id, detail=detail)
        with self.channel() as channel:
            stub = service_pb2_grpc.AuctionServiceStub(channel)
            response = stub.CancelSession(request, timeout=CALL_SECONDS, metadata=self._operator())
        return wire.SessionPhase.Name(response.phase).removeprefix("SESSION_PHASE_")

    def sessions(self) -> Iterator[wire.SessionSummary]:
        """Yield the sessions of the service, newest first."""
        with self.channel() as channel:
            stub = service_pb2_grpc.AuctionServiceStub(channel)
            token = ""
            while True:
                page = stub.ListSessions(wire.ListSessionsRequest(page_token=token), timeout=CALL_SECONDS)
                yield from page.sessions
                token = page.next_page_token
                if not token:
                    return

    def transcript(self, session_id: bytes) -> bytes:
        """Return the transcript file of a session that has ended."""
        with self.channel() as channel:
            stub = service_pb2_grpc.AuctionServiceStub(channel)
            request = wire.FetchTranscriptRequest(session_id=session_id)
            return _join(stub.FetchTranscript(request, timeout=TRANSFER_SECONDS), limits.TRANSCRIPT_BYTES)

    def specification(self, session_id: bytes) -> bytes:
        """Return the public specification of a session."""
        with self.channel() as channel:
            stub = service_pb2_grpc.AuctionServiceStub(channel)
            request = wire.FetchSpecificationRequest(session_id=session_id)
            return _join(
                stub.FetchSpecification(request, timeout=TRANSFER_SECONDS), limits.SPECIFICATION_BYTES
            )

    def observe(self, session_id: bytes, start: int = 0) -> Iterator[wire.ObserveResponse]:
        """Yield the log of a session from an index on as it grows, then its checkpoint."""
        with self.channel() as channel:
            stub = service_pb2_grpc.AuctionServiceStub(channel)
            yield from stub.Observe(wire.ObserveRequest(session_id=session_id, start_index=start))

    def is_healthy(self) -> bool:
        """Whether the service says that it serves."""
        with self.channel() as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS)
        return bool(response.status == health_pb2.HealthCheckResponse.SERVING)

    def _operator(self) -> tuple[tuple[str, str], ...]:
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)

    def _credentials(self) -> grpc.ChannelCredentials | None:
        if self.authority is None:
            if self.certificate is not None or self.key is not None:
                raise ConfigurationError("a certificate of one's own needs --tls-ca to check the service's")
            return None
        if (self.certificate is None) != (self.key is None):
            raise ConfigurationError("--tls-certificate and --tls-key belong together: give both or neither")
        return grpc.ssl_channel_credentials(
            root_certificates=_read(self.authority),
            private_key=None if self.key is None else _read(self.key),
            certificate_chain=None if self.certificate is None else _read(self.certificate),
        )

    def _failure(self, error: grpc.RpcError) -> ServiceError:
        code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
        details = (error.details() if isinstance(error, grpc.Call) else "") or str(error)
        if code is grpc.StatusCode.UNAVAILABLE:
            return Unreachable(f"{self.address} cannot be reached: {_first_line(details)}")
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceError(f"{self.address} did not answer in time: is it an auctioneer?")
        return ServiceError(f"{self.address} refused: {_first_line(details)}")


def read_token(path: Path) -> str:
    """Return the operator's token in a file.

    Raises:
        ConfigurationError: The file cannot be read, or holds none.
    """
    token = _read(path).decode("utf-8", "replace").strip()
    if len(token) < MIN_TOKEN_LENGTH or not token.isascii() or not token.isprintable():
        raise ConfigurationError(f"{path}: holds no operator's token")
    return token


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error


def _join(
    parts: Iterator[wire.FetchTranscriptResponse | wire.FetchSpecificationResponse], limit: int
) -> bytes:
    data = bytearray()
    for part in parts:
        data += part.chunk
        if len(data) > limit:
            raise ServiceError(f"the service sent more than {limit} bytes")
    return bytes(data)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no reason was given"
