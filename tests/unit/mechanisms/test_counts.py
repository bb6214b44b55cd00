"""States of counts, tables over them, and families with weights by signal value."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from openoutcry.errors import ConfigurationError, MarketError
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.counts import at_least, count_states, group_rank, group_size, group_states, held
from openoutcry.mechanisms.families import Linear, Minimum, Steps
from openoutcry.mechanisms.market import Bidder, Market, StateForm
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.specification import Specification, decode_specification, encode_specification
from openoutcry.mechanisms.tables import CountTable, Table
from openoutcry.mechanisms.valuations import Valuation, decode_valuation, encode_valuation
from tests.reference.counts import all_counts
from tests.reference.counts import at_least as reference_at_least

GROUPS = ("rock", "trap")
SIZES = [(members, levels) for members in range(5) for levels in range(2, 6)]
# How many hold 0, 1, 2 in a group of two: (2,0,0), (1,1,0), (1,0,1), (0,2,0), (0,1,1), (0,0,2).
TABLE = CountTable(members=(2,), signal_levels=3, values=(0, 1, 5, 2, 7, 9))


def make_market(*valuations: Valuation, levels: int = 3, groups: tuple[int, ...] = ()) -> Market:
    """Return a market of counts."""
    members = groups or (0,) * len(valuations)
    return Market(
        lot="a lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=GROUPS[: max(members) + 1],
        bidders=tuple(
            Bidder(name=f"b{place}", group=group, valuation=valuation)
            for place, (group, valuation) in enumerate(zip(members, valuations, strict=True))
        ),
        state_form="counts",
    )


# --- The vocabulary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("members", "levels"), SIZES)
def test_the_vectors_of_a_group_are_all_there_sorted_and_ranked(members: int, levels: int) -> None:
    """As many as there are ways to share out members, each at its place, and the same in every larger group."""
    vectors = list(group_states(members, levels))
    everything = product(range(members + 1), repeat=levels - 1)
    assert vectors == [vector for vector in everything if list(vector) == sorted(vector, reverse=True)]
    assert len(vectors) == group_size(members, levels)
    assert [at_least(held(vector, members)) for vector in vectors] == vectors
    in_larger_group = sorted(vectors, key=group_rank)
    assert in_larger_group == sorted(vectors, key=list(group_states(members + 1, levels)).index)


def test_states_run_through_the_last_group_fastest() -> None:
    """In the order in which a specification writes values."""
    assert list(count_states((1, 1), 3)) == [
        first + second for first in [(0, 0), (1, 0), (1, 1)] for second in [(0, 0), (1, 0), (1, 1)]
    ]
    for group_of in ((0, 0, 0), (0, 1, 0)):
        sizes = tuple(group_of.count(group) for group in range(max(group_of) + 1))
        expected = sorted(reference_at_least(state, 3) for state in all_counts(3, group_of))
        assert list(count_states(sizes, 3)) == expected


# --- Markets ----------------------------------------------------------------------------------------------


def test_a_state_of_counts_says_how_many_hold_at_least_each_signal() -> None:
    """With two groups one after another; sums are still there to be asked for."""
    market = make_market(*[Linear(constant=0, weights=(1, 2, 3, 4))] * 4, groups=(0, 1, 0, 0))
    assert market.state((2, 1, 0, 1)) == (2, 1, 1, 0)
    assert market.state_of_counts(((1, 1, 1), (0, 1, 0))) == (2, 1, 1, 0)
    assert market.sums((2, 1, 0, 1)) == (3, 1)
    assert market.value(0, (2, 1, 1, 0)) == 1 * 2 + 2 * 1 + 3 * 1
    assert market.optimum((2, 1, 0, 1)) == (0, 7)
    assert market.is_by_counts


@pytest.mark.parametrize("form", ["sums", "counts"])
@pytest.mark.parametrize("levels", [2, 3, 4])
def test_a_lowered_state_is_the_state_of_the_lowered_signals(form: StateForm, levels: int) -> None:
    """For every profile of three bidders, every bidder and every lower signal of its own."""
    width = levels - 1 if form == "counts" else 1
    market = replace(
        make_market(
            *[Linear(constant=0, weights=(1,) * 2 * (levels - 1))] * 3, levels=levels, groups=(0, 1, 0)
        ),
        state_form=form,
        bidders=tuple(
            Bidder(name=name, group=group, valuation=Linear(constant=0, weights=(1,) * 2 * width))
            for name, group in (("a", 0), ("b", 1), ("c", 0))
        ),
    )
    for signals in product(range(levels), repeat=3):
        state = market.state(signals)
        for bidder, group in enumerate((0, 1, 0)):
            for lower in range(signals[bidder] + 1):
                lowered = (*signals[:bidder], lower, *signals[bidder + 1 :])
                assert market.lowered(state, group, signals[bidder], lower) == market.state(lowered)


def test_values_of_those_who_came_are_read_from_the_whole_table() -> None:
    """Absent bidders hold signal 0."""
    market = make_market(TABLE, TABLE)
    for signal in range(3):
        state = market.restricted((1,)).state((signal,))
        assert market.restricted((1,)).value(0, state) == market.value(1, market.state((0, signal)))


def test_with_two_signal_values_a_table_by_counts_is_one_by_sums() -> None:
    """Value, column and array."""
    import numpy as np

    values = (0, 1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9)
    by_counts, by_sums = (
        CountTable(members=(2, 3), signal_levels=2, values=values),
        Table(shape=(3, 4), values=values),
    )
    by_counts.check((2, 3))
    for state in product(range(3), range(4)):
        assert by_counts.value(state) == by_sums.value(state)
    for group in (0, 1):
        levels = range(3 + group)
        assert by_counts.column(group, levels, (1, 1)) == by_sums.column(group, levels, (1, 1))
        array = np.array(levels)
        assert by_counts.along(group, array, (1, 1)).tolist() == by_sums.along(group, array, (1, 1)).tolist()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"values": (0, 1, 5, 2, 7)}, "5 values are not one for each way in which groups of 2 can hold 3"),
        ({"values": (0, 1, 5, 2, 7, 9, 9)}, "7 values are not one for each way"),
        ({"members": (0,)}, "members must be one integer in 1..10000"),
        ({"members": ()}, "members must be one integer"),
        ({"members": (10**30,)}, "members must be one integer in 1..10000"),
        ({"members": (10_000,) * 200, "signal_levels": 1024}, "6 values are not one for each way"),
        (
            {"members": (2,), "signal_levels": 1024, "values": (0,) * 524_800},
            "524,800 states of counts, 536,870,400 numbers in all, is more than 1,000,000",
        ),
        ({"signal_levels": 1}, "signal_levels must be an integer in 2..1024"),
    ],
)
def test_a_table_that_does_not_fit_itself_is_refused(change: dict[str, object], reason: str) -> None:
    """Before anything large is computed."""
    with pytest.raises(MarketError, match=reason):
        replace(TABLE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (replace(TABLE, values=(0, 1, 5, 2, 7, -1)), r"counts \(0, 0, 2\) is -1, outside"),
        (
            replace(TABLE, values=(0, 1, 5, 6, 5, 9)),
            r"from 6 at counts \(0, 2, 0\) to 5 at counts \(0, 1, 1\)",
        ),
        (
            replace(TABLE, values=(3, 1, 5, 2, 7, 9)),
            r"from 3 at counts \(2, 0, 0\) to 1 at counts \(1, 1, 0\)",
        ),
        (CountTable(members=(1,), signal_levels=3, values=(1, 2, 3)), "are not the market's states"),
        (CountTable(members=(2,), signal_levels=2, values=(1, 2, 3)), "are not the market's states"),
        (Table(shape=(5,), values=(1,) * 5), "shape"),
    ],
)
def test_a_table_that_does_not_fit_the_market_is_refused(table: Valuation, reason: str) -> None:
    """Values out of range or falling, with the two states; other states; sums where counts matter."""
    with pytest.raises(MarketError, match=reason):
        make_market(table, TABLE)


def test_every_fall_of_a_table_is_found() -> None:
    """Against a check of all pairs of profiles that differ by one step of one bidder."""
    random, members, levels = Random(4), (2, 1), 3
    states = list(count_states(members, levels))
    for _ in range(200):
        values = tuple(sum(state) + random.choice((0, 0, 0, 1)) * random.choice((0, 2)) for state in states)
        by_state = dict(zip(states, values, strict=True))
        raised = [
            (state, other)
            for state in states
            for other in states
            if sum(other) == sum(state) + 1 and all(a <= b for a, b in zip(state, other, strict=True))
        ]
        falls = any(by_state[state] > by_state[other] for state, other in raised)
        table = CountTable(members=members, signal_levels=levels, values=values)
        if falls:
            with pytest.raises(MarketError, match="the value falls"):
                table.check((2, 2, 1, 1))
        else:
            table.check((2, 2, 1, 1))


def test_other_forms_of_state_are_refused() -> None:
    """There are two."""
    with pytest.raises(MarketError, match="state must be sums or counts, not 'ranks'"):
        replace(make_market(TABLE, TABLE), state_form="ranks")  # type: ignore[arg-type]


# --- The JSON form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "weights"),
    [
        ({"rock": [0, 5, 20], "trap": 7}, (5, 15, 7, 7)),
        ({"trap": [0, 0, 3]}, (0, 0, 0, 3)),
        ({"rock": [0, 2, 4]}, (2, 2, 0, 0)),
    ],
)
def test_weights_by_signal_value_are_read_and_written(
    raw: dict[str, object], weights: tuple[int, ...]
) -> None:
    """A list says what each signal value adds; a single weight is that of the sum, and is written as one."""
    found = decode_valuation({"family": "linear", "weights": raw}, GROUPS, counted_levels=3)
    assert found == Linear(constant=0, weights=weights)
    assert decode_valuation(encode_valuation(found, GROUPS), GROUPS, counted_levels=3) == found


@pytest.mark.parametrize(
    ("raw", "levels", "reason"),
    [
        ({"family": "linear", "weights": {"rock": [0, 5]}}, 3, "must be 3, one for each signal value"),
        ({"family": "linear", "weights": {"rock": [1, 5, 6]}}, 3, "the first of them 0"),
        (
            {"family": "linear", "weights": {"rock": [0, 5, 4]}},
            3,
            "fall from 5 to 4 where a signal rises to 2",
        ),
        ({"family": "linear", "weights": {"rock": [0, 5, "6"]}}, 3, "must hold integers only"),
        (
            {"family": "linear", "weights": {"rock": [0, 5, 6]}},
            None,
            "for markets whose values depend on counts",
        ),
        ({"family": "linear", "weights": {"rock": -1}}, 3, "weight -1 lets the value fall"),
        ({"family": "table", "shape": [3, 3], "values": [0] * 9}, 3, "give a `count-table`"),
        (
            {"family": "count-table", "members": [1, 1], "signal_levels": 2, "values": [0] * 4},
            3,
            "the market has 3",
        ),
        (
            {"family": "count-table", "members": [1], "signal_levels": 3, "values": [0] * 3},
            3,
            "1 entries for 2",
        ),
        (
            {"family": "count-table", "members": [1, 1], "signal_levels": 2, "values": [0] * 4},
            None,
            "give a `table`",
        ),
    ],
)
def test_values_of_the_other_kind_and_wrong_weights_are_refused(
    raw: dict[str, object], levels: int | None, reason: str
) -> None:
    """By name, with what to give instead."""
    with pytest.raises(MarketError) as refusal:
        decode_valuation(raw, GROUPS, counted_levels=levels)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_a_specification_of_counts_is_read_back_exactly(levels: int) -> None:
    """Tables and families, and the word that says that states are counts; of sums nothing is written."""
    width = levels - 1
    size = group_size(2, levels) * group_size(1, levels)
    market = make_market(
        CountTable(
            members=(2, 1), signal_levels=levels, values=tuple(map(sum, count_states((2, 1), levels)))
        ),
        Minimum(
            first=Linear(constant=3, weights=(*range(1, width + 1), *[0] * width)),
            second=Steps(weights=(1,) * 2 * width, steps=((1, 4), (size, 9))),
        ),
        Linear(constant=0, weights=(2,) * 2 * width),
        levels=levels,
        groups=(0, 0, 1),
    )
    specification = Specification(title="Counted", market=market, mechanism="threshold-lottery")
    data = encode_specification(specification)
    assert decode_specification(data) == specification
    assert b'"state":"counts"' in data
    sums = replace(
        market,
        state_form="sums",
        bidders=tuple(
            replace(bidder, valuation=Linear(constant=0, weights=(1, 1))) for bidder in market.bidders
        ),
    )
    assert b'"state"' not in encode_specification(replace(specification, market=sums))


@pytest.mark.parametrize("state", ["ranks", 3, None])
def test_a_specification_with_another_kind_of_state_is_refused(state: object) -> None:
    """The word is one of two."""
    import json

    market = make_market(TABLE, TABLE)
    content = json.loads(
        encode_specification(Specification(title="Counted", market=market, mechanism="threshold-lottery"))
    )
    content["market"]["state"] = state
    with pytest.raises(MarketError):
        decode_specification(json.dumps(content).encode())
    content["market"] |= {"state": "counts", "signal_levels": "3"}
    with pytest.raises(MarketError, match="signal_levels must be an integer"):
        decode_specification(json.dumps(content).encode())


# --- What runs on counts ----------------------------------------------------------------------------------


def test_signal_discovery_refuses_counts_and_says_what_to_use() -> None:
    """With more than two signal values there is no single level; with two it runs."""
    discovery, market = MECHANISMS["signal-discovery"], make_market(TABLE, TABLE)
    with pytest.raises(ConfigurationError, match=r"3 signal values: use threshold-lottery"):
        discovery.check(market, discovery.configure({}))
    with pytest.raises(ConfigurationError, match="use threshold-lottery"):
        Specification(title="Counted", market=market, mechanism="signal-discovery")
    binary = make_market(*[Linear(constant=0, weights=(1,))] * 2, levels=2)
    assert discovery.check(binary, discovery.configure({})) == ()


def test_the_uniform_clock_runs_on_counts(hold) -> None:
    """It decides by signals and prices at the state: (2, 1) is sold at the value of (1, 1)."""
    clock, market = MECHANISMS["uniform-clock"], make_market(TABLE, TABLE)
    outcome = hold(clock.converse(market, clock.configure({}), ScriptedChance({})), (2, 1)).outcome
    assert (outcome.winner, outcome.price) == (0, TABLE.value(market.state((1, 1)))) == (0, 2)
