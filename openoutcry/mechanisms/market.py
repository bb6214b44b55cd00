"""A market: who bids, in which expertise group, and what the lot is worth to whom at which quality.

Construction checks every invariant that a mechanism relies on and refuses by name: names, group membership,
sizes, and valuations that are not integers in 0..2^63-1 or fall when a signal rises. Mechanisms, scenarios,
bidders' views and the exact expectation all read the same market. It holds nothing private.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from openoutcry.errors import MarketError, UsageError
from openoutcry.mechanisms.counts import at_least
from openoutcry.mechanisms.parameters import show, suggest
from openoutcry.mechanisms.valuations import Valuation

NAME_LIMIT = 64
"""Characters of a bidder's or group's name: it must fit a table on a terminal."""

LOT_LIMIT = 200
"""Characters of the lot's description: one line."""

CURRENCY_LIMIT = 16
"""Characters of the currency: a code such as USD, or a short word."""

MINOR_UNITS_LIMIT = 18
"""Decimal digits of one money integer that may stand behind the point: int64 has 19."""

BIDDER_LIMIT = 10_000
"""As many as one roster may name in a session."""

GROUP_LIMIT = 256
"""The state has numbers for each group: beyond this nobody can read it, and decoding would slow down."""

SIGNAL_LEVELS_LIMIT = 1024
"""A clock asks one question a level: more levels than this make an auction that nobody waits for."""

