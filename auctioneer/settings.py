"""What a person may set about the auctioneer service, read from one TOML file.

Decides: the settings, their defaults, their ranges, and which of them only make sense together. Refuses: an
unknown key (naming the nearest known one), a value of the wrong type or outside its range, and combinations
that would fail or leak later; always with one line that names the file, the key and what to do. Called by
the command `auctioneer serve`. Whether files that are named here exist is found out by those who read them.

Every setting is explained in `deploy/auctioneer.toml`, which the tests hold to the defaults below.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

from openoutcry.errors import ConfigurationError

Check = Callable[[object, Path], Any]
"""Makes a setting of a value in a file, given the directory of that file; ValueError says what is wrong."""


def split_address(address: str) -> tuple[str, int]:
    """Split `host:port` or `[ipv6]:port`.

    Args:
        address: A host name or address and a port in 0..65535, 0 meaning any free port.

    Returns:
        The host without brackets, and the port.

    Raises:
        ConfigurationError: It has another form.
    """
    host, separator, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        separator = ""
    if not (separator and host and port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ConfigurationError(f'"{address}" is no address: write host:port, such as 127.0.0.1:7440')
    return host, int(port)


def is_loopback(address: str) -> bool:
    """Tell whether an address is for its own machine only; a name other than localhost is not."""
    host, _ = split_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(value: object, _: Path) -> str:
    text = _text(value)
    split_address(text)
    return text


def _optional_address(value: object, directory: Path) -> str | None:
    return None if value == "" else _address(value, directory)


def _optional_path(value: object, directory: Path) -> Path | None:
    text = _text(value)
    return directory / text if text else None


def _flag(value: object, _: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _one_of(*choices: str) -> Check:
    def check(value: object, _: Path) -> str:
        text = _text(value)
        if text not in choices:
            raise ValueError(f'"{text}" is none of {", ".join(choices)}')
        return text

    return check


def _integer(minimum: int, maximum: int) -> Check:
    def check(value: object, _: Path) -> int:
        # In Python true is an integer; in a settings file it is a mistake.
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"must be a whole number, {minimum} to {maximum}")
        if not minimum <= value <= maximum:
            raise ValueError(f"{value} is outside {minimum} to {maximum}")
        return value

    return check


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the service listens and what it keeps.

    Attributes:
        listen: `host:port` to serve gRPC on; port 0 takes any free one.
        state_directory: Existing directory for the store; None keeps sessions in memory only.
        operator_token_file: File with the token that opening a session takes; None: only this machine may.
    """

    listen: Annotated[str, _address] = "127.0.0.1:7440"
    state_directory: Annotated[Path | None, _optional_path] = None
    operator_token_file: Annotated[Path | None, _optional_path] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """How connections are encrypted. Without a certificate they are not.

    Attributes:
        certificate: PEM file with the server's certificate, its issuers after it.
        key: PEM file with its private key, not encrypted.
        client_ca: PEM file with the authorities that may issue certificates of clients.
        require_client_certificate: Refuse clients that show none (mutual TLS).
    """

    certificate: Annotated[Path | None, _optional_path] = None
    key: Annotated[Path | None, _optional_path] = None
    client_ca: Annotated[Path | None, _optional_path] = None
    require_client_certificate: Annotated[bool, _flag] = False

    def __post_init__(self) -> None:
        """Refuse halves of a whole."""
        if (self.certificate is None) != (self.key is None):
            missing, given = ("key", "certificate") if self.key is None else ("certificate", "key")
            raise ConfigurationError(
                f"tls.{missing}: is missing, but tls.{given} is set: set both or neither"
            )
        if self.client_ca is not None and self.certificate is None:
            raise ConfigurationError(
                "tls.client_ca: means nothing without tls.certificate and tls.key: set them"
            )
        if self.require_client_certificate and self.client_ca is None:
            raise ConfigurationError(
                "tls.require_client_certificate: needs tls.client_ca to check them: set it"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """Where metrics can be read.

    Attributes:
        address: `host:port` to serve Prometheus metrics on, in clear; None serves none.
    """

    address: Annotated[str | None, _optional_address] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is written to standard error.

    Attributes:
        format: `json` writes one object a line, `console` writes for people.
        level: The least severe messages that are written.
    """

    format: Annotated[Literal["json", "console"], _one_of("json", "console")] = "json"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], _one_of("debug", "info", "warning", "error")
    ] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what peers can make the service hold or wait for.

    Attributes:
        sessions: Sessions that are open at the same time.
        streams_per_connection: Streams that one connection may have open; one host may run many bidders.
        rpcs: Calls and streams of all connections together.
        bidder_queue: Messages waiting for one slow bidder before it is disconnected; it may resume.
        handshake_timeout_ms: Time for a new connection to finish its TLS handshake.
        write_deadline_ms: Time for one message to be taken by a connection before it is closed.
    """

    sessions: Annotated[int, _integer(1, 100_000)] = 256
    streams_per_connection: Annotated[int, _integer(1, 100_000)] = 1024
    rpcs: Annotated[int, _integer(1, 1_000_000)] = 4096
    bidder_queue: Annotated[int, _integer(2, 65_536)] = 64
    handshake_timeout_ms: Annotated[int, _integer(100, 120_000)] = 5000
    write_deadline_ms: Annotated[int, _integer(100, 600_000)] = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the service, one attribute a table of the file."""

    server: ServerSettings = field(default_factory=ServerSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    log: LogSettings = field(default_factory=LogSettings)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse what would send the operator's token through a network in clear."""
        exposed = self.tls.certificate is None and not is_loopback(self.server.listen)
        if exposed and self.server.operator_token_file is not None:
            raise ConfigurationError(
                "server.operator_token_file: the token would cross the network in clear:"
                " set tls.certificate and tls.key, or listen on 127.0.0.1"
            )


def load_settings(path: Path | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """Read settings from a file, and let the command line have the last word.

    Args:
        path: TOML file; paths in it are relative to its directory. None means all defaults.
        overrides: Values by dotted key, such as `{"server.listen": "0.0.0.0:7440"}`, checked like those of
            the file; paths among them are relative to the working directory.

    Returns:
        The settings, each within its range.

    Raises:
        ConfigurationError: The file cannot be read, or a key or value in it or in `overrides` is refused.
    """
    tables = {} if path is None else _read_tables(path)
    directory = Path() if path is None else path.parent
    try:
        values = _check_tables(tables, directory)
        for dotted, value in (overrides or {}).items():
            name, _, key = dotted.partition(".")
            for section, checked in _check_tables({name: {key: value}}, Path()).items():
                values.setdefault(section, {}).update(checked)
        sections: dict[str, Any] = {name: kind(**values.get(name, {})) for name, kind in _SECTIONS.items()}
        return Settings(**sections)
    except ConfigurationError as error:
        if path is None:
            raise
        raise ConfigurationError(f"{path}: {error}") from error


_SECTIONS: Mapping[str, type[Any]] = {
    "server": ServerSettings,
    "tls": TlsSettings,
    "metrics": MetricsSettings,
    "log": LogSettings,
    "limits": Limits,
}


def _read_tables(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}: name a settings file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path}: byte {error.start} is not UTF-8: save the file as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from error


def _check_tables(tables: Mapping[str, object], directory: Path) -> dict[str, dict[str, object]]:
    checked: dict[str, dict[str, object]] = {}
    for name, table in tables.items():
        kind = _SECTIONS.get(name)
        if kind is None:
            raise ConfigurationError(f"{name}: is no table of settings{_nearest(name, _SECTIONS)}")
        if not isinstance(table, dict):
            raise ConfigurationError(f"{name}: must be a table: write [{name}] on a line of its own")
        checks = _checks(kind)
        checked[name] = {}
        for key, value in table.items():
            if key not in checks:
                raise ConfigurationError(f"{name}.{key}: is no setting{_nearest(key, checks)}")
            try:
                checked[name][key] = checks[key](value, directory)
            except (ValueError, ConfigurationError) as error:
                raise ConfigurationError(f"{name}.{key}: {error}") from error
    return checked


def _checks(kind: type[Any]) -> dict[str, Check]:
    """Give the check of each setting of a table, which stands beside its type."""
    return {name: get_args(hint)[1] for name, hint in get_type_hints(kind, include_extras=True).items()}


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f': did you mean "{close[0]}"?' if close else f": known are {', '.join(known)}"
