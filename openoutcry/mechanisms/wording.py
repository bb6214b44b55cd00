"""Amounts for people, in the currency and not in its minor units.

A mechanism's reason is signed as it stands, and counts in minor units, as everything that is signed does. Whoever shows
it to a person shows its amounts as all others are shown. Which of its numbers are amounts is told by the words before
them, and a mechanism that writes an amount puts one of these before it.
"""

from __future__ import annotations

import re
from fractions import Fraction

from openoutcry.mechanisms.parameters import show_amount

_BEFORE = (
    "pays",
    "the next,",
    "the next bid,",
    "the next such bid,",
    "the price",
    "the highest price,",
    "the price rises to",
    "the price rose above",
    "is worth",
    "rewarded with",
)
"""The words before an amount in a reason."""

_AMOUNT = re.compile(
    rf"\b(?P<before>{'|'.join(_BEFORE)}) (?P<about>about )?(?P<amount>\d+(?:/\d+|(?:\.\d+)?(?:e[+-]?\d+)?))"
)


def show_in_currency(amount: Fraction | int, minor_units: int) -> str:
    """Return an amount as people write it where the currency is said elsewhere; exact if they can read it.

    Args:
        amount: In minor units.
        minor_units: Digits of one money integer behind the decimal point, 0..18.

    Returns:
        Such as `12.50`, or `1/12` of what the currency counts.
    """
    scaled = Fraction(amount) / 10**minor_units
    if Fraction(amount).denominator != 1:
        return show_amount(scaled)
    whole, rest = divmod(abs(int(amount)), 10**minor_units)
    digits = f".{rest:0{minor_units}}" if minor_units else ""
    return f"{'-' if amount < 0 else ''}{whole}{digits}"


def show_reason(reason: str, minor_units: int) -> str:
    """Return a mechanism's reason, of an outcome or a wave, with its amounts as `show_in_currency` shows them.

    Args:
        reason: As the mechanism gives it and an outcome declares it.
        minor_units: Digits of one money integer behind the decimal point, 0..18.
    """

    def scaled(found: re.Match[str]) -> str:
        """Return the same words with the amount in the currency."""
        shown = show_in_currency(Fraction(found["amount"]), minor_units)
        about = "" if shown.startswith("about ") else found["about"] or ""
        return f"{found['before']} {about}{shown}"

    return _AMOUNT.sub(scaled, reason) if minor_units else reason
