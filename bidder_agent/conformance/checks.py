"""The checks: protocol, callbacks, determinism, independence, promise, speed; each with one line that teaches.

A strategy is played in random small markets, outside of any auction, on a thread of its own with a limit to the
whole: one that never comes back is a finding and not a hang. Refused: strategies that kill or ask.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

from bidder_agent.conformance.scripts import Script, climb, make_script, outcome_view, report_view, start_view
from openoutcry.errors import ConfigurationError, StrategyError
from openoutcry.strategies import (
    Exit,
    NoAnswer,
    Seat,
    Strategy,
    StrategyFactory,
    answer_raise,
    answer_report,
    notify_outcome,
    notify_start,
    settle,
)
from openoutcry.strategies.api import FunctionStrategy
from openoutcry.strategies.naming import parse_strategy_name
from openoutcry.strategies.registry import RESERVED

UNCHECKABLE = ("crash", "human")
"""Playing these for a check would end the program, or trouble a person with forty markets."""

DEFAULT_MARKETS = 40
DEFAULT_LIMIT_S = 60.0
DEFAULT_ANSWER_MS = 5000


class Verdict(Enum):
    """The answer of one check."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "BAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and its answer, with a line for a person."""

    name: str
    verdict: Verdict
    detail: str


Answers = tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Timing:
    """How long decisions took, microseconds each."""

    microseconds: list[float] = field(default_factory=list)

    async def measure(self, call: Callable[[], Any]) -> Any:
        """Make a call, wait for its result and note how long it took."""
        begin = time.perf_counter()
        result = await settle(call())
        self.microseconds.append((time.perf_counter() - begin) * 1e6)
        return result


def check_strategy(
    factory: StrategyFactory,
    *,
    markets: int = DEFAULT_MARKETS,
    answer_ms: int = DEFAULT_ANSWER_MS,
    limit_s: float = DEFAULT_LIMIT_S,
) -> tuple[Check, ...]:
    """Check a strategy.

    Args:
        factory: Makes it.
        markets: In how many random markets, at least 1.
        answer_ms: Time to answer against which its speed is held, milliseconds.
        limit_s: Seconds for each check.

    Returns:
        The checks in order; those that cannot be made after a failure are left out.

    Raises:
        ConfigurationError: The strategy acts in the world and must not be played for a check.
    """
    parsed = parse_strategy_name(factory.name)
    if parsed.kind == "name" and parsed.target in UNCHECKABLE:
        raise ConfigurationError(
            f"strategy {factory.name!r} {RESERVED[parsed.target]}: there is nothing to check"
        )
    scripts = [make_script(number) for number in range(markets)]
    timing = Timing()
    checks: list[Check] = []
    for name, work in (
        ("protocol", lambda: _check_protocol(factory, scripts, timing)),
        ("callbacks", lambda: _check_callbacks(factory, scripts)),
        ("determinism", lambda: _check_determinism(factory, scripts)),
        ("independence", lambda: _check_independence(factory, scripts)),
        ("promise", lambda: _check_promise(factory, scripts)),
    ):
        check = _run(name, work, limit_s)
        checks.append(check)
        if check.verdict is Verdict.BAD and name == "protocol":
            break
    if timing.microseconds:
        checks.append(_judge_speed(timing, answer_ms))
    return tuple(checks)


def _run(name: str, work: Callable[[], Coroutine[Any, Any, Check]], limit_s: float) -> Check:
    """Run one check on a thread and an event loop of its own."""
    found: list[Check] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work()))
        except StrategyError as problem:
            found.append(Check(name=name, verdict=Verdict.BAD, detail=str(problem)))
        except BaseException as problem:
            # SystemExit from a strategy, which would end this program.
            detail = f"the strategy raised {type(problem).__name__}: it must answer, whatever happens"
            found.append(Check(name=name, verdict=Verdict.BAD, detail=detail))

    thread = threading.Thread(target=run, name=f"check {name}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if not found:
        detail = f"was not done after {limit_s:g} s: does it wait or loop? --markets 1 asks less"
        return Check(name=name, verdict=Verdict.BAD, detail=detail)
    return found[0]


async def _check_protocol(factory: StrategyFactory, scripts: Iterable[Script], timing: Timing) -> Check:
    questions = silences = 0
    for script in scripts:
        try:
            answers = await _play(factory.make, script, timing=timing)
        except StrategyError as problem:
            raise StrategyError(f"{problem} [{script.describe()}]") from problem
        questions += len(answers)
        silences += answers.count(_show(NoAnswer))
    if silences:
        detail = f"no answer to {silences} of {questions} questions: silence is recorded against the bidder"
        return Check(name="protocol", verdict=Verdict.WARNING, detail=detail)
    detail = f"{questions} questions, clock and sealed, each answered as allowed"
    return Check(name="protocol", verdict=Verdict.GOOD, detail=detail)


async def _check_callbacks(factory: StrategyFactory, scripts: Iterable[Script]) -> Check:
    for script in scripts:
        strategy, seat = factory.make(), script.seat()
        await settle(notify_start(strategy, start_view(seat)))
        await settle(notify_outcome(strategy, outcome_view(seat, price=script.price)))
    return Check(name="callbacks", verdict=Verdict.GOOD, detail="on_start and on_outcome come to an end")


async def _check_determinism(factory: StrategyFactory, scripts: Iterable[Script]) -> Check:
    for script in scripts:
        if await _play(factory.make, script) != await _play(factory.make, script):
            raise StrategyError(
                f"two runs with the same seed answered differently [{script.describe()}]: draw from view.rng, "
                "and not from the random module, the clock or a set's order"
            )
    return Check(name="determinism", verdict=Verdict.GOOD, detail="the same seed gives the same answers")


async def _check_independence(factory: StrategyFactory, scripts: Iterable[Script]) -> Check:
    for script in scripts:
        alone = await _play(factory.make, script)
        instances = (factory.make(), factory.make())
        if await _play_side_by_side(instances, script) != (alone, alone):
            raise StrategyError(
                f"two instances side by side answered otherwise than one alone [{script.describe()}]: keep state "
                "on self, and not on the class, in the module or in a default argument"
            )
    return Check(name="independence", verdict=Verdict.GOOD, detail="two instances do not disturb each other")


async def _check_promise(factory: StrategyFactory, scripts: Iterable[Script]) -> Check:
    if not factory.deterministic:
        detail = "deterministic is not declared: exact expectations cannot be computed for it"
        return Check(name="promise", verdict=Verdict.GOOD, detail=detail)
    for script in scripts:
        usual = await _play(factory.make, script)
        # Another generator, and a new instance for each question: neither may make a difference.
        if await _play(factory.make, script, rng=Random(1), is_forgetful=True) != usual:
            raise StrategyError(
                f"deterministic is declared, but an answer depends on memory or draws [{script.describe()}]"
            )
    return Check(name="promise", verdict=Verdict.GOOD, detail="answers depend on the view alone, as declared")


def _judge_speed(timing: Timing, answer_ms: int) -> Check:
    middle, slowest = statistics.median(timing.microseconds), max(timing.microseconds)
    detail = f"{middle:.1f} microseconds a decision, the slowest {slowest:.0f}"
    if slowest > answer_ms * 1000:
        detail += f": more than the {answer_ms} ms there are, so it would exit by default"
        return Check(name="speed", verdict=Verdict.WARNING, detail=detail)
    return Check(name="speed", verdict=Verdict.GOOD, detail=detail)


async def _play(
    make: Callable[[], Strategy],
    script: Script,
    *,
    timing: Timing | None = None,
    rng: Random | None = None,
    is_forgetful: bool = False,
) -> Answers:
    """Return every answer to a script, as text."""
    timing = timing or Timing()
    seat = script.seat() if rng is None else _with_rng(script.seat(), rng)
    strategy = make()
    _refuse_shared(strategy, make)
    answers: list[str] = []
    for is_offer in (False, True):
        for view in climb(seat, script=script, is_offer=is_offer):
            asked = make() if is_forgetful else strategy
            answer = await timing.measure(lambda asked=asked, view=view: answer_raise(asked, view))  # type: ignore[misc]
            answers.append(_show(answer))
            if answer is Exit:
                break
    asked = make() if is_forgetful else strategy
    answers.append(_show(await timing.measure(lambda: answer_report(asked, report_view(seat)))))
    return tuple(answers)


async def _play_side_by_side(instances: tuple[Strategy, Strategy], script: Script) -> tuple[Answers, Answers]:
    """Put each question to one instance, then to the other."""
    seats = (script.seat(), script.seat())
    answers: tuple[list[str], list[str]] = ([], [])
    for is_offer in (False, True):
        climbs = [climb(seat, script=script, is_offer=is_offer) for seat in seats]
        has_exited = [False, False]
        for views in zip(*climbs, strict=True):
            for player, view in enumerate(views):
                if not has_exited[player]:
                    answer = await settle(answer_raise(instances[player], view))
                    answers[player].append(_show(answer))
                    has_exited[player] = answer is Exit
    for player, seat in enumerate(seats):
        answers[player].append(_show(await settle(answer_report(instances[player], report_view(seat)))))
    return tuple(answers[0]), tuple(answers[1])


def _refuse_shared(strategy: Strategy, make: Callable[[], Strategy]) -> None:
    if not isinstance(strategy, FunctionStrategy) and make() is strategy:
        raise StrategyError("the factory gives the same instance twice: each bidder needs its own")


def _with_rng(seat: Seat, rng: Random) -> Seat:
    return Seat(market=seat.market, bidder=seat.bidder, signal=seat.signal, rng=rng)


def _show(answer: object) -> str:
    return str(answer)
