"""Scores and rewards: worked numbers, why rounding is not allowed, the logarithmic score, a thousand bidders."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf, log, prod

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, point_mass, uniform
from openoutcry.mechanisms.crowd.scoring import (
    brier_score,
    expected_score,
    inner_product,
    logarithmic_score,
    norm_squared,
    reward,
    reward_odds,
    reward_probability,
)

CENTS = Fraction(10)
"""A scale of 1/10 where money is counted in hundredths."""

GRID = [Joint.of((1,), {(0,): share, (1,): 20 - share}) for share in range(21)]
"""The 21 beliefs 0, 1/20, ..., 1 in the first of two types of one other bidder."""

Paid = Callable[[Distribution, tuple[int, ...]], Fraction]


def exact(belief: Distribution, profile: tuple[int, ...]) -> Fraction:
    """Return the reward as it is paid."""
    return reward(CENTS, belief, profile)


def rounded(belief: Distribution, profile: tuple[int, ...]) -> Fraction:
    """Return the reward as nobody may pay it: in whole cents."""
    return Fraction(round(reward(CENTS, belief, profile)))


def lottery(belief: Distribution, profile: tuple[int, ...]) -> Fraction:
    """Return what the lottery pays on average; it pays whole cents, the scale or nothing."""
    paid, unpaid = reward_odds(belief, profile)
    return CENTS * Fraction(paid, paid + unpaid)


def linear(belief: Distribution, profile: tuple[int, ...]) -> Fraction:
    """Return a reward that is not proper: the scale times the probability given to what came about."""
    return CENTS * belief.probability(profile)


def best_reports(truth: Distribution, paid: Paid) -> list[Distribution]:
    """Return the beliefs of the grid that pay most on average to somebody who holds one of them."""
    earned = [
        sum(truth.probability((index,)) * paid(report, (index,)) for index in (0, 1)) for report in GRID
    ]
    return [report for report, amount in zip(GRID, earned, strict=True) if amount == max(earned)]


def test_worked_scores() -> None:
    """Certainty scores 0 when right and -2 when wrong; one half scores -1/2 either way."""
    certain, half = point_mass((1,), (0,)), uniform({1: 2})
    assert [brier_score(certain, (index,)) for index in (0, 1)] == [0, -2]
    assert [brier_score(half, (index,)) for index in (0, 1)] == [Fraction(-1, 2), Fraction(-1, 2)]
    assert [reward(CENTS, belief, (0,)) for belief in (certain, half)] == [10, Fraction(15, 2)]
    assert reward(CENTS, certain, (1,)) == 0
    assert (reward_odds(certain, (0,)), reward_odds(certain, (1,)), reward_odds(half, (0,))) == (
        (1, 0),
        (0, 1),
        (3, 1),
    )


def test_what_a_belief_ruled_out_may_come_about() -> None:
    """At F(v) = 0 the reward is scale / 2 (1 - ||F||^2): legal, and still not negative."""
    belief = Joint.of((1, 2), {(0, 0): 1, (1, 1): 2})
    assert norm_squared(belief) == Fraction(5, 9)
    assert reward(Fraction(1, 10), belief, (0, 1)) == Fraction(1, 20) * (1 - Fraction(5, 9))


@pytest.mark.parametrize("paid", [exact, lottery])
def test_exact_rewards_and_lotteries_have_one_best_report(paid: Paid) -> None:
    """For whoever holds one of the 21 beliefs, reporting it is the one best thing to do."""
    assert [best_reports(truth, paid) for truth in GRID] == [[truth] for truth in GRID]


def test_rounding_to_cents_destroys_strict_properness() -> None:
    """18 of the 21 are then no longer the one best report, and 16 of them not even among the best."""
    best = [best_reports(truth, rounded) for truth in GRID]
    assert sum(reports != [truth] for truth, reports in zip(GRID, best, strict=True)) == 18
    assert sum(truth not in reports for truth, reports in zip(GRID, best, strict=True)) == 16


def test_an_improper_rule_is_found() -> None:
    """Paid in proportion to the probability, everybody but the undecided reports certainty: the check can fail."""
    best = [best_reports(truth, linear) for truth in GRID]
    assert sum(reports != [truth] for truth, reports in zip(GRID, best, strict=True)) == 19
    assert best[13] == [GRID[20]]


def test_a_belief_about_a_thousand_bidders() -> None:
    """A product is scored by its factors: the same number as multiplying fractions one by one, never 10^1000 points."""
    factors = {bidder: {index: 1 + (bidder * index) % 7 for index in range(10)} for bidder in range(1000)}
    belief = Product.of(factors)
    profile = tuple(bidder % 10 for bidder in range(1000))
    likely = prod(
        Fraction(factors[bidder][index], sum(factors[bidder].values()))
        for bidder, index in enumerate(profile)
    )
    norm = prod(
        Fraction(sum(weight**2 for weight in factor.values()), sum(factor.values()) ** 2)
        for factor in factors.values()
    )
    assert brier_score(belief, profile) == 2 * likely - norm - 1
    assert expected_score(belief, belief) == norm - 1
    assert inner_product(belief, point_mass(range(1000), profile)) == likely


def test_the_logarithmic_score() -> None:
    """It needs no norm, and has no bottom: near 0 any reward turns into a loss, and at 0 into ruin."""
    belief = Joint.of((1,), {(0,): 1, (1,): 3})
    assert logarithmic_score(belief, (1,), a=10, b=2) == pytest.approx(10 + 2 * log(3 / 4))
    assert logarithmic_score(belief, (2,), a=10**9, b=1) == -inf
    timid = Joint.of((1,), {(0,): 1, (1,): 10**400})
    assert logarithmic_score(timid, (0,), a=10, b=2) == pytest.approx(10 - 800 * log(10))
    large = uniform(dict.fromkeys(range(1000), 10))
    assert logarithmic_score(large, (0,) * 1000, a=0, b=1) == pytest.approx(-1000 * log(10))


@pytest.mark.parametrize("b", [0, -1, float("nan")])
def test_a_logarithmic_score_that_rewards_being_wrong_is_refused(b: float) -> None:
    """With b of 0 it says nothing, below 0 the opposite."""
    with pytest.raises(UsageError, match="b must be above 0"):
        logarithmic_score(uniform({0: 2}), (0,), a=0, b=b)


@pytest.mark.parametrize("belief", [uniform({0: 2, 1: 2}), uniform({0: 2, 1: 2}).expanded()])
def test_profiles_of_other_players_are_refused(belief: Distribution) -> None:
    """A profile that is too short or too long is about somebody else."""
    for profile in ((0,), (0, 0, 0)):
        with pytest.raises(UsageError, match="numbers for the 2 players"):
            brier_score(belief, profile)
        with pytest.raises(UsageError, match="numbers for the 2 players"):
            reward_probability(belief, profile)
    with pytest.raises(UsageError, match="cannot be compared"):
        expected_score(belief, uniform({0: 2, 2: 2}))
