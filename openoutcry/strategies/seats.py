"""Seats: what one bidder knows from the start of a session to its end, and the randomness that it owns.

There are two kinds, as there are two kinds of markets: `Seat`, of a bidder with a signal, and `TypeSeat`, of a bidder
with a value of its own and a belief about the others. Drivers make them; strategies see them through views.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.belief import Belief, others_of


class WrongMarket(UsageError):
    """A strategy asked its view for what there is only in the other kind of market."""


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
    """The seat of a bidder with a signal.

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
class TypeSeat:
    """The seat of a bidder with a value of its own and a belief about the others.

    Attributes:
        market: The public market: what is sold, who else bids, and which types each may have.
        bidder: This bidder's index in `market.bidders`, 0..n-1.
        value: Index of its true type in its public list.
        knowledge: What it believes of all the others.
        mechanism: Name of the mechanism; empty where it is not known. Being asked may tell something under it.
        rng: This bidder's own generator.
    """

    market: TypeMarket
    bidder: int
    value: int
    knowledge: Belief
    rng: random.Random
    mechanism: str = ""

    def __post_init__(self) -> None:
        """Refuse a bidder, a type or a belief that does not fit the market.

        Raises:
            UsageError: The driver passed an index that the market does not have, or a belief about somebody else.
        """
        if not 0 <= self.bidder < len(self.market.bidders):
            raise UsageError(f"bidder {self.bidder} is not in a market of {len(self.market.bidders)}")
        if not 0 <= self.value < self.market.type_counts[self.bidder]:
            raise UsageError(f"type {self.value} is outside 0..{self.market.type_counts[self.bidder] - 1}")
        if self.knowledge.distribution.players != others_of(self.market, self.bidder):
            raise UsageError(
                f"the knowledge of {self.market.bidders[self.bidder].name} must be about all others"
            )

    @property
    def signal(self) -> int:
        """There is none; this says what there is instead.

        Raises:
            WrongMarket: Always.
        """
        raise WrongMarket(
            "there are no signals in this market: the bidder's own value is view.value, and what it knows "
            "of the others is view.knowledge"
        )


AnySeat = Seat | TypeSeat
