"""What several commands print alike: JSON objects, amounts, long lines, and names for files."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from fractions import Fraction

import click
from rich.console import Console

SLUG_LENGTH = 48

EXACT_LENGTH = 15
"""Characters up to which a person reads an exact number at all."""

SIGNIFICANT_DIGITS = 3
"""Digits that an amount has at least, however small it is."""

LONGEST_DECIMALS = 7
"""Digits behind the point up to which an amount is written out."""


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


def show_exact(value: Fraction | int, *, has_decimal: bool = True, longest: int = EXACT_LENGTH) -> str:
    """Return an exact number for people: `7/12 (0.5833)`; one that is too long to read as `about 0.01234`.

    Args:
        value: Any.
        has_decimal: Whether a fraction that can be read is followed by its rounded value.
        longest: Characters up to which it can be read.
    """
    exact = Fraction(value)
    text = str(exact)
    if len(text) > longest:
        return f"about {decimal(exact)}"
    return f"{text} ({decimal(exact)})" if exact.denominator != 1 and has_decimal else text


def decimal(value: Fraction | int) -> str:
    """Return a number rounded to four digits, or to an integer where that has more."""
    try:
        number = float(Fraction(value))
    except OverflowError:
        return f"10^{len(str(abs(round(Fraction(value))))) - 1}"
    return f"{number:.0f}" if 1e4 <= abs(number) < 1e15 else f"{number:.4g}"


def show_average(value: Fraction | int, *, minor_units: int) -> str:
    """Return an average of amounts of minor units for people, in the currency: four digits, and all that it has.

    Args:
        value: In minor units.
        minor_units: Decimal digits of the currency.

    Returns:
        Such as `109.2`, `1234.50`, `0.0005616`; no more than ten characters below a million.
    """
    whole = Fraction(value) / 10**minor_units
    rounded = decimal(whole)
    if not minor_units or abs(whole) < 1 or "e" in rounded or "^" in rounded:
        return rounded
    fixed = f"{float(whole):.{minor_units}f}"
    return max(rounded, fixed, key=lambda text: len(text.partition(".")[2]))


def show_money(value: Fraction | int, *, currency: str, minor_units: int) -> str:
    """Return an amount of minor units for people: `12.50 EUR`, or `about 0.3333 EUR` when it is rounded."""
    shown = show_amount(value, minor_units=minor_units)
    is_exact = Fraction(shown.replace(",", "")) * 10**minor_units == value
    return f"{'' if is_exact else 'about '}{shown} {currency}"


def show_amount(value: Fraction | int, *, minor_units: int) -> str:
    """Return an amount of minor units for people, where the currency is said elsewhere: `12.50`.

    A fraction is rounded: it has two digits more than the currency, at least four, and as many as it takes to show
    three that say something (`0.000401`); what is smaller still is written `4.01e-09`. Halves go to the even digit.
    """
    exact = Fraction(value)
    if exact.denominator == 1:
        return _grouped(exact.numerator, minor_units)
    digits = max(4, minor_units + 2)
    whole = exact / 10**minor_units
    if abs(whole) < 1:
        mantissa, exponent = f"{float(whole):.{SIGNIFICANT_DIGITS - 1}e}".split("e")
        digits = max(digits, SIGNIFICANT_DIGITS - 1 - int(exponent))
        if digits > LONGEST_DECIMALS:
            return f"{mantissa}e{exponent}"
    shown = _grouped(round(whole * 10**digits), digits)
    # Zeros behind the first four digits are there for small amounts only.
    while len(shown.partition(".")[2]) > max(4, minor_units + 2) and shown.endswith("0"):
        shown = shown[:-1]
    return shown


def _grouped(units: int, digits: int) -> str:
    """Return an integer with so many of its digits behind the point."""
    text = str(abs(units)).rjust(digits + 1, "0")
    whole = f"{int(text[: len(text) - digits]):,}"
    return f"{'-' if units < 0 else ''}{whole}{'.' + text[-digits:] if digits else ''}"


def wrap(text: str, *, width: int, first: str = "", then: str = "  ") -> str:
    """Return a text in lines that break between words only.

    Args:
        text: One line.
        width: Of a line; a longer word has a line of its own.
        first: Before the first line.
        then: Before the others.
    """
    return textwrap.fill(
        text,
        width=width,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(console: Console, text: str, *, is_record: bool = False, then: str = "  ") -> None:
    """Print what a person is to read.

    Args:
        console: Where to; lines are as long as it is wide.
        text: One line; it is printed as it stands but for where it breaks.
        is_record: One of many things that somebody may look for; where no terminal is it stays one line.
        then: Before the second and later lines.
    """
    keeps = is_record and not console.is_terminal
    shown = text if keeps else wrap(text, width=console.width, then=then)
    console.print(shown, markup=False, highlight=False, emoji=False, soft_wrap=True)


def slug(title: str) -> str:
    """Return a title as the name of a file: lower case letters, digits and dashes."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return words[:SLUG_LENGTH].strip("-") or "session"
