"""Options that every command has which calls a service."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from auctioneer.remote import Remote, read_token

DEFAULT_ADDRESS = "127.0.0.1:7440"

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)


def calls_service(command: _Command) -> _Command:
    """Give a command the options that say where the service is; it gets a `Remote` as `remote`."""

    @wraps(command)
    def with_remote(
        *,
        address: str,
        tls_ca: Path | None,
        tls_certificate: Path | None,
        tls_key: Path | None,
        token_file: Path | None,
        **others: Any,
    ) -> Any:
        remote = Remote(
            address=address,
            authority=tls_ca,
            certificate=tls_certificate,
            key=tls_key,
            token=None if token_file is None else read_token(token_file),
        )
        return command(remote=remote, **others)

    decorated: Any = with_remote
    for option in reversed(
        (
            click.option(
                "--address", default=DEFAULT_ADDRESS, show_default=True, help="host:port of the service."
            ),
            click.option(
                "--tls-ca", type=_FILE, help="Authorities (PEM) that may have issued its certificate."
            ),
            click.option("--tls-certificate", type=_FILE, help="Own certificate (PEM), for mutual TLS."),
            click.option("--tls-key", type=_FILE, help="Its private key (PEM)."),
            click.option("--token-file", type=_FILE, help="File with the operator's token."),
        )
    ):
        decorated = option(decorated)
    result: _Command = decorated
    return result
