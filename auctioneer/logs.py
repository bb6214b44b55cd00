"""What the auctioneer writes about itself: one JSON object a line, or lines for people.

Decides: the names of fields, and what may never be written. Refuses nothing. Called by the commands of
`auctioneer` once at their start; everybody else calls `get_logger`.

Fields. `timestamp` (RFC 3339, UTC), `severity_text`, `body` and `exception.*` are named as OpenTelemetry
names them, and so are `service.name`, `network.peer.address` and `error.type` where a caller gives them. Ours
are `session_id`, `bidder`, `deviation`, `entries` and `latency_ms`: see the constants below. Bytes are
written in hexadecimal.

A field that is named like a secret (`secret`, `token`, `seed`, `signal`, `private_key`, ...) is written as
`[withheld]`, wherever in the value it stands. That is the last line of defence, not a licence.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

SESSION_ID = "session_id"
BIDDER = "bidder"
DEVIATION = "deviation"
ENTRIES = "entries"
LATENCY_MS = "latency_ms"
PEER_ADDRESS = "network.peer.address"
ERROR_TYPE = "error.type"

WITHHELD = "[withheld]"

_SECRET_NAMES = frozenset(
    {"authorization", "belief", "password", "private", "private_key", "secret", "seed", "signal", "token"}
)
_LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_MAX_DEPTH = 8
_MARK = "openoutcry"


def configure_logs(
    *,
    format: Literal["json", "console"] = "json",
    level: Literal["debug", "info", "warning", "error"] = "info",
    stream: TextIO | None = None,
) -> None:
    """Send all logs, ours and those of libraries, to one stream in one form. May be called again.

    Args:
        format: `json` for one object a line, `console` for people.
        level: The least severe messages that are written.
        stream: Where to write; standard error when None.
    """
    target = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _withhold_secrets,
    ]
    last: list[Processor]
    if format == "json":
        last = [_name_exception, _name_fields, structlog.processors.JSONRenderer(serializer=_encode)]
    else:
        last = [structlog.dev.ConsoleRenderer(colors=target.isatty())]
    handler = logging.StreamHandler(target)
    handler.set_name(_MARK)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for existing in [known for known in root.handlers if known.get_name() == _MARK]:
        root.removeHandler(existing)
    root.addHandler(handler)
    root.setLevel(_LEVELS[level])
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def get_logger(**fields: object) -> FilteringBoundLogger:
    """Give a logger that adds these fields to everything it writes.

    Args:
        fields: For instance `session_id=session_id`.
    """
    if not structlog.is_configured():
        # Whoever uses the service from a program of their own hears of trouble only, unless they say otherwise.
        configure_logs(format="console", level="warning")
    logger: FilteringBoundLogger = structlog.get_logger(_MARK, **fields)
    return logger


def _withhold_secrets(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    for name, value in fields.items():
        if not name.startswith("_"):
            fields[name] = _cleaned(name, value, _MAX_DEPTH)
    return fields


def _cleaned(name: str, value: object, depth: int) -> object:
    """Copy a value with its secrets withheld and its bytes in hexadecimal."""
    if name.lower() in _SECRET_NAMES:
        return WITHHELD
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if depth and isinstance(value, Mapping):
        return {str(key): _cleaned(str(key), part, depth - 1) for key, part in value.items()}
    if depth and isinstance(value, list | tuple):
        return [_cleaned("", part, depth - 1) for part in value]
    return value


def _name_exception(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Put an exception into the three fields that OpenTelemetry has for it."""
    given = fields.pop("exc_info", None)
    if isinstance(given, BaseException):
        given = (type(given), given, given.__traceback__)
    elif given and not isinstance(given, tuple):
        given = sys.exc_info()
    if given and given[1] is not None:
        fields["exception.type"] = given[0].__qualname__
        fields["exception.message"] = str(given[1])
        fields["exception.stacktrace"] = logging.Formatter().formatException(given)
    return fields


def _name_fields(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    named: dict[str, Any] = {
        "timestamp": fields.pop("timestamp", ""),
        "severity_text": str(fields.pop("level", "")).upper(),
        "body": fields.pop("event", ""),
        "service.name": "auctioneer",
    }
    return {**named, **fields}


def _encode(fields: object, **_: object) -> str:
    # A value of a kind that JSON does not have is shown as its text, so that logging itself never fails.
    return json.dumps(fields, default=str, ensure_ascii=False, separators=(",", ":"))
