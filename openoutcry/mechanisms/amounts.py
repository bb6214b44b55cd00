"""Amounts as people write them: in the currency, and not in its minor units."""

from __future__ import annotations

from fractions import Fraction


def show_in_currency(amount: Fraction | int, minor_units: int) -> str:
    """Return an amount as people write it where the currency is said elsewhere; exact if they can read it.

    Args:
        amount: In minor units.
        minor_units: Digits of one money integer behind the decimal point, 0..18.

    Returns:
        Such as `12.50`, `1/12` of what the currency counts, or `about 3.25e-05`: exact rewards may have hundreds of
        digits.
    """
    exact = Fraction(amount)
    if exact.denominator == 1:
        whole, rest = divmod(abs(exact.numerator), 10**minor_units)
        digits = f".{rest:0{minor_units}}" if minor_units else ""
        return f"{'-' if exact < 0 else ''}{whole}{digits}"
    scaled = exact / 10**minor_units
    is_readable = scaled.denominator < 10**6 and abs(scaled.numerator) < 10**20
    return str(scaled) if is_readable else f"about {float(scaled):.6g}"
