"""The conformance kit passes what is good, and each of its checks can fail."""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import threading
from functools import partial
from typing import Any, ClassVar

import pytest

from bidder_agent.conformance import Verdict, check_strategy
from bidder_agent.conformance.scripts import Kind, climb, make_script
from bidder_agent.conformance.type_scripts import make_type_script
from openoutcry.errors import ConfigurationError
from openoutcry.strategies import (
    Belief,
    BeliefView,
    Exit,
    OpeningView,
    RaiseView,
    ReportView,
    StartView,
    Stay,
    Strategy,
    StrategyFactory,
    ValuationView,
    load_strategy,
)


def factory(strategy: type[Strategy]) -> StrategyFactory:
    """Make a factory as a name would."""
    return StrategyFactory(name="mine", deterministic=strategy.deterministic, constructor=strategy)


def verdicts(strategy: type[Strategy], **options: Any) -> dict[str, Verdict]:
    """Check a strategy and map each check to its verdict."""
    checks = check_strategy(factory(strategy), markets=10, **options)
    return {check.name: check.verdict for check in checks}


class WrongAnswer(Strategy):
    def on_raise(self, view: RaiseView) -> Any:
        return view.level <= view.signal


class WrongSignal(Strategy):
    def report_signal(self, view: ReportView) -> Any:
        return view.signal_levels


class Failing(Strategy):
    def on_raise(self, view: RaiseView) -> Any:
        raise ZeroDivisionError


class Quitting(Strategy):
    def on_raise(self, view: RaiseView) -> Any:
        sys.exit(1)


class FailingStart(Strategy):
    def on_start(self, view: StartView) -> None:
        raise ValueError


class Dicing(Strategy):
    def report_signal(self, view: ReportView) -> Any:
        return random.SystemRandom().randrange(view.signal_levels)


class Sharing(Strategy):
    calls: ClassVar[Any] = itertools.count()
    made = 0

    def __init__(self) -> None:
        type(self).calls = itertools.count()

    def report_signal(self, view: ReportView) -> Any:
        return next(type(self).calls) % view.signal_levels


class Lying(Strategy):
    deterministic: ClassVar[bool] = True

    def on_raise(self, view: RaiseView) -> Any:
        return Stay if view.rng.random() < 0.5 else Exit


class Hanging(Strategy):
    def on_raise(self, view: RaiseView) -> Any:
        threading.Event().wait()


class Hesitating(Strategy):
    async def on_raise(self, view: RaiseView) -> Any:
        await asyncio.sleep(0.002)
        return super().on_raise(view)


@pytest.mark.parametrize("name", ["truthful", "shade:levels=1", "overstay", "random"])
def test_good_strategies_pass(name: str) -> None:
    """The built-in strategies pass every check."""
    checks = check_strategy(load_strategy(name), markets=20)
    assert [check.name for check in checks if check.verdict is not Verdict.GOOD] == []
    assert [check.name for check in checks] == [
        "protocol",
        "callbacks",
        "determinism",
        "independence",
        "promise",
        "speed",
    ]


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        (WrongAnswer, "protocol"),
        (WrongSignal, "protocol"),
        (Failing, "protocol"),
        (Quitting, "protocol"),
        (FailingStart, "callbacks"),
        (Dicing, "determinism"),
        (Sharing, "independence"),
        (Lying, "promise"),
    ],
)
def test_each_check_can_fail(strategy: type[Strategy], name: str) -> None:
    """A strategy that breaks one rule fails the check of that rule."""
    assert verdicts(strategy)[name] is Verdict.BAD


def test_strategy_that_never_answers_is_found() -> None:
    """A strategy that blocks is a finding, not a hang."""
    assert verdicts(Hanging, limit_s=0.2)["protocol"] is Verdict.BAD


def test_silence_and_slowness_are_warned_of() -> None:
    """What is allowed and costs something is said."""
    assert check_strategy(load_strategy("silent"), markets=2)[0].verdict is Verdict.WARNING
    assert verdicts(Hesitating, answer_ms=1)["speed"] is Verdict.WARNING
    assert verdicts(Hesitating)["speed"] is Verdict.GOOD


