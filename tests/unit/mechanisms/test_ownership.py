"""Owners of levels: by definition, and the same with integers and with arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.mechanisms import ownership
from openoutcry.mechanisms.families import Linear, Steps
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.ownership import own_levels, recall_owners
from tests.reference.instances import single_group


def test_each_level_goes_to_the_best_and_ties_to_the_lowest_index(make_market: Callable[..., Market]) -> None:
    """With 4 everywhere ada is beaten from level 3 on, by bob; cyd, his equal, owns nothing."""
    market = make_market(
        Linear(constant=4, weights=(0,)), Linear(constant=0, weights=(2,)), Linear(constant=0, weights=(2,))
    )
    owners = own_levels(market, group=0, levels=range(4), sums=(0,), candidates=(0, 1, 2))
    assert owners == [0, 0, 0, 1]


def test_outsiders_signals_count_and_outsiders_own_when_they_are_candidates(
    make_market: Callable[..., Market],
) -> None:
    """With the other group's sum at 2 bob, an outsider, is best at level 0."""
    market = make_market(
        Linear(constant=0, weights=(5, 0)), Linear(constant=0, weights=(0, 3)), levels=3, groups=(0, 1)
    )
    assert own_levels(market, group=0, levels=range(0, 3, 2), sums=(0, 2), candidates=(0, 1)) == [1, 0]
    assert own_levels(market, group=0, levels=range(0, 3, 2), sums=(0, 2), candidates=(0,)) == [0, 0]


@given(
    rows=generators.lists(generators.tuples(*[generators.integers(0, 6)] * 4), min_size=1, max_size=7),
    start=generators.integers(0, 2),
)
def test_integers_and_arrays_find_the_same_owners(rows: list[tuple[int, int, int, int]], start: int) -> None:
    """The two ways to compute are one function; small weights make many ties."""
    bidders = tuple(
        Bidder(
            name=f"b{index}",
            group=0,
            valuation=Linear(constant=constant, weights=(weight,))
            if index % 2
            else Steps(weights=(weight,), steps=((constant, low), (constant + 2, low + 1))),
        )
        for index, (constant, weight, low, _) in enumerate(rows)
    )
    market = Market(
        lot="lot", currency="USD", minor_units=0, signal_levels=4, groups=("one",), bidders=bidders
    )
    levels, candidates = range(start, 3 * len(rows) + 1, 3), range(len(rows))
    arguments = (market, 0, levels, (0,), candidates)
    by_definition = [market.owner((level,), candidates) for level in levels]
    assert ownership._own_with_integers(*arguments) == by_definition
    assert ownership._own_with_arrays(*arguments) == by_definition


@pytest.mark.parametrize("limit", [0, 10_000])
def test_the_size_of_the_instance_chooses_the_way(
    limit: int, own_at: Callable[..., Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way is chosen, the owners are the same."""
    monkeypatch.setattr(ownership, "SMALL_INSTANCE", limit)
    market = own_at(0, 0, 1, 2, 3)
    assert own_levels(market, group=0, levels=range(5), sums=(0,), candidates=range(4)) == [0, 0, 1, 2, 3]


def test_what_was_worked_out_before_is_kept_with_the_market() -> None:
    """Equal to what is worked out anew; another residue is another question, and so is another choice of candidates."""
    market = single_group(3, [(0, 1, 5, 6, 9), (2, 3, 4, 7, 8)]).market()
    questions: list[dict[str, Any]] = [
        {"group": 0, "levels": range(residue, 5, 2), "sums": (0,), "candidates": candidates}
        for residue in range(2)
        for candidates in ((0, 1), (1,))
    ]
    first = [recall_owners(market, **asked) for asked in questions]
    assert first == [own_levels(market, **asked) for asked in questions]
    assert len(market.kept_owners) == 4
    assert all(recall_owners(market, **asked) is kept for asked, kept in zip(questions, first, strict=True))


def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit everything is forgotten, and worked out again."""
    monkeypatch.setattr(ownership, "KEPT_LEVELS", 5)
    market = single_group(2, [(0, 1, 2), (2, 2, 2)]).market()
    for candidates in ((0, 1), (0,), (1,)):
        asked: dict[str, Any] = {"group": 0, "levels": range(3), "sums": (0,), "candidates": candidates}
        assert recall_owners(market, **asked) == own_levels(market, **asked)
    assert len(market.kept_owners) == 1
