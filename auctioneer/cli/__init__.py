"""The command line `auctioneer`; one file for each command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from auctioneer.loops import INTERRUPTED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; Ctrl-C while it is still being loaded ends it cleanly, too.

    Args:
        arguments: Without the program's name; those of this process when None.
    """
    try:
        from auctioneer.cli import program

        return program.main(arguments)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
