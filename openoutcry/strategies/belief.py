"""Beliefs as a strategy writes them: distributions over other bidders, by name and value.

```python
belief.probability({"bob": 4, "cleo": 1})  # a Fraction
belief["bob"]  # {1: Fraction(2, 3), 4: Fraction(1, 3)}
belief.given({"bob": 4}).expected("cleo")
belief.mix(Belief.uniform(belief.market, belief.names), Fraction(1, 10))
```

A belief is a value and never changes; whatever makes another one returns it. Everything is exact: weights are
integers or fractions, and a float is refused. The object of the core behind it, over market indices and type indices,
is `distribution`. Products stay products wherever they can, since they may stand for more rows than can be listed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import lcm
from random import Random
from typing import Any, TypeVar

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.distributions import (
    Distribution,
    Joint,
    Product,
    Profile,
    check_types,
    point_mass,
    uniform,
)
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.strategies.valuations import (
    TypeIndex,
    Valuation,
    Value,
    bundle_names,
    find_bidder,
    find_type,
    value_of,
)

Weight = int | Fraction
Row = Mapping[str, Valuation | TypeIndex]
"""One value for each bidder that a belief is about, by name."""

SHOWN_ROWS = 4

Key = TypeVar("Key")
Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True, repr=False)
class Belief:
    """What somebody believes of some bidders' values.

    Attributes:
        market: In which they bid.
        distribution: The same over market indices and type indices.

    Raises:
        UsageError: The distribution is about bidders or types that are not in the market.
    """

    market: TypeMarket
    distribution: Distribution

    def __post_init__(self) -> None:
        """Refuse what is not about this market."""
        check_types(self.distribution, self.market.type_counts)

    # --- Making one. ---

    @staticmethod
    def joint(market: TypeMarket, rows: Iterable[tuple[Row, Weight]]) -> Belief:
        """Return the belief with these rows and weights; every row is about the same bidders.

        Args:
            market: In which they bid.
            rows: For example `[({"bob": 4, "cleo": 1}, 2), ({"bob": 1, "cleo": 1}, 1)]`. Weights of equal rows add up;
                only their proportions matter.

        Raises:
            UsageError: No weight is above 0, one is negative or no exact number, or rows do not fit the market.
        """
        found: dict[Profile, Fraction] = {}
        players: tuple[int, ...] | None = None
        for row, weight in rows:
            types = _read_row(market, row)
            if players is None:
                players = tuple(sorted(types))
            if tuple(sorted(types)) != players:
                raise UsageError("every row of a belief must be about the same bidders")
            profile = tuple(types[player] for player in players)
            found[profile] = found.get(profile, Fraction(0)) + _read_weight(weight)
        if players is None:
            raise UsageError("a belief needs at least one row")
        return Belief(market, Joint.of(players, _as_integers(found)))

    @staticmethod
    def product(market: TypeMarket, factors: Mapping[str, Mapping[Any, Weight]]) -> Belief:
        """Return the belief that bidders are independent.

        Args:
            market: In which they bid.
            factors: For each of them weights by value, for example `{"bob": {1: 2, 4: 1}}`; only their proportions
                matter. Keys are values, tuples by bundle, or `TypeIndex`.

        Raises:
            UsageError: A bidder has no weight above 0, a weight is negative or no exact number, or a value is not in
                the bidder's list.
        """
        weights = {}
        for name, factor in factors.items():
            bidder = find_bidder(market, name)
            if not isinstance(factor, Mapping):
                raise UsageError(
                    f"the belief about {name} must give weights by value, such as {{1: 2, 4: 1}}"
                )
            found: dict[int, Fraction] = {}
            for value, weight in factor.items():
                index = find_type(market, bidder, value)
                found[index] = found.get(index, Fraction(0)) + _read_weight(weight)
            weights[bidder] = _as_integers(found)
        return Belief(market, Product.of(weights))

    @staticmethod
    def uniform(market: TypeMarket, names: Iterable[str]) -> Belief:
        """Return ignorance about some bidders: each independent of the others, all its values equally likely."""
        bidders = [find_bidder(market, name) for name in names]
        counts = market.type_counts
        return Belief(market, uniform({bidder: counts[bidder] for bidder in bidders}))

    @staticmethod
    def certain(market: TypeMarket, row: Row) -> Belief:
        """Return the certainty that these bidders have these values."""
        types = _read_row(market, row)
        players = sorted(types)
        return Belief(market, point_mass(players, tuple(types[player] for player in players)))

    # --- Asking it. ---

    @property
    def names(self) -> tuple[str, ...]:
        """Whom it is about, in the market's order."""
        return tuple(self.market.bidders[player].name for player in self.distribution.players)

    @property
    def support_size(self) -> int:
        """How many rows it stands for; of a product possibly more than can be listed."""
        return self.distribution.support_size

    def probability(self, row: Row) -> Fraction:
        """Return how likely it is that these bidders have these values; the others may have any."""
        types = self._read(row)
        if isinstance(self.distribution, Product):
            parts: Distribution = self.distribution.marginal(sorted(types))
            return parts.probability(tuple(types[player] for player in parts.players))
        places = [(self.distribution.players.index(player), index) for player, index in types.items()]
        weight = sum(
            weight
            for point, weight in self.distribution.items()
            if all(point[place] == index for place, index in places)
        )
        return Fraction(weight, self.distribution.total)

    def __getitem__(self, name: str) -> dict[Value, Fraction]:
        """Return what it says of one bidder: probability by value, values rising, none of probability 0."""
        bidder = self._find(name)
        weights = self.distribution.factor(bidder)
        total = sum(weights.values())
        return {
            value_of(self.market, bidder, index): Fraction(weight, total) for index, weight in weights.items()
        }

    def expected(self, name: str) -> Any:
        """Return a bidder's expected value: a Fraction, or one for each bundle by its name."""
        shares = self[name]
        if self.market.environment.is_single_parameter:
            return sum((value * share for value, share in shares.items()), Fraction(0))  # type: ignore[operator]
        return {
            bundle: sum((value[place] * share for value, share in shares.items()), Fraction(0))  # type: ignore[index]
            for place, bundle in enumerate(bundle_names(self.market.environment))
        }

    def most_likely(self) -> dict[str, Value]:
        """Return the likeliest row, the first one among equals."""
        distribution = self.distribution
        if isinstance(distribution, Product):
            return self._row(
                tuple(max(factor, key=lambda part: part[1])[0] for factor in distribution.factors)
            )
        return self._row(max(distribution.items(), key=lambda part: part[1])[0])

    def rows(self) -> Iterator[tuple[dict[str, Value], Fraction]]:
        """Yield every row of positive probability with its probability, later bidders' values varying fastest."""
        for profile, weight in self.distribution.items():
            yield self._row(profile), Fraction(weight, self.distribution.total)

    def sample(self, rng: Random) -> dict[str, Value]:
        """Draw a row as likely as the belief says."""
        if isinstance(self.distribution, Product):
            return self._row(tuple(_draw(factor, rng) for factor in self.distribution.factors))
        return self._row(_draw(self.distribution.items(), rng))

    # --- Making another one of it. ---

    def about(self, names: Iterable[str]) -> Belief:
        """Return what it says of some of its bidders."""
        players = sorted({self._find(name) for name in names})
        return Belief(self.market, self.distribution.marginal(players))

    def without(self, *names: str) -> Belief:
        """Return what it says of all its bidders but these."""
        left = {self._find(name) for name in names}
        kept = [player for player in self.distribution.players if player not in left]
        return Belief(self.market, self.distribution.marginal(kept))

    def given(self, row: Row) -> Belief:
        """Return what it says of the others once these bidders' values are known.

        Raises:
            UsageError: It holds these values impossible.
        """
        found = self.distribution.given(self._read(row))
        if found is None:
            shown = ", ".join(f"{name}: {value}" for name, value in row.items())
            raise UsageError(f"this belief holds {{{shown}}} impossible: ask for its probability() first")
        return Belief(self.market, found)

    def supposing(self, row: Row) -> Belief:
        """Return the belief that is certain of these bidders' values, and says of the others what it said before.

        Unlike `given` it does not learn from what it supposes, and stays about the same bidders.
        """
        types = self._read(row)
        rest = self.distribution.marginal([p for p in self.distribution.players if p not in types])
        if isinstance(rest, Product):
            fixed = {player: {index: 1} for player, index in types.items()}
            return Belief(self.market, Product.of({p: rest.factor(p) for p in rest.players} | fixed))
        weights = {
            tuple(types.get(player, known.get(player, 0)) for player in self.distribution.players): weight
            for point, weight in rest.items()
            for known in (dict(zip(rest.players, point, strict=True)),)
        }
        return Belief(self.market, Joint.of(self.distribution.players, weights))

    def mix(self, other: Belief, weight: Weight) -> Belief:
        """Return `1 - weight` parts of this belief and `weight` parts of another about the same bidders.

        Args:
            other: About the same bidders.
            weight: 0..1, exact.

        Raises:
            UsageError: The beliefs are about different bidders, the weight is no share, or a product stands for too
                many rows to be listed.
        """
        if other.names != self.names:
            raise UsageError(f"a belief about {', '.join(self.names)} cannot be mixed with one about others")
        share = _read_weight(weight)
        if share > 1:
            raise UsageError(f"the weight of a mixture is a share of 0..1, not {share}")
        if share in (0, 1):
            return other if share else self
        mixed: dict[Profile, Fraction] = {}
        for belief, part in ((self, 1 - share), (other, share)):
            points = _listed_points(belief.distribution)
            for profile, count in points.items():
                mixed[profile] = mixed.get(profile, Fraction(0)) + part * Fraction(count, points.total)
        return Belief(self.market, Joint.of(self.distribution.players, _as_integers(mixed)))

    # --- Being shown. ---

    def __len__(self) -> int:
        """Return how many rows it stands for."""
        return self.distribution.support_size

    def __bool__(self) -> bool:
        """Return True: a belief always says something, even about nobody."""
        return True

    def __repr__(self) -> str:
        """Show whom it is about and the first of what it says, shortened."""
        if isinstance(self.distribution, Product):
            parts = [
                f"{name}: {_shorten([f'{v}: {p}' for v, p in self[name].items()])}" for name in self.names
            ]
            return f"Belief({'; '.join(parts)})"
        rows = []
        for row, share in self.rows():
            rows.append(f"{', '.join(f'{name} {value}' for name, value in row.items())}: {share}")
            if len(rows) > SHOWN_ROWS:
                break
        return f"Belief({_shorten(rows, len(self))})"

    def _row(self, profile: Profile) -> dict[str, Value]:
        return {
            self.market.bidders[player].name: value_of(self.market, player, index)
            for player, index in zip(self.distribution.players, profile, strict=True)
        }

    def _find(self, name: str) -> int:
        return find_bidder(self.market, name, among=self.distribution.players)

    def _read(self, row: Row) -> dict[int, int]:
        return _read_row(self.market, row, among=self.distribution.players)


