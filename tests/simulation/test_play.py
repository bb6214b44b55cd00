"""In-process play: outcomes, strategies in every form, their failures, and seeds."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

import pytest

from openoutcry.errors import ConfigurationError, StrategyError, UsageError
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario import loads
from openoutcry.simulation import Auction, play, play_scenario, read_seed
from openoutcry.strategies import (
    Exit,
    NoAnswer,
    OutcomeView,
    RaiseView,
    StartView,
    Stay,
    Strategy,
    load_strategy,
)
from tests.simulation.markets import NAMES, make_market, make_specification

SIGNALS = (2, 1, 0, 2)
UNIFORM = Auction(make_market(), "uniform-clock")
SEALED = Auction(make_market(), "uniform-clock", {"form": "sealed"})


class Boom(Strategy):
    def on_raise(self, view):
        raise ValueError("boom")

    def report_signal(self, view):
        return 99


class Listener(Strategy):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def on_start(self, view: StartView) -> None:
        self.heard.append(view)

    def on_outcome(self, view: OutcomeView) -> None:
        self.heard.append(view)


def stay(view):
    """Stay for ever, report the highest signal."""
    return Stay if isinstance(view, RaiseView) else view.signal_levels - 1


def test_the_uniform_clock_sells_to_the_highest_signal() -> None:
    """Of two highest signals the earlier one wins; price, welfare and utilities are those of the true signals."""
    result = UNIFORM.play(SIGNALS, seed="any")
    market = make_market()
    sums = market.sums(SIGNALS)
    assert (result.winner, result.winner == result.names[0]) == ("ada", True)
    assert result.welfare == market.value(0, sums)
    assert result.optimum == market.optimum(SIGNALS)[1]
    assert result.price == market.value(0, sums)
    assert result.payments == (Fraction(result.price), *[Fraction(0)] * 3)
    assert result.utilities == (Fraction(0),) * 4
    assert result.revenue == result.price
    assert (result.clocks[0], result.draws, result.defaults) == (2, (), ())


def test_the_sealed_form_reports() -> None:
    """Reports are kept, clocks stay at 0, and the outcome is that of the clock form."""
    result = SEALED.play(SIGNALS, seed="any")
    clock = UNIFORM.play(SIGNALS, seed="any")
    assert (result.reports, result.clocks) == (SIGNALS, (0, 0, 0, 0))
    assert (result.winner, result.price, result.waves) == (clock.winner, clock.price, 1)


@pytest.mark.parametrize("mechanism", ["uniform-clock", "signal-discovery"])
@pytest.mark.parametrize("form", ["clock", "sealed"])
def test_every_level_and_every_report_is_a_question(mechanism: str, form: str) -> None:
    """As many questions are counted as strategies are asked, refused levels and final offers among them."""
    asked: list[object] = []

    class Noting(Strategy):
        def on_raise(self, view):
            asked.append(view)
            return super().on_raise(view)

        def report_signal(self, view):
            asked.append(view)
            return super().report_signal(view)

    auction = Auction(make_market(), mechanism, {"form": form})
    for seed in map(str, range(10)):
        asked.clear()
        result = auction.play(SIGNALS, seed=seed, strategies=Noting)
        assert result.questions == len(asked) >= result.waves > 0


def test_signal_discovery_draws_from_the_seed() -> None:
    """The same seed gives the same result; other seeds give others, and the draws are those of the seeded chance."""
    auction = Auction(make_market(), "signal-discovery")
    assert auction.play(SIGNALS, seed="one") == auction.play(SIGNALS, seed="one")
    assert len({auction.play(SIGNALS, seed=f"seed {number}").draws for number in range(20)}) > 3
    coin = bytes(range(32))
    group = SeededChance(coin, 4).uniform("signal-discovery/group", 2)
    assert auction.play(SIGNALS, seed=coin).draws[0].result == group


def test_a_text_seed_stands_for_32_bytes() -> None:
    """A text and the bytes that it stands for give the same; other lengths of bytes are refused."""
    auction = Auction(make_market(), "signal-discovery")
    assert auction.play(SIGNALS, seed="one") == auction.play(SIGNALS, seed=read_seed("one"))
    with pytest.raises(UsageError, match="32 bytes"):
        auction.play(SIGNALS, seed=b"short")


@pytest.mark.parametrize(
    "strategies",
    [
        "overstay:levels=9",
        stay,
        [stay, "overstay:levels=9", "overstay:levels=9", load_strategy("overstay:levels=9")],
        dict.fromkeys(NAMES[:4], stay),
    ],
    ids=["name", "function", "list", "by name"],
)
def test_strategies_may_be_given_in_many_ways(strategies) -> None:
    """One for all, one for each, or by name; names, functions, classes, objects and factories."""
    result = SEALED.play((0, 0, 0, 0), seed="any", strategies=strategies)
    assert result.reports == (2, 2, 2, 2)


def test_those_without_a_strategy_are_truthful() -> None:
    """A mapping needs to name only those who are not."""
    result = SEALED.play(SIGNALS, seed="any", strategies={"cyd": stay})
    assert result.reports == (2, 1, 2, 2)


def test_a_failing_strategy_exits() -> None:
    """An exception counts as an exit and is told with callback, file and line; the auction goes on."""
    result = UNIFORM.play(SIGNALS, seed="any", strategies={"dan": Boom})
    assert (result.winner, result.clocks[3]) == ("ada", 0)
    (default,) = result.defaults
    assert (default.bidder, default.taken, default.wave) == ("dan", "exit", 0)
    assert "Boom.on_raise raised ValueError: boom (test_play.py" in default.reason


def test_a_failing_report_is_withheld() -> None:
    """A report outside the signals counts as withheld."""
    result = SEALED.play(SIGNALS, seed="any", strategies={"dan": Boom})
    assert result.reports == (2, 1, 0, None)
    assert [(default.bidder, default.taken) for default in result.defaults] == [("dan", "withheld")]


def test_silence_is_an_exit_and_no_failure() -> None:
    """In process nobody waits: not answering counts as the session would count it."""
    result = UNIFORM.play(SIGNALS, seed="any", strategies={"ada": "silent"})
    assert (result.winner, result.defaults) == ("dan", ())
    assert SEALED.play(SIGNALS, seed="any", strategies={"ada": "silent"}).reports[0] is None


def test_async_strategies_may_compute_but_not_wait() -> None:
    """An `async` callback that never suspends is fine; one that waits is a failure that says where it belongs."""

    class Computing(Strategy):
        async def on_raise(self, view):
            return Stay

    class Waiting(Strategy):
        async def on_raise(self, view):
            await asyncio.sleep(1)
            return Stay

    assert UNIFORM.play(SIGNALS, seed="any", strategies={"dan": Computing}).defaults == ()
    (default,) = UNIFORM.play(SIGNALS, seed="any", strategies={"dan": Waiting}).defaults
    assert "waits for the outside world" in default.reason


def test_strategies_are_told_start_and_outcome() -> None:
    """Both once, in this order; the outcome comes with what it was worth to the bidder."""
    listener, loser = Listener(), Listener()
    result = UNIFORM.play((2, 0, 0, 0), seed="any", strategies={"ada": listener, "dan": loser})
    start, outcome = listener.heard
    assert isinstance(start, StartView)
    assert isinstance(outcome, OutcomeView)
    assert (outcome.won, outcome.utility) == (True, result.utilities[0])
    assert isinstance(loser.heard[1], OutcomeView)
    assert (loser.heard[1].won, loser.heard[1].utility) == (False, Fraction(0))


def test_failing_where_no_answer_is_due_changes_nothing() -> None:
    """A callback that only listens may fail; that is recorded."""

    class Deaf(Strategy):
        def on_start(self, view):
            raise RuntimeError("no ears")

    result = UNIFORM.play(SIGNALS, seed="any", strategies={"ada": Deaf()})
    assert (result.winner, [default.taken for default in result.defaults]) == ("ada", ["ignored"])


def test_one_object_plays_one_bidder() -> None:
    """A strategy may keep what it likes on itself, so two bidders cannot share one."""
    with pytest.raises(UsageError, match="one strategy object plays one bidder"):
        UNIFORM.play(SIGNALS, seed="any", strategies=Listener())


def test_each_bidder_has_its_own_generator() -> None:
    """What one bidder draws changes nothing for another, and `bidder_seed` moves the bidders' luck alone."""

    class Greedy(Strategy):
        def report_signal(self, view):
            for _ in range(50):
                view.rng.random()
            return 0

    alone = SEALED.play(SIGNALS, seed="any", strategies={"ben": "random"})
    crowded = SEALED.play(SIGNALS, seed="any", strategies={"ada": Greedy, "ben": "random"})
    assert alone.reports[1] == crowded.reports[1]
    reports = {
        SEALED.play(SIGNALS, seed="any", bidder_seed=f"luck {number}", strategies="random").reports
        for number in range(10)
    }
    assert len(reports) > 1


