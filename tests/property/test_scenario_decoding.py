"""Whatever a scenario file or a value table holds, it is read, or refused in one line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as generators

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms import Table
from openoutcry.mechanisms.specification import decode_specification, encode_specification
from openoutcry.scenario import Scenario, loads
from openoutcry.scenario.distributions import parse_joint
from openoutcry.scenario.tables import TableShape, parse_values
from openoutcry.scenario.type_lists import Goods, TypeList

SCENARIO = """\
format = "openoutcry-scenario/1"
title = "T"
[mechanism]
name = "signal-discovery"
[market]
lot = "L"
currency = "USD"
signal_levels = 3
groups = ["g", "h"]
[[bidder]]
name = "ada"
group = "g"
value = { family = "linear", constant = 1, weights = { g = 2, h = 1 } }
private = { signal = 2 }
agent = { strategy = "shade:levels=1" }
[[bidder]]
name = "bob"
group = "h"
value = { family = "minimum", of = [
  { family = "linear", weights = { g = 4 } },
  { family = "threshold", value = 9, at = 2, weights = { h = 1 } },
] }
[timing]
absent = "void"
"""


TYPES = """\
format = "openoutcry-scenario/1"
title = "T"
disclosure = "sealed"
[mechanism]
name = "vcg"
[market]
lot = "L"
currency = "USD"
environment = "bundles"
goods = ["a", "b"]
units = { a = 2 }
assignments = [{}, { ada = "a+b" }]
[[bidder]]
name = "ada"
types = [{ "a" = 5, "a+b" = 4 }, { "a" = 1, "b" = 2 }]
private = { value = 0, belief = { product = { bob = [[1, 2], [{ "b" = 1 }, 3]] } } }
[[bidder]]
name = "bob"
types = [{ "b" = 1 }, { "b" = 0 }]
[prior]
product = { ada = [[0, 1], [1, 2]], bob = [[0, 2], [1, 1]] }
knowledge = { ada = "full", bob = "own-value" }
"""


def read_or_refuse(text: str) -> Scenario | None:
    """Load a text; a refusal must be one line of a ScenarioError, anything else fails the test."""
    try:
        return loads(text)
    except ScenarioError as error:
        refusal = str(error)
    assert "\n" not in refusal
    return None


@given(generators.text())
def test_any_text_is_read_or_refused(text):
    """Arbitrary text never raises anything but a ScenarioError."""
    assert read_or_refuse(text) is None


@given(
    start=generators.integers(0, len(SCENARIO)),
    length=generators.integers(0, 12),
    new=generators.text(max_size=6)
    | generators.sampled_from(["-1", "[", "]]", '"', "1e9", "true", "\n", "{}"]),
)
def test_a_damaged_scenario_is_read_or_refused(start, length, new):
    """Near misses reach deeper than arbitrary text; what is still read makes a specification that round-trips."""
    for text in (SCENARIO, TYPES):
        scenario = read_or_refuse(text[:start] + new + text[start + length :])
        if scenario is not None:
            specification = scenario.specification
            assert decode_specification(encode_specification(specification)) == specification


TYPE_LISTS = tuple(
    TypeList(
        bidder=name,
        types=((1,), (4,)),
        named={1: 0, 4: 1},
        goods=Goods(names=("lot",), bundles=((0,),), is_single_parameter=True),
    )
    for name in ("a", "b")
)


@given(generators.text(alphabet='ab,14-weight\n\r" ', max_size=60) | generators.text())
def test_any_text_of_a_distribution_is_read_or_refused(text):
    """Arbitrary text never raises anything but a ScenarioError, with the file's name."""
    for prefix in ("", "a,b,weight\n"):
        try:
            joint = parse_joint(prefix + text, TYPE_LISTS, file="p.csv")
        except ScenarioError as error:
            refusal = str(error)
            assert refusal.startswith("p.csv: ")
            assert "\n" not in refusal
        else:
            assert joint.players == (0, 1)


