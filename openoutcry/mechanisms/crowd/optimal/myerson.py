"""The optimal mechanism for independent values of one good or identical units: Myerson's, on a finite grid.

A type's virtual value is phi(v_k) = v_k - (v_{k+1} - v_k) Pr[v > v_k] / f(v_k): what selling to it as well adds to the
revenue curve Pr[v >= v_k] v_k, for each unit of probability. Ironing replaces the curve by the least concave one above
it. The k bidders of highest ironed virtual values win, if these are at least 0; ties go to the lowest index; a winner
pays the smallest of its possible values with which it would still win.

A type of probability 0 is treated as the next lower type of positive probability, and never wins if there is none: so
winning stays monotone in the full list of types, and prices stay values that are possible. All numbers are exact.

Source: Myerson, Optimal Auction Design (CROWD cites it for independent values), in its discrete form.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from heapq import nlargest
from itertools import groupby, pairwise

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Distribution, Profile
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.optimal.outcomes import Route, Segment

_GOODS = (0,)

REVENUE_LIMIT = 5_000_000
"""Steps of working out an expected revenue: types of all bidders times units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IronedValues:
    """One bidder's possible types with their ironed virtual values.

    Attributes:
        types: Type indices of positive probability, rising.
        weights: Their weights.
        virtual: Their ironed virtual values, never falling.
    """

    types: tuple[int, ...]
    weights: tuple[int, ...]
    virtual: tuple[Fraction, ...]

    def of_type(self, index: int) -> Fraction | None:
        """Return a type's ironed virtual value; None when it lies below all possible types."""
        place = bisect_right(self.types, index)
        return self.virtual[place - 1] if place else None


def ironed_values(values: Sequence[int], weights: Mapping[int, int]) -> IronedValues:
    """Return a bidder's ironed virtual values.

    Args:
        values: Value by type index, rising.
        weights: Positive weight by type index, types rising.
    """
    types = tuple(weights)
    # The revenue curve from the highest type down, times the total weight: (Pr[v >= v_k], v_k Pr[v >= v_k]).
    tail = 0
    hull = [(0, 0)]
    for index in reversed(types):
        tail += weights[index]
        point = (tail, values[index] * tail)
        while len(hull) >= 2 and not _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    slopes = [
        (end, Fraction(height - before_height, end - start))
        for (start, before_height), (end, height) in pairwise(hull)
    ]
    virtual = []
    tail = place = 0
    for index in reversed(types):
        tail += weights[index]
        while slopes[place][0] < tail:
            place += 1
        virtual.append(slopes[place][1])
    return IronedValues(types=types, weights=tuple(weights.values()), virtual=tuple(reversed(virtual)))


def _turns_down(first: tuple[int, int], middle: tuple[int, int], last: tuple[int, int]) -> bool:
    """Whether the middle point lies above the line between the others, exactly."""
    return (middle[1] - first[1]) * (last[0] - first[0]) > (last[1] - first[1]) * (middle[0] - first[0])


