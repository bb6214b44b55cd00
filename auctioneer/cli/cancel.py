"""`auctioneer cancel`: end a session of a running service without an outcome."""

from __future__ import annotations

import click

from auctioneer.cli.connecting import calls_service
from auctioneer.cli.hexadecimal import SESSION
from auctioneer.cli.printing import examples, print_json
from auctioneer.remote import Remote


@click.command(epilog=examples('auctioneer cancel SESSION --reason "the lot was withdrawn"'))
@click.argument("session_id", metavar="SESSION", type=SESSION)
@click.option(
    "--reason", default="cancelled by the operator", show_default=True, help="One clause for the log."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@calls_service
def cancel(remote: Remote, session_id: bytes, reason: str, as_json: bool) -> int:
    """Void SESSION: nothing is sold, and its log says why, signed.

    Ends with 0 when the session is void, and with 1 when it settled before the call came.
    """
    phase = remote.cancel(session_id, reason)
    if as_json:
        print_json({"session": session_id.hex(), "phase": phase})
    else:
        click.echo(f"session {session_id.hex()} is {phase.lower()}")
    return 0 if phase == "VOID" else 1
