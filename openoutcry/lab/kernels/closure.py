"""Whether a bidder ends up alone: the greatest closed set of it and those who come after it, with numpy.

See `signal_discovery` for what closed means.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Closing(Protocol):
    """Computes for each auction whether the greatest closed set holds nobody but the finalist."""

    def __call__(
        self,
        rivals: NDArray[np.bool_],
        signals: NDArray[np.uint16],
        own_signals: NDArray[np.int64],
        gaps: NDArray[np.int16],
        gap_rows: NDArray[np.int64],
        above_foot: NDArray[np.int64],
        step: int,
    ) -> NDArray[np.bool_]:
        """Answer for auctions, one row each.

        Args:
            rivals: Shape (auctions, members): who comes after the finalist in the order.
            signals: The same shape.
            own_signals: The finalists' signals.
            gaps: `GroupTables.gaps`.
            gap_rows: The row of `gaps` for each auction.
            above_foot: How far the true sum stands above the foot.
            step: k-1.
        """


def close_with_arrays(
    rivals: NDArray[np.bool_],
    signals: NDArray[np.uint16],
    own_signals: NDArray[np.int64],
    gaps: NDArray[np.int16],
    gap_rows: NDArray[np.int64],
    above_foot: NDArray[np.int64],
    step: int,
) -> NDArray[np.bool_]:
    """Drop, in all auctions together, whoever owns nothing in the window, until nobody needs to be dropped."""
    is_alone = np.zeros(len(rivals), dtype=bool)
    member_count = rivals.shape[1]
    rows = np.arange(len(rivals))
    counts = np.count_nonzero(rivals, axis=1)
    distances = gaps[gap_rows].reshape(-1, 2, member_count)
    while len(rows):
        low = own_signals + _sum_where(rivals, signals)
        high = step * (counts + 1) - low
        reach_below = ((low - above_foot) // step).astype(np.int16)[:, None]
        reach_above = ((high + above_foot) // step).astype(np.int16)[:, None]
        rivals = rivals & ((distances[:, 0] <= reach_below) | (distances[:, 1] <= reach_above))
        left = np.count_nonzero(rivals, axis=1)
        is_alone[rows[left == 0]] = True
        goes_on = (left > 0) & (left < counts)
        kept = np.flatnonzero(goes_on)
        rows, rivals, signals, distances = rows[kept], rivals[kept], signals[kept], distances[kept]
        own_signals, above_foot, counts = own_signals[kept], above_foot[kept], left[kept]
    return is_alone


def _sum_where(chosen: NDArray[np.bool_], signals: NDArray[np.uint16]) -> NDArray[np.int64]:
    sums: NDArray[np.int64] = (signals * chosen).sum(axis=1, dtype=np.int64)
    return sums
