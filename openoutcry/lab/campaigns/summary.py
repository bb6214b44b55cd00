"""What each cell of a campaign did on average: a first look, before any statistics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.lab.campaigns.campaign import Campaign
from openoutcry.lab.campaigns.rows import read_rows

_COLUMNS = ("welfare", "revenue", "optimum", "utility", "optimal_revenue", "waves", "questions")
_MEANS = (*_COLUMNS, "welfare_share", "revenue_share", "optimal_share")


def summarise(campaign: Campaign, rows: Path) -> list[dict[str, Any]]:
    """Return for each cell how many auctions it had, how many sold, how often a strategy failed, and means, as floats.

    `welfare_share` and `revenue_share` are means of the ratio to the optimum, `optimal_share` of that of revenue to the
    optimal revenue, each over the auctions in which that is known and above 0. A mean over no auctions is None.
    """
    count = len(campaign.cells)
    sums, known = np.zeros((count, len(_MEANS))), np.zeros((count, len(_MEANS)), dtype=np.int64)
    sold, defaults = np.zeros((2, count), dtype=np.int64)
    for table in read_rows(rows):
        cells = table.column("cell").to_numpy()
        sold += np.bincount(cells[table.column("buyers").to_numpy() > 0], minlength=count)
        failed = table.column("defaults").to_numpy()
        defaults += np.bincount(cells, weights=failed, minlength=count).astype(np.int64)
        for place, values in enumerate(_values(table)):
            is_known = ~np.isnan(values)
            sums[:, place] += np.bincount(cells[is_known], weights=values[is_known], minlength=count)
            known[:, place] += np.bincount(cells[is_known], minlength=count)
    told = []
    for cell in campaign.cells:
        means = {
            name: float(sums[cell.number, place] / known[cell.number, place])
            if known[cell.number, place]
            else None
            for place, name in enumerate(_MEANS)
        }
        labels = {
            "cell": cell.number,
            "mechanism": cell.mechanism_label,
            "instances": cell.instances_label,
            "strategies": cell.strategies_label,
        }
        counts = {"sold": int(sold[cell.number]), "defaults": int(defaults[cell.number])}
        told.append({**labels, "auctions": cell.auctions, **counts, **means})
    return told


def _values(table: Any) -> Iterator[NDArray[np.float64]]:
    """Yield a column for each of `_MEANS`, in this order; what is not known is no number."""
    named = {name: table.column(name).cast("float64").to_numpy() for name in _COLUMNS}
    yield from named.values()
    for above, below in (("welfare", "optimum"), ("revenue", "optimum"), ("revenue", "optimal_revenue")):
        yield named[above] / np.where(named[below] > 0, named[below], np.nan)
