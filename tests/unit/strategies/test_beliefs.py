"""Beliefs are exact, speak of names and values, and refuse what they cannot mean with advice."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.strategies import Belief, TypeIndex

MARKET = TypeMarket(
    lot="lot",
    currency="USD",
    minor_units=0,
    environment=Environment.single_good(),
    bidders=(
        TypedBidder(name="ada", types=((1,), (4,), (6,))),
        TypedBidder(name="bob", types=((1,), (4,))),
        TypedBidder(name="cleo", types=((0,), (1,), (9,))),
    ),
)
BUNDLES = TypeMarket(
    lot="rooms",
    currency="USD",
    minor_units=0,
    environment=Environment(kind="bundles", goods=("a", "b"), units=(1, 1), bundles=((0,), (0, 1))),
    bidders=(
        TypedBidder(name="ada", types=((1, 1), (1, 4))),
        TypedBidder(name="bob", types=((0, 2), (2, 2))),
    ),
)
JOINT = Belief.joint(
    MARKET,
    [({"bob": 4, "cleo": 1}, 2), ({"bob": 1, "cleo": 1}, 1), ({"bob": 1, "cleo": 9}, 3)],
)
PRODUCT = Belief.product(MARKET, {"bob": {1: 2, 4: 1}, "cleo": {0: 1, 9: 1}})


def test_a_joint_belief_is_asked_by_name_and_value():
    """Every answer is the exact one, by hand."""
    assert JOINT.names == ("bob", "cleo")
    assert JOINT.probability({"bob": 4, "cleo": 1}) == Fraction(1, 3)
    assert JOINT.probability({"cleo": 1}) == Fraction(1, 2)
    assert JOINT["bob"] == {1: Fraction(2, 3), 4: Fraction(1, 3)}
    assert JOINT.expected("cleo") == 5
    assert JOINT.most_likely() == {"bob": 1, "cleo": 9}
    assert JOINT.given({"bob": 1})["cleo"] == {1: Fraction(1, 4), 9: Fraction(3, 4)}
    assert JOINT.without("cleo") == JOINT.about(["bob"])
    assert list(JOINT.rows()) == [
        ({"bob": 1, "cleo": 1}, Fraction(1, 6)),
        ({"bob": 1, "cleo": 9}, Fraction(1, 2)),
        ({"bob": 4, "cleo": 1}, Fraction(1, 3)),
    ]
    assert len(JOINT) == 3
    assert repr(JOINT) == "Belief({bob 1, cleo 1: 1/6, bob 1, cleo 9: 1/2, bob 4, cleo 1: 1/3})"


def test_a_product_stays_a_product():
    """What is independent is never multiplied out on the way."""
    assert PRODUCT.most_likely() == {"bob": 1, "cleo": 0}
    assert PRODUCT.probability({"bob": 1, "cleo": 9}) == Fraction(1, 3)
    for belief in (
        PRODUCT.given({"bob": 1}),
        PRODUCT.without("bob"),
        PRODUCT.supposing({"bob": 4}),
        Belief.uniform(MARKET, ["cleo", "bob"]),
        Belief.certain(MARKET, {"cleo": 9}),
    ):
        assert isinstance(belief.distribution, Product)
    assert PRODUCT.supposing({"bob": 4})["bob"] == {4: Fraction(1)}
    assert repr(PRODUCT) == "Belief(bob: {1: 2/3, 4: 1/3}; cleo: {0: 1/2, 9: 1/2})"


def test_supposing_learns_nothing_about_the_others():
    """Unlike `given`, it keeps what was believed of everybody else."""
    supposed = JOINT.supposing({"bob": 4})
    assert supposed.names == JOINT.names
    assert supposed["bob"] == {4: Fraction(1)}
    assert supposed["cleo"] == JOINT["cleo"]


def test_mixing_is_the_weighted_average():
    """Each row has one part of each belief's probability."""
    mixed = JOINT.mix(Belief.uniform(MARKET, ["bob", "cleo"]), Fraction(1, 10))
    assert isinstance(mixed.distribution, Joint)
    assert mixed.probability({"bob": 1, "cleo": 9}) == Fraction(9, 10) * Fraction(1, 2) + Fraction(1, 60)
    assert JOINT.mix(PRODUCT, 0) is JOINT
    assert JOINT.mix(PRODUCT, 1) is PRODUCT


