"""The strategies that the documentation shows are as short as it says, and do what they look like."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from bidder_agent.conformance import Verdict, check_strategy
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.strategies import (
    Belief,
    TypeQuestion,
    TypeSeat,
    answer_type,
    load_strategy,
    registrations,
    run_sync,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "strategies.md"


def blocks() -> dict[str, str]:
    """Return the Python of the document by the class that it defines."""
    found = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return {match[1]: block for block in found if (match := re.search(r"class (\w+)", block))}


@pytest.mark.parametrize("name", ["Cautious", "Modest"])
def test_the_shown_strategies_pass_the_check(tmp_path, name):
    """Saved to a file as the document says, and found under its name."""
    (tmp_path / "mine.py").write_text(blocks()[name])
    checks = check_strategy(load_strategy(f"mine.py:{name}", base_directory=tmp_path), markets=8)
    assert [check for check in checks if check.verdict is Verdict.BAD] == []


def test_the_modest_bidder_is_ten_lines_and_a_tenth_ignorant(tmp_path):
    """It reports the value below its own, and mixes what it knows with ignorance."""
    (tmp_path / "mine.py").write_text(blocks()["Modest"])
    assert len(blocks()["Modest"].splitlines()) <= 12
    types = ((1,), (4,))
    market = TypeMarket(
        lot="lot",
        currency="USD",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=(TypedBidder(name="ada", types=types), TypedBidder(name="bob", types=types)),
    )
    knowledge = Belief.certain(market, {"bob": 4})
    seat = TypeSeat(market=market, bidder=0, value=1, knowledge=knowledge, rng=Random(0))
    strategy = load_strategy("mine.py:Modest", base_directory=tmp_path).make()
    question = TypeQuestion(seat=seat, wave=0, asks_value=True, subjects=(1,))
    report = run_sync(answer_type(strategy, question))
    assert isinstance(report, TypeReport)
    assert report.value == 0
    assert report.belief is not None
    assert Belief(market, report.belief)["bob"] == {1: Fraction(1, 20), 4: Fraction(19, 20)}


def test_every_registered_strategy_is_in_the_document():
    """Whoever looks for a strategy finds it there."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [found.name for found in registrations() if f"`{found.name}" not in text] == []
