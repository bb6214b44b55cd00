"""Weighted draws under the explorer: exact frequencies, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.chance import Chance, Draw
from openoutcry.mechanisms.conversation import Conversation, Outcome
from openoutcry.mechanisms.exploring import enumerate_tapes, outcome_distribution

Draws = Callable[[Chance], Sequence[int]]


def pays(draws: Draws) -> Callable[[Chance], Conversation]:
    """Return a mechanism without questions that shows what it drew as payments."""

    def converse(chance: Chance) -> Conversation:
        return Outcome(awards=(), payments=tuple(map(Fraction, draws(chance))), reason="the test says so")
        yield

    return converse


def frequencies(draws: Draws) -> Mapping[tuple[Fraction, ...], Fraction]:
    """Return the exact probability of each result."""
    distribution = outcome_distribution(pays(draws), [])
    return {settlement.payments: share for settlement, share in distribution.probabilities.items()}


@given(st.lists(st.integers(0, 2**80), min_size=1, max_size=6).filter(any))
def test_every_index_comes_with_its_exact_frequency(weights: list[int]) -> None:
    """The probability of an index is its weight over their sum; one without weight never comes."""
    expected = {(Fraction(i),): Fraction(w, sum(weights)) for i, w in enumerate(weights) if w}
    assert frequencies(lambda chance: [chance.weighted("index", weights)]) == expected


def test_weighted_draws_multiply_with_others() -> None:
    """Independent draws of three kinds, the second with weights that follow from the first."""

    def draws(chance: Chance) -> Sequence[int]:
        first = chance.weighted("first", (2, 1))
        second = chance.weighted("second", (0, 1, 3) if first else (1, 1))
        return first, second, chance.bernoulli("third", Fraction(1, 4))

    expected = {
        (Fraction(first), Fraction(second), Fraction(third)): share
        * (Fraction(1, 4) if third else Fraction(3, 4))
        for (first, second), share in {
            (0, 0): Fraction(1, 3),
            (0, 1): Fraction(1, 3),
            (1, 1): Fraction(1, 12),
            (1, 2): Fraction(1, 4),
        }.items()
        for third in (0, 1)
    }
    assert frequencies(draws) == expected


def test_one_possible_index_does_not_branch() -> None:
    """A single weight above 0 leaves no choice and costs no run."""
    converse = pays(lambda chance: [chance.weighted("index", (0, 7, 0))])
    distribution = outcome_distribution(converse, [])
    assert ([s.payments for s in distribution.probabilities], distribution.runs) == ([(Fraction(1),)], 1)


def test_states_of_weighted_draws_are_explored_once() -> None:
    """Equal states with equal weights are one; with other weights they are not."""

    def converse(weights: Sequence[Sequence[int]]) -> Callable[[Chance], Conversation]:
        def draws(chance: Chance) -> Sequence[int]:
            first = chance.uniform("first", 2)
            return [chance.weighted("second", weights[first], state="after")]

        return pays(draws)

    same = outcome_distribution(converse([(1, 3), (1, 3)]), [])
    other = outcome_distribution(converse([(1, 3), (3, 1)]), [])
    assert (same.runs, list(same.probabilities.values())) == (3, [Fraction(1, 4), Fraction(3, 4)])
    assert (other.runs, list(other.probabilities.values())) == (4, [Fraction(1, 2), Fraction(1, 2)])


def test_tapes_tell_weighted_draws() -> None:
    """Every path shows the weights that were offered, and the index."""
    tapes = list(enumerate_tapes(pays(lambda chance: [chance.weighted("index", [2, 0, 1])]), []))
    assert [(tape.probability, tape.draws) for tape in tapes] == [
        (Fraction(2, 3), (Draw(label="index", kind="weighted", options=(2, 0, 1), result=0),)),
        (Fraction(1, 3), (Draw(label="index", kind="weighted", options=(2, 0, 1), result=2),)),
    ]


@pytest.mark.parametrize("weights", [(), (0, 0), (2, -1), (-1,)])
def test_weights_that_draw_nothing_are_refused(weights: Sequence[int]) -> None:
    """As a seeded chance refuses them."""
    with pytest.raises(UsageError, match="needs weights of at least 0, one of them above it"):
        frequencies(lambda chance: [chance.weighted("index", weights)])


def test_a_label_is_drawn_with_weights_once() -> None:
    """A second draw under the label would be the same number again."""
    with pytest.raises(UsageError, match="drawn twice"):
        frequencies(lambda chance: [chance.weighted("a", (1, 1)), chance.uniform("a", 2)])


def test_more_indices_than_runs_are_refused_before_they_are_listed() -> None:
    """Only indices of positive weight count."""
    many = [1] * 50 + [0] * 50
    converse = pays(lambda chance: [chance.weighted("index", many)])
    assert len(outcome_distribution(converse, [], limit=50).probabilities) == 50
    with pytest.raises(
        ConfigurationError, match="about 50 runs of the mechanism or more, and the limit is 49"
    ):
        outcome_distribution(converse, [], limit=49)
