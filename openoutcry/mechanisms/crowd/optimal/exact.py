"""Optima that are proved: from the basis that a solver proposes to exact values, in as many exact steps as it takes.

The solver's values are rounded to simple fractions. If these satisfy the equations of its basis exactly they are what
the basis stands for; otherwise the equations are solved in exact arithmetic. If the result is an optimum, its
multipliers prove it. If the solver was misled by its tolerances, the simplex method goes on from there exactly, by
Bland's rule, which cannot cycle; it is usually a handful of steps. What cannot be proved within the limits is not
returned as an optimum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from openoutcry.mechanisms.crowd.optimal.elimination import solve, transposed
from openoutcry.mechanisms.crowd.optimal.outcomes import Progress
from openoutcry.mechanisms.crowd.optimal.program import Exact, LinearProgram
from openoutcry.mechanisms.crowd.optimal.solver import (
    SECOND_THOUGHTS,
    Basis,
    Guess,
    Options,
    guessed_optimum,
)

STEP_LIMIT = 300
"""Exact steps of the simplex method: each solves three systems of equations."""

WORK_LIMIT = 10_000_000
"""Numbers of a program, times steps: large ones get fewer steps."""

SIMPLE_DENOMINATOR = 1000
"""Fractions to which a solver's numbers are rounded have no greater denominator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """The solution that a basis fixes, and the multipliers that belong to it.

    Attributes:
        basis: The basis.
        solution: A value for each of the basis's columns, by column; all others are 0.
        multipliers: A value for each of the basis's tight rows, by row; all others are 0.
        slacks: Every row's limit less its activity.
        costs: Every column's reduced cost.
    """

    basis: Basis
    solution: dict[int, Exact]
    multipliers: dict[int, Exact]
    slacks: list[Fraction]
    costs: list[Fraction]

    def is_feasible(self, program: LinearProgram) -> bool:
        """Whether the solution keeps to the program."""
        return all(value >= 0 for value in self.solution.values()) and all(
            slack == 0 if equal else slack >= 0
            for slack, equal in zip(self.slacks, program.is_equality.tolist(), strict=True)
        )

    def is_proved(self, program: LinearProgram) -> bool:
        """Whether no solution has a greater value."""
        return all(cost <= 0 for cost in self.costs) and all(
            value >= 0 or program.is_equality[row] for row, value in self.multipliers.items()
        )


def vertex_of(program: LinearProgram, basis: Basis) -> Vertex | None:
    """Return the exact solution and multipliers of a basis; None when it fixes none."""
    system = _system(program, basis)
    values = solve(transposed(system), [program.limits[row] for row in basis.tight])
    prices = solve(system, [program.objective[column] for column in basis.columns])
    return None if values is None or prices is None else _vertex(program, basis, values, prices)


def rounded(program: LinearProgram, guess: Guess) -> Vertex | None:
    """Return the vertex of a guess's basis, if rounding its numbers gives it."""
    basis = guess.basis
    if not all(map(isfinite, (*guess.values, *guess.prices))):
        return None
    values = [_simple(value) for value in guess.values]
    prices = [_simple(price) for price in guess.prices]
    vertex = _vertex(program, basis, values, prices)
    is_right = not any(vertex.slacks[row] for row in basis.tight) and not any(
        vertex.costs[column] for column in basis.columns
    )
    return vertex if is_right else None


def _simple(number: float) -> Exact:
    whole = round(number)
    # The solver is right to about nine digits; a wrong guess is found out.
    if abs(number - whole) <= 1e-7 * max(1.0, abs(number)):
        return whole
    return Fraction(number).limit_denominator(SIMPLE_DENOMINATOR)


def _vertex(program: LinearProgram, basis: Basis, values: Sequence[Exact], prices: Sequence[Exact]) -> Vertex:
    solution = dict(zip(basis.columns, values, strict=True))
    multipliers = dict(zip(basis.tight, prices, strict=True))
    activities = program.activities(solution)
    return Vertex(
        basis=basis,
        solution=solution,
        multipliers=multipliers,
        slacks=[limit - activity for limit, activity in zip(program.limits, activities, strict=True)],
        costs=program.reduced_costs(multipliers),
    )


