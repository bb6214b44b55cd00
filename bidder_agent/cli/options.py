"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from bidder_agent.connection import TlsFiles
from openoutcry.errors import ConfigurationError

T = TypeVar("T")
Command = Callable[..., Any]

FILE = click.Path(path_type=Path, dir_okay=False)
DIRECTORY = click.Path(path_type=Path, file_okay=False)

TERMINATED = 128 + signal.SIGTERM


def connection_options(command: Command) -> Command:
    """Add the options about the auctioneer and the way to it."""
    for option in reversed(
        (
            click.option(
                "--session",
                default="latest",
                show_default=True,
                help="Session id in hexadecimal digits, or latest: the newest that enrols.",
            ),
            click.option(
                "--auctioneer-key",
                metavar="HEX",
                help="The auctioneer's message key, known from elsewhere; any other is refused.",
            ),
            click.option(
                "--tls-ca",
                type=FILE,
                help="Authorities (PEM) to believe about the auctioneer; makes the connection private.",
            ),
            click.option("--tls-certificate", type=FILE, help="Certificate (PEM) to show to the auctioneer."),
            click.option("--tls-key", type=FILE, help="Private key (PEM) of that certificate."),
            click.option(
                "--tls", is_flag=True, help="Make the connection private, believing the system's authorities."
            ),
            click.option(
                "--patience",
                type=click.FloatRange(min=0),
                default=60.0,
                show_default=True,
                metavar="SECONDS",
                help="Give up after so long without contact.",
            ),
            click.option(
                "--audit/--no-audit",
                default=True,
                show_default=True,
                help="Fetch and verify the transcript at the end.",
            ),
        )
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """Add the options about what is printed."""
    command = click.option("--quiet", is_flag=True, help="Print nothing but errors.")(command)
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object at the end, and no lines."
    )(command)


def read_tls(
    *, tls: bool, authority: Path | None, certificate: Path | None, key: Path | None
) -> TlsFiles | None:
    """Return the files of a private connection, or None when none is asked for."""
    if not tls and authority is None and certificate is None and key is None:
        return None
    return TlsFiles(authority=authority, certificate=certificate, key=key)


def read_public_key(text: str | None) -> bytes | None:
    """Return a public key from its 64 hexadecimal digits.

    Raises:
        ConfigurationError: The text is no such thing.
    """
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError as problem:
        raise ConfigurationError(f"--auctioneer-key {text[:80]!r}: is not hexadecimal") from problem
    if len(key) != 32:
        raise ConfigurationError(f"--auctioneer-key: has {len(key)} bytes, a key has 32")
    return key


def teller(*, quiet: bool) -> Callable[[str], None]:
    """Return what prints the lines for people."""
    return (lambda line: None) if quiet else click.echo


def print_json(content: object) -> None:
    """Print one JSON object on a line."""
    click.echo(json.dumps(content, ensure_ascii=False))


def run_until_done(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in an event loop; a request to end cancels it, so that it closes cleanly.

    Raises:
        KeyboardInterrupt: It was interrupted from the keyboard.
        SystemExit: The process was told to end.
    """
    was_terminated = False

    async def run() -> T:
        nonlocal was_terminated
        task = asyncio.ensure_future(work)

        def terminate() -> None:
            nonlocal was_terminated
            was_terminated = True
            task.cancel()

        if sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
        return await task

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        if was_terminated:
            raise SystemExit(TERMINATED) from None
        raise
