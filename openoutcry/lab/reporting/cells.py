"""What is said of each cell of a campaign: means, shares of the optimum, and what was proved of them beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from openoutcry.lab.bounds import Bound, bounds_on, weakest
from openoutcry.lab.campaigns.campaign import Cell
from openoutcry.lab.campaigns.work import TRUTHFUL, draw_instances
from openoutcry.lab.instances.generator import TypeInstances
from openoutcry.lab.statistics import Clusters, Estimate, Numbers, estimate_mean, estimate_ratio
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism

MEANS = ("welfare", "revenue", "price", "optimum", "utility", "optimal_revenue", "waves", "questions")
"""Columns of which means are told, where a result has them."""

SHARES = {
    "welfare_share": ("welfare", "optimum"),
    "revenue_share": ("revenue", "optimum"),
    "optimal_revenue_share": ("revenue", "optimal_revenue"),
}
"""Shares that are told, where a result has the columns: what of what."""

MARKETS_READ = 16
"""Markets of types of a cell that are drawn again to see what is proved on them, which may hang on the prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRows:
    """The rows of a cell.

    Attributes:
        cell: Which.
        columns: By name of the column, one number for each auction; NaN where it is not known.
        exact: Exact means, by name of the column, where they are known.
    """

    cell: Cell
    columns: Mapping[str, Numbers]
    exact: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a benchmark is reached, in two ways that are not the same.

    Attributes:
        of_sums: All that was reached over all that could be: auctions in which there is more to gain weigh more.
        of_auctions: The mean over auctions of the share of each: all weigh the same; those are left out in which there
            was nothing to gain.
    """

    of_sums: Estimate
    of_auctions: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigures:
    """The figures of one cell.

    Attributes:
        cell: Which.
        sold: Share of the auctions in which somebody buys.
        defaults: How often a strategy failed, in all auctions.
        means: By each name of `MEANS`; what is not known is left out.
        shares: By each name of `SHARES`; what is not known is left out.
        bounds: What is proved where all bidders are truthful; none where they are not.
    """

    cell: Cell
    sold: Estimate
    defaults: int
    means: Mapping[str, Estimate]
    shares: Mapping[str, Share]
    bounds: tuple[Bound, ...]


def is_truthful(cell: Cell) -> bool:
    """Return whether all bidders of a cell are truthful."""
    return cell.everyone == cell.observed == TRUTHFUL


def clusters_of(cell: Cell) -> Clusters | None:
    """Return the market of each auction of a cell, or None when there is one market: then auctions stand alone."""
    if cell.markets == 1:
        return None
    return np.arange(cell.auctions, dtype=np.int64) // cell.replications


def describe_cell(rows: CellRows, bounds: tuple[Bound, ...]) -> CellFigures:
    """Work out the figures of a cell.

    Args:
        rows: Its rows.
        bounds: What is proved where all its bidders are truthful.
    """
    clusters, columns = clusters_of(rows.cell), rows.columns
    means = {}
    for name in MEANS:
        found = estimate_mean(columns[name], clusters) if name in columns else None
        if found is not None:
            means[name] = found.made_exact(rows.exact.get(name))
    sold = estimate_mean((columns["buyers"] > 0).astype(np.float64), clusters)
    assert sold is not None
    return CellFigures(
        cell=rows.cell,
        sold=sold,
        defaults=int(columns["defaults"].sum()),
        means=means,
        shares=dict(_shares(columns, clusters, rows.exact)),
        bounds=bounds if is_truthful(rows.cell) else (),
    )


def shares_by_auction(numerators: Numbers, denominators: Numbers) -> Numbers:
    """Return the share that each auction reaches; NaN where that is not known, or there was nothing to gain."""
    return numerators / np.where(denominators > 0, denominators, np.nan)


def _shares(
    columns: Mapping[str, Numbers], clusters: Clusters | None, exact: Mapping[str, Fraction]
) -> Iterator[tuple[str, Share]]:
    for name, (above, below) in SHARES.items():
        if below not in columns:
            continue
        of_sums = estimate_ratio(columns[above], columns[below], clusters)
        of_auctions = estimate_mean(shares_by_auction(columns[above], columns[below]), clusters)
        if of_sums is None or of_auctions is None:
            continue
        if above in exact and exact.get(below):
            of_sums = of_sums.made_exact(exact[above] / exact[below])
        yield name, Share(of_sums=of_sums, of_auctions=of_auctions)


def bound_levels(figures: CellFigures) -> Iterator[tuple[Bound, str, Estimate, float]]:
    """Yield each bound with what it can be held against.

    Yields:
        The bound, the name of the share that it is of, how much of that was reached, and the share that it tells of,
        losses taken off. Shares of welfare are means over auctions; shares of optimal revenue, which is a matter of
        markets, are ratios of sums.
    """
    for bound in figures.bounds:
        is_of_welfare = bound.benchmark == "welfare"
        name = f"{bound.quantity}_share" if is_of_welfare else "optimal_revenue_share"
        share = figures.shares.get(name)
        if share is None:
            continue
        if is_of_welfare:
            yield bound, name, share.of_auctions, float(bound.share)
        else:
            loss = float(bound.loss) / figures.means["optimal_revenue"].value
            yield bound, name, share.of_sums, float(bound.share) - loss


def bounds_of(seed: str, cell: Cell) -> tuple[Bound, ...]:
    """Return what is proved of a cell's mechanism on its markets.

    What is proved on a market of signals hangs on its size, which all markets of a cell share: one is looked at. Of
    markets of types the first `MARKETS_READ` are, and what is proved on all of them is returned.

    Args:
        seed: The campaign's.
        cell: Which.

    Raises:
        ConfigurationError: A market cannot be drawn again.
    """
    mechanism = find_mechanism(cell.mechanism)
    parameters = mechanism.configure(dict(cell.parameters))
    count = 1 if mechanism.market == "signals" else min(cell.markets, MARKETS_READ)
    return weakest(
        bounds_on(cell.mechanism, parameters, _market(seed, cell, market)) for market in range(count)
    )


def _market(seed: str, cell: Cell, market: int) -> Market | TypeMarket:
    drawn = draw_instances(seed, cell.generator, cell.instance_parameters, cell.luck_name(market))
    if isinstance(drawn, TypeInstances) and find_mechanism(cell.mechanism).uses_prior:
        return replace(drawn.market, prior=drawn.prior)
    return drawn.market
