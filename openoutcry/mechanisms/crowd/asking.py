"""How a crowdsourced mechanism asks: one wave of sealed reports, with the answers checked.

A driver that sends answers which do not fit the questions has a defect of its own, so that is a `UsageError`; what a
peer did wrong has become a report of None long before, and every mechanism carries on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import Answer, ReportedType, ReportType, TypeReport, Wave
from openoutcry.mechanisms.crowd.distributions import check_types
from openoutcry.mechanisms.crowd.market import TypeMarket

Reports = Mapping[int, TypeReport | None]
"""What each bidder that was asked reported, by market index, rising; None where nothing that counts."""


def ask_types(
    market: TypeMarket,
    questions: Sequence[ReportType],
    *,
    reason: str,
    state: Callable[[], Mapping[str, object]],
) -> Generator[Wave, tuple[Answer, ...], Reports]:
    """Ask one wave of reports, all committed before any is opened.

    Raises:
        UsageError: The driver's answers do not fit the questions.
    """
    answers = yield Wave(questions=tuple(questions), reason=reason, state=state)
    if len(answers) != len(questions):
        raise UsageError(f"a wave of {len(questions)} questions was sent {len(answers)} answers")
    counts = market.type_counts
    return {
        question.bidder: _checked(counts, question, answer)
        for question, answer in zip(questions, answers, strict=True)
    }


def _checked(counts: Sequence[int], question: ReportType, answer: Answer) -> TypeReport | None:
    bidder = question.bidder
    if not isinstance(answer, ReportedType):
        raise UsageError(f"bidder {bidder} was asked for its type; {answer!r} is no answer to that")
    report = answer.report
    if report is None:
        return None
    if (report.value is not None) != question.asks_value or (report.belief is not None) != bool(
        question.subjects
    ):
        raise UsageError(f"the report of bidder {bidder} must hold what was asked for and nothing else")
    if report.value is not None and not 0 <= report.value < counts[bidder]:
        raise UsageError(f"bidder {bidder} reported type {report.value}, which is not in its list")
    if report.belief is not None:
        if report.belief.players != question.subjects:
            raise UsageError(
                f"bidder {bidder} reported a belief about {report.belief.players}, not about {question.subjects}"
            )
        check_types(report.belief, counts)
    return report
