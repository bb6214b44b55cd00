"""Laws of knowledge: refinement, posteriors, and that beliefs average back to the prior."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.mechanisms.crowd.distributions import Distribution, Product, Profile
from openoutcry.mechanisms.crowd.knowledge import (
    Cell,
    Partition,
    belief_about_others,
    common_refinement,
    full,
    own_value,
    posterior,
    situations,
)
from tests.reference.distributions import (
    Shape,
    distributions,
    expanded,
    least_knowledge,
    partitions,
    products,
    shapes,
    space,
)


@st.composite
def informed(draw: st.DrawFn) -> tuple[Shape, Distribution, list[Partition]]:
    """Generate a prior and what everybody knows."""
    shape = draw(shapes(min_players=2))
    return (
        shape,
        draw(distributions(shape)),
        [draw(partitions(shape, player)) for player in range(len(shape))],
    )


def possible(prior: Distribution) -> list[Profile]:
    """Return the profiles that may come about."""
    return [profile for profile, _ in prior.items()]


def add(sums: dict[Profile, Fraction], distribution: Distribution, share: Fraction) -> None:
    """Add a share of a distribution's probabilities to sums by profile."""
    for profile, weight in distribution.items():
        sums[profile] = sums.get(profile, Fraction(0)) + share * Fraction(weight, distribution.total)


@given(informed())
def test_knowing_together_is_finer_than_each_and_no_finer(
    case: tuple[Shape, Distribution, list[Partition]],
) -> None:
    """Two profiles share a cell of the refinement exactly when they share one of every partition."""
    shape, _, knowledge = case
    together = common_refinement(knowledge)
    for first, second in combinations(space(shape), 2):
        expected = all(partition.cell_of(first) == partition.cell_of(second) for partition in knowledge)
        assert (together.cell_of(first) == together.cell_of(second)) == expected
    assert all(together.is_consistent(player) for player in range(len(shape)))
    assert common_refinement([together, together]) == together
    assert common_refinement(knowledge[::-1]) == together


@given(informed())
def test_consistency_is_its_definition(case: tuple[Shape, Distribution, list[Partition]]) -> None:
    """A partition tells a player's type exactly when no two profiles of one cell differ in it."""
    shape, _, knowledge = case
    for partition in [*knowledge, common_refinement([knowledge[0], own_value(1)])]:
        for player in range(len(shape)):
            expected = all(
                first[player] == second[player] or partition.cell_of(first) != partition.cell_of(second)
                for first, second in combinations(space(shape), 2)
            )
            # Of a player with a single type there is nothing to tell, and a partition need not list it.
            if shape[player] > 1 or partition.is_consistent(player):
                assert partition.is_consistent(player) == expected


@given(informed())
def test_posteriors_are_the_prior_within_a_cell(case: tuple[Shape, Distribution, list[Partition]]) -> None:
    """Proportional to the prior on the cell, nothing elsewhere, and averaging back to the prior."""
    shape, prior, knowledge = case
    for partition in knowledge:
        sums: dict[Profile, Fraction] = {}
        for seen in possible(prior):
            after = posterior(prior, partition, seen)
            cell = [
                profile for profile in space(shape) if partition.cell_of(profile) == partition.cell_of(seen)
            ]
            likely = sum(prior.probability(profile) for profile in cell)
            assert {profile: after.probability(profile) for profile in cell} == {
                profile: prior.probability(profile) / likely for profile in cell
            }
            assert sum(after.probability(profile) for profile in cell) == 1
            add(sums, after, prior.probability(seen))
        assert sums == {profile: prior.probability(profile) for profile in possible(prior)}


@given(informed())
def test_learning_in_two_steps_is_learning_at_once(case: tuple[Shape, Distribution, list[Partition]]) -> None:
    """The posterior of a posterior is that of what is known together."""
    _, prior, (first, second, *_) = case
    together = common_refinement([first, second])
    for seen in possible(prior):
        twice = posterior(posterior(prior, first, seen), second, seen)
        assert expanded(twice) == expanded(posterior(prior, together, seen))


@given(informed())
def test_situations_are_everybodys_beliefs_everywhere(
    case: tuple[Shape, Distribution, list[Partition]],
) -> None:
    """Each as it would be made alone, made once for each cell, and averaging back to the prior over the others."""
    shape, prior, knowledge = case
    everything = list(situations(prior, knowledge))
    assert [(s.profile, s.probability) for s in everything] == [
        (profile, prior.probability(profile)) for profile in possible(prior)
    ]
    for player, partition in enumerate(knowledge):
        others = [other for other in range(len(shape)) if other != player]
        sums: dict[Profile, Fraction] = {}
        made: dict[Cell, Distribution] = {}
        for situation in everything:
            belief = situation.beliefs[player]
            assert belief is made.setdefault(partition.cell_of(situation.profile), belief)
            assert belief == belief_about_others(prior, partition, player, situation.profile)
            assert belief.players == tuple(others)
            add(sums, belief, situation.probability)
        before = prior.marginal(others)
        assert sums == {profile: before.probability(profile) for profile, _ in before.items()}


@given(shapes(min_players=2), st.data())
def test_products_stay_products(shape: Shape, data: st.DataObject) -> None:
    """Knowing some types of independent bidders gives the product that the points give, with equal weights."""
    prior = data.draw(products(shape))
    seen = data.draw(st.sampled_from(possible(prior)))
    player = data.draw(st.integers(0, len(shape) - 1))
    known = data.draw(st.sets(st.integers(0, len(shape) - 1)))
    partition = Partition(known=tuple(sorted({player, *known})))
    belief = belief_about_others(prior, partition, player, seen)
    assert isinstance(belief, Product)
    assert belief.expanded() == expanded(belief_about_others(prior.expanded(), partition, player, seen))
    others = [other for other in range(len(shape)) if other != player]
    assert belief_about_others(prior, own_value(player), player, seen) == prior.marginal(others)


@given(informed())
def test_the_two_ends_of_knowledge(case: tuple[Shape, Distribution, list[Partition]]) -> None:
    """Who knows all is certain, as a product; who knows the own value believes the prior given that value."""
    shape, prior, _ = case
    least = list(situations(prior, least_knowledge(shape)))
    most = list(situations(prior, [full(len(shape))] * len(shape)))
    for player in range(len(shape)):
        for one, other in zip(least, most, strict=True):
            given_value = prior.given({player: one.profile[player]})
            assert one.beliefs[player] == given_value
            certain = other.beliefs[player]
            assert isinstance(certain, Product)
            rest = tuple(index for place, index in enumerate(other.profile) if place != player)
            assert dict(certain.items()) == {rest: 1}
