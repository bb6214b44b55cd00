"""`auctioneer health`: does the service serve?"""

from __future__ import annotations

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.remote import Remote
from openoutcry.errors import ServiceError


@click.command()
@calls_service
def health(remote: Remote) -> int:
    """Ask a service whether it serves; ends with 0 if it does, with 1 if not."""
    try:
        is_healthy = remote.is_healthy()
    except ServiceError as error:
        # Whoever asks wants to know just this, so it is an answer.
        click.echo(f"error: {error}", err=True)
        return 1
    click.echo("serving" if is_healthy else "not serving")
    return 0 if is_healthy else 1