@given(
    weights=generators.dictionaries(
        generators.tuples(generators.sampled_from([1, 4]), generators.sampled_from([1, 4])),
        generators.integers(0, 2**63 - 1),
        min_size=1,
    )
)
def test_a_distribution_is_read_back_exactly(weights):
    """Every weight stands at its types, in any order of rows and columns."""
    assume(any(weights.values()))
    rows = [f"{b},{a},{weight}" for (a, b), weight in weights.items()]
    joint = parse_joint("\n".join(["b,a,weight", *rows]), TYPE_LISTS, file="p.csv")
    total = sum(weights.values())
    for (a, b), weight in weights.items():
        assert joint.probability((a // 4, b // 4)) == Fraction(weight, total)


@generators.composite
def tables(draw):
    """A market's shape and values that never fall, by state."""
    members = tuple(draw(generators.lists(generators.integers(1, 2), min_size=1, max_size=2)))
    levels = draw(generators.integers(2, 3))
    bidders = tuple(f"b{index}" for index in range(sum(members)))
    groups = tuple(f"g{index}" for index in range(len(members)))
    shape = TableShape(groups=groups, members=members, signal_levels=levels, bidders=bidders)
    steps = draw(
        generators.lists(
            generators.lists(generators.integers(0, 2**59), min_size=len(groups), max_size=len(groups)),
            min_size=len(bidders),
            max_size=len(bidders),
        )
    )
    rows = []
    for state in product(*(range(size) for size in shape.sizes)):
        values = [sum(weight * level for weight, level in zip(own, state, strict=True)) for own in steps]
        rows.append([*state, *values])
    return shape, rows


def write(shape: TableShape, rows: Sequence[Sequence[object]]) -> str:
    """Write a table as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([[*shape.groups, *shape.bidders], *rows])
    return text.getvalue()


@given(generators.text(alphabet='g,ab012-9\n\r" :.', max_size=40) | generators.text())
def test_any_text_of_a_table_is_read_or_refused(text):
    """Arbitrary text never raises anything but a ScenarioError, with the file's name."""
    shape = TableShape(groups=("g",), members=(1,), signal_levels=2, bidders=("a",))
    try:
        tables = parse_values(text, shape, file="v.csv")
        shapes = [table.shape for table in tables if isinstance(table, Table)]
    except ScenarioError as error:
        refusal = str(error)
    else:
        assert shapes == [(2,)]
        return
    assert refusal.startswith("v.csv: ")
    assert "\n" not in refusal


@given(generators.text(alphabet='g:,ab012-9\n\r" .', max_size=40) | generators.text(), generators.booleans())
def test_any_text_of_a_table_by_counts_is_read_or_refused(text, begins_well):
    """The same where columns count signals."""
    shape = TableShape(groups=("g",), members=(1,), signal_levels=3, bidders=("a",))
    prefix = "g:0,g:1,g:2,a\n1,0,0,0\n0,1,0,1\n" if begins_well else ""
    try:
        (table,) = parse_values(prefix + text, shape, file="v.csv")
    except ScenarioError as error:
        refusal = str(error)
        assert refusal.startswith("v.csv: ")
        assert "\n" not in refusal
    else:
        assert len(table.values) in (3, 5)


@given(table=tables(), shuffle=generators.randoms(use_true_random=False))
def test_a_table_is_read_back_exactly_in_any_order(table, shuffle):
    """Every value stands at its state."""
    shape, rows = table
    shuffled = list(rows)
    shuffle.shuffle(shuffled)
    valuations = parse_values(write(shape, shuffled), shape, file="v.csv")
    for row in rows:
        state, values = row[: len(shape.groups)], row[len(shape.groups) :]
        assert [valuation.value(state) for valuation in valuations] == values


@given(table=tables(), data=generators.data())
def test_a_table_without_one_of_its_rows_is_refused(table, data):
    """No state can be left out or given twice."""
    shape, rows = table
    index = data.draw(generators.integers(0, len(rows) - 1))
    for wrong in (rows[:index] + rows[index + 1 :], [*rows, rows[index]]):
        with pytest.raises(ScenarioError, match=r"missing|repeats"):
            parse_values(write(shape, wrong), shape, file="v.csv")


@given(table=tables(), data=generators.data())
def test_a_table_with_one_lowered_value_is_refused_if_it_falls(table, data):
    """The check of monotonicity looks at every pair of neighbouring states."""
    shape, rows = table
    index = data.draw(generators.integers(1, len(rows) - 1))
    state = rows[index][: len(shape.groups)]
    column = len(shape.groups) + data.draw(generators.integers(0, len(shape.bidders) - 1))
    below = [
        row[column]
        for row in rows
        if sum(abs(a - b) for a, b in zip(row, state, strict=False)) == 1 and row[: len(state)] < state
    ]
    assume(below and max(below) > 0)
    changed = [list(row) for row in rows]
    changed[index][column] = max(below) - 1
    with pytest.raises(ScenarioError, match="falls"):
        parse_values(write(shape, changed), shape, file="v.csv")
