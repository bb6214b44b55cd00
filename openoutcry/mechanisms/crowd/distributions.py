"""Distributions over bidders' types, exact: sparse joint ones, and products that are never multiplied out.

A *profile* gives one type index for each player of a distribution, in the players' order. Weights are integers over
an integer total, so every probability is a fraction and nothing is ever rounded. Both forms are kept reduced and in
one order, so that equal distributions of one form are equal values. Beliefs, priors and everything computed from
them are of these two forms. Refuses what is no distribution, questions about players whom it does not know, and
multiplying out products of too many points.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import compress, pairwise, product
from math import gcd, prod
from operator import itemgetter, lt, mul

from openoutcry.errors import UsageError
from openoutcry.mechanisms.parameters import show_count

Profile = tuple[int, ...]

Factor = tuple[tuple[int, int], ...]
"""One player's distribution: type indices, rising, each with its positive weight; reduced."""

POINT_LIMIT = 100_000
"""Points of a joint distribution: a report of this size is some hundred kilobytes, and computing with it takes
parts of a second. A product stands for far more points and is not limited by them."""


@dataclass(frozen=True)
class Joint:
    """A sparse joint distribution.

    Attributes:
        players: Market indices of whom it is about, rising.
        points: Profiles of positive weight, rising; as many numbers each as there are players.
        weights: A positive integer for each point; their greatest common divisor is 1.
    """

    players: tuple[int, ...]
    points: tuple[Profile, ...]
    weights: tuple[int, ...]

    @staticmethod
    def of(players: Sequence[int], weights: Mapping[Profile, int]) -> Joint:
        """Return the distribution with these weights; points of weight 0 are dropped.

        Args:
            players: Market indices, rising.
            weights: Integers of at least 0 by profile, one of them above 0.

        Raises:
            UsageError: The arguments are not as described.
        """
        _check_players(players)
        points = sorted(point for point, weight in weights.items() if weight)
        if not points or min(weights.values()) < 0:
            raise UsageError("a distribution needs weights of at least 0, one of them above it")
        if set(map(len, points)) != {len(players)}:
            raise UsageError(f"every point of this distribution has {len(players)} numbers")
        return _reduced_joint(players, points, [weights[point] for point in points])

    @cached_property
    def total(self) -> int:
        """Sum of the weights."""
        return sum(self.weights)

    @cached_property
    def square_sum(self) -> int:
        """Sum of the squared weights: the squared norm of the probabilities, over `total` squared."""
        return sum(map(mul, self.weights, self.weights))

    @cached_property
    def _weight_of(self) -> Mapping[Profile, int]:
        return dict(zip(self.points, self.weights, strict=True))

    @cached_property
    def _place_of(self) -> Mapping[int, int]:
        return _place_of(self.players)

    @property
    def support_size(self) -> int:
        """How many points have a probability above 0."""
        return len(self.points)

    def items(self) -> Iterator[tuple[Profile, int]]:
        """Yield every point of the support with its weight, points rising."""
        return zip(self.points, self.weights, strict=True)

    def weight(self, profile: Profile) -> int:
        """Return a profile's weight over `total`."""
        _check_length(profile, self.players)
        return self._weight_of.get(profile, 0)

    def probability(self, profile: Profile) -> Fraction:
        """Return a profile's probability."""
        return Fraction(self.weight(profile), self.total)

    def factor(self, player: int) -> Mapping[int, int]:
        """Return one player's marginal: weight by type index, over `total`; types rising, none of weight 0."""
        (place,) = _places(self._place_of, [player])
        weights: dict[int, int] = {}
        for index, weight in zip(map(itemgetter(place), self.points), self.weights, strict=True):
            weights[index] = weights.get(index, 0) + weight
        return dict(sorted(weights.items()))

    def marginal(self, players: Sequence[int]) -> Joint:
        """Return the joint distribution of some of the players, rising."""
        if tuple(players) == self.players:
            return self
        _check_players(players)
        return self._projected(players)

    def where(self, holds: Callable[[Profile], bool]) -> Joint | None:
        """Return the distribution given that a profile satisfies `holds`; None when that has probability 0."""
        return self._kept([bool(holds(point)) for point in self.points])

    def within(self, types: Mapping[int, Collection[int]]) -> Joint | None:
        """Return the distribution given that players have one of the types listed; None at probability 0.

        Args:
            types: By player the type indices that remain possible; whoever is not in it keeps all.
        """
        places = _places(self._place_of, types)
        kept = [True] * len(self.points)
        for place, allowed in zip(places, map(frozenset, types.values()), strict=True):
            column = map(itemgetter(place), self.points)
            kept = [still and index in allowed for still, index in zip(kept, column, strict=True)]
        return self._kept(kept)

    def given(self, types: Mapping[int, int]) -> Joint | None:
        """Return the distribution of the other players, given the types of some; None at probability 0."""
        wanted = tuple(types.values())
        columns = _columns(self.points, _places(self._place_of, types))
        rest = [player for player in self.players if player not in types]
        within = self._kept([column == wanted for column in columns])
        return None if within is None else within._projected(rest)

    def renamed(self, players: Sequence[int]) -> Joint:
        """Return the same distribution about other players, in the same order."""
        _check_players(players)
        _check_length(players, self.players)
        return Joint(players=tuple(players), points=self.points, weights=self.weights)

    def _kept(self, kept: Sequence[bool]) -> Joint | None:
        points = list(compress(self.points, kept))
        if len(points) == len(self.points):
            return self
        return _reduced_joint(self.players, points, list(compress(self.weights, kept))) if points else None

    def _projected(self, players: Sequence[int]) -> Joint:
        columns = _columns(self.points, _places(self._place_of, players))
        # Often the columns left out are the same everywhere, and then nothing needs adding up or sorting.
        if all(map(lt, columns, columns[1:])):
            return _reduced_joint(players, columns, self.weights)
        weights: dict[Profile, int] = {}
        for column, weight in zip(columns, self.weights, strict=True):
            weights[column] = weights.get(column, 0) + weight
        return Joint.of(players, weights)


