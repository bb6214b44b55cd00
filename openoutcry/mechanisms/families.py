"""Named families of public valuations, each a function of the state: of the groups' sums, or of their counts.

A state has one number for each group, its signal sum; or, where values depend on counts, k-1 numbers for each group:
how many of its members have a signal of at least 1, ..., k-1. Weights are for these numbers, so that a family is the
same function of either kind of state.

Every family is exact (Python integers) and weakly increasing in every entry of the state by construction: negative
weights, falling steps and values outside 0..2^63-1 are refused, the last of these over the whole state space
by looking at its top. `along` computes in int64; `check` has bounded every intermediate result before, so
that it cannot overflow. `market.py` calls `check`, `valuations.py` decodes, `ownership.py` evaluates.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import TYPE_CHECKING

from openoutcry.errors import MarketError
from openoutcry.mechanisms.parameters import show

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from openoutcry.mechanisms.valuations import Valuation

    Levels = NDArray[numpy.int64]

GREATEST_VALUE = 2**63 - 1
"""Values are money in int64 minor units, in files, on the wire and in numpy."""


def require_integer(number: object, what: str) -> int:
    """Return `number` if it is an integer in 0..2^63-1.

    Raises:
        MarketError: It is not; the message names `what`.
    """
    if isinstance(number, bool) or not isinstance(number, int):
        raise MarketError(f"{what} must be an integer, not {show(number)}")
    if not 0 <= number <= GREATEST_VALUE:
        raise MarketError(f"{what} is {show(number)}, outside 0..2^63-1")
    return number


def weigh(weights: Sequence[int], sums: Sequence[int]) -> int:
    """Return the weighted sum of a state; both have as many entries."""
    weighted: int = sum(map(mul, weights, sums))
    return weighted


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A constant plus a weighted sum of the state.

    Attributes:
        constant: Value at the state of zeros, in minor units.
        weights: As many as the state has entries: minor units for each level of each group's sum; where counts
            matter, l(k-1) weights: what a member's signal adds by being at least 1, ..., k-1.
    """

    constant: int
    weights: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse weights that would let a value fall."""
        require_integer(self.constant, "constant")
        _check_weights(self.weights)

    def value(self, sums: Sequence[int]) -> int:
        """Return the value at a state."""
        return self.constant + weigh(self.weights, sums)

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where `group`'s sum runs over `levels` and the others stand at `sums`."""
        base, weight = self.constant + _weigh_others(self.weights, group, sums), self.weights[group]
        return [base + weight * level for level in levels]

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        base, weight = self.constant + _weigh_others(self.weights, group, sums), self.weights[group]
        return base + weight * levels

    def check(self, top: Sequence[int]) -> None:
        """Refuse the valuation unless it fits a state space with these greatest sums."""
        _check_length(self.weights, top)
        _check_top(self.value(top), "the value", top)

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form, groups by name."""
        return {"family": "linear", "constant": self.constant, "weights": _name_weights(self.weights, groups)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One value once the weighted sum of the group sums reaches a mark, 0 below it.

    Attributes:
        value_reached: The value from the mark on, in minor units.
        at: The mark.
        weights: Length l.
    """

    value_reached: int
    at: int
    weights: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse weights that would let a value fall."""
        require_integer(self.value_reached, "value")
        require_integer(self.at, "at")
        _check_weights(self.weights)

    def value(self, sums: Sequence[int]) -> int:
        """Return the value at a state."""
        return self.value_reached if weigh(self.weights, sums) >= self.at else 0

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where `group`'s sum runs over `levels` and the others stand at `sums`."""
        missing, weight = self.at - _weigh_others(self.weights, group, sums), self.weights[group]
        return [self.value_reached if weight * level >= missing else 0 for level in levels]

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        missing, weight = self.at - _weigh_others(self.weights, group, sums), self.weights[group]
        return (weight * levels >= missing).astype("int64") * self.value_reached

    def check(self, top: Sequence[int]) -> None:
        """Refuse the valuation unless it fits a state space with these greatest sums."""
        _check_length(self.weights, top)
        _check_top(weigh(self.weights, top), "the weighted sum", top)

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form, groups by name."""
        weights = _name_weights(self.weights, groups)
        return {"family": "threshold", "value": self.value_reached, "at": self.at, "weights": weights}


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The value of the last mark that the weighted sum of the group sums has reached, 0 below the first.

    Attributes:
        weights: Length l.
        steps: At least one pair (mark, value in minor units): marks rise strictly, values weakly.
    """

    weights: tuple[int, ...]
    steps: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        """Refuse weights and steps that would let a value fall."""
        _check_weights(self.weights)
        if not self.steps:
            raise MarketError("steps must hold at least one pair [at, value]")
        for at, value in self.steps:
            require_integer(at, "a step's mark")
            require_integer(value, "a step's value")
        for (low, before), (high, after) in pairwise(self.steps):
            if high <= low:
                raise MarketError(f"steps must be sorted by mark without repetition: {high} follows {low}")
            if after < before:
                raise MarketError(f"the value falls from {before} at weighted sum {low} to {after} at {high}")

    def value(self, sums: Sequence[int]) -> int:
        """Return the value at a state."""
        return self._reached(weigh(self.weights, sums))

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where `group`'s sum runs over `levels` and the others stand at `sums`."""
        base, weight = _weigh_others(self.weights, group, sums), self.weights[group]
        return [self._reached(base + weight * level) for level in levels]

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        # numpy is imported where it is used: a bidder agent that never computes ownership must start light.
        import numpy as np

        base, weight = _weigh_others(self.weights, group, sums), self.weights[group]
        marks = np.array([at for at, _ in self.steps], dtype=np.int64)
        values = np.array([0, *(value for _, value in self.steps)], dtype=np.int64)
        reached: Levels = values[np.searchsorted(marks, base + weight * levels, side="right")]
        return reached

    def check(self, top: Sequence[int]) -> None:
        """Refuse the valuation unless it fits a state space with these greatest sums."""
        _check_length(self.weights, top)
        _check_top(weigh(self.weights, top), "the weighted sum", top)

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form, groups by name."""
        steps = [[at, value] for at, value in self.steps]
        return {"family": "steps", "weights": _name_weights(self.weights, groups), "steps": steps}

    def _reached(self, weighted: int) -> int:
        # Every mark up to `weighted` sorts before (weighted, infinity).
        index = bisect_right(self.steps, (weighted, GREATEST_VALUE + 1))
        return self.steps[index - 1][1] if index else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The lesser of two valuations.

    Attributes:
        first: One valuation.
        second: The other.
    """

    first: Valuation
    second: Valuation

    def value(self, sums: Sequence[int]) -> int:
        """Return the value at a state."""
        return min(self.first.value(sums), self.second.value(sums))

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where `group`'s sum runs over `levels` and the others stand at `sums`."""
        return list(map(min, self.first.column(group, levels, sums), self.second.column(group, levels, sums)))

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        # numpy is imported where it is used: a bidder agent that never computes ownership must start light.
        import numpy as np

        return np.minimum(self.first.along(group, levels, sums), self.second.along(group, levels, sums))

    def check(self, top: Sequence[int]) -> None:
        """Refuse the valuation unless both parts fit a state space with these greatest sums."""
        self.first.check(top)
        self.second.check(top)

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form, groups by name."""
        return {"family": "minimum", "of": [self.first.encode(groups), self.second.encode(groups)]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """The product of two valuations: worth something only where both are.

    Attributes:
        first: One valuation.
        second: The other.
    """

    first: Valuation
    second: Valuation

    def value(self, sums: Sequence[int]) -> int:
        """Return the value at a state."""
        return self.first.value(sums) * self.second.value(sums)

    def column(self, group: int, levels: Sequence[int], sums: Sequence[int]) -> list[int]:
        """Return the values where `group`'s sum runs over `levels` and the others stand at `sums`."""
        return list(map(mul, self.first.column(group, levels, sums), self.second.column(group, levels, sums)))

    def along(self, group: int, levels: Levels, sums: Sequence[int]) -> Levels:
        """Return the same as `column`, as an int64 array."""
        return self.first.along(group, levels, sums) * self.second.along(group, levels, sums)

    def check(self, top: Sequence[int]) -> None:
        """Refuse the valuation unless it and both its parts fit a state space with these greatest sums."""
        self.first.check(top)
        self.second.check(top)
        _check_top(self.value(top), "the product", top)

    def encode(self, groups: Sequence[str]) -> dict[str, object]:
        """Return the JSON form, groups by name."""
        return {"family": "product", "of": [self.first.encode(groups), self.second.encode(groups)]}