@pytest.mark.parametrize(
    ("signals", "match"), [((1, 1), "2 signals"), ((0, 0, 0, 3), "outside"), ((0, 0, 0, -1), "outside")]
)
def test_wrong_signals_are_refused(signals: tuple[int, ...], match: str) -> None:
    """There is one signal for each bidder, within the levels."""
    with pytest.raises(UsageError, match=match):
        UNIFORM.play(signals, seed="any")


@pytest.mark.parametrize(
    ("strategies", "match"),
    [
        (["truthful"], "1 strategies"),
        ({"dn": "truthful"}, "did you mean 'dan'"),
        ({"dan": 7}, "is no strategy"),
        ({"dan": int}, "no subclass of Strategy"),
    ],
)
def test_wrong_strategies_are_refused(strategies, match: str) -> None:
    """Too few, unknown bidders and things that are no strategy are each named."""
    with pytest.raises(UsageError, match=match):
        UNIFORM.play(SIGNALS, seed="any", strategies=strategies)
    with pytest.raises(StrategyError, match="truthfull"):
        UNIFORM.play(SIGNALS, seed="any", strategies="truthfull")


def test_an_exit_is_permanent() -> None:
    """Whoever has left is not asked again, whatever the mechanism wants."""
    asked: list[int] = []

    def leave(view):
        asked.append(view.level)
        return Exit

    result = UNIFORM.play((2, 2, 2, 2), seed="any", strategies={"dan": leave})
    assert (asked, result.clocks[3]) == ([1], 0)


