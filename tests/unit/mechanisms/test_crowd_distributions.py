"""Distributions over types: worked examples, what is refused, and sizes beyond what can be written out."""

from __future__ import annotations

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import (
    POINT_LIMIT,
    Joint,
    Product,
    check_size,
    check_types,
    point_mass,
    uniform,
)

CORRELATED = Joint.of((0, 2), {(1, 0): 4, (0, 1): 2, (1, 1): 6, (0, 0): 0})


def test_weights_are_reduced_and_points_sorted() -> None:
    """What has no weight is not there; one distribution has one form."""
    assert (CORRELATED.points, CORRELATED.weights) == (((0, 1), (1, 0), (1, 1)), (1, 2, 3))
    assert (CORRELATED.total, CORRELATED.square_sum, CORRELATED.support_size) == (6, 14, 3)
    assert Product.of({4: {1: 9, 0: 6}, 1: {2: 5}}) == Product(
        players=(1, 4), factors=(((2, 1),), ((0, 2), (1, 3)))
    )


def test_a_worked_example_of_conditioning() -> None:
    """Of the weights 1, 2, 3 two say that player 0 has type 1, and then player 2 has type 1 three times in five."""
    assert CORRELATED.given({0: 1}) == Joint.of((2,), {(0,): 2, (1,): 3})
    assert CORRELATED.given({0: 0}) == Joint.of((2,), {(1,): 1})
    assert CORRELATED.given({0: 0, 2: 0}) is None
    assert CORRELATED.given({0: 1, 2: 1}) == Joint.of((), {(): 1})
    assert CORRELATED.given({}) == CORRELATED
    assert CORRELATED.factor(2) == {0: 2, 1: 4}
    assert CORRELATED.marginal([2]) == Joint.of((2,), {(0,): 1, (1,): 2})
    assert CORRELATED.within({2: [0, 1], 0: {1}}) == Joint.of((0, 2), {(1, 0): 2, (1, 1): 3})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Joint.of((0,), {}),
        lambda: Joint.of((0,), {(0,): 0}),
        lambda: Joint.of((0,), {(0,): 1, (1,): -1}),
        lambda: Product.of({0: {}}),
        lambda: Product.of({0: {0: 1}, 1: {0: 2, 1: -1}}),
        lambda: Product.of({0: {0: 0}}),
    ],
)
def test_what_has_no_weight_is_no_distribution(make) -> None:
    """Negative weights and sums of 0 are refused."""
    with pytest.raises(UsageError, match="weights of at least 0, one of them above it"):
        make()


def test_questions_that_do_not_fit_are_refused() -> None:
    """Points of another length, players out of order, strangers: each by name."""
    compact = Product.of({0: {0: 1}, 2: {0: 1, 1: 1}})
    with pytest.raises(UsageError, match="every point of this distribution has 2 numbers"):
        Joint.of((0, 1), {(0, 0): 1, (1,): 1})
    with pytest.raises(UsageError, match=r"rising and once each, not \(1, 0\)"):
        Joint.of((1, 0), {(0, 0): 1})
    for distribution in (CORRELATED, compact):
        with pytest.raises(UsageError, match="says nothing about bidder 1"):
            distribution.factor(1)
        with pytest.raises(UsageError, match="says nothing about bidder 3"):
            distribution.given({3: 0})
        with pytest.raises(UsageError, match="says nothing about bidder 1"):
            distribution.within({1: [0]})
        with pytest.raises(UsageError, match=r"rising and once each, not \(2, 0\)"):
            distribution.marginal([2, 0])
        with pytest.raises(UsageError, match="1 numbers for the 2 players"):
            distribution.weight((1,))
        with pytest.raises(UsageError, match="3 numbers for the 2 players"):
            distribution.renamed((0, 1, 2))


def test_types_that_nobody_has_are_found() -> None:
    """By player and type, in both forms, at both ends."""
    check_types(CORRELATED, (2, 1, 2))
    with pytest.raises(UsageError, match="type 1 of bidder 2 is not in its list"):
        check_types(CORRELATED, (2, 1, 1))
    with pytest.raises(UsageError, match="about bidder 2, who is not in the market"):
        check_types(CORRELATED, (2, 2))
    with pytest.raises(UsageError, match="type -1 of bidder 0"):
        check_types(point_mass((0,), (-1,)), (2,))
    with pytest.raises(UsageError, match="type -1 of bidder 0"):
        check_types(Joint.of((0,), {(-1,): 1, (1,): 1}), (2,))


def test_products_stand_for_more_than_can_be_written_out() -> None:
    """A thousand players of ten types cost what their factors cost; writing them out is refused, however many."""
    huge = uniform(dict.fromkeys(range(1000), 10))
    assert (huge.total, huge.square_sum, huge.weight((0,) * 1000)) == (10**1000, 10**1000, 1)
    assert huge.weight((0,) * 999 + (10,)) == 0
    assert huge.marginal(range(2)) == uniform({0: 10, 1: 10})
    with pytest.raises(
        UsageError, match=r"over 1000 bidders stands for about 10\^1000 points; more than 100000"
    ):
        huge.expanded()
    with pytest.raises(UsageError, match="stands for 100 points; more than 99"):
        huge.marginal(range(2)).expanded(limit=99)


def test_the_limit_of_points() -> None:
    """One more than the limit is refused; a product is never too large."""
    check_size(Joint.of((0,), {(index,): 1 for index in range(POINT_LIMIT)}))
    check_size(uniform(dict.fromkeys(range(1000), 10)))
    with pytest.raises(UsageError, match="of 100001 points is over the limit of 100000"):
        check_size(Joint.of((0,), {(index,): 1 for index in range(POINT_LIMIT + 1)}))


def test_distributions_over_nobody() -> None:
    """The one distribution over no players says () for certain, in both forms."""
    nobody = Product.of({})
    assert (nobody.total, nobody.weight(()), nobody.support_size) == (1, 1, 1)
    assert nobody.expanded() == Joint.of((), {(): 5}) == CORRELATED.marginal(())
    check_types(nobody.expanded(), ())
