"""Environments and markets of types: what is feasible, downward closure, fewer bidders, what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import MarketError, UsageError
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint, point_mass, uniform
from openoutcry.mechanisms.crowd.environment import Assignment, Environment
from openoutcry.mechanisms.crowd.market import Type, TypedBidder, TypeMarket

BUNDLES = Environment(kind="bundles", goods=("a", "b"), units=(1, 2), bundles=((0,), (1,), (0, 1)))
PUBLIC_GOOD = Environment(
    kind="identical-units", goods=("bridge",), units=(2,), bundles=((0,),), assignments=((None, None), (0, 0))
)
"""Both cross the bridge or nobody does: no player can be kept from it alone."""


def market(
    environment: Environment,
    types: Sequence[Sequence[Type]],
    prior: Distribution | None = None,
    names: Sequence[str] = ("ada", "bob", "cyd", "dan"),
) -> TypeMarket:
    """Return a market."""
    bidders = [TypedBidder(name=name, types=tuple(known)) for name, known in zip(names, types, strict=False)]
    return TypeMarket(
        lot="lot", currency="EUR", minor_units=2, environment=environment, bidders=tuple(bidders), prior=prior
    )


def environments() -> st.SearchStrategy[Environment]:
    """Generate environments of every kind."""
    bundles = st.lists(
        st.sampled_from(((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))), min_size=1, unique=True
    )
    return st.one_of(
        st.just(Environment.single_good()),
        st.integers(1, 3).map(Environment.identical_units),
        st.integers(2, 3).map(lambda count: Environment.unit_demand("abc"[:count])),
        st.builds(
            lambda kinds, units: Environment(
                kind="bundles", goods=("a", "b", "c"), units=units, bundles=tuple(kinds)
            ),
            bundles,
            st.tuples(*[st.integers(1, 2)] * 3),
        ),
    )


@given(environments(), st.integers(1, 4))
def test_feasible_assignments_are_all_that_the_supply_allows(environment: Environment, size: int) -> None:
    """Each once, nothing first, later bidders varying fastest."""
    choices = [None, *range(len(environment.bundles))]
    expected = [
        assignment for assignment in product(choices, repeat=size) if environment.is_supplied(assignment)
    ]
    assert list(environment.feasible(size)) == expected


@given(environments(), st.integers(1, 3), st.data())
def test_supply_alone_is_downward_closed(environment: Environment, size: int, data: st.DataObject) -> None:
    """Listed one by one the assignments are so too, and are no longer when one that others rest on is missing."""
    assert environment.is_downward_closed()
    listed = tuple(environment.feasible(size))
    assert listing(environment, listed).is_downward_closed()
    missing = data.draw(st.sampled_from(listed))
    rests_on_it = any(
        missing == (*other[:bidder], None, *other[bidder + 1 :])
        for other in listed
        if other != missing
        for bidder in range(size)
    )
    rest = tuple(assignment for assignment in listed if assignment != missing)
    if rest:
        assert listing(environment, rest).is_downward_closed() == (not rests_on_it)


def listing(environment: Environment, assignments: tuple[Assignment, ...]) -> Environment:
    """Return the environment with only these assignments."""
    return Environment(
        kind=environment.kind,
        goods=environment.goods,
        units=environment.units,
        bundles=environment.bundles,
        assignments=assignments,
    )


def test_one_good_among_a_thousand_bidders() -> None:
    """Nothing, or the good to one of them: found one by one, however many bidders there are."""
    feasible = list(Environment.single_good().feasible(1000))
    assert (len(feasible), feasible[0], feasible[1][-1], feasible[-1][0]) == (1001, (None,) * 1000, 0, 0)
    first = list(islice(Environment.identical_units(500).feasible(1000), 3))
    assert [assignment[-2:] for assignment in first] == [(None, None), (None, 0), (0, None)]


def test_the_public_good_is_not_downward_closed() -> None:
    """Theorem 1 needs closure: without it, leaving out one of two who value the bridge at 1 leaves nothing to sell.

    Together they are worth 2 to a seller; any one of them alone can be given nothing, as the restricted market shows.
    The printed bound would promise half of that.
    """
    bridge = market(PUBLIC_GOOD, [((1,),), ((1,),)], prior=point_mass((0, 1), (0, 0)))
    assert not bridge.environment.is_downward_closed()
    assert max(bridge.welfare((0, 0), assignment) for assignment in bridge.environment.feasible(2)) == 2
    for present in ([0], [1]):
        alone = bridge.restricted(present)
        assert list(alone.environment.feasible(1)) == [(None,)]
        assert alone.welfare((0,), (None,)) == 0
    closed = listing(PUBLIC_GOOD, ((None, None), (None, 0), (0, None), (0, 0)))
    assert closed.is_downward_closed()
    assert list(market(closed, [((1,),), ((1,),)]).restricted([0]).environment.feasible(1)) == [(None,), (0,)]


@given(environments(), st.data())
def test_restricted_environments_are_assignments_that_leave_the_others_out(
    environment: Environment, data: st.DataObject
) -> None:
    """Listed or not, what is feasible for some is what is feasible for all with nothing for the rest."""
    size = 3
    present = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    listed = listing(environment, tuple(environment.feasible(size)))
    absent = [bidder for bidder in range(size) if bidder not in present]
    expected = [
        tuple(assignment[bidder] for bidder in present)
        for assignment in environment.feasible(size)
        if all(assignment[bidder] is None for bidder in absent)
    ]
    assert list(listed.restricted(present, size).feasible(len(present))) == expected
    assert list(environment.restricted(present, size).feasible(len(present))) == expected


def test_restricted_markets() -> None:
    """Names, types and the prior's marginal move up; values and welfare are what they were."""
    prior = Joint.of((0, 1, 2), {(0, 0, 0): 1, (1, 0, 1): 2, (1, 1, 1): 1})
    whole = market(Environment.single_good(), [((1,), (3,)), ((2,), (5,)), ((0,), (7,))], prior)
    fewer = whole.restricted([0, 2])
    assert [bidder.name for bidder in fewer.bidders] == ["ada", "cyd"]
    assert fewer.prior == Joint.of((0, 1), {(0, 0): 1, (1, 1): 3})
    assert (fewer.type_counts, fewer.values(1), fewer.value(1, 1)) == ((2, 2), (0, 7), 7)
    assert fewer.welfare((0, 1), (None, 0)) == whole.welfare((0, 0, 1), (None, None, 0)) == 7
    assert (whole.reduced, fewer.reduced) == (False, True)
    assert whole.restricted([0, 1, 2]) is whole
    for present in ([], [1, 1], [2, 0], [0, 3], [-1]):
        with pytest.raises(UsageError, match="no rising choice"):
            whole.restricted(present)


