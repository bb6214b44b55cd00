"""Square systems of linear equations with integer coefficients, solved exactly.

What can be solved by substitution is: in the programs of this package nearly everything. The rest is solved in floating
point, corrected by exact residuals until the digits determine fractions, and these are put back into the equations: a
solution is returned only if every equation holds exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm, ldexp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.mechanisms.crowd.optimal.program import Exact

System = Sequence[Mapping[int, int]]
"""Equations: for each the coefficients, none of them 0, by unknown."""

DENSE_LIMIT = 2000
"""Equations that are left when nothing more can be substituted: their matrix is inverted in floating point."""

_GAIN = 24
"""Binary digits that one correction adds."""

_DIGITS_LIMIT = 20_000
"""Binary digits of a solution."""


def transposed(system: System) -> list[dict[int, int]]:
    """Return the square system whose equations are the unknowns of this one."""
    turned: list[dict[int, int]] = [{} for _ in system]
    for row, entries in enumerate(system):
        for column, coefficient in entries.items():
            turned[column][row] = coefficient
    return turned


def solve(system: System, right: Sequence[Exact]) -> list[Exact] | None:
    """Return the solution of a square system, or None when it is singular, or too hard for the digits at hand.

    Args:
        system: As many equations as unknowns 0, 1, ...
        right: The right-hand side of each equation.
    """
    return _Substitution(system, right).run()


class _Substitution:
    """One system being solved: equations and unknowns drop out in pairs."""

    def __init__(self, system: System, right: Sequence[Exact]) -> None:
        self._system = system
        self._columns = transposed(system)
        self._right: list[Exact] = list(right)
        self._solution: list[Exact] = [0] * len(system)
        self._open_rows = dict.fromkeys(range(len(system)))
        self._open_columns = dict.fromkeys(range(len(system)))
        self._row_counts = [len(entries) for entries in system]
        self._column_counts = [len(entries) for entries in self._columns]
        self._postponed: list[tuple[int, int]] = []

    def run(self) -> list[Exact] | None:
        rows = [row for row, count in enumerate(self._row_counts) if count == 1]
        columns = [column for column, count in enumerate(self._column_counts) if count == 1]
        while rows or columns:
            if rows:
                row = rows.pop()
                column = self._only(self._system[row], self._open_columns) if row in self._open_rows else None
                if column is not None:
                    self._substitute(row, column)
                    self._drop(row, column, rows, columns)
            else:
                column = columns.pop()
                holder = (
                    self._only(self._columns[column], self._open_rows)
                    if column in self._open_columns
                    else None
                )
                if holder is not None:
                    self._postponed.append((holder, column))
                    self._drop(holder, column, rows, columns)
        if self._open_rows and not self._solve_rest():
            return None
        for row, column in reversed(self._postponed):
            self._substitute(row, column)
        return self._solution

    def _only(self, entries: Mapping[int, int], is_open: Mapping[int, None]) -> int | None:
        return next((index for index in entries if index in is_open), None)

    def _substitute(self, row: int, column: int) -> None:
        value = _quotient(self._right[row], self._system[row][column])
        self._solution[column] = value
        if value:
            for other, coefficient in self._columns[column].items():
                self._right[other] -= coefficient * value

    def _drop(self, row: int, column: int, rows: list[int], columns: list[int]) -> None:
        del self._open_rows[row], self._open_columns[column]
        for other in self._columns[column]:
            self._row_counts[other] -= 1
            if self._row_counts[other] == 1:
                rows.append(other)
        for other in self._system[row]:
            self._column_counts[other] -= 1
            if self._column_counts[other] == 1:
                columns.append(other)

    def _solve_rest(self) -> bool:
        names = {column: place for place, column in enumerate(self._open_columns)}
        rows = list(self._open_rows)
        if len(rows) > DENSE_LIMIT:
            return False
        scale = lcm(*{self._right[row].denominator for row in rows})
        system = [
            {names[column]: entry for column, entry in self._system[row].items() if column in names}
            for row in rows
        ]
        found = _refined(system, [int(self._right[row] * scale) for row in rows])
        if found is None:
            return False
        for column, place in names.items():
            value = _quotient(found[place], scale)
            self._solution[column] = value
            if value:
                for other, coefficient in self._columns[column].items():
                    self._right[other] -= coefficient * value
        return True


def _quotient(value: Exact, divisor: int) -> Exact:
    if isinstance(value, int):
        whole, rest = divmod(value, divisor)
        return whole if not rest else Fraction(value, divisor)
    return value / divisor


def _refined(system: System, right: Sequence[int]) -> list[Exact] | None:
    """Solve by a floating inverse and exact residuals; the fractions found satisfy every equation."""
    inverse = _inverse(system)
    if inverse is None:
        return None
    digits, check_at = 0, 2 * _GAIN
    solution, residual = [0] * len(system), list(right)
    while digits < _DIGITS_LIMIT:
        step = _correction(inverse, residual)
        if step is None:
            return None
        digits += _GAIN
        solution = [(value << _GAIN) + change for value, change in zip(solution, step, strict=True)]
        before = max(map(abs, residual))
        residual = [
            (value << _GAIN) - sum(entry * step[place] for place, entry in entries.items())
            for value, entries in zip(residual, system, strict=True)
        ]
        # The residual at the new scale must stay as small as it was, or there is no convergence.
        if max(map(abs, residual)) > 2 * before + (1 << 2 * _GAIN):
            return None
        if digits >= check_at:
            check_at = digits * 3 // 2
            fractions = _reconstructed(solution, digits)
            if fractions is not None and _holds(system, right, fractions):
                return fractions
    return None


def _inverse(system: System) -> NDArray[np.floating[Any]] | None:
    matrix = np.zeros((len(system), len(system)))
    for row, entries in enumerate(system):
        for column, entry in entries.items():
            matrix[row, column] = entry
    try:
        with np.errstate(all="ignore"):
            inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() else None


def _correction(inverse: NDArray[np.floating[Any]], residual: Sequence[int]) -> list[int] | None:
    """Return what to add to the solution, in units of 2^-_GAIN of its present last digit."""
    greatest = max(map(abs, residual))
    if not greatest:
        return [0] * len(residual)
    shift = max(greatest.bit_length() - 60, 0)
    with np.errstate(all="ignore"):
        change = inverse @ np.array([float(value >> shift) for value in residual])
    if not np.isfinite(change).all():
        return None
    return [int(ldexp(value, _GAIN)) << shift for value in change.tolist()]


def _reconstructed(solution: Sequence[int], digits: int) -> list[Exact] | None:
    """Return fractions near solution / 2^digits whose common denominator has less than half of the digits."""
    limit = 1 << (digits // 2 - 2)
    common = 1
    fractions: list[Exact] = []
    for value in solution:
        near = Fraction(value * common, 1 << digits).limit_denominator(max(limit // common, 1))
        fractions.append(near / common)
        common *= near.denominator
        if common > limit:
            return None
    return fractions


def _holds(system: System, right: Sequence[int], solution: Sequence[Exact]) -> bool:
    scale = lcm(*{value.denominator for value in solution})
    numerators = [int(value * scale) for value in solution]
    return all(
        sum(entry * numerators[place] for place, entry in entries.items()) == value * scale
        for entries, value in zip(system, right, strict=True)
    )
