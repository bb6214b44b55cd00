"""Whatever a strategy does, the guard gives one answer, in time, and says why it is not the strategy's."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from bidder_agent.guard import Guard, GuardedAnswer, seconds_left, time_to_think
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.strategies import (
    Exit,
    NoAnswer,
    OutcomeView,
    RaiseView,
    ReportView,
    Seat,
    StartView,
    Stay,
    Strategy,
    load_strategy,
)
from openoutcry.strategies.api import FunctionStrategy

MARKET = Market(
    lot="x",
    currency="USD",
    minor_units=0,
    signal_levels=4,
    groups=("g",),
    bidders=(Bidder(name="ada", group=0, valuation=Linear(constant=0, weights=(1,))),),
)
SEAT = Seat(market=MARKET, bidder=0, signal=2, rng=Random(0))
RAISE = RaiseView(seat=SEAT, level=1, clock=0, price=None, wave=0)
REPORT = ReportView(seat=SEAT, wave=0)
OUTCOME = OutcomeView(seat=SEAT, winner=None, price=0, payment=Fraction(0), utility=None)


async def ask(
    strategy: Strategy, view: RaiseView | ReportView = RAISE, *, limit_s: float = 5.0
) -> GuardedAnswer:
    """Ask as the agent does."""
    guard = Guard(strategy, limit_s=limit_s)
    return guard.answer_at_once(view) or await guard.answer(view)


def raising(error: BaseException) -> Callable[[Any], Any]:
    """Return a strategy function that raises."""

    def answer(view: object) -> object:
        raise error

    return answer


def returning(result: object) -> Callable[[Any], Any]:
    """Return a strategy function that gives this."""
    return lambda view: result


async def never(view: object) -> object:
    """Wait for ever."""
    return await asyncio.Event().wait()


async def stubborn(view: object) -> object:
    """Wait for ever and refuse to be cancelled."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if len(asyncio.all_tasks()) == 1:
                raise


async def cancelling(view: object) -> object:
    """Cancel oneself."""
    raise asyncio.CancelledError


async def exiting(view: object) -> object:
    """Try to end the program."""
    sys.exit(3)


def promising(view: object) -> object:
    """Return something to wait for, for ever."""
    return never(view)


FAILURES: list[tuple[Callable[[Any], Any], str]] = [
    (raising(ValueError("no idea")), "answer raised ValueError: no idea (test_guard.py:"),
    (raising(SystemExit(3)), "SystemExit: 3"),
    (raising(KeyboardInterrupt()), "KeyboardInterrupt"),
    (returning(True), "the answer to a raise was True: return Stay or Exit"),
    (returning(None), "the answer to a raise was None"),
    (returning(2), "the answer to a raise was 2"),
    (never, "no answer within 0.1 s"),
    (cancelling, "the strategy cancelled itself"),
    (exiting, "SystemExit: 3"),
    (promising, "no answer within 0.1 s"),
]


@pytest.mark.parametrize(("function", "failure"), FAILURES)
async def test_failure_becomes_an_exit(function: Callable[[Any], Any], failure: str) -> None:
    """Each way to fail a raise is an exit, with the reason in one line."""
    answer = await ask(FunctionStrategy(function), limit_s=0.1 if "0.1" in failure else 5.0)
    assert answer.value is Exit
    assert failure in answer.failure
    assert "\n" not in answer.failure


@pytest.mark.parametrize("result", [-1, 4, None, Stay, "2"])
async def test_failure_withholds_a_report(result: object) -> None:
    """What is no signal of this market is not reported at all."""
    answer = await ask(FunctionStrategy(returning(result)), REPORT)
    assert (answer.value, answer.failure != "") == (NoAnswer, True)


async def test_strategy_that_refuses_to_be_cancelled_stalls_nobody() -> None:
    """A callback that swallows its cancellation costs one answer and one more, and no time."""
    guard = Guard(FunctionStrategy(stubborn), limit_s=0.05)
    first = await guard.answer(RAISE)
    second = await guard.answer(RAISE)
    assert (first.value, second.value) == (Exit, Exit)
    assert first.failure == "no answer within 0.05 s"
    guard.close()