def test_bundles_have_values_of_their_own() -> None:
    """A type lists one value for each bundle; welfare adds up what everybody gets."""
    licences = market(BUNDLES, [((1, 2, 9),), ((0, 4, 4), (3, 0, 5))])
    assert licences.value(0, 0, 2) == 9
    assert licences.welfare((0, 0), (2, 1)) == 13
    assert licences.welfare((0, 1), (1, 0)) == 5
    assert not BUNDLES.is_supplied((2, 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "auction"}, "environment must be one of"),
        ({"kind": "single-good"}, "environment single-good cannot have 2 goods"),
        ({"kind": "bundles", "goods": ("a",), "units": (1,), "bundles": ((0,),)}, "cannot have 1 goods"),
        (
            {"kind": "single-good", "goods": ("a",), "units": (2,), "bundles": ((0,),)},
            "identical-units environment",
        ),
        ({"kind": "unit-demand"}, "the bundles are the single goods"),
        ({"goods": ("a", "a")}, "goods of different names"),
        ({"units": (1,)}, "at least one unit of every good"),
        ({"units": (1, 0)}, "at least one unit of every good"),
        ({"bundles": ()}, "different bundles"),
        ({"bundles": ((0,), (0,))}, "different bundles"),
        ({"bundles": ((1, 0),)}, r"rising and once each, not \(1, 0\)"),
        ({"bundles": ((0, 2),)}, "a bundle lists goods of the market"),
        ({"bundles": ((),)}, "a bundle lists goods of the market"),
    ],
)
def test_environments_that_make_no_sense_are_refused(change: dict[str, Any], message: str) -> None:
    """Each by name."""
    fields = {"kind": "bundles", "goods": ("a", "b"), "units": (1, 2), "bundles": BUNDLES.bundles}
    with pytest.raises(MarketError, match=message):
        Environment(**fields | change)


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ((), "must have 1..1024 types, not 0"),
        (tuple((value,) for value in range(1025)), "must have 1..1024 types, not 1025"),
        (((1, 2),), "must give 1 values, not 2"),
        (((-1,),), r"an integer in 0\.\.2\^63-1, not -1"),
        (((2**63,),), "an integer in"),
        (((True,),), "an integer in"),
        (((1,), (1,)), "listed rising, each once"),
        (((2,), (1,)), "listed rising, each once"),
    ],
)
def test_types_that_make_no_sense_are_refused(types: tuple[Any, ...], message: str) -> None:
    """Each by the bidder's name."""
    with pytest.raises(MarketError, match=message):
        market(Environment.single_good(), [types])


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        ((), "at least one feasible assignment"),
        (((None, None), (None, None)), "each once"),
        (((None,),), "does not fit"),
        (((None, 3),), "does not fit"),
        (((2, 0),), "takes more units than there are"),
    ],
)
def test_assignments_that_do_not_fit_are_refused(assignments: tuple[Assignment, ...], message: str) -> None:
    """A list narrows what the supply allows and cannot widen it."""
    with pytest.raises(MarketError, match=message):
        market(listing(BUNDLES, assignments), [((1, 1, 2),), ((1, 1, 2),)])


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (uniform({0: 2}), "must be about all bidders"),
        (uniform({0: 3, 1: 1}), "type 2 of bidder 0"),
        (Joint.of((0, 1), {(i, 0): 1 for i in range(POINT_LIMIT + 1)}), "over the limit of 100000"),
    ],
)
def test_priors_that_do_not_fit_are_refused(prior: Distribution, message: str) -> None:
    """By what does not fit."""
    with pytest.raises(MarketError, match=message):
        market(Environment.single_good(), [((1,), (2,)), ((1,),)], prior)


def test_types_are_counted_once() -> None:
    """Every report is checked against the counts, so they are kept; they follow the bidders and compare nothing."""
    made = market(Environment.single_good(), [[(1,), (2,)], [(0,), (3,), (9,)]])
    assert made.type_counts == (2, 3)
    assert made.type_counts is made.type_counts
    assert replace(made, bidders=made.bidders[:1]).type_counts == (2,)
    assert replace(made, lot="another").type_counts == (2, 3)
    again = pickle.loads(pickle.dumps(made))
    assert (again, hash(again), again.type_counts) == (made, hash(made), (2, 3))
    assert "type_counts" not in repr(made)
