"""Scoring rules: what a reported belief earns once it is known what it was about.

Decides: the Brier score of a belief and the reward made of it, exactly, in integers until one last fraction; what a
belief can expect to score; and the logarithmic score, for study. Refuses a profile that is not about the belief's
players. Called by the crowdsourced mechanisms, by audits of incentives and by whoever explains a reward.

With integer weights w over their total W, the Brier score of a belief F at a profile v is

    BSR(v, F) = 2 F(v) - ||F||^2 - 1 = (2 W w(v) - sum of w^2 - W^2) / W^2,   between -2 and 0.

For a product both W and the sum of squares are products over the players, so that a belief about a thousand
independent bidders costs the sum of its factors' supports, not their product.

Rewards are paid as the exact fractions that they are. Rounded to whole minor units they would no longer be strictly
proper: of the 21 beliefs 0, 1/20, ..., 1 in one of two types, with a scale of 10 minor units, 18 are then no longer the
one best report of whoever holds them, and 16 are not even among the best. Whoever must pay whole amounts pays the whole
scale with `reward_probability` instead, which is worth the same to whoever counts expected money.

Source: CROWD, Sections 2.5 and 3.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, log, prod

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, Factor, Joint, Product, Profile


def norm_squared(distribution: Distribution) -> Fraction:
    """Return the sum of all squared probabilities, above 0 and at most 1."""
    return Fraction(distribution.square_sum, distribution.total**2)


def inner_product(first: Distribution, second: Distribution) -> Fraction:
    """Return the sum over all profiles of one probability times the other.

    It costs the smaller joint distribution's points; two products are never multiplied out.

    Raises:
        UsageError: They are not about the same players.
    """
    if first.players != second.players:
        raise UsageError(f"distributions about {first.players} and {second.players} cannot be compared")
    if isinstance(first, Product) and isinstance(second, Product):
        shared = prod(map(_shared_by_factors, first.factors, second.factors))
    elif isinstance(second, Joint) and (isinstance(first, Product) or len(second.points) < len(first.points)):
        shared = sum(weight * first.weight(point) for point, weight in second.items())
    else:
        shared = sum(weight * second.weight(point) for point, weight in first.items())
    return Fraction(shared, first.total * second.total)


def brier_score(belief: Distribution, profile: Profile) -> Fraction:
    """Return BSR(v, F), between -2 and 0; a profile that the belief rules out is as legal as any other.

    Args:
        belief: F, the report.
        profile: v: one type index for each of the belief's players, in their order.

    Raises:
        UsageError: The profile is not about as many players.

    Source: CROWD, Section 2.5.
    """
    total = belief.total
    shortfall = 2 * total * belief.weight(profile) - belief.square_sum - total * total
    return Fraction(shortfall, total * total)


def expected_score(truth: Distribution, report: Distribution) -> Fraction:
    """Return what a report scores on average when profiles are drawn from `truth`, exactly.

    Among all reports `truth` itself scores highest, and every other one ||truth - report||^2 less.

    Raises:
        UsageError: They are not about the same players.
    """
    return 2 * inner_product(truth, report) - norm_squared(report) - 1


def reward(scale: Fraction, belief: Distribution, profile: Profile) -> Fraction:
    """Return scale / 2 * (2 + BSR(v, F)): what a belief is paid, between 0 and `scale`.

    Args:
        scale: The most that is paid, in minor units; epsilon in M, epsilon / n in L.
        belief: F, the report.
        profile: v, as in `brier_score`.

    Raises:
        UsageError: The profile is not about as many players.

    Source: CROWD, Section 3, step c.
    """
    paid, whole = _share(belief, profile)
    return Fraction(scale.numerator * paid, scale.denominator * whole)


def reward_probability(belief: Distribution, profile: Profile) -> Fraction:
    """Return (2 + BSR(v, F)) / 2: how likely the whole scale is paid when it is paid by lottery, 0..1."""
    return Fraction(*_share(belief, profile))


def reward_odds(belief: Distribution, profile: Profile) -> tuple[int, int]:
    """Return the weights of being paid the whole scale and of being paid nothing, reduced, for `Chance.weighted`."""
    probability = reward_probability(belief, profile)
    return probability.numerator, probability.denominator - probability.numerator


def logarithmic_score(belief: Distribution, profile: Profile, a: float, b: float) -> float:
    """Return a + b ln F(v); minus infinity when the belief rules the profile out. For study only: no mechanism pays it.

    It needs no norm, but no `a` keeps it above 0 for every belief: whoever is wrong may lose any amount, so it breaks
    ex-post individual rationality. It is also the one number here that is not exact.

    Args:
        belief: F, the report.
        profile: v, as in `brier_score`.
        a: What the certainty of the truth earns, in minor units.
        b: Above 0: how much every factor of e in the probability is worth, in minor units.

    Raises:
        UsageError: `b` is not above 0, or the profile is not about as many players.

    Source: CROWD, Section 3, computational remarks.
    """
    if not b > 0:
        raise UsageError(f"a logarithmic score with b = {b} rewards being wrong; b must be above 0")
    weight = belief.weight(profile)
    return a + b * (log(weight) - log(belief.total)) if weight else -inf


def _shared_by_factors(first: Factor, second: Factor) -> int:
    weights = dict(second)
    return sum(weight * weights.get(index, 0) for index, weight in first)


def _share(belief: Distribution, profile: Profile) -> tuple[int, int]:
    """Return (2 + BSR(v, F)) / 2 as two integers, not reduced: that is left to the one fraction made of them."""
    total = belief.total
    squared = total * total
    return squared + 2 * total * belief.weight(profile) - belief.square_sum, 2 * squared