async def test_blocking_callback_stalls_nobody() -> None:
    """A plain callback that blocks runs beside the loop; its next question does not run beside it."""
    release = threading.Event()
    calls = []

    def block(view: object) -> object:
        calls.append(view)
        release.wait(20)
        return Stay

    guard = Guard(FunctionStrategy(block), limit_s=0.3)
    assert (await guard.answer(RAISE)).failure == "no answer within 0.3 s"
    assert (await guard.answer(RAISE)).failure == "the strategy is still busy with an earlier call"
    assert len(calls) == 1
    release.set()


@pytest.mark.parametrize("name", ["truthful", "shade:levels=1", "random", "silent"])
async def test_built_in_strategies_answer_at_once(name: str) -> None:
    """What only thinks is called as it is: no task, no thread."""
    guard = Guard(load_strategy(name).make(), limit_s=1.0)
    assert guard.answer_at_once(RAISE) is not None
    assert guard.answer_at_once(REPORT) is not None


@pytest.mark.parametrize("function", [returning(Stay), never])
async def test_other_strategies_never_run_in_the_way(function: Callable[[Any], Any]) -> None:
    """What somebody else wrote is never called from the stream's own task."""
    assert Guard(FunctionStrategy(function), limit_s=1.0).answer_at_once(RAISE) is None


async def test_good_answers_pass() -> None:
    """Plain and async callbacks, and plain ones that return an awaitable, are all answers."""

    async def stay(view: object) -> object:
        return Stay

    def promise(view: object) -> object:
        return stay(view)

    for function in (returning(Stay), stay, promise):
        assert await ask(FunctionStrategy(function)) == GuardedAnswer(value=Stay)
    assert await ask(FunctionStrategy(returning(3)), REPORT) == GuardedAnswer(value=3)


async def test_questions_wait_for_the_start() -> None:
    """A question that comes while on_start still runs is put after it; two callbacks never run at once."""
    order = []
    ready = asyncio.Event()

    class Preparing(Strategy):
        async def on_start(self, view: StartView) -> None:
            await ready.wait()
            order.append("started")

        async def on_raise(self, view: RaiseView) -> Any:
            order.append("asked")
            return Stay

    guard = Guard(Preparing(), limit_s=5.0)
    starting = guard.start(StartView(seat=SEAT))
    assert starting is not None
    asking = asyncio.create_task(guard.answer(RAISE))
    ready.set()
    assert (await asking, await starting) == (GuardedAnswer(value=Stay), "")
    assert order == ["started", "asked"]


async def test_failures_around_the_questions_are_told() -> None:
    """on_start and on_outcome may fail; the reason comes back and the questions go on."""

    class Clumsy(Strategy):
        def on_start(self, view: StartView) -> None:
            raise ValueError("first")

        async def on_outcome(self, view: OutcomeView) -> None:
            raise ValueError("last")

    guard = Guard(Clumsy(), limit_s=5.0)
    starting = guard.start(StartView(seat=SEAT))
    assert starting is not None
    assert "ValueError: first" in await starting
    assert (await guard.answer(RAISE)).value is Stay
    assert "ValueError: last" in await guard.finish(OUTCOME)


async def test_defaults_cost_nothing() -> None:
    """A strategy without on_start and on_outcome is not troubled with them."""
    guard = Guard(Strategy(), limit_s=5.0)
    assert guard.start(StartView(seat=SEAT)) is None
    assert await guard.finish(OUTCOME) == ""


async def test_time_left_is_shown_to_callbacks() -> None:
    """A callback can see how long it has, in the loop and beside it; outside of a question there is no limit."""
    seen: list[float] = []

    def look(view: object) -> object:
        seen.append(seconds_left() or 0.0)
        return Stay

    async def look_in_loop(view: object) -> object:
        return look(view)

    for function in (look, look_in_loop):
        await Guard(FunctionStrategy(function), limit_s=5.0).answer(RAISE)
    assert seconds_left() is None
    assert [0 < left <= 5.0 for left in seen] == [True, True]


@pytest.mark.parametrize(("answer_ms", "seconds"), [(1000, 0.9), (5000, 4.5), (60_000, 59.0), (1, 0.0009)])
def test_margin_is_a_tenth_and_at_most_a_second(answer_ms: int, seconds: float) -> None:
    """A strategy gets most of the time; the rest is for the way back."""
    assert time_to_think(answer_ms) == pytest.approx(seconds)
