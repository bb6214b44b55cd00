"""The guard between an agent and its strategy: whatever the strategy does, there is one answer, and in time.

An exception, an answer that is none and a missed deadline become the documented default, with one line that says why:
an exit for a raise, a withheld report for a report, and for an opening what was committed to, which is what the bidder
gave its word for. Three ways to call a callback, so that none of them can
hold up the stream, or in one process the other bidders:

- built-in callbacks only think, and are called as they are;
- `async` callbacks are tasks of the event loop;
- any other callback gets a thread of its own, because it may compute or block for as long as it likes.

A strategy is never called again while an earlier call of it is still running.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.strategies import (
    CheckedOpening,
    Exit,
    NoAnswer,
    Open,
    OpeningView,
    OutcomeView,
    RaiseView,
    ReportView,
    StartView,
    Strategy,
    TypeQuestion,
    answer_belief,
    answer_opening,
    answer_raise,
    answer_report,
    answer_type,
    answer_valuation,
    notify_outcome,
    notify_start,
    settle,
)
from openoutcry.strategies.api import FunctionStrategy, RaiseAnswer, ReportAnswer, Silence
from openoutcry.strategies.failure import describe_failure

MARGIN_SHARE = 0.1
"""Share of the time to answer that is kept for the way back."""

MARGIN_LIMIT_S = 1.0
"""No way back takes longer than this, seconds."""

GRACE_S = 0.1
"""An earlier call that was just cancelled gets this long to end, seconds."""

_DEADLINE: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)

_OWN_PACKAGES = ("openoutcry.strategies.", "bidder_agent.strategies.")


GuardedValue = RaiseAnswer | ReportAnswer | TypeReport | CheckedOpening


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedAnswer:
    """What is answered.

    Attributes:
        value: The answer; of a report, `NoAnswer` withholds it.
        failure: Why it is not the strategy's own, in one line; empty when it is.
    """

    value: GuardedValue
    failure: str = ""


Question = RaiseView | ReportView | TypeQuestion | OpeningView


def time_to_think(answer_ms: int) -> float:
    """Return how many seconds of `answer_ms` milliseconds a strategy gets."""
    seconds = answer_ms / 1000
    return seconds - min(seconds * MARGIN_SHARE, MARGIN_LIMIT_S)


def seconds_left() -> float | None:
    """Return how many seconds the callback that calls this still has; None outside of a question."""
    deadline = _DEADLINE.get()
    return None if deadline is None else deadline - time.monotonic()


class Guard:
    """Asks one strategy.

    Args:
        strategy: Of one bidder in one session.
        limit_s: Seconds that a question may take, the strategy's start included when it is not done yet.
    """

    def __init__(self, strategy: Strategy, *, limit_s: float) -> None:
        self._strategy = strategy
        self._limit_s = limit_s
        self._running: asyncio.Future[Any] | None = None
        self._start: asyncio.Task[str] | None = None

    def start(self, view: StartView) -> asyncio.Task[str] | None:
        """Tell the strategy that the session begins. It is given its time; questions wait for it.

        Returns:
            A task whose result says why it failed, or is empty; None when the strategy does not want to know.
        """
        if not _is_default(self._strategy, "on_start"):
            self._start = asyncio.create_task(
                self._notify("on_start", lambda: notify_start(self._strategy, view))
            )
        return self._start

    def answer_at_once(self, view: Question) -> GuardedAnswer | None:
        """Return the answer of a strategy that only thinks, or None when it takes the other way."""
        if not self._only_thinks(view) or (self._start is not None and not self._start.done()):
            return None
        try:
            result = self._call(view)()
        except StrategyError as problem:
            return _default(view, str(problem))
        # Built-in callbacks are plain functions, so this is the answer and no awaitable of it.
        assert not inspect.isawaitable(result)
        return GuardedAnswer(value=result)

    async def answer(self, view: Question) -> GuardedAnswer:
        """Return the strategy's answer, or the default one once its time is over."""
        token = _DEADLINE.set(time.monotonic() + self._limit_s)
        try:
            async with asyncio.timeout(self._limit_s):
                if self._start is not None:
                    await asyncio.shield(self._start)
                result = await self._ask(view)
        except TimeoutError:
            return _default(view, f"no answer within {self._limit_s:.3g} s")
        except StrategyError as problem:
            return _default(view, str(problem))
        finally:
            _DEADLINE.reset(token)
        return GuardedAnswer(value=result)

    async def finish(self, view: OutcomeView) -> str:
        """Tell the strategy how the session ended and return why it failed, or nothing."""
        if _is_default(self._strategy, "on_outcome"):
            return ""
        return await self._notify("on_outcome", lambda: notify_outcome(self._strategy, view))

    def close(self) -> None:
        """Stop whatever is still running; a thread cannot be stopped and ends with the process."""
        for future in (self._start, self._running):
            if future is not None:
                future.cancel()

    async def _ask(self, view: Question) -> Any:
        """Put a question to the strategy: one callback, or two where a valuation and a belief make one report."""
        if not isinstance(view, TypeQuestion):
            return await self._consult(_callbacks(view)[0], self._call(view))
        index = belief = None
        if view.asks_value:
            shown = view.valuation_view()
            index = await self._consult("report_valuation", lambda: answer_valuation(self._strategy, shown))
            if isinstance(index, Silence):
                return index
        if view.subjects:
            told = view.belief_view(index)
            belief = await self._consult("report_belief", lambda: answer_belief(self._strategy, told))
            if isinstance(belief, Silence):
                return belief
        return TypeReport(value=index, belief=None if belief is None else belief.distribution)

    async def _notify(self, callback: str, call: Callable[[], object]) -> str:
        try:
            async with asyncio.timeout(self._limit_s):
                await self._consult(callback, call)
        except TimeoutError:
            return f"{callback} took longer than {self._limit_s:.3g} s"
        except StrategyError as problem:
            return str(problem)
        return ""

    async def _consult(self, callback: str, call: Callable[[], Any]) -> Any:
        """Call the strategy and wait for it, without ever being tied to its fate."""
        if self._running is not None and not self._running.done():
            await asyncio.wait([self._running], timeout=GRACE_S)
            if not self._running.done():
                raise StrategyError("the strategy is still busy with an earlier call")
        if inspect.iscoroutinefunction(_code(self._strategy, callback)):
            return await self._wait_for(_run_in_loop(call))
        result = await self._wait_for(_run_in_thread(call))
        if inspect.isawaitable(result):
            # A plain callback may return an awaitable; it belongs to this loop, not to the thread.
            return await self._wait_for(_run_in_loop(lambda: result))
        return result

    async def _wait_for(self, running: asyncio.Future[Any]) -> Any:
        self._running = running
        try:
            # Waiting for it, unlike awaiting it, ends when we are cancelled even if it refuses to be.
            await asyncio.wait([running])
        except asyncio.CancelledError:
            if isinstance(running, asyncio.Task):
                running.cancel()
            raise
        if running.cancelled():
            raise StrategyError("the strategy cancelled itself")
        return running.result()

    def _only_thinks(self, view: Question) -> bool:
        return all(_is_own_thought(_code(self._strategy, callback)) for callback in _callbacks(view))

    def _call(self, view: Question) -> Callable[[], Any]:
        if isinstance(view, RaiseView):
            return lambda: answer_raise(self._strategy, view)
        if isinstance(view, ReportView):
            return lambda: answer_report(self._strategy, view)
        if isinstance(view, TypeQuestion):
            return lambda: answer_type(self._strategy, view)
        return lambda: answer_opening(self._strategy, view)


