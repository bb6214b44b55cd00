"""The smallest strategy: `auctioneer run` plays it where a scenario says `strategy = "cautious.py:Cautious"`."""

from bidder_agent import Exit, Stay, Strategy


class Cautious(Strategy):
    """Leave one level before one's own signal is reached."""

    def on_raise(self, view):
        """Answer whether to stay at `view.level`; it is asked again for the next one."""
        return Stay if view.level <= view.signal - 1 else Exit
