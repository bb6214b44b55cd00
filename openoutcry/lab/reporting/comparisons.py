"""Cells against cells on the same instances with the same luck: mechanism against mechanism, lie against truth.

Two cells of the same instances meet the same markets, signals and luck, auction by auction, so what is estimated is the
mean of the differences, which is known far better than the difference of two means. Each difference is told in money,
and as a share of the optimum of its auction, in which all auctions weigh the same. Significance is adjusted after
Holm among all comparisons of one quantity in one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from openoutcry.lab.campaigns.campaign import Cell
from openoutcry.lab.campaigns.work import TRUTHFUL
from openoutcry.lab.reporting.cells import CellRows, clusters_of, shares_by_auction
from openoutcry.lab.statistics import Estimate, estimate_mean, holm

COMPARED = ("revenue", "welfare", "utility")
"""Quantities in which mechanisms are compared."""

ALL_PAIRS = 5
"""Of more mechanisms than this each is compared with the first only."""

SIGNIFICANT = 0.05
"""Adjusted p-values up to this are called significant."""

Way = Literal["mechanisms", "alone", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How much more of something one cell has than another.

    Attributes:
        way: `mechanisms` compares two; `alone` is the observed bidder's strategy against truth among the same others;
            `together` is everybody's strategy against everybody's truth.
        quantity: What of.
        first: The cell that has more where the difference is positive.
        second: The cell it is compared with.
        difference: Mean over auctions, in minor units.
        share: Mean over auctions of the difference as a share of the optimum; None where no optimum is known.
        adjusted: The p-value of the difference after Holm.
        adjusted_share: The p-value of the share after Holm.
    """

    way: Way
    quantity: str
    first: Cell
    second: Cell
    difference: Estimate
    share: Estimate | None
    adjusted: float | None = None
    adjusted_share: float | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the share of the optimum is significant, or the money where no share is known."""
        adjusted = self.adjusted if self.share is None else self.adjusted_share
        return adjusted is not None and adjusted <= SIGNIFICANT


def mechanism_pairs(cells: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Yield the pairs of cells with the same strategies and different mechanisms.

    Args:
        cells: All with the same instances.
    """
    by_strategies: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        by_strategies.setdefault((cell.everyone, cell.observed), []).append(cell)
    for group in by_strategies.values():
        if len(group) <= ALL_PAIRS:
            yield from ((second, first) for first, second in combinations(group, 2))
        else:
            yield from ((other, group[0]) for other in group[1:])


def strategy_pairs(cells: Sequence[Cell]) -> Iterator[tuple[Way, Cell, Cell]]:
    """Yield each cell whose observed bidder does not bid truthfully, with the cell in which it does.

    Where nobody bids truthfully there may be a cell in which the observed bidder alone does: the strategy is compared
    with that; else with the cell in which everybody does.

    Args:
        cells: All with the same instances.
    """
    places = {(cell.mechanism, cell.parameters, cell.everyone, cell.observed): cell for cell in cells}
    for cell in cells:
        if cell.observed == TRUTHFUL:
            continue
        alone = places.get((cell.mechanism, cell.parameters, cell.everyone, TRUTHFUL))
        together = places.get((cell.mechanism, cell.parameters, TRUTHFUL, TRUTHFUL))
        if alone is not None:
            yield "alone", cell, alone
        elif together is not None and cell.everyone == cell.observed:
            yield "together", cell, together


def compare(
    way: Way,
    quantity: str,
    first: CellRows,
    second: CellRows,
) -> Comparison | None:
    """Compare two cells with the same instances; None when the quantity is known in no auction of both.

    Args:
        way: What the comparison is for.
        quantity: A column.
        first: The cell that has more where the difference is positive.
        second: Another one.
    """
    clusters = clusters_of(first.cell)
    differences = first.columns[quantity] - second.columns[quantity]
    difference = estimate_mean(differences, clusters)
    if difference is None:
        return None
    if quantity in first.exact and quantity in second.exact:
        difference = difference.made_exact(first.exact[quantity] - second.exact[quantity])
    return Comparison(
        way=way,
        quantity=quantity,
        first=first.cell,
        second=second.cell,
        difference=difference,
        share=estimate_mean(shares_by_auction(differences, first.columns["optimum"]), clusters),
    )


def adjust(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the same comparisons with adjusted p-values: all of one quantity are looked at together."""
    adjusted = list(comparisons)
    for quantity in dict.fromkeys(one.quantity for one in comparisons):
        places = [place for place, one in enumerate(comparisons) if one.quantity == quantity]
        ps = holm([comparisons[place].difference.p for place in places])
        shares = [comparisons[place].share for place in places]
        share_ps = holm([None if share is None else share.p for share in shares])
        for place, p, share_p in zip(places, ps, share_ps, strict=True):
            adjusted[place] = replace(comparisons[place], adjusted=p, adjusted_share=share_p)
    return tuple(adjusted)
