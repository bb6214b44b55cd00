"""Theorems 12 and 13 again, from the table of all profiles, and luck for the product's lottery.

`allocation` is the paper's pseudocode word for word: it fills x_i(s) for all k^n profiles. What follows from it is
computed by looking into that table only, never at entries or colours as the product finds them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb

from tests.reference.counts import CountInstance
from tests.reference.instances import Instance

COLOUR = "threshold-lottery/colour"
SLOT = "threshold-lottery/slot"
PRICE = "threshold-lottery/price"

Profile = tuple[int, ...]


def allocation(instance: Instance) -> dict[Profile, set[int]]:
    """Return, for every profile, who has a positive probability x_i(s) = 1/rho there."""
    served: dict[Profile, set[int]] = {signals: set() for signals in instance.profiles()}
    for signals in instance.profiles():
        best = instance.owner(instance.state(signals), range(instance.size))
        if best not in served[signals]:
            for higher in range(signals[best], instance.levels):
                served[replaced(signals, best, higher)].add(best)
    return served


def replaced(signals: Profile, bidder: int, signal: int) -> Profile:
    """Return a profile with another signal of one bidder."""
    return (*signals[:bidder], signal, *signals[bidder + 1 :])


def rho(instance: Instance) -> int:
    """Return how many bidders may be served at one profile, by the bound that fits the kind of values."""
    falls = comb(instance.levels, 2) if isinstance(instance, CountInstance) else instance.levels - 1
    return min(instance.size, instance.group_count * falls + 1)


def settlements(
    instance: Instance,
    served: Mapping[Profile, Collection[int]],
    signals: Profile,
    *,
    pricing: str,
    count: int,
    withheld: Collection[int] = (),
) -> dict[tuple[int | None, int], Fraction]:
    """Return the distribution of winner and price where each bidder of the table is served with probability 1/count."""
    found: dict[tuple[int | None, int], Fraction] = {}
    for bidder in served[signals]:
        lowest = next(
            own for own in range(instance.levels) if bidder in served[replaced(signals, bidder, own)]
        )
        tried = range(lowest, instance.levels) if pricing == "revenue" else [lowest]
        for own in tried:
            price = instance.value(bidder, replaced(signals, bidder, own))
            if price <= instance.value(bidder, signals) and bidder not in withheld:
                share = Fraction(1, count * len(tried))
                found[(bidder, price)] = found.get((bidder, price), Fraction(0)) + share
    unsold = 1 - sum(found.values(), Fraction(0))
    return found | {(None, 0): unsold} if unsold else found


@dataclass(frozen=True, slots=True, kw_only=True)
class LotteryTape:
    """Fixed luck of a threshold lottery; a `Chance`.

    Attributes:
        number: What the draw of a colour, or of a slot, gives.
        prices: Which of n prices is taken, at place n.
    """

    number: int
    prices: tuple[int, ...]

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Return the tape's number."""
        number = self.prices[n] if label == PRICE else {COLOUR: self.number, SLOT: self.number}[label]
        assert 0 <= number < n > 1
        return number

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Refuse: the lottery throws no coins."""
        raise AssertionError(label)

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Refuse: nor does it draw with weights."""
        raise AssertionError(label)

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Refuse: nor does it pick."""
        raise AssertionError(label)


def lottery_tapes(count: int, levels: int, pricing: str) -> Iterator[LotteryTape]:
    """Yield all luck where one of `count` colours or slots is drawn; every way to take one of 2, ..., k prices."""
    ways = (
        product(*(range(max(n, 1)) for n in range(levels + 1)))
        if pricing == "revenue"
        else [(0,) * (levels + 1)]
    )
    for prices in ways:
        for number in range(count):
            yield LotteryTape(number=number, prices=prices)
