"""Small instances whose values depend on how many bidders hold each signal, as plain tables by exact counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.tables import CountTable
from tests.reference.instances import Instance, State


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CountInstance(Instance):
    """Bidders in groups whose tables are by counts: how many of group 0 hold 0, 1, ..., then of group 1, and so on."""

    def __repr__(self) -> str:
        """Leave the tables out: there are hundreds of states, and whoever needs them has the seed."""
        return f"CountInstance(levels={self.levels}, group_of={self.group_of})"

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        # Hypothesis writes dataclasses out by their fields, unless they say this.
        printer.text(repr(self))

    def state(self, signals: Sequence[int]) -> State:
        """Return the counts of all groups, one after another."""
        return tuple(
            sum(signals[bidder] == signal for bidder in self.members(group))
            for group in range(self.group_count)
            for signal in range(self.levels)
        )

    def market(self) -> Market:
        """Return the same instance as the product's market."""
        sizes = tuple(len(self.members(group)) for group in range(self.group_count))
        states = sorted(
            all_counts(self.levels, self.group_of), key=lambda state: at_least(state, self.levels)
        )
        return Market(
            lot="lot",
            currency="USD",
            minor_units=0,
            signal_levels=self.levels,
            groups=tuple(f"group {group}" for group in range(self.group_count)),
            bidders=tuple(
                Bidder(
                    name=f"bidder {bidder}",
                    group=group,
                    valuation=CountTable(
                        members=sizes,
                        signal_levels=self.levels,
                        values=tuple(self.tables[bidder][state] for state in states),
                    ),
                )
                for bidder, group in enumerate(self.group_of)
            ),
            state_form="counts",
        )


def at_least(state: State, levels: int) -> State:
    """Return how many of each group hold at least 1, 2, ...: by this the product sorts its tables."""
    return tuple(
        sum(state[group + signal : group + levels])
        for group in range(0, len(state), levels)
        for signal in range(1, levels)
    )


def all_counts(levels: int, group_of: Sequence[int]) -> list[State]:
    """Return every possible state, those with a lower sum of signals first."""
    groups = [list(shared_out(group_of.count(group), levels)) for group in range(max(group_of) + 1)]
    found = [sum(parts, ()) for parts in product(*groups)]
    return sorted(found, key=lambda state: (total(state, levels), state))


def shared_out(members: int, levels: int) -> Iterator[State]:
    """Yield every way in which so many members can hold signals 0, 1, ..., levels - 1."""
    if levels == 1:
        yield (members,)
        return
    for lowest in range(members + 1):
        for rest in shared_out(members - lowest, levels - 1):
            yield (lowest, *rest)


def total(state: State, levels: int) -> int:
    """Return the sum of all signals."""
    return sum(place % levels * count for place, count in enumerate(state))


def states_below(state: State, levels: int) -> Iterator[State]:
    """Yield the states in which one bidder holds one less."""
    for place, count in enumerate(state):
        if count and place % levels:
            yield (*state[: place - 1], state[place - 1] + 1, count - 1, *state[place + 1 :])


def rising_count_tables(random: Random, levels: int, group_of: Sequence[int]) -> tuple[dict[State, int], ...]:
    """Return independent monotone tables with many ties."""
    tables = []
    for _ in group_of:
        table: dict[State, int] = {}
        for state in all_counts(levels, group_of):
            below = [table[lower] for lower in states_below(state, levels)]
            table[state] = max(below, default=0) + random.choice((0, 0, 1, 1, 2, 5))
        tables.append(table)
    return tuple(tables)


def owned_count_tables(
    levels: int, group_of: Sequence[int], owner_of: Callable[[State], int], growth: int
) -> tuple[dict[State, int], ...]:
    """Return monotone tables in which any choice of owners is realised, values growing with the sum of signals."""
    tables: tuple[dict[State, int], ...] = tuple({} for _ in group_of)
    for state in all_counts(levels, group_of):
        worth, owner = 2 * growth ** total(state, levels), owner_of(state)
        for bidder, table in enumerate(tables):
            table[state] = worth if bidder == owner else worth // growth
    return tables


def make_counts(
    random: Random, levels: int, group_of: tuple[int, ...], kind: str = "gentle"
) -> CountInstance:
    """Return an instance with random values full of ties (`ties`), or with random owners."""
    if kind == "ties":
        tables = rising_count_tables(random, levels, group_of)
    else:
        pool = range(len(group_of))
        growth = 10 if kind == "steep" else 2
        tables = owned_count_tables(levels, group_of, lambda _: random.choice(pool), growth)
    return CountInstance(levels=levels, group_of=group_of, tables=tables)


@st.composite
def count_instances(
    draw: st.DrawFn, max_bidders: int = 4, max_levels: int = 4, max_groups: int = 2
) -> CountInstance:
    """Draw a small instance of counts with k > 2 most of the time."""
    size = draw(st.integers(1, max_bidders))
    levels = draw(st.integers(2, max_levels))
    group_count = draw(st.integers(1, min(size, max_groups)))
    rest = size - group_count
    others = draw(st.lists(st.integers(0, group_count - 1), min_size=rest, max_size=rest))
    group_of = tuple(draw(st.permutations([*range(group_count), *others])))
    random = Random(draw(st.integers(0, 2**32 - 1)))
    return make_counts(random, levels, group_of, draw(st.sampled_from(["ties", "gentle", "steep"])))
