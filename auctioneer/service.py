"""The auctioneer service: sessions behind a gRPC server, to be run by a command or from a program.

```python
async with Service(store=MemoryStore(), keys=make_keys()) as service:
    session_id = await service.open_session(encode_specification(specification))
    await service.finished(session_id)
    transcript = await service.transcript(session_id)
```

Decides: what happens in which order at start and stop. Refuses: an address that cannot be listened on. Called by
`auctioneer serve`, `auctioneer run`, tests and benchmarks.
"""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self

import grpc

# These two packages of gRPC carry no types.
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from auctioneer.credentials import OperatorToken
from auctioneer.driver import MESSAGE_NAMES, SessionDriver
from auctioneer.handover import HandoverReader
from auctioneer.keys import AuctioneerKeys
from auctioneer.logs import get_logger
from auctioneer.metrics import Metrics
from auctioneer.servicer import AuctionServicer
from auctioneer.sessions import SessionLine, Sessions
from auctioneer.settings import Limits, split_address
from auctioneer.stores import Store
from auctioneer.streams import StreamLimits
from openoutcry.errors import ServiceError
from openoutcry.protocol import limits as protocol_limits
from openoutcry.protocol.transcript import Transcript
from openoutcry.wire import WireCodec
from openoutcry.wire.v1 import service_pb2, service_pb2_grpc

SERVICE_NAME: str = service_pb2.DESCRIPTOR.services_by_name["AuctionService"].full_name

MESSAGE_MARGIN_BYTES = 4 * 1024
"""What a frame may add to the envelope or the chunk that it carries."""

KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
SHORTEST_PING_MS = 5_000
PING_STRIKES = 3

GRACE_SECONDS = 2.0
"""Time for calls under way to end by themselves when the service stops."""


class Service:
    """An auctioneer that listens.

    Args:
        store: Keeps sessions; the service closes it when it stops.
        keys: The auctioneer's.
        listen: `host:port`; port 0 takes any free one.
        limits: Bounds on what peers can make it hold.
        credentials: For TLS; None listens in clear.
        operator_token: What opening a session from outside takes; None lets this machine open only.
        metrics: Counts; new ones when None.

    Attributes:
        address: `host:port` as it came out, once started.
        sessions: The sessions.
    """

    def __init__(
        self,
        *,
        store: Store,
        keys: AuctioneerKeys,
        listen: str = "127.0.0.1:0",
        limits: Limits | None = None,
        credentials: grpc.ServerCredentials | None = None,
        operator_token: OperatorToken | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._listen = listen
        self._limits = limits or Limits()
        self._credentials = credentials
        self._operator_token = operator_token
        self._metrics = metrics or make_metrics()
        self._health = health.aio.HealthServicer()
        self._health_task: asyncio.Task[None] | None = None
        self._server: grpc.aio.Server | None = None
        self.address = ""
        self.sessions = Sessions(
            store=store,
            keys=keys,
            reader=HandoverReader(WireCodec()),
            metrics=self._metrics,
            limit=self._limits.sessions,
        )

    async def __aenter__(self) -> Self:
        """Start; when that fails, let go of what was taken."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Restore sessions, listen, and let them go on.

        Raises:
            ServiceError: The address cannot be listened on.
            StorageError: The store cannot be read.
        """
        await self.sessions.restore()
        server = self._make_server()
        self.address = self._bind(server)
        self._server = server
        await server.start()
        self.sessions.start()
        await self._tell_health()
        self._health_task = asyncio.create_task(self._follow_health())
        get_logger().info("service started", address=self.address)

    async def stop(self) -> None:
        """Take nothing new, let what is being written be written, end all streams, close the store."""
        if self._health_task is not None:
            self._health_task.cancel()
        await self._health.enter_graceful_shutdown()
        await self.sessions.stop()
        if self._server is not None:
            await self._server.stop(GRACE_SECONDS)
            self._server = None
            get_logger().info("service stopped")
        await self._store.close()

    async def open_session(self, specification: bytes, *, seed_part: bytes | None = None) -> bytes:
        """Open a session and return its id; see `Sessions.open`."""
        return await self.sessions.open(specification, seed_part=seed_part)

    async def session(self, session_id: bytes) -> SessionDriver:
        """Return a session; see `Sessions.find`."""
        return await self.sessions.find(session_id)

    async def session_lines(self) -> list[SessionLine]:
        """Return one line about each session, newest first."""
        return [await self.sessions.line(summary) for summary in await self.sessions.summaries()]

    async def finished(self, session_id: bytes) -> None:
        """Return when a session has ended."""
        await (await self.sessions.find(session_id)).wait_until_ended()

    async def transcript(self, session_id: bytes) -> Transcript:
        """Return the transcript of a session that has ended; see `Sessions.transcript`."""
        return await self.sessions.transcript(session_id)

    async def _follow_health(self) -> None:
        while True:
            await self.sessions.health_changed.wait()
            self.sessions.health_changed.clear()
            await self._tell_health()

    async def _tell_health(self) -> None:
        """Say to whoever asks about the service, by its name or by none, whether it can do its work."""
        kinds = health_pb2.HealthCheckResponse
        status = kinds.SERVING if self.sessions.can_keep_logs else kinds.NOT_SERVING
        for name in (health.OVERALL_HEALTH, SERVICE_NAME):
            await self._health.set(name, status)

    def _make_server(self) -> grpc.aio.Server:
        bounds = self._limits
        server = grpc.aio.server(
            maximum_concurrent_rpcs=bounds.rpcs,
            options=(
                ("grpc.max_receive_message_length", _longest_message()),
                ("grpc.max_concurrent_streams", bounds.streams_per_connection),
                ("grpc.server_handshake_timeout_ms", bounds.handshake_timeout_ms),
                ("grpc.http2.max_ping_strikes", PING_STRIKES),
                ("grpc.http2.min_ping_interval_without_data_ms", SHORTEST_PING_MS),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", SHORTEST_PING_MS),
                ("grpc.keepalive_time_ms", KEEPALIVE_MS),
                ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
                # Two auctioneers on one port would each see half of the bidders.
                ("grpc.so_reuseport", 0),
            ),
        )
        servicer = AuctionServicer(
            sessions=self.sessions,
            operator_token=self._operator_token,
            stream_limits=StreamLimits(
                lag=bounds.bidder_queue,
                write_seconds=bounds.write_deadline_ms / 1000,
                hello_seconds=bounds.handshake_timeout_ms / 1000,
            ),
        )
        service_pb2_grpc.add_AuctionServiceServicer_to_server(servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        return server

    def _bind(self, server: grpc.aio.Server) -> str:
        host, port = split_address(self._listen)
        _check_address(self._listen, host, port)
        try:
            if self._credentials is None:
                port = server.add_insecure_port(self._listen)
            else:
                port = server.add_secure_port(self._listen, self._credentials)
        except RuntimeError as error:
            raise ServiceError(f"{self._listen} cannot be listened on: choose another address") from error
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def make_metrics() -> Metrics:
    """Return metrics that know every message by name."""
    return Metrics(messages=MESSAGE_NAMES.values())


def _check_address(address: str, host: str, port: int) -> None:
    """Try to listen on an address for a moment, since gRPC does not say why it cannot."""
    try:
        (family, *_, place), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As gRPC does it: a port that was left a moment ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise ServiceError(
            f"{address} cannot be listened on: {error.strerror}: choose another address"
        ) from error


def _longest_message() -> int:
    return protocol_limits.BIDDER_ENVELOPE_BYTES + MESSAGE_MARGIN_BYTES
