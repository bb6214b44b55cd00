"""What several commands print alike: JSON objects, amounts, and names for files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction

import click

SLUG_LENGTH = 48

EXACT_LENGTH = 15
"""Characters up to which a person reads an exact number at all."""


def print_json(content: Mapping[str, object]) -> None:
    """Print one JSON object on one line; exact numbers that are no integers are texts such as "7/12"."""
    click.echo(json.dumps(content, default=str, ensure_ascii=False))


def examples(*commands: str) -> str:
    """Return the end of a command's help: commands to copy, each on a line of its own."""
    # The first character tells click to leave the lines as they are.
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


def amount(value: Fraction | int) -> int | str:
    """Return an amount as JSON has it: an integer, or a text when it is none."""
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else str(exact)


def show_exact(value: Fraction | int, *, has_decimal: bool = True) -> str:
    """Return an exact number for people: `7/12 (0.5833)`; one that is too long to read as `about 0.01234`.

    Args:
        value: Any.
        has_decimal: Whether a fraction that can be read is followed by its rounded value.
    """
    exact = Fraction(value)
    text = str(exact)
    if len(text) > EXACT_LENGTH:
        return f"about {decimal(exact)}"
    return f"{text} ({decimal(exact)})" if exact.denominator != 1 and has_decimal else text


def decimal(value: Fraction | int) -> str:
    """Return a number rounded to four digits, or to an integer where that has more."""
    try:
        number = float(Fraction(value))
    except OverflowError:
        return f"10^{len(str(abs(round(Fraction(value))))) - 1}"
    return f"{number:.0f}" if 1e4 <= abs(number) < 1e15 else f"{number:.4g}"


def show_money(value: Fraction | int, *, currency: str, minor_units: int) -> str:
    """Return an amount of minor units for people: `12.50 EUR`."""
    return f"{show_amount(value, minor_units=minor_units)} {currency}"


def show_amount(value: Fraction | int, *, minor_units: int) -> str:
    """Return an amount of minor units for people, where the currency is said elsewhere: `12.50`."""
    exact = Fraction(value)
    if exact.denominator != 1:
        if len(str(exact)) > EXACT_LENGTH:
            return f"about {round_amount(exact, minor_units=minor_units)}"
        return f"{exact} x 10^-{minor_units}" if minor_units else str(exact)
    sign = "-" if exact < 0 else ""
    digits = str(abs(exact.numerator)).rjust(minor_units + 1, "0")
    whole = digits[: len(digits) - minor_units]
    grouped = f"{int(whole):,}"
    return f"{sign}{grouped}{'.' + digits[-minor_units:] if minor_units else ''}"


def round_amount(value: Fraction | int, *, minor_units: int) -> str:
    """Return an amount of minor units rounded for the eye: `12.5033`.

    It has two digits more than the currency, and at least four; halves go to the even digit.
    """
    digits = max(4, minor_units + 2)
    return show_amount(round(Fraction(value) * 10 ** (digits - minor_units)), minor_units=digits)


def slug(title: str) -> str:
    """Return a title as the name of a file: lower case letters, digits and dashes."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return words[:SLUG_LENGTH].strip("-") or "session"
