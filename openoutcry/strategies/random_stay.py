"""A strategy that tosses a coin at each level and draws its reports. Noise for tests and campaigns."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.strategies.api import Exit, RaiseAnswer, Stay, Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.type_views import BeliefView, ValuationView
from openoutcry.strategies.valuations import TypeIndex
from openoutcry.strategies.views import RaiseView, ReportView, View

GREATEST_WEIGHT = 10


class RandomStay(Strategy):
    """Stay at each level with the same probability; report any value and any belief, drawn from the own generator."""

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
        self._reported: int | None = None

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Toss the coin once."""
        return Stay if self._stays(view) else Exit

    def report_signal(self, view: ReportView) -> int:
        """Toss the coin as a clock would: report the last level stayed at."""
        level = 0
        while level < view.signal_levels - 1 and self._stays(view):
            level += 1
        return level

    def report_valuation(self, view: ValuationView) -> TypeIndex:
        """Report any value of the list, each equally likely; asked again, the same."""
        if self._reported is None:
            self._reported = view.rng.randrange(len(view.types))
        return TypeIndex(self._reported)

    def report_belief(self, view: BeliefView) -> Belief:
        """Report that the subjects are independent, each with drawn weights."""
        market = view.knowledge.market
        drawn = {
            bidder: {
                index: view.rng.randint(1, GREATEST_WEIGHT) for index in range(market.type_counts[bidder])
            }
            for bidder in view.about
        }
        return Belief(market, Product.of(drawn))

    def _stays(self, view: View) -> bool:
        return view.rng.randrange(self.stay_probability.denominator) < self.stay_probability.numerator