@dataclass(frozen=True)
class Product:
    """Independent players: one distribution for each.

    Attributes:
        players: Market indices of whom it is about, rising.
        factors: For each player its types of positive weight, rising, with their weights, reduced.
    """

    players: tuple[int, ...]
    factors: tuple[Factor, ...]

    @staticmethod
    def of(factors: Mapping[int, Mapping[int, int]]) -> Product:
        """Return the product of these distributions: weight by type index, by player.

        Raises:
            UsageError: A player has no type of positive weight, or a weight is negative.
        """
        players = tuple(sorted(factors))
        return Product(players=players, factors=tuple(_reduced(factors[player]) for player in players))

    @cached_property
    def _weights(self) -> tuple[Mapping[int, int], ...]:
        return tuple(map(dict, self.factors))

    @cached_property
    def _place_of(self) -> Mapping[int, int]:
        return _place_of(self.players)

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """Sum of each factor's weights."""
        return tuple(sum(weights.values()) for weights in self._weights)

    @cached_property
    def total(self) -> int:
        """Product of the factors' sums: the total of a profile's weight."""
        return _multiply(self.totals)

    @cached_property
    def square_sum(self) -> int:
        """Sum of the squared weights of all points: the product of the factors' own, over `total` squared."""
        columns = [weights.values() for weights in self._weights]
        return _multiply([sum(map(mul, column, column)) for column in columns])

    @property
    def support_size(self) -> int:
        """How many points have a probability above 0."""
        return prod(map(len, self.factors))

    def items(self) -> Iterator[tuple[Profile, int]]:
        """Yield every point of the support with its weight, points rising. There may be very many."""
        points = product(*([index for index, _ in factor] for factor in self.factors))
        weights = product(*([weight for _, weight in factor] for factor in self.factors))
        return zip(points, map(prod, weights), strict=True)

    def weight(self, profile: Profile) -> int:
        """Return a profile's weight over `total`."""
        _check_length(profile, self.players)
        weights = [weights.get(index, 0) for weights, index in zip(self._weights, profile, strict=True)]
        return _multiply(weights) if all(weights) else 0

    def probability(self, profile: Profile) -> Fraction:
        """Return a profile's probability."""
        return Fraction(self.weight(profile), self.total)

    def factor(self, player: int) -> Mapping[int, int]:
        """Return one player's distribution: weight by type index, types rising, none of weight 0."""
        (place,) = _places(self._place_of, [player])
        return self._weights[place]

    def marginal(self, players: Sequence[int]) -> Product:
        """Return the distribution of some of the players, rising."""
        if tuple(players) == self.players:
            return self
        _check_players(players)
        factors = tuple(self.factors[place] for place in _places(self._place_of, players))
        return Product(players=tuple(players), factors=factors)

    def where(self, holds: Callable[[Profile], bool]) -> Joint | None:
        """Return the distribution given that a profile satisfies `holds`; None when that has probability 0.

        Raises:
            UsageError: The product stands for more points than can be looked at.
        """
        return self.expanded().where(holds)

    def within(self, types: Mapping[int, Collection[int]]) -> Product | None:
        """Return the distribution given that players have one of the types listed; None at probability 0.

        Args:
            types: By player the type indices that remain possible; whoever is not in it keeps all.
        """
        factors = list(self.factors)
        for place, allowed in zip(
            _places(self._place_of, types), map(frozenset, types.values()), strict=True
        ):
            kept = {index: weight for index, weight in factors[place] if index in allowed}
            if not kept:
                return None
            factors[place] = _reduced(kept)
        return Product(players=self.players, factors=tuple(factors))

    def given(self, types: Mapping[int, int]) -> Product | None:
        """Return the distribution of the other players, given the types of some; None at probability 0."""
        places = _places(self._place_of, types)
        if not all(
            self._weights[place].get(index) for place, index in zip(places, types.values(), strict=True)
        ):
            return None
        return self.marginal([player for player in self.players if player not in types])

    def renamed(self, players: Sequence[int]) -> Product:
        """Return the same distribution about other players, in the same order."""
        _check_players(players)
        _check_length(players, self.players)
        return Product(players=tuple(players), factors=self.factors)

    def expanded(self, limit: int = POINT_LIMIT) -> Joint:
        """Return the same distribution point by point.

        Raises:
            UsageError: It stands for more points than `limit`.
        """
        if self.support_size > limit:
            raise UsageError(
                f"a product over {len(self.players)} bidders stands for {show_count(self.support_size)} points; more "
                f"than {limit} are not multiplied out"
            )
        points, weights = zip(*self.items(), strict=True)
        # The factors are sorted and reduced, and so are the points and weights made of them.
        return Joint(players=self.players, points=points, weights=weights)


