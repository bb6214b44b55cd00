"""Linear programs with integer data, and what proves a solution of one optimal.

A program is: maximise `objective . x` over x >= 0 with, for every row, `coefficients . x <= limit`, or `=`. Everything
in it is an integer, so that a solution can be checked exactly, without trusting whoever found it: `proves_optimum` is
that check, and nothing reaches a payment without having passed it. Floats occur only in `solver`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Exact = int | Fraction

Integers = NDArray[np.int64]

_SAFE = 2**62
"""Sums below this are added as 64-bit integers; greater ones as Python's, which have no limit and are slower."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearProgram:
    """Maximise `objective . x` over x >= 0 within the rows.

    Attributes:
        objective: An integer for each column.
        starts: Length columns + 1: where each column's entries start.
        rows: The row of each entry, column by column, rising within each.
        coefficients: The integer of each entry.
        limits: The right-hand side of each row.
        is_equality: Whether each row holds with equality.
    """

    objective: tuple[int, ...]
    starts: Integers
    rows: Integers
    coefficients: Integers
    limits: tuple[int, ...]
    is_equality: NDArray[np.bool_]

    @property
    def column_count(self) -> int:
        """How many variables there are."""
        return len(self.objective)

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.limits)

    @cached_property
    def _greatest(self) -> int:
        if not len(self.coefficients):
            return 0
        return max(-int(self.coefficients.min()), int(self.coefficients.max()))

    def column(self, index: int) -> dict[int, int]:
        """Return a column's entries by row."""
        part = slice(int(self.starts[index]), int(self.starts[index + 1]))
        return dict(zip(self.rows[part].tolist(), self.coefficients[part].tolist(), strict=True))

    def activities(self, solution: Mapping[int, Exact]) -> list[Fraction]:
        """Return every row's `coefficients . x`, x being 0 where `solution` says nothing."""
        scale = _common_denominator(solution.values())
        numerators = {column: int(value * scale) for column, value in solution.items() if value}
        columns = np.fromiter(numerators, dtype=np.int64, count=len(numerators))
        counts = self.starts[columns + 1] - self.starts[columns]
        places = _ranges(self.starts[columns], counts)
        kind = self._kind(numerators.values(), len(numerators))
        values = np.array(list(numerators.values()), dtype=kind)
        sums = np.zeros(self.row_count, dtype=kind)
        products = np.repeat(values, counts) * self.coefficients[places].astype(kind)
        np.add.at(sums, self.rows[places], products)
        return _fractions(sums, scale)

    def reduced_costs(self, multipliers: Mapping[int, Exact]) -> list[Fraction]:
        """Return every column's objective less `multipliers . coefficients`, multipliers being 0 where not given."""
        scale = _common_denominator(multipliers.values())
        numerators = [0] * self.row_count
        for row, value in multipliers.items():
            numerators[row] = int(value * scale)
        kind = self._kind(numerators, self.row_count)
        products = np.array(numerators, dtype=kind)[self.rows] * self.coefficients.astype(kind)
        sums = np.zeros(self.column_count, dtype=kind)
        filled = np.flatnonzero(np.diff(self.starts))
        if len(filled):
            sums[filled] = np.add.reduceat(products, self.starts[filled])
        priced = [Fraction(total, scale) if total else _ZERO for total in sums.tolist()]
        return [cost - total for cost, total in zip(self.objective, priced, strict=True)]

    def value(self, solution: Mapping[int, Exact]) -> Fraction:
        """Return `objective . x`."""
        return sum((self.objective[column] * Fraction(value) for column, value in solution.items()), _ZERO)

    def bound(self, multipliers: Mapping[int, Exact]) -> Fraction:
        """Return `limits . multipliers`."""
        return sum((self.limits[row] * Fraction(value) for row, value in multipliers.items()), _ZERO)

    def is_feasible(self, solution: Mapping[int, Exact]) -> bool:
        """Whether x >= 0 keeps to every row."""
        if any(value < 0 for value in solution.values()):
            return False
        slacks = zip(self.limits, self.activities(solution), self.is_equality.tolist(), strict=True)
        return all(limit == activity if equal else limit >= activity for limit, activity, equal in slacks)

    def proves_optimum(self, solution: Mapping[int, Exact], multipliers: Mapping[int, Exact]) -> bool:
        """Whether these two prove each other optimal, exactly.

        The solution must keep to the rows; the multipliers must be at least 0 on rows that are no equalities, and
        leave no column a reduced cost above 0; and both must have the same value. By weak duality no solution then
        has a greater one.

        Args:
            solution: Values of variables, by column; the others are 0.
            multipliers: Dual values, by row; the others are 0.
        """
        return (
            all(value >= 0 or self.is_equality[row] for row, value in multipliers.items())
            and self.is_feasible(solution)
            and self.value(solution) == self.bound(multipliers)
            and all(cost <= 0 for cost in self.reduced_costs(multipliers))
        )

    def _kind(self, numerators: Iterable[int], count: int) -> Any:
        greatest = max((abs(number) for number in numerators), default=0)
        return np.int64 if greatest * self._greatest * max(count, 1) < _SAFE else object


