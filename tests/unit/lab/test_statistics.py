"""Estimates, intervals and tests: against values worked out by hand, against scipy, and by how often they are right."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from openoutcry.lab.statistics import (
    Estimate,
    estimate_mean,
    estimate_ratio,
    holm,
    student_quantile,
)

NAN = float("nan")


def numbers(*values: float) -> np.ndarray:
    """Return a column."""
    return np.array(values, dtype=np.float64)


def test_a_mean_has_the_error_of_the_book():
    """Mean 5 of 2, 4, 4, 4, 5, 5, 7, 9; squares add up to 32, so the error is the root of 32/7/8."""
    found = estimate_mean(numbers(2, 4, 4, 4, 5, 5, 7, 9))
    assert found is not None
    assert found.value == 5
    assert found.standard_error == pytest.approx(sqrt(32 / 7 / 8), rel=1e-14)
    assert found.high is not None
    # 2.3646 is the quantile in the tables for seven degrees of freedom.
    assert found.high - 5 == pytest.approx(2.3646 * sqrt(32 / 7 / 8), rel=1e-4)
    assert (found.auctions, found.clusters) == (8, 8)


def test_a_mean_and_its_p_value_are_those_of_the_one_sample_test():
    """The t-test of scipy says the same."""
    sample = np.random.default_rng(1).normal(0.3, 1, 40)
    found, known = estimate_mean(sample), stats.ttest_1samp(sample, 0)
    assert found is not None
    interval = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert found.p == pytest.approx(known.pvalue, rel=1e-10)


def test_markets_of_the_same_size_count_as_one_observation_each():
    """With means 2, 4 and 9 of three markets the error is that of these three numbers."""
    found = estimate_mean(numbers(1, 3, 4, 4, 8, 10), np.array([0, 0, 1, 1, 2, 2]))
    alone = estimate_mean(numbers(2, 4, 9))
    assert found is not None
    assert alone is not None
    assert (found.value, found.clusters, found.auctions) == (5, 3, 6)
    assert found.standard_error == pytest.approx(alone.standard_error, rel=1e-14)
    assert found.low == pytest.approx(alone.low, rel=1e-12)


def test_a_ratio_of_sums_is_linearised():
    """(3 + 5) / (4 + 12) = 1/2; residuals 1 and -1, so the error is root(2/1 * 2) / 16."""
    found = estimate_ratio(numbers(3, 5), numbers(4, 12))
    assert found is not None
    assert found.value == 0.5
    assert found.standard_error == pytest.approx(2 / 16, rel=1e-14)


def test_a_ratio_of_sums_is_not_the_mean_of_ratios():
    """3/4 and 5/12 have the mean 7/12."""
    of_sums = estimate_ratio(numbers(3, 5), numbers(4, 12))
    of_ratios = estimate_mean(numbers(3, 5) / numbers(4, 12))
    assert of_sums is not None
    assert of_ratios is not None
    assert of_sums.value == 1 / 2
    assert of_ratios.value == pytest.approx(7 / 12, rel=1e-15)


def test_what_is_not_known_is_left_out():
    """Numbers that are none do not count, also where a whole market has none."""
    found = estimate_mean(numbers(1, NAN, 3, NAN), np.array([0, 0, 1, 2]))
    assert found is not None
    assert (found.value, found.auctions, found.clusters) == (2, 2, 2)
    assert estimate_mean(numbers(NAN)) is None
    assert estimate_mean(numbers()) is None
    assert estimate_ratio(numbers(1, 2), numbers(0, 0)) is None


def test_one_observation_has_no_error():
    """Neither one auction nor one market says how far off it is."""
    for found in (estimate_mean(numbers(3)), estimate_mean(numbers(2, 4), np.array([7, 7]))):
        assert found is not None
        assert found.value == 3
        assert (found.standard_error, found.low, found.high, found.p) == (None, None, None, None)
        assert found.p_below(4) is None


def test_observations_that_are_all_alike_are_judged_by_their_signs():
    """Ten times the same difference: turning signs at will gives as much in 2 of 2^10 ways."""
    same, nothing = estimate_mean(numbers(*[0.1] * 10)), estimate_mean(numbers(*[0.0] * 10))
    assert same is not None
    assert nothing is not None
    assert (same.standard_error, same.low, same.high) == (0, same.value, same.value)
    assert same.p == 2 / 2**10
    assert nothing.p == 1


def test_how_low_a_figure_is_has_one_side():
    """Half the two-sided probability below the level, and 1 above it."""
    found = estimate_mean(numbers(1, 2, 3, 4))
    known = stats.ttest_1samp([1, 2, 3, 4], 5, alternative="less").pvalue
    assert found is not None
    assert found.p_below(5) == pytest.approx(known, rel=1e-10)
    assert found.p_below(2) == 1


def test_one_auction_that_decides_a_sum_is_noticed():
    """99 ones and a thousand: most of the sum is one term. Two auctions always decide a sum of two."""
    lone, even = estimate_mean(numbers(*[1.0] * 99, 1000)), estimate_mean(numbers(1, 2))
    assert lone is not None
    assert even is not None
    assert lone.largest == 1000 / 1099
    assert lone.is_dominated
    assert not even.is_dominated


def test_an_exact_figure_takes_the_place_of_a_rounded_one():
    """The figure is the nearest float; the interval stays."""
    found = estimate_mean(numbers(0, 0, 1))
    assert found is not None
    exact = found.made_exact(Fraction(1, 3))
    assert (exact.value, exact.exact, exact.low) == (1 / 3, Fraction(1, 3), found.low)
    assert found.made_exact(None) is found


def test_holm_steps_down():
    """0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02: 4 times the least, 3 times the next, never less again."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_holm_leaves_out_tests_that_could_not_be_made():
    """They neither have a value nor count among the others; nothing is above 1."""
    assert holm([None, 0.7, None, 0.6]) == (None, 1.0, None, 1.0)
    assert holm([]) == ()


