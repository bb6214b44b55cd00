"""What a user of the crowdsourced mechanisms chooses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.parameters import Openings, Payment, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdChoices:
    """The choices of all three; each mechanism reads those that its registration names.

    Attributes:
        reward: The paper's epsilon: what knowledge costs the seller at most, in minor units, above 0. (With
            `crowdsourced-lookahead` the buyer is rewarded too, and it costs up to twice as much.)
        delta: How often the lottery runs instead, 0..1.
        discount: How far below its coin the lottery sells, in minor units: 0 < discount < 1. The paper calls it
            epsilon too.
        payment: `exact` pays the exact fraction, `lottery` pays all of it or nothing with the probability that
            makes the two equal on average.
        openings: Whether everybody sees reports when they are opened, or only the auctioneer.
        reading: Of the lookahead price; see `lookahead_price`.
    """

    reward: Fraction = Fraction(1)
    delta: Fraction = Fraction(1, 100)
    discount: Fraction = Fraction(1, 2)
    payment: Payment = "exact"
    openings: Openings = "public"
    reading: Reading = "selected"
