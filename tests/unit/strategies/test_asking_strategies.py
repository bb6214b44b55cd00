"""The one caller: checked answers, failures in one line, and no event loop where there is none."""

from __future__ import annotations

import asyncio

import pytest

from openoutcry.errors import StrategyError
from openoutcry.strategies import (
    Exit,
    NoAnswer,
    StartView,
    Stay,
    Strategy,
    answer_raise,
    answer_report,
    check_decision,
    check_signal,
    notify_start,
    run_sync,
    settle,
)
from openoutcry.strategies.api import FunctionStrategy
from openoutcry.strategies.loading import StrategyFactory


class Waiting(Strategy):
    """Waits for the event loop before it answers."""

    async def on_raise(self, view):
        await asyncio.sleep(0)
        return Exit

    async def report_signal(self, view):
        await asyncio.sleep(0.001)
        return 1


class Computing(Strategy):
    """Is async but never waits."""

    async def on_raise(self, view):
        return Exit

    async def report_signal(self, view):
        return 3


class Failing(Strategy):
    """Raises in every callback."""

    def on_start(self, view):
        raise KeyError("prior")

    def on_raise(self, view):
        return 1 // 0

    async def report_signal(self, view):
        raise ValueError("two\nlines")


def test_a_strategy_without_callbacks_is_truthful(raise_to, report_of):
    """Callbacks that are left out answer truthfully."""
    answers = [answer_raise(Strategy(), raise_to(level)) for level in (1, 2, 3)]
    assert answers == [Stay, Stay, Exit]
    assert answer_report(Strategy(), report_of()) == 2


def test_an_async_callback_that_only_computes_runs_without_an_event_loop(raise_to, report_of):
    """run_sync steps a coroutine that never suspends to its end."""
    assert run_sync(answer_raise(Computing(), raise_to(1))) is Exit
    assert run_sync(answer_report(Computing(), report_of())) == 3


@pytest.mark.parametrize("question", ["raise", "report"])
def test_a_callback_that_would_wait_is_refused_without_an_event_loop(raise_to, report_of, question):
    """The message says where such a strategy can run; both a suspension and a timer are found."""
    strategy = Waiting()
    answer = (
        answer_raise(strategy, raise_to(1)) if question == "raise" else answer_report(strategy, report_of())
    )
    with pytest.raises(StrategyError, match="waits for the outside world; run it in an agent process"):
        run_sync(answer)


async def test_a_callback_that_would_wait_is_refused_inside_an_event_loop_too(report_of):
    """A simulation inside a notebook has a loop around it that it must not use."""
    with pytest.raises(StrategyError, match="run it in an agent process"):
        run_sync(answer_report(Waiting(), report_of()))


async def test_a_callback_may_wait_in_an_agent_process(raise_to, report_of):
    """Settle awaits what is awaitable and passes plain answers on."""
    assert await settle(answer_raise(Waiting(), raise_to(1))) is Exit
    assert await settle(answer_report(Waiting(), report_of())) == 1
    assert await settle(answer_raise(Strategy(), raise_to(1))) is Stay


def test_an_exception_names_callback_class_and_line(raise_to, make_seat):
    """The user's exception becomes one line without a traceback."""
    with pytest.raises(StrategyError) as caught:
        answer_raise(Failing(), raise_to(1))
    text = str(caught.value)
    assert text.startswith("Failing.on_raise raised ZeroDivisionError: ")
    assert "(test_asking_strategies.py:" in text
    with pytest.raises(StrategyError, match=r"Failing\.on_start raised KeyError: 'prior'"):
        notify_start(Failing(), StartView(seat=make_seat()))


def test_an_exception_of_an_async_callback_is_one_line_too(report_of):
    """Newlines of the user's message do not reach the log."""
    with pytest.raises(StrategyError, match=r"Failing\.report_signal raised ValueError: two lines \("):
        run_sync(answer_report(Failing(), report_of()))


