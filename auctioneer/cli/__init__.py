"""The command line `auctioneer`; one file for each command."""

from auctioneer.cli.program import main

__all__ = ["main"]
