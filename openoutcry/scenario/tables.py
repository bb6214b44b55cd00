"""Value tables in CSV: one row a state, one column a bidder, every state present.

Two forms. By group sums: one column a group, holding the group's signal sum. By counts, for two signal
levels: columns `group:0` and `group:1` for each group, holding how many of its members have each signal; the
count of `group:1` is then the sum. Counts of more than two levels say more than a sum does and belong to
mechanisms that take counts; they are refused here. After the states comes one column for each bidder, with
its value in minor units.

Refused with file and row: a missing, repeated or impossible state, a value that falls when a signal rises,
anything that is not an integer, a value outside 0..2^63-1, and columns that do not fit the market.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms.tables import Table
from openoutcry.scenario.sheet import (
    check_columns,
    check_width,
    read_number,
    read_text,
    row_refusal,
    split_rows,
)

_COUNT_COLUMN = re.compile(r"(?P<group>.+):(?P<signal>[0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """What a table of values must fit.

    Attributes:
        groups: Names of the groups, in order.
        members: How many bidders each group has.
        signal_levels: k.
        bidders: Names of the bidders, in order.
    """

    groups: tuple[str, ...]
    members: tuple[int, ...]
    signal_levels: int
    bidders: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """For each group the number of its possible sums."""
        return tuple(count * (self.signal_levels - 1) + 1 for count in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One state of the table: its line in the file and a value for each bidder."""

    line: int
    values: tuple[int, ...]


def read_values(path: Path, shape: TableShape, *, file: str) -> tuple[Table, ...]:
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


def parse_values(text: str, shape: TableShape, *, file: str) -> tuple[Table, ...]:
    """Read a table of values from its text; see `read_values`."""
    return _Reader(shape, file).read(text)


class _Reader:
    """Reads one file; holds what every message needs."""

    def __init__(self, shape: TableShape, file: str) -> None:
        self.shape = shape
        self.file = file

    def read(self, text: str) -> tuple[Table, ...]:
        lines = split_rows(text, self.file)
        header_line, header = next(lines, (1, []))
        by_counts = self._is_by_counts(header_line, header)
        state_columns = self._state_columns(by_counts)
        order = self._check_header(header_line, header, state_columns)
        rows: dict[tuple[int, ...], _Row] = {}
        for line, cells in lines:
            check_width(cells, header, self.file, line)
            numbers = [read_number(cells[i], header[i], self.file, line) for i in order]
            state = self._state(line, numbers[: len(state_columns)], by_counts)
            if state in rows:
                shown = self._show_state(state)
                raise self._refusal(line, f"repeats the state {shown} of row {rows[state].line}")
            rows[state] = _Row(line=line, values=tuple(numbers[len(state_columns) :]))
        self._check_complete(rows)
        self._check_rising(rows)
        states = sorted(rows)
        return tuple(
            Table(shape=self.shape.sizes, values=tuple(rows[state].values[bidder] for state in states))
            for bidder in range(len(self.shape.bidders))
        )

    def _is_by_counts(self, line: int, header: Sequence[str]) -> bool:
        """Tell the two forms apart by the first column."""
        match = _COUNT_COLUMN.fullmatch(header[0]) if header else None
        if match is None or header[0] in self.shape.groups or match["group"] not in self.shape.groups:
            return False
        if self.shape.signal_levels > 2:
            reason = (
                f"column {header[0]!r} counts signal values, which with more than two signal levels needs a "
                "mechanism that takes counts: give one column a group, its signal sum"
            )
            raise self._refusal(line, reason)
        return True

    def _state_columns(self, by_counts: bool) -> list[str]:
        if by_counts:
            return [f"{group}:{signal}" for group in self.shape.groups for signal in (0, 1)]
        return list(self.shape.groups)

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

    def _state(self, line: int, numbers: Sequence[int], by_counts: bool) -> tuple[int, ...]:
        """Give the vector of group sums of a row, if it is possible."""
        if by_counts:
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
            for group, count, (zeros, ones) in zip(self.shape.groups, self.shape.members, pairs, strict=True):
                if zeros + ones != count:
                    reason = f"counts {zeros} + {ones} members of {group!r}, which has {count}"
                    raise self._refusal(line, reason)
            return tuple(ones for _, ones in pairs)
        for group, size, total in zip(self.shape.groups, self.shape.sizes, numbers, strict=True):
            if total >= size:
                raise self._refusal(line, f"the signals of {group!r} cannot add up to {total}: 0..{size - 1}")
        return tuple(numbers)

    def _check_complete(self, rows: dict[tuple[int, ...], _Row]) -> None:
        total = prod(self.shape.sizes)
        if len(rows) < total:
            # Stops at the first missing state, so it looks at no more states than the file has rows, and one.
            every = product(*(range(size) for size in self.shape.sizes))
            missing = self._show_state(next(state for state in every if state not in rows))
            reason = f"has {len(rows)} of {total} states: {missing} is missing"
            raise ScenarioError(file=self.file, key="", reason=reason)

    def _check_rising(self, rows: dict[tuple[int, ...], _Row]) -> None:
        for state, row in rows.items():
            for group, level in enumerate(state):
                if level == 0:
                    continue
                below = (*state[:group], level - 1, *state[group + 1 :])
                lower = rows[below]
                for name, before, after in zip(self.shape.bidders, lower.values, row.values, strict=True):
                    if after < before:
                        reason = (
                            f"the value of {name!r} falls from {before} at {self._show_state(below)} "
                            f"(row {lower.line}) to {after} at {self._show_state(state)}"
                        )
                        raise self._refusal(row.line, reason)

    def _show_state(self, state: Sequence[int]) -> str:
        return ", ".join(f"{group}={total}" for group, total in zip(self.shape.groups, state, strict=True))

    def _refusal(self, line: int, reason: str) -> ScenarioError:
        return row_refusal(self.file, line, reason)
