"""What a strategy is asked in a conformance check: random small markets, and every question that each can bring.

A script is made from a number alone, so a failure can be repeated. One in a market of signals climbs a clock level by
level, stops where the strategy exits, then makes the final offer from the start as another session would, and asks for
a report. Those in markets of types are in `bidder_agent.conformance.type_scripts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from random import Random
from typing import Protocol

from bidder_agent.guard import Question
from openoutcry.mechanisms.families import Linear, Threshold
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.strategies import (
    AnySeat,
    OutcomeView,
    RaiseView,
    ReportView,
    Seat,
    StartView,
    bidder_random,
)

GREATEST_WEIGHT = 100


class Kind(Enum):
    """What a strategy may be made for; one that is made for another kind of market need not play it."""

    SIGNALS = "signals, clock and sealed"
    REPORTS = "reports of values and beliefs"
    PRICES = "prices, rising and posted"
    BUNDLES = "reports of values by bundle"


class Script(Protocol):
    """One seat in one random market, and what is asked there."""

    @property
    def kind(self) -> Kind:
        """What it takes to play it."""
        ...

    def seat(self) -> AnySeat:
        """Return the seat with a generator at its beginning."""
        ...

    def rounds(self, seat: AnySeat) -> Iterable[Iterable[Question]]:
        """Return the questions; those of one round end with an exit."""
        ...

    def outcome(self, seat: AnySeat) -> OutcomeView:
        """Return what a strategy is shown at the end."""
        ...

    def describe(self) -> str:
        """Say for a person in which seat something happened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalScript:
    """One seat in one random market of signals.

    Attributes:
        number: From which it was made.
        market: Public.
        bidder: Place of the bidder.
        signal: Its private signal.
        price: Of the final offer.
        target: Level of the final offer.
    """

    number: int
    market: Market
    bidder: int
    signal: int
    price: int
    target: int

    @property
    def kind(self) -> Kind:
        """What it takes to play it."""
        return Kind.SIGNALS

    def seat(self) -> Seat:
        """Return the seat with a generator at its beginning."""
        name = self.market.bidders[self.bidder].name
        rng = bidder_random(self.number.to_bytes(8, "big"), name)
        return Seat(market=self.market, bidder=self.bidder, signal=self.signal, rng=rng)

    def rounds(self, seat: AnySeat) -> Iterable[Iterable[Question]]:
        """Return the climb, the final offer, and the sealed form."""
        return (
            climb(seat, script=self, is_offer=False),
            climb(seat, script=self, is_offer=True),
            (ReportView(seat=seat, wave=0),),
        )

    def outcome(self, seat: AnySeat) -> OutcomeView:
        """Return what a strategy is shown at the end, as the buyer."""
        name = seat.market.bidders[seat.bidder].name
        return OutcomeView(
            seat=seat, winner=name, price=self.price, payment=Fraction(self.price), utility=None
        )

    def describe(self) -> str:
        """Say for a person in which seat something happened."""
        levels = self.market.signal_levels
        return f"market {self.number}, signal {self.signal} of 0..{levels - 1}"


def make_script(number: int) -> SignalScript:
    """Return the script in a market of signals that a number makes."""
    random = Random(number)
    levels = random.randint(2, 6)
    groups = tuple(f"group {letter}" for letter in "abc"[: random.randint(1, 3)])
    count = random.randint(len(groups), 6)
    bidders = tuple(
        Bidder(
            name=f"bidder {index}",
            # Every group has a member; the rest fall where they may.
            group=index if index < len(groups) else random.randrange(len(groups)),
            valuation=_valuation(random, len(groups)),
        )
        for index in range(count)
    )
    market = Market(
        lot="conformance lot",
        currency="XTS",
        minor_units=0,
        signal_levels=levels,
        groups=groups,
        bidders=bidders,
    )
    bidder = random.randrange(count)
    target = random.randrange(1, levels)
    signals = [random.randrange(levels) for _ in bidders]
    signals[bidder] = target
    return SignalScript(
        number=number,
        market=market,
        bidder=bidder,
        signal=random.randrange(levels),
        price=market.value(bidder, market.state(signals)),
        target=target,
    )


def climb(seat: AnySeat, *, script: SignalScript, is_offer: bool) -> Iterator[RaiseView]:
    """Yield the questions of one climb; whoever drives stops after an exit."""
    highest = script.target if is_offer else script.market.signal_levels - 1
    for level in range(1, highest + 1):
        yield RaiseView(
            seat=seat,
            level=level,
            clock=level - 1,
            price=script.price if is_offer else None,
            wave=level - 1,
            target=script.target if is_offer else None,
        )


def start_view(seat: AnySeat) -> StartView:
    """Return what a strategy is shown at the start."""
    return StartView(seat=seat)


def _valuation(random: Random, group_count: int) -> Linear | Threshold:
    weights = tuple(random.randrange(GREATEST_WEIGHT) for _ in range(group_count))
    if random.random() < 0.5:
        return Linear(constant=random.randrange(GREATEST_WEIGHT), weights=weights)
    return Threshold(
        value_reached=random.randrange(GREATEST_WEIGHT), at=random.randint(1, 5), weights=weights
    )