@pytest.mark.parametrize("name", ["crash", "human"])
def test_strategies_that_kill_or_ask_are_not_played(name: str) -> None:
    """A check neither ends the program nor troubles a person."""
    with pytest.raises(ConfigurationError, match="there is nothing to check"):
        check_strategy(StrategyFactory(name=name, deterministic=False, constructor=partial(Strategy)))


def test_scripts_are_made_from_their_number() -> None:
    """The same number makes the same market, and every question of a script is one that a session can ask."""
    for number in range(50):
        script = make_script(number)
        assert script == make_script(number)
        levels = script.market.signal_levels
        for is_offer in (False, True):
            asked = [view.level for view in climb(script.seat(), script=script, is_offer=is_offer)]
            assert asked == list(range(1, (script.target if is_offer else levels - 1) + 1))


class ForClocks(Strategy):
    def on_raise(self, view: RaiseView) -> Any:
        return Stay if view.level <= view.signal else Exit


class ForTypes(Strategy):
    def on_raise(self, view: RaiseView) -> Any:
        return Stay if view.asking_price <= view.value else Exit

    def report_valuation(self, view: ValuationView) -> Any:
        return view.value


class WrongValue(Strategy):
    def report_valuation(self, view: ValuationView) -> Any:
        return -1


class WrongSubjects(Strategy):
    def report_belief(self, view: BeliefView) -> Any:
        return Belief.uniform(view.knowledge.market, view.subjects[1:])


class WrongOpening(Strategy):
    def on_opening(self, view: OpeningView) -> Any:
        return True


@pytest.mark.parametrize("strategy", [WrongValue, WrongSubjects, WrongOpening])
def test_callbacks_of_markets_of_types_are_checked(strategy: type[Strategy]) -> None:
    """A wrong value, belief or opening is found as a wrong decision is."""
    assert verdicts(strategy)["protocol"] is Verdict.BAD


def test_what_a_strategy_is_not_made_for_is_told_and_not_held_against_it() -> None:
    """One that speaks of signals need not name prices, nor the other way round."""
    for strategy, told in (
        (ForClocks, "not made for prices, rising and posted"),
        (ForTypes, "not made for signals, clock and sealed"),
    ):
        checks = check_strategy(factory(strategy), markets=8)
        assert [check.name for check in checks if check.verdict is not Verdict.GOOD] == []
        assert checks[0].detail.endswith(told)


@pytest.mark.parametrize(
    "name",
    [
        "shade-value:share=1/3",
        "overconfident",
        "ignorant",
        "public-belief",
        "contradictory",
        "withhold-opening",
        "wrong-opening",
    ],
)
def test_strategies_for_types_pass(name: str) -> None:
    """Every built-in strategy gives allowed answers in every environment, deviations included."""
    checks = check_strategy(load_strategy(name), markets=12)
    assert [check for check in checks if check.verdict is Verdict.BAD] == []


class ForNumbers(Strategy):
    def report_valuation(self, view: ValuationView) -> Any:
        return max(value for value in view.types if value <= view.value)


def test_failing_where_bidders_want_several_things_is_warned_of() -> None:
    """Values by bundle are no numbers; whoever is made for numbers may still play elsewhere."""
    check = check_strategy(factory(ForNumbers), markets=8)[0]
    assert check.verdict is Verdict.WARNING
    assert check.detail.startswith("fails where bidders want several things: ForNumbers.report_valuation")


@pytest.mark.parametrize("kind", [Kind.REPORTS, Kind.PRICES, Kind.BUNDLES])
def test_type_scripts_are_made_from_their_number(kind: Kind) -> None:
    """The same number makes the same seat, and a kind comes with every environment that it can be asked in."""
    scripts = [make_type_script(number, kind) for number in range(20)]
    assert scripts == [make_type_script(number, kind) for number in range(20)]
    seen = {script.market.environment.kind for script in scripts}
    bundles, single = {"unit-demand", "bundles"}, {"single-good", "identical-units"}
    assert seen == (bundles if kind is Kind.BUNDLES else single)
