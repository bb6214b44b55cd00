"""A strategy that tosses a coin at each level and looks at no signal. Noise for tests and campaigns."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.strategies.api import Exit, RaiseAnswer, Stay, Strategy
from openoutcry.strategies.views import RaiseView, ReportView, View


class RandomStay(Strategy):
    """Stay at each level with the same probability, drawn from the bidder's own generator."""

    deterministic: ClassVar[bool] = False

    def __init__(self, stay_probability: Fraction = Fraction(1, 2)) -> None:
        """Take the probability of staying at a level.

        Args:
            stay_probability: 0..1, exact, for example "2/3".

        Raises:
            StrategyError: The probability is outside 0..1.
        """
        if not 0 <= stay_probability <= 1:
            raise StrategyError(
                f"stay_probability={stay_probability} is no probability: give a fraction in 0..1"
            )
        self.stay_probability = stay_probability

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Toss the coin once."""
        return Stay if self._stays(view) else Exit

    def report_signal(self, view: ReportView) -> int:
        """Toss the coin as a clock would: report the last level stayed at."""
        level = 0
        while level < view.signal_levels - 1 and self._stays(view):
            level += 1
        return level

    def _stays(self, view: View) -> bool:
        return view.rng.randrange(self.stay_probability.denominator) < self.stay_probability.numerator
