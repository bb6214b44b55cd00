"""Money on pictures: exact amounts of minor units as people write them, and as the numbers that a chart needs."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market

SIGNIFICANT_DIGITS = 4
"""Of an amount that is rounded: exact rewards may have hundreds."""

SHORT_FRACTION = 15
"""Characters up to which a fraction is read as one."""


def as_number(value: Fraction | int, market: Market | TypeMarket) -> float:
    """Return an amount of minor units in the currency, for an axis."""
    return float(Fraction(value) / 10**market.minor_units)


def show_amount(value: Fraction | int, market: Market | TypeMarket) -> str:
    """Return an amount of minor units in the currency: `1,234.50`, or rounded with a sign that says so: `≈ 0.0873`."""
    exact = Fraction(value)
    if exact.denominator != 1:
        return f"\u2248 {as_number(exact, market):.{SIGNIFICANT_DIGITS}g}".replace("-", "\u2212")
    sign = "\u2212" if exact < 0 else ""
    whole, rest = divmod(abs(exact.numerator), 10**market.minor_units)
    return f"{sign}{whole:,}" + (f".{rest:0{market.minor_units}}" if market.minor_units else "")


def show_money(value: Fraction | int, market: Market | TypeMarket) -> str:
    """Return an amount with its currency."""
    return f"{show_amount(value, market)} {market.currency}"


def show_probability(probability: Fraction) -> str:
    """Return a probability: exactly where a person can read it, `7/12 (58.3 %)`, else rounded."""
    percent = (
        f"{float(probability):.3%}" if 0 < probability < Fraction(1, 100) else f"{float(probability):.1%}"
    )
    if probability in (0, 1):
        return str(probability)
    text = str(probability)
    return f"{text} ({percent})" if len(text) <= SHORT_FRACTION else percent
