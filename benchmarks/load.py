"""What both programs of a comparison are asked to do, so that both do the same.

Decides: how a load is told to a child process, and which part of it counts. Called by both sides of both programs and
by the comparisons.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

InFlight = Literal["all", "one"]

ALL_WARM_UP_LEVELS = 1
"""With all in flight, the first question of every bidder comes before what counts: the start is a burst."""

ONE_WARM_UP_CYCLES = 100
"""With one in flight, so many cycles come before what counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Bidders, and how many questions each of them is asked.

    Attributes:
        bidders: Connected bidders that are asked something, 1 or more.
        levels: Questions to each bidder, 2 or more.
        in_flight: `all` asks every bidder its next question as soon as its answer is durable, so that there are as
            many questions in flight as bidders; `one` asks one bidder after the other.
    """

    bidders: int
    levels: int
    in_flight: InFlight

    @property
    def cycles(self) -> int:
        """Questions and answers in all."""
        return self.bidders * self.levels

    @property
    def warm_up(self) -> int:
        """Questions that have been received when the measurement begins; it ends when all `cycles` have."""
        if self.in_flight == "all":
            return self.bidders * ALL_WARM_UP_LEVELS
        return min(ONE_WARM_UP_CYCLES, self.cycles // 2)


def encode_load(load: Load) -> str:
    """Return the load as one argument of a command."""
    return json.dumps(asdict(load))


def decode_load(text: str) -> Load:
    """Return the load in an argument that `encode_load` made."""
    return Load(**json.loads(text))
