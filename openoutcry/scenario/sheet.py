"""CSV files that a scenario names: their text, rows and numbers, refused with file and row.

What the columns mean the readers of value tables, distributions and partitions know.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms.families import GREATEST_VALUE
from openoutcry.scenario.schema import nearest

_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)

# 2^63-1 has 19 digits: anything longer is out of range, and is not worth converting.
_DIGIT_LIMIT = 19


def read_text(path: Path, file: str) -> str:
    """Read a file of UTF-8, with or without a byte order mark.

    Args:
        path: The file.
        file: What to call it in messages.

    Raises:
        ScenarioError: It cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ScenarioError(file=file, key="", reason=f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start}): save it as UTF-8"
        raise ScenarioError(file=file, key="", reason=reason) from error


def split_rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and stripped cells; blank lines are passed over.

    Raises:
        ScenarioError: The text is no CSV.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise row_refusal(file, reader.line_num, f"is not CSV: {error}") from error


def read_number(cell: str, column: str, file: str, line: int) -> int:
    """Return the integer in a cell, 0..2^63-1.

    Raises:
        ScenarioError: It holds something else.
    """
    if not _INTEGER.fullmatch(cell):
        raise row_refusal(file, line, f"column {column!r} holds {cell[:40]!r}, which is not an integer")
    if len(cell.lstrip("-0")) > _DIGIT_LIMIT or not 0 <= int(cell) <= GREATEST_VALUE:
        raise row_refusal(file, line, f"column {column!r} holds {cell[:40]}, outside 0..{GREATEST_VALUE}")
    return int(cell)


def check_width(cells: Sequence[str], header: Sequence[str], file: str, line: int) -> None:
    """Refuse a row that has not one cell for each column.

    Raises:
        ScenarioError: Saying how many it has.
    """
    if len(cells) != len(header):
        raise row_refusal(file, line, f"has {len(cells)} cells; the header has {len(header)}")


def check_columns(given: Sequence[str], known: Sequence[str], kind: str, file: str, line: int) -> None:
    """Refuse columns that the market does not know, and columns that stand there twice.

    Raises:
        ScenarioError: Naming the column, and the nearest known one.
    """
    for name in given:
        if name not in known:
            raise row_refusal(
                file, line, f"column {name!r} is no {kind} of the market: {nearest(name, known)}"
            )
    for before, after in pairwise(sorted(given)):
        if before == after:
            raise row_refusal(file, line, f"column {before!r} stands there twice")


def row_refusal(file: str, line: int, reason: str) -> ScenarioError:
    """Return the error that refuses a file at a row."""
    return ScenarioError(file=file, key=f"row {line}", reason=reason)
