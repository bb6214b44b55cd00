"""The command `auctioneer`: its commands, and the one place where errors become lines and exit codes.

Exit codes: 0 done, 1 the answer is no (a transcript that is invalid, a session that is void, a service that refused),
2 what was given cannot be used, 70 a mistake of ours, 130 interrupted, 141 nobody reads what is printed.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from auctioneer.cli.audit import audit_command
from auctioneer.cli.cancel import cancel
from auctioneer.cli.disclose import disclose
from auctioneer.cli.expect import expect
from auctioneer.cli.fetch import fetch
from auctioneer.cli.health import health
from auctioneer.cli.mechanisms import mechanisms
from auctioneer.cli.new import new
from auctioneer.cli.open_session import open_session
from auctioneer.cli.replay import replay
from auctioneer.cli.report import report
from auctioneer.cli.run import run
from auctioneer.cli.serve import serve
from auctioneer.cli.sessions import sessions
from auctioneer.cli.sweep import sweep
from auctioneer.cli.verify import verify
from auctioneer.cli.watch import watch
from auctioneer.loops import INTERRUPTED
from auctioneer.release import release
from openoutcry.errors import OpenOutcryError, TranscriptError, UnreadableTranscript

NO = 1
UNUSABLE = 2
OUR_MISTAKE = 70
UNREAD = 141
"""As shells have it for a program that a closed pipe ended: no answer, and so not the answer no."""

OUTPUT_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a file says that takes no more. Files that we open have names, and errors of their own; our output has none."""

EXAMPLES = """\b
First steps:
  auctioneer new my-auction                    write a scenario and a strategy to change
  auctioneer run my-auction/scenario.toml      run it, each bidder in a process of its own
  auctioneer verify runs/TRANSCRIPT.zip        check every byte of it, offline
  auctioneer replay runs/TRANSCRIPT.zip        see each question and why it was asked
\b
Bidders who know each other:
  auctioneer new my-crowd --kind crowd         bidders who are paid for what they believe of each other
  auctioneer expect my-crowd/scenario.toml --mechanism all
                                               what each mechanism earns on average, beside the best possible
  auctioneer mechanisms crowdsourced-optimal   what one asks, promises and lets one choose
\b
Among machines:
  auctioneer serve --config auctioneer.toml
  auctioneer open --address HOST:7440 --scenario scenario.toml
  bidder-agent join HOST:7440 --session latest --name NAME --signal 2
"""


@click.group(
    epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(release(), prog_name="auctioneer")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.pass_context
def auctioneer(context: click.Context, debug: bool) -> None:
    """Run auctions among software agents that do not trust each other."""
    context.obj = debug


for _command in (
    run,
    new,
    mechanisms,
    expect,
    audit_command,
    verify,
    replay,
    sweep,
    report,
    disclose,
    serve,
    open_session,
    cancel,
    sessions,
    watch,
    fetch,
    health,
):
    auctioneer.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: Without the program's name; those of this process when None.
    """
    _open_standard_files()
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Read here, since an error may come before click has read anything.
    debug = "--debug" in given
    try:
        code = auctioneer.main(args=given, prog_name="auctioneer", standalone_mode=False)
    except click.Abort:
        return _fail("interrupted", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return UNUSABLE
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        hint = f" (see {where.command_path} --help)" if where is not None else ""
        return _fail(f"{error.format_message()}{hint}", UNUSABLE)
    except OpenOutcryError as error:
        if debug:
            traceback.print_exc()
        # A transcript that was read and does not hold is an answer; everything else kept the command from its work.
        is_answer = isinstance(error, TranscriptError) and not isinstance(error, UnreadableTranscript)
        return _fail(str(error), NO if is_answer else UNUSABLE)
    except SystemExit as end:
        # So the libraries that print for us end a program whose output nobody reads; nothing else here does.
        if end.code == NO:
            return UNREAD
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, OSError) and error.errno in OUTPUT_FULL and error.filename is None:
            _give_up_output()
            return _fail(f"standard output cannot be written: {error.strerror}", NO)
        return _fail(
            f"{type(error).__name__}: {error}: a mistake of ours; `auctioneer --debug` shows where",
            OUR_MISTAKE,
        )
    return code if isinstance(code, int) else 0


def _open_standard_files() -> None:
    """Give the standard files that our caller has closed to nobody, before a socket or a pipe gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _give_up_output() -> None:
    """Let nobody try once more to write what cannot be written, least of all the interpreter when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code
