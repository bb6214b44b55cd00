"""Laws of the Brier score: its definition, strict properness exactly, bounds, and what a product costs nothing of."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.scoring import (
    brier_score,
    expected_score,
    inner_product,
    norm_squared,
    reward,
    reward_odds,
    reward_probability,
)
from tests.reference.distributions import Shape, distributions, expanded, probabilities, shapes, space


@st.composite
def truths_and_reports(draw: st.DrawFn) -> tuple[Shape, Distribution, Distribution]:
    """Generate two distributions of any two forms over one space."""
    shape = draw(shapes())
    return shape, draw(distributions(shape)), draw(distributions(shape))


def average_score(shape: Shape, truth: Distribution, report: Distribution) -> Fraction:
    """Return what a report scores on average, profile by profile."""
    return sum(
        (truth.probability(profile) * brier_score(report, profile) for profile in space(shape)), Fraction(0)
    )


@given(truths_and_reports())
def test_the_score_is_its_definition(case: tuple[Shape, Distribution, Distribution]) -> None:
    """Minus the squared distance of the report from the certainty of what came about, between -2 and 0."""
    shape, _, report = case
    shares = probabilities(report, shape)
    for seen in space(shape):
        expected = -sum((int(seen == profile) - share) ** 2 for profile, share in shares.items())
        assert brier_score(report, seen) == expected
        assert -2 <= expected <= 0


@given(truths_and_reports())
def test_strict_properness_exactly(case: tuple[Shape, Distribution, Distribution]) -> None:
    """E_D BSR(D) - E_D BSR(F) = ||D - F||^2: the truth is the one best report, by as much as a report is off."""
    shape, truth, report = case
    lost = average_score(shape, truth, truth) - average_score(shape, truth, report)
    ours, theirs = probabilities(truth, shape), probabilities(report, shape)
    assert lost == sum((ours[profile] - theirs[profile]) ** 2 for profile in space(shape))
    assert (lost == 0) == (expanded(truth) == expanded(report))
    assert lost == expected_score(truth, truth) - expected_score(truth, report)
    assert expected_score(truth, report) == average_score(shape, truth, report)


@given(truths_and_reports())
def test_norms_and_inner_products_are_sums_over_profiles(
    case: tuple[Shape, Distribution, Distribution],
) -> None:
    """Whatever the two forms are, and in either order."""
    shape, first, second = case
    ours, theirs = probabilities(first, shape), probabilities(second, shape)
    assert norm_squared(first) == sum(share**2 for share in ours.values())
    assert inner_product(first, second) == sum(ours[profile] * theirs[profile] for profile in space(shape))
    assert inner_product(second, first) == inner_product(first, second)


@given(truths_and_reports(), st.fractions(Fraction(1, 10**6), 10**6))
def test_rewards_lie_between_nothing_and_the_scale(
    case: tuple[Shape, Distribution, Distribution], scale: Fraction
) -> None:
    """A reward is scale / 2 (2 + BSR); the lottery is worth exactly the same, and so are the points of a product."""
    shape, _, report = case
    for profile in space(shape):
        paid = reward(scale, report, profile)
        assert 0 <= paid <= scale
        assert paid == scale / 2 * (2 + brier_score(report, profile))
        assert paid == scale * reward_probability(report, profile)
        wins, loses = reward_odds(report, profile)
        assert Fraction(wins, wins + loses) == reward_probability(report, profile)
        assert reward_odds(expanded(report), profile) == (wins, loses)


@given(truths_and_reports())
def test_a_marginal_is_scored_properly_too(case: tuple[Shape, Distribution, Distribution]) -> None:
    """Where somebody is silent, the marginal is scored: the truth's marginal stays the best report."""
    shape, truth, report = case
    heard = range(len(shape) - 1)
    ours, theirs = truth.marginal(heard), report.marginal(heard)
    lost = expected_score(ours, ours) - expected_score(ours, theirs)
    assert (lost == 0) == (expanded(ours) == expanded(theirs))
    assert lost >= 0