Distribution = Joint | Product


def as_product(distribution: Distribution) -> Product | None:
    """Return a distribution as the product of its marginals, or None when its players are correlated."""
    if isinstance(distribution, Product):
        return distribution
    independent = Product.of({player: distribution.factor(player) for player in distribution.players})
    if independent.support_size != distribution.support_size:
        return None
    scale = Fraction(independent.total, distribution.total)
    is_equal = all(independent.weight(point) == scale * weight for point, weight in distribution.items())
    return independent if is_equal else None


def point_mass(players: Sequence[int], profile: Profile) -> Product:
    """Return the certainty that these players have these types."""
    return Product.of({player: {index: 1} for player, index in zip(players, profile, strict=True)})


def uniform(type_counts: Mapping[int, int]) -> Product:
    """Return ignorance: every type of every player equally likely, players independent.

    Args:
        type_counts: How many types each player has.
    """
    return Product.of({player: dict.fromkeys(range(count), 1) for player, count in type_counts.items()})


def check_types(distribution: Distribution, type_counts: Sequence[int]) -> None:
    """Refuse a distribution that is about types which nobody has.

    Args:
        distribution: About players 0..n-1.
        type_counts: Length n: how many types each bidder of the market has.

    Raises:
        UsageError: Naming the player and the type index.
    """
    for player in distribution.players:
        if not 0 <= player < len(type_counts):
            raise UsageError(f"a distribution is about bidder {player}, who is not in the market")
    if isinstance(distribution, Product):
        ranges: Iterable[tuple[int, int]] = ((factor[0][0], factor[-1][0]) for factor in distribution.factors)
    else:
        ranges = ((min(column), max(column)) for column in zip(*distribution.points, strict=True))
    for player, (least, most) in zip(distribution.players, ranges, strict=True):
        if least < 0 or most >= type_counts[player]:
            raise UsageError(
                f"type {most if least >= 0 else least} of bidder {player} is not in its list of types"
            )


def check_size(distribution: Distribution) -> None:
    """Refuse a joint distribution of more points than everybody who computes with it should bear.

    Raises:
        UsageError: Naming the size, the limit, and what to do.
    """
    if isinstance(distribution, Joint) and len(distribution.points) > POINT_LIMIT:
        raise UsageError(
            f"a distribution of {len(distribution.points)} points is over the limit of {POINT_LIMIT}: leave out the "
            "unlikely ones, or give independent bidders as a product"
        )


def _reduced(weights: Mapping[int, int]) -> Factor:
    kept = sorted((index, weight) for index, weight in weights.items() if weight)
    if not kept or any(weight < 0 for _, weight in kept):
        raise UsageError("a distribution needs weights of at least 0, one of them above it")
    divisor = gcd(*(weight for _, weight in kept))
    return tuple((index, weight // divisor) for index, weight in kept)


def _reduced_joint(players: Sequence[int], points: Sequence[Profile], weights: Sequence[int]) -> Joint:
    """Return the distribution of points that are rising and of positive weight already."""
    divisor = gcd(*weights)
    if divisor > 1:
        weights = [weight // divisor for weight in weights]
    return Joint(players=tuple(players), points=tuple(points), weights=tuple(weights))


def _multiply(numbers: Sequence[int]) -> int:
    # Halving keeps both sides equally long, which large multiplications profit from; a few need no such care.
    if len(numbers) <= 32:
        return prod(numbers)
    middle = len(numbers) // 2
    return _multiply(numbers[:middle]) * _multiply(numbers[middle:])


def _columns(points: Sequence[Profile], places: Sequence[int]) -> list[Profile]:
    """Return each point's numbers at these places."""
    if not places:
        return [()] * len(points)
    if len(places) == 1:
        return list(zip(map(itemgetter(places[0]), points), strict=True))
    return list(map(itemgetter(*places), points))


def _check_players(players: Sequence[int]) -> None:
    if any(before >= after for before, after in pairwise(players)):
        raise UsageError(
            f"the players of a distribution are listed rising and once each, not {tuple(players)}"
        )


def _check_length(profile: Sequence[int], players: Sequence[int]) -> None:
    if len(profile) != len(players):
        raise UsageError(f"{len(profile)} numbers for the {len(players)} players of a distribution")


def _place_of(players: Sequence[int]) -> dict[int, int]:
    return {player: place for place, player in enumerate(players)}


def _places(place_of: Mapping[int, int], wanted: Iterable[int]) -> list[int]:
    try:
        return [place_of[player] for player in wanted]
    except KeyError as unknown:
        raise UsageError(f"the distribution says nothing about bidder {unknown}") from None
