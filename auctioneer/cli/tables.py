"""Tables that a person can read: words and numbers stay whole, and lines break where a reader would break them.

A terminal library that is short of room cuts words and numbers anywhere. Here widths are chosen beforehand: each
column gets at least its longest word, and what does not fit goes on between words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = Sequence[str]

STRATEGY_BREAKS = ":,/"
"""Behind which characters the name of a strategy may go on in the next line of a cell."""

LABEL_BREAKS = STRATEGY_BREAKS + "-="
"""The same for the words of a campaign's cell, of which a table has several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        heading: Never broken.
        is_number: Whether its cells stand to the right.
        breaks_after: Characters behind which a cell may go on in the next line, as it may at every space.
        indent: Put before the second and later lines of a cell.
    """

    heading: str
    is_number: bool = False
    breaks_after: str = ""
    indent: str = ""


def print_table(
    console: Console,
    columns: Sequence[Column],
    *sections: Sequence[Row],
    title: str = "",
    caption: str = "",
    emphasized: Collection[str] = (),
    is_light: bool = False,
) -> None:
    """Print a table.

    Args:
        console: Where to; its width is kept to unless a line of unbroken words is wider and no terminal is there.
        columns: From left to right.
        sections: Rows of as many cells as there are columns; a section is set off from the one before.
        title: Above it.
        caption: Below it.
        emphasized: First cells of the rows that are to catch the eye.
        is_light: Lines under the headings only, and as little space as possible.
    """
    rows = [row for section in sections for row in section]
    # Light tables have two spaces between columns; others a line with a space on both sides, and one at each end.
    frame = 2 * len(columns) - 1 if is_light else 3 * len(columns) + 1
    widths = _widths(columns, rows, console.width - frame)
    table = Table(
        box=SIMPLE_HEAD if is_light else HEAVY_HEAD,
        show_edge=not is_light,
        pad_edge=not is_light,
        padding=(0, 1, 0, 0) if is_light else (0, 1),
        title=Text(title) if title else None,
        caption=Text(caption) if caption and not is_light else None,
    )
    for column, width in zip(columns, widths, strict=True):
        # Only a terminal that is too narrow for the longest words makes use of the overflow.
        table.add_column(
            Text(column.heading),
            justify="right" if column.is_number else "left",
            width=width,
            overflow="fold",
        )
    for place, section in enumerate(sections):
        if place:
            table.add_section()
        for row in section:
            cells = [
                Text("\n".join(_break(cell, column, width)))
                for cell, column, width in zip(row, columns, widths, strict=True)
            ]
            if row[0] in emphasized:
                cells[0].stylize("bold green")
            table.add_row(*cells)
    with _wide_enough(console, sum(widths) + frame):
        console.print(table)
        if caption and is_light:
            console.print()
            console.print(Text(caption, style="table.caption"), soft_wrap=True)


def _widths(columns: Sequence[Column], rows: Sequence[Row], room: int) -> list[int]:
    """Return the width of each column: all on one line where there is room, never less than the longest word."""
    widths, least = [], []
    for place, column in enumerate(columns):
        cells = [row[place] for row in rows]
        heading = cell_len(column.heading)
        widths.append(max([heading, *map(cell_len, cells)]))
        words = (cell_len(word) for cell in cells for word in _words(cell, column))
        least.append(max([heading, *words]))
    while sum(widths) > room:
        spare = [width - low for width, low in zip(widths, least, strict=True)]
        if not any(spare):
            break
        widths[spare.index(max(spare))] -= 1
    return widths


def _words(cell: str, column: Column) -> list[str]:
    """Return the parts of a cell that are not broken, each but the first with the indentation that it may need."""
    first, *others = _parts(cell, column) or [""]
    return [first.rstrip(), *(column.indent + part.rstrip() for part in others)]


def _parts(cell: str, column: Column) -> list[str]:
    """Return a cell in parts that may stand on lines of their own; joined they are the cell."""
    ends = re.escape(column.breaks_after)
    pattern = rf"[^\s{ends}]*(?:[{ends}]+\s*|\s+|$)" if ends else r"\S*(?:\s+|$)"
    return [part for part in re.findall(pattern, cell) if part]


def _break(cell: str, column: Column, width: int) -> list[str]:
    lines = [""]
    for part in _parts(cell, column):
        if lines[-1].strip() and cell_len(lines[-1] + part.rstrip()) > width:
            lines.append(column.indent)
        lines[-1] += part
    return [line.rstrip() for line in lines]


@contextmanager
def _wide_enough(console: Console, width: int) -> Iterator[None]:
    """Let lines be longer than usual where no terminal breaks them."""
    before = console.width
    if not console.is_terminal and width > before:
        console.width = width
    try:
        yield
    finally:
        console.width = before
