"""The JSON Schema of scenario files, and one line for whatever it refuses.

The schema is shipped, is what editors and other languages use, and is what the loader checks with: shapes,
types, ranges and unknown keys are decided there, keys of the other kind of market by `kinds`. What depends on
two places of a file is decided by `loading`, the readers of its files, and the market itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from openoutcry.errors import ScenarioError
from openoutcry.scenario.kinds import find_mixture

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

FORMAT = "openoutcry-scenario/1"
SHOWN_LIMIT = 60

_BARE_KEY = re.compile(r"[\w-]+")

_TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "object": "a table of keys and values",
    "string": "text in quotes",
}

# A misspelt key is refused twice, as unknown and as missing: the unknown one is what the person typed.
_ORDER = {"additionalProperties": 0, "required": 1}


def schema() -> dict[str, Any]:
    """Give the schema as a fresh value."""
    text = files("openoutcry.scenario").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check_shape(document: dict[str, Any], *, file: str) -> None:
    """Check a parsed scenario file against the schema.

    Args:
        document: The whole file as parsed.
        file: The file as the person named it.

    Raises:
        ScenarioError: The first thing that is wrong: misspelt keys before keys of the other kind of market, and
            these before everything else.
    """
    try:
        errors = list(_validator().iter_errors(document))
        first = min(errors, key=lambda error: _ORDER.get(str(error.validator), 2), default=None)
        mixture = find_mixture(document)
        if mixture is not None and (first is None or first.validator != "additionalProperties"):
            key, reason = format_key(mixture[0]), mixture[1]
        elif first is not None:
            key, reason = explain(first, schema())
        else:
            return
    except RecursionError as error:
        raise ScenarioError(file=file, key="", reason="is nested too deeply") from error
    except ValueError as error:
        # Python refuses to write out an integer of thousands of digits, which hexadecimal TOML can hold.
        raise ScenarioError(file=file, key="", reason="holds a number of too many digits") from error
    raise ScenarioError(file=file, key=key, reason=reason)


@cache
def _validator() -> Validator:
    return strict_validator(schema())


def strict_validator(schema: dict[str, Any]) -> Validator:
    """Return what checks a parsed TOML file against a schema."""
    # Imported here: the validator takes longer to import than everything else of a scenario, and only loading
    # a file needs it.
    from jsonschema import Draft202012Validator, validators

    # JSON Schema calls 2.0 an integer; a signal or a value written so is a mistake here.
    checker = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    # The library does not annotate `extend`.
    strict: Any = validators.extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]
    validator: Validator = strict(schema)
    return validator


def explain(error: ValidationError, schema: dict[str, Any]) -> tuple[str, str]:
    """Give the key that is wrong and the reason, in words for somebody who has not read the schema.

    Args:
        error: What the validator of the schema found.
        schema: The whole schema.
    """
    # The library leaves these unset only on errors that nobody raised.
    rule: Any = error.validator_value
    part: Any = error.schema
    instance: Any = error.instance
    key, found = format_key(error.absolute_path), _show(instance)
    match error.validator:
        case "additionalProperties":
            known = list(part["properties"])
            unknown = next(name for name in instance if name not in known)
            return format_key([*error.absolute_path, unknown]), f"unknown key: {nearest(unknown, known)}"
        case "required":
            missing = next(name for name in rule if name not in instance)
            meaning = _description(schema, part, [*error.absolute_path, missing])
            return key, f"needs the key {missing!r}" + (f": {meaning}" if meaning else "")
        case "dependentRequired":
            given, wanted = next((name, rule[name]) for name in rule if name in instance)
            return key, f"has {given!r}, which needs {' and '.join(wanted)} beside it"
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            return key, f"must be {' or '.join(_TYPE_WORDS[kind] for kind in kinds)}, not {found}"
        case "const":
            return key, f"must be {rule!r}, not {found}"
        case "enum":
            return key, f"must be {' or '.join(rule)}, not {found}"
        case "minimum":
            return key, f"must be at least {rule}, not {found}"
        case "maximum":
            return key, f"must be at most {rule}, not {found}"
        case "minLength" | "minItems":
            return key, f"must have at least {rule} {_unit(instance)}"
        case "maxLength" | "maxItems":
            return key, f"must have at most {rule} {_unit(instance)}"
        case "uniqueItems":
            return key, f"must not name anything twice: {found}"
        case None:
            return key, "does not belong into this market"
        case _:
            return key, f"is {found}; expected here: {part.get('description', error.message)}"


def _description(schema: dict[str, Any], part: dict[str, Any], path: list[str | int]) -> str:
    """Give what the schema says of a missing key, where it demands it or where it describes all keys."""
    found: dict[str, Any] = part.get("properties", {}).get(path[-1], {})
    if "description" not in found:
        found = schema
        for step in path:
            found = (
                found.get("items", {}) if isinstance(step, int) else found.get("properties", {}).get(step, {})
            )
    return str(found.get("description", ""))


def format_key(path: Iterable[str | int]) -> str:
    """Write a path as a person would: `bidder[3].private.signal`, counting from 0."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if _BARE_KEY.fullmatch(part) else repr(part)
            text += f".{shown}" if text else shown
    return text


def nearest(name: object, known: Iterable[str]) -> str:
    """Advise on a name that is not known."""
    names = list(known)
    near = get_close_matches(str(name), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(names)}"


def _unit(instance: object) -> str:
    return "characters" if isinstance(instance, str) else "items"


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN_LIMIT else f"{shown[: SHOWN_LIMIT - 3]}..."