def test_the_quantile_is_the_one_in_the_tables():
    """2.262 for nine degrees of freedom."""
    assert student_quantile(0.975, 9) == pytest.approx(2.262157, abs=1e-6)


def covers(found: Estimate | None, truth: float) -> bool:
    """Return whether an interval covers the truth."""
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def coverage(rng: np.random.Generator, *, clusters: bool) -> float:
    """Return how often the interval covers the mean of auctions in 8 markets that have something in common."""
    markets, auctions, times = 8, 50, 1500
    market = np.repeat(np.arange(markets), auctions)
    hits = 0
    for _ in range(times):
        values = rng.normal(0, 1, markets)[market] + rng.normal(3, 2, markets * auctions)
        hits += covers(estimate_mean(values, market if clusters else None), 3)
    return hits / times


def test_intervals_over_markets_cover_as_often_as_they_say():
    """95% of 1500 experiments, give or take three standard errors."""
    assert coverage(np.random.default_rng(2), clusters=True) == pytest.approx(0.95, abs=0.017)


def test_intervals_that_forget_markets_cover_far_too_seldom():
    """The check above can fail: as if all auctions stood alone, fewer than half of the intervals cover."""
    assert coverage(np.random.default_rng(3), clusters=False) < 0.5


def test_intervals_of_ratios_of_sums_cover_as_often_as_they_say():
    """Half of what there is to gain, and something that the auctions of a market have in common, over 30 markets."""
    rng = np.random.default_rng(4)
    market = np.repeat(np.arange(30), 20)
    hits, times = 0, 1500
    for _ in range(times):
        optimum = rng.exponential(1, 30)[market] + rng.exponential(1, 600)
        reached = optimum * rng.uniform(0, 1, 600) + 0.5 * rng.normal(0, 1, 30)[market]
        hits += covers(estimate_ratio(reached, optimum, market), 0.5)
    assert hits / times == pytest.approx(0.95, abs=0.03)


def test_a_null_is_called_significant_as_often_as_it_says_for_all_tests_together():
    """Ten comparisons without any difference: Holm calls one of them significant in about 5% of 1000 campaigns."""
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(1000):
        found = [estimate_mean(values) for values in rng.normal(0, 1, (10, 12))]
        adjusted = holm([None if one is None else one.p for one in found])
        wrong += any(p is not None and p <= 0.05 for p in adjusted)
    assert wrong / 1000 == pytest.approx(0.05, abs=0.021)
