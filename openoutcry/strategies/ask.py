"""The one place where strategies are called and their answers checked.

Every driver comes through here, so a strategy meets the same rules in an agent process, in simulation, in an
exact expectation and in a counterfactual. A call gives the checked answer, or an awaitable of the checked
answer when the callback is `async`: drivers without an event loop pass it through `run_sync`, the others
through `settle`. An exception of a callback, an answer that is none and, without an event loop, a callback
that would wait all become one StrategyError whose message teaches. What to do about it is the driver's
decision: the documented default is an exit for a raise and a withheld report for a report.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from openoutcry.errors import StrategyError
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
from openoutcry.strategies.failure import describe_failure, home_of
from openoutcry.strategies.views import OutcomeView, RaiseView, ReportView, StartView, View

T = TypeVar("T")

WAITS = "waits for the outside world; run it in an agent process"
NO_LOOP = "no running event loop"
SHOWN_LIMIT = 60

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
    except Exception as error:
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


def check_decision(result: object) -> RaiseAnswer:
    """Accept `Stay`, `Exit` and `NoAnswer`.

    Args:
        result: What a callback answered to a raise.

    Raises:
        StrategyError: Anything else; booleans too, since it would be a guess what True means.
    """
    if isinstance(result, Decision | Silence):
        return result
    if result is None:
        raise StrategyError(
            "the answer to a raise was None: is there a path without `return Stay` or `return Exit`?"
        )
    raise StrategyError(f"the answer to a raise was {_show(result)}: return Stay or Exit")


def check_signal(result: object, signal_levels: int) -> ReportAnswer:
    """Accept an integer signal in 0..k-1, and `NoAnswer`.

    Args:
        result: What a callback answered to a report.
        signal_levels: k, at least 2.

    Raises:
        StrategyError: Anything else.
    """
    if isinstance(result, Silence):
        return result
    if isinstance(result, int) and not isinstance(result, bool):
        if 0 <= result < signal_levels:
            return int(result)
        raise StrategyError(f"the reported signal was {_show(result)}: signals are 0..{signal_levels - 1}")
    if result is None:
        raise StrategyError("the reported signal was None: is there a path without `return`?")
    raise StrategyError(f"the reported signal was {_show(result)}: return an integer, 0..{signal_levels - 1}")


def run_sync(result: T | Awaitable[T]) -> T:
    """Give the result of a call without an event loop.

    An awaitable that never suspends, such as an `async` callback that only computes, runs to its end.

    Args:
        result: A plain value, or an awaitable of one.

    Raises:
        StrategyError: The awaitable suspends, so that only an event loop could resume it.
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
    except Exception as error:
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
    except Exception as error:
        raise _failure(strategy, callback, error) from error
    return check(settled)


def _ignore(result: object) -> None:
    """Accept any result of a callback that answers nothing."""


def _failure(strategy: Strategy, callback: str, error: Exception) -> StrategyError:
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


def _show(result: object) -> str:
    """Show an unexpected answer, shortened: it may be a language model's whole reply."""
    shown = repr(result)
    return shown if len(shown) <= SHOWN_LIMIT else f"{shown[: SHOWN_LIMIT - 3]}..."
