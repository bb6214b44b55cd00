"""Exact optima of linear programs: the certificate, the exact steps, the systems of equations, the bracket."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.mechanisms.crowd.optimal import bracket as bracketing
from openoutcry.mechanisms.crowd.optimal.canonical import canonical_optimum, pseudo_random
from openoutcry.mechanisms.crowd.optimal.elimination import solve
from openoutcry.mechanisms.crowd.optimal.exact import improved, proved_optimum, rounded, vertex_of
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram, ProgramBuilder
from openoutcry.mechanisms.crowd.optimal.solver import ORIGIN, Basis, Guess, Options, guessed_optimum


def program_of(
    objective: list[int], *rows: tuple[list[int], int], equalities: tuple[int, ...] = ()
) -> LinearProgram:
    """Return a program of dense rows: (coefficients, limit)."""
    builder = ProgramBuilder(objective)
    for place, (entries, limit) in enumerate(rows):
        filled = {column: entry for column, entry in enumerate(entries) if entry}
        builder.add_row(filled, filled.values(), limit, is_equality=place in equalities)
    return builder.finished()


TRIANGLE = program_of([1, 1, 1], ([1, 1, 0], 1), ([1, 0, 1], 1), ([0, 1, 1], 1))
"""Its only optimum is 1/2 for every variable."""

HALF = Fraction(1, 2)


def test_the_certificate_accepts_an_optimum_and_its_multipliers() -> None:
    """Feasible on both sides and of equal value."""
    halves = dict.fromkeys(range(3), HALF)
    assert TRIANGLE.proves_optimum(halves, halves)


@pytest.mark.parametrize(
    ("solution", "multipliers"),
    [
        ({0: 1}, {0: HALF, 1: HALF, 2: HALF}),
        ({0: HALF, 1: HALF, 2: HALF + Fraction(1, 10**30)}, {0: HALF, 1: HALF, 2: HALF}),
        ({0: HALF, 1: HALF, 2: HALF}, {0: HALF, 1: HALF, 2: HALF - Fraction(1, 10**30)}),
        ({0: 1, 1: 1, 2: -HALF}, {0: HALF, 1: HALF, 2: HALF}),
        ({0: HALF, 1: HALF, 2: HALF}, {0: 2, 1: 1, 2: Fraction(-3, 2)}),
    ],
    ids=["not best", "too much", "no bound", "negative", "negative multiplier"],
)
def test_the_certificate_refuses_what_is_wrong_by_however_little(
    solution: dict[int, Fraction], multipliers: dict[int, Fraction]
) -> None:
    """A planted wrong solution is found, also where floats could not tell."""
    assert not TRIANGLE.proves_optimum(solution, multipliers)


def test_fractions_are_found_from_the_solvers_basis() -> None:
    """The solver's floats come out as exact fractions with their proof."""
    vertex = proved_optimum(TRIANGLE)
    assert vertex is not None
    assert vertex.solution == dict.fromkeys(range(3), HALF)
    assert TRIANGLE.proves_optimum(vertex.solution, vertex.multipliers)


def test_a_perturbed_answer_of_the_solver_is_not_taken_for_the_truth() -> None:
    """Numbers that do not satisfy the basis's equations are thrown away, and the equations solved."""
    guess = guessed_optimum(TRIANGLE)
    assert guess is not None
    assert rounded(TRIANGLE, guess) is not None
    wrong = Guess(basis=guess.basis, values=(0.5, 0.5, 0.501), prices=guess.prices)
    assert rounded(TRIANGLE, wrong) is None
    broken = Guess(basis=guess.basis, values=(0.5, 0.5, float("inf")), prices=guess.prices)
    assert rounded(TRIANGLE, broken) is None


def test_a_wrong_basis_is_improved_by_exact_steps() -> None:
    """From the worst basis there is, without the solver, to the optimum."""
    start = vertex_of(TRIANGLE, ORIGIN)
    assert start is not None
    assert not start.is_proved(TRIANGLE)
    vertex = improved(TRIANGLE, ORIGIN)
    assert vertex is not None
    assert TRIANGLE.proves_optimum(vertex.solution, vertex.multipliers)


