"""Colourings: every listed table has the differences that it claims, and the one with the fewest colours is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import comb

import pytest

from openoutcry.mechanisms.colouring import (
    HASHES_BY_COUNTS,
    MULTIPLIERS_BY_SUMS,
    Hash,
    choose_colouring,
    find_hash,
    most_eligible,
)
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market

AS_FEW_AS_POSSIBLE = sorted(set(HASHES_BY_COUNTS) - {(3, 3), (7, 3), (1, 7), (1, 8), (1, 9), (1, 10)})


def differences(rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Yield the weights of a higher and a lower signal, for all pairs of each group."""
    for row in rows:
        for lower, higher in combinations(range(len(row)), 2):
            yield row[higher], row[lower]


def make_market(sizes: Sequence[int], levels: int, *, counts: bool) -> Market:
    """Return a market with groups of these sizes."""
    members = [group for group, size in enumerate(sizes) for _ in range(size)]
    width = len(sizes) * (levels - 1 if counts else 1)
    valuation = Linear(constant=0, weights=(1,) * width)
    return Market(
        lot="lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=tuple(f"g{group}" for group in range(len(sizes))),
        bidders=tuple(
            Bidder(name=f"b{place}", group=group, valuation=valuation) for place, group in enumerate(members)
        ),
        state_form="counts" if counts else "sums",
    )


@pytest.mark.parametrize("key", HASHES_BY_COUNTS, ids=str)
def test_all_differences_of_a_listed_table_are_distinct_and_not_zero(key: tuple[int, int]) -> None:
    """L C(k, 2) of them, in the group that the table belongs to."""
    groups, levels = key
    table = HASHES_BY_COUNTS[key]
    assert [len(row) for row in table.weights] == [levels] * groups
    assert {row[0] for row in table.weights} == {0}
    if table.is_exclusive:
        assert table.modulus & (table.modulus - 1) == 0
        found = [higher ^ lower for higher, lower in differences(table.weights)]
    else:
        found = [(higher - lower) % table.modulus for higher, lower in differences(table.weights)]
    assert len(set(found)) == len(found) == groups * comb(levels, 2)
    assert set(found) <= set(range(1, table.modulus))
    assert table.is_proper(by_counts=True)


@pytest.mark.parametrize("key", AS_FEW_AS_POSSIBLE, ids=str)
def test_most_tables_have_as_few_colours_as_any_could(key: tuple[int, int]) -> None:
    """L C(k, 2) + 1."""
    groups, levels = key
    assert HASHES_BY_COUNTS[key].modulus == groups * comb(levels, 2) + 1


def test_the_other_tables_have_the_colours_that_are_said() -> None:
    """One or a few more."""
    more = {key: table.modulus for key, table in HASHES_BY_COUNTS.items() if key not in AS_FEW_AS_POSSIBLE}
    assert more == {(3, 3): 11, (7, 3): 23, (1, 7): 24, (1, 8): 31, (1, 9): 40, (1, 10): 51}


@pytest.mark.parametrize("groups", range(1, 10))
@pytest.mark.parametrize("levels", range(2, 10))
def test_multiples_of_signals_by_sums_are_distinct_and_not_zero(groups: int, levels: int) -> None:
    """Listed, by formula, or found: d y[g] for all groups and all falls d < k."""
    found = find_hash(groups, levels, by_counts=False, below=10_000)
    assert found is not None
    factors = [row[1] for row in found.weights]
    multiples = [factor * fall % found.modulus for factor in factors for fall in range(1, levels)]
    assert len(set(multiples)) == len(multiples) == groups * (levels - 1)
    assert 0 not in multiples
    assert all(
        row[signal] == row[1] * signal % found.modulus for row in found.weights for signal in range(levels)
    )
    if levels == 2 or groups <= 2 or (groups, levels) in {(4, 3), (5, 3), (6, 3), (6, 5)}:
        assert found.modulus == groups * (levels - 1) + 1
    assert set(MULTIPLIERS_BY_SUMS) == {(g, k) for g in range(3, 7) for k in range(3, 7)}


@pytest.mark.parametrize("groups", range(1, 10))
@pytest.mark.parametrize("levels", range(3, 10))
def test_tables_for_counts_are_found_where_none_is_listed(groups: int, levels: int) -> None:
    """They have more colours, and are proper all the same."""
    found = find_hash(groups, levels, by_counts=True, below=10_000)
    assert found is not None
    assert found.is_proper(by_counts=True)
    assert found.modulus > groups * comb(levels, 2)
    assert find_hash(groups, levels, by_counts=True, below=found.modulus) is None


def test_a_hash_that_is_not_proper_is_seen() -> None:
    """Weights 0, 1, 2 give the falls 1 to 0 and 2 to 1 one difference: right for sums, wrong for counts."""
    table = Hash(weights=((0, 1, 2),), modulus=4)
    assert table.is_proper(by_counts=False)
    assert not table.is_proper(by_counts=True)
    assert not Hash(weights=((0, 2),), modulus=2).is_proper(by_counts=False)


@pytest.mark.parametrize(
    ("sizes", "levels", "counts", "kind", "count", "rho"),
    [
        ((1,), 2, False, "bidder", 1, 1),
        ((2,), 2, False, "bidder", 2, 2),
        ((3,), 2, False, "hash", 2, 2),
        ((3, 2), 2, False, "hash", 3, 3),
        ((4,), 3, False, "hash", 3, 3),
        ((4,), 3, True, "bidder", 4, 4),
        ((5,), 3, True, "hash", 4, 4),
        ((20,), 6, True, "hash", 16, 16),
        # A hash of 11 colours is no better than the eleven bidders themselves.
        ((4, 4, 3), 3, True, "bidder", 11, 10),
        ((4, 4, 4), 3, True, "hash", 11, 10),
        ((23,), 7, True, "bidder", 23, 22),
        ((30,), 7, True, "hash", 24, 22),
        ((20, 20, 20), 4, False, "hash", 13, 10),
        ((9,), 2, True, "hash", 2, 2),
    ],
)
def test_the_known_colouring_with_the_fewest_colours_is_chosen(
    sizes: tuple[int, ...], levels: int, counts: bool, kind: str, count: int, rho: int
) -> None:
    """By bidder where that is as few; the number that would be least is reported beside it."""
    market = make_market(sizes, levels, counts=counts)
    colouring = choose_colouring(market)
    assert (colouring.kind, colouring.count, colouring.most_eligible) == (kind, count, rho)
    assert most_eligible(market) == rho


def test_groups_that_nobody_came_for_need_no_colours() -> None:
    """Three bidders of the last group are left: the colours of one group, whose weights stand at its place."""
    market = make_market((3, 3, 4), 3, counts=False).restricted((6, 7, 8, 9))
    colouring = choose_colouring(market)
    assert (colouring.count, colouring.most_eligible) == (3, 3)
    assert colouring.hash is not None
    assert colouring.hash.weights == ((0, 0, 0), (0, 0, 0), (0, 1, 2))
    assert colouring.colours(market, (2, 0, 1, 2), {0: 1, 2: 0}) == {0: (5 - 1) % 3, 2: (5 - 1) % 3}


def test_a_search_that_would_be_of_no_use_stops(make_market: Callable[..., Market]) -> None:
    """For hundreds of groups no hash has fewer colours than there are bidders, and that is seen soon."""
    assert find_hash(256, 30, by_counts=False, below=10_000) is None
    assert find_hash(256, 5, by_counts=True, below=3_000) is None
