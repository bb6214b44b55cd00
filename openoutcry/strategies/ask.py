"""The one place where strategies are called and their answers checked.

Every driver comes through here, so a strategy meets the same rules in an agent process, in simulation, in an
exact expectation and in a counterfactual. A call gives the checked answer, or an awaitable of the checked
answer when the callback is `async`: drivers without an event loop pass it through `run_sync`, the others
through `settle`. An exception of a callback, its wish to end the program, an answer that is none and, without an
event loop, a callback that would wait all become one StrategyError whose message teaches. Only Ctrl-C passes: it is
the wish of who started the program, wherever it happens to land. What to do about a failure is the driver's decision:
the documented default is an exit for a raise, a withheld report for a report, and for an opening that what was
committed to is opened. What counts as an answer is in `openoutcry.strategies.answers`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.strategies.answers import (
    CheckedOpening,
    check_belief,
    check_decision,
    check_opening,
    check_signal,
    check_valuation,
)
from openoutcry.strategies.api import (
    Decision,
    Exit,
    FunctionStrategy,
    RaiseAnswer,
    ReportAnswer,
    Silence,
    Stay,
    Strategy,
)
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.failure import describe_failure, home_of
from openoutcry.strategies.type_views import BeliefView, OpeningView, TypeQuestion, ValuationView
from openoutcry.strategies.views import OutcomeView, RaiseView, ReportView, StartView, View

T = TypeVar("T")

WAITS = "waits for the outside world; run it in an agent process"
NO_LOOP = "no running event loop"

# The usual results, told from awaitables by one look-up: most calls of a campaign end here.
_PLAIN = frozenset({Decision, Silence, int, type(None)})


def answer_raise(strategy: Strategy, view: RaiseView) -> RaiseAnswer | Awaitable[RaiseAnswer]:
    """Ask whether the clock may rise.

    Returns:
        The checked answer, or an awaitable of it.

    Raises:
        StrategyError: The callback failed or answered something else than a decision.
    """
    try:
        result = strategy.on_raise(view)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _failure(strategy, "on_raise", error) from error
    # Nearly every answer of a campaign is one of these two, and needs no further look.
    if result is Stay or result is Exit:
        return result
    return _check(strategy, "on_raise", result, check_decision)


def answer_report(strategy: Strategy, view: ReportView) -> ReportAnswer | Awaitable[ReportAnswer]:
    """Ask for the signal.

    Returns:
        The checked answer, or an awaitable of it.

    Raises:
        StrategyError: The callback failed or reported something else than a signal.
    """
    return _call(strategy, "report_signal", view, lambda result: check_signal(result, view.signal_levels))


def answer_valuation(strategy: Strategy, view: ValuationView) -> int | Silence | Awaitable[int | Silence]:
    """Ask for the valuation.

    Returns:
        The place of the reported type in the bidder's public list, or an awaitable of it.

    Raises:
        StrategyError: The callback failed or reported something else than a value of the list.
    """
    return _call(strategy, "report_valuation", view, lambda result: check_valuation(result, view))


def answer_belief(strategy: Strategy, view: BeliefView) -> Belief | Silence | Awaitable[Belief | Silence]:
    """Ask for the belief.

    Returns:
        The checked belief, about exactly the subjects, or an awaitable of it.

    Raises:
        StrategyError: The callback failed or reported something else than such a belief.
    """
    return _call(strategy, "report_belief", view, lambda result: check_belief(result, view))


def answer_opening(strategy: Strategy, view: OpeningView) -> CheckedOpening | Awaitable[CheckedOpening]:
    """Ask whether to open what was committed to.

    Returns:
        `Open`, `NoAnswer`, or the report (in a market of signals: the signal) to open in its place; or an awaitable.

    Raises:
        StrategyError: The callback failed or answered something else.
    """
    return _call(strategy, "on_opening", view, lambda result: check_opening(result, view))


def answer_type(
    strategy: Strategy, question: TypeQuestion
) -> TypeReport | Silence | Awaitable[TypeReport | Silence]:
    """Ask for all that one question wants: the valuation first, then the belief; silence about one withholds both.

    Returns:
        The report, or an awaitable of it when a callback is `async`.

    Raises:
        StrategyError: A callback failed or reported something else than what was asked for.
    """
    if not question.asks_value:
        return _ask_belief(strategy, question, None)
    index = answer_valuation(strategy, question.valuation_view())
    if inspect.isawaitable(index):
        return _ask_belief_later(strategy, question, index)
    return _ask_belief(strategy, question, index)


def notify_start(strategy: Strategy, view: StartView) -> Awaitable[None] | None:
    """Tell the strategy that the session begins.

    Raises:
        StrategyError: The callback failed.
    """
    return _call(strategy, "on_start", view, _ignore)


def notify_outcome(strategy: Strategy, view: OutcomeView) -> Awaitable[None] | None:
    """Tell the strategy how the session ended.

    Raises:
        StrategyError: The callback failed.
    """
    return _call(strategy, "on_outcome", view, _ignore)


def run_sync(result: T | Awaitable[T]) -> T:
    """Give the result of a call without an event loop.

    An awaitable that never suspends, such as an `async` callback that only computes, runs to its end.

    Args:
        result: A plain value, or an awaitable of one.

    Raises:
        StrategyError: The awaitable suspends, so that only an event loop could resume it, or cancels itself.
    """
    if type(result) in _PLAIN or not inspect.isawaitable(result):
        # mypy does not narrow a type variable by isawaitable.
        return result  # type: ignore[return-value]
    steps: Generator[Any, Any, T] = result.__await__()
    try:
        next(steps)
    except StopIteration as stop:
        # StopIteration carries the awaitable's own result.
        return stop.value  # type: ignore[no-any-return]
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        # There is no event loop that would cancel it: the callback itself raised this.
        raise StrategyError(f"the strategy raised {describe_failure(error)}") from error
    try:
        steps.close()
    except RuntimeError as error:
        # It went on waiting while it was being closed; there is nothing more to be done for it.
        raise StrategyError(f"the strategy {WAITS}") from error
    raise StrategyError(f"the strategy {WAITS}")


async def settle(result: T | Awaitable[T]) -> T:
    """Give the result of a call inside an event loop; the callback may wait.

    Args:
        result: A plain value, or an awaitable of one.
    """
    if inspect.isawaitable(result):
        return await result
    return result


def _call(strategy: Strategy, callback: str, view: View, check: Callable[[object], T]) -> T | Awaitable[T]:
    """Call one callback and check its result, now or when it is there."""
    try:
        result = getattr(strategy, callback)(view)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _failure(strategy, callback, error) from error
    return _check(strategy, callback, result, check)


def _check(
    strategy: Strategy, callback: str, result: object, check: Callable[[object], T]
) -> T | Awaitable[T]:
    """Check the result of a callback, now or when it is there."""
    if type(result) in _PLAIN or not inspect.isawaitable(result):
        return check(result)
    return _finish(strategy, callback, result, check)


async def _finish(
    strategy: Strategy, callback: str, result: Awaitable[object], check: Callable[[object], T]
) -> T:
    """Wait for an `async` callback and check its result."""
    try:
        settled = await result
    except (Exception, SystemExit) as error:
        # Its cancellation is not caught: it is the event loop's, whose driver gave up waiting.
        raise _failure(strategy, callback, error) from error
    return check(settled)


def _ask_belief(
    strategy: Strategy, question: TypeQuestion, index: int | Silence | None
) -> TypeReport | Silence | Awaitable[TypeReport | Silence]:
    """Complete a report whose valuation is known, or not asked for."""
    if isinstance(index, Silence):
        return index
    if not question.subjects:
        return TypeReport(value=index, belief=None)
    belief = answer_belief(strategy, question.belief_view(index))
    if inspect.isawaitable(belief):
        return _complete_later(index, belief)
    return _complete(index, belief)


async def _ask_belief_later(
    strategy: Strategy, question: TypeQuestion, index: Awaitable[int | Silence]
) -> TypeReport | Silence:
    return await settle(_ask_belief(strategy, question, await index))


async def _complete_later(index: int | None, belief: Awaitable[Belief | Silence]) -> TypeReport | Silence:
    return _complete(index, await belief)


def _complete(index: int | None, belief: Belief | Silence) -> TypeReport | Silence:
    if isinstance(belief, Silence):
        return belief
    return TypeReport(value=index, belief=belief.distribution)


def _ignore(result: object) -> None:
    """Accept any result of a callback that answers nothing."""


def _failure(strategy: Strategy, callback: str, error: BaseException) -> StrategyError:
    """Say in one line whose callback failed, how and where."""
    if isinstance(strategy, FunctionStrategy):
        code: object = strategy.function
        where = getattr(code, "__name__", type(code).__name__)
    else:
        code = type(strategy)
        where = f"{type(strategy).__name__}.{callback}"
    if isinstance(error, StrategyError):
        return StrategyError(f"{where}: {error}")
    if isinstance(error, RuntimeError) and str(error) == NO_LOOP:
        # asyncio refuses to make timers and tasks without a loop: the callback wanted to wait.
        return StrategyError(f"{where} {WAITS}")
    return StrategyError(f"{where} raised {describe_failure(error, home=home_of(code))}")
