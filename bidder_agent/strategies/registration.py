"""Gives the strategies of this package their names; called before a strategy is looked up in an agent process."""

from __future__ import annotations

from bidder_agent.strategies.crash import Crash
from bidder_agent.strategies.human import Human
from bidder_agent.strategies.slow import Slow
from openoutcry.strategies import register
from openoutcry.strategies.registry import RESERVED


def register_all() -> None:
    """Register them; doing so again changes nothing."""
    for name, strategy in (("crash", Crash), ("human", Human), ("slow", Slow)):
        register(name, strategy, summary=RESERVED[name])
