"""Knowledge: partitions of the profiles, and what a bidder who knows its cell believes.

Decides: which profiles a bidder can tell apart, whether it can tell its own types apart, what several bidders know
together, and the exact posterior of a prior within a cell. Refuses cells that the prior rules out, and profiles of
which a partition says nothing. Called where beliefs are made: scenarios, local runs, expectations over a prior, tests.

A partition is kept as what every cell has in common, so that the usual ones cost nothing: whose types it tells (the
own type, everybody's), and explicit blocks where that is not all. Product priors stay products under the usual ones.

Source: CROWD, Section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, Profile, point_mass

Cell = tuple[Profile, int | None]
"""Names a cell: the types that it tells, and the number of its block where there are blocks."""


@dataclass(frozen=True)
class Partition:
    """What a bidder can tell apart. Two profiles are in one cell when they agree on all that is listed.

    Make one with `own_value`, `full`, `cells` or `common_refinement`.

    Attributes:
        known: Market indices of the players whose types every cell tells, rising.
        blocks: Disjoint sets of profiles, each rising, in the order of their first profiles; every cell lies in one
            of them, and the partition says nothing about other profiles. None where there are no blocks.
    """

    known: tuple[int, ...]
    blocks: tuple[tuple[Profile, ...], ...] | None = None

    @cached_property
    def _block_of(self) -> Mapping[Profile, int]:
        blocks = enumerate(self.blocks or ())
        return {profile: number for number, block in blocks for profile in block}

    @cached_property
    def _tells(self) -> dict[int, bool]:
        return dict.fromkeys(self.known, True)

    def cell_of(self, profile: Profile) -> Cell:
        """Return the cell that a profile of the whole market is in.

        Raises:
            UsageError: The partition says nothing about this profile.
        """
        block = None
        if self.blocks is not None:
            block = self._block_of.get(profile)
            if block is None:
                raise UsageError(f"the knowledge given says nothing about profile {profile}: list its cell")
        try:
            return tuple([profile[player] for player in self.known]), block
        except IndexError:
            raise UsageError(f"profile {profile} leaves out a player whose type is known") from None

    def is_consistent(self, player: int) -> bool:
        """Whether a bidder who knows this knows its own type: no cell holds two of them.

        Source: CROWD, Definition 2.
        """
        tells = self._tells.get(player)
        if tells is None:
            types: dict[Cell, int] = {}
            tells = self.blocks is not None and all(
                types.setdefault(self.cell_of(profile), profile[player]) == profile[player]
                for block in self.blocks
                for profile in block
            )
            self._tells[player] = tells
        return tells


def own_value(player: int) -> Partition:
    """Return the knowledge of one's own type and nothing beyond it: the least that the paper assumes."""
    return Partition(known=(player,))


def full(bidder_count: int) -> Partition:
    """Return the knowledge of everybody's type."""
    return Partition(known=tuple(range(bidder_count)))


def cells(labels: Mapping[Profile, Hashable]) -> Partition:
    """Return the knowledge that tells profiles with different labels apart.

    It tells the own type only where the labels do: `common_refinement` with `own_value` adds it.

    Args:
        labels: A label for each profile of the whole market that may come about; what the labels are is not kept.

    Raises:
        UsageError: There is no profile, or not all are about the same number of players.
    """
    if len(set(map(len, labels))) != 1:
        raise UsageError("label at least one profile, and all players' types in each")
    blocks: dict[Hashable, list[Profile]] = {}
    for profile in sorted(labels):
        blocks.setdefault(labels[profile], []).append(profile)
    return Partition(known=(), blocks=tuple(map(tuple, blocks.values())))


def common_refinement(partitions: Sequence[Partition]) -> Partition:
    """Return what the owners of the partitions know together: the coarsest partition that is finer than each.

    The paper calls it the meet. In the lattice of partitions with "finer" as "less", which is also how the paper's
    order goes, that is its name; where "more knowledge" is the greater, as often in economics, the same partition is
    the join, and the meet is what is commonly known.

    Raises:
        UsageError: Partitions with blocks are about different profiles.
    """
    known = tuple(sorted({player for partition in partitions for player in partition.known}))
    blocked = [partition for partition in partitions if partition.blocks is not None]
    if not blocked:
        return Partition(known=known)
    profiles = blocked[0]._block_of.keys()
    if any(partition._block_of.keys() != profiles for partition in blocked):
        raise UsageError("knowledge given cell by cell must list the same profiles for every bidder")
    labels = {profile: tuple(partition._block_of[profile] for partition in blocked) for profile in profiles}
    return Partition(known=known, blocks=cells(labels).blocks)


