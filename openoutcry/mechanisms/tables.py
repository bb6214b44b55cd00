"""Valuations written out: one integer for every state, of sums (`Table`) or of counts (`CountTable`).

A table refuses a shape that does not match its values, and, once it is put into a market, a shape that is not
the market's state space, a value outside 0..2^63-1 and a value that falls when a signal rises, naming
the pair of states. `scenario` fills tables from CSV files; `valuations.py` decodes them from a specification.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from math import comb, prod
from operator import gt, itemgetter
from typing import TYPE_CHECKING

from openoutcry.errors import MarketError
from openoutcry.mechanisms.counts import count_states, group_rank, group_size, group_states, held
from openoutcry.mechanisms.families import require_integer, weigh

MEMBERS_LIMIT = 10_000
"""As many as a market has bidders."""

LEVELS_LIMIT = 1024
"""As many as a market has signal levels."""

ENTRIES_LIMIT = 1_000_000
"""Numbers in all states of a table of counts together: checking so many takes seconds, and a stranger may send it."""

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Levels = NDArray[numpy.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Values over all vectors of group sums, the last group's sum running fastest.

    Attributes:
        shape: Length l: for each group the number of its possible sums, n_g(k-1) + 1.
        values: As many as the product of `shape`, in minor units.
    """

    shape: tuple[int, ...]
    values: tuple[int, ...]
    _strides: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse shapes and values that do not match."""
        if not self.shape or any(type(size) is not int or size < 1 for size in self.shape):
            raise MarketError(f"shape must be one positive integer for each group, not {list(self.shape)!r}")
        if prod(self.shape) != len(self.values):
            raise MarketError(
                f"shape {self.shape} needs {prod(self.shape)} values; {len(self.values)} are given"
            )
        strides = tuple(prod(self.shape[group + 1 :]) for group in range(len(self.shape)))
        object.__setattr__(self, "_strides", strides)

    def value(self, sums: Sequence[int]) -> int:
        """Return the value at a state; `sums` has length l, each within the shape."""
        return self.values[weigh(self._strides, sums)]

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where `group`'s sum runs over `levels` and the others stand at `sums`."""
        stride, values = self._strides[group], self.values
        base = weigh(self._strides, sums) - stride * sums[group]
        return [values[base + stride * level] for level in levels]

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        # numpy is imported where it is used: a bidder agent that never computes ownership must start light.
        import numpy as np

        # Only the cells that are asked for become an array: a table may be far larger than one of its
        # columns.
        return np.array(self.column(group, levels.tolist(), sums), dtype=np.int64)

    def check(self, top: Sequence[int]) -> None:
        """Refuse the table unless it covers exactly the states 0..top, in range and weakly increasing."""
        expected = tuple(greatest + 1 for greatest in top)
        if self.shape != expected:
            raise MarketError(f"the table has shape {self.shape}, the market's states have shape {expected}")
        for index, value in enumerate(self.values):
            # The message is made only for a value that is refused: a table has up to millions of cells.
            if type(value) is not int or not 0 <= value < 2**63:
                require_integer(value, f"the value at state {self._state(index)}")
        for group, stride in enumerate(self._strides):
            self._check_increasing(stride, stride * self.shape[group])

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form; the groups' order is that of the shape."""
        return {"family": "table", "shape": list(self.shape), "values": list(self.values)}

    def _check_increasing(self, stride: int, block: int) -> None:
        # Within a block only this group's sum and the faster ones vary: shifting by the stride raises it by
        # one.
        for start in range(0, len(self.values), block):
            lower = self.values[start : start + block - stride]
            higher = self.values[start + stride : start + block]
            if any(map(gt, lower, higher)):
                index = start + list(map(gt, lower, higher)).index(True)
                raise MarketError(
                    f"the value falls from {self.values[index]} at state {self._state(index)} "
                    f"to {self.values[index + stride]} at state {self._state(index + stride)}"
                )

    def _state(self, index: int) -> tuple[int, ...]:
        return tuple(index // stride % size for stride, size in zip(self._strides, self.shape, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTable:
    """Values over all states of counts, in the order of `counts.count_states`.

    Attributes:
        members: Length l: how many members each group has.
        signal_levels: k, at least 2. With k = 2 this is the `Table` of the same values.
        values: As many as there are states, in minor units.
    """

    members: tuple[int, ...]
    signal_levels: int
    values: tuple[int, ...]
    _strides: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse members, levels and values that do not match."""
        if not _is_integer(self.signal_levels, 2, LEVELS_LIMIT):
            raise MarketError(f"signal_levels must be an integer in 2..{LEVELS_LIMIT}")
        if not self.members or not all(_is_integer(count, 1, MEMBERS_LIMIT) for count in self.members):
            raise MarketError(f"members must be one integer in 1..{MEMBERS_LIMIT} for each group")
        strides = [1]
        for count in reversed(self.members):
            strides.append(strides[-1] * group_size(count, self.signal_levels))
            if strides[-1] > len(self.values):
                break
        if strides[-1] != len(self.values):
            raise MarketError(
                f"{len(self.values)} values are not one for each way in which groups of "
                f"{', '.join(map(str, self.members))} can hold {self.signal_levels} signal values"
            )
        entries = len(self.values) * len(self.members) * (self.signal_levels - 1)
        if entries > ENTRIES_LIMIT:
            raise MarketError(
                f"a table of {len(self.values):,} states of counts, {entries:,} numbers in all, is more than "
                f"{ENTRIES_LIMIT:,}: give weights by signal value instead"
            )
        object.__setattr__(self, "_strides", tuple(reversed(strides[:-1])))

    def value(self, state: Sequence[int]) -> int:
        """Return the value at a state; `state` has length l(k-1) and is one of the table's."""
        width = self.signal_levels - 1
        if width == 1:
            return self.values[weigh(self._strides, state)]
        parts = range(0, len(state), width)
        index = sum([s * group_rank(state[p : p + width]) for s, p in zip(self._strides, parts, strict=True)])
        return self.values[index]

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where the entry `group` of the state runs over `levels` and the others stand at `sums`."""
        before, after = tuple(sums[:group]), tuple(sums[group + 1 :])
        return [self.value((*before, level, *after)) for level in levels]

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        # numpy is imported where it is used: a bidder agent that never computes ownership must start light.
        import numpy as np

        return np.array(self.column(group, levels.tolist(), sums), dtype=np.int64)

    def check(self, top: Sequence[int]) -> None:
        """Refuse the table unless it covers exactly the states up to `top`, in range and weakly increasing."""
        expected = tuple(count for count in self.members for _ in range(self.signal_levels - 1))
        if expected != tuple(top):
            raise MarketError(
                f"the table counts {self.signal_levels} signal values among {self.members} members, "
                "which are not the market's states"
            )
        for index, value in enumerate(self.values):
            # The message is made only for a value that is refused: a table has up to millions of cells.
            if type(value) is not int or not 0 <= value < 2**63:
                require_integer(value, f"the value at {self._show(index)}")
        lower, higher = _raises(self.members, self.signal_levels)
        if not lower:
            return
        # One getter for all places is many times faster than an index at a time.
        falls = list(map(gt, itemgetter(*lower, 0)(self.values), itemgetter(*higher, 0)(self.values)))
        if any(falls):
            before, after = next(compress(zip(lower, higher, strict=True), falls))
            raise MarketError(
                f"the value falls from {self.values[before]} at {self._show(before)} "
                f"to {self.values[after]} at {self._show(after)}"
            )

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form; the groups' order is that of `members`."""
        return {
            "family": "count-table",
            "members": list(self.members),
            "signal_levels": self.signal_levels,
            "values": list(self.values),
        }

    def _show(self, index: int) -> str:
        """Write a state as a person counts: for each group how many hold 0, 1, ..."""
        state = next(state for place, state in enumerate(self._states()) if place == index)
        width = self.signal_levels - 1
        parts = [
            held(state[group * width : (group + 1) * width], count)
            for group, count in enumerate(self.members)
        ]
        return f"counts {', '.join(map(str, parts))}"

    def _states(self) -> Iterator[tuple[int, ...]]:
        return count_states(self.members, self.signal_levels)


def _is_integer(number: object, least: int, greatest: int) -> bool:
    return type(number) is int and least <= number <= greatest


@lru_cache(maxsize=4)
def _raises(members: tuple[int, ...], levels: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the indices of all pairs of states of which the second has one signal one higher.

    Every bidder's table of a market is checked along the same pairs.
    """
    sizes = [group_size(count, levels) for count in members]
    lower: list[int] = []
    higher: list[int] = []
    for group, count in enumerate(members):
        inner, block = prod(sizes[group + 1 :]), prod(sizes[group:])
        for rank, entries in enumerate(group_states(count, levels)):
            for place, entry in enumerate(entries):
                if entry == (entries[place - 1] if place else count):
                    continue
                # One term of the rank changes: C(d + 1, r) - C(d, r) = C(d, r - 1).
                left = levels - 2 - place
                raised = rank + comb(entry + left, left)
                for start in range(0, prod(sizes), block):
                    lower.extend(range(start + rank * inner, start + (rank + 1) * inner))
                    higher.extend(range(start + raised * inner, start + (raised + 1) * inner))
    return tuple(lower), tuple(higher)
