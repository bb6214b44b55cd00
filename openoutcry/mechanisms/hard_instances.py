"""Markets on which no ex-post incentive compatible auction does well: the paper's two lower bounds.

Each has a common profile of signals, and around it one profile for each bidder, at which that bidder alone is worth
serving and has a signal no higher than in the common one. Truthful auctions are monotone in a bidder's own signal, so
whoever must often be served at its own profile must be served as often at the common one, and there probabilities add
up to at most 1.

As printed neither set of values separates the bidders: at some profile another bidder is worth as much or more, and the
argument proves less. Both forms are here, `printed` and repaired, so that anybody can see it. Studies and tests call
this.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.counts import at_least, count_states
from openoutcry.mechanisms.families import GREATEST_VALUE, Threshold
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.tables import CountTable


@dataclass(frozen=True, slots=True, kw_only=True)
class HardInstance:
    """A market with the profiles that a lower bound argues with.

    Attributes:
        market: Its bidders.
        signals: Length n: the profile at which all of them compete.
        entries: Length n: for each bidder the lower own signal at which it is meant to be the only one worth serving,
            the others' as in `signals`; for the last bidder its signal there.
        target: What the bound says that no ex-post incentive compatible auction approximates better than: n.
    """

    market: Market
    signals: tuple[int, ...]
    entries: tuple[int, ...]
    target: int

    def profile(self, bidder: int) -> tuple[int, ...]:
        """Return the profile at which a bidder is meant to be the only one worth serving."""
        return (*self.signals[:bidder], self.entries[bidder], *self.signals[bidder + 1 :])

    def rivalry(self, bidder: int) -> Fraction:
        """Return the best value of anybody else at a bidder's profile as a share of its own.

        Near 0 the bidder stands alone; at 1 and above serving another one is as good, and nothing is proved of it.
        """
        state = self.market.state(self.profile(bidder))
        own = self.market.value(bidder, state)
        others = (other for other in range(len(self.market.bidders)) if other != bidder)
        return Fraction(max((self.market.value(other, state) for other in others), default=0), own)

    @property
    def is_separating(self) -> bool:
        """Whether each bidder is strictly the best at its profile, so that the argument counts all of them."""
        return all(self.rivalry(bidder) < 1 for bidder in range(len(self.market.bidders)))

    @property
    def proved(self) -> Fraction:
        """The approximation of the greatest welfare that this market proves to be out of reach; below `target`.

        Let an auction keep a share 1/a of the greatest welfare at every profile. At the profile of a bidder with
        rivalry r < 1 it serves it with probability at least (1/a - r)/(1 - r), hence also at `signals`. These add up to
        at most 1, over any set of bidders; those of least rivalry prove most.
        """
        best = Fraction(1)
        needed, weight = Fraction(1), Fraction(0)
        for rivalry in sorted(self.rivalry(bidder) for bidder in range(len(self.market.bidders))):
            if rivalry >= 1:
                break
            needed += rivalry / (1 - rivalry)
            weight += 1 / (1 - rivalry)
            best = max(best, weight / needed)
        return best


def hard_sums(groups: int, levels: int, *, growth: int = 10, printed: bool = False) -> HardInstance:
    """Return the market of Theorem 6: no auction beats l(k-1) + 1 where values depend on group sums.

    The quality is the sum of the group sums with weights 1, k, k^2, ... To bidder (g, d), for d = 1..k-1, the lot is
    worth something as soon as the quality is no further below that of the common profile than a fall of its own signal
    by d takes it. To one more bidder it is worth something from that quality on.

    Args:
        groups: l, at least 1.
        levels: k, at least 2.
        growth: H, at least 2: how much more valuable each bidder is than the next.
        printed: Values as the paper prints them: Delta_i = H^(i-1), so that whoever is already worth something
            at a lower quality is worth more, and stands alone nowhere else unless l = 1, k = 2.

    Raises:
        ConfigurationError: A size is too small, or values pass 2^63-1.

    Source: CLOCK, Theorem 6, with Delta_i = H^(l(k-1) - i) for bidder i = 1..l(k-1), and H^(l(k-1)) for the last.
    """
    last = groups * (levels - 1)
    _check_sizes(groups, levels, growth, last)
    weights = tuple(levels**group for group in range(groups))
    quality = sum(weight * (levels - 1) ** 2 for weight in weights)
    bidders, entries = [], []
    for place in range(last):
        group, fall = place // (levels - 1), place % (levels - 1) + 1
        exponent = place if printed else last - 1 - place
        worth = Threshold(value_reached=growth**exponent, at=quality - fall * weights[group], weights=weights)
        bidders.append(Bidder(name=f"group {group} fall {fall}", group=group, valuation=worth))
        entries.append(levels - 1 - fall)
    top = Threshold(value_reached=growth**last, at=quality, weights=weights)
    bidders.append(Bidder(name="at the top", group=0, valuation=top))
    market = _market(f"Theorem 6, l = {groups}, k = {levels}", groups, levels, tuple(bidders))
    signals = (*((levels - 1,) * last), 0)
    return HardInstance(market=market, signals=signals, entries=(*entries, 0), target=last + 1)


def hard_counts(groups: int, levels: int, *, growth: int = 10, printed: bool = False) -> HardInstance:
    """Return the market of Theorem 11: no auction beats l C(k, 2) + 1 where values depend on counts.

    Bidder (g, i, j), for i = 1..k-1 and j = 0..i-1, holds i in the common profile, and to it the lot is worth something
    in the state in which it holds j instead, and wherever signals are higher. To one more bidder it is worth something
    at the common state, and wherever signals are higher.

    Args:
        groups: l, at least 1.
        levels: k, at least 2.
        growth: M, at least 2: how much more valuable each bidder is than the next.
        printed: Values as the paper prints them, M^j for bidder (g, i, j). For k >= 3 the state of (g, 1, 0), with
            signals {0, 2, 2}, lies above that of (g, 2, 0), with {0, 1, 2}, and the two bidders tie there.

    Raises:
        ConfigurationError: A size is too small, values pass 2^63-1, or there are more states than anybody writes out.

    Source: CLOCK, Theorem 11, with M^(k-1-(i-j)) in place of M^j: of two states one lies above the other only if
    it is that of a smaller fall.
    """
    _check_sizes(groups, levels, growth, levels)
    falls = [
        (group, held, entry) for group in range(groups) for held in range(1, levels) for entry in range(held)
    ]
    names = [f"group {group} from {held} to {entry}" for group, held, entry in falls]
    signals = (*(held for _, held, _ in falls), 0)
    entries = (*(entry for _, _, entry in falls), 0)
    counts = [[0] * levels for _ in range(groups)]
    for group, held, _ in (*falls, (0, 0, 0)):
        counts[group][held] += 1
    members = tuple(map(sum, counts))
    states = _list_states(members, levels)
    bidders = []
    for name, (group, held, entry) in zip(names, falls, strict=True):
        below = [list(row) for row in counts]
        below[group][held] -= 1
        below[group][entry] += 1
        worth = growth ** (entry if printed else levels - 1 - (held - entry))
        table = _from_state_on(below, worth, states, members, levels)
        bidders.append(Bidder(name=name, group=group, valuation=table))
    top = _from_state_on(counts, growth**levels, states, members, levels)
    bidders.append(Bidder(name="at the top", group=0, valuation=top))
    market = _market(
        f"Theorem 11, l = {groups}, k = {levels}", groups, levels, tuple(bidders), by_counts=True
    )
    return HardInstance(market=market, signals=signals, entries=entries, target=len(bidders))


STATES_LIMIT = 200_000
"""States of counts that are written out for each bidder."""


def _list_states(members: tuple[int, ...], levels: int) -> list[tuple[int, ...]]:
    states = []
    for state in count_states(members, levels):
        states.append(state)
        if len(states) > STATES_LIMIT:
            raise ConfigurationError(
                f"{len(members)} groups with {levels} signal levels have more than {STATES_LIMIT:,} states of counts: "
                "take fewer"
            )
    return states


def _from_state_on(
    counts: list[list[int]], worth: int, states: list[tuple[int, ...]], members: tuple[int, ...], levels: int
) -> CountTable:
    """Return a value at a state and at all states that higher signals lead to; 0 elsewhere."""
    least = tuple(entry for row in counts for entry in at_least(row))
    values = tuple(
        worth if all(entry >= bound for entry, bound in zip(state, least, strict=True)) else 0
        for state in states
    )
    return CountTable(members=members, signal_levels=levels, values=values)


def _check_sizes(groups: int, levels: int, growth: int, greatest_exponent: int) -> None:
    if groups < 1 or levels < 2 or growth < 2:
        raise ConfigurationError(
            f"{groups} groups, {levels} signal levels and growth {growth} make no such market: take at least 1, 2 and 2"
        )
    if greatest_exponent > 62 or growth**greatest_exponent > GREATEST_VALUE:
        raise ConfigurationError(
            f"values grow to {growth}^{greatest_exponent}, above 2^63-1: take a smaller growth, fewer groups or levels"
        )


def _market(
    lot: str, groups: int, levels: int, bidders: tuple[Bidder, ...], *, by_counts: bool = False
) -> Market:
    return Market(
        lot=lot,
        currency="unit",
        minor_units=0,
        signal_levels=levels,
        groups=tuple(f"group {group}" for group in range(groups)),
        bidders=bidders,
        state_form="counts" if by_counts else "sums",
    )
