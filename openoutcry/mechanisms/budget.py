"""Runs of a mechanism that may be spent on many profiles together, and when to stop because they will not do.

Decides: in which order profiles are gone through, so that the first ones speak for all, and when what they took tells
that all of them take too much. Called by the expectations over a prior and over signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from openoutcry.errors import TooLargeError
from openoutcry.mechanisms.parameters import show_about

_ENOUGH_PROFILES = 10
"""Profiles that must be done before they speak for all others."""

_ENOUGH_SHARE = 50
"""They speak for all others once they took one part in so many of the limit; before it, nothing is lost by waiting."""

_MARGIN = 2
"""How many times the limit all profiles must seem to take: what a sample tells is not exact."""


def spread(count: int) -> Iterator[int]:
    """Yield 0..count-1, each once, in an order in which those yielded first lie evenly among all."""
    step = max(1, round(count * 0.618))
    while gcd(step, count) != 1:
        step += 1
    for place in range(count):
        yield place * step % count


class Budget:
    """Runs to spend on profiles.

    Args:
        limit: Most runs, for all profiles together.
        profiles: How many there are.
        what: What a profile is of, such as `types`.
    """

    def __init__(self, limit: int, profiles: int, what: str) -> None:
        self.runs = 0
        self._limit = limit
        self._profiles = profiles
        self._what = what
        self._done = 0

    @property
    def left(self) -> int:
        """How many runs the next profile may take, at least 1."""
        return self._limit - self.runs

    def spend(self, runs: int) -> None:
        """Count a profile that is done, and the runs that it took.

        Raises:
            TooLargeError: Other profiles are left, and nothing to spend on them; or too little, as it seems.
        """
        self.runs += runs
        self._done += 1
        if self._done == self._profiles:
            return
        expected = self.runs * self._profiles // self._done
        is_enough = self._done >= _ENOUGH_PROFILES and self.runs * _ENOUGH_SHARE >= self._limit
        if self.runs >= self._limit or (is_enough and expected > _MARGIN * self._limit):
            raise self.refusal(expected)

    def refusal(self, expected: int) -> TooLargeError:
        """Return what is raised when all profiles together take so many runs, at least and about."""
        return TooLargeError(
            f"the {self._profiles} profiles of {self._what} take {show_about(expected)} runs of the mechanism or "
            f"more, and the limit is {self._limit}: take fewer bidders or {self._what}, allow more runs, or estimate "
            "from a sample",
            size=expected,
            limit=self._limit,
        )
