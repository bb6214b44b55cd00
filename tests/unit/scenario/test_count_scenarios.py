"""Scenarios whose values depend on counts: what is read, what is shown to strategies, and what runs on them."""

from __future__ import annotations

from random import Random

import pytest

from openoutcry.errors import ScenarioError, UsageError
from openoutcry.mechanisms import CountTable, Linear, Market, Threshold
from openoutcry.mechanisms.specification import decode_specification, encode_specification
from openoutcry.scenario import Scenario, loads
from openoutcry.strategies import Seat
from openoutcry.strategies.views import StartView

SCENARIO = """\
format = "openoutcry-scenario/1"
title = "A panel"

[mechanism]
name = "threshold-lottery"

[market]
lot = "A panel"
currency = "EUR"
signal_levels = 3
groups = ["eye", "lab"]

[[bidder]]
name = "ada"
group = "eye"
value = { family = "linear", constant = 4, weights = { eye = [0, 5, 20], lab = 7 } }
private = { signal = 2 }

[[bidder]]
name = "bob"
group = "lab"
value = { family = "threshold", value = 50, at = 3, weights = { eye = 1, lab = 2 } }
private = { signal = 1 }

[[bidder]]
name = "cyd"
group = "eye"
[bidder.value]
family = "minimum"
of = [
  { family = "linear", constant = 9, weights = {} },
  { family = "steps", weights = { lab = [0, 0, 1] }, steps = [[1, 8]] },
]
[bidder.private]
signal = 0
"""
TABLE = "eye:0,eye:1,eye:2,ada\n1,0,0,1\n0,1,0,1\n0,0,1,4\n"
ALONE = (
    SCENARIO[: SCENARIO.index("[[bidder]]")]
    .replace(', "lab"', "")
    .replace("[market]", '[market]\nvalues = "values.csv"')
    + '[[bidder]]\nname = "ada"\nprivate = { signal = 1 }\n'
)


def market_of(scenario: Scenario) -> Market:
    """Return the market of a scenario of bidders with signals."""
    market = scenario.specification.market
    assert isinstance(market, Market)
    return market


def test_one_list_of_weights_makes_a_market_of_counts() -> None:
    """The other bidders' weights are read as those of sums, and mean the same."""
    scenario = loads(SCENARIO)
    market = market_of(scenario)
    assert market.is_by_counts
    assert [bidder.valuation for bidder in market.bidders][:2] == [
        Linear(constant=4, weights=(5, 15, 7, 7)),
        Threshold(value_reached=50, at=3, weights=(1, 1, 2, 2)),
    ]
    state = market.state(scenario.signals())
    assert [market.value(bidder, state) for bidder in range(3)] == [4 + 20 + 7, 50, 0]
    assert decode_specification(encode_specification(scenario.specification)) == scenario.specification


def test_a_table_of_counts_makes_a_market_of_counts(tmp_path) -> None:
    """Columns say which it is; nothing else in the file has to."""
    (tmp_path / "values.csv").write_text(TABLE, encoding="utf-8")
    market = market_of(loads(ALONE, tmp_path))
    assert market.is_by_counts
    assert market.bidders[0].valuation == CountTable(members=(1,), signal_levels=3, values=(1, 1, 4))


def test_without_lists_it_is_a_market_of_sums() -> None:
    """Its specification says nothing of counts."""
    text = SCENARIO.replace("[0, 5, 20]", "5").replace("[0, 0, 1]", "1")
    scenario = loads(text)
    assert market_of(scenario).state_form == "sums"
    assert b'"state"' not in encode_specification(scenario.specification)


def test_with_two_signal_values_lists_are_weights_of_the_sum() -> None:
    """And the mechanisms of sums run on them."""
    text = SCENARIO.replace("= 3\n", "= 2\n").replace("[0, 5, 20]", "[0, 5]").replace("[0, 0, 1]", "[0, 1]")
    text = text.replace("signal = 2", "signal = 1").replace("threshold-lottery", "signal-discovery")
    market = market_of(loads(text))
    assert not market.is_by_counts
    assert market.bidders[0].valuation == Linear(constant=4, weights=(5, 7))


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("threshold-lottery", "signal-discovery", "mechanism", "3 signal values: use threshold-lottery"),
        (
            "[0, 5, 20]",
            "[0, 5]",
            "bidder[0].value",
            "must be 3, one for each signal value, the first of them 0",
        ),
        ("[0, 5, 20]", "[0, 20, 5]", "bidder[0].value", "fall from 20 to 5 where a signal rises to 2"),
        ("[0, 5, 20]", "[0]", "bidder[0].value.weights.eye", "must have at least 2 items"),
        ("[0, 5, 20]", '[0, "5", 20]', "bidder[0].value.weights.eye[1]", "must be an integer, not '5'"),
        ("[0, 5, 20]", '"5"', "bidder[0].value.weights.eye", "must be an integer or a list, not '5'"),
        ("[0, 5, 20]", "-5", "bidder[0].value.weights.eye", "must be at least 0, not -5"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_key(old: str, new: str, key: str, reason: str) -> None:
    """Mechanisms of sums by name, with what to use instead."""
    with pytest.raises(ScenarioError) as caught:
        loads(SCENARIO.replace(old, new, 1))
    assert caught.value.key == key
    assert reason in caught.value.reason


def test_strategies_ask_for_values_by_counts() -> None:
    """How many of each group hold each signal; bounds go over all signals of the others."""
    market = market_of(loads(SCENARIO))
    view = StartView(seat=Seat(market=market, bidder=0, signal=2, rng=Random(1)))
    assert view.value({"eye": (1, 0, 1), "lab": [0, 1, 0]}) == 4 + 20 + 7
    assert view.value_bounds() == (4 + 20, 4 + 2 * 20 + 2 * 7)
    assert view.value_bounds(1) == (4 + 5, 4 + 5 + 20 + 14)
    for wrong in (
        {"eye": (1, 0, 1)},
        {"eye": (1, 0, 1), "lab": (1, 0)},
        {"eye": (1, 1, 1), "lab": (1, 0, 0)},
        {"eye": (3, -1, 0), "lab": (1, 0, 0)},
        {"eye": 2, "lab": 1},
    ):
        with pytest.raises(UsageError):
            view.value(wrong)
