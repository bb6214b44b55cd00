"""A network that fails in seeded ways: frames are delayed, lost, repeated and overtaken, connections break.

It is harsher than the streams of the real service, which neither repeat frames nor let them overtake each other:
what holds here holds there. Whatever happens follows from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from openoutcry.errors import UsageError
from openoutcry.protocol.draws import DrawStream
from openoutcry.simulation.virtual_time import NANOSECONDS_PER_MILLISECOND, VirtualTime

NEVER = Fraction(0)

Upward = TypeVar("Upward")
Downward = TypeVar("Downward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong, and how often. Probabilities are 0..1, durations milliseconds, each range inclusive.

    Attributes:
        delay_ms: How long a frame travels.
        think_ms: How long a strategy takes to answer.
        join_ms: When a bidder first connects.
        loss: Probability that a frame never arrives.
        duplication: Probability that a frame arrives twice.
        reordering: Probability that a frame may be overtaken by later ones.
        disconnection: Probability that sending a frame breaks the connection, with all that is on its way.
        auctioneer_crash: Probability that the auctioneer dies between keeping an input's entries and sending what
            follows from them, and comes back from what it kept.
        bidder_crash: Probability that a bidder's agent dies between keeping an input and sending what follows, and
            comes back from what it kept.
        retry_ms: After how long without a frame a bidder connects anew.
        patience: After how many connections in a row on which nothing was heard a bidder gives up.
    """

    delay_ms: tuple[int, int] = (1, 20)
    think_ms: tuple[int, int] = (0, 50)
    join_ms: tuple[int, int] = (0, 100)
    loss: Fraction = NEVER
    duplication: Fraction = NEVER
    reordering: Fraction = NEVER
    disconnection: Fraction = NEVER
    auctioneer_crash: Fraction = NEVER
    bidder_crash: Fraction = NEVER
    retry_ms: int = 1000
    patience: int = 50

    def __post_init__(self) -> None:
        """Refuse what is no range or no probability.

        Raises:
            UsageError: Naming the field.
        """
        for name in ("delay_ms", "think_ms", "join_ms"):
            lowest, highest = getattr(self, name)
            if not 0 <= lowest <= highest:
                raise UsageError(f"faults: {name} must be a range of milliseconds, not {lowest}..{highest}")
        for name in (
            "loss",
            "duplication",
            "reordering",
            "disconnection",
            "auctioneer_crash",
            "bidder_crash",
        ):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"faults: {name} must be a probability in 0..1, not {getattr(self, name)}")
        if self.retry_ms < 1 or self.patience < 1:
            raise UsageError("faults: retry_ms and patience must be at least 1")


class Dice:
    """Draws what goes wrong at one place.

    Args:
        seed: Of the simulation, 32 bytes.
        place: Names the place; places draw independently.
    """

    def __init__(self, seed: bytes, place: str) -> None:
        self._draws = DrawStream(seed, f"simulation/{place}")

    def happens(self, probability: Fraction) -> bool:
        """Draw whether something of this probability happens."""
        return bool(probability) and self._draws.below(probability.denominator) < probability.numerator

    def nanoseconds(self, range_ms: tuple[int, int]) -> int:
        """Draw a duration from a range of milliseconds, to the nanosecond."""
        lowest, highest = (end * NANOSECONDS_PER_MILLISECOND for end in range_ms)
        return lowest + self._draws.below(highest - lowest + 1)


class Connection(Generic[Upward, Downward]):
    """One stream between a bidder and the auctioneer, until it breaks.

    Args:
        time: Of the simulation.
        faults: What goes wrong.
        dice: Draws it.

    Attributes:
        is_open: Whether frames can still arrive.
        on_upward: Takes what arrives at the auctioneer.
        on_downward: Takes what arrives at the bidder.
        on_broken: Told at the bidder's end that the connection is gone.
    """

    def __init__(self, *, time: VirtualTime, faults: Faults, dice: Dice) -> None:
        self.is_open = True
        self.on_upward: Callable[[Upward], None] = _drop
        self.on_downward: Callable[[Downward], None] = _drop
        self.on_broken: Callable[[], None] = _do_nothing
        self._time = time
        self._faults = faults
        self._dice = dice
        self._last_up_ns = 0
        self._last_down_ns = 0

    def send_up(self, frame: Upward) -> None:
        """Send a frame to the auctioneer."""
        self._last_up_ns = self._send(lambda: self.on_upward(frame), self._last_up_ns)

    def send_down(self, frame: Downward) -> None:
        """Send a frame to the bidder."""
        self._last_down_ns = self._send(lambda: self.on_downward(frame), self._last_down_ns)

    def close(self) -> None:
        """Break the connection; the bidder's end learns of it a little later."""
        if self.is_open:
            self.is_open = False
            self._time.after(self._dice.nanoseconds(self._faults.delay_ms), self.on_broken)

    def _send(self, arrive: Callable[[], None], last_ns: int) -> int:
        """Send on one way, on which the last frame in order arrives at `last_ns`; return when this one does."""
        if not self.is_open:
            return last_ns
        if self._dice.happens(self._faults.disconnection):
            self.close()
            return last_ns
        if self._dice.happens(self._faults.loss):
            return last_ns
        if self._dice.happens(self._faults.duplication):
            self._travel(arrive, 0)
        if self._dice.happens(self._faults.reordering):
            # It takes a second delay and holds nothing up.
            self._travel(arrive, self._time.now_ns + self._dice.nanoseconds(self._faults.delay_ms))
            return last_ns
        return self._travel(arrive, last_ns)

    def _travel(self, arrive: Callable[[], None], earliest_ns: int) -> int:
        now_ns = self._time.now_ns
        arrival_ns = max(earliest_ns, now_ns + self._dice.nanoseconds(self._faults.delay_ms))
        self._time.after(arrival_ns - now_ns, lambda: arrive() if self.is_open else None)
        return arrival_ns


def _drop(frame: object) -> None:
    """Take a frame that arrives where nobody listens."""


def _do_nothing() -> None:
    """Hear of a break that concerns nobody."""