def _weigh_others(weights: Sequence[int], group: int, sums: Sequence[int]) -> int:
    return weigh(weights, sums) - weights[group] * sums[group]


def _name_weights(weights: Sequence[int], groups: Sequence[str]) -> Mapping[str, int | list[int]]:
    """Return the weights by group: an integer for its sum, or a list with what each signal value, 0..k-1, adds."""
    width = len(weights) // len(groups)
    named: dict[str, int | list[int]] = {}
    for place, group in enumerate(groups):
        steps = weights[place * width : (place + 1) * width]
        if any(steps):
            is_sum = len(set(steps)) == 1
            named[group] = steps[0] if is_sum else [0, *accumulate(steps)]
    return named


def _check_weights(weights: Sequence[int]) -> None:
    for group, weight in enumerate(weights):
        if isinstance(weight, int) and weight < 0:
            lower = (0,) * len(weights)
            higher = tuple(int(other == group) for other in range(len(weights)))
            raise MarketError(
                f"weight {weight} lets the value fall from state {lower} to {higher}; use 0 or more"
            )
        require_integer(weight, f"the weight of group {group}")


def _check_length(weights: Sequence[int], top: Sequence[int]) -> None:
    if len(weights) != len(top):
        raise MarketError(f"{len(weights)} weights for {len(top)} groups; give one for each group")


def _check_top(number: int, what: str, top: Sequence[int]) -> None:
    if number > GREATEST_VALUE:
        raise MarketError(f"{what} is {number} at state {tuple(top)}, above 2^63-1; use a larger money unit")
