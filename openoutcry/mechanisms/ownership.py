"""Who owns each level: the bidder to whom the lot is worth most there, the lowest index among equals.

Given the outsiders' signal sums, the group's own sum runs over the levels of S and every level gets one
owner. This is the only place where a mechanism looks at valuations in bulk. Small instances are computed with
Python's integers, large ones with numpy in int64; the market has checked that no value exceeds it, so both
give the same. What signal discovery needs is kept with its market: a session asks once, but whoever goes through
every draw, or plays one market a thousand times, asks again and again.
"""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.mechanisms.market import Market

SMALL_INSTANCE = 2048
"""Values to compute up to which plain integers beat numpy, whose calls cost microseconds each."""

KEPT_LEVELS = 1_000_000
"""Levels whose owners are kept with one market, about: some megabytes, however many states its sessions come to."""


def own_levels(
    market: Market, *, group: int, levels: range, sums: Sequence[int], candidates: Sequence[int]
) -> list[int]:
    """Return the owner of every level.

    Args:
        market: Whose valuations count.
        group: The group whose sum is the level.
        levels: Sums of that group, each in 0..n_g(k-1).
        sums: Length l: the state's other sums; the entry of `group` is ignored.
        candidates: Roster indices, rising, at least one.

    Returns:
        As many roster indices as there are levels.

    Source: CLOCK, h(s) in Mechanism 2, read as one owner for each level (in the argmax, Lemma 1 fails).
    """
    if len(levels) * len(candidates) <= SMALL_INSTANCE:
        return _own_with_integers(market, group, levels, sums, candidates)
    return _own_with_arrays(market, group, levels, sums, candidates)


def recall_owners(
    market: Market, *, group: int, levels: range, sums: Sequence[int], candidates: Sequence[int]
) -> Sequence[int]:
    """Return what `own_levels` returns, worked out once for each market; not to be changed.

    Args:
        market: As in `own_levels`.
        group: As in `own_levels`.
        levels: As in `own_levels`.
        sums: As in `own_levels`.
        candidates: As in `own_levels`.
    """
    kept = market.kept_owners
    key = (group, levels, tuple(sums[:group]), tuple(sums[group + 1 :]), tuple(candidates))
    owners = kept.get(key)
    if owners is None:
        owners = own_levels(market, group=group, levels=levels, sums=sums, candidates=candidates)
        if (len(kept) + 1) * len(levels) > KEPT_LEVELS:
            kept.clear()
        kept[key] = owners
    return owners


def _own_with_integers(
    market: Market, group: int, levels: range, sums: Sequence[int], candidates: Sequence[int]
) -> list[int]:
    first, *others = candidates
    best = market.bidders[first].valuation.column(group, levels, sums)
    owners = [first] * len(levels)
    for bidder in others:
        values = market.bidders[bidder].valuation.column(group, levels, sums)
        for index, value in enumerate(values):
            # Strictly greater: an equal value of a higher index owns nothing.
            if value > best[index]:
                best[index], owners[index] = value, bidder
    return owners


def _own_with_arrays(
    market: Market, group: int, levels: range, sums: Sequence[int], candidates: Sequence[int]
) -> list[int]:
    # numpy is imported where it is used: a bidder agent that never computes ownership must start light.
    import numpy as np

    axis = np.arange(levels.start, levels.stop, levels.step, dtype=np.int64)
    first, *others = candidates
    best = market.bidders[first].valuation.along(group, axis, sums)
    owners = np.full(len(axis), first, dtype=np.int64)
    for bidder in others:
        values = market.bidders[bidder].valuation.along(group, axis, sums)
        higher = values > best
        best = np.where(higher, values, best)
        owners[higher] = bidder
    result: list[int] = owners.tolist()
    return result
