"""JSON as specifications hold it, read strictly: no unknown, missing or repeated keys, and no number but integers.

The bytes need not be trusted. Every refusal is one ConfigurationError that says what is wrong, and where. The
specification and the encodings of the two kinds of market read with these.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.parameters import show, suggest


def parse(data: bytes) -> object:
    """Return what JSON in UTF-8 says.

    Raises:
        ConfigurationError: It is no JSON, repeats a key, is nested too deeply, or holds a number that is no integer.
    """
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_make_object,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except RecursionError as error:
        raise ConfigurationError("the specification is nested too deeply") from error
    except ValueError as error:
        raise ConfigurationError(f"the specification is no JSON in UTF-8: {error}") from error


def read_object(
    raw: object, where: str, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, object]:
    """Return an object that has all required keys and no unknown one.

    Raises:
        ConfigurationError: It is no such object; the nearest known key is suggested.
    """
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{where} must be an object, not {show(raw)}")
    for key in raw:
        if key not in required and key not in optional:
            nearest = suggest(key, (*required, *optional))
            raise ConfigurationError(f"{where} has an unknown key {show(key)}{nearest}")
    for key in required:
        if key not in raw:
            raise ConfigurationError(f"{where} needs the key {key!r}")
    return raw


def read_list(raw: object, where: str, limit: int | None = None) -> list[object]:
    """Return a list of at most `limit` items.

    Raises:
        ConfigurationError: It is no list, or too long.
    """
    if not isinstance(raw, list):
        raise ConfigurationError(f"{where} must be a list, not {show(raw)}")
    if limit is not None and len(raw) > limit:
        raise ConfigurationError(f"{where} has {len(raw)} items; at most {limit} are allowed")
    return raw


def read_integer(raw: object, where: str, least: int, greatest: int) -> int:
    """Return an integer of `least`..`greatest`.

    Raises:
        ConfigurationError: It is none.
    """
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= greatest:
        raise ConfigurationError(f"{where} must be an integer in {least}..{greatest}, not {show(raw)}")
    return raw


def _make_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content: dict[str, object] = {}
    for name, value in pairs:
        if name in content:
            raise ConfigurationError(f"the key {show(name)} stands twice in one object")
        content[name] = value
    return content


def _refuse_number(text: str) -> NoReturn:
    raise ConfigurationError(f'{text:.40} is no integer; fractions are written as strings such as "1/20"')
