"""Amounts for people: exact while they can be read, rounded and said to be so when they cannot."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from rich.console import Console

from auctioneer.cli.printing import decimal, say, show_amount, show_average, show_exact, show_money

LONG = Fraction(10**40 + 1, 3 * 10**42)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(7, 12), "7/12 (0.5833)"),
        (Fraction(5), "5"),
        (12345, "12345"),
        (LONG, "about 0.003333"),
        (Fraction(10**30), "about 1e+30"),
        (Fraction(10**400, 3), "about 10^399"),
        (-LONG, "about -0.003333"),
    ],
)
def test_exact_numbers_do_not_flood_a_terminal(value: Fraction, shown: str):
    """Fractions of a few digits stand there with their decimal; longer ones only with that."""
    assert show_exact(value) == shown


@pytest.mark.parametrize(
    ("value", "minor_units", "shown"),
    [
        (1250, 2, "12.50"),
        (-5, 2, "-0.05"),
        (1234567, 0, "1,234,567"),
        (Fraction(1, 3), 0, "0.3333"),
        (Fraction(1, 3), 2, "0.00333"),
        (Fraction(89, 30), 0, "2.9667"),
        (Fraction(125033, 100), 2, "12.5033"),
        (Fraction(401, 10**6), 0, "0.000401"),
        (Fraction(-1, 20000), 0, "-0.00005"),
        (Fraction(401, 10**11), 0, "4.01e-09"),
        (Fraction(-2871, 32), 0, "-89.7188"),
        (LONG * 10**4, 2, "0.3333"),
    ],
)
def test_amounts_are_exact_or_rounded_where_it_can_be_seen(value: Fraction, minor_units: int, shown: str):
    """Whole minor units in the currency's own digits; more than those is a fraction, however small readable."""
    assert show_amount(value, minor_units=minor_units) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(1250), "12.50 EUR"),
        (Fraction(123456789), "1,234,567.89 EUR"),
        (Fraction(1, 2), "0.0050 EUR"),
        (Fraction(1, 3), "about 0.00333 EUR"),
        (LONG, "about 0.0000333 EUR"),
    ],
)
def test_a_rounded_amount_of_money_says_so(value: Fraction, shown: str):
    """Exact ones do not."""
    assert show_money(value, currency="EUR", minor_units=2) == shown


@pytest.mark.parametrize(
    ("value", "minor_units", "shown"),
    [
        (0, 2, "0"),
        (Fraction(1003, 10), 0, "100.3"),
        (80, 0, "80"),
        (Fraction(5616, 10**7), 0, "0.0005616"),
        (Fraction(5616, 10**9), 0, "5.616e-06"),
        (Fraction(1474, 10), 2, "1.474"),
        (Fraction(125033, 100), 2, "12.50"),
        (Fraction(12345678, 7), 2, "17636.68"),
        (-9000, 2, "-90.00"),
        (10**400, 2, "10^398"),
    ],
)
def test_averages_have_four_digits_and_the_currencys_own(value: Fraction, minor_units: int, shown: str):
    """Short enough for a table, and fine enough to tell mechanisms apart."""
    assert show_average(value, minor_units=minor_units) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(Fraction(1, 3), "0.3333"), (123456, "123456"), (Fraction(10**5, 3), "33333")]
)
def test_decimals_have_four_digits_or_are_whole(value: Fraction, shown: str):
    """No exponent for what fits on a line."""
    assert decimal(value) == shown


@pytest.mark.parametrize(
    ("is_terminal", "is_record", "lines"),
    [
        (False, False, ["one two", "  three [/x]", "  four:smile:"]),
        (False, True, ["one two three [/x] four:smile:"]),
        (True, True, ["one two", "  three [/x]", "  four:smile:"]),
    ],
    ids=["prose", "record", "record on a terminal"],
)
def test_lines_break_between_words(is_terminal: bool, is_record: bool, lines: list[str]):
    """Somebody may look for a record with a program, and then it is one line; nothing in a line is a command."""
    written = io.StringIO()
    console = Console(file=written, width=12, force_terminal=is_terminal)
    say(console, "one two three [/x] four:smile:", is_record=is_record)
    assert written.getvalue().splitlines() == lines
