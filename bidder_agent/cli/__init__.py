"""The command line `bidder-agent`."""

from bidder_agent.cli.main import main

__all__ = ["main"]
