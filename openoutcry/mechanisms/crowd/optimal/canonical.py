"""The one optimum that everybody finds: of several, which is played must not depend on a solver or a machine.

Among the optima of a program the one is taken that maximises a second objective, given by the program's author: small
prices first, then bidders listed first, and a pseudo-random part, from the SHA-256 of each variable's name, that leaves
no ties. That the choice is unique is proved, not assumed; in the odd case in which it is not, further pseudo-random
objectives decide. Everything is exact, so that whoever repeats it gets the same fractions or, if a limit is reached,
none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from openoutcry.mechanisms.crowd.optimal.exact import Vertex, proved_optimum
from openoutcry.mechanisms.crowd.optimal.outcomes import Progress
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram, among_optima
from openoutcry.mechanisms.crowd.optimal.solver import Options

ROUND_LIMIT = 6
"""Second objectives that are tried; after the first nearly nothing is left to decide."""

PSEUDO_RANDOM = 2**20
"""The pseudo-random part is 1..this: with some thousand variables hardly a tie is left."""

Name = tuple[int, ...]
"""What a variable stands for, whatever the order of columns: numbers that no other variable of the program has."""

Preference = Callable[[int, int], int]
"""What a column contributes to the further objective of a round, 0, 1, ...: `pseudo_random` of its name, of a weight of
its own, and in round 0 what is said in words about the choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """The optimum that is played.

    Attributes:
        value: Of the first objective.
        solution: Values above 0, by column.
    """

    value: Fraction
    solution: dict[int, Fraction]


def pseudo_random(name: Name, round_: int) -> int:
    """Return 1..PSEUDO_RANDOM for a variable's name and a round, as good as random and the same everywhere."""
    digest = sha256(f"optimal mechanism {round_} {name}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % PSEUDO_RANDOM


def canonical_optimum(
    program: LinearProgram,
    preference: Preference,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Canonical | None:
    """Return the canonical optimum of a program, or None when it could not be proved within the limits.

    Args:
        program: What to solve.
        preference: What further objectives prefer; it must not depend on the columns' order.
        options: Settings of the solver.
        progress: Told about long runs.
    """
    vertex = proved_optimum(program, options, progress)
    if vertex is None:
        return None
    value = program.value(vertex.solution)
    columns = list(range(program.column_count))
    for round_ in range(ROUND_LIMIT):
        places = [place for place, cost in enumerate(vertex.costs) if cost == 0]
        if _is_unique(program, vertex, len(places)):
            solution = {
                columns[place]: Fraction(amount) for place, amount in vertex.solution.items() if amount
            }
            return Canonical(value=value, solution=solution)
        tight = [row for row, multiplier in vertex.multipliers.items() if multiplier > 0]
        columns = [columns[place] for place in places]
        objective = [preference(column, round_) for column in columns]
        program = among_optima(program, places, tight, objective)
        following = proved_optimum(program, options, progress)
        if following is None:
            return None
        vertex = following
    return None


def _is_unique(program: LinearProgram, vertex: Vertex, free_count: int) -> bool:
    """Whether an optimum is the only one: every variable outside its basis would lose value if it grew.

    Args:
        program: What was solved.
        vertex: An optimum.
        free_count: Columns of reduced cost 0; those of the basis are among them.
    """
    return free_count == len(vertex.basis.columns) and all(
        multiplier > 0 or program.is_equality[row] for row, multiplier in vertex.multipliers.items()
    )
