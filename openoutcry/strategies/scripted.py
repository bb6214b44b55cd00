"""A strategy that plays answers from a file, in order, and is truthful once they are used up.

The file is a JSON list with one item for each question that is played:

```json
["stay", "exit", 2, null, {"value": 4}, {"value": 4, "belief": {"product": {"bob": [[1, 2], [4, 1]]}}}]
```

`"stay"` and `"exit"` answer a raise; an integer reports a signal, or a value; `null` gives no answer. An object answers
a question for a value, a belief or both; what it leaves out is truthful, and beliefs have the form of private input
(`openoutcry.strategies.private_input`). Openings are no items of the list: what was committed to is opened. It
reproduces a recorded bidder, or a deviation that someone thought of.
"""

from __future__ import annotations

from pathlib import Path

from openoutcry.errors import StrategyError, UsageError
from openoutcry.strategies.api import (
    BeliefAnswer,
    Decision,
    Exit,
    NoAnswer,
    RaiseAnswer,
    ReportAnswer,
    Silence,
    Stay,
    Strategy,
    ValuationAnswer,
)
from openoutcry.strategies.private_input import decode_belief, read_json
from openoutcry.strategies.type_views import BeliefView, ValuationView
from openoutcry.strategies.valuations import TypeIndex
from openoutcry.strategies.views import RaiseView, ReportView

Item = Decision | Silence | int | dict[str, object]
WORDS: dict[str, Item] = {"stay": Stay, "exit": Exit}


class Scripted(Strategy):
    """Play a list of answers."""

    def __init__(self, file: Path) -> None:
        """Read the answers.

        Args:
            file: JSON file, a list as the module describes.

        Raises:
            StrategyError: The file cannot be read, or is no such list.
        """
        self.file = file.name
        self.answers = read_answers(file)
        self.next = 0
        # The item whose value was played last: when a belief goes with a value, it is that item's.
        self._begun: Item = {}

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Give the next answer, which must fit a raise."""
        if self.next >= len(self.answers):
            return Stay if view.stays_truthfully else Exit
        answer = self._advance()
        if isinstance(answer, Decision | Silence):
            return answer
        raise self._misfit(answer, 'a raise: "stay" or "exit"')

    def report_signal(self, view: ReportView) -> ReportAnswer:
        """Give the next answer, which must fit a report."""
        if self.next >= len(self.answers):
            return view.signal
        answer = self._advance()
        if isinstance(answer, int | Silence):
            return answer
        raise self._misfit(answer, "a report of a signal: an integer")

    def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        """Give the value of the next answer, which stays in play for the belief of the same question."""
        answer: Item = self._advance() if self.next < len(self.answers) else {}
        self._begun = answer
        if isinstance(answer, int | Silence):
            return answer
        if isinstance(answer, dict):
            return answer.get("value", TypeIndex(view.value_index))  # type: ignore[return-value]  # Checked by `ask`.
        raise self._misfit(answer, 'a report of a value: an integer or {"value": ...}')

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        """Give the belief of the answer that gave the value, or of the next one when no value was asked for."""
        answer: Item = {}
        if view.reported_index is not None:
            answer = self._begun
        elif self.next < len(self.answers):
            answer = self._advance()
        if isinstance(answer, Silence):
            return answer
        if isinstance(answer, dict):
            if "belief" not in answer:
                return view.knowledge
            try:
                return decode_belief(answer["belief"], view.knowledge.market)
            except UsageError as error:
                raise StrategyError(f"{self.file}: item {self.next}: {error}") from error
        if view.reported_index is not None:
            return view.knowledge
        raise self._misfit(answer, 'a report of a belief: {"belief": ...}')

    def _advance(self) -> Item:
        self.next += 1
        return self.answers[self.next - 1]

    def _misfit(self, answer: object, wanted: str) -> StrategyError:
        shown = answer.value if isinstance(answer, Decision) else answer
        return StrategyError(f"{self.file}: item {self.next} is {shown!r:.60}, but the question is {wanted}")


def read_answers(file: Path) -> tuple[Item, ...]:
    """Read a file of answers.

    Args:
        file: JSON file.

    Returns:
        The answers, in order.

    Raises:
        StrategyError: The file cannot be read, or is no such list.
    """
    raw = read_json(file, StrategyError)
    if not isinstance(raw, list):
        raise StrategyError(f'{file}: must be a list of answers such as ["stay", "exit", 2, null]')
    return tuple(_read_item(item, f"{file}: item {number}") for number, item in enumerate(raw, 1))


def _read_item(item: object, where: str) -> Item:
    if item is None:
        return NoAnswer
    if isinstance(item, int) and not isinstance(item, bool):
        return item
    if isinstance(item, str) and item in WORDS:
        return WORDS[item]
    if isinstance(item, dict) and item and set(item) <= {"value", "belief"}:
        return item
    raise StrategyError(
        f'{where} is {item!r:.60}: use "stay", "exit", an integer, {{"value": ..., "belief": ...}} or null'
    )
