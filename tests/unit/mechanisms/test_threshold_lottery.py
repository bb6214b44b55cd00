"""The threshold lottery, step by step: who may buy, what is drawn, at which price, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.specification import Specification
from openoutcry.mechanisms.threshold_lottery import ThresholdLottery, check_size, converse, find_entries
from tests.reference.instances import Instance, single_group

# At levels 0..4 the best are bidders 0, 1, 1, 0, 0.
CROSSING = single_group(3, [(5, 5, 5, 20, 30), (0, 6, 8, 8, 8)])
# Bidder 1 is the best at level 1, bidder 0 at levels 2 and above.
SLOTS = single_group(2, [(0, 1, 20, 30), (0, 10, 12, 14), (1, 2, 3, 4)])


def run(
    instance: Instance, signals: tuple[int | None, ...], draws: dict[str, int], hold: Any, **raw: object
) -> Any:
    """Hold the conversation with these draws and return the outcome; no draw may be left over."""
    lottery = MECHANISMS["threshold-lottery"]
    chance = ScriptedChance({f"threshold-lottery/{label}": [number] for label, number in draws.items()})
    held = hold(lottery.converse(instance.market(), lottery.configure(raw), chance), signals)
    assert chance.leftovers == {}
    assert len(held.waves) == 1
    return held.outcome


def test_entries_are_the_lowest_signals_that_make_a_bidder_the_best() -> None:
    """At (2, 2) bidder 0 is the best from its signal 1 on, and bidder 1 would be with signal 0."""
    assert find_entries(CROSSING.market(), (2, 2)) == {0: 1, 1: 0}
    assert find_entries(CROSSING.market(), (2, 1)) == {0: 2, 1: 0}
    assert find_entries(CROSSING.market(), (0, 2)) == {1: 1}
    assert find_entries(SLOTS.market(), (1, 1, 0)) == {0: 1, 1: 0}


def test_the_bidder_that_is_drawn_pays_its_value_at_its_entry(hold) -> None:
    """Two bidders are as many as can be eligible, so one of them is drawn."""
    outcome = run(CROSSING, (2, 2), {"colour": 0}, hold)
    assert (outcome.winner, outcome.price, outcome.payments) == (0, 20, (20, 0))
    assert (
        outcome.reason
        == "bidder 0 was drawn and pays its value at signal 1, the lowest with which it may buy"
    )


def test_a_draw_that_nobody_eligible_has_is_no_sale(hold) -> None:
    """The other bidder is drawn; or a colour; or a place that is empty."""
    assert (
        run(CROSSING, (0, 2), {"colour": 0}, hold).reason == "bidder 0 was drawn, but only bidder 1 may buy"
    )
    # Colours are the sum at the entry state modulo 2: bidder 0 enters at level 2, bidder 1 at level 1.
    assert run(SLOTS, (1, 1, 0), {"colour": 0}, hold).winner == 0
    assert run(SLOTS, (1, 1, 0), {"colour": 1}, hold).winner == 1
    assert (
        run(SLOTS, (0, 0, 0), {"colour": 1}, hold).reason
        == "colour 1 of 0..1 was drawn, but only bidder 2 may buy"
    )
    unsold = run(SLOTS, (0, 0, 0), {"slot": 1}, hold, slots="uniform")
    assert (unsold.winner, unsold.reason) == (None, "place 1 of 0..1 was drawn, but only bidder 2 may buy")
    assert run(SLOTS, (1, 1, 0), {"slot": 1}, hold, slots="uniform").winner == 1


@pytest.mark.parametrize(("number", "winner", "price"), [(0, 0, 5), (1, 0, 5), (2, 0, 5)])
def test_revenue_pricing_offers_at_a_signal_from_the_entry_on(
    hold, number: int, winner: int, price: int
) -> None:
    """At (0, 0) bidder 0 enters at 0: the three prices are its values at levels 0, 1 and 2, all 5."""
    outcome = run(CROSSING, (0, 0), {"colour": 0, "price": number}, hold, pricing="revenue")
    assert (outcome.winner, outcome.price) == (winner, price)


def test_a_price_above_the_value_is_not_paid(hold) -> None:
    """At (1, 2) bidder 0 is worth 20, which it pays at its own signal, and does not buy at the value 30 of the next."""
    sold = run(CROSSING, (1, 2), {"colour": 0, "price": 0}, hold, pricing="revenue")
    assert (sold.winner, sold.price) == (0, 20)
    unsold = run(CROSSING, (1, 2), {"colour": 0, "price": 1}, hold, pricing="revenue")
    assert (unsold.winner, unsold.reason) == (None, "the lot is worth 20 to bidder 0, less than the price 30")
    # At the highest entry there is one price, and nothing is drawn.
    only = run(CROSSING, (2, 1), {"colour": 0}, hold, pricing="revenue")
    assert (only.winner, only.price) == (0, 20)


def test_whoever_withholds_counts_as_zero_and_cannot_buy(hold) -> None:
    """Drawn, it leaves the lot unsold; the others are decided as if it had reported 0."""
    outcome = run(CROSSING, (None, 0), {"colour": 0}, hold)
    assert (outcome.winner, outcome.payments) == (None, (0, 0))
    assert outcome.reason == "bidder 0 was drawn, but it reported nothing and cannot buy"


def test_a_lone_bidder_is_not_drawn_for(hold) -> None:
    """It buys at its value at signal 0; a draw with one possible result is not made."""
    outcome = run(single_group(2, [(3, 8)]), (1,), {}, hold)
    assert (outcome.winner, outcome.price) == (0, 3)
    assert run(single_group(2, [(3, 8)]), (1,), {}, hold, slots="uniform").price == 3


def test_the_promise_names_its_rule_and_its_conditions(make_market: Callable[..., Market]) -> None:
    """Colours by bidder, by a hash, and slots; welfare and revenue; sums and counts."""
    lottery = MECHANISMS["threshold-lottery"]
    market = make_market(*[Linear(constant=0, weights=(1,))] * 4, levels=3)
    hashed = lottery.guarantee(market, ThresholdLottery())
    assert (hashed.welfare, hashed.revenue) == (Fraction(1, 3), None)
    assert "n = 4, l = 1 and k = 3, values of group sums" in hashed.text
    assert "one colour of a hash is drawn, of N = 3, as few as rho = 3" in hashed.text
    assert "truth is best for every outcome of the draws" in hashed.text
    revenue = lottery.guarantee(market.restricted((0, 1)), ThresholdLottery(pricing="revenue"))
    assert (revenue.welfare, revenue.revenue) == (Fraction(1, 6), Fraction(1, 6))
    assert "one of the bidders is drawn, of N = 2" in revenue.text
    slots = lottery.guarantee(market, ThresholdLottery(slots="uniform"))
    assert slots.welfare == Fraction(1, 3)
    assert "in expectation only, not for every outcome" in slots.text
    many = counted(4, sizes=(4, 4, 4), levels=3)
    text = lottery.guarantee(many, ThresholdLottery()).text
    assert "values of counts of signals" in text
    assert "of N = 11, more than the rho = 10 bidders who may be eligible at once" in text


def test_the_slot_draw_is_warned_of(make_market: Callable[..., Market]) -> None:
    """It is there to be studied."""
    market = make_market(*[Linear(constant=0, weights=(1,))] * 3)
    given = {"slots": "uniform"}
    (warning,) = Specification(
        title="Slots", market=market, mechanism="threshold-lottery", parameters=given
    ).warnings()
    assert warning.startswith('slots is "uniform": truth is best in expectation only')
    assert Specification(title="Colours", market=market, mechanism="threshold-lottery").warnings() == ()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"form": "clock"}, "form must be sealed, not 'clock'"),
        ({"slots": "color"}, "slots must be colour or uniform, not 'color'; did you mean 'colour'?"),
        ({"scope": "all"}, "threshold-lottery has no parameter 'scope'"),
        ({"pricing": "profit"}, "pricing must be welfare or revenue"),
    ],
)
def test_wrong_parameters_of_the_lottery_are_refused(raw: dict[str, object], reason: str) -> None:
    """By name, with the nearest known one."""
    with pytest.raises(ConfigurationError) as refusal:
        MECHANISMS["threshold-lottery"].configure(raw)
    assert reason in str(refusal.value)


def counted(weight: int, *, sizes: tuple[int, ...], levels: int) -> Market:
    """Return a market of counts with groups of these sizes."""
    members = [group for group, size in enumerate(sizes) for _ in range(size)]
    valuation = Linear(constant=weight, weights=(1,) * len(sizes) * (levels - 1))
    return Market(
        lot="lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=tuple(f"g{group}" for group in range(len(sizes))),
        bidders=tuple(
            Bidder(name=f"b{place}", group=group, valuation=valuation) for place, group in enumerate(members)
        ),
        state_form="counts",
    )


def test_too_many_states_to_look_at_are_refused_beforehand() -> None:
    """With the number of values and what to use instead; sums need few look-ups however many levels there are."""
    large = counted(0, sizes=(300,), levels=400)
    with pytest.raises(
        ConfigurationError, match=r"would compute 22,455,300 values .* or values that depend on group sums"
    ):
        check_size(large)
    with pytest.raises(ConfigurationError, match="22,455,300"):
        Specification(title="Large", market=large, mechanism="threshold-lottery")
    check_size(counted(0, sizes=(30,), levels=400))


def test_a_thousand_bidders_are_decided_lazily(hold) -> None:
    """Four levels in two groups: a dozen look-ups, not 4^1000 profiles."""
    market = counted(0, sizes=(500, 500), levels=4)
    entries = find_entries(market, [place % 4 for place in range(1000)])
    assert entries == {0: 0}
    chance = ScriptedChance({"threshold-lottery/colour": [1]})
    signals = tuple(place % 4 for place in range(1000))
    outcome = hold(converse(market, ThresholdLottery(), chance), signals).outcome
    assert outcome.reason.startswith("colour 1 of 0..12 was drawn")
