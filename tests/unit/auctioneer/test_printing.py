"""Amounts for people: exact while they can be read, rounded and said to be so when they cannot."""

from __future__ import annotations

from fractions import Fraction

import pytest

from auctioneer.cli.printing import decimal, round_amount, show_amount, show_exact

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
        (Fraction(1, 3), 0, "1/3"),
        (Fraction(1, 3), 2, "1/3 x 10^-2"),
        (LONG * 10**4, 2, "about 0.3333"),
    ],
)
def test_amounts_are_exact_or_said_to_be_rounded(value: Fraction, minor_units: int, shown: str):
    """Whole minor units in the currency's own digits."""
    assert show_amount(value, minor_units=minor_units) == shown


def test_rounding_keeps_more_digits_than_the_currency_has():
    """Rewards are fractions of a minor unit; halves go to the even digit."""
    assert round_amount(Fraction(89, 30), minor_units=0) == "2.9667"
    assert round_amount(Fraction(125033, 100), minor_units=2) == "12.5033"
    assert round_amount(Fraction(1, 20000), minor_units=0) == "0.0000"


@pytest.mark.parametrize(
    ("value", "shown"), [(Fraction(1, 3), "0.3333"), (123456, "123456"), (Fraction(10**5, 3), "33333")]
)
def test_decimals_have_four_digits_or_are_whole(value: Fraction, shown: str):
    """No exponent for what fits on a line."""
    assert decimal(value) == shown
