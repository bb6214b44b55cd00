"""The value of an optimum for those who only measure against it: exact, or else between two exact numbers."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite

from openoutcry.mechanisms.crowd.optimal.exact import attempts
from openoutcry.mechanisms.crowd.optimal.outcomes import Progress
from openoutcry.mechanisms.crowd.optimal.program import Exact, LinearProgram
from openoutcry.mechanisms.crowd.optimal.solver import Guess, Options

_UNIT = 2**40
"""Floats are rounded down to multiples of 1/_UNIT."""


def bracket(
    program: LinearProgram, cap: int, options: Options | None = None, progress: Progress | None = None
) -> tuple[Fraction, Fraction]:
    """Return two exact numbers that the value of a program lies between, equal ones when it could be proved.

    Args:
        program: x = 0 keeps to it.
        cap: No variable is greater in any solution.
        options: Settings of the solver.
        progress: Told about long runs.
    """
    lower, upper = Fraction(0), dual_bound(program, {}, cap)
    for guess, vertex in attempts(program, options, progress):
        if vertex is not None:
            lower = max(lower, program.value(vertex.solution))
            if vertex.is_proved(program):
                return lower, lower
        lower = max(lower, packed_value(program, guess))
        prices = zip(guess.basis.tight, guess.prices, strict=True)
        multipliers: dict[int, Exact] = {
            row: Fraction(price) for row, price in prices if price > 0 and isfinite(price)
        }
        upper = min(upper, dual_bound(program, multipliers, cap))
    return lower, upper


def dual_bound(program: LinearProgram, multipliers: dict[int, Exact], cap: int) -> Fraction:
    """Return a number that no solution exceeds, whatever the multipliers, which are at least 0.

    What a column's reduced cost exceeds 0 by can be earned at most `cap` times.
    """
    missing = sum((cost for cost in program.reduced_costs(multipliers) if cost > 0), Fraction(0))
    return program.bound(multipliers) + cap * missing


def packed_value(program: LinearProgram, guess: Guess) -> Fraction:
    """Return the value of a guess made feasible by making it smaller; 0 where that does not help.

    It helps in packing programs: nothing negative in them, no equalities.
    """
    if not all(map(isfinite, guess.values)):
        return Fraction(0)
    is_packing = not program.is_equality.any() and min(program.coefficients.tolist(), default=0) >= 0
    if not is_packing or min(program.limits, default=1) <= 0:
        return Fraction(0)
    solution: dict[int, Exact] = {
        column: Fraction(int(value * _UNIT), _UNIT)
        for column, value in zip(guess.basis.columns, guess.values, strict=True)
        if value > 0
    }
    excess = max(
        (
            activity / limit
            for activity, limit in zip(program.activities(solution), program.limits, strict=True)
        ),
        default=Fraction(0),
    )
    return program.value(solution) / max(excess, Fraction(1))
