"""The checks: protocol, callbacks, determinism, independence, promise, speed; each with one line that teaches.

A strategy is played in random small markets, outside of any auction, on a thread of its own with a limit to the
whole: one that never comes back is a finding and not a hang. Markets are of signals and of types; what a strategy is
not made for, because it asks its view for what only the other kind of market has, is told and not held against it.
Refused: strategies that kill or ask.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from random import Random
from typing import Any

from bidder_agent.conformance.scripts import Kind, Script, make_script, start_view
from bidder_agent.conformance.type_scripts import make_type_script
from bidder_agent.guard import Question
from openoutcry.errors import ConfigurationError, StrategyError
from openoutcry.strategies import (
    AnySeat,
    Exit,
    NoAnswer,
    OpeningView,
    RaiseView,
    ReportView,
    Strategy,
    StrategyFactory,
    WrongMarket,
    answer_opening,
    answer_raise,
    answer_report,
    answer_type,
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
        markets: In how many random markets of each kind, at least 1.
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
    timing = Timing()
    scripts: list[Script] = []
    checks: list[Check] = []
    for name, work in (
        ("protocol", lambda: _check_protocol(factory, _make_scripts(markets), timing, scripts)),
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


def _make_scripts(markets: int) -> list[Script]:
    """Return scripts of every kind, those of one kind together."""
    numbers = range(markets)
    return [
        *(make_script(number) for number in numbers),
        *(make_type_script(number, Kind.REPORTS) for number in numbers),
        *(make_type_script(number, Kind.PRICES) for number in numbers),
        *(make_type_script(number, Kind.BUNDLES) for number in numbers),
    ]


async def _check_protocol(
    factory: StrategyFactory, scripts: Iterable[Script], timing: Timing, playable: list[Script]
) -> Check:
    """Play everything once, and note in `playable` the scripts of the kinds that the strategy is made for."""
    questions = silences = 0
    fails = ""
    passed_over: dict[Kind, str] = {}
    for script in scripts:
        if script.kind in passed_over:
            continue
        try:
            answers = await _play(factory.make, script, timing=timing)
        except StrategyError as problem:
            if isinstance(problem.__cause__, WrongMarket):
                passed_over[script.kind] = str(problem)
                continue
            failure = f"{problem} [{script.describe()}]"
            if script.kind is Kind.BUNDLES and playable:
                # Many are made for bidders who want one thing; it costs something only where they do not.
                fails = passed_over[script.kind] = failure
                continue
            raise StrategyError(failure) from problem
        playable.append(script)
        questions += len(answers)
        silences += answers.count(_show(NoAnswer))
    playable[:] = [script for script in playable if script.kind not in passed_over]
    played = list(dict.fromkeys(script.kind.value for script in playable))
    if not played:
        raise StrategyError(f"it can play no kind of market: {next(iter(passed_over.values()))}")
    if silences:
        detail = f"no answer to {silences} of {questions} questions: silence is recorded against the bidder"
        return Check(name="protocol", verdict=Verdict.WARNING, detail=detail)
    if fails:
        detail = f"fails where bidders want several things: {fails}"
        return Check(name="protocol", verdict=Verdict.WARNING, detail=detail)
    detail = f"{questions} questions, each answered as allowed: {'; '.join(played)}"
    if passed_over:
        detail += f"; not made for {'; '.join(kind.value for kind in passed_over)}"
    return Check(name="protocol", verdict=Verdict.GOOD, detail=detail)


async def _check_callbacks(factory: StrategyFactory, scripts: Iterable[Script]) -> Check:
    for script in scripts:
        strategy, seat = factory.make(), script.seat()
        await settle(notify_start(strategy, start_view(seat)))
        await settle(notify_outcome(strategy, script.outcome(seat)))
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
    for views in script.rounds(seat):
        for view in views:
            asked = make() if is_forgetful else strategy
            answer = await timing.measure(partial(_ask, asked, view))
            answers.append(_show(answer))
            if answer is Exit:
                break
    return tuple(answers)


def _ask(strategy: Strategy, view: Question) -> object:
    """Put one question; the answer or an awaitable of it."""
    match view:
        case RaiseView():
            return answer_raise(strategy, view)
        case ReportView():
            return answer_report(strategy, view)
        case OpeningView():
            return answer_opening(strategy, view)
        case _:
            return answer_type(strategy, view)


async def _play_side_by_side(instances: tuple[Strategy, Strategy], script: Script) -> tuple[Answers, Answers]:
    """Put each question to one instance, then to the other."""
    seats = (script.seat(), script.seat())
    answers: tuple[list[str], list[str]] = ([], [])
    for rounds in zip(*(script.rounds(seat) for seat in seats), strict=True):
        has_exited = [False, False]
        for views in zip(*rounds, strict=True):
            for player, view in enumerate(views):
                if not has_exited[player]:
                    answer = await settle(_ask(instances[player], view))
                    answers[player].append(_show(answer))
                    has_exited[player] = answer is Exit
    return tuple(answers[0]), tuple(answers[1])


def _refuse_shared(strategy: Strategy, make: Callable[[], Strategy]) -> None:
    if not isinstance(strategy, FunctionStrategy) and make() is strategy:
        raise StrategyError("the factory gives the same instance twice: each bidder needs its own")


def _with_rng(seat: AnySeat, rng: Random) -> AnySeat:
    return replace(seat, rng=rng)


def _show(answer: object) -> str:
    return str(answer)
