"""What a mechanism lets its user choose, and how choices written by a person are read.

A `Parameter` documents one choice for the command line and reads it from its raw form. Unknown keys and
values are refused with the nearest known ones. The registry and the mechanisms use this; scenario files pass
raw values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from math import log10
from reprlib import Repr
from typing import Literal

from openoutcry.errors import ConfigurationError

Form = Literal["clock", "sealed"]
Pricing = Literal["welfare", "revenue"]
Scope = Literal["group", "all"]
Payment = Literal["exact", "lottery"]
Openings = Literal["public", "private"]
Reading = Literal["selected", "weak", "literal"]

DENOMINATOR_LIMIT = 2**32
"""A seeded draw reads 64-bit words; half of that leaves its rejection rate unmeasurably small."""

AMOUNT_LIMIT = 2**63 - 1
"""Amounts of money are of the size of values: int64 minor units."""

_FRACTION = re.compile(r"[0-9]{1,10}(/[0-9]{1,10})?", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,19}(/[0-9]{1,10})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One choice that a mechanism offers.

    Attributes:
        name: Its key in a scenario's `[mechanism]`.
        default: What holds when the key is left out, as a person would write it.
        choices: The values allowed, in words if they are not a list of names.
        meaning: One line.
    """

    name: str
    default: str
    choices: tuple[str, ...] | str
    meaning: str


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


def show(value: object) -> str:
    """Return a `repr` short enough for a message, however long or deep the value is."""
    return _SHORT.repr(value)


def show_count(count: int) -> str:
    """Return a count for a message: in full, or its order of magnitude where it has more digits than anybody reads.

    Counts of profiles may be far beyond what a float can hold, or what Python turns into digits.
    """
    return str(count) if count < 10**9 else f"about 10^{log10(count):.0f}"


def show_about(count: int) -> str:
    """Return an estimated count for a message, `about 150000`: two digits are all that an estimate tells."""
    if count >= 10**9:
        return show_count(count)
    return f"about {int(float(f'{count:.1e}'))}" if count >= 100 else f"about {count}"


def suggest(name: object, known: Iterable[str]) -> str:
    """Return '; did you mean ...?' for the nearest known name, or nothing when none is near."""
    # Comparing takes longer the longer the text is, and nobody misspells a name by more than its length.
    nearest = get_close_matches(name, list(known), n=1) if isinstance(name, str) and len(name) <= 64 else []
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def check_names(mechanism: str, raw: Mapping[str, object], known: Iterable[Parameter]) -> None:
    """Refuse parameters that the mechanism does not have.

    Raises:
        ConfigurationError: Naming the first unknown key and the nearest known one.
    """
    names = [parameter.name for parameter in known]
    for key in raw:
        if key not in names:
            offered = ", ".join(names) or "none"
            raise ConfigurationError(
                f"{mechanism} has no parameter {show(key)}{suggest(key, names)}; it has {offered}"
            )


def read_choice(raw: Mapping[str, object], parameter: Parameter) -> str:
    """Return the chosen name, or the default.

    Raises:
        ConfigurationError: The value is not one of the parameter's choices.
    """
    value = raw.get(parameter.name, parameter.default)
    if not isinstance(value, str) or value not in parameter.choices:
        offered = " or ".join(parameter.choices)
        raise ConfigurationError(
            f"{parameter.name} must be {offered}, not {show(value)}{suggest(value, parameter.choices)}"
        )
    return value


def read_probability(raw: Mapping[str, object], parameter: Parameter) -> Fraction:
    """Return the chosen probability, or the default, exactly.

    Raises:
        ConfigurationError: It is no fraction such as "1/20", lies outside 0..1, or has a huge denominator.
    """
    value = raw.get(parameter.name, parameter.default)
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    numerator, _, denominator = text.partition("/")
    if not _FRACTION.fullmatch(text) or int(denominator or 1) == 0:
        raise ConfigurationError(
            f'{parameter.name} must be a fraction in quotes such as "1/20", not {show(value)}'
        )
    probability = Fraction(int(numerator), int(denominator or 1))
    if probability > 1 or probability.denominator > DENOMINATOR_LIMIT:
        raise ConfigurationError(
            f"{parameter.name} is {text}; it must lie in 0..1 with a denominator up to 2^32"
        )
    return probability


def read_amount(raw: Mapping[str, object], parameter: Parameter) -> Fraction:
    """Return the chosen amount of money, or the default: exact, above 0, in minor units.

    Raises:
        ConfigurationError: It is no number such as 1000 or "1/10", not above 0, or too large to be money.
    """
    value = raw.get(parameter.name, parameter.default)
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    numerator, _, denominator = text.partition("/")
    if not _AMOUNT.fullmatch(text) or int(denominator or 1) == 0:
        raise ConfigurationError(
            f'{parameter.name} must be an amount in minor units such as 1000 or "1/10", not {show(value)}'
        )
    amount = Fraction(int(numerator), int(denominator or 1))
    if not 0 < amount <= AMOUNT_LIMIT or amount.denominator > DENOMINATOR_LIMIT:
        raise ConfigurationError(
            f"{parameter.name} is {text}; it must be above 0, up to 2^63-1, with a denominator up to 2^32"
        )
    return amount


def read_inner_probability(raw: Mapping[str, object], parameter: Parameter) -> Fraction:
    """Return the chosen number strictly between 0 and 1, or the default, exactly.

    Raises:
        ConfigurationError: As `read_probability`, or it is 0 or 1.
    """
    inner = read_probability(raw, parameter)
    if not 0 < inner < 1:
        raise ConfigurationError(f"{parameter.name} is {inner}; it must lie strictly between 0 and 1")
    return inner