def posterior(prior: Distribution, partition: Partition, profile: Profile) -> Distribution:
    """Return D | S*: the prior given the cell that a profile is in, over all players.

    A product prior gives a product unless there are blocks, and knowing everybody's type gives a product of
    certainties under either prior.

    Args:
        prior: D, over players 0..n-1.
        partition: What is known.
        profile: A profile of the whole market; it is the cell, not the profile itself, that must be possible.

    Raises:
        UsageError: The cell has probability 0, or the partition says nothing about the profile or a possible one.

    Source: CROWD, Definition 1.
    """
    _check_prior(prior, profile)
    cell = partition.cell_of(profile)
    types, _ = cell
    if partition.blocks is not None:
        within: Distribution | None = prior.where(lambda point: partition.cell_of(point) == cell)
    elif len(types) == len(profile):
        within = point_mass(prior.players, profile) if prior.weight(profile) else None
    else:
        within = prior.within(
            {player: (index,) for player, index in zip(partition.known, types, strict=True)}
        )
    if within is None:
        raise UsageError(
            f"by the prior nobody can know what is known at profile {profile}: its cell has probability 0"
        )
    return within


def belief_about_others(
    prior: Distribution, partition: Partition, player: int, profile: Profile
) -> Distribution:
    """Return what a bidder believes about all others: D | S*, over everybody but the bidder.

    Args:
        prior: D, over players 0..n-1.
        partition: What the bidder knows; it must tell its own type.
        player: The bidder.
        profile: The types that came about.

    Raises:
        UsageError: The partition is not consistent for this player, or as in `posterior`.

    Source: CROWD, Section 2.2, the crowdsourced-Bayesian assumption.
    """
    _check_consistent(partition, player)
    return posterior(prior, partition, profile).marginal(_others(prior, player))


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One profile that may come about, and what everybody believes then.

    Attributes:
        profile: Length n: type indices.
        probability: By the prior, above 0.
        beliefs: Length n: each bidder's distribution over all others; the same object wherever the cell is the same.
    """

    profile: Profile
    probability: Fraction
    beliefs: tuple[Distribution, ...]


def situations(prior: Distribution, partitions: Sequence[Partition]) -> Iterator[Situation]:
    """Yield every profile that may come about with everybody's beliefs, profiles rising; probabilities sum to 1.

    Every belief is made once, whatever the number of profiles in its cell.

    Args:
        prior: D, over players 0..n-1.
        partitions: Length n: what each bidder knows; each must tell the bidder's own type.

    Raises:
        UsageError: There is not one partition for each player, one is not consistent or says nothing about a possible
            profile, or a product prior stands for too many points to go through.
    """
    if len(partitions) != len(prior.players):
        raise UsageError(f"{len(partitions)} partitions for {len(prior.players)} players")
    points = prior.expanded() if isinstance(prior, Product) else prior
    informed = [_beliefs(prior, points, partition, player) for player, partition in enumerate(partitions)]
    for profile, weight in points.items():
        yield Situation(
            profile=profile,
            probability=Fraction(weight, points.total),
            beliefs=tuple(believe(profile) for believe in informed),
        )


def _beliefs(
    prior: Distribution, points: Joint, partition: Partition, player: int
) -> Callable[[Profile], Distribution]:
    """Return a function from profiles to the bidder's belief, which makes each belief once."""
    _check_consistent(partition, player)
    # Products take a belief apart player by player, and certainties are products too: both are made when asked for.
    # All else would take a pass over all points for each cell, where one does for all of them.
    by_players = isinstance(prior, Product) or len(partition.known) == len(prior.players)
    made = {} if by_players and partition.blocks is None else _grouped(points, partition, player)

    def believe(profile: Profile) -> Distribution:
        cell = partition.cell_of(profile)
        if cell not in made:
            made[cell] = belief_about_others(prior, partition, player, profile)
        return made[cell]

    return believe


def _grouped(points: Joint, partition: Partition, player: int) -> dict[Cell, Distribution]:
    """Return the belief in every cell that may come about, in one pass over the points."""
    groups: dict[Cell, dict[Profile, int]] = {}
    for point, weight in points.items():
        groups.setdefault(partition.cell_of(point), {})[point] = weight
    others = _others(points, player)
    return {cell: Joint.of(points.players, group).marginal(others) for cell, group in groups.items()}


def _others(prior: Distribution, player: int) -> tuple[int, ...]:
    return tuple(other for other in prior.players if other != player)


def _check_prior(prior: Distribution, profile: Profile) -> None:
    if prior.players != tuple(range(len(prior.players))):
        raise UsageError(f"knowledge is about all bidders 0..n-1, and this prior about {prior.players}")
    if len(profile) != len(prior.players):
        raise UsageError(f"a profile of {len(profile)} types for {len(prior.players)} players")


def _check_consistent(partition: Partition, player: int) -> None:
    if not partition.is_consistent(player):
        raise UsageError(
            f"bidder {player} would not know its own value: its knowledge puts profiles with different values of its "
            "own into one cell"
        )
