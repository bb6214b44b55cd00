"""Valuations written out: one integer for every state.

A table refuses a shape that does not match its values, and, once it is put into a market, a shape that is not
the market's state space, a value outside 0..2^63-1 and a value that falls when one group's sum rises, naming
the pair of states. `scenario` fills tables from CSV files; `valuations.py` decodes them from a specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from operator import gt
from typing import TYPE_CHECKING

from openoutcry.errors import MarketError
from openoutcry.mechanisms.families import require_integer, weigh

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
