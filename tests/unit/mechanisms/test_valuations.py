"""Valuations: every family's values, the agreement of its three ways to compute, JSON, and every refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import MarketError
from openoutcry.mechanisms.families import Linear, Minimum, Product, Steps, Threshold
from openoutcry.mechanisms.tables import Table
from openoutcry.mechanisms.valuations import Valuation, decode_valuation, encode_valuation

GROUPS = ("east", "west")
TOP = (3, 2)
GREATEST = 2**63 - 1

TABLE = Table(shape=(4, 3), values=(0, 1, 2, 1, 1, 5, 3, 3, 6, 7, 8, 9))
LINEAR = Linear(constant=7, weights=(10, 3))
THRESHOLD = Threshold(value_reached=50, at=4, weights=(1, 2))
STEPS = Steps(weights=(2, 1), steps=((1, 5), (3, 5), (6, 40)))
FAMILIES = (
    TABLE,
    LINEAR,
    THRESHOLD,
    STEPS,
    Minimum(first=LINEAR, second=STEPS),
    Product(first=LINEAR, second=Minimum(first=TABLE, second=THRESHOLD)),
)


@pytest.mark.parametrize(
    ("valuation", "sums", "value"),
    [
        (TABLE, (0, 0), 0),
        (TABLE, (1, 2), 5),
        (TABLE, (3, 1), 8),
        (LINEAR, (0, 0), 7),
        (LINEAR, (2, 1), 30),
        (THRESHOLD, (1, 1), 0),
        (THRESHOLD, (2, 1), 50),
        (STEPS, (0, 0), 0),
        (STEPS, (0, 1), 5),
        (STEPS, (1, 1), 5),
        (STEPS, (3, 2), 40),
        (Minimum(first=LINEAR, second=THRESHOLD), (2, 1), 30),
        (Product(first=LINEAR, second=THRESHOLD), (2, 1), 1500),
        (Product(first=LINEAR, second=THRESHOLD), (0, 0), 0),
    ],
)
def test_a_family_has_the_value_that_its_definition_gives(
    valuation: Valuation, sums: tuple[int, ...], value: int
) -> None:
    """Each family is computed by hand at a few states."""
    assert valuation.value(sums) == value


@pytest.mark.parametrize("valuation", FAMILIES)
@pytest.mark.parametrize("group", [0, 1])
def test_values_along_a_group_are_the_values_one_by_one(valuation: Valuation, group: int) -> None:
    """`column` and `along` agree with `value`, and ignore what `sums` says of the group that runs."""
    levels = range(TOP[group] + 1)
    sums = [1, 1]
    expected = [valuation.value([level if g == group else s for g, s in enumerate(sums)]) for level in levels]
    along = valuation.along(group, np.array(levels, dtype=np.int64), sums)
    assert valuation.column(group, levels, sums) == expected
    assert along.tolist() == expected
    assert along.dtype == np.int64


@pytest.mark.parametrize("valuation", FAMILIES)
def test_json_form_gives_the_valuation_back(valuation: Valuation) -> None:
    """Encoding and decoding are inverse, also for nested families."""
    valuation.check(TOP)
    assert decode_valuation(encode_valuation(valuation, GROUPS), GROUPS) == valuation


def test_groups_that_are_left_out_weigh_nothing() -> None:
    """A person writes only the weights that matter; a linear family needs no constant."""
    raw = {"family": "linear", "weights": {"west": 4}}
    assert decode_valuation(raw, GROUPS) == Linear(constant=0, weights=(0, 4))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (17, "a value must be a table with a `family`, not 17"),
        ({}, "unknown family None"),
        ({"family": "liner", "weights": {}}, "did you mean 'linear'?"),
        ({"family": "linear", "weight": {}}, "family 'linear' has no key 'weight'; did you mean 'weights'?"),
        ({"family": "linear"}, "family 'linear' needs the key 'weights'"),
        ({"family": "linear", "weights": [1]}, "`weights` must name groups and integers"),
        ({"family": "linear", "weights": {"eats": 1}}, "unknown group 'eats'; did you mean 'east'?"),
        (
            {"family": "linear", "weights": {"east": 1.5}},
            "the weight of group 'east' must be an integer, not 1.5",
        ),
        (
            {"family": "linear", "weights": {"east": -2}},
            "weight -2 lets the value fall from state (0, 0) to (1, 0)",
        ),
        ({"family": "linear", "weights": {"east": GREATEST + 1}}, "outside 0..2^63-1"),
        ({"family": "linear", "constant": -1, "weights": {}}, "constant is -1, outside 0..2^63-1"),
        ({"family": "linear", "constant": True, "weights": {}}, "constant must be an integer, not True"),
        ({"family": "threshold", "value": 1, "at": -1, "weights": {}}, "at is -1, outside 0..2^63-1"),
        ({"family": "threshold", "value": "1", "at": 1, "weights": {}}, "value must be an integer, not '1'"),
        ({"family": "steps", "weights": {}, "steps": []}, "at least one pair"),
        ({"family": "steps", "weights": {}, "steps": "no"}, "a list of pairs [at, value]"),
        ({"family": "steps", "weights": {}, "steps": [[1, 2, 3]]}, "a list of pairs [at, value]"),
        ({"family": "steps", "weights": {}, "steps": [[2, 1], [2, 3]]}, "2 follows 2"),
        (
            {"family": "steps", "weights": {}, "steps": [[1, 9], [2, 3]]},
            "falls from 9 at weighted sum 1 to 3 at 2",
        ),
        ({"family": "steps", "weights": {}, "steps": [[1, -9]]}, "a step's value is -9, outside 0..2^63-1"),
        ({"family": "minimum", "of": [{"family": "linear", "weights": {}}]}, "a list of two values"),
        ({"family": "product", "of": "ab"}, "a list of two values"),
        (
            {"family": "table", "shape": [2, 2], "values": [1, 2, 3]},
            "shape (2, 2) needs 4 values; 3 are given",
        ),
        ({"family": "table", "shape": [4], "values": [1, 2, 3, 4]}, "shape has 1 entries for 2 groups"),
        ({"family": "table", "shape": [0, 4], "values": []}, "one positive integer for each group"),
        ({"family": "table", "shape": 4, "values": []}, "shape must be a list of integers, not 4"),
        ({"family": "table", "shape": [1, 1], "values": ["x"]}, "values must hold integers only, not 'x'"),
    ],
)
def test_a_wrong_form_is_refused_with_what_is_wrong(raw: object, reason: str) -> None:
    """The message names the key or number, and for a misspelt name the nearest known one."""
    with pytest.raises(MarketError) as refusal:
        decode_valuation(raw, GROUPS)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_nesting_deeper_than_a_person_can_read_is_refused() -> None:
    """Decoding recurses, so the depth of what a stranger sends is bounded."""
    raw: dict[str, Any] = {"family": "linear", "weights": {}}
    for _ in range(7):
        raw = {"family": "minimum", "of": [raw, {"family": "linear", "weights": {}}]}
    decode_valuation(raw, GROUPS)
    with pytest.raises(MarketError, match="nested more than 8 deep"):
        decode_valuation({"family": "minimum", "of": [raw, raw]}, GROUPS)


@pytest.mark.parametrize(
    ("valuation", "top", "reason"),
    [
        (LINEAR, (3,), "2 weights for 1 groups"),
        (THRESHOLD, (3,), "2 weights for 1 groups"),
        (STEPS, (3, 2, 1), "2 weights for 3 groups"),
        (Linear(constant=GREATEST, weights=(0, 1)), TOP, "at state (3, 2), above 2^63-1"),
        (Threshold(value_reached=1, at=1, weights=(GREATEST, 0)), TOP, "the weighted sum is"),
        (Steps(weights=(GREATEST, 0), steps=((1, 1),)), TOP, "the weighted sum is"),
        (Product(first=Linear(constant=2**32, weights=(0, 0)), second=Linear(constant=2**31, weights=(0, 0))),
         TOP, "the product is 9223372036854775808"),
        (Minimum(first=LINEAR, second=Linear(constant=GREATEST, weights=(1, 0))), TOP, "above 2^63-1"),
        (Table(shape=(4, 2), values=(0,) * 8), TOP, "shape (4, 2), the market's states have shape (4, 3)"),
        (Table(shape=(4, 3), values=(0,) * 11 + (GREATEST + 1,)), TOP, "the value at state (3, 2) is"),
        (Table(shape=(4, 3), values=(-1,) * 12), TOP, "the value at state (0, 0) is -1, outside 0..2^63-1"),
        (Table(shape=(4, 3), values=(True,) * 12), TOP, "at state (0, 0) must be an integer, not True"),
        (Table(shape=(4, 3), values=(0, 0, 0, 5, 5, 5, 5, 5, 4, 6, 6, 6)), TOP,
         "the value falls from 5 at state (1, 2) to 4 at state (2, 2)"),
        (Table(shape=(4, 3), values=(0, 0, 0, 0, 0, 0, 5, 4, 6, 6, 6, 6)), TOP,
         "the value falls from 5 at state (2, 0) to 4 at state (2, 1)"),
    ],
)  # fmt: skip
def test_a_valuation_that_does_not_fit_the_states_is_refused(
    valuation: Valuation, top: tuple[int, ...], reason: str
) -> None:
    """Overflow, also of intermediate results, and falling values are found over the whole state space."""
    with pytest.raises(MarketError) as refusal:
        valuation.check(top)
    assert reason in str(refusal.value)


def test_the_greatest_value_of_int64_is_exact() -> None:
    """int64 arithmetic reaches its bound without overflow."""
    valuation = Linear(constant=GREATEST - 9, weights=(3, 0))
    valuation.check((3, 0))
    assert valuation.along(0, np.arange(4, dtype=np.int64), (0, 0)).tolist() == [
        GREATEST - 9 + 3 * q for q in range(4)
    ]


@given(values=generators.lists(generators.integers(0, 5), min_size=12, max_size=12))
def test_a_table_is_accepted_exactly_when_it_never_falls(values: Sequence[int]) -> None:
    """The blockwise comparison agrees with looking at every pair of neighbouring states."""
    table = Table(shape=(2, 3, 2), values=tuple(values))
    states = [(a, b, c) for a in range(2) for b in range(3) for c in range(2)]
    raised = [(s, tuple(x + (g == i) for i, x in enumerate(s))) for s in states for g in range(3)]
    falls = any(table.value(low) > table.value(high) for low, high in raised if high in states)
    try:
        table.check((1, 2, 1))
    except MarketError:
        assert falls
    else:
        assert not falls
