"""The registry: configuration, its refusals, texts, and guarantees."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import MECHANISMS, find_mechanism
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from openoutcry.mechanisms.uniform_clock import UniformClock

FLAT = Linear(constant=1, weights=(1, 1))
DISCOVERY = MECHANISMS["signal-discovery"]


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=MECHANISMS.keys())
def test_every_mechanism_says_what_a_person_must_know(mechanism: Any) -> None:
    """No text is empty, names are keys, and writing out every default changes nothing."""
    texts = (mechanism.summary, mechanism.source, mechanism.asks, mechanism.learns, mechanism.repaired)
    assert MECHANISMS[mechanism.name] is mechanism
    assert all(text and "\n" not in text and "  " not in text for text in texts)
    defaults = {parameter.name: parameter.default for parameter in mechanism.parameters}
    assert mechanism.configure(defaults) == mechanism.configure({})
    assert all(parameter.meaning and parameter.choices for parameter in mechanism.parameters)


def test_parameters_are_read_exactly() -> None:
    """A fraction in quotes stays a fraction."""
    raw = {"pricing": "revenue", "form": "sealed", "scope": "all", "uniform_probability": "1/20"}
    assert DISCOVERY.configure(raw) == SignalDiscovery(
        pricing="revenue", form="sealed", scope="all", uniform_probability=Fraction(1, 20)
    )
    assert MECHANISMS["uniform-clock"].configure({"form": "sealed"}) == UniformClock(form="sealed")


@pytest.mark.parametrize(
    ("value", "probability"), [(0, 0), (1, 1), ("0", 0), ("1", 1), ("2/40", Fraction(1, 20)), ("0/5", 0)]
)
def test_probabilities_are_fractions_or_the_integers_0_and_1(value: object, probability: Fraction) -> None:
    """Whatever the spelling, the value is exact and reduced."""
    assert DISCOVERY.configure({"uniform_probability": value}).uniform_probability == probability


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("signal-discovery", {"price": "welfare"}, "no parameter 'price'; did you mean 'pricing'?"),
        ("uniform-clock", {"pricing": "welfare"}, "uniform-clock has no parameter 'pricing'; it has form"),
        ("signal-discovery", {"pricing": "Revenue"}, "pricing must be welfare or revenue, not 'Revenue'"),
        ("signal-discovery", {"form": True}, "form must be clock or sealed, not True"),
        ("signal-discovery", {"scope": ["all"]}, "scope must be group or all, not ['all']"),
        ("uniform-clock", {"form": "seald"}, "did you mean 'sealed'?"),
        ("signal-discovery", {"uniform_probability": 0.05}, 'a fraction in quotes such as "1/20", not 0.05'),
        ("signal-discovery", {"uniform_probability": False}, "a fraction in quotes"),
        ("signal-discovery", {"uniform_probability": "1/0"}, "a fraction in quotes"),
        ("signal-discovery", {"uniform_probability": "-1/2"}, "a fraction in quotes"),
        ("signal-discovery", {"uniform_probability": " 1/2"}, "a fraction in quotes"),
        ("signal-discovery", {"uniform_probability": "1/2\n"}, "a fraction in quotes"),
        ("signal-discovery", {"uniform_probability": "3/2"}, "must lie in 0..1"),
        ("signal-discovery", {"uniform_probability": "1/9999999967"}, "a denominator up to 2^32"),
    ],
)
def test_a_wrong_parameter_is_refused(name: str, raw: dict[str, object], reason: str) -> None:
    """The message names the parameter, what it can be, and the nearest known name."""
    with pytest.raises(ConfigurationError) as refusal:
        MECHANISMS[name].configure(raw)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("name", ["signal_discovery", None, "x" * 100_000])
def test_an_unknown_mechanism_is_refused_in_one_line(name: object) -> None:
    """Known mechanisms are listed; what a stranger wrote is cut."""
    with pytest.raises(ConfigurationError, match="known are signal-discovery, uniform-clock") as refusal:
        find_mechanism(name)
    assert len(str(refusal.value)) < 400


@pytest.fixture(name="market")
def make_seven(make_market: Callable[..., Market]) -> Market:
    """Two groups of five and two, k = 4."""
    return make_market(*[FLAT] * 7, levels=4, groups=(0, 0, 0, 0, 0, 1, 1), names=tuple("abcdefg"))


def test_welfare_pricing_promises_welfare_and_no_revenue(market: Market) -> None:
    """1 / (min(4, 5) * 2 * 3), times 19/20."""
    guarantee = DISCOVERY.guarantee(market, DISCOVERY.configure({"uniform_probability": "1/20"}))
    assert (guarantee.welfare, guarantee.revenue) == (Fraction(19, 20) / 24, None)
    assert "no share of revenue" in guarantee.text
    assert "19/20 is the probability" in guarantee.text


def test_revenue_pricing_promises_revenue_and_hence_welfare(market: Market) -> None:
    """1 / (6 * 2 * 3) of both."""
    guarantee = DISCOVERY.guarantee(market, DISCOVERY.configure({"pricing": "revenue"}))
    assert (guarantee.welfare, guarantee.revenue) == (Fraction(1, 36), Fraction(1, 36))


def test_only_populated_groups_count(market: Market) -> None:
    """Without the first group two bidders of one group remain: 1 / (min(4, 2) * 1 * 3)."""
    guarantee = DISCOVERY.guarantee(market.restricted((5, 6)), SignalDiscovery())
    assert guarantee.welfare == Fraction(1, 6)


def test_the_uniform_clock_promises_no_share(market: Market) -> None:
    """It sells to the highest signal, not to the highest value."""
    mechanism = MECHANISMS["uniform-clock"]
    guarantee = mechanism.guarantee(market, mechanism.configure({}))
    assert (guarantee.welfare, guarantee.revenue) == (None, None)
    assert guarantee.text.startswith("none:")


@pytest.mark.parametrize(
    "mechanism",
    [mechanism for mechanism in MECHANISMS.values() if mechanism.market == "signals"],
    ids=lambda mechanism: mechanism.name,
)
def test_a_registered_mechanism_converses(
    mechanism: Any, make_market: Callable[..., Market], hold: Callable[..., Any]
) -> None:
    """With its own defaults it runs to an outcome with one payment for each bidder."""
    market = make_market(Linear(constant=1, weights=(1,)), Linear(constant=0, weights=(2,)))
    chance = ScriptedChance({"signal-discovery/costly": [1], "threshold-lottery/colour": [1]})
    outcome = hold(mechanism.converse(market, mechanism.configure({}), chance), (1, 0)).outcome
    assert len(outcome.payments) == 2
