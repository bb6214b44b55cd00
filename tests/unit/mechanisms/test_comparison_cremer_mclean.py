"""Cremer and McLean's auction: it takes everything on average, and that is why nobody should take part."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.answering import answer_with_type, drive
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.comparison.cremer_mclean import (
    CREMER_MCLEAN,
    TYPES_LIMIT,
    converse,
    find_dependent,
    side_bets,
)
from openoutcry.mechanisms.comparison.direct import Direct
from openoutcry.mechanisms.conversation import Outcome
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.mechanisms.crowd.market import TypeMarket
from tests.reference.crowd_play import good_market, worth
from tests.reference.direct_truthfulness import staying_up_to

ALIKE = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})
"""Two bidders, each low or high, who agree two times in three."""


def market_with(prior: Distribution, *values) -> TypeMarket:
    """A market of one good with this prior."""
    return replace(good_market(*values), prior=prior)


LOW_OR_HIGH = market_with(ALIKE, [1, 4], [1, 4])


def play(market: TypeMarket, profile) -> Outcome:
    """Everybody is truthful; None is silent."""
    answers = [
        staying_up_to(0) if index is None else answer_with_type(index, market=market) for index in profile
    ]
    return drive(converse(market, Direct(), ScriptedChance({})), answers)


def test_side_bets_take_what_vickrey_leaves_on_average():
    """Solved by hand: z is what a bidder pays against a low and against a high rival.

    A low type gains nothing, 2 z(low) + z(high) = 0, and a high one gains 3 against a low rival, one time in three:
    z(low) + 2 z(high) = 3.
    """
    bets = side_bets(LOW_OR_HIGH, ALIKE)
    assert [[bet.owed((other,)) for other in (0, 1)] for bet in bets if bet is not None] == [[-1, 2]] * 2


def test_payments_are_vickreys_price_and_the_bet():
    """Bidder 0 wins ties at 4; a high rival costs each 2 more."""
    outcome = play(LOW_OR_HIGH, (1, 1))
    assert [(award.bidder, award.price) for award in outcome.awards] == [(0, Fraction(4))]
    assert outcome.payments == (Fraction(6), Fraction(2))
    assert play(LOW_OR_HIGH, (0, 1)).payments == (Fraction(2), Fraction(0))


def test_a_truthful_bidder_may_lose_after_the_fact():
    """Low against high: it gets nothing and pays 2. High against high: it pays 6 for what is worth 4."""
    assert worth(LOW_OR_HIGH, play(LOW_OR_HIGH, (0, 1)), 0, 0) == -2
    assert worth(LOW_OR_HIGH, play(LOW_OR_HIGH, (1, 1)), 0, 1) == -2


def interim(market: TypeMarket, bidder: int, index: int, belief: Distribution) -> Fraction:
    """What a truthful bidder of this type expects under this belief about all bidders."""
    total = Fraction(0)
    for profile, _ in belief.items():
        total += belief.probability(profile) * worth(market, play(market, profile), bidder, index)
    return total


def test_types_of_the_prior_expect_nothing():
    """Neither gain nor loss, whatever the type."""
    for bidder in (0, 1):
        for index in (0, 1):
            belief = Joint.of(
                (0, 1), {profile: weight for profile, weight in ALIKE.items() if profile[bidder] == index}
            )
            assert interim(LOW_OR_HIGH, bidder, index, belief) == 0


def test_a_bidder_that_knows_more_expects_a_loss():
    """A low bidder that knows its rival to be high expects -2: it had better stay away."""
    finer = Joint.of((0, 1), {(0, 1): 1})
    assert interim(LOW_OR_HIGH, 0, 0, finer) == -2
    assert play(LOW_OR_HIGH, (None, 1)).payments[0] == 0


def test_independent_bidders_are_refused():
    """All types of a bidder believe the same."""
    market = market_with(Product.of({0: {0: 1, 1: 1}, 1: {0: 1, 1: 1}}), [1, 4], [1, 4])
    with pytest.raises(ConfigurationError, match=r"linearly independent .* 'bidder 0' .* use myerson"):
        CREMER_MCLEAN.check(market, Direct())


def test_beliefs_that_mix_others_are_refused():
    """Three types of bidder 1 cannot believe three independent things about two types of bidder 0."""
    prior = Joint.of((0, 1), {(0, 0): 2, (1, 1): 2, (0, 2): 1, (1, 2): 1})
    market = market_with(prior, [1, 2], [1, 2, 3])
    assert find_dependent(market, prior) == 1
    with pytest.raises(ConfigurationError, match="'bidder 1' has types that do not"):
        CREMER_MCLEAN.check(market, Direct())


def test_types_without_probability_do_not_count():
    """What the prior holds impossible is asked for nothing, and a surprising rival costs nothing."""
    prior = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})
    market = market_with(prior, [1, 4, 9], [1, 4])
    assert CREMER_MCLEAN.check(market, Direct()) == ()
    assert play(market, (2, 0)).payments == (Fraction(0), Fraction(0))


def test_without_those_who_stay_away_beliefs_may_become_dependent_and_bets_fall_away():
    """Alone, a bidder has nothing to bet on: it gets the good for nothing."""
    assert play(LOW_OR_HIGH, (1, None)).payments == (Fraction(0), Fraction(0))
    (warning,) = CREMER_MCLEAN.check(
        market_with(Joint.of((0, 1, 2), {(0, 0, 0): 1, (1, 1, 1): 1}), [1, 4], [1, 4], [1, 4]).restricted(
            (1,)
        ),
        Direct(),
    )
    assert "bidder 1" in warning


def test_the_guarantee_follows_the_rank():
    """All of the welfare as revenue, or none promised."""
    assert CREMER_MCLEAN.guarantee(LOW_OR_HIGH, Direct()).revenue == 1
    assert CREMER_MCLEAN.guarantee(LOW_OR_HIGH.restricted((0,)), Direct()).revenue is None


def test_too_many_types_are_refused():
    """With the size, the limit and what to use instead."""
    count = TYPES_LIMIT + 1
    prior = Joint.of((0, 1), {(index, index): 1 for index in range(count)})
    with pytest.raises(
        ConfigurationError, match=f"at most {TYPES_LIMIT} types .* has {count}: .* vickrey-reserve"
    ):
        CREMER_MCLEAN.check(market_with(prior, range(count), range(count)), Direct())