def _system(program: LinearProgram, basis: Basis) -> list[dict[int, int]]:
    """Return the equations of a basis's multipliers: for each of its columns the entries in its tight rows."""
    places = {row: place for place, row in enumerate(basis.tight)}
    return [
        {places[row]: entry for row, entry in program.column(column).items() if row in places}
        for column in basis.columns
    ]


def proved_optimum(
    program: LinearProgram, options: Options | None = None, progress: Progress | None = None
) -> Vertex | None:
    """Return an optimum with its proof, or None when none could be proved within the limits."""
    return next(
        (
            vertex
            for _, vertex in attempts(program, options, progress)
            if vertex is not None and vertex.is_proved(program)
        ),
        None,
    )


def attempts(
    program: LinearProgram, options: Options | None = None, progress: Progress | None = None
) -> Iterator[tuple[Guess, Vertex | None]]:
    """Yield the solver's guesses with the exact vertex that each leads to, the solver being told to think again."""
    for thought in (options or {}, *SECOND_THOUGHTS):
        guess = guessed_optimum(program, thought, progress)
        if guess is not None:
            yield guess, settled(program, guess)


def settled(program: LinearProgram, guess: Guess) -> Vertex | None:
    """Return the exact vertex that a guess leads to: an optimum unless a limit was reached; None if infeasible."""
    found = rounded(program, guess)
    if found is not None and found.is_feasible(program) and found.is_proved(program):
        return found
    return improved(program, guess.basis)


def improved(program: LinearProgram, basis: Basis) -> Vertex | None:
    """Return the vertex where exact steps from a basis end: an optimum unless a limit comes first.

    Returns:
        None when the basis fixes no feasible solution.
    """
    vertex = vertex_of(program, basis)
    if vertex is None or not vertex.is_feasible(program):
        return None
    for _ in range(min(STEP_LIMIT, WORK_LIMIT // (len(program.rows) + 1))):
        if vertex.is_proved(program):
            break
        following = _step(program, vertex)
        if following is None:
            break
        vertex = following
    return vertex


def _step(program: LinearProgram, vertex: Vertex) -> Vertex | None:
    """Exchange one variable for another: the first that gains enters, the first that limits it leaves."""
    column = next((index for index, cost in enumerate(vertex.costs) if cost > 0), None)
    row = None
    if column is None:
        row = next(r for r, value in vertex.multipliers.items() if value < 0 and not program.is_equality[r])
    moves = _direction(program, vertex.basis, column, row)
    if moves is None:
        return None
    leaving = _leaving(program, vertex, *moves)
    if leaving is None:
        return None
    columns, tight = set(vertex.basis.columns), set(vertex.basis.tight)
    if column is not None:
        columns.add(column)
    else:
        tight.discard(row if row is not None else -1)
    is_row, index = leaving
    if is_row:
        tight.add(index)
    else:
        columns.discard(index)
    return vertex_of(program, Basis(columns=tuple(sorted(columns)), tight=tuple(sorted(tight))))


def _direction(
    program: LinearProgram, basis: Basis, column: int | None, row: int | None
) -> tuple[dict[int, Exact], list[Fraction]] | None:
    """Return how the solution and the rows' activities change when a column, or a tight row's slack, grows by 1."""
    entering = program.column(column) if column is not None else {}
    right = [-entering.get(tight, 0) - (tight == row) for tight in basis.tight]
    changes = solve(transposed(_system(program, basis)), right)
    if changes is None:
        return None
    moves = dict(zip(basis.columns, changes, strict=True))
    grown = moves if column is None else {**moves, column: 1}
    return moves, program.activities(grown)


def _leaving(
    program: LinearProgram, vertex: Vertex, moves: dict[int, Exact], activities: list[Fraction]
) -> tuple[bool, int] | None:
    """Return the first variable to reach 0: (whether it is a row's slack, its index); ties by Bland's rule."""
    candidates = [
        (Fraction(vertex.solution[column]) / -change, False, column)
        for column, change in moves.items()
        if change < 0
    ]
    tight = set(vertex.basis.tight)
    for row, activity in enumerate(activities):
        if activity and row not in tight:
            if program.is_equality[row]:
                candidates.append((Fraction(0), True, row))
            elif activity > 0:
                candidates.append((vertex.slacks[row] / activity, True, row))
    if not candidates:
        return None
    _, is_row, index = min(candidates)
    return is_row, index
