"""What the auctioneer counts, in Prometheus form, on a registry and a port of its own.

Decides: the names of metrics, their labels and buckets. Refuses: labels that peers choose (an unknown message
is counted as `other`, so that nobody can make the registry grow), and an address that cannot be served.
Called by the driver on the hot path, with children of labels looked up once, and by `auctioneer serve`,
which serves them when an address is set.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from auctioneer.settings import split_address
from openoutcry.errors import ServiceError
from openoutcry.protocol.deviations import DeviationCode

OTHER = "other"
"""Label of everything that is not known by name."""

RESULTS = ("accepted", "refused")
FINISHES = ("closed", "void")

_LATENCY_SECONDS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
_APPEND_SECONDS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
_APPEND_ENTRIES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """Everything that one auctioneer process counts.

    Attributes:
        registry: The registry that holds these metrics and nothing else.
        sessions_open: Gauge of sessions that are neither closed nor void.
        questions_in_flight: Gauge of questions that were sent and not answered yet.
        connected_bidders: Gauge of bidders with an open stream.
        append_entries: Histogram of entries an append.
        append_seconds: Histogram of seconds until an append was durable.
        answer_seconds: Histogram of seconds from sending a question to its accepted answer.
    """

    def __init__(self, *, messages: Iterable[str]) -> None:
        """Make all metrics, and a child for every label value that may occur.

        Args:
            messages: Names of the messages that bidders may send.
        """
        self.registry = CollectorRegistry(auto_describe=True)
        self.sessions_open = self._gauge("sessions_open", "Sessions that are neither closed nor void.")
        self.questions_in_flight = self._gauge("questions_in_flight", "Questions sent and not answered yet.")
        self.connected_bidders = self._gauge("connected_bidders", "Bidders with an open stream.")
        self.append_entries = self._histogram("append_entries", "Entries in one append.", _APPEND_ENTRIES)
        self.append_seconds = self._histogram(
            "append_seconds", "Time until an append was durable.", _APPEND_SECONDS
        )
        self.answer_seconds = self._histogram(
            "answer_latency_seconds", "Time from sending a question to its accepted answer.", _LATENCY_SECONDS
        )
        finished = self._counter("sessions_finished", "Sessions that ended, by how.", ["result"])
        self._finished = {result: finished.labels(result) for result in FINISHES}
        envelopes = self._counter(
            "envelopes", "Envelopes received, by message and result.", ["message", "result"]
        )
        self._envelopes = {
            (message, result): envelopes.labels(message, result)
            for message in sorted({*messages, OTHER})
            for result in RESULTS
        }
        noted = self._counter("deviations", "Deviations recorded, by code.", ["code"])
        self._deviations = {code: noted.labels(code.value) for code in DeviationCode}

    def count_session_end(self, *, void: bool) -> None:
        """Count a session that ended; lowers the number of open ones."""
        self._finished["void" if void else "closed"].inc()
        self.sessions_open.dec()

    def count_envelope(self, message: str, *, accepted: bool) -> None:
        """Count an envelope that came from a peer.

        Args:
            message: Name of its message; any text, since a peer chooses it.
            accepted: Whether it moved the session.
        """
        result = "accepted" if accepted else "refused"
        child = self._envelopes.get((message, result))
        (child or self._envelopes[OTHER, result]).inc()

    def count_deviation(self, code: DeviationCode) -> None:
        """Count a recorded deviation by its code."""
        self._deviations[code].inc()

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, namespace="openoutcry", registry=self.registry)

    def _counter(self, name: str, meaning: str, labels: list[str]) -> Counter:
        return Counter(name, meaning, labels, namespace="openoutcry", registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, meaning, namespace="openoutcry", registry=self.registry, buckets=buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsServer:
    """Metrics being served.

    Attributes:
        address: `host:port` as it came out, the port never 0.
    """

    address: str
    _server: WSGIServer = field(repr=False)
    _thread: threading.Thread = field(repr=False)

    def close(self) -> None:
        """Stop serving and let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(metrics: Metrics, address: str) -> MetricsServer:
    """Serve metrics over HTTP from a thread of their own.

    Args:
        metrics: What to serve, on every path.
        address: `host:port`; port 0 takes any free one.

    Raises:
        ConfigurationError: The address has another form.
        ServiceError: It cannot be listened on.
    """
    host, port = split_address(address)
    try:
        server, thread = start_http_server(port, addr=host, registry=metrics.registry)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ServiceError(
            f"metrics cannot be served on {address}: {reason}: set another metrics.address"
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return MetricsServer(address=f"{shown}:{server.server_port}", _server=server, _thread=thread)
