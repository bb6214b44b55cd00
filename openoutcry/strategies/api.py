"""The Strategy API: what a user writes.

A strategy is a class with optional callbacks, or a plain function of a view. Callbacks may be plain or
`async`. Six lines are enough:

```python
from openoutcry.strategies import Exit, Stay, Strategy


class Cautious(Strategy):
    def on_raise(self, view):
        return Stay if view.level <= view.signal - 1 else Exit
```

A callback that is left out answers truthfully. A callback that fails, or gives an answer that is none, counts
as an exit (a raise), as a withheld report, or as opening what was committed to: `openoutcry.strategies.ask`
turns it into one StrategyError that the driver records, and the session goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.type_views import BeliefView, OpeningView, ValuationView
from openoutcry.strategies.valuations import TypeIndex, Valuation
from openoutcry.strategies.views import OutcomeView, RaiseView, ReportView, StartView


class Decision(Enum):
    """The answer to a raise."""

    Stay = "stay"
    Exit = "exit"


class Silence(Enum):
    """The wish not to answer at all; the session then applies the default that its rules name."""

    NoAnswer = "no answer"


class Opening(Enum):
    """The answer to an opening that keeps one's word."""

    Open = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInstead:
    """The answer to an opening that breaks one's word: another report than the committed one is opened.

    It always fails: commitments bind, the deviation is recorded with its proof, and the report counts as withheld.
    It exists so that this can be studied. What is left out is opened as it was committed to.

    Attributes:
        valuation: Another valuation, where one was asked for.
        belief: Another belief about the same bidders, where one was asked for.
        signal: Another signal, in a market of signals.
    """

    valuation: Valuation | TypeIndex | None = None
    belief: Belief | None = None
    signal: int | None = None


Stay: Final = Decision.Stay
Exit: Final = Decision.Exit
NoAnswer: Final = Silence.NoAnswer
Open: Final = Opening.Open

RaiseAnswer = Decision | Silence
ReportAnswer = int | Silence
ValuationAnswer = Valuation | TypeIndex | Silence
BeliefAnswer = Belief | Silence
OpeningAnswer = Opening | OpenInstead | Silence


class Strategy:
    """Base class of strategies; every callback is optional.

    One instance plays one bidder in one session, so a strategy may keep what it likes on `self`. The driver
    never calls two callbacks of one instance at once.

    Attributes:
        deterministic: Set it to True only if every answer depends on nothing but the view: no memory, no draw
            from `view.rng`, nothing from outside. Exact expectations are computed for such strategies only.
    """

    deterministic: ClassVar[bool] = False

    def check(self, market: Market | TypeMarket, bidder: int) -> None:
        """Refuse a place for which the options are wrong; called before anything starts where that is possible.

        Args:
            market: As the scenario has it.
            bidder: Whom the strategy would play, by place in the market.

        Raises:
            OpenOutcryError: In one line: which option is wrong, and what to write.
        """

    def on_start(self, view: StartView) -> Awaitable[None] | None:
        """Prepare; called once, before the first question."""

    def on_raise(self, view: RaiseView) -> RaiseAnswer | Awaitable[RaiseAnswer]:
        """Answer whether the clock may rise to `view.level`, or whether to buy: `Stay` or `Exit`. An exit is final."""
        return Stay if view.stays_truthfully else Exit

    def report_signal(self, view: ReportView) -> ReportAnswer | Awaitable[ReportAnswer]:
        """Answer the sealed form: a signal, 0..k-1."""
        return view.signal

    def report_valuation(self, view: ValuationView) -> ValuationAnswer | Awaitable[ValuationAnswer]:
        """Report what the lot, or each bundle, is worth: one of the values in `view.types`."""
        return TypeIndex(view.value_index)

    def report_belief(self, view: BeliefView) -> BeliefAnswer | Awaitable[BeliefAnswer]:
        """Report what is believed of the values of `view.subjects`. Asked for both, the valuation comes first."""
        return view.knowledge

    def on_opening(self, view: OpeningView) -> OpeningAnswer | Awaitable[OpeningAnswer]:
        """Answer whether to open what was committed to. Anything but `Open` is a deviation."""
        return Open

    def on_outcome(self, view: OutcomeView) -> Awaitable[None] | None:
        """Learn the outcome; called once, at the end."""


StrategyFunction = Callable[[RaiseView | ReportView | ValuationView | BeliefView], object]


class FunctionStrategy(Strategy):
    """A plain function used as a strategy: it is called with the view of each raise and of each report.

    Its result is checked as a callback's is: `Stay` or `Exit` for a raise, an integer for a signal, a value of
    the public list, a belief. What was committed to is opened without asking it.
    """

    def __init__(self, function: StrategyFunction) -> None:
        """Wrap `function`; it takes one view and returns an answer or an awaitable of one."""
        self.function = function

    def on_raise(self, view: RaiseView) -> RaiseAnswer | Awaitable[RaiseAnswer]:
        """Pass the question on."""
        return self.function(view)  # type: ignore[return-value]  # Whatever it is, `ask` checks it at run time.

    def report_signal(self, view: ReportView) -> ReportAnswer | Awaitable[ReportAnswer]:
        """Pass the question on."""
        return self.function(view)  # type: ignore[return-value]  # Whatever it is, `ask` checks it at run time.

    def report_valuation(self, view: ValuationView) -> ValuationAnswer | Awaitable[ValuationAnswer]:
        """Pass the question on."""
        return self.function(view)  # type: ignore[return-value]  # Whatever it is, `ask` checks it at run time.

    def report_belief(self, view: BeliefView) -> BeliefAnswer | Awaitable[BeliefAnswer]:
        """Pass the question on."""
        return self.function(view)  # type: ignore[return-value]  # Whatever it is, `ask` checks it at run time.
