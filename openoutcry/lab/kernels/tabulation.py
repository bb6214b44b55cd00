"""A market of signals as arrays: every value in every state, who owns which state, and how far owned levels are.

Kernels look values up instead of computing them. States are numbered as in a `Table`: the last group's sum runs
fastest. What would take too much memory is refused with its size (`Tabulation.refusal`), and the generator runs
instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from openoutcry.mechanisms.market import Market

Integers = NDArray[np.int64]
Gaps = NDArray[np.int16]

VALUES_LIMIT = 2**23
"""Values of all bidders in all states, 8 bytes each."""

GAPS_LIMIT = 2**25
"""Distances to owned levels, 2 bytes each."""

OWNED_BY_NOBODY = -1
FAR = 20_000
"""Stands for a level that is not there: beyond every real distance, which is at most the 10 000 bidders."""


def refusal(market: Market) -> str | None:
    """Return why a market is too large to be tabulated, or None."""
    sizes = state_shape(market)
    values = prod(sizes) * len(market.bidders)
    if values > VALUES_LIMIT:
        return f"{values} values in all states; at most {VALUES_LIMIT} are tabulated"
    gaps = 2 * sum(
        prod(sizes) // sizes[group] * (sizes[group] + market.signal_levels) * len(market.members(group))
        for group in range(len(sizes))
    )
    if gaps > GAPS_LIMIT:
        return f"{gaps} distances between levels; at most {GAPS_LIMIT} are tabulated"
    return None


def state_shape(market: Market) -> tuple[int, ...]:
    """Return, length l, how many sums each group can have."""
    step = market.signal_levels - 1
    return tuple(len(market.members(group)) * step + 1 for group in range(len(market.groups)))


def tabulate_values(market: Market) -> Integers:
    """Return every bidder's value in every state: shape (n, states), in minor units."""
    shape = state_shape(market)
    last = len(shape) - 1
    axis = np.arange(shape[last], dtype=np.int64)
    values = np.empty((len(market.bidders), prod(shape)), dtype=np.int64)
    others = list(product(*(range(size) for size in shape[:last])))
    for bidder, row in zip(market.bidders, values, strict=True):
        columns = row.reshape(len(others), shape[last])
        for other, column in zip(others, columns, strict=True):
            column[:] = bidder.valuation.along(last, axis, (*other, 0))
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTables:
    """One group, as the kernels need it when it is the one that can buy.

    A *ladder* is the levels of one residue; places on it are counted from the highest level that is at most the
    group's sum, downwards and upwards.

    Attributes:
        members: Roster indices, rising.
        stride: By how much the state's number grows with the group's sum.
        top: The greatest level.
        owners: By state the place in `members` of the owner, or -1 when an outsider owns it (scope `all`).
        gaps: A row for each vector of the outsiders' sums and each foot level from -(k-1) to `top`; in it, for each
            member, how many steps of the ladder below the foot its nearest owned level is (0: the foot itself), and
            then, for each member, how many above (at least 1). `FAR` where there is none.
        gap_stride: Rows from one foot level to the next vector of the outsiders' sums: top + k.
    """

    members: NDArray[np.int64]
    stride: int
    top: int
    owners: NDArray[np.int32]
    gaps: Gaps
    gap_stride: int


def tabulate_group(market: Market, values: Integers, group: int, *, among_all: bool) -> GroupTables:
    """Return the tables of one group.

    Args:
        market: Whose bidders.
        values: As `tabulate_values` gives them.
        group: The one that can buy; it has members.
        among_all: Whether the best of all bidders owns a level, or the best of the group.
    """
    shape, step = state_shape(market), market.signal_levels - 1
    members = np.array(market.members(group), dtype=np.int64)
    stride = prod(shape[group + 1 :])
    owners = _own_states(values, members, among_all=among_all)
    by_level = np.moveaxis(owners.reshape(shape), group, -1).reshape(-1, shape[group])
    gaps = _measure_gaps(by_level, len(members), step)
    top = shape[group] - 1
    return GroupTables(
        members=members, stride=stride, top=top, owners=owners, gaps=gaps, gap_stride=top + 1 + step
    )


def rank_others(shape: Sequence[int], group: int) -> tuple[int, ...]:
    """Return, length l, what each group's sum weighs in the number of the outsiders' vector; 0 for `group` itself."""
    weights = [0] * len(shape)
    weight = 1
    for other in range(len(shape) - 1, -1, -1):
        if other != group:
            weights[other] = weight
            weight *= shape[other]
    return tuple(weights)


def _own_states(values: Integers, members: NDArray[np.int64], *, among_all: bool) -> NDArray[np.int32]:
    if not among_all:
        best: NDArray[np.int32] = np.argmax(values[members], axis=0).astype(np.int32)
        return best
    place = np.full(len(values), OWNED_BY_NOBODY, dtype=np.int32)
    place[members] = np.arange(len(members), dtype=np.int32)
    # argmax takes the first of equals: the lowest roster index.
    owners: NDArray[np.int32] = place[np.argmax(values, axis=0)]
    return owners


def _measure_gaps(owners: NDArray[np.int32], member_count: int, step: int) -> Gaps:
    """Return the rows of `GroupTables.gaps`; `owners` has a row for each vector of the outsiders' sums."""
    vectors, levels = owners.shape
    owned = np.zeros((vectors, levels + 2 * step, member_count), dtype=bool)
    row, level = np.nonzero(owners >= 0)
    owned[row, level + step, owners[row, level]] = True
    gaps = np.full((vectors, levels + step, 2, member_count), FAR, dtype=np.int16)
    below, above = gaps[:, :, 0], gaps[:, :, 1]
    # Feet of all residues at once: a foot's lower neighbour on its ladder is `step` levels below it.
    for start in range(0, levels + step, step):
        stop = min(start + step, levels + step)
        if start:
            below[:, start:stop] = below[:, start - step : stop - step] + 1
        below[:, start:stop][owned[:, start:stop]] = 0
    for start in range((levels + step - 1) // step * step, -1, -step):
        stop = min(start + step, levels + step)
        reach = min(stop, levels)
        if reach > start:
            above[:, start:reach] = above[:, start + step : reach + step] + 1
        above[:, start:stop][owned[:, start + step : stop + step]] = 1
    np.minimum(gaps, FAR, out=gaps)
    return gaps.reshape(vectors * (levels + step), 2 * member_count)
