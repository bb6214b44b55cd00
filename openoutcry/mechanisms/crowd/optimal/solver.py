"""Asks HiGHS which variables make up an optimum: a basis, and roughly what values it gives them.

Everything that comes from here is a guess. `exact` finds out whether it is right, so that neither the solver's
tolerances nor its version decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import Undecided
from openoutcry.mechanisms.crowd.optimal.outcomes import Progress
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram

Options = Mapping[str, str | int | float | bool]
"""Settings of HiGHS by name; they change how long an answer takes, never the answer."""

_DEFAULTS: Options = {
    "output_flag": False,
    "solver": "simplex",
    # These programs solve fastest as they are, and then the basis is always one of the whole program.
    "presolve": "off",
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "threads": 1,
}

SECOND_THOUGHTS: tuple[Options, ...] = ({"presolve": "on"}, {"simplex_strategy": 4}, {"solver": "ipm"})
"""Other ways for the solver to look at a program, for when the first led nowhere; what is proved is the same."""

_OBJECTIVE_BITS = 20
"""The greatest coefficient of an objective as the solver sees it has so many bits; its tolerances are absolute."""

_FLOAT_BITS = 1000

_UNKNOWN = -(10**6)

_STEP = 2000
"""Iterations between two lines of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A choice of variables that fixes a solution: as many columns as tight rows.

    Attributes:
        columns: Columns that may be above 0, rising; all others are 0.
        tight: Rows without slack, rising.
    """

    columns: tuple[int, ...]
    tight: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a solver believes.

    Attributes:
        basis: The basis that it holds for optimal.
        values: About the value of each of the basis's columns.
        prices: About the multiplier of each of its tight rows.
    """

    basis: Basis
    values: tuple[float, ...]
    prices: tuple[float, ...]


ORIGIN = Basis(columns=(), tight=())
"""The basis of x = 0, from which an exact search can begin without a solver where that is feasible."""


def guessed_optimum(
    program: LinearProgram, options: Options | None = None, progress: Progress | None = None
) -> Guess | None:
    """Return what HiGHS holds for optimal, or None when it finds nothing.

    Args:
        program: What to solve.
        options: Settings that replace ours.
        progress: Told about long runs.

    Raises:
        ConfigurationError: highspy is not installed.
    """
    if not program.column_count:
        return Guess(basis=ORIGIN, values=(), prices=())
    try:
        import highspy
    except ImportError as error:
        raise Undecided(
            "an optimal mechanism for correlated values needs a linear program solved, and highspy is missing: "
            "install it"
        ) from error
    # Its stubs do not say what its constructor takes.
    solver = cast(Any, highspy).Highs()
    for name, setting in {**_DEFAULTS, **(options or {})}.items():
        solver.setOptionValue(name, setting)
    scaling = _scaling(program)
    # A limit that does not depend on how fast the machine is; no program of this package comes near it.
    solver.setOptionValue("simplex_iteration_limit", 10_000 + 5 * (program.row_count + program.column_count))
    solver.passModel(_model(highspy, program, scaling))
    if progress is not None:
        solver.cbSimplexInterrupt.subscribe(_reporter(program, progress))
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    columns, tight = _basic(solver.getBasis(), highspy.HighsBasisStatus.kBasic)
    if len(columns) != len(tight):
        return None
    solution = solver.getSolution()
    # What is too great for a float becomes infinite, and is no use as a guess.
    with np.errstate(over="ignore"):
        values = np.ldexp(solution.col_value, scaling.columns).tolist()
        prices = np.ldexp(solution.row_dual, scaling.rows - scaling.objective).tolist()
    return Guess(
        basis=Basis(columns=columns, tight=tight),
        values=tuple(values[column] for column in columns),
        prices=tuple(-prices[row] for row in tight),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaling:
    """Powers of two that bring every row and column near 1. They keep integers exact, however they are multiplied.

    Attributes:
        rows: Exponent by which each row is multiplied.
        columns: Exponent by which each column is multiplied, and its variable divided.
        objective: Exponent by which the objective is multiplied.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    objective: int


def _scaling(program: LinearProgram) -> _Scaling:
    owners = np.repeat(np.arange(program.column_count), np.diff(program.starts))
    # Powers of two above the coefficients; a float of 64 bits is exact enough for that.
    bits = np.frexp(np.abs(program.coefficients).astype(np.float64))[1].astype(np.int64) - 1
    rows = np.full(program.row_count, _UNKNOWN)
    np.maximum.at(rows, program.rows, bits)
    rows = np.where(rows == _UNKNOWN, 0, -rows)
    columns = np.full(program.column_count, _UNKNOWN)
    np.maximum.at(columns, owners, bits + rows[program.rows])
    columns = np.where(columns == _UNKNOWN, 0, -columns)
    shifts = zip(program.objective, columns.tolist(), strict=True)
    greatest = max((abs(cost).bit_length() + shift for cost, shift in shifts if cost), default=0)
    return _Scaling(rows=rows, columns=columns, objective=_OBJECTIVE_BITS - greatest)


def _basic(basis: Any, basic: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    columns = tuple(index for index, status in enumerate(basis.col_status) if status == basic)
    return columns, tuple(index for index, status in enumerate(basis.row_status) if status != basic)


def _model(highspy: Any, program: LinearProgram, scaling: _Scaling) -> Any:
    model = highspy.HighsLp()
    owners = np.repeat(np.arange(program.column_count), np.diff(program.starts))
    limits = np.ldexp([float(limit) for limit in program.limits], scaling.rows)
    # What does not fit into a float is cut off, at the lower end.
    excess = max(max((abs(cost).bit_length() for cost in program.objective), default=0) - _FLOAT_BITS, 0)
    costs = [-float(cost >> excess) for cost in program.objective]
    model.num_col_, model.num_row_ = program.column_count, program.row_count
    model.col_cost_ = np.ldexp(costs, scaling.columns + (scaling.objective + excess))
    model.col_lower_ = np.zeros(program.column_count)
    model.col_upper_ = np.full(program.column_count, highspy.kHighsInf)
    model.row_lower_ = np.where(program.is_equality, limits, -highspy.kHighsInf)
    model.row_upper_ = limits
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = program.starts.astype(np.int32)
    model.a_matrix_.index_ = program.rows.astype(np.int32)
    model.a_matrix_.value_ = np.ldexp(
        program.coefficients.astype(np.float64), scaling.rows[program.rows] + scaling.columns[owners]
    )
    return model


def _reporter(program: LinearProgram, progress: Progress) -> Callable[[Any], None]:
    progress(f"linear program of {program.column_count} variables and {program.row_count} constraints")
    told = 0

    def report(event: Any) -> None:
        nonlocal told
        iterations = event.data_out.simplex_iteration_count
        if iterations >= told + _STEP:
            told = iterations
            progress(f"linear program: {iterations} iterations")

    return report
