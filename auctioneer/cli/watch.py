"""`auctioneer watch`: follow a session of a service, checking it as it goes."""

from __future__ import annotations

import json
from dataclasses import fields

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.cli.hexadecimal import SESSION
from auctioneer.remote import Remote
from auctioneer.watching import Watcher
from openoutcry.errors import ServiceError
from openoutcry.protocol.messages import Body
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.report import verification_lines, verification_values
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec


@click.command()
@click.argument("session", type=SESSION)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@calls_service
def watch(remote: Remote, session: bytes, as_json: bool) -> int:
    """Follow SESSION to its end: each entry as it is logged, then the verdict on the whole.

    Watching needs no key and tells nobody anything: an observer only reads.
    """
    watcher = Watcher(session, EnvelopeReader(WireCodec()))
    checkpoint = b""
    for item in remote.observe(session):
        if item.WhichOneof("item") == "checkpoint":
            checkpoint = item.checkpoint
            break
        who, body = watcher.take(item.entry)
        _print_entry(len(watcher.entries) - 1, who, body, as_json=as_json)
    if not checkpoint:
        raise ServiceError(f"{remote.address} ended the stream before the session had ended")
    transcript = watcher.transcript(specification=remote.specification(session), checkpoint=checkpoint)
    verification = verify_transcript(transcript, codec=WireCodec(), session_id=session)
    if as_json:
        click.echo(json.dumps(verification_values(verification)))
    else:
        click.echo("\n".join(verification_lines(verification)))
    return 0 if verification.is_valid else 1


def _print_entry(index: int, who: str, body: Body, *, as_json: bool) -> None:
    said = {
        field.name: value
        for field in fields(body)
        if isinstance(value := getattr(body, field.name), int | str)
    }
    kind = type(body).__name__
    if as_json:
        click.echo(json.dumps({"record": index, "sender": who, "message": kind, **said}))
    else:
        details = ", ".join(f"{name} {value}" for name, value in said.items())
        click.echo(f"{index:>6}  {who:<16} {kind} {details}".rstrip())
