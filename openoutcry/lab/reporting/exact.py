"""Exact means of a campaign's columns of money, from their exact columns.

Integers of 64 bits are added up in halves, which cannot overflow; of fractions each different text is read once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from openoutcry.lab.campaigns.rows import import_arrow
from openoutcry.lab.reporting.result import Result

MONEY = ("price", "revenue", "welfare", "optimum", "utility", "optimal_revenue")
"""Columns with exact numbers."""

DENOMINATORS = 1000
"""Fractions of more different denominators are not added up exactly: nobody could read the sum."""

BITS = 4096
"""Sums with larger numerators or denominators are not told exactly: more than a thousand digits."""

_HALF = 32


@dataclass(slots=True)
class _Sum:
    """What a column of a cell adds up to so far.

    Attributes:
        whole: Of the integers.
        numerators: Of the fractions, by denominator.
        unknown: How many numbers are not known.
    """

    whole: int = 0
    numerators: Counter[int] = field(default_factory=Counter)
    unknown: int = 0

    def total(self) -> Fraction | None:
        if self.unknown or len(self.numerators) > DENOMINATORS:
            return None
        parts = (Fraction(above, below) for below, above in sorted(self.numerators.items()))
        total = sum(parts, Fraction(self.whole))
        return total if max(total.numerator.bit_length(), total.denominator.bit_length()) <= BITS else None


def exact_means(result: Result) -> tuple[Mapping[str, Fraction], ...]:
    """Return for each cell the exact means of those columns of money of which every number is known."""
    names = [name for name in MONEY if name in result.columns]
    cells = result.campaign.cells
    sums = [{name: _Sum() for name in names} for _ in cells]
    ends = [start + cell.auctions for start, cell in zip(result.starts, cells, strict=True)]
    place, row = 0, 0
    arrow = import_arrow()
    with arrow.parquet.ParquetFile(result.rows_file) as file:
        for group in range(file.num_row_groups):
            wanted = [f"{name}_{ending}" for name in names for ending in ("integer", "fraction")]
            table = file.read_row_group(group, columns=wanted)
            first = 0
            while first < table.num_rows:
                count = min(table.num_rows - first, ends[place] - row)
                _add(sums[place], table.slice(first, count))
                first, row = first + count, row + count
                place += row == ends[place]
    means: list[Mapping[str, Fraction]] = []
    for cell, of_cell in zip(cells, sums, strict=True):
        totals = {name: one.total() for name, one in of_cell.items()}
        means.append({name: total / cell.auctions for name, total in totals.items() if total is not None})
    return tuple(means)


def _add(sums: Mapping[str, _Sum], table: Any) -> None:
    for name, one in sums.items():
        integers, texts = table.column(f"{name}_integer"), table.column(f"{name}_fraction")
        one.whole += _add_integers(integers)
        one.unknown += integers.null_count - (len(texts) - texts.null_count)
        if texts.null_count < len(texts) and len(one.numerators) <= DENOMINATORS:
            _add_fractions(one.numerators, texts)


def _add_integers(column: Any) -> int:
    numbers = column.fill_null(0).to_numpy()
    high, low = numbers >> _HALF, numbers & (2**_HALF - 1)
    return (int(high.sum(dtype=np.int64)) << _HALF) + int(low.sum(dtype=np.int64))


def _add_fractions(numerators: Counter[int], column: Any) -> None:
    for entry in column.drop_null().value_counts().to_pylist():
        above, _, below = entry["values"].partition("/")
        numerators[int(below or 1)] += int(above) * entry["counts"]
