"""Knowledge: worked examples of each kind of partition, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import Joint, Product, point_mass, uniform
from openoutcry.mechanisms.crowd.knowledge import (
    Partition,
    belief_about_others,
    cells,
    common_refinement,
    full,
    own_value,
    posterior,
    situations,
)

PRIOR = Joint.of((0, 1), {(0, 0): 4, (0, 1): 1, (1, 0): 1, (1, 1): 2, (2, 1): 2})
SUMS = cells({profile: sum(profile) for profile in PRIOR.points})
"""Who knows the sum of the types, and nothing else."""


def test_own_value_and_full_knowledge() -> None:
    """The least and the most that a bidder may know."""
    assert belief_about_others(PRIOR, own_value(0), 0, (0, 0)) == Joint.of((1,), {(0,): 4, (1,): 1})
    assert belief_about_others(PRIOR, own_value(1), 1, (0, 1)) == Joint.of((0,), {(0,): 1, (1,): 2, (2,): 2})
    assert belief_about_others(PRIOR, full(2), 1, (0, 1)) == point_mass((0,), (0,))
    assert posterior(PRIOR, full(2), (0, 1)) == point_mass((0, 1), (0, 1))


def test_explicit_cells() -> None:
    """Knowing the sum leaves two profiles at 1; with the own value added none is left to tell apart."""
    assert posterior(PRIOR, SUMS, (0, 1)) == Joint.of((0, 1), {(0, 1): 1, (1, 0): 1})
    assert (SUMS.is_consistent(0), SUMS.is_consistent(1)) == (False, False)
    together = common_refinement([SUMS, own_value(0)])
    assert (together.is_consistent(0), together.is_consistent(1)) == (True, True)
    assert belief_about_others(PRIOR, together, 0, (1, 0)) == Joint.of((1,), {(0,): 1})


def test_labels_are_only_labels() -> None:
    """Two bidders who tell the same profiles apart know the same, whatever they call it."""
    renamed = cells({profile: f"sum {sum(profile)}" for profile in reversed(PRIOR.points)})
    assert renamed == SUMS
    assert SUMS.blocks == (((0, 0),), ((0, 1), (1, 0)), ((1, 1),), ((2, 1),))


def test_a_belief_needs_the_own_value() -> None:
    """A bidder who might not know its own value is refused, by name."""
    with pytest.raises(UsageError, match="bidder 1 would not know its own value"):
        belief_about_others(PRIOR, own_value(0), 1, (0, 0))
    with pytest.raises(UsageError, match="bidder 0 would not know its own value"):
        list(situations(PRIOR, [SUMS, own_value(1)]))


def test_cells_that_cannot_come_about_are_refused() -> None:
    """What has probability 0 is no knowledge; an impossible profile of a possible cell may be asked about."""
    for prior in (PRIOR, Product.of({0: {0: 1, 1: 1}, 1: {0: 1}})):
        for partition in (own_value(0), full(2)):
            with pytest.raises(UsageError, match="its cell has probability 0"):
                posterior(prior, partition, (3, 0))
    assert belief_about_others(PRIOR, own_value(0), 0, (2, 0)) == Joint.of((1,), {(1,): 1})


def test_profiles_that_no_cell_holds_are_refused() -> None:
    """Explicit cells speak of the profiles they list; a prior must stay within them."""
    partial = cells({(0, 0): "low", (1, 1): "high"})
    with pytest.raises(UsageError, match=r"says nothing about profile \(0, 1\): list its cell"):
        posterior(PRIOR, partial, (0, 0))
    with pytest.raises(UsageError, match="must list the same profiles"):
        common_refinement([partial, SUMS])
    with pytest.raises(UsageError, match="label at least one profile"):
        cells({})
    with pytest.raises(UsageError, match="all players' types in each"):
        cells({(0,): 1, (0, 0): 2})


def test_priors_and_profiles_must_be_about_everybody() -> None:
    """A prior about some bidders, a profile that is too short, and too few partitions."""
    with pytest.raises(UsageError, match=r"about all bidders 0\.\.n-1, and this prior about \(0, 2\)"):
        posterior(uniform({0: 2, 2: 2}), own_value(0), (0, 0))
    with pytest.raises(UsageError, match="a profile of 1 types for 2 players"):
        posterior(PRIOR, own_value(0), (0,))
    with pytest.raises(UsageError, match="leaves out a player whose type is known"):
        own_value(4).cell_of((0, 0))
    with pytest.raises(UsageError, match="1 partitions for 2 players"):
        list(situations(PRIOR, [own_value(0)]))


def test_cells_of_independent_bidders() -> None:
    """Explicit cells correlate what was independent: the belief is then given point by point."""
    prior = uniform({0: 2, 1: 2, 2: 2})
    parity = cells({profile: sum(profile) % 2 for profile, _ in prior.items()})
    knowledge = [common_refinement([parity, own_value(0)]), own_value(1), full(3)]
    first, *_ = situations(prior, knowledge)
    assert (first.profile, first.probability) == ((0, 0, 0), Fraction(1, 8))
    assert first.beliefs == (
        Joint.of((1, 2), {(0, 0): 1, (1, 1): 1}),
        uniform({0: 2, 2: 2}),
        point_mass((0, 1), (0, 0)),
    )


def test_beliefs_of_a_thousand_independent_bidders_stay_small() -> None:
    """Own-value knowledge of a product prior is never multiplied out; going through all profiles is refused."""
    prior = uniform(dict.fromkeys(range(1000), 10))
    belief = belief_about_others(prior, own_value(7), 7, (3,) * 1000)
    assert belief == uniform({bidder: 10 for bidder in range(1000) if bidder != 7})
    knows_two = belief_about_others(prior, Partition(known=(6, 7)), 7, (3,) * 1000)
    assert (knows_two.factor(6), knows_two.factor(8)) == ({3: 1}, dict.fromkeys(range(10), 1))
    with pytest.raises(UsageError, match="more than 100000 are not multiplied out"):
        next(situations(prior, [own_value(bidder) for bidder in range(1000)]))
