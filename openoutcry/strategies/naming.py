"""The one syntax that names a strategy, on the command line, in a scenario and in a sweep.

```
truthful                              a registered name
shade:levels=1                        with options: key=value, separated by commas
mypackage.module:Class                a class or function of an importable module
mypackage.module:Class:levels=1       with options
path/to/file.py:Class                 a class or function of a file, relative to the file that names it
path/to/file.py:Class:levels=1        with options
```

This module splits the text and loads nothing. Values cannot contain commas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from openoutcry.errors import StrategyError

_NAME = re.compile(r"(?P<target>[a-z][a-z0-9-]*)(?::(?P<options>\s*\w+\s*=.*))?", re.DOTALL)
_FILE = re.compile(r"(?P<target>.+?\.py):(?P<attribute>[^\W\d]\w*)(?::(?P<options>.*))?", re.DOTALL)
_MODULE = re.compile(
    r"(?P<target>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*)(?::(?P<options>.*))?", re.DOTALL
)

SYNTAX = "use NAME, package.module:Class or path/to/file.py:Class, and options as :key=value,key=value"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyName:
    """A strategy's name, taken apart.

    Attributes:
        text: As the person wrote it.
        kind: "name", "module" or "file".
        target: The registered name, the dotted module, or the path.
        attribute: The class or function in the module or file; empty for a registered name.
        options: Keys and values as written, in order.
    """

    text: str
    kind: str
    target: str
    attribute: str
    options: tuple[tuple[str, str], ...]


def parse_strategy_name(text: str) -> StrategyName:
    """Take a strategy's name apart.

    Args:
        text: As the person wrote it.

    Raises:
        StrategyError: The text does not follow the syntax.
    """
    stripped = text.strip()
    for kind, pattern in (("name", _NAME), ("file", _FILE), ("module", _MODULE)):
        match = pattern.fullmatch(stripped)
        if match:
            parts = match.groupdict()
            return StrategyName(
                text=text,
                kind=kind,
                target=parts["target"],
                attribute=parts.get("attribute") or "",
                options=_parse_options(text, parts["options"]),
            )
    if stripped.endswith(".py"):
        raise StrategyError(
            f"strategy {text!r} names a file: say which class or function of it, {stripped}:Class"
        )
    if re.fullmatch(r"\w+(\.\w+)+", stripped):
        raise StrategyError(
            f"strategy {text!r} names a module: say which class or function of it, {stripped}:Class"
        )
    raise StrategyError(f"strategy {text!r} cannot be understood: {SYNTAX}")


def _parse_options(text: str, options: str | None) -> tuple[tuple[str, str], ...]:
    """Split `key=value,key=value`; None means that there was no colon at all."""
    if options is None:
        return ()
    pairs: list[tuple[str, str]] = []
    for part in options.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key.isidentifier() or not equals or not value:
            raise StrategyError(f"strategy {text!r}: option {part.strip()!r} is not key=value")
        if key in dict(pairs):
            raise StrategyError(f"strategy {text!r}: option {key} is given twice")
        pairs.append((key, value))
    return tuple(pairs)
