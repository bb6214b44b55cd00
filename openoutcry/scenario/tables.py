"""Value tables in CSV: one row a state, one column a bidder, every state present.

Two forms. By group sums: one column a group, holding the group's signal sum. By counts: columns `group:0` to
`group:k-1` for each group, holding how many of its members have each signal; counts of more than two levels say more
than a sum does and belong to mechanisms that take them. After the states comes one column for each bidder, with
its value in minor units.

Refused with file and row: a missing, repeated or impossible state, a value that falls when a signal rises,
anything that is not an integer, a value outside 0..2^63-1, and columns that do not fit the market.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms.parameters import show_count
from openoutcry.mechanisms.tables import CountTable, Table
from openoutcry.scenario.sheet import (
    check_columns,
    check_width,
    read_number,
    read_text,
    row_refusal,
    split_rows,
)
from openoutcry.scenario.state_columns import State, StateColumns, TableShape, choose_columns

__all__ = ["TableShape", "parse_values", "read_values"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One state of the table: its line in the file and a value for each bidder."""

    line: int
    values: tuple[int, ...]


def read_values(path: Path, shape: TableShape, *, file: str) -> tuple[Table | CountTable, ...]:
    """Read a table of values.

    Args:
        path: The CSV file, UTF-8.
        shape: The market that it must fit.
        file: The file as the person named it, for messages.

    Returns:
        One valuation for each bidder, in roster order.

    Raises:
        ScenarioError: With file and row, as this module's docstring lists.
    """
    return parse_values(read_text(path, file), shape, file=file)


def parse_values(text: str, shape: TableShape, *, file: str) -> tuple[Table | CountTable, ...]:
    """Read a table of values from its text; see `read_values`."""
    return _Reader(shape, file).read(text)


class _Reader:
    """Reads one file; holds what every message needs."""

    def __init__(self, shape: TableShape, file: str) -> None:
        self.shape = shape
        self.file = file

    def read(self, text: str) -> tuple[Table | CountTable, ...]:
        lines = split_rows(text, self.file)
        header_line, header = next(lines, (1, []))
        columns = choose_columns(self.shape, header)
        names = columns.names
        order = self._check_header(header_line, header, names)
        rows: dict[State, _Row] = {}
        for line, cells in lines:
            check_width(cells, header, self.file, line)
            numbers = [read_number(cells[i], header[i], self.file, line) for i in order]
            complaint = columns.complaint(numbers[: len(names)])
            if complaint is not None:
                raise self._refusal(line, complaint)
            state = columns.state(numbers[: len(names)])
            if state in rows:
                reason = f"repeats the state {columns.show(state)} of row {rows[state].line}"
                raise self._refusal(line, reason)
            rows[state] = _Row(line=line, values=tuple(numbers[len(names) :]))
        self._check_complete(rows, columns)
        self._check_rising(rows, columns)
        states = sorted(rows)
        return tuple(
            columns.table(tuple(rows[state].values[bidder] for state in states))
            for bidder in range(len(self.shape.bidders))
        )

    def _check_header(self, line: int, header: Sequence[str], state_columns: Sequence[str]) -> list[int]:
        """Give the index in the file of each state column and each bidder's column, in the market's order.

        States come first, so that a group and a bidder may have the same name.
        """
        first, rest = header[: len(state_columns)], header[len(state_columns) :]
        order: list[int] = []
        for kind, wanted, given, start in (
            ("state", state_columns, first, 0),
            ("bidder", self.shape.bidders, rest, len(first)),
        ):
            check_columns(given, wanted, kind, self.file, line)
            for name in wanted:
                if name not in given:
                    raise self._refusal(line, f"has no column for {kind} {name!r}: state columns come first")
                order.append(start + list(given).index(name))
        return order

    def _check_complete(self, rows: dict[State, _Row], columns: StateColumns) -> None:
        total = columns.total
        if len(rows) < total:
            # Stops at the first missing state, so it looks at no more states than the file has rows, and one.
            missing = columns.show(next(state for state in columns.every() if state not in rows))
            # Python does not write out integers of thousands of digits, which so many counts may have.
            shown = total if total < 10**30 else show_count(total)
            reason = f"has {len(rows)} of {shown} states: {missing} is missing"
            raise ScenarioError(file=self.file, key="", reason=reason)

    def _check_rising(self, rows: dict[State, _Row], columns: StateColumns) -> None:
        for state, row in rows.items():
            for below in columns.below(state):
                lower = rows[below]
                for name, before, after in zip(self.shape.bidders, lower.values, row.values, strict=True):
                    if after < before:
                        reason = (
                            f"the value of {name!r} falls from {before} at {columns.show(below)} "
                            f"(row {lower.line}) to {after} at {columns.show(state)}"
                        )
                        raise self._refusal(row.line, reason)

    def _refusal(self, line: int, reason: str) -> ScenarioError:
        return row_refusal(self.file, line, reason)
