"""The participant in an auction: the Strategy API to write against, and the agent that plays a strategy.

```python
from bidder_agent import Exit, Stay, Strategy


class Cautious(Strategy):
    def on_raise(self, view):
        return Stay if view.level <= view.signal - 1 else Exit
```

`await join(address, session=..., name=..., signal=2, strategy=Cautious())` plays it in a session.
"""

from typing import TYPE_CHECKING, Any

from bidder_agent import _before_grpc as _before_grpc
from openoutcry.strategies import (
    Belief,
    BeliefView,
    Decision,
    Exit,
    NoAnswer,
    Open,
    OpeningView,
    OpenInstead,
    OutcomeView,
    RaiseView,
    ReportView,
    Seat,
    StartView,
    Stay,
    Strategy,
    TypeIndex,
    TypeSeat,
    ValuationView,
    View,
)

if TYPE_CHECKING:
    from bidder_agent.agent import Agent
    from bidder_agent.joining import join
    from bidder_agent.result import Result

__all__ = [
    "Agent",
    "Belief",
    "BeliefView",
    "Decision",
    "Exit",
    "NoAnswer",
    "Open",
    "OpenInstead",
    "OpeningView",
    "OutcomeView",
    "RaiseView",
    "ReportView",
    "Result",
    "Seat",
    "StartView",
    "Stay",
    "Strategy",
    "TypeIndex",
    "TypeSeat",
    "ValuationView",
    "View",
    "join",
]

_LATER = {"Agent": "agent", "Result": "result", "join": "joining"}


def __getattr__(name: str) -> Any:
    """Load what talks to an auctioneer when it is first wanted: a strategy's file needs none of it."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found
