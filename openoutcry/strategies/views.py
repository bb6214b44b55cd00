"""What a strategy is shown: its seat, and one frozen view for each occasion on which it is called.

A view holds nothing that the bidder could not know in an agent process of its own: the public market, its own
signal and its own randomness. It holds no other bidder's signal, clock or answer. Every driver makes these
views: the agent process, the simulation, the exact expectation and the counterfactual replay.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from openoutcry.errors import UsageError

if TYPE_CHECKING:
    from openoutcry.mechanisms.market import Market


def bidder_random(seed: bytes, name: str) -> random.Random:
    """Make the generator that a bidder owns in a session.

    Two bidders of one session, and one bidder under two seeds, get unrelated streams; nobody else draws from
    them, so one bidder's draws never disturb another's.

    Args:
        seed: The bidder's own entropy, or the seed of a local run; any length.
        name: The bidder's name.

    Returns:
        A generator that depends on nothing but the arguments.
    """
    digest = hashlib.sha256(
        b"openoutcry.bidder-random.v1\0" + len(seed).to_bytes(4, "big") + seed + name.encode()
    )
    return random.Random(int.from_bytes(digest.digest(), "big"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What one bidder knows from the start of a session to its end.

    Attributes:
        market: The public market: who else bids, in which group, and every valuation function.
        bidder: This bidder's index in `market.bidders`, 0..n-1.
        signal: This bidder's private signal, 0..k-1.
        rng: This bidder's own generator.
    """

    market: Market
    bidder: int
    signal: int
    rng: random.Random

    def __post_init__(self) -> None:
        """Refuse a bidder or a signal outside the market.

        Raises:
            UsageError: The driver passed an index or a signal that the market does not have.
        """
        if not 0 <= self.bidder < len(self.market.bidders):
            raise UsageError(f"bidder {self.bidder} is not in a market of {len(self.market.bidders)}")
        if not 0 <= self.signal < self.market.signal_levels:
            raise UsageError(f"signal {self.signal} is outside 0..{self.market.signal_levels - 1}")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What every occasion shows. Subclasses add what is particular to theirs.

    Attributes:
        seat: What the bidder knows throughout; the properties below read it.
    """

    seat: Seat

    @property
    def market(self) -> Market:
        """The public market."""
        return self.seat.market

    @property
    def bidder(self) -> int:
        """This bidder's index in the market, 0..n-1."""
        return self.seat.bidder

    @property
    def name(self) -> str:
        """This bidder's name."""
        return self.seat.market.bidders[self.seat.bidder].name

    @property
    def group(self) -> str:
        """The name of this bidder's expertise group."""
        market = self.seat.market
        return market.groups[market.bidders[self.seat.bidder].group]

    @property
    def signal(self) -> int:
        """This bidder's private signal, 0..signal_levels-1."""
        return self.seat.signal

    @property
    def signal_levels(self) -> int:
        """How many values a signal can have (k)."""
        return self.seat.market.signal_levels

    @property
    def rng(self) -> random.Random:
        """This bidder's own generator: draw from it and the run can be repeated from its seed."""
        return self.seat.rng

    def value(self, sums: Mapping[str, int]) -> int:
        """Say what the lot is worth to this bidder if the groups' signals add up to `sums`.

        Args:
            sums: One entry for each group name: the sum of that group's signals, this bidder's own included.

        Returns:
            The value in minor units.

        Raises:
            UsageError: A group is missing or unknown, or a sum is impossible.
        """
        market = self.seat.market
        if sorted(sums) != sorted(market.groups):
            raise UsageError(f"value() needs one sum for each of the groups {', '.join(market.groups)}")
        for index, group in enumerate(market.groups):
            highest = len(market.members(index)) * (market.signal_levels - 1)
            if not 0 <= sums[group] <= highest:
                raise UsageError(f"the signals of {group} cannot add up to {sums[group]}: say 0..{highest}")
        return market.value(self.seat.bidder, tuple(sums[group] for group in market.groups))

    def value_bounds(self, signal: int | None = None) -> tuple[int, int]:
        """Say between which values the lot must lie for this bidder, whatever the others know.

        Args:
            signal: Suppose this signal, 0..k-1, instead of the bidder's own.

        Returns:
            The value when everybody else's signal is 0, and when everybody else's is the highest; minor
            units.

        Raises:
            UsageError: The supposed signal is outside 0..k-1.
        """
        market, own = self.seat.market, self.seat.signal if signal is None else signal
        top = market.signal_levels - 1
        if not 0 <= own <= top:
            raise UsageError(f"signal {own} is outside 0..{top}")
        own_group = market.bidders[self.seat.bidder].group
        lowest, highest = [], []
        for group in range(len(market.groups)):
            mine = own if group == own_group else 0
            others = len(market.members(group)) - (1 if group == own_group else 0)
            lowest.append(mine)
            highest.append(mine + others * top)
        bidder = self.seat.bidder
        return market.value(bidder, tuple(lowest)), market.value(bidder, tuple(highest))


@dataclass(frozen=True, slots=True, kw_only=True)
class StartView(View):
    """The session has begun; nothing is asked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseView(View):
    """The bidder's clock is about to rise by one level: stay or exit.

    Attributes:
        level: The level asked now, 1..k-1.
        clock: The last level accepted, 0 when none was; always `level - 1`.
        price: None while information is being collected. In the final offer, what the lot costs this bidder
            once it has accepted `target`, in minor units.
        wave: Number of the wave that asks, from 0.
        target: In the final offer, the level whose acceptance buys the lot, at least `level`; else None.
    """

    level: int
    clock: int
    price: int | None
    wave: int
    target: int | None = None

    @property
    def is_offer(self) -> bool:
        """Whether this question belongs to the final offer, which sells the lot at `price`."""
        return self.price is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView(View):
    """The bidder must report its signal, once.

    Attributes:
        wave: Number of the wave that asks, from 0.
    """

    wave: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView(View):
    """The session has ended.

    Attributes:
        winner: Name of the buyer, None when the lot stays unsold.
        price: What the buyer pays for the lot, in minor units; 0 when unsold.
        payment: What this bidder pays in all, in minor units, exact.
        utility: This bidder's value less its payment, when the true value is known to it, else None.
    """

    winner: str | None
    price: int
    payment: Fraction
    utility: Fraction | None

    @property
    def won(self) -> bool:
        """Whether this bidder buys the lot."""
        return self.winner == self.name