def _callbacks(view: Question) -> tuple[str, ...]:
    match view:
        case RaiseView():
            return ("on_raise",)
        case ReportView():
            return ("report_signal",)
        case OpeningView():
            return ("on_opening",)
        case TypeQuestion():
            wanted = (("report_valuation", view.asks_value), ("report_belief", bool(view.subjects)))
            return tuple(callback for callback, is_asked in wanted if is_asked)


def _is_own_thought(code: object) -> bool:
    """Whether this function is one of ours that only thinks."""
    home = getattr(code, "__module__", None) or ""
    return home.startswith(_OWN_PACKAGES) and not inspect.iscoroutinefunction(code)


def _code(strategy: Strategy, callback: str) -> object:
    """Return the function that a call will really run."""
    if isinstance(strategy, FunctionStrategy) and callback not in ("on_start", "on_opening", "on_outcome"):
        return strategy.function
    return getattr(strategy, callback, None)


def _is_default(strategy: Strategy, callback: str) -> bool:
    return getattr(type(strategy), callback, None) is getattr(Strategy, callback)


def _default(view: Question, failure: str) -> GuardedAnswer:
    if isinstance(view, RaiseView):
        return GuardedAnswer(value=Exit, failure=failure)
    if isinstance(view, OpeningView):
        return GuardedAnswer(value=Open, failure=failure)
    return GuardedAnswer(value=NoAnswer, failure=failure)


def _run_in_loop(call: Callable[[], Any]) -> asyncio.Task[Any]:
    async def run() -> Any:
        return await settle(call())

    task = asyncio.create_task(run())
    # A result that nobody waits for any more, because its time was over, is of no interest.
    task.add_done_callback(_look_at)
    return task


def _run_in_thread(call: Callable[[], Any]) -> asyncio.Future[Any]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    future.add_done_callback(_look_at)

    def finish(result: Any, problem: StrategyError | None) -> None:
        if future.done():
            return
        if problem is not None:
            future.set_exception(problem)
        else:
            future.set_result(result)

    context = contextvars.copy_context()

    def run() -> None:
        result: Any = None
        problem: StrategyError | None = None
        try:
            result = context.run(call)
        except StrategyError as error:
            problem = error
        except BaseException as error:
            # Ctrl-C lands in the main thread, so this is the strategy's own: it ends its answer and not the process.
            problem = StrategyError(describe_failure(error))
        try:
            loop.call_soon_threadsafe(finish, result, problem)
        except RuntimeError:
            # The loop has ended meanwhile: nobody waits for this answer.
            return

    # Not of a pool, whose threads the interpreter waits for when it ends.
    threading.Thread(target=run, name="strategy", daemon=True).start()
    return future


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