def others_of(market: TypeMarket, bidder: int) -> tuple[int, ...]:
    """Return the indices of all bidders but one."""
    return tuple(other for other in range(len(market.bidders)) if other != bidder)


def _read_row(market: TypeMarket, row: object, *, among: Sequence[int] | None = None) -> dict[int, int]:
    if not isinstance(row, Mapping):
        raise UsageError("say bidders and values as a mapping such as {'bob': 4}")
    found = {}
    for name, valuation in row.items():
        bidder = find_bidder(market, name, among=among)
        found[bidder] = find_type(market, bidder, valuation)
    return found


def _read_weight(weight: object) -> Fraction:
    if isinstance(weight, float):
        raise UsageError(
            f"weight {weight!r} is a float, which is not exact: use an integer, or Fraction(1, 10)"
        )
    if isinstance(weight, bool) or not isinstance(weight, int | Fraction):
        raise UsageError(f"weight {weight!r:.60} must be an integer or a Fraction")
    if weight < 0:
        raise UsageError(f"weight {weight} is negative: the least weight is 0")
    return Fraction(weight)


def _as_integers(weights: Mapping[Key, Fraction]) -> dict[Key, int]:
    scale = lcm(*(weight.denominator for weight in weights.values()))
    return {key: int(weight * scale) for key, weight in weights.items()}


def _listed_points(distribution: Distribution) -> Joint:
    return distribution.expanded() if isinstance(distribution, Product) else distribution


def _draw(weighted: Iterable[tuple[Drawn, int]], rng: Random) -> Drawn:
    choices = list(weighted)
    ends = list(accumulate(weight for _, weight in choices))
    return choices[bisect_right(ends, rng.randrange(ends[-1]))][0]


def _shorten(parts: Sequence[str], count: int | None = None) -> str:
    more = (len(parts) if count is None else count) - SHOWN_ROWS
    return "{" + ", ".join(parts[:SHOWN_ROWS]) + (f", {more} more" if more > 0 else "") + "}"