class ProgramBuilder:
    """Collects the rows of a program whose columns are numbered beforehand.

    Args:
        objective: An integer for each column.
    """

    def __init__(self, objective: Sequence[int]) -> None:
        self._objective = tuple(objective)
        self._columns = array("q")
        self._coefficients = array("q")
        self._ends = array("q")
        self._limits: list[int] = []
        self._is_equality: list[bool] = []

    def add_row(
        self, columns: Iterable[int], coefficients: Iterable[int], limit: int, *, is_equality: bool = False
    ) -> None:
        """Add a row: its columns, each at most once, and as many integers."""
        self._columns.extend(columns)
        self._coefficients.extend(coefficients)
        self._ends.append(len(self._columns))
        self._limits.append(limit)
        self._is_equality.append(is_equality)

    def finished(self) -> LinearProgram:
        """Return the program."""
        columns = np.array(self._columns, dtype=np.int64)
        coefficients = np.array(self._coefficients, dtype=np.int64)
        ends = np.array([0, *self._ends], dtype=np.int64)
        lengths = ends[1:] - ends[:-1]
        rows = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
        order = np.argsort(columns, kind="stable")
        counts = np.bincount(columns, minlength=len(self._objective))
        return LinearProgram(
            objective=self._objective,
            starts=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            rows=rows[order],
            coefficients=coefficients[order],
            limits=tuple(self._limits),
            is_equality=np.array(self._is_equality, dtype=np.bool_),
        )


def among_optima(
    program: LinearProgram, columns: Sequence[int], tight: Iterable[int], objective: Sequence[int]
) -> LinearProgram:
    """Return the program of finding, among a program's optima, one that maximises something else.

    By complementary slackness its optima are the feasible solutions that use only columns of reduced cost 0 and leave
    no slack where a multiplier is above 0, whichever optimal multipliers one has.

    Args:
        program: What the optima are of.
        columns: The columns of reduced cost 0, rising; they become 0, 1, ... in the new program.
        tight: The rows of positive multiplier.
        objective: An integer for each of `columns`.
    """
    chosen = np.array(columns, dtype=np.int64)
    counts = program.starts[chosen + 1] - program.starts[chosen]
    places = _ranges(program.starts[chosen], counts)
    is_equality = program.is_equality.copy()
    is_equality[list(tight)] = True
    return LinearProgram(
        objective=tuple(objective),
        starts=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        rows=program.rows[places],
        coefficients=program.coefficients[places],
        limits=program.limits,
        is_equality=is_equality,
    )


_ZERO = Fraction(0)


def _ranges(starts: Integers, counts: Integers) -> Integers:
    """Return starts[0], starts[0]+1, ... (counts[0] of them), starts[1], ..."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    places: Integers = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - counts), counts)
    return places


def _common_denominator(values: Iterable[Exact]) -> int:
    return lcm(*{value.denominator for value in values})


def _fractions(sums: NDArray[Any], scale: int) -> list[Fraction]:
    known: dict[int, Fraction] = {}
    return [known.setdefault(total, Fraction(total, scale)) for total in sums.tolist()]
