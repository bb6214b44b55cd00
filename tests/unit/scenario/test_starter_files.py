"""The starter scenario loads as it is and its strategy answers."""

from __future__ import annotations

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.scenario import load_scenario, starter_files
from openoutcry.strategies import (
    RaiseView,
    ReportView,
    Seat,
    Stay,
    answer_raise,
    answer_report,
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


@pytest.mark.parametrize("title", ["", "two\nlines", " x", "x" * 201])
def test_a_title_that_a_scenario_would_refuse_is_refused_first(title):
    """Nothing is written that cannot be loaded."""
    with pytest.raises(ConfigurationError, match="cannot name a scenario so"):
        starter_files(title)
