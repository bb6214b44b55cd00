"""Averages of what was seen, and intervals around them that hold the exact value 99 times in a hundred, about.

Decides: which interval. Textbook intervals fail where something rare matters: an amount that was the same in a thousand
auctions has a range of no width, though a lottery that runs once in two thousand may double its average. So an interval
is that of what was seen and of a few auctions more, half of them with the least amount that can be and half with the
greatest: z^2 of them, z being the quantile of the confidence, which is 6.6. For probabilities this is a well-known
interval; the more auctions are played the less it matters. Called by `estimation.py`.

Source: A. Agresti, B. Coull, Approximate is better than "exact" for interval estimation of binomial proportions (1998),
for probabilities; amounts between bounds are our generalisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, sqrt
from statistics import NormalDist

CONFIDENCE = Fraction(99, 100)
"""How often an interval holds the exact value."""

QUANTILE = NormalDist().inv_cdf(float(1 - (1 - CONFIDENCE) / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate.

    Attributes:
        low: Lower end.
        mean: What was found on average; within the ends.
        high: Upper end; the exact value lies between the ends as often as `CONFIDENCE` says.
    """

    low: float
    mean: float
    high: float


class Moments:
    """Mean, spread and ends of numbers that come one by one.

    Attributes:
        count: How many have come.
        mean: Of them.
        squares: Sum of their squared distances from the mean.
        least: The least of them.
        greatest: The greatest of them.

    Source: B. P. Welford, Note on a method for calculating corrected sums of squares and products (1962).
    """

    __slots__ = ("count", "greatest", "least", "mean", "squares")

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0
        self.least = inf
        self.greatest = -inf

    def add(self, value: Fraction | int) -> None:
        """Take one number up."""
        number = float(value)
        self.count += 1
        off = number - self.mean
        self.mean += off / self.count
        self.squares += off * (number - self.mean)
        self.least = min(self.least, number)
        self.greatest = max(self.greatest, number)

    def average(self, least: float, greatest: float) -> Interval:
        """Return the interval of an average.

        Args:
            least: What is added is never less, and neither is the exact value.
            greatest: What is added is never more.
        """
        least, greatest = min(least, self.least), max(greatest, self.greatest)
        low, high = _ends(self.count, self.mean, self.squares, least, greatest)
        # Rounding must not move an end beyond what was seen.
        return Interval(
            low=min(self.mean, max(least, low)), mean=self.mean, high=max(self.mean, min(greatest, high))
        )

    def probability(self) -> Interval:
        """Return the interval of a probability; what was added is 0 or 1."""
        return self.average(0, 1)


def ratio(above: Moments, below: Moments, difference: Moments) -> Interval | None:
    """Return the interval of a ratio of averages, to first order.

    Args:
        above: Of what is divided; between 0 and what it is divided by.
        below: Of what it is divided by, in the same auctions.
        difference: Of the first less the second, which tells how they go together.

    Returns:
        Within 0..1; None where there is nothing to divide by.
    """
    if not below.mean:
        return None
    share, greatest = above.mean / below.mean, below.greatest
    together = (above.squares + below.squares - difference.squares) / 2
    # Of what is divided, less its share of what it is divided by: on average 0.
    squares = max(0.0, above.squares + share**2 * below.squares - 2 * share * together)
    low, high = _ends(above.count, 0.0, squares, -share * greatest, (1 - share) * greatest)
    low, high = share + low / below.mean, share + high / below.mean
    return Interval(low=max(0.0, min(share, low)), mean=share, high=max(share, min(1.0, high)))


def _ends(count: int, mean: float, squares: float, least: float, greatest: float) -> tuple[float, float]:
    """Return the ends of an interval.

    Args:
        count: Of numbers seen.
        mean: Of them.
        squares: Sum of their squared distances from it.
        least: The least number possible.
        greatest: The greatest one.
    """
    extra = QUANTILE**2
    size = count + extra
    middle = (count * mean + extra * (least + greatest) / 2) / size
    squares += count * (mean - middle) ** 2
    squares += extra / 2 * ((least - middle) ** 2 + (greatest - middle) ** 2)
    half = QUANTILE * sqrt(squares) / size
    return middle - half, middle + half