StateForm = Literal["sums", "counts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bidder:
    """What everybody knows about a bidder.

    Attributes:
        name: 1..64 printable characters, unique in the market.
        group: Index of its expertise group, 0..l-1.
        valuation: Its value for the lot as a function of the state.
    """

    name: str
    group: int
    valuation: Valuation


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One lot and those who may buy it.

    A *state* is all that values depend on. In the form of `sums` it is the vector of group signal sums: entry g lies in
    0..n_g(k-1), where n_g counts the group's members. In the form of `counts` it says how many members of each group
    hold each signal value: k-1 entries for each group, of members whose signal is at least 1, ..., k-1. With k = 2 the
    two are the same.

    Attributes:
        lot: What is sold, one line.
        currency: Of every value and price.
        minor_units: Digits of one money integer behind the decimal point, 0..18; for display only.
        signal_levels: k >= 2; signals are 0..k-1.
        groups: Length l >= 1: unique names.
        bidders: Length n >= 1, in roster order.
        state_form: What values depend on: `sums` or `counts`.
        reduced: Made by `restricted`: groups may be without members, and tables may cover more states than
            occur.

    Raises:
        MarketError: One of these does not hold; the message names what.
    """

    lot: str
    currency: str
    minor_units: int
    signal_levels: int
    groups: tuple[str, ...]
    bidders: tuple[Bidder, ...]
    state_form: StateForm = "sums"
    reduced: bool = False
    _members: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    _kept_owners: dict[Hashable, Sequence[int]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Check the invariants and note who is in which group."""
        check_lot(self.lot, self.currency, self.minor_units)
        check_signal_levels(self.signal_levels)
        if self.state_form not in ("sums", "counts"):
            raise MarketError(f"state must be sums or counts, not {show(self.state_form)}")
        check_names("group", self.groups)
        check_names("bidder", [bidder.name for bidder in self.bidders])
        if len(self.bidders) > BIDDER_LIMIT or len(self.groups) > GROUP_LIMIT:
            given = f"{len(self.bidders)} bidders in {len(self.groups)} groups"
            raise MarketError(f"{given}; a market has at most {BIDDER_LIMIT} in {GROUP_LIMIT}")
        members: list[list[int]] = [[] for _ in self.groups]
        for index, bidder in enumerate(self.bidders):
            _check_integer(bidder.group, f"the group of bidder {bidder.name!r}", 0, len(self.groups) - 1)
            members[bidder.group].append(index)
        object.__setattr__(self, "_members", tuple(map(tuple, members)))
        if not self.reduced:
            self._check_state_space()

    @property
    def names(self) -> tuple[str, ...]:
        """The bidders' names, in roster order."""
        return tuple(bidder.name for bidder in self.bidders)

    def members(self, group: int) -> tuple[int, ...]:
        """Return the roster indices of a group's members, rising."""
        return self._members[group]

    @property
    def kept_owners(self) -> dict[Hashable, Sequence[int]]:
        """What `ownership.recall_owners` has worked out before; nobody else looks at it."""
        return self._kept_owners

    @property
    def is_by_counts(self) -> bool:
        """Whether values depend on more than the group sums: counts of more than two signal values."""
        return self.state_form == "counts" and self.signal_levels > 2

    def sums(self, signals: Sequence[int]) -> tuple[int, ...]:
        """Return the group signal sums, length l, of `signals`: length n, each in 0..k-1."""
        totals = [0] * len(self.groups)
        for bidder, signal in zip(self.bidders, signals, strict=True):
            totals[bidder.group] += signal
        return tuple(totals)

    def state(self, signals: Sequence[int]) -> tuple[int, ...]:
        """Return the state at `signals`: length n, each in 0..k-1."""
        if not self.is_by_counts:
            return self.sums(signals)
        counts = [[0] * self.signal_levels for _ in self.groups]
        for bidder, signal in zip(self.bidders, signals, strict=True):
            counts[bidder.group][signal] += 1
        return self.state_of_counts(counts)

    def state_of_counts(self, counts: Sequence[Sequence[int]]) -> tuple[int, ...]:
        """Return the state in which, for each group, so many members hold signal 0, 1, ..., k-1."""
        if not self.is_by_counts:
            return tuple(sum(signal * count for signal, count in enumerate(group)) for group in counts)
        return tuple(entry for group in counts for entry in at_least(group))

    def lowered(self, state: tuple[int, ...], group: int, held: int, signal: int) -> tuple[int, ...]:
        """Return the state in which one member of `group` that holds `held` holds `signal` instead.

        Args:
            state: Some member of the group holds `held` in it.
            group: Index of the group.
            held: 0..k-1.
            signal: 0..held.
        """
        if not self.is_by_counts:
            return (*state[:group], state[group] - (held - signal), *state[group + 1 :])
        first = group * (self.signal_levels - 1) + signal
        last = first + held - signal
        return (*state[:first], *[entry - 1 for entry in state[first:last]], *state[last:])

    def value(self, bidder: int, state: tuple[int, ...]) -> int:
        """Return what the lot is worth to a bidder at a state, in minor units."""
        return self.bidders[bidder].valuation.value(state)

    def owner(self, state: tuple[int, ...], candidates: Iterable[int]) -> int:
        """Return the candidate with the highest value at a state, the lowest index among equals.

        Source: CLOCK, h(s). One owner for each state: with all of the argmax as owners Lemma 1 fails.

        Raises:
            UsageError: There are no candidates.
        """
        values = {bidder: self.value(bidder, state) for bidder in sorted(candidates)}
        if not values:
            raise UsageError("owner: there must be at least one candidate")
        return max(values, key=values.__getitem__)

    def optimum(self, signals: Sequence[int]) -> tuple[int, int]:
        """Return who values the lot most at these signals, and that value: the greatest welfare possible."""
        state = self.state(signals)
        owner = self.owner(state, range(len(self.bidders)))
        return owner, self.value(owner, state)

    def restricted(self, present: Sequence[int]) -> Market:
        """Return the market of those bidders only, with the same groups.

        Args:
            present: Roster indices, strictly rising, at least one. They become 0, 1, ... in the new market.

        Raises:
            UsageError: `present` is empty, not rising, or names nobody.
        """
        rising = all(before < after for before, after in pairwise(present))
        if not present or not rising or present[0] < 0 or present[-1] >= len(self.bidders):
            raise UsageError(
                f"restricted: {tuple(present)} is no rising choice of 0..{len(self.bidders) - 1}"
            )
        if len(present) == len(self.bidders):
            return self
        return Market(
            lot=self.lot,
            currency=self.currency,
            minor_units=self.minor_units,
            signal_levels=self.signal_levels,
            groups=self.groups,
            bidders=tuple(self.bidders[index] for index in present),
            state_form=self.state_form,
            reduced=True,
        )

    def _check_state_space(self) -> None:
        for name, members in zip(self.groups, self._members, strict=True):
            if not members:
                raise MarketError(f"group {name!r} has no members; remove it or put a bidder into it")
        highest = [[0] * (self.signal_levels - 1) + [len(members)] for members in self._members]
        top = self.state_of_counts(highest)
        for bidder in self.bidders:
            try:
                bidder.valuation.check(top)
            except MarketError as error:
                raise MarketError(f"bidder {bidder.name!r}: {error}") from error


def check_label(text: object, what: str, limit: int) -> str:
    """Return `text` if it is 1..limit printable characters without space at either end.

    Raises:
        MarketError: It is not; the message begins with `what`.
    """
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        raise MarketError(f"{what} must be text of 1..{limit} characters, not {show(text)}")
    if not text.isprintable() or text != text.strip():
        raise MarketError(f"{what} {show(text)} holds control characters, or space at an end")
    return text


def check_lot(lot: object, currency: object, minor_units: object) -> None:
    """Refuse a description of what is sold and for which money that cannot be shown.

    Raises:
        MarketError: Naming what is wrong.
    """
    check_label(lot, "lot", LOT_LIMIT)
    check_label(currency, "currency", CURRENCY_LIMIT)
    _check_integer(minor_units, "minor_units", 0, MINOR_UNITS_LIMIT)


def check_signal_levels(signal_levels: object) -> None:
    """Refuse numbers of signal levels that no market has.

    Raises:
        MarketError: It is no integer in 2..1024.
    """
    _check_integer(signal_levels, "signal_levels", 2, SIGNAL_LEVELS_LIMIT)


def check_names(kind: str, names: Sequence[str]) -> None:
    """Refuse no names, bad names and equal names; `kind` says whose.

    Raises:
        MarketError: Naming the name.
    """
    if not names:
        raise MarketError(f"there is no {kind}; a market needs at least one")
    seen: set[str] = set()
    for name in names:
        check_label(name, f"{kind} name", NAME_LIMIT)
        if name in seen:
            raise MarketError(f"two {kind}s are named {name!r}; names must be unique")
        seen.add(name)


def _check_integer(number: object, what: str, least: int, greatest: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= greatest:
        raise MarketError(f"{what} must be an integer in {least}..{greatest}, not {show(number)}")


def group_index(groups: Sequence[str], name: object) -> int:
    """Return the index of a group by its name.

    Raises:
        MarketError: No group has this name; the nearest one is suggested.
    """
    if not isinstance(name, str) or name not in groups:
        raise MarketError(f"unknown group {show(name)}{suggest(name, groups)}")
    return groups.index(name)
