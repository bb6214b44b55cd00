"""Small instances as plain tables, with their own reading of sums, owners and optimum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from hypothesis import strategies as st

from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.tables import Table

State = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Bidders in groups with tables of values; deliberately not the product's market.

    Attributes:
        levels: k, signals are 0..k-1.
        group_of: Length n.
        tables: Length n: value by vector of group sums.
    """

    levels: int
    group_of: tuple[int, ...]
    tables: tuple[dict[State, int], ...]

    @property
    def size(self) -> int:
        """Return n."""
        return len(self.group_of)

    @property
    def group_count(self) -> int:
        """Return l."""
        return max(self.group_of) + 1

    def members(self, group: int) -> list[int]:
        """Return who is in a group."""
        return [bidder for bidder in range(self.size) if self.group_of[bidder] == group]

    def state(self, signals: Sequence[int]) -> State:
        """Return the vector of group sums."""
        return tuple(
            sum(signals[bidder] for bidder in range(self.size) if self.group_of[bidder] == group)
            for group in range(self.group_count)
        )

    def value(self, bidder: int, signals: Sequence[int]) -> int:
        """Return a bidder's value at a profile of signals."""
        return self.tables[bidder][self.state(signals)]

    def owner(self, state: State, candidates: Sequence[int]) -> int:
        """Return the first of the best."""
        best = max(self.tables[bidder][state] for bidder in candidates)
        return min(bidder for bidder in candidates if self.tables[bidder][state] == best)

    def only(self, present: Sequence[int]) -> Instance:
        """Return the instance of some bidders, the others' signals counting 0 and emptied groups left out."""
        groups = sorted({self.group_of[bidder] for bidder in present})
        group_of = tuple(groups.index(self.group_of[bidder]) for bidder in present)

        def full(state: State) -> State:
            return tuple(
                state[groups.index(group)] if group in groups else 0 for group in range(self.group_count)
            )

        states = all_states(self.levels, group_of)
        tables = tuple({state: self.tables[bidder][full(state)] for state in states} for bidder in present)
        return Instance(levels=self.levels, group_of=group_of, tables=tables)

    def profiles(self) -> Iterator[State]:
        """Yield every profile of signals."""
        yield from product(range(self.levels), repeat=self.size)

    def market(self) -> Market:
        """Return the same instance as the product's market."""
        return Market(
            lot="lot",
            currency="USD",
            minor_units=0,
            signal_levels=self.levels,
            groups=tuple(f"group {group}" for group in range(self.group_count)),
            bidders=tuple(
                Bidder(
                    name=f"bidder {bidder}",
                    group=self.group_of[bidder],
                    valuation=Table(
                        shape=tuple(top + 1 for top in state_tops(self.levels, self.group_of)),
                        values=tuple(self.tables[bidder].values()),
                    ),
                )
                for bidder in range(self.size)
            ),
        )


def state_tops(levels: int, group_of: Sequence[int]) -> State:
    """Return the largest sum of each group."""
    return tuple(group_of.count(group) * (levels - 1) for group in range(max(group_of) + 1))


def all_states(levels: int, group_of: Sequence[int]) -> list[State]:
    """Return every vector of group sums, the last group's sum running fastest."""
    return list(product(*(range(top + 1) for top in state_tops(levels, group_of))))


def single_group(levels: int, rows: Sequence[Sequence[int]]) -> Instance:
    """Return an instance with one group; `rows[i][q]` is bidder i's value at level q."""
    tables: tuple[dict[State, int], ...] = tuple(
        {(level,): value for level, value in enumerate(row)} for row in rows
    )
    return Instance(levels=levels, group_of=(0,) * len(rows), tables=tables)


def rising_tables(random: Random, levels: int, group_of: Sequence[int]) -> tuple[dict[State, int], ...]:
    """Return independent monotone tables with many ties: each step up adds little or nothing."""
    tables = []
    for _ in group_of:
        table: dict[State, int] = {}
        for state in all_states(levels, group_of):
            below = [
                table[(*state[:group], state[group] - 1, *state[group + 1 :])]
                for group in range(len(state))
                if state[group] > 0
            ]
            table[state] = max(below, default=0) + random.choice((0, 0, 1, 1, 2, 5))
        tables.append(table)
    return tuple(tables)


def owned_tables(
    levels: int,
    group_of: Sequence[int],
    owner_of: Callable[[State], int],
    growth: int,
) -> tuple[dict[State, int], ...]:
    """Return monotone tables in which any choice of owners is realised.

    The owner's value is twice `growth` to the power of the rank (the sum of all sums); everybody else is
    worth what an owner was worth one rank below, which is the least that monotonicity allows.
    """
    tables: tuple[dict[State, int], ...] = tuple({} for _ in group_of)
    for state in all_states(levels, group_of):
        worth = 2 * growth ** sum(state)
        owner = owner_of(state)
        for bidder, table in enumerate(tables):
            table[state] = worth if bidder == owner else worth // growth
    return tables


@st.composite
def instances(
    draw: st.DrawFn,
    max_bidders: int = 4,
    max_levels: int = 4,
    max_groups: int = 2,
    min_bidders: int = 1,
    max_states: int = 400,
) -> Instance:
    """Draw a small instance: tables full of ties, or arbitrary owners with gentle or steep values."""
    size = draw(st.integers(min_bidders, max_bidders))
    levels = draw(st.integers(2, max_levels))
    group_count = draw(st.integers(1, min(size, max_groups)))
    rest = size - group_count
    others = draw(st.lists(st.integers(0, group_count - 1), min_size=rest, max_size=rest))
    group_of = tuple(draw(st.permutations([*range(group_count), *others])))
    if len(all_states(levels, group_of)) > max_states:
        levels = 2
    random = Random(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["ties", "gentle", "steep", "few owners"]))
    if kind == "ties":
        tables = rising_tables(random, levels, group_of)
    else:
        pool = range(size) if kind != "few owners" else [random.randrange(size), random.randrange(size)]
        growth = 10 if kind == "steep" else 2
        tables = owned_tables(levels, group_of, lambda _: random.choice(pool), growth)
    return Instance(levels=levels, group_of=group_of, tables=tables)


def profiles_of(instance: Instance) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw a profile of signals for an instance."""
    return st.tuples(*(st.integers(0, instance.levels - 1) for _ in range(instance.size)))


def tight_for_welfare() -> tuple[Instance, tuple[int, ...]]:
    """Return owners 0, 0, 1, 2, 3 of levels 0..4, only one of value at level 2, and signals 1, 0, 1, 0."""
    rows = ((0, 0, 0, 0, 0), (0, 0, 1, 1, 1), (0, 0, 0, 2, 2), (0, 0, 0, 0, 3))
    return single_group(2, rows), (1, 0, 1, 0)


def tight_for_revenue() -> tuple[Instance, tuple[int, ...]]:
    """Return owners 0, 1, 1, 2 of levels 0..3, worthless at level 0, with signals 1, 0, 0."""
    rows = ((0, 0, 0, 0), (0, 1, 10, 10), (0, 0, 0, 11))
    return single_group(2, rows), (1, 0, 0)


def all_tied_at_the_bottom(size: int) -> tuple[Instance, tuple[int, ...]]:
    """Return n bidders worth nothing at level 0 and bidder 0 worth 100 above it, with signals 1, 0, .., 0."""
    rows = [(0, *([100 if bidder == 0 else 0] * size)) for bidder in range(size)]
    return single_group(2, rows), (1, *([0] * (size - 1)))
