"""How a strategy writes a valuation, and which type of a public list it means.

A mechanism computes with the index of a type in a bidder's public list. People think in values: an integer where a
bidder wants one thing, and one integer for each bundle where there are several: `{"a": 1, "a+b": 4}`, or `(1, 4)` in
the order of the environment's bundles. Everything here is exact and in minor units. Called by beliefs, by views and
by whatever checks answers; a valuation that is in no list is refused with the nearest one that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import Type, TypeMarket

SHOWN_TYPES = 8
"""A message lists as many types; the rest are counted."""

SHOWN_LIMIT = 60

Value = int | Type
"""A valuation as it is given out: an integer, or a tuple with one integer for each bundle. It can be a key."""

Valuation = Value | Mapping[str, int]
"""A valuation as it is taken in."""


@dataclass(frozen=True, slots=True)
class TypeIndex:
    """A type by its place in a bidder's public list, 0..; for strategies that would rather count than name values."""

    index: int


def bundle_names(environment: Environment) -> tuple[str, ...]:
    """Return what people call the bundles, such as "a" or "a+b", in the environment's order."""
    return tuple("+".join(environment.goods[good] for good in bundle) for bundle in environment.bundles)


def value_of(market: TypeMarket, bidder: int, index: int) -> Value:
    """Return a type as a key: an integer where it is one number, else a tuple by bundle."""
    valuation = market.bidders[bidder].types[index]
    return valuation[0] if market.environment.is_single_parameter else valuation


def values_of(market: TypeMarket, bidder: int) -> tuple[Value, ...]:
    """Return all types that a bidder may have, by type index."""
    return tuple(value_of(market, bidder, index) for index in range(len(market.bidders[bidder].types)))


def readable(market: TypeMarket, value: Value) -> Any:
    """Return a valuation as it reads best: an integer, or a mapping by bundle name."""
    if not isinstance(value, tuple):
        return value
    return dict(zip(bundle_names(market.environment), value, strict=True))


def find_bidder(market: TypeMarket, name: object, *, among: Sequence[int] | None = None) -> int:
    """Return the index of a bidder by its name.

    Args:
        market: Public.
        name: Of the bidder.
        among: Indices of the bidders that it may be; all of the market's by default.

    Raises:
        UsageError: There is no such bidder; the nearest name is suggested.
    """
    known = range(len(market.bidders)) if among is None else among
    names = [market.bidders[bidder].name for bidder in known]
    if isinstance(name, str) and name in names:
        return known[names.index(name)]
    near = get_close_matches(name, names, n=1) if isinstance(name, str) else []
    advice = f"did you mean {near[0]!r}?" if near else f"there are {_listed(names)}"
    raise UsageError(f"there is no bidder {_show(name)} here: {advice}")


def find_type(market: TypeMarket, bidder: int, valuation: object) -> int:
    """Return the index of the type that a valuation means.

    Args:
        market: Public.
        bidder: Whose list of types is meant.
        valuation: An integer, a tuple or mapping by bundle, or a `TypeIndex`.

    Raises:
        UsageError: It is none of these, or in no place of the list; the list is shown.
    """
    types = market.bidders[bidder].types
    if isinstance(valuation, TypeIndex):
        index = valuation.index
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(types):
            return index
        raise UsageError(
            f"type {_show(index)} is no place in a list of {len(types)}: say 0..{len(types) - 1}"
        )
    wanted = _as_type(market.environment, valuation)
    try:
        return types.index(wanted)
    except ValueError:
        known = _listed([_show(value) for value in values_of(market, bidder)])
        name = market.bidders[bidder].name
        raise UsageError(f"{_show(valuation)} is no value that {name} may have: use one of {known}") from None


def _as_type(environment: Environment, valuation: object) -> Type:
    names = bundle_names(environment)
    if isinstance(valuation, Mapping):
        if set(valuation) != set(names):
            raise UsageError(f"a valuation by bundle needs a value for each of {_listed(names)}")
        valuation = tuple(valuation[name] for name in names)
    elif isinstance(valuation, list):
        valuation = tuple(valuation)
    elif not isinstance(valuation, tuple) and len(names) == 1:
        valuation = (valuation,)
    if not isinstance(valuation, tuple):
        raise UsageError(
            f"{_show(valuation)} is no valuation: give one integer for each of {_listed(names)}, as "
            f"a tuple in this order or as a mapping"
        )
    for value in valuation:
        if isinstance(value, bool) or not isinstance(value, int):
            raise UsageError(f"{_show(value)} is no value: values are integers, in minor units")
    if len(valuation) != len(names):
        raise UsageError(f"{_show(valuation)} has {len(valuation)} values: there are {len(names)} bundles")
    return valuation


def _listed(words: Sequence[str]) -> str:
    more = len(words) - SHOWN_TYPES
    return ", ".join(words[:SHOWN_TYPES]) + (f" and {more} more" if more > 0 else "")


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN_LIMIT else f"{shown[: SHOWN_LIMIT - 3]}..."
