"""`auctioneer watch`: follow a session of a service, checking it as it goes."""

from __future__ import annotations

import json
import time

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.cli.hexadecimal import SESSION
from auctioneer.remote import Remote, Unreachable
from auctioneer.watching import Watcher
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.messages import Body
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.report import verification_lines, verification_values
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec

FIRST_RETRY_SECONDS = 0.2
LAST_RETRY_SECONDS = 5.0


@click.command()
@click.argument("session", type=SESSION)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up after the service has been away for so long.",
)
@calls_service
def watch(remote: Remote, session: bytes, as_json: bool, patience: float) -> int:
    """Follow SESSION to its end: each entry as it is logged, then the verdict on the whole.

    Watching needs no key and tells nobody anything: an observer only reads. When the connection is lost it is made
    again, and the log is followed from where it was.
    """
    specification = remote.specification(session)
    bidders = decode_specification(specification).market.bidders
    watcher = Watcher(session, EnvelopeReader(WireCodec()), [bidder.name for bidder in bidders])
    checkpoint = _follow(remote, session, watcher, patience=patience, as_json=as_json)
    transcript = watcher.transcript(specification=specification, checkpoint=checkpoint)
    verification = verify_transcript(transcript, codec=WireCodec(), session_id=session)
    if as_json:
        click.echo(json.dumps(verification_values(verification)))
    else:
        click.echo("\n".join(verification_lines(verification)))
    return 0 if verification.is_valid else 1


def _follow(remote: Remote, session: bytes, watcher: Watcher, *, patience: float, as_json: bool) -> bytes:
    """Print each entry as it comes, and return the checkpoint at the end.

    Raises:
        ServiceError: The service refuses, or has been away for longer than `patience` seconds.
        TranscriptError: An entry is not what may stand in the log.
    """
    away_since: float | None = None
    delay = FIRST_RETRY_SECONDS
    while True:
        lost = Unreachable(f"{remote.address} ended the stream before the session had ended")
        try:
            # Answers at once where the stream of a quiet session would not, so that it is known who is back.
            if away_since is not None and remote.is_healthy():
                away_since = None
            for item in remote.observe(session, len(watcher.entries)):
                away_since, delay = None, FIRST_RETRY_SECONDS
                if item.WhichOneof("item") == "checkpoint":
                    return bytes(item.checkpoint)
                who, body = watcher.take(item.entry)
                _print_entry(len(watcher.entries) - 1, who, body, watcher, as_json=as_json)
        except Unreachable as problem:
            lost = problem
        away_since = time.monotonic() if away_since is None else away_since
        if time.monotonic() - away_since >= patience:
            raise Unreachable(f"{lost}; gave up after {patience:g} s")
        click.echo(f"{lost}; trying again in {delay:.1f} s", err=True)
        time.sleep(delay)
        delay = min(2 * delay, LAST_RETRY_SECONDS)


def _print_entry(index: int, who: str, body: Body, watcher: Watcher, *, as_json: bool) -> None:
    said = watcher.describe(body)
    kind = type(body).__name__
    if as_json:
        click.echo(json.dumps({"record": index, "sender": who, "message": kind, **said}))
    else:
        details = ", ".join(f"{name} {value}" for name, value in said.items())
        click.echo(f"{index:>6}  {who:<16} {kind} {details}".rstrip())
