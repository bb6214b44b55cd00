"""The group of commands, and the one place where an error becomes a line and an exit code.

```
0    the session ended and all checks hold
1    a complaint against the auctioneer, a void session, or a check that does not hold
2    what was given cannot be used
3    the auctioneer could not be reached in time
70   a fault of this program
130  interrupted from the keyboard
141  nobody reads what is printed
```
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from bidder_agent.release import release
from openoutcry.errors import OpenOutcryError

FAILED = 1
UNUSABLE = 2
UNREACHABLE = 3
FAULT = 70
INTERRUPTED = 130
UNREAD = 141
"""As shells have it for a program that a closed pipe ended: no answer, and so not the answer no."""

OUTPUT_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a file says that takes no more. Files that we open have names, and errors of their own; our output has none."""

# Loaded when they are wanted: a command's own imports are most of its start.
_COMMANDS = ("join", "host", "check", "keys", "receipts", "verify", "health")


class _Commands(click.Group):
    """Finds each command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"bidder_agent.cli.{cmd_name}")
        command: click.Command = module.command
        return command


def _show_version(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        click.echo(f"bidder-agent {release()}")
        ctx.exit()


EXAMPLES = """\b
Examples:
  bidder-agent join 127.0.0.1:7440 --name ada --signal 2 --strategy truthful
  bidder-agent check mystrategy.py:Cautious
"""


@click.group(cls=_Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the release.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
def program(debug: bool) -> None:
    """Bid in auctions whose auctioneer need not be trusted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Words after the program's name; those of this process by default.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    shows_traceback = "--debug" in words
    try:
        code = program.main(words, prog_name="bidder-agent", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as wanted:
        click.echo(wanted.format_message(), err=True)
        return UNUSABLE
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except SystemExit as end:
        # So the libraries that print for us end a program whose output nobody reads; nothing else here does.
        if end.code == FAILED:
            return UNREAD
        raise
    except click.ClickException as problem:
        return _complain(problem.format_message(), UNUSABLE)
    except Exception as problem:
        if shows_traceback:
            traceback.print_exc()
        if isinstance(problem, OpenOutcryError):
            return _complain(str(problem), _exit_code(problem))
        if isinstance(problem, OSError) and problem.errno in OUTPUT_FULL and problem.filename is None:
            _give_up_output()
            return _complain(f"standard output cannot be written: {problem.strerror}", FAILED)
        advice = "" if shows_traceback else "; --debug shows where"
        return _complain(f"{type(problem).__name__}: {problem}: a fault of this program{advice}", FAULT)
    return code if isinstance(code, int) else 0


def _give_up_output() -> None:
    """Let nobody try once more to write what cannot be written, least of all the interpreter when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, code: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code


def _exit_code(problem: OpenOutcryError) -> int:
    # Imported here, where grpc is loaded already if the error is one of a connection.
    from bidder_agent.agent import Unreachable

    return UNREACHABLE if isinstance(problem, Unreachable) else UNUSABLE
