"""Whether a bidder ends up alone, in a loop that numba compiles. Needs the extra `openoutcry[compiled]`.

The same as `close_with_arrays`, which passes over all auctions again and again where the window shrinks slowly; here a
pass goes over what is left of one auction, and every bidder dropped shrinks the window for those after it. The order
in which bidders are dropped does not matter, so the results are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def close_with_loops(
    rivals: NDArray[np.bool_],
    signals: NDArray[np.uint16],
    own_signals: NDArray[np.int64],
    gaps: NDArray[np.int16],
    gap_rows: NDArray[np.int64],
    above_foot: NDArray[np.int64],
    step: int,
) -> NDArray[np.bool_]:
    """Drop, auction by auction, whoever owns nothing in the window, until nobody needs to be dropped."""
    is_alone: NDArray[np.bool_] = _close(rivals, signals, own_signals, gaps, gap_rows, above_foot, step)
    return is_alone


def _close_each(
    rivals: Any, signals: Any, own_signals: Any, gaps: Any, gap_rows: Any, above_foot: Any, step: int
) -> Any:
    auctions, members = rivals.shape
    is_alone = np.zeros(auctions, dtype=np.bool_)
    left = np.empty(members, dtype=np.int64)
    for auction in range(auctions):
        count, low = 0, own_signals[auction]
        for member in range(members):
            if rivals[auction, member]:
                left[count] = member
                count += 1
                low += signals[auction, member]
        high = step * (count + 1) - low
        row, foot = gap_rows[auction], above_foot[auction]
        is_changing = True
        while is_changing and count:
            is_changing = False
            kept = 0
            reach_below, reach_above = (low - foot) // step, (high + foot) // step
            for place in range(count):
                member = left[place]
                if gaps[row, member] <= reach_below or gaps[row, members + member] <= reach_above:
                    left[kept] = member
                    kept += 1
                else:
                    signal = signals[auction, member]
                    low -= signal
                    high -= step - signal
                    reach_below, reach_above = (low - foot) // step, (high + foot) // step
                    is_changing = True
            count = kept
        is_alone[auction] = count == 0
    return is_alone


def _compile() -> Any:
    try:
        return njit(cache=True, nogil=True)(_close_each)
    except RuntimeError:
        # There is nowhere to keep compiled code, so every process compiles it anew.
        return njit(nogil=True)(_close_each)


_close = _compile()
