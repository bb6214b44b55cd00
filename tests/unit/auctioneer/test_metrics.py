"""Metrics: names, bounded labels, and the port they are read from."""

import http.client

import pytest
from prometheus_client import generate_latest

from auctioneer.metrics import Metrics, serve_metrics
from openoutcry.errors import ConfigurationError, ServiceError
from openoutcry.protocol.deviations import DeviationCode


@pytest.fixture
def metrics() -> Metrics:
    """Metrics that know two messages."""
    return Metrics(messages=["Accept", "Exit"])


def test_everything_counted_can_be_read(metrics: Metrics):
    """Each count arrives under its name and labels."""
    metrics.sessions_open.inc(2)
    metrics.count_session_end(void=False)
    metrics.count_session_end(void=True)
    metrics.count_envelope("Accept", accepted=True)
    metrics.count_envelope("Exit", accepted=False)
    metrics.count_deviation(DeviationCode.LATE)
    metrics.append_entries.observe(3)
    metrics.append_seconds.observe(0.0003)
    metrics.answer_seconds.observe(0.004)
    value = metrics.registry.get_sample_value
    assert value("openoutcry_sessions_open") == 0
    assert value("openoutcry_sessions_finished_total", {"result": "closed"}) == 1
    assert value("openoutcry_sessions_finished_total", {"result": "void"}) == 1
    assert value("openoutcry_envelopes_total", {"message": "Accept", "result": "accepted"}) == 1
    assert value("openoutcry_envelopes_total", {"message": "Exit", "result": "refused"}) == 1
    assert value("openoutcry_deviations_total", {"code": "LATE"}) == 1
    assert value("openoutcry_append_entries_bucket", {"le": "5.0"}) == 1
    assert value("openoutcry_append_seconds_bucket", {"le": "0.0005"}) == 1
    assert value("openoutcry_answer_latency_seconds_sum") == 0.004
    assert value("openoutcry_questions_in_flight") == 0
    assert value("openoutcry_connected_bidders") == 0


def test_peers_cannot_make_labels(metrics: Metrics):
    """Messages of any name are counted together, and the registry stays as large as it was."""
    before = len(generate_latest(metrics.registry).splitlines())
    for number in range(100):
        metrics.count_envelope(f"Invented{number}", accepted=False)
    assert len(generate_latest(metrics.registry).splitlines()) == before
    labels = {"message": "other", "result": "refused"}
    assert metrics.registry.get_sample_value("openoutcry_envelopes_total", labels) == 100


def test_every_label_is_there_from_the_start(metrics: Metrics):
    """A series that has not counted yet reads 0, so that the first increase is seen."""
    value = metrics.registry.get_sample_value
    assert [value("openoutcry_deviations_total", {"code": code.value}) for code in DeviationCode] == [
        0
    ] * len(DeviationCode)


def test_two_registries_are_apart():
    """Two services in one process do not share counts."""
    first, second = Metrics(messages=[]), Metrics(messages=[])
    first.connected_bidders.inc()
    assert second.registry.get_sample_value("openoutcry_connected_bidders") == 0


def test_metrics_are_served_and_the_port_is_given_back(metrics: Metrics):
    """The text can be read over HTTP; a second server on the port is refused until the first is closed."""
    server = serve_metrics(metrics, "127.0.0.1:0")
    # Not by way of urllib, which would ask a proxy of the environment for it.
    connection = http.client.HTTPConnection(server.address)
    connection.request("GET", "/metrics")
    assert b"openoutcry_sessions_open 0.0" in connection.getresponse().read()
    connection.close()
    with pytest.raises(
        ServiceError, match=f"^metrics cannot be served on {server.address}: Address already in use"
    ):
        serve_metrics(metrics, server.address)
    server.close()
    serve_metrics(metrics, server.address).close()


def test_a_wrong_address_is_refused(metrics: Metrics):
    """An address of another form, and a host that is not this machine, are refused."""
    with pytest.raises(ConfigurationError, match="is no address"):
        serve_metrics(metrics, "9440")
    with pytest.raises(ServiceError, match=r"metrics cannot be served on 192\.0\.2\.1:0"):
        serve_metrics(metrics, "192.0.2.1:0")
