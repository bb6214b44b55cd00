"""Markets: sums, owners, optimum, restriction, and every invariant that construction checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from openoutcry.errors import MarketError, UsageError
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.tables import Table

FLAT = Linear(constant=5, weights=(0, 0))
EAST = Linear(constant=0, weights=(3, 1))
SHORT = Linear(constant=0, weights=(1,))
WEST = Linear(constant=1, weights=(1, 2))

MARKET = Market(
    lot="Tract 7",
    currency="USD",
    minor_units=2,
    signal_levels=3,
    groups=("east", "west"),
    bidders=(
        Bidder(name="ada", group=0, valuation=FLAT),
        Bidder(name="bob", group=1, valuation=EAST),
        Bidder(name="cyd", group=0, valuation=WEST),
    ),
)


def test_sums_are_taken_by_group() -> None:
    """A state has one entry for each group, in order."""
    assert MARKET.members(0) == (0, 2)
    assert MARKET.members(1) == (1,)
    assert MARKET.sums((2, 1, 1)) == (3, 1)


def test_signals_must_be_as_many_as_bidders() -> None:
    """A forgotten signal is not a signal of 0."""
    with pytest.raises(ValueError, match="shorter"):
        MARKET.sums((1, 1))


def test_the_owner_is_the_best_candidate_and_ties_go_to_the_lowest_index() -> None:
    """At (1, 2) ada has 5, bob 5, cyd 6; the order in which candidates are named changes nothing."""
    assert [MARKET.value(bidder, (1, 2)) for bidder in range(3)] == [5, 5, 6]
    assert MARKET.owner((1, 2), (0, 1, 2)) == 2
    assert MARKET.owner((1, 2), (1, 0)) == 0


def test_an_owner_needs_a_candidate() -> None:
    """Asking for the best of nobody is a caller's mistake."""
    with pytest.raises(UsageError, match="at least one candidate"):
        MARKET.owner((0, 0), ())


def test_the_optimum_is_over_all_bidders() -> None:
    """At the signals (2, 0, 2) the sums are (4, 0): bob, from the other group, has 12."""
    assert MARKET.optimum((2, 0, 2)) == (1, 12)


def test_a_restricted_market_keeps_groups_and_renumbers_bidders() -> None:
    """Without bob the group west is empty and its sum is 0; valuations stay as they are."""
    restricted = MARKET.restricted((0, 2))
    assert [bidder.name for bidder in restricted.bidders] == ["ada", "cyd"]
    assert restricted.groups == ("east", "west")
    assert restricted.members(1) == ()
    assert restricted.sums((2, 1)) == (3, 0)
    assert restricted.optimum((0, 0)) == (0, 5)


def test_a_restricted_market_keeps_tables_of_the_whole() -> None:
    """A table covers all states of the whole market, so also those of the restricted one."""
    table = Table(shape=(3,), values=(1, 2, 3))
    whole = replace(
        MARKET,
        signal_levels=2,
        groups=("one",),
        bidders=tuple(Bidder(name=name, group=0, valuation=table) for name in ("ada", "bob")),
    )
    assert whole.restricted((1,)).optimum((1,)) == (0, 2)


def test_a_market_restricted_to_all_is_itself() -> None:
    """Nothing is lost when everybody came."""
    assert MARKET.restricted((0, 1, 2)) is MARKET


@pytest.mark.parametrize("present", [(), (1, 0), (0, 0), (-1, 0), (0, 3)])
def test_a_restriction_must_be_a_rising_choice_of_bidders(present: tuple[int, ...]) -> None:
    """Empty, unsorted, repeated and unknown indices are the caller's mistake."""
    with pytest.raises(UsageError, match="no rising choice"):
        MARKET.restricted(present)


def named(*names: object) -> tuple[Bidder, ...]:
    """Return bidders of these names, alternating between the two groups."""
    return tuple(Bidder(name=cast(str, name), group=i % 2, valuation=FLAT) for i, name in enumerate(names))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lot": ""}, "lot must be text of 1..200 characters"),
        ({"lot": "two\nlines"}, "holds control characters"),
        ({"currency": "x" * 17}, "currency must be text of 1..16 characters"),
        ({"minor_units": 19}, "minor_units must be an integer in 0..18, not 19"),
        ({"minor_units": True}, "minor_units must be an integer in 0..18, not True"),
        ({"signal_levels": 1}, "signal_levels must be an integer in 2..1024, not 1"),
        ({"signal_levels": 1025}, "signal_levels must be an integer in 2..1024, not 1025"),
        ({"groups": ()}, "there is no group"),
        ({"groups": ("east", "east")}, "two groups are named 'east'"),
        ({"groups": ("east", "west", "north")}, "group 'north' has no members"),
        ({"bidders": ()}, "there is no bidder"),
        ({"bidders": named("ada", "ada")}, "two bidders are named 'ada'"),
        ({"bidders": named("ada", "x" * 65)}, "bidder name must be text of 1..64 characters"),
        ({"bidders": named("ada", "b\x07b")}, "holds control characters"),
        ({"bidders": named("ada", " bob")}, "or space at an end"),
        ({"bidders": named("ada", 7)}, "bidder name must be text of 1..64 characters, not 7"),
        ({"bidders": (*named("ada", "bob"), Bidder(name="cyd", group=2, valuation=FLAT))},
         "the group of bidder 'cyd' must be an integer in 0..1, not 2"),
        ({"bidders": (*named("ada", "bob"), Bidder(name="cyd", group=0, valuation=SHORT))},
         "bidder 'cyd': 1 weights for 2 groups"),
        ({"bidders": tuple(Bidder(name=f"b{i}", group=i % 2, valuation=FLAT) for i in range(10_001))},
         "10001 bidders in 2 groups; a market has at most 10000 in 256"),
    ],
)  # fmt: skip
def test_a_broken_invariant_is_refused_by_name(change: dict[str, Any], reason: str) -> None:
    """Each message says what was wrong and with whom."""
    with pytest.raises(MarketError) as refusal:
        replace(MARKET, **change)
    assert reason in str(refusal.value)


def test_a_falling_value_names_the_bidder_and_the_pair_of_states() -> None:
    """More quality may not be worth less."""
    table = Table(shape=(3, 2), values=(0, 4, 3, 3, 3, 5))
    bidders = (Bidder(name="ada", group=0, valuation=table), Bidder(name="bob", group=1, valuation=FLAT))
    with pytest.raises(MarketError) as refusal:
        replace(MARKET, signal_levels=2, bidders=(*bidders, Bidder(name="cyd", group=0, valuation=FLAT)))
    assert str(refusal.value) == "bidder 'ada': the value falls from 4 at state (0, 1) to 3 at state (1, 1)"