def test_valuations_by_bundle_are_tuples_and_mappings():
    """They are given out as tuples, which can be keys, and taken in either way."""
    belief = Belief.product(BUNDLES, {"bob": {(0, 2): 1, (2, 2): 3}})
    assert belief["bob"] == {(0, 2): Fraction(1, 4), (2, 2): Fraction(3, 4)}
    assert belief.expected("bob") == {"a": Fraction(3, 2), "a+b": 2}
    assert belief.probability({"bob": {"a": 2, "a+b": 2}}) == Fraction(3, 4)
    assert belief.probability({"bob": TypeIndex(0)}) == Fraction(1, 4)


def test_samples_come_as_often_as_believed():
    """Every row of the support is drawn, and no other one."""
    rng = Random(3)
    for belief in (JOINT, PRODUCT):
        drawn = {tuple(belief.sample(rng).items()) for _ in range(200)}
        assert drawn == {tuple(row.items()) for row, _ in belief.rows()}


REFUSED = [
    (lambda: JOINT["bbo"], "there is no bidder 'bbo' here: did you mean 'bob'?"),
    (lambda: JOINT.about(["ada"]), "there is no bidder 'ada' here: there are bob, cleo"),
    (lambda: JOINT.probability({"bob": 2}), "2 is no value that bob may have: use one of 1, 4"),
    (lambda: JOINT.given({"bob": 4, "cleo": 9}), "holds {bob: 4, cleo: 9} impossible"),
    (lambda: JOINT.mix(PRODUCT.about(["bob"]), 0), "cannot be mixed with one about others"),
    (
        lambda: JOINT.mix(PRODUCT, 0.5),  # type: ignore[arg-type]  # What people try.
        "0.5 is a float, which is not exact: use an integer, or Fraction",
    ),
    (lambda: JOINT.mix(PRODUCT, 2), "a share of 0..1, not 2"),
    (lambda: Belief.joint(MARKET, []), "a belief needs at least one row"),
    (lambda: Belief.joint(MARKET, [({"bob": 1}, -1)]), "weight -1 is negative"),
    (lambda: Belief.joint(MARKET, [({"bob": 1}, 1), ({"cleo": 1}, 1)]), "about the same bidders"),
    (
        lambda: Belief.product(MARKET, {"bob": [1, 4]}),  # type: ignore[dict-item]  # What people try.
        "must give weights by value",
    ),
    (lambda: Belief.product(MARKET, {"bob": {1: 0}}), "one of them above it"),
    (lambda: Belief.certain(BUNDLES, {"bob": 2}), "give one integer for each of a, a+b"),
    (lambda: Belief.certain(BUNDLES, {"bob": {"a": 2}}), "needs a value for each of a, a+b"),
    (lambda: Belief.certain(MARKET, {"bob": TypeIndex(2)}), "no place in a list of 2: say 0..1"),
    (lambda: Belief(BUNDLES, JOINT.distribution), "who is not in the market"),
]


@pytest.mark.parametrize(("attempt", "advice"), REFUSED)
def test_mistakes_are_refused_with_advice(attempt, advice):
    """One line that says what is wrong and what to do."""
    with pytest.raises(UsageError) as refused:
        attempt()
    assert advice in str(refused.value)
    assert "\n" not in str(refused.value)


@given(
    some.dictionaries(some.tuples(some.integers(0, 1), some.integers(0, 2)), some.integers(1, 9), min_size=1)
)
def test_probabilities_are_those_of_a_distribution(weights):
    """Rows and marginals sum to 1, and conditioning is division."""
    belief = Belief(MARKET, Joint.of((1, 2), weights))
    assert sum(share for _, share in belief.rows()) == 1
    assert sum(belief["cleo"].values()) == 1
    for value, share in belief["bob"].items():
        for row, part in belief.given({"bob": value}).rows():
            assert belief.probability({"bob": value, **row}) == share * part
