"""Laws of estimates and of Holm's adjustment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.lab.statistics import estimate_mean, estimate_ratio, holm

PROBABILITIES = st.lists(st.floats(0, 1), max_size=12)
MONEY = st.lists(st.integers(-1000, 1000), min_size=2, max_size=30)


@given(PROBABILITIES)
def test_holm_never_lowers_a_probability_and_keeps_their_order(ps):
    """Each is between itself and as many times itself as there are, and at most 1."""
    adjusted = holm(ps)
    for p, now in zip(ps, adjusted, strict=True):
        assert now is not None
        assert p <= now <= min(1.0, len(ps) * p)
    ranked = [now for _, now in sorted((p, now or 0.0) for p, now in zip(ps, adjusted, strict=True))]
    assert ranked == sorted(ranked)


@given(PROBABILITIES, st.randoms())
def test_holm_does_not_hang_on_the_order(ps, random):
    """The same probabilities in another order are adjusted to the same."""
    places = list(range(len(ps)))
    random.shuffle(places)
    straight = holm(ps)
    assert holm([ps[place] for place in places]) == tuple(straight[place] for place in places)


@given(MONEY, st.integers(-50, 50), st.integers(1, 50))
def test_intervals_move_and_stretch_with_the_unit_of_money(values, shift, scale):
    """Adding a constant moves an interval, and multiplying stretches it."""
    plain = estimate_mean(np.array(values, dtype=np.float64))
    moved = estimate_mean(np.array(values, dtype=np.float64) * scale + shift)
    assert plain is not None
    assert moved is not None
    for before, after in ((plain.low, moved.low), (plain.value, moved.value), (plain.high, moved.high)):
        assert before is not None
        assert after == pytest.approx(before * scale + shift, abs=1e-6)


@given(MONEY, st.integers(2, 5))
def test_repeating_what_a_market_said_tells_nothing_new(values, times):
    """As many auctions of each market as one likes, all alike, have the interval of one each."""
    markets = np.arange(len(values))
    once = estimate_mean(np.array(values, dtype=np.float64), markets)
    often = estimate_mean(np.repeat(np.array(values, dtype=np.float64), times), np.repeat(markets, times))
    assert once is not None
    assert often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=1e-6)


@given(MONEY)
def test_a_mean_is_a_ratio_of_sums_over_ones(values):
    """One formula serves both."""
    column = np.array(values, dtype=np.float64)
    assert estimate_mean(column) == estimate_ratio(column, np.ones_like(column))