class Leaving(Strategy):
    """Tries to end the program, or the work around it."""

    def __init__(self, how):
        self.how = how

    def on_raise(self, view):
        raise self.how

    async def report_signal(self, view):
        raise self.how


@pytest.mark.parametrize("how", [SystemExit(0), asyncio.CancelledError(), GeneratorExit()])
def test_a_strategy_that_would_end_the_program_has_failed(how, raise_to, report_of):
    """Neither exit() nor a cancellation of its own making gets out of a callback: it is a failure like any other."""
    name = type(how).__name__
    with pytest.raises(
        StrategyError, match=rf"^Leaving\.on_raise raised {name}.*test_asking_strategies\.py:"
    ):
        answer_raise(Leaving(how), raise_to(1))
    with pytest.raises(StrategyError, match=rf"raised {name}.*test_asking_strategies\.py:"):
        run_sync(answer_report(Leaving(how), report_of()))


def test_ctrl_c_is_no_failure_of_the_strategy_in_which_it_lands(raise_to, report_of):
    """Whoever presses it wants the program to end, and not this bidder to exit."""
    with pytest.raises(KeyboardInterrupt):
        answer_raise(Leaving(KeyboardInterrupt()), raise_to(1))
    with pytest.raises(KeyboardInterrupt):
        run_sync(answer_report(Leaving(KeyboardInterrupt()), report_of()))


def test_a_constructor_that_calls_exit_has_failed():
    """The factory names the strategy, as it does for any exception."""

    def leave():
        raise SystemExit("bye")

    factory = StrategyFactory(name="leave", deterministic=True, constructor=leave)
    with pytest.raises(StrategyError, match=r"^strategy 'leave' cannot be made: SystemExit: bye"):
        factory.make()


def test_a_plain_function_answers_every_question(raise_to, report_of):
    """A function sees the view of each question; its name stands in messages."""

    def cautious(view):
        return 1 if not hasattr(view, "level") else (Stay if view.level <= 1 else Exit)

    strategy = FunctionStrategy(cautious)
    assert [answer_raise(strategy, raise_to(level)) for level in (1, 2)] == [Stay, Exit]
    assert answer_report(strategy, report_of()) == 1

    def broken(view):
        raise RuntimeError("no")

    with pytest.raises(StrategyError, match=r"^broken raised RuntimeError: no"):
        answer_raise(FunctionStrategy(broken), raise_to(1))


def test_decisions_pass_the_check():
    """Stay, Exit and the wish to stay silent are answers to a raise."""
    assert [check_decision(answer) for answer in (Stay, Exit, NoAnswer)] == [Stay, Exit, NoAnswer]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (None, "is there a path without `return Stay`"),
        (True, "was True: return Stay or Exit"),
        ("stay", "was 'stay': return Stay or Exit"),
        (2, "was 2: return Stay or Exit"),
        ("x" * 1000, r"x\.\.\.: return Stay or Exit"),
    ],
)
def test_other_answers_to_a_raise_are_refused_with_advice(result, reason):
    """A wrong answer teaches what a right one is."""
    with pytest.raises(StrategyError, match=reason):
        check_decision(result)


def test_signals_pass_the_check():
    """Every signal value and silence are answers to a report."""
    assert [check_signal(answer, 3) for answer in (0, 1, 2, NoAnswer)] == [0, 1, 2, NoAnswer]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (3, r"was 3: signals are 0\.\.2"),
        (-1, r"was -1: signals are 0\.\.2"),
        (True, r"was True: return an integer, 0\.\.2"),
        (1.0, r"was 1\.0: return an integer"),
        (None, "is there a path without `return`"),
        (Stay, "return an integer"),
    ],
)
def test_other_reports_are_refused_with_advice(result, reason):
    """A wrong report teaches what a right one is."""
    with pytest.raises(StrategyError, match=reason):
        check_signal(result, 3)