class MyersonMechanism:
    """Myerson's mechanism for one market and distribution.

    Args:
        market: Of one good or identical units.
        distribution: About all its bidders, independent; only its marginals are looked at.
    """

    route: Route = "myerson"

    def __init__(self, market: TypeMarket, distribution: Distribution) -> None:
        self._market = market
        self._units = market.environment.units[0]
        known: dict[tuple[tuple[int, ...], tuple[tuple[int, int], ...]], IronedValues] = {}
        ironed = []
        for bidder in range(len(market.bidders)):
            values, weights = market.values(bidder), distribution.factor(bidder)
            key = (values, tuple(weights.items()))
            if key not in known:
                known[key] = ironed_values(values, weights)
            ironed.append(known[key])
        self._ironed = tuple(ironed)

    def lottery(self, profile: Profile) -> tuple[Segment, ...]:
        """Return the one outcome; see `OptimalMechanism`."""
        standing = [
            (virtual, -bidder)
            for bidder, (ironed, own) in enumerate(zip(self._ironed, profile, strict=True))
            if (virtual := ironed.of_type(own)) is not None and virtual >= 0
        ]
        best = nlargest(self._units + 1, standing)
        # Each winner has to beat the best who does not win: it would take its place.
        rival = best[self._units] if len(best) > self._units else None
        winners = sorted(-negated for _, negated in best[: self._units])
        awards = tuple(
            Award(bidder=bidder, goods=_GOODS, price=Fraction(self._price(bidder, rival)))
            for bidder in winners
        )
        return (Segment(weight=1, awards=awards),)

    def _price(self, bidder: int, rival: tuple[Fraction, int] | None) -> int:
        ironed = self._ironed[bidder]
        place = bisect_left(ironed.virtual, 0)
        if rival is not None:
            level, negated = rival
            # Against an equal the lower index wins.
            is_first = bidder < -negated
            beats = bisect_left if is_first else bisect_right
            place = max(place, beats(ironed.virtual, level))
        return self._market.value(bidder, ironed.types[place])

    @cached_property
    def revenue(self) -> Fraction:
        """Expected revenue in minor units: the expected sum of the winners' ironed virtual values.

        Raises:
            ConfigurationError: That takes more steps than the limit.
        """
        steps = self._units * sum(len(ironed.types) for ironed in self._ironed)
        if steps > REVENUE_LIMIT:
            raise ConfigurationError(
                f"the expected revenue of {len(self._ironed)} bidders and {self._units} units takes {steps} steps, "
                f"more than {REVENUE_LIMIT}; use fewer types or units to have it worked out"
            )
        return _expected_top_sum(self._ironed, min(self._units, len(self._ironed)))


def _expected_top_sum(bidders: Sequence[IronedValues], count: int) -> Fraction:
    """Return the expected sum of the `count` highest ironed virtual values, negative ones left out.

    With N(l) the number of bidders at level l or above it is the sum over levels of (level - next level) times
    E[min(count, N(l))]. `_Counter` keeps the distribution of N while one bidder's type after another joins.
    """
    joining = sorted(
        (
            (virtual, bidder, weight)
            for bidder, ironed in enumerate(bidders)
            for virtual, weight in zip(ironed.virtual, ironed.weights, strict=True)
            if virtual > 0
        ),
        key=lambda entry: -entry[0],
    )
    counter = _Counter([sum(ironed.weights) for ironed in bidders], count)
    expected, before, level = Fraction(0), Fraction(0), Fraction(0)
    for level, entries in groupby(joining, key=lambda entry: entry[0]):
        if before:
            expected += (before - level) * counter.expected()
        for _, bidder, weight in entries:
            counter.join(bidder, weight)
        before = level
    return expected + before * counter.expected()


class _Counter:
    """How many bidders are in, up to a limit: a distribution in integers over the product of the totals.

    Args:
        totals: Each bidder's total weight; at first nobody is in.
        limit: Greater numbers count as this.
    """

    def __init__(self, totals: Sequence[int], limit: int) -> None:
        self._totals = totals
        self._limit = limit
        self._weight_in = [0] * len(totals)
        self._certain = 0
        # Weights of 0, 1, ..., limit - 1 uncertain bidders being in, over `_scale`.
        self._counts = [1] + [0] * (limit - 1)
        self._scale = 1

    def join(self, bidder: int, weight: int) -> None:
        """Let a bidder be in with this much more of its weight."""
        total, old = self._totals[bidder], self._weight_in[bidder]
        new = self._weight_in[bidder] = old + weight
        if old:
            self._divide(total - old, old)
            self._scale //= total
        if new == total:
            self._certain += 1
        else:
            self._multiply(total - new, new)
            self._scale *= total

    def expected(self) -> Fraction:
        """Return the expected number, greater ones counting as the limit."""
        left = self._limit - self._certain
        if left <= 0:
            return Fraction(self._limit)
        missing = sum((left - number) * weight for number, weight in enumerate(self._counts[:left]))
        return self._limit - Fraction(missing, self._scale)

    def _multiply(self, out: int, within: int) -> None:
        counts = self._counts
        for number in range(self._limit - 1, 0, -1):
            counts[number] = counts[number] * out + counts[number - 1] * within
        counts[0] *= out

    def _divide(self, out: int, within: int) -> None:
        counts = self._counts
        counts[0] //= out
        for number in range(1, self._limit):
            counts[number] = (counts[number] - counts[number - 1] * within) // out
