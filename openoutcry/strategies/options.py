"""Options of a strategy: from the text of a strategy's name to the arguments of its constructor.

The constructor's annotations say what a value is: `int`, `str`, `bool`, `Fraction` or `Path`, each also as
`... | None`. A parameter without an annotation takes the type of its default, else text. Paths are relative
to the file that names the strategy.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path

from openoutcry.errors import StrategyError

_MEANINGS: dict[type, str] = {
    bool: "true or false",
    int: "an integer",
    Fraction: 'a fraction such as "1/2"',
    Path: "a file",
    str: "text",
}
_BOOLEANS = {"true": True, "false": False}


def bind_options(
    constructor: Callable[..., object],
    options: tuple[tuple[str, str], ...],
    *,
    name: str,
    base_directory: Path,
) -> dict[str, object]:
    """Convert the options of a strategy for its constructor.

    Args:
        constructor: The class, or the function that makes the strategy.
        options: Keys and values as written.
        name: The strategy's name as written, for messages.
        base_directory: Where relative paths start.

    Returns:
        Keyword arguments.

    Raises:
        StrategyError: An option is unknown, missing, or not of the annotated type.
    """
    parameters = _parameters(constructor, name)
    converted: dict[str, object] = {}
    for key, text in options:
        if key not in parameters:
            raise StrategyError(f"strategy {name!r} has no option {key}: {_suggest(key, parameters)}")
        converted[key] = _convert(
            text, _type_of(parameters[key]), key=key, name=name, base_directory=base_directory
        )
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and key not in converted:
            wanted = _MEANINGS.get(_type_of(parameter), "a value")
            raise StrategyError(f"strategy {name!r} needs the option {key}: {wanted}, written :{key}=...")
    return converted


def _parameters(constructor: Callable[..., object], name: str) -> dict[str, inspect.Parameter]:
    """List what the constructor can be given by name."""
    try:
        signature = inspect.signature(constructor, eval_str=True)
    except NameError as error:
        raise StrategyError(
            f"strategy {name!r}: an annotation of its options cannot be read: {error}"
        ) from error
    except (TypeError, ValueError):
        # Some callables written in C have no signature; they take no options then.
        return {}
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {key: parameter for key, parameter in signature.parameters.items() if parameter.kind in by_name}


def _type_of(parameter: inspect.Parameter) -> type:
    """Decide what type an option has."""
    annotation = parameter.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not types.NoneType]
        annotation = members[0] if len(members) == 1 else str
    if annotation in _MEANINGS:
        chosen: type = annotation
        return chosen
    if annotation is inspect.Parameter.empty and type(parameter.default) in _MEANINGS:
        return type(parameter.default)
    return str


def _convert(text: str, wanted: type, *, key: str, name: str, base_directory: Path) -> object:
    """Read one value."""
    try:
        if wanted is bool:
            return _BOOLEANS[text.lower()]
        if wanted is Path:
            return base_directory / text
        return wanted(text)
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise StrategyError(f"strategy {name!r}: {key}={text} is not {_MEANINGS[wanted]}") from error


def _suggest(key: str, parameters: dict[str, inspect.Parameter]) -> str:
    """Name the nearest option, or all of them."""
    if not parameters:
        return "it takes no options"
    near = get_close_matches(key, parameters, n=1)
    return f"did you mean {near[0]}?" if near else f"it has {', '.join(parameters)}"
