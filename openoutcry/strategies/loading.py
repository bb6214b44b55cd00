"""From the name of a strategy to a factory that makes it, one instance for each bidder and session.

Called by the agent process, the simulation, exact expectations and campaigns. It refuses, in one line of
StrategyError: a name that is not known, a module or file that cannot be imported (naming the user's exception
and its line), a missing attribute, something that is no strategy, and wrong options.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import ModuleType

from openoutcry.errors import StrategyError
from openoutcry.strategies.api import FunctionStrategy, Strategy
from openoutcry.strategies.failure import describe_failure, home_of
from openoutcry.strategies.module_files import name_module, run_module
from openoutcry.strategies.naming import StrategyName, parse_strategy_name
from openoutcry.strategies.options import bind_options
from openoutcry.strategies.registry import (
    RESERVED,
    find_registration,
    load_plug_in,
    plug_in_names,
    registrations,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFactory:
    """Makes instances of one strategy.

    Attributes:
        name: The strategy's name as written.
        deterministic: Whether each answer depends on nothing but the view.
        constructor: What makes an instance.
        options: Keyword arguments of every instance.
    """

    name: str
    deterministic: bool
    constructor: Callable[..., Strategy] = field(repr=False)
    options: tuple[tuple[str, object], ...] = ()

    def make(self) -> Strategy:
        """Make the strategy of one bidder for one session.

        Raises:
            StrategyError: The constructor failed or refused an option.
        """
        try:
            return self.constructor(**dict(self.options))
        except StrategyError as error:
            raise StrategyError(f"strategy {self.name!r}: {error}") from error
        except (Exception, SystemExit) as error:
            reason = describe_failure(error, home=home_of(self.constructor))
            raise StrategyError(f"strategy {self.name!r} cannot be made: {reason}") from error


def load_strategy(text: str, *, base_directory: Path | None = None) -> StrategyFactory:
    """Find a strategy by its name.

    Args:
        text: The name with its options; the syntax is in `openoutcry.strategies.naming`.
        base_directory: Where relative files start; the current directory by default.

    Returns:
        A factory; no instance has been made yet.

    Raises:
        StrategyError: The strategy cannot be found or loaded, or its options are wrong.
    """
    parsed = parse_strategy_name(text)
    base = Path() if base_directory is None else base_directory
    found = _find(parsed, base)
    deterministic = getattr(found, "deterministic", False) is True
    if inspect.isclass(found) and issubclass(found, Strategy):
        options = bind_options(found, parsed.options, name=text, base_directory=base)
        return StrategyFactory(
            name=text, deterministic=deterministic, constructor=found, options=tuple(options.items())
        )
    if inspect.isclass(found) or not callable(found):
        what = parsed.attribute or parsed.target
        raise StrategyError(f"strategy {text!r}: {what} is neither a subclass of Strategy nor a function")
    if parsed.options:
        raise StrategyError(f"strategy {text!r} is a plain function, which takes no options: write a class")
    return StrategyFactory(
        name=text, deterministic=deterministic, constructor=partial(FunctionStrategy, found)
    )


def check_strategy_name(text: str) -> None:
    """Check what can be checked about a name without importing anybody's code.

    Whoever runs an auction for others reads the names of their strategies and must not run them.

    Raises:
        StrategyError: The syntax is wrong, or a bare name is neither registered, reserved nor installed.
    """
    parsed = parse_strategy_name(text)
    if parsed.kind == "name" and find_registration(parsed.target) is None and parsed.target not in RESERVED:
        installed = plug_in_names()
        if parsed.target not in installed:
            raise _unknown(parsed, installed)


def _find(parsed: StrategyName, base: Path) -> object:
    """Give the class or function that a name means."""
    if parsed.kind == "name":
        return _find_registered(parsed)
    in_file = parsed.kind == "file"
    module = _load_file(base / parsed.target, parsed) if in_file else _import_module(parsed)
    try:
        found: object = getattr(module, parsed.attribute)
    except AttributeError as error:
        offered = [name for name, value in vars(module).items() if _is_own(value, module)]
        near = get_close_matches(parsed.attribute, offered, n=1) or offered[:1]
        advice = f"did you mean {near[0]}?" if near else "it defines no class and no function"
        raise StrategyError(
            f"strategy {parsed.text!r}: {parsed.target} has no {parsed.attribute}: {advice}"
        ) from error
    return found


def _find_registered(parsed: StrategyName) -> object:
    """Look a bare name up: registered here, or installed by another package."""
    registration = find_registration(parsed.target)
    if registration is not None:
        return registration.strategy
    try:
        found = load_plug_in(parsed.target)
    except (Exception, SystemExit) as error:
        reason = describe_failure(error)
        raise StrategyError(
            f"strategy {parsed.text!r} is installed but cannot be imported: {reason}"
        ) from error
    if found is not None:
        return found
    if parsed.target in RESERVED:
        summary = RESERVED[parsed.target]
        raise StrategyError(
            f"strategy {parsed.text!r} {summary}: it runs in an agent process only, with bidder-agent"
        )
    raise _unknown(parsed, plug_in_names())


def _unknown(parsed: StrategyName, installed: tuple[str, ...]) -> StrategyError:
    """Say that a bare name is not known, and which are."""
    names = (*(registration.name for registration in registrations()), *RESERVED, *installed)
    known = list(dict.fromkeys(names))
    near = get_close_matches(parsed.target, known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return StrategyError(f"strategy {parsed.text!r} is not known: {advice}")


def _import_module(parsed: StrategyName) -> ModuleType:
    """Import a module by its dotted name."""
    try:
        return importlib.import_module(parsed.target)
    except ModuleNotFoundError as error:
        missing = error.name or parsed.target
        if parsed.target != missing and not parsed.target.startswith(f"{missing}."):
            raise _import_failure(parsed, error) from error
        advice = "install it, or name its file, path/to/file.py:Class"
        raise StrategyError(f"strategy {parsed.text!r}: there is no module {missing}: {advice}") from error
    except (Exception, SystemExit) as error:
        raise _import_failure(parsed, error) from error


def _load_file(path: Path, parsed: StrategyName) -> ModuleType:
    """Run a file as a module of its own; the same text at the same place is run once in a process."""
    try:
        name = name_module(path, "strategy")
    except OSError as error:
        raise StrategyError(f"strategy {parsed.text!r}: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StrategyError(f"strategy {parsed.text!r} cannot be read: {error}") from error
    try:
        return run_module(path, name)
    except (Exception, SystemExit) as error:
        raise _import_failure(parsed, error, home=str(path)) from error


def _import_failure(parsed: StrategyName, error: BaseException, *, home: str | None = None) -> StrategyError:
    """Name what a user's module raised while it was imported."""
    return StrategyError(
        f"strategy {parsed.text!r}: {parsed.target} raised {describe_failure(error, home=home)}"
    )


def _is_own(value: object, module: ModuleType) -> bool:
    """Whether a module defines a class or function itself, so that a misspelt name may have meant it."""
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__
