"""A strategy that plays answers from a file, in order, and is truthful once they are used up.

The file is a JSON list with one item for each question: `"stay"`, `"exit"`, an integer (a reported signal) or
`null` (no answer). It reproduces a recorded bidder, or a deviation that someone thought of.
"""

from __future__ import annotations

import json
from pathlib import Path

from openoutcry.errors import StrategyError
from openoutcry.strategies.api import Exit, NoAnswer, RaiseAnswer, ReportAnswer, Stay, Strategy
from openoutcry.strategies.views import RaiseView, ReportView

Item = RaiseAnswer | ReportAnswer
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

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Give the next answer, which must fit a raise."""
        if self.next >= len(self.answers):
            return Stay if view.level <= view.signal else Exit
        answer = self._advance()
        if isinstance(answer, int):
            raise StrategyError(
                f'{self.file}: item {self.next} is {answer}, but the question is a raise: "stay" or "exit"'
            )
        return answer

    def report_signal(self, view: ReportView) -> ReportAnswer:
        """Give the next answer, which must fit a report."""
        if self.next >= len(self.answers):
            return view.signal
        answer = self._advance()
        if answer is Stay or answer is Exit:
            raise StrategyError(
                f"{self.file}: item {self.next} answers a raise, but the question is a report: an integer"
            )
        assert isinstance(answer, int) or answer is NoAnswer
        return answer

    def _advance(self) -> Item:
        self.next += 1
        return self.answers[self.next - 1]


def read_answers(file: Path) -> tuple[Item, ...]:
    """Read a file of answers.

    Args:
        file: JSON file.

    Returns:
        The answers, in order.

    Raises:
        StrategyError: The file cannot be read, or is no such list.
    """
    try:
        raw = json.loads(file.read_bytes())
    except OSError as error:
        raise StrategyError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StrategyError(f"{file}: is not JSON: {error}") from error
    if not isinstance(raw, list):
        raise StrategyError(f'{file}: must be a list of answers such as ["stay", "exit", 2, null]')
    answers: list[Item] = []
    for number, item in enumerate(raw, 1):
        if item is None:
            answers.append(NoAnswer)
        elif isinstance(item, int) and not isinstance(item, bool):
            answers.append(item)
        elif isinstance(item, str) and item in WORDS:
            answers.append(WORDS[item])
        else:
            raise StrategyError(f'{file}: item {number} is {item!r}: use "stay", "exit", an integer or null')
    return tuple(answers)
