"""Whether a file of rows is what a manifest tells of, however it is packed, and where two files differ.

A manifest holds digests of what cannot be worked out again. All else in a row follows from its place in the campaign,
or is a float beside an exact number; whoever edits a file by hand may have edited that, so it is worked out once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from openoutcry.lab.campaigns.campaign import Campaign
from openoutcry.lab.campaigns.rows import (
    LABELS,
    OPTIMAL_REVENUE,
    QUANTITIES,
    Digest,
    as_floats,
    import_arrow,
    read_rows,
    regroup,
)


def are_rows_of(campaign: Campaign, columns: Mapping[str, str], path: Path) -> bool:
    """Return whether a file holds the rows of a campaign and nothing else.

    Args:
        campaign: Whose auctions they are.
        columns: The digest of each column that `Digest` takes up.
        path: May have been packed anew, edited or damaged.
    """
    digest, derived, place = Digest(), _Derived(campaign), 0
    try:
        for table in read_rows(path):
            digest.update(table)
            if not derived.agree(place, table):
                return False
            place += table.num_rows
    except Exception:
        # What was damaged fails to be read in more ways than can be named.
        return False
    return place == campaign.auctions and digest.columns() == columns


class _Derived:
    """What follows from a campaign, and from the exact numbers of a row."""

    def __init__(self, campaign: Campaign) -> None:
        self._arrow = import_arrow()
        cells = campaign.cells
        self._ends = np.array(list(accumulate(cell.auctions for cell in cells)), dtype=np.int64)
        self._sizes = np.array([cell.auctions for cell in cells], dtype=np.int64)
        self._replications = np.array([cell.replications for cell in cells], dtype=np.int64)
        self._labels = {
            "mechanism": [cell.mechanism_label for cell in cells],
            "instances": [cell.instances_label for cell in cells],
            "strategies": [cell.strategies_label for cell in cells],
        }

    def agree(self, first: int, table: Any) -> bool:
        """Return whether the rows from number `first` on say what they must."""
        numbers = np.arange(first, first + table.num_rows, dtype=np.int64)
        if first + table.num_rows > self._ends[-1]:
            return False
        cell = np.searchsorted(self._ends, numbers, side="right")
        auction = numbers - (self._ends - self._sizes)[cell]
        expected = {"cell": cell, "auction": auction, "market": auction // self._replications[cell]}
        are_places = all(
            np.array_equal(table.column(name).to_numpy(), told) for name, told in expected.items()
        )
        return are_places and self._agree_labels(table, cell) and self._agree_floats(table)

    def _agree_labels(self, table: Any, cell: Any) -> bool:
        places = self._arrow.array(cell)
        return all(
            table.column(name)
            .cast(self._arrow.string())
            .combine_chunks()
            .equals(self._arrow.array(self._labels[name], self._arrow.string()).take(places))
            for name in LABELS
        )

    def _agree_floats(self, table: Any) -> bool:
        for name in (*QUANTITIES, OPTIMAL_REVENUE):
            exact = (table.column(f"{name}_{ending}") for ending in ("integer", "fraction"))
            expected, found = as_floats(*exact), table.column(name)
            if expected.null_count != found.null_count or not np.array_equal(
                expected.to_numpy(zero_copy_only=False), found.to_numpy(), equal_nan=True
            ):
                return False
        return True


def first_difference(before: Path, after: Path) -> str | None:
    """Return in words where two files of rows first differ; None when they tell the same."""
    place = 0
    try:
        for old, new in zip_longest(regroup(read_rows(before)), regroup(read_rows(after))):
            count = min(0 if table is None else table.num_rows for table in (old, new))
            found = (
                None
                if old is None or new is None
                else _first_in(old.slice(0, count), new.slice(0, count), place)
            )
            if found is not None:
                return found
            place += count
            if old is None or new is None or old.num_rows != new.num_rows:
                return f"one file ends after row {place}"
    except Exception as error:
        # As above: there is no end to the ways of being damaged.
        return f"{before} cannot be read from row {place} on: {str(error).splitlines()[0]}"
    return None


def _first_in(old: Any, new: Any, place: int) -> str | None:
    """Return where two tables of the same length first differ; `place` is the number of their first row."""
    if old.equals(new):
        return None
    for row, was, now in _pairs(old, new):
        for name in now:
            if name not in was or was[name] != now[name]:
                return (
                    f"row {place + row} (cell {now['cell']}, auction {now['auction']}): {name} was "
                    f"{was.get(name)} and is {now[name]}"
                )
    return None


def _pairs(old: Any, new: Any) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    for row, (was, now) in enumerate(zip(old.to_pylist(), new.to_pylist(), strict=True)):
        yield row, was, now
