"""What a strategy is asked in a conformance check: random small markets, and every question that each can bring.

A script is made from a number alone, so a failure can be repeated. It climbs a clock level by level, stops where
the strategy exits, then makes the final offer from the start as another session would, and asks for a report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from openoutcry.mechanisms.families import Linear, Threshold
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.strategies import OutcomeView, RaiseView, ReportView, Seat, StartView, bidder_random

GREATEST_WEIGHT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One seat in one random market.

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

    def seat(self) -> Seat:
        """Return the seat with a generator at its beginning."""
        name = self.market.bidders[self.bidder].name
        rng = bidder_random(self.number.to_bytes(8, "big"), name)
        return Seat(market=self.market, bidder=self.bidder, signal=self.signal, rng=rng)

    def describe(self) -> str:
        """Say for a person in which seat something happened."""
        levels = self.market.signal_levels
        return f"market {self.number}, signal {self.signal} of 0..{levels - 1}"


def make_script(number: int) -> Script:
    """Return the script that a number makes."""
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
    return Script(
        number=number,
        market=market,
        bidder=bidder,
        signal=random.randrange(levels),
        price=market.value(bidder, market.sums(signals)),
        target=target,
    )


def climb(seat: Seat, *, script: Script, is_offer: bool) -> Iterator[RaiseView]:
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


def start_view(seat: Seat) -> StartView:
    """Return what a strategy is shown at the start."""
    return StartView(seat=seat)


def report_view(seat: Seat) -> ReportView:
    """Return what a strategy is shown when its signal is asked for."""
    return ReportView(seat=seat, wave=0)


def outcome_view(seat: Seat, *, price: int) -> OutcomeView:
    """Return what a strategy is shown at the end, as the buyer."""
    name = seat.market.bidders[seat.bidder].name
    return OutcomeView(seat=seat, winner=name, price=price, payment=Fraction(price), utility=None)


def _valuation(random: Random, group_count: int) -> Linear | Threshold:
    weights = tuple(random.randrange(GREATEST_WEIGHT) for _ in range(group_count))
    if random.random() < 0.5:
        return Linear(constant=random.randrange(GREATEST_WEIGHT), weights=weights)
    return Threshold(
        value_reached=random.randrange(GREATEST_WEIGHT), at=random.randint(1, 5), weights=weights
    )
