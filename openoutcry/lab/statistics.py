"""Estimates with confidence intervals for campaigns: what the auctions that were drawn say of all that could be.

Markets are drawn, and auctions are drawn in markets, so two auctions of one market have something in common. Where
there are several markets the independent pieces ("clusters") are markets, whose auctions are first added up; where
there is one, they are its auctions, and all that is said is said of that market. One formula serves every figure: the
ratio of two sums, linearised. With ones below the line it is a mean; with the optimum below it, a ratio of sums.
Intervals and tests use Student's t with one degree of freedom fewer than there are clusters.

Source: W. G. Cochran, Sampling Techniques, 3rd ed., sections 2.11 (ratios) and 9A (clusters of unequal sizes);
S. Holm (1979), A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import ConfigurationError

CONFIDENCE = 0.95
"""How often an interval covers what it estimates."""

FEW_CLUSTERS = 10
"""With fewer, an interval rests on the assumption that means of clusters are about normal."""

DOMINANCE = 0.1
"""From this share of a sum on one auction is said to weigh too much: neither interval nor test can be trusted then."""

Numbers = NDArray[np.float64]
Clusters = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean or a ratio of sums, and how well it is known.

    Attributes:
        value: The figure itself.
        standard_error: Of the figure; None with a single cluster.
        low: Lower end of the confidence interval; None with a single cluster.
        high: Its upper end.
        p: How probable a figure at least as far from 0 is where the true one is 0; None with a single cluster.
        auctions: How many auctions it is of.
        clusters: How many independent pieces they make.
        largest: Share of the greatest absolute term in the sum of absolute terms: 0..1.
        exact: The figure without rounding, where it is known.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    p: float | None
    auctions: int
    clusters: int
    largest: float
    exact: Fraction | None = None

    @property
    def is_dominated(self) -> bool:
        """Whether one auction weighs so much that interval and test say little."""
        return self.auctions > 1 and self.largest > max(DOMINANCE, 2 / self.auctions)

    def p_below(self, level: float) -> float | None:
        """Return how probable a figure at least as low is where the true one is `level`; None with a single cluster."""
        if self.standard_error is None:
            return None
        if self.value >= level:
            return 1.0
        return _p_value(self.value - level, self.standard_error, self.clusters) / 2

    def made_exact(self, exact: Fraction | None) -> Estimate:
        """Return the same estimate with the figure as it is without rounding."""
        return self if exact is None else replace(self, value=as_float(exact), exact=exact)


def estimate_mean(values: Numbers, clusters: Clusters | None = None) -> Estimate | None:
    """Estimate a mean.

    Args:
        values: One for each auction; what is not known is no number (NaN), and left out.
        clusters: Length as `values`: which cluster each is of; each is one of its own when None.

    Returns:
        None when nothing is known.
    """
    return estimate_ratio(values, np.ones_like(values), clusters)


def estimate_ratio(
    numerators: Numbers, denominators: Numbers, clusters: Clusters | None = None
) -> Estimate | None:
    """Estimate a ratio of sums.

    Args:
        numerators: One for each auction; NaN where it is not known.
        denominators: Length as `numerators`, at least 0; NaN where it is not known.
        clusters: Length as `numerators`: which cluster each is of; each is one of its own when None.

    Returns:
        None when nothing is known, or the denominators add up to 0.
    """
    is_known = ~(np.isnan(numerators) | np.isnan(denominators))
    above, below = numerators[is_known], denominators[is_known]
    whole = float(below.sum())
    if not whole > 0:
        return None
    value = float(above.sum()) / whole
    residuals: Numbers = above - value * below
    if clusters is not None:
        _, places = np.unique(clusters[is_known], return_inverse=True)
        residuals = np.asarray(np.bincount(places, weights=residuals), dtype=np.float64)
    greatest = float(np.abs(above).max())
    sizes = float(np.abs(above).sum())
    count = len(residuals)
    error = None if count < 2 else _error_of_sum(residuals) / whole
    # What is left of rounding where all is alike is no spread.
    if error is not None and error <= 1e-12 * sizes / whole:
        error = 0.0
    reach = None if error is None else error * student_quantile((1 + CONFIDENCE) / 2, count - 1)
    return Estimate(
        value=value,
        standard_error=error,
        low=None if reach is None else value - reach,
        high=None if reach is None else value + reach,
        p=None if error is None else _p_value(value, error, count),
        auctions=len(above),
        clusters=count,
        largest=greatest / sizes if sizes else 0.0,
    )


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return adjusted p-values: calling each that is at most a significant errs at all with probability at most a.

    Args:
        p_values: Of all tests that are looked at together, each 0..1; None stands for a test that could not be made.

    Source: Holm (1979).
    """
    made = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    so_far = 0.0
    for rank, (p, place) in enumerate(made):
        so_far = max(so_far, min(1.0, (len(made) - rank) * p))
        adjusted[place] = so_far
    return tuple(adjusted)


def student_quantile(probability: float, degrees: int) -> float:
    """Return the quantile of Student's t with so many degrees of freedom."""
    return float(_special().stdtrit(degrees, probability))


def as_float(number: Fraction) -> float:
    """Return the nearest float, infinite where there is none."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _error_of_sum(residuals: Numbers) -> float:
    count = len(residuals)
    # The sum of residuals is 0 but for rounding, so their spread is about 0.
    return float(np.sqrt(count / (count - 1) * np.square(residuals).sum()))


def _p_value(value: float, error: float, count: int) -> float:
    """Return the two-sided p-value for 0.

    Where all clusters say exactly the same, a t-value has no meaning; turning signs at will gives at least as much in 2
    of 2^count ways.
    """
    if value == 0:
        return 1.0
    if error == 0:
        return 2.0 ** max(1 - count, -1000)
    return float(2 * _special().stdtr(count - 1, -abs(value) / error))


def _special() -> Any:
    try:
        from scipy import special
    except ImportError as error:
        raise ConfigurationError("statistics need scipy: pip install 'openoutcry[lab]'") from error
    return special
