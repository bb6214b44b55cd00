"""The starter scenario loads as it is and its strategy answers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario import STARTER_KINDS, PrivateKnowledge, load_scenario, starter_files
from openoutcry.strategies import (
    Belief,
    RaiseView,
    ReportView,
    Seat,
    Stay,
    TypeQuestion,
    TypeSeat,
    answer_raise,
    answer_report,
    answer_type,
    bidder_random,
)


@pytest.fixture
def starter(tmp_path):
    """A directory as `auctioneer new` makes it."""
    for name, text in starter_files('The "first" näme').items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load_scenario(tmp_path / "scenario.toml")


def test_the_starter_scenario_loads(starter):
    """It has the given title, four bidders, and every private part that a local run needs."""
    assert starter.title == 'The "first" näme'
    assert starter.signals() == (1, 2, 2, 2)
    assert starter.names == ("ana", "ben", "cleo", "dov")


def test_the_starter_strategy_answers(starter):
    """Margin 0 is truthful, as the file says."""
    market = starter.specification.market
    seat = Seat(market=market, bidder=1, signal=2, rng=bidder_random(b"", "ben"))
    strategy = starter.load_strategies()[1].make()
    view = RaiseView(seat=seat, level=2, clock=1, price=None, wave=0)
    assert type(strategy).__name__ == "Cautious"
    assert answer_raise(strategy, view) is Stay
    assert answer_report(strategy, ReportView(seat=seat, wave=0)) == 2


@pytest.fixture
def crowd_starter(tmp_path):
    """A directory as `auctioneer new --kind crowd` makes it."""
    for name, text in starter_files('The "first" näme', "crowd").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load_scenario(tmp_path / "scenario.toml")


def test_the_crowd_starter_loads(crowd_starter):
    """It shows a belief that is given, one that follows, and a value that is drawn; nothing voids its guarantee."""
    assert crowd_starter.title == 'The "first" näme'
    assert crowd_starter.names == ("ana", "ben", "cleo", "dov")
    assert crowd_starter.is_sampled
    assert [name for name in crowd_starter.names if name not in crowd_starter.private] == ["dov"]
    assert isinstance(crowd_starter.private["ben"], PrivateKnowledge)
    assert crowd_starter.specification.warnings() == ()
    drawn = {crowd_starter.types(SeededChance(bytes([seed]), 4))[3].value for seed in range(40)}
    assert drawn == {0, 1}


def test_the_crowd_starter_strategy_answers(crowd_starter):
    """It reports its value, and a belief that is doubted by a quarter."""
    market = crowd_starter.specification.market
    own = crowd_starter.types(SeededChance(b"", 4))[2]
    known = Belief(market, own.belief)
    seat = TypeSeat(market=market, bidder=2, value=own.value, knowledge=known, rng=bidder_random(b"", "cleo"))
    strategy = crowd_starter.load_strategies()[2].make()
    report = answer_type(strategy, TypeQuestion(seat=seat, wave=0, asks_value=True, subjects=(0, 1, 3)))
    assert type(strategy).__name__ == "Doubtful"
    assert isinstance(report, TypeReport)
    assert report.belief is not None
    assert report.value == own.value
    doubted = Belief(market, report.belief)
    assert doubted.probability(known.most_likely()) == Fraction(3, 4) + Fraction(1, 4) * Fraction(1, 18)


def test_there_is_a_starter_of_each_kind():
    """The names that `--kind` takes, each with a scenario and a strategy."""
    assert STARTER_KINDS == ("clock", "crowd")
    assert all({"scenario.toml", "strategy.py"} <= set(starter_files("x", kind)) for kind in STARTER_KINDS)


@pytest.mark.parametrize("kind", STARTER_KINDS)
@pytest.mark.parametrize("title", ["", "two\nlines", " x", "x" * 201])
def test_a_title_that_a_scenario_would_refuse_is_refused_first(title, kind):
    """Nothing is written that cannot be loaded."""
    with pytest.raises(ConfigurationError, match="cannot name a scenario so"):
        starter_files(title, kind)
