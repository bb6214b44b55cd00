"""Logs: one object a line, stable names, and never a secret."""

import io
import json
import logging

import pytest
import structlog

from auctioneer.logs import BIDDER, SESSION_ID, WITHHELD, configure_logs, get_logger


@pytest.fixture(autouse=True)
def _restore_logging():
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    """Where the logs go."""
    stream = io.StringIO()
    configure_logs(stream=stream)
    return stream


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_the_stable_fields(stream: io.StringIO):
    """Time, severity, text and service come first, then what the caller gave; bytes in hexadecimal."""
    get_logger(**{SESSION_ID: b"\x01\xff"}).info("session opened", **{BIDDER: "ada"})
    (line,) = _lines(stream)
    assert list(line) == ["timestamp", "severity_text", "body", "service.name", "session_id", "bidder"]
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "severity_text": "INFO",
        "body": "session opened",
        "service.name": "auctioneer",
        "session_id": "01ff",
        "bidder": "ada",
    }


def test_secrets_are_withheld_at_any_depth(stream: io.StringIO):
    """A field named like a secret is never written, nor is one inside a mapping or a list."""
    get_logger().warning("careful", Token="t0", nested={"deep": [{"seed": b"s0"}]}, signal=2, level_asked=3)
    (line,) = _lines(stream)
    assert line["Token"] == WITHHELD
    assert line["nested"] == {"deep": [{"seed": WITHHELD}]}
    assert line["signal"] == WITHHELD
    assert line["level_asked"] == 3


def test_an_exception_has_the_three_standard_fields(stream: io.StringIO):
    """An exception becomes type, message and stack trace, on the same line."""
    try:
        raise ValueError("no such lot")
    except ValueError:
        get_logger().exception("failed")
    (line,) = _lines(stream)
    assert line["exception.type"] == "ValueError"
    assert line["exception.message"] == "no such lot"
    assert str(line["exception.stacktrace"]).startswith("Traceback")
    assert "exc_info" not in line


def test_libraries_are_written_in_the_same_form(stream: io.StringIO):
    """What a library logs through the standard library becomes a line like ours."""
    logging.getLogger("grpc").error("channel %s broke", 7, extra={"token": "t0"})
    (line,) = _lines(stream)
    assert (line["severity_text"], line["body"], line["token"]) == ("ERROR", "channel 7 broke", WITHHELD)


def test_the_level_filters_ours_and_theirs(stream: io.StringIO):
    """Less severe messages are not written, whoever sends them."""
    configure_logs(level="error", stream=stream)
    get_logger().warning("ours")
    logging.getLogger("grpc").warning("theirs")
    get_logger().error("ours")
    assert [line["body"] for line in _lines(stream)] == ["ours"]


def test_configuring_again_does_not_double_lines(stream: io.StringIO):
    """After a second call each message is still written once, to the new stream only."""
    second = io.StringIO()
    configure_logs(stream=second)
    get_logger().info("once")
    assert (len(_lines(stream)), len(_lines(second))) == (0, 1)


def test_a_value_without_json_form_does_not_break_logging(stream: io.StringIO):
    """A value that JSON does not have is shown as its text."""
    get_logger().info("odd", value={1}, line="two\nlines")
    (line,) = _lines(stream)
    assert (line["value"], line["line"]) == ("{1}", "two\nlines")


def test_the_console_form_is_for_people():
    """The other form writes the text and the fields, without colours into a file, and withholds secrets."""
    stream = io.StringIO()
    configure_logs(format="console", stream=stream)
    get_logger().info("session opened", bidder="ada", secret="s0")
    text = stream.getvalue()
    assert "session opened" in text
    assert "bidder=ada" in text
    assert "s0" not in text
    assert "\x1b" not in text
