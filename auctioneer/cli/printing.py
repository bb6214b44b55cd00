"""What several commands print alike: JSON objects, amounts, and names for files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction

import click

SLUG_LENGTH = 48


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


def show_money(value: Fraction | int, *, currency: str, minor_units: int) -> str:
    """Return an amount of minor units for people: `12.50 EUR`."""
    return f"{show_amount(value, minor_units=minor_units)} {currency}"


def show_amount(value: Fraction | int, *, minor_units: int) -> str:
    """Return an amount of minor units for people, where the currency is said elsewhere: `12.50`."""
    exact = Fraction(value)
    if exact.denominator != 1:
        return f"{exact} x 10^-{minor_units}" if minor_units else str(exact)
    sign = "-" if exact < 0 else ""
    digits = str(abs(exact.numerator)).rjust(minor_units + 1, "0")
    whole = digits[: len(digits) - minor_units]
    grouped = f"{int(whole):,}"
    return f"{sign}{grouped}{'.' + digits[-minor_units:] if minor_units else ''}"


def slug(title: str) -> str:
    """Return a title as the name of a file: lower case letters, digits and dashes."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return words[:SLUG_LENGTH].strip("-") or "session"
