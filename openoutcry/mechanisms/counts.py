"""States of counts: for each group, how many of its members hold each signal value.

A market of counts writes its state as *at least* counts: for each group, and for each value t in 1..k-1, the number of
members whose signal is t or more. Raising one signal by one raises exactly one of these numbers by one, so a value
that never falls in any entry of the state never falls when a signal rises, as with sums; the group's sum is the sum of
its entries; and with k = 2 the one entry of a group is its sum. `market.py` makes such states, `tables.py` keeps
values for each of them in the order that is fixed here, and scenario files are read into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import comb


def at_least(counts: Sequence[int]) -> tuple[int, ...]:
    """Return a group's entries of the state.

    Args:
        counts: Length k: how many members hold each signal value.

    Returns:
        Length k-1: how many members have a signal of at least 1, 2, ..., k-1; weakly falling.
    """
    return tuple(accumulate(reversed(counts[1:])))[::-1]


def held(entries: Sequence[int], members: int) -> tuple[int, ...]:
    """Return, for a group's entries of the state, how many of its members hold each signal value: length k."""
    bounds = (members, *entries, 0)
    return tuple(before - after for before, after in pairwise(bounds))


def group_states(members: int, levels: int) -> Iterator[tuple[int, ...]]:
    """Yield every possible vector of a group's entries, in lexicographic order.

    Args:
        members: How many the group has, at least 0.
        levels: k, at least 2.
    """
    entries = [0] * (levels - 1)
    while True:
        yield tuple(entries)
        # The next vector raises the last entry that may rise, and starts all later ones at 0.
        place = len(entries) - 1
        while entries[place] == (entries[place - 1] if place else members):
            if place == 0:
                return
            entries[place] = 0
            place -= 1
        entries[place] += 1


def count_states(members: Sequence[int], levels: int) -> Iterator[tuple[int, ...]]:
    """Yield every state of groups with so many members each, the last group's entries running fastest."""
    if not members:
        yield ()
        return
    # Nothing is listed beforehand: whoever looks for the first gap in a table may stop early.
    for entries in group_states(members[0], levels):
        for rest in count_states(members[1:], levels):
            yield entries + rest


def group_size(members: int, levels: int) -> int:
    """Return how many vectors `group_states` yields."""
    return comb(members + levels - 1, levels - 1)


def group_rank(entries: Sequence[int]) -> int:
    """Return the place of a group's entries in the order of `group_states`, from 0.

    It does not depend on how many members the group has: absent bidders count as holders of signal 0. A weakly falling
    vector becomes a strictly falling one by adding k-2, ..., 1, 0, and this is its number among these.
    """
    last = len(entries)
    rank = 0
    for place, entry in enumerate(entries):
        if not entry:
            break
        rank += comb(entry + last - place - 1, last - place)
    return rank
