"""A report: all that is said of a campaign's result, worked out instance set by instance set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.lab.bounds import Bound
from openoutcry.lab.campaigns.campaign import Cell
from openoutcry.lab.reporting.cells import (
    CellFigures,
    CellRows,
    bound_levels,
    bounds_of,
    describe_cell,
    is_truthful,
)
from openoutcry.lab.reporting.comparisons import (
    COMPARED,
    SIGNIFICANT,
    Comparison,
    adjust,
    compare,
    mechanism_pairs,
    strategy_pairs,
)
from openoutcry.lab.reporting.exact import exact_means
from openoutcry.lab.reporting.growth import Line, find_lines
from openoutcry.lab.reporting.result import Result, RowReader
from openoutcry.lab.statistics import Estimate, holm

ROWS_LIMIT = 10_000_000
"""Rows of all cells with the same instances, which are in memory together: about a gigabyte."""

Tell = Callable[[int, int], None]
"""Told how many cells are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was reached, held against what is proved.

    Attributes:
        cell: Where.
        bound: What is proved.
        share: Name of the share that it is of: one of `SHARES`.
        reached: How much was reached.
        level: The share that the bound tells of, losses taken off.
        adjusted: How probable a share this low is where the bound just holds, adjusted after Holm among all promises;
            None for what no auction can promise, and where it cannot be told.
    """

    cell: Cell
    bound: Bound
    share: str
    reached: Estimate
    level: float
    adjusted: float | None

    @property
    def is_broken(self) -> bool:
        """Whether a promise is not kept, beyond what chance explains."""
        return self.adjusted is not None and self.adjusted <= SIGNIFICANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is said of a result.

    Attributes:
        result: Whose.
        cells: In the order of the campaign.
        verdicts: Bounds that can be held against something.
        mechanisms: Mechanism against mechanism.
        strategies: Strategies against truth.
        lines: Cells that differ in one number.
    """

    result: Result
    cells: tuple[CellFigures, ...]
    verdicts: tuple[Verdict, ...]
    mechanisms: tuple[Comparison, ...]
    strategies: tuple[Comparison, ...]
    lines: tuple[Line, ...]


def instance_sets(cells: Sequence[Cell]) -> tuple[tuple[Cell, ...], ...]:
    """Return the cells in groups that meet the same instances, in the order of the campaign."""
    groups: dict[tuple[str, int, int], list[Cell]] = {}
    for cell in cells:
        key = cell.market_name(0), cell.markets, cell.replications
        groups.setdefault(key, []).append(cell)
    return tuple(map(tuple, groups.values()))


def make_report(result: Result, *, tell: Tell) -> Report:
    """Work out all figures of a result.

    Args:
        result: Opened.
        tell: Told of progress.

    Raises:
        ConfigurationError: There is too much of it.
    """
    cells = result.campaign.cells
    sets = instance_sets(cells)
    _refuse_large(result, sets)
    exact = exact_means(result)
    figures: dict[int, CellFigures] = {}
    mechanisms: list[Comparison] = []
    strategies: list[Comparison] = []
    with closing(RowReader(result)) as reader:
        for group in sets:
            rows = _read(reader, group, exact)
            for cell in group:
                bounds = bounds_of(result.campaign.seed, cell) if is_truthful(cell) else ()
                figures[cell.number] = describe_cell(rows[cell.number], bounds)
                tell(len(figures), len(cells))
            mechanisms += _compare_mechanisms(group, rows)
            strategies += _compare_strategies(group, rows)
    ordered = tuple(figures[cell.number] for cell in cells)
    return Report(
        result=result,
        cells=ordered,
        verdicts=_judge(ordered),
        mechanisms=adjust(mechanisms),
        strategies=adjust(strategies),
        lines=find_lines(cells),
    )


def _refuse_large(result: Result, sets: Sequence[tuple[Cell, ...]]) -> None:
    rows = max(sum(cell.auctions for cell in group) for group in sets)
    if rows > ROWS_LIMIT:
        raise ConfigurationError(
            f"{result.rows_file}: {rows:,} rows with the same instances are compared in memory, at most "
            f"{ROWS_LIMIT:,}: `auctioneer sweep` with fewer replications, or with fewer mechanisms and strategies in "
            "one campaign; instances drawn from the same seed are the same"
        )


def _read(
    reader: RowReader, group: Sequence[Cell], exact: Sequence[Mapping[str, Fraction]]
) -> dict[int, CellRows]:
    return {
        cell.number: CellRows(cell=cell, columns=reader.read(cell), exact=exact[cell.number])
        for cell in group
    }


def _compare_mechanisms(group: Sequence[Cell], rows: Mapping[int, CellRows]) -> Iterator[Comparison]:
    for first, second in mechanism_pairs(group):
        for quantity in COMPARED:
            found = compare("mechanisms", quantity, rows[first.number], rows[second.number])
            if found is not None:
                yield found


def _compare_strategies(group: Sequence[Cell], rows: Mapping[int, CellRows]) -> Iterator[Comparison]:
    for way, first, second in strategy_pairs(group):
        found = compare(way, "utility", rows[first.number], rows[second.number])
        if found is not None:
            yield found


def _judge(cells: Sequence[CellFigures]) -> tuple[Verdict, ...]:
    found = [(figures.cell, *held) for figures in cells for held in bound_levels(figures)]
    ps = [
        None if bound.kind == "impossible" else reached.p_below(level)
        for _, bound, _, reached, level in found
    ]
    return tuple(
        Verdict(cell=cell, bound=bound, share=share, reached=reached, level=level, adjusted=p)
        for (cell, bound, share, reached, level), p in zip(found, holm(ps), strict=True)
    )