def test_a_basis_of_dependent_equations_fixes_nothing() -> None:
    """A singular basis is refused, not divided by."""
    program = program_of([1, 1], ([1, 1], 1), ([2, 2], 2))
    assert vertex_of(program, Basis(columns=(0, 1), tight=(0, 1))) is None


def test_differences_beyond_floats_are_decided_exactly() -> None:
    """10^18 + 1 is worth more than 10^18, which the solver cannot see."""
    program = program_of([10**18, 10**18 + 1, 10**18], ([1, 1, 1], 1))
    vertex = proved_optimum(program)
    assert vertex is not None
    assert program.value(vertex.solution) == 10**18 + 1


def test_numbers_that_no_float_can_hold_are_solved() -> None:
    """Weights are integers of any length: a report may hold such."""
    program = program_of([10**400, 10**400 - 1], ([1, 1], 1), ([1, 0], 1))
    vertex = proved_optimum(program)
    assert vertex is not None
    assert program.value(vertex.solution) == 10**400


def test_of_several_optima_one_is_chosen_whatever_the_solver_says() -> None:
    """Every way of solving leads to the same vertex, and the preference decides which."""
    program = program_of([1] * 6, ([1, 1, 1, 0, 0, 0], 1), ([0, 0, 0, 1, 1, 1], 1))
    settings: tuple[Options, ...] = (
        {},
        {"solver": "ipm"},
        {"presolve": "on"},
        {"simplex_strategy": 4},
        {"random_seed": 5},
    )
    chosen = [
        canonical_optimum(program, lambda column, round_: pseudo_random((column,), round_), options)
        for options in settings
    ]
    assert chosen == [chosen[0]] * len(settings)
    preferring_last = canonical_optimum(program, lambda column, _: column)
    assert preferring_last is not None
    assert preferring_last.solution == {2: 1, 5: 1}


def test_a_choice_that_leaves_ties_is_not_made() -> None:
    """When no round breaks a tie there is no canonical optimum, rather than an arbitrary one."""
    program = program_of([1, 1], ([1, 1], 1))
    assert canonical_optimum(program, lambda column, round_: 0) is None


def test_an_unproved_optimum_is_bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without exact vertices there is still a feasible value and a bound, both exact."""
    monkeypatch.setattr(
        bracketing,
        "attempts",
        lambda program, *_: [(guessed_optimum(program), None), (guessed_optimum(program), None)],
    )
    lower, upper = bracketing.bracket(TRIANGLE, 1)
    assert lower <= Fraction(3, 2) <= upper
    assert upper - lower < Fraction(1, 10**6)


def test_a_wild_bound_is_still_a_bound() -> None:
    """Whatever the multipliers, what they miss is added."""
    assert bracketing.dual_bound(TRIANGLE, {0: HALF}, 1) == HALF + HALF + HALF + 1


SMALL = st.integers(-9, 9)


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.lists(st.lists(SMALL, min_size=n, max_size=n), min_size=n, max_size=n),
            st.lists(st.integers(-(10**20), 10**20), min_size=n, max_size=n),
        )
    )
)
def test_a_solution_of_equations_satisfies_them(drawn: tuple[list[list[int]], list[int]]) -> None:
    """Whatever is returned solves the system exactly; regular systems of this size are always solved."""
    matrix, right = drawn
    system = [{place: entry for place, entry in enumerate(row) if entry} for row in matrix]
    solution = solve(system, right)
    if solution is None:
        assert determinant(matrix) == 0
    else:
        assert [
            sum(entry * value for entry, value in zip(row, solution, strict=True)) for row in matrix
        ] == right


def determinant(matrix: list[list[int]]) -> int:
    """Return the determinant by expansion along the first row."""
    if not matrix:
        return 1
    return sum(
        (-1) ** place * entry * determinant([row[:place] + row[place + 1 :] for row in matrix[1:]])
        for place, entry in enumerate(matrix[0])
        if entry
    )