def test_play_takes_a_specification_or_a_market() -> None:
    """A specification names its mechanism; a market needs one."""
    specification = make_specification(mechanism="uniform-clock", parameters={"form": "sealed"})
    named = play(specification, SIGNALS, seed="any")
    given = play(make_market(), SIGNALS, seed="any", mechanism="uniform-clock", parameters={"form": "sealed"})
    assert named == given
    with pytest.raises(ConfigurationError, match="unknown mechanism"):
        play(make_market(), SIGNALS, seed="any", mechanism="first-price")


SCENARIO = """
format = "openoutcry-scenario/1"
title = "A small auction"
seed = "quickstart"
[mechanism]
name = "uniform-clock"
form = "sealed"
[market]
lot = "a lot"
currency = "USD"
signal_levels = 3
groups = ["all"]
[[bidder]]
name = "ada"
group = "all"
value = { family = "linear", constant = 0, weights = { all = 2 } }
private = { signal = 1 }
agent = { strategy = "shade:levels=1" }
[[bidder]]
name = "ben"
group = "all"
value = { family = "linear", constant = 1, weights = { all = 2 } }
private = { signal = 1 }
"""


def test_a_scenario_brings_its_own_signals_strategies_and_seed(tmp_path: Path) -> None:
    """What is given takes the place of what the scenario says, bidder by bidder."""
    (tmp_path / "mine.py").write_text("def silent(view):\n    return 2\n")
    scenario = loads(SCENARIO, tmp_path)
    assert play_scenario(scenario).reports == (0, 1)
    assert play_scenario(scenario, strategies={"ada": "truthful"}).reports == (1, 1)
    assert play_scenario(scenario, strategies={"ben": "mine.py:silent"}, seed="other").reports == (0, 2)
    with pytest.raises(UsageError, match="no bidder"):
        play_scenario(scenario, strategies={"eve": "truthful"})


def test_no_answer_to_a_report_withholds_it() -> None:
    """A strategy that says NoAnswer reports nothing, and that is its right."""
    result = SEALED.play(SIGNALS, seed="any", strategies={"ada": lambda view: NoAnswer})
    assert (result.reports[0], result.defaults) == (None, ())
