"""The chance that follows from a seed."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import UsageError
from openoutcry.mechanisms.chance import Chance
from openoutcry.protocol.draws import DrawStream, SeededChance

SEED = bytes(range(32))


def test_it_is_a_chance():
    """Mechanisms accept it: the type checker reads this line."""
    chance: Chance = SeededChance(SEED, 3)
    assert chance.uniform("only", 1) == 0


def test_uniform_is_the_streams_draw():
    """A number is the first one of its label's stream; the state has no say."""
    assert SeededChance(SEED, 3).uniform("big", 2**63 + 1, state=("any", 7)) == 8400348704794609410


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        # The first draw below 10 under this label is 6, which leaves 1 below 5.
        (Fraction(7, 10), True),
        (Fraction(3, 10), False),
        (Fraction(3, 5), True),
        (Fraction(1, 5), False),
    ],
)
def test_bernoulli_compares_exactly(probability, expected):
    """The draw is below the denominator and is compared with the numerator."""
    assert SeededChance(SEED, 3).bernoulli("round/7/tie", probability) == expected


def test_bernoulli_at_the_ends():
    """What is certain happens, what is impossible does not."""
    chance = SeededChance(SEED, 3)
    assert all(chance.bernoulli(f"certain/{index}", Fraction(1)) for index in range(50))
    assert not any(chance.bernoulli(f"impossible/{index}", Fraction(0)) for index in range(50))


def test_bernoulli_of_any_fineness_compares_exactly():
    """A denominator beyond one word is drawn from as it is: the number drawn decides between two neighbours."""
    denominator = 3**100
    drawn = DrawStream(SEED, "fine").below(denominator)
    coins = [
        SeededChance(SEED, 3).bernoulli("fine", Fraction(numerator, denominator))
        for numerator in (drawn - 1, drawn, drawn + 1, drawn + 2)
        if Fraction(numerator, denominator).denominator == denominator
    ]
    assert coins == sorted(coins)
    assert set(coins) == {False, True}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        # The first draw below 10 under this label is 6.
        ((1, 2, 3, 4), 3),
        ((5, 0, 2, 3), 2),
        ((0, 6, 0, 1, 3), 3),
        ((7, 3), 0),
        ((0, 0, 10, 0), 2),
    ],
)
def test_weighted_finds_the_index_that_the_number_falls_to(weights, expected):
    """The numbers 0..9 belong to the indices in order, as many to each as its weight says."""
    assert SeededChance(SEED, 3).weighted("round/7/tie", weights, state="any") == expected


@given(
    generators.lists(
        generators.one_of(generators.just(0), generators.integers(0, 2**200)), min_size=1
    ).filter(any)
)
def test_weighted_takes_weights_of_any_size(weights):
    """The index is the first up to which the weights add up to more than the number drawn below their sum."""
    drawn = DrawStream(SEED, "label").below(sum(weights))
    index = SeededChance(SEED, 3).weighted("label", weights)
    assert weights[index] > 0
    assert sum(weights[:index]) <= drawn < sum(weights[: index + 1])


def test_weighted_draws_come_about_as_often_as_their_weights_say():
    """Over many labels, and never where the weight is 0."""
    chance = SeededChance(SEED, 3)
    counts = Counter(chance.weighted(f"weighted/{index}", (1, 0, 3, 2)) for index in range(3000))
    assert set(counts) == {0, 2, 3}
    # Six standard deviations around 500, 1500 and 1000.
    assert abs(counts[0] - 500) < 6 * 20.4
    assert abs(counts[2] - 1500) < 6 * 27.4


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2], [3, -1]])
def test_bad_weights_are_refused(weights):
    """Nothing can be drawn without weight, and no weight is negative."""
    with pytest.raises(UsageError, match="weights of at least 0, one of them above it"):
        SeededChance(SEED, 3).weighted("label", weights)


def test_pick_takes_the_first_in_the_labels_order():
    """The order is the stream's shuffle of the whole roster: 5 0 6 3 2 1 4 7."""
    chance = SeededChance(SEED, 8)
    assert chance.pick("order", range(8)) == 5
    assert chance.pick("order", [7, 4]) == 4
    assert chance.pick("order", (1, 2, 3)) == 3


@given(generators.sets(generators.integers(0, 7), min_size=2), generators.data())
def test_a_deviation_leaves_the_luck_of_others_unchanged(candidates, data):
    """Without one of those who were not picked, the same one is picked."""
    picked = SeededChance(SEED, 8).pick("label", sorted(candidates))
    leaver = data.draw(generators.sampled_from(sorted(candidates - {picked})))
    assert SeededChance(SEED, 8).pick("label", sorted(candidates - {leaver})) == picked


def test_picks_are_equally_likely():
    """Over many labels each candidate is picked about equally often."""
    chance = SeededChance(SEED, 5)
    counts = Counter(chance.pick(f"pick/{index}", (0, 2, 4)) for index in range(3000))
    assert set(counts) == {0, 2, 4}
    # Six standard deviations around 1000.
    assert all(abs(count - 1000) < 6 * 25.8 for count in counts.values())


@pytest.mark.parametrize(
    "draw_again",
    [
        lambda chance: chance.uniform("label", 2),
        lambda chance: chance.bernoulli("label", Fraction(1, 2)),
        lambda chance: chance.weighted("label", [1, 1]),
        lambda chance: chance.pick("label", [0]),
    ],
)
@pytest.mark.parametrize(
    "draw",
    [
        lambda chance: chance.uniform("label", 2),
        lambda chance: chance.bernoulli("label", Fraction(1, 2)),
        lambda chance: chance.weighted("label", [1, 1]),
    ],
)
def test_a_label_is_drawn_once(draw, draw_again):
    """Two purposes under one label would be correlated, so the second is refused."""
    chance = SeededChance(SEED, 3)
    draw(chance)
    with pytest.raises(UsageError, match="used before"):
        draw_again(chance)


def test_a_label_of_picks_is_for_picks_only():
    """Picking again is allowed; drawing a number under that label is not."""
    chance = SeededChance(SEED, 3)
    assert chance.pick("label", [0, 1]) == chance.pick("label", [0, 1])
    with pytest.raises(UsageError, match="used before"):
        chance.uniform("label", 2)


@pytest.mark.parametrize("candidates", [[], [-1], [0, 3]])
def test_candidates_are_on_the_roster(candidates):
    """Nobody can be picked from nobody, and no stranger."""
    with pytest.raises(UsageError):
        SeededChance(SEED, 3).pick("label", candidates)


@pytest.mark.parametrize("probability", [Fraction(-1, 2), Fraction(3, 2)])
def test_bad_probabilities_are_refused(probability):
    """What is no probability is refused."""
    with pytest.raises(UsageError):
        SeededChance(SEED, 3).bernoulli("label", probability)


def test_a_roster_has_somebody():
    """An empty roster has no order."""
    with pytest.raises(UsageError, match="at least one bidder"):
        SeededChance(SEED, 0)
