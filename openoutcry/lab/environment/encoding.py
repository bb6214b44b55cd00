"""What a bidder observes and may do, as numbers: one encoding for the environment and for sessions.

Decides the layout of an observation. It holds what a bidder may know in a session and nothing else: its own signal and
clock, the question that it is asked now, and public numbers of the market. It leaves out the number of the wave, so
that a policy is as exactly judged by `auctioneer expect` as any strategy that answers by its view alone. Called by the
environment and by `PolicyStrategy`, which therefore see the same vector in the same place.

An observation is a vector of 12 + 2k numbers in 0..1, float32. The first 12 are those of `Field`. Then come k values of
the lot to this bidder, if everybody held signal 0, 1, ..., k-1, and k values to whoever of the others would then value
it most. Its length depends on k alone: a policy goes from one market to another, and bears bidders that stay away.
Money is divided by the market's *scale*: the greatest value that the lot can have to anybody, at least 1 minor unit.
"""

from __future__ import annotations

import random
from collections import deque
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.market import Market
from openoutcry.strategies import Seat, StartView

Observation = NDArray[np.float32]

VALUES_LIMIT = 2**20
"""Values behind the two curves, n times k: working more of them out takes seconds before the first question."""

_KEPT = 4


class Action(IntEnum):
    """What a bidder does in a step.

    `WAIT` is for whoever is not asked. A bidder that is asked and waits does not answer, and silence is an exit, as in
    a session. Whatever a bidder does when it is not asked has no effect.
    """

    WAIT = 0
    STAY = 1
    EXIT = 2


class Field(IntEnum):
    """Places in an observation; k is the number of signal levels, n of bidders."""

    ASKED = 0
    """1 when this bidder is asked now, else 0; LEVEL, OFFER, TARGET and PRICE are 0 then."""
    OFFER = 1
    """1 when the question is part of the final offer."""
    SIGNAL = 2
    """Own signal, divided by k-1."""
    CLOCK = 3
    """Last level accepted, divided by k-1."""
    LEVEL = 4
    """Level asked now, divided by k-1."""
    TARGET = 5
    """Level whose acceptance buys the lot, divided by k-1; 0 without an offer."""
    PRICE = 6
    """Price of the offer, divided by the scale, at most 1; 0 without an offer."""
    LEAST = 7
    """What the lot is worth to this bidder if all other signals are 0, divided by the scale."""
    MOST = 8
    """The same if all other signals are the highest."""
    PLACE = 9
    """Own place in the roster, divided by n-1: earlier bidders are favoured by ties."""
    BIDDERS = 10
    """1/n."""
    GROUP = 11
    """Share of the bidders that are in this bidder's expertise group."""


def observation_length(signal_levels: int) -> int:
    """Return how many numbers an observation has: 12 + 2k."""
    return len(Field) + 2 * signal_levels


def own_curve(signal_levels: int) -> slice:
    """Return where an observation holds what the lot is worth to this bidder if everybody holds signal 0..k-1."""
    return slice(len(Field), len(Field) + signal_levels)


def rival_curve(signal_levels: int) -> slice:
    """Return where an observation holds the greatest of those values among all other bidders."""
    return slice(len(Field) + signal_levels, len(Field) + 2 * signal_levels)


class Encoder:
    """Makes the observations of all bidders of one market.

    Args:
        market: Public, of signals.

    Attributes:
        market: The same.
        scale: By which money is divided, in minor units, at least 1.

    Raises:
        ConfigurationError: The market is too large for curves.
    """

    def __init__(self, market: Market) -> None:
        check_size(len(market.bidders), market.signal_levels)
        self.market = market
        self._top = market.signal_levels - 1
        self._values = [self._values_if_all_hold(signal) for signal in range(market.signal_levels)]
        # Values never fall when a signal rises, so nothing is worth more than at the highest signals.
        self.scale = max(1, *self._values[self._top])
        self._templates: dict[tuple[int, int], Observation] = {}

    def waiting(self, bidder: int, signal: int, clock: int) -> Observation:
        """Return what a bidder observes that is not asked.

        Args:
            bidder: Place in the roster, 0..n-1.
            signal: Its own, 0..k-1.
            clock: The last level that it accepted, 0..k-1.
        """
        observation = self._template(bidder, signal).copy()
        observation[Field.CLOCK] = clock / self._top
        return observation

    def asked(
        self, bidder: int, signal: int, *, level: int, price: int | None, target: int | None
    ) -> Observation:
        """Return what a bidder observes that is asked whether its clock may rise.

        Args:
            bidder: Place in the roster, 0..n-1.
            signal: Its own, 0..k-1.
            level: Asked now, 1..k-1; its clock stands one below.
            price: Of the final offer, in minor units; None while information is collected.
            target: Level whose acceptance buys; None without an offer.
        """
        observation = self.waiting(bidder, signal, level - 1)
        observation[Field.ASKED] = 1
        observation[Field.LEVEL] = level / self._top
        if price is not None and target is not None:
            observation[Field.OFFER] = 1
            observation[Field.TARGET] = target / self._top
            observation[Field.PRICE] = min(1.0, price / self.scale)
        return observation

    def _template(self, bidder: int, signal: int) -> Observation:
        """Return what never changes for a bidder with a signal; shared, so never to be written to."""
        found = self._templates.get((bidder, signal))
        if found is None:
            found = self._templates[bidder, signal] = self._make_template(bidder, signal)
        return found

    def _make_template(self, bidder: int, signal: int) -> Observation:
        market, levels = self.market, self.market.signal_levels
        count = len(market.bidders)
        # A seat carries a generator; nothing is drawn from it here.
        seat = Seat(market=market, bidder=bidder, signal=signal, rng=random.Random(0))
        least, most = StartView(seat=seat).value_bounds()
        template = np.zeros(observation_length(levels), dtype=np.float32)
        template[Field.SIGNAL] = signal / self._top
        template[Field.LEAST] = least / self.scale
        template[Field.MOST] = most / self.scale
        template[Field.PLACE] = bidder / max(1, count - 1)
        template[Field.BIDDERS] = 1 / count
        template[Field.GROUP] = len(market.members(market.bidders[bidder].group)) / count
        template[own_curve(levels)] = [values[bidder] / self.scale for values in self._values]
        template[rival_curve(levels)] = [
            max((*values[:bidder], *values[bidder + 1 :]), default=0) / self.scale for values in self._values
        ]
        return template

    def _values_if_all_hold(self, signal: int) -> list[int]:
        state = self.market.state([signal] * len(self.market.bidders))
        return [bidder.valuation.value(state) for bidder in self.market.bidders]


def check_size(bidders: int, signal_levels: int) -> None:
    """Refuse a market of which the curves would take too long to work out.

    Raises:
        ConfigurationError: With the size and the limit.
    """
    if bidders * signal_levels > VALUES_LIMIT:
        raise ConfigurationError(
            f"an observation of {bidders} bidders with {signal_levels} signal levels needs {bidders * signal_levels} "
            f"values; at most {VALUES_LIMIT}: take fewer bidders or levels"
        )


_encoders: deque[Encoder] = deque(maxlen=_KEPT)


def find_encoder(market: Market) -> Encoder:
    """Return the encoder of a market; that of a market that was asked for lately is kept.

    Raises:
        ConfigurationError: The market is too large.
    """
    # By identity: a market with tables takes longer to compare than to encode.
    for encoder in tuple(_encoders):
        if encoder.market is market:
            return encoder
    encoder = Encoder(market)
    _encoders.appendleft(encoder)
    return encoder
