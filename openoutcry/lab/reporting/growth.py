"""How figures grow with the size of instances: lines of cells that differ in one parameter of the generator.

Whatever parameter is a number and has several values gives lines, one for each mechanism and each choice of all others:
`bidders` is the paper's n, `signal_levels` its k, `groups` its l.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.lab.campaigns.campaign import Cell, Raw
from openoutcry.lab.instances.registry import find_generator

SYMBOLS = {"bidders": "n", "signal_levels": "k", "groups": "l"}
"""What the paper calls a parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Cells that differ in one parameter of their instances and in nothing else.

    Attributes:
        parameter: Its name.
        cells: With the parameter's value, which rises.
        others: The parameters that the cells have in common.
    """

    parameter: str
    cells: tuple[tuple[Fraction, Cell], ...]
    others: Raw


def find_lines(cells: Sequence[Cell]) -> tuple[Line, ...]:
    """Return all lines of at least two cells, in the order of the campaign."""
    found: dict[tuple[object, ...], list[tuple[Fraction, Cell]]] = {}
    for cell in cells:
        parameters = _parameters(cell)
        for name, text in parameters.items():
            number = _number(text)
            if number is None:
                continue
            others = tuple(pair for pair in parameters.items() if pair[0] != name)
            who = cell.mechanism, cell.parameters, cell.everyone, cell.observed
            key = (name, cell.generator, others, *who)
            found.setdefault(key, []).append((number, cell))
    return tuple(
        Line(
            parameter=str(key[0]),
            cells=tuple(sorted(points, key=lambda point: point[0])),
            others=tuple(pair for pair in points[0][1].instance_parameters if pair[0] != key[0]),
        )
        for key, points in found.items()
        if len({number for number, _ in points}) > 1
    )


def _parameters(cell: Cell) -> dict[str, str]:
    """Return all parameters of a cell's instances, defaults written out."""
    raw = dict(cell.instance_parameters)
    return {
        known.name: str(raw.get(known.name, known.default))
        for known in find_generator(cell.generator).parameters
    }


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
