"""Laws of distributions: probability, and that a product is what it stands for under every operation."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, point_mass, uniform
from tests.reference.distributions import (
    Shape,
    distributions,
    expanded,
    joints,
    probabilities,
    products,
    shapes,
    space,
)


@st.composite
def shaped(draw: st.DrawFn) -> tuple[Shape, Distribution]:
    """Generate a distribution with its shape."""
    shape = draw(shapes())
    return shape, draw(distributions(shape))


@st.composite
def shaped_products(draw: st.DrawFn) -> tuple[Shape, Product]:
    """Generate a product with its shape."""
    shape = draw(shapes())
    return shape, draw(products(shape))


def some_types(draw: st.DataObject, shape: Shape) -> dict[int, int]:
    """Draw types for some of the players."""
    players = draw.draw(st.sets(st.integers(0, len(shape) - 1)))
    return {player: draw.draw(st.integers(0, shape[player] - 1)) for player in sorted(players)}


@given(shaped())
def test_probabilities_sum_to_one(case: tuple[Shape, Distribution]) -> None:
    """Over the space, over the support, and over each player's types; weights stand over the total."""
    shape, distribution = case
    whole = probabilities(distribution, shape)
    assert sum(whole.values()) == 1
    assert sum(weight for _, weight in distribution.items()) == distribution.total
    assert dict(distribution.items()) == {
        profile: distribution.weight(profile) for profile, share in whole.items() if share
    }
    assert distribution.support_size == sum(map(bool, whole.values()))
    for player in range(len(shape)):
        factor = distribution.factor(player)
        shares = {index: Fraction(weight, sum(factor.values())) for index, weight in factor.items()}
        assert list(factor) == sorted(factor)
        assert shares == {
            index: share
            for index in range(shape[player])
            if (share := sum(part for profile, part in whole.items() if profile[player] == index))
        }


@given(shaped(), st.data())
def test_total_probability(case: tuple[Shape, Distribution], data: st.DataObject) -> None:
    """What is believed of the others, averaged over some players' types, is what was believed before."""
    shape, distribution = case
    known = sorted(some_types(data, shape))
    others = [player for player in range(len(shape)) if player not in known]
    average: dict[tuple[int, ...], Fraction] = {}
    part = distribution.marginal(known)
    for types, _ in part.items():
        given_types = distribution.given(dict(zip(known, types, strict=True)))
        assert given_types is not None
        for profile, weight in given_types.items():
            share = part.probability(types) * Fraction(weight, given_types.total)
            average[profile] = average.get(profile, Fraction(0)) + share
    marginal = distribution.marginal(others)
    assert average == {profile: marginal.probability(profile) for profile, _ in marginal.items()}


@given(shaped(), st.data())
def test_conditioning_keeps_proportions(case: tuple[Shape, Distribution], data: st.DataObject) -> None:
    """`given`, `within` and `where` are the definition, and None exactly at probability 0."""
    shape, distribution = case
    types = some_types(data, shape)
    event = [profile for profile in space(shape) if all(profile[p] == index for p, index in types.items())]
    likely = sum(distribution.probability(profile) for profile in event)
    within = distribution.within({player: [index] for player, index in types.items()})
    where = distribution.where(lambda profile: profile in event)
    given_types = distribution.given(types)
    if not likely:
        assert (within, where, given_types) == (None, None, None)
        return
    assert within is not None
    assert where is not None
    assert given_types is not None
    for profile in space(shape):
        share = distribution.probability(profile) / likely if profile in event else Fraction(0)
        assert within.probability(profile) == where.probability(profile) == share
    rest = [player for player in range(len(shape)) if player not in types]
    assert given_types == within.marginal(rest)


@given(shaped_products(), st.data())
def test_a_product_is_what_it_stands_for(case: tuple[Shape, Product], data: st.DataObject) -> None:
    """Every operation gives the same on the product and on its points."""
    shape, compact = case
    whole = compact.expanded()
    assert whole == Joint.of(range(len(shape)), dict(compact.items()))
    assert probabilities(compact, shape) == probabilities(whole, shape)
    assert Fraction(compact.square_sum, compact.total**2) == Fraction(whole.square_sum, whole.total**2)
    some = sorted(some_types(data, shape))
    assert compact.marginal(some).expanded() == whole.marginal(some)
    types = some_types(data, shape)
    pairs = [(compact.given(types), whole.given(types))]
    allowed = {player: data.draw(st.sets(st.integers(0, shape[player] - 1))) for player in some}
    pairs.append((compact.within(allowed), whole.within(allowed)))
    for of_product, of_joint in pairs:
        assert (None if of_product is None else of_product.expanded()) == of_joint
    assert compact.where(lambda profile: sum(profile) % 2 == 0) == whole.where(lambda p: sum(p) % 2 == 0)
    names = [10 * player + 3 for player in range(len(shape))]
    assert compact.renamed(names).expanded() == whole.renamed(names)


@given(shapes(min_players=2), st.data())
def test_marginals_of_marginals(shape: Shape, data: st.DataObject) -> None:
    """Leaving players out one after the other, or at once, is the same."""
    distribution = data.draw(distributions(shape))
    some = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1))))
    fewer = some[1:]
    assert distribution.marginal(some).marginal(fewer) == distribution.marginal(fewer)


@given(shapes(), st.integers(1, 10**30), st.data())
def test_equal_distributions_are_equal_values(shape: Shape, factor: int, data: st.DataObject) -> None:
    """Neither a common factor of the weights nor the order of the points makes a difference."""
    joint = data.draw(joints(shape))
    scaled = dict(reversed([(profile, weight * factor) for profile, weight in joint.items()]))
    assert Joint.of(joint.players, scaled) == joint
    assert hash(Joint.of(joint.players, scaled)) == hash(joint)
    compact = data.draw(products(shape))
    stretched = {
        player: {index: weight * factor for index, weight in reversed(list(compact.factor(player).items()))}
        for player in compact.players
    }
    assert Product.of(stretched) == compact


@given(shapes(), st.data())
def test_certainty_and_ignorance(shape: Shape, data: st.DataObject) -> None:
    """A point mass is one profile; the uniform distribution is every profile equally often."""
    profile = data.draw(st.tuples(*(st.integers(0, count - 1) for count in shape)))
    assert dict(point_mass(range(len(shape)), profile).items()) == {profile: 1}
    ignorance = uniform(dict(enumerate(shape)))
    assert dict(expanded(ignorance).items()) == dict.fromkeys(space(shape), 1)
