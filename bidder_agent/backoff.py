"""When to try again: exponentially growing delays with full jitter, up to a total time.

Full jitter spreads the agents of one auctioneer that all lost it at once over the whole delay, instead of letting
them come back together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffSettings:
    """How patient to be.

    Attributes:
        first_s: Longest first delay, seconds.
        longest_s: Longest delay at all, seconds.
        patience_s: Total time without success after which to give up, seconds.
    """

    first_s: float = 0.1
    longest_s: float = 5.0
    patience_s: float = 60.0


class Backoff:
    """The delays of one agent.

    Args:
        settings: How patient to be.
        time_source: Tells seconds; only differences count.
        random: Draws the jitter. It is no bidder's generator: how often a network fails must not change what a
            strategy draws.
    """

    def __init__(
        self,
        settings: BackoffSettings,
        *,
        time_source: Callable[[], float],
        random: Random | None = None,
    ) -> None:
        self._settings = settings
        self._time_source = time_source
        self._random = random or Random()
        self._failures = 0
        self._failing_since = 0.0

    def succeed(self) -> None:
        """Begin anew: something worked."""
        self._failures = 0

    def fail(self) -> float | None:
        """Return how many seconds to wait after a failure, or None when it is time to give up."""
        now = self._time_source()
        if not self._failures:
            self._failing_since = now
        elif now - self._failing_since >= self._settings.patience_s:
            return None
        # A power beyond this one could overflow and is far above any delay.
        bound = self._settings.first_s * 2.0 ** min(self._failures, 30)
        self._failures += 1
        return self._random.uniform(0.0, min(bound, self._settings.longest_s))
