"""Small distributions over types and random knowledge of them, and the slow definitions that laws are held against."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from hypothesis import strategies as st

from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, Profile
from openoutcry.mechanisms.crowd.knowledge import Partition, cells, common_refinement, own_value

Shape = tuple[int, ...]
"""How many types each of the players 0..n-1 has."""

WEIGHTS = st.one_of(st.integers(0, 6), st.integers(0, 2**70))


def shapes(*, min_players: int = 1, max_players: int = 3) -> st.SearchStrategy[Shape]:
    """Generate shapes of up to three types a player."""
    return st.lists(st.integers(1, 3), min_size=min_players, max_size=max_players).map(tuple)


def space(shape: Shape) -> Iterator[Profile]:
    """Yield every profile, possible or not, rising."""
    return product(*map(range, shape))


def joints(shape: Shape) -> st.SearchStrategy[Joint]:
    """Generate joint distributions of any support."""
    profiles = list(space(shape))
    weights = st.lists(WEIGHTS, min_size=len(profiles), max_size=len(profiles)).filter(any)
    return weights.map(lambda drawn: Joint.of(range(len(shape)), dict(zip(profiles, drawn, strict=True))))


def products(shape: Shape) -> st.SearchStrategy[Product]:
    """Generate products of any support."""
    factors = [st.lists(WEIGHTS, min_size=count, max_size=count).filter(any) for count in shape]
    return st.tuples(*factors).map(
        lambda drawn: Product.of({player: dict(enumerate(weights)) for player, weights in enumerate(drawn)})
    )


def distributions(shape: Shape) -> st.SearchStrategy[Distribution]:
    """Generate distributions of either form."""
    return st.one_of(joints(shape), products(shape))


@st.composite
def partitions(draw: st.DrawFn, shape: Shape, player: int) -> Partition:
    """Generate what a bidder may know: its own type, perhaps others' types, perhaps some labels too."""
    known = sorted({player, *draw(st.sets(st.integers(0, len(shape) - 1)))})
    partition = Partition(known=tuple(known))
    if not draw(st.booleans()):
        return partition
    labels = {profile: draw(st.integers(0, 2)) for profile in space(shape)}
    return common_refinement([partition, cells(labels)])


def expanded(distribution: Distribution) -> Joint:
    """Return the same distribution point by point."""
    return distribution.expanded() if isinstance(distribution, Product) else distribution


def probabilities(distribution: Distribution, shape: Shape) -> dict[Profile, Fraction]:
    """Return the probability of every profile of a space, impossible ones included."""
    return {profile: distribution.probability(profile) for profile in space(shape)}


def least_knowledge(shape: Shape) -> list[Partition]:
    """Return everybody's knowledge of nothing but the own value."""
    return [own_value(player) for player in range(len(shape))]
