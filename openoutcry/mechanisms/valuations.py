"""What a bidder's public valuation can be, and its JSON form.

A valuation maps the vector of group signal sums to an integer. The kinds are closed: an auditor must be able
to recompute every price from the specification alone. Decoding refuses unknown families and keys, missing
keys, unknown groups, and nesting deeper than a person can read. Scenario files and specifications use the
same form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openoutcry.errors import MarketError
from openoutcry.mechanisms.families import Linear, Minimum, Product, Steps, Threshold, require_integer
from openoutcry.mechanisms.parameters import show, suggest
from openoutcry.mechanisms.tables import Table

Valuation = Linear | Threshold | Steps | Minimum | Product | Table

NESTING_LIMIT = 8
"""How deep `minimum` and `product` may nest: decoding recurses, and its input is not trusted."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "linear": ("constant", "weights"),
    "threshold": ("value", "at", "weights"),
    "steps": ("weights", "steps"),
    "minimum": ("of",),
    "product": ("of",),
    "table": ("shape", "values"),
}

_OPTIONAL_KEYS = ("constant",)


def encode_valuation(valuation: Valuation, groups: Sequence[str]) -> dict[str, object]:
    """Return the JSON form of a valuation, with the groups by name."""
    return valuation.encode(groups)


def decode_valuation(raw: object, groups: Sequence[str]) -> Valuation:
    """Read a valuation from its JSON form.

    Args:
        raw: A mapping with `family` and that family's keys.
        groups: The market's group names in order.

    Returns:
        The valuation. That it fits a market's state space is checked when the market is made.

    Raises:
        MarketError: What is wrong, and for a misspelt name the nearest known one.
    """
    return _decode(raw, groups, NESTING_LIMIT)


def _decode(raw: object, groups: Sequence[str], depth: int) -> Valuation:
    if depth == 0:
        raise MarketError(f"valuations are nested more than {NESTING_LIMIT} deep")
    if not isinstance(raw, Mapping):
        raise MarketError(f"a value must be a table with a `family`, not {show(raw)}")
    family = raw.get("family")
    if not isinstance(family, str) or family not in _KEYS:
        raise MarketError(
            f"unknown family {show(family)}{suggest(family, _KEYS)}; known are {', '.join(_KEYS)}"
        )
    _check_keys(raw, family)
    match family:
        case "linear":
            constant = require_integer(raw.get("constant", 0), "constant")
            return Linear(constant=constant, weights=_decode_weights(raw["weights"], groups))
        case "threshold":
            value = require_integer(raw["value"], "value")
            at = require_integer(raw["at"], "at")
            return Threshold(value_reached=value, at=at, weights=_decode_weights(raw["weights"], groups))
        case "steps":
            return Steps(weights=_decode_weights(raw["weights"], groups), steps=_decode_steps(raw["steps"]))
        case "minimum" | "product":
            of = raw["of"]
            if not isinstance(of, Sequence) or isinstance(of, str) or len(of) != 2:
                raise MarketError(f"`of` must be a list of two values for family {family!r}")
            first, second = (_decode(part, groups, depth - 1) for part in of)
            return (Minimum if family == "minimum" else Product)(first=first, second=second)
        case _:
            shape = _decode_integers(raw["shape"], "shape")
            if len(shape) != len(groups):
                raise MarketError(f"shape has {len(shape)} entries for {len(groups)} groups")
            return Table(shape=shape, values=_decode_integers(raw["values"], "values"))


def _check_keys(raw: Mapping[object, object], family: str) -> None:
    known = ("family", *_KEYS[family])
    for key in raw:
        if key not in known:
            raise MarketError(f"family {family!r} has no key {show(key)}{suggest(key, known)}")
    for key in known:
        if key not in raw and key not in _OPTIONAL_KEYS:
            raise MarketError(f"family {family!r} needs the key {key!r}")


def _decode_weights(raw: object, groups: Sequence[str]) -> tuple[int, ...]:
    if not isinstance(raw, Mapping):
        raise MarketError(f"`weights` must name groups and integers, not {show(raw)}")
    for name, weight in raw.items():
        if name not in groups:
            raise MarketError(f"`weights` names an unknown group {show(name)}{suggest(name, groups)}")
        if isinstance(weight, bool) or not isinstance(weight, int):
            raise MarketError(f"the weight of group {show(name)} must be an integer, not {show(weight)}")
    return tuple(raw.get(group, 0) for group in groups)


def _decode_steps(raw: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise MarketError("`steps` must be a list of pairs [at, value]")
    pairs = tuple(_decode_integers(step, "each of `steps`") for step in raw)
    steps = tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2)
    if len(steps) != len(pairs):
        raise MarketError("`steps` must be a list of pairs [at, value]")
    return steps


def _decode_integers(raw: object, what: str) -> tuple[int, ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise MarketError(f"{what} must be a list of integers, not {show(raw)}")
    for number in raw:
        if isinstance(number, bool) or not isinstance(number, int):
            raise MarketError(f"{what} must hold integers only, not {show(number)}")
    return tuple(raw)
