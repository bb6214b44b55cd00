"""One auction of an environment: the mechanism's own conversation, asked level by level, all clocks of a wave at once.

Decides: who is asked what in each step. A wave of climbs is taken apart into raises by one level; a bidder is asked
until it exits or reaches its target, and the mechanism goes on when nobody of the wave is left to be asked. Answers are
those of a session in which nobody is late. Refuses: mechanisms that ask for anything but climbs. It knows nothing of
PettingZoo; the environment calls it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.chance import Chance, RecordingChance
from openoutcry.mechanisms.conversation import Climb, Climbed, Outcome, Wave
from openoutcry.simulation import Auction, PlayResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """A clock is about to rise by one level.

    Attributes:
        level: Asked now, 1..k-1.
        price: Of the final offer, in minor units; None while information is collected.
        target: Level whose acceptance buys the lot at the price; None without an offer.
    """

    level: int
    price: int | None
    target: int | None


class Episode:
    """An auction in progress.

    Args:
        auction: A market of signals with a clock mechanism.
        signals: Length n, each 0..k-1.
        chance: Draws for the mechanism.

    Attributes:
        auction: The same.
        signals: The same.
        clocks: Length n: the last level that each bidder accepted.
        exited: Length n: who has left.
        asked: Who is asked now, by place in the roster, rising; empty when the auction is over.
        result: How it ended; None before.

    Raises:
        ConfigurationError: The mechanism asks for reports.
    """

    def __init__(self, auction: Auction, signals: Sequence[int], chance: Chance) -> None:
        count = len(auction.market.bidders)
        self.auction = auction
        self.signals = tuple(signals)
        self.clocks = [0] * count
        self.exited = [False] * count
        self.asked: Mapping[int, Raise] = {}
        self.result: PlayResult | None = None
        self._chance = RecordingChance(chance)
        self._conversation = auction.converse(self._chance)
        self._climbs: tuple[Climb, ...] = ()
        self._waves = 0
        self._questions = 0
        try:
            self._climbs = _read_climbs(next(self._conversation))
        except StopIteration as end:
            self._end(end.value)
        self._ask()

    def answer(self, stays: Mapping[int, bool]) -> None:
        """Take the answers of all who are asked, and ask on.

        Args:
            stays: For each bidder in `asked` whether it stays; anything else is an exit.
        """
        self._questions += len(self.asked)
        for bidder, asked in self.asked.items():
            if stays[bidder]:
                self.clocks[bidder] = asked.level
            else:
                self.exited[bidder] = True
        self._ask()

    def _ask(self) -> None:
        while self.result is None:
            self.asked = self._raises()
            if self.asked:
                return
            self._finish_wave()
        self.asked = {}

    def _raises(self) -> dict[int, Raise]:
        return {
            climb.bidder: Raise(
                level=self.clocks[climb.bidder] + 1,
                price=climb.price,
                target=None if climb.price is None else climb.target,
            )
            for climb in sorted(self._climbs, key=lambda climb: climb.bidder)
            if not self.exited[climb.bidder] and self.clocks[climb.bidder] < climb.target
        }

    def _finish_wave(self) -> None:
        answers = tuple(
            Climbed(level=self.clocks[climb.bidder], exited=self.exited[climb.bidder])
            for climb in self._climbs
        )
        self._waves += 1
        try:
            self._climbs = _read_climbs(self._conversation.send(answers))
        except StopIteration as end:
            self._end(end.value)

    def _end(self, outcome: Outcome) -> None:
        self.result = self.auction.conclude(
            self.signals,
            outcome,
            waves=self._waves,
            questions=self._questions,
            clocks=self.clocks,
            reports=[None] * len(self.clocks),
            draws=self._chance.draws,
        )


def _read_climbs(wave: Wave) -> tuple[Climb, ...]:
    climbs = tuple(question for question in wave.questions if isinstance(question, Climb))
    if len(climbs) < len(wave.questions):
        raise ConfigurationError(
            "an environment raises clocks, and this mechanism asks for reports: choose signal-discovery or "
            'uniform-clock with form = "clock"'
        )
    return climbs
