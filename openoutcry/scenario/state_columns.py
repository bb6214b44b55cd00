"""The columns of a value table that say which state a row is about: group sums, or counts of signal values.

By sums: one column a group, holding the group's signal sum. By counts: columns `group:0` to `group:k-1` for each group,
holding how many of its members have each signal; with k = 2 the count of `group:1` is the sum, and the table is one of
sums. Called by `tables`, which reads the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Protocol

from openoutcry.mechanisms.counts import at_least, count_states, group_size, held
from openoutcry.mechanisms.tables import CountTable, Table

_COUNT_COLUMN = re.compile(r"(?P<group>.+):(?P<signal>[0-9]+)")

State = tuple[int, ...]
"""As the market writes it."""


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


class StateColumns(Protocol):
    """One way to say a state."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the market's order."""

    @property
    def total(self) -> int:
        """How many states there are."""

    def complaint(self, numbers: Sequence[int]) -> str | None:
        """Return why a row's numbers are no state, or None.

        Args:
            numbers: In the order of `names`.
        """

    def state(self, numbers: Sequence[int]) -> State:
        """Return the state of a row that there is no complaint about."""

    def every(self) -> Iterator[State]:
        """Yield all states, sorted."""

    def below(self, state: State) -> Iterator[State]:
        """Yield the states in which one signal is one lower."""

    def show(self, state: State) -> str:
        """Write a state as the file does."""

    def table(self, values: tuple[int, ...]) -> Table | CountTable:
        """Return the valuation with these values at all states, sorted."""


def choose_columns(shape: TableShape, header: Sequence[str]) -> StateColumns:
    """Tell the two forms apart by the first column of a file; a group's own name may end like a count."""
    match = _COUNT_COLUMN.fullmatch(header[0]) if header else None
    if match is None or header[0] in shape.groups or match["group"] not in shape.groups:
        return _SumColumns(shape)
    return _CountColumns(shape)


class _SumColumns:
    """One column a group: its signal sum."""

    def __init__(self, shape: TableShape) -> None:
        self._shape = shape

    @property
    def names(self) -> tuple[str, ...]:
        return self._shape.groups

    @property
    def total(self) -> int:
        return prod(self._shape.sizes)

    def complaint(self, numbers: Sequence[int]) -> str | None:
        for group, size, total in zip(self._shape.groups, self._shape.sizes, numbers, strict=True):
            if total >= size:
                return f"the signals of {group!r} cannot add up to {total}: 0..{size - 1}"
        return None

    def state(self, numbers: Sequence[int]) -> State:
        return tuple(numbers)

    def every(self) -> Iterator[State]:
        return product(*(range(size) for size in self._shape.sizes))

    def below(self, state: State) -> Iterator[State]:
        for group, level in enumerate(state):
            if level:
                yield (*state[:group], level - 1, *state[group + 1 :])

    def show(self, state: State) -> str:
        return ", ".join(f"{group}={total}" for group, total in zip(self._shape.groups, state, strict=True))

    def table(self, values: tuple[int, ...]) -> Table:
        return Table(shape=self._shape.sizes, values=values)


class _CountColumns:
    """k columns a group: how many of its members hold each signal."""

    def __init__(self, shape: TableShape) -> None:
        self._shape = shape
        self._levels = shape.signal_levels
        self._width = shape.signal_levels - 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{group}:{signal}" for group in self._shape.groups for signal in range(self._levels))

    @property
    def total(self) -> int:
        return prod(group_size(count, self._levels) for count in self._shape.members)

    def complaint(self, numbers: Sequence[int]) -> str | None:
        for place, (group, members) in enumerate(zip(self._shape.groups, self._shape.members, strict=True)):
            counts = numbers[place * self._levels : (place + 1) * self._levels]
            if sum(counts) != members:
                return f"counts {' + '.join(map(str, counts))} members of {group!r}, which has {members}"
        return None

    def state(self, numbers: Sequence[int]) -> State:
        parts = range(0, len(numbers), self._levels)
        return tuple(entry for part in parts for entry in at_least(numbers[part : part + self._levels]))

    def every(self) -> Iterator[State]:
        return count_states(self._shape.members, self._levels)

    def below(self, state: State) -> Iterator[State]:
        for place, entry in enumerate(state):
            is_last = (place + 1) % self._width == 0
            # An entry may fall as far as the next one of its group: of members with a signal of at least one more.
            if entry > (0 if is_last else state[place + 1]):
                yield (*state[:place], entry - 1, *state[place + 1 :])

    def show(self, state: State) -> str:
        counts = [
            count
            for place, members in enumerate(self._shape.members)
            for count in held(state[place * self._width : (place + 1) * self._width], members)
        ]
        return ", ".join(f"{name}={count}" for name, count in zip(self.names, counts, strict=True))

    def table(self, values: tuple[int, ...]) -> Table | CountTable:
        if self._levels == 2:
            return Table(shape=self._shape.sizes, values=values)
        return CountTable(members=self._shape.members, signal_levels=self._levels, values=values)
