"""What a bidder's public valuation can be, and its JSON form.

A valuation maps the state, of group signal sums or of counts, to an integer. The kinds are closed: an auditor must
be able to recompute every price from the specification alone. Decoding refuses unknown families and keys, missing
keys, unknown groups, and nesting deeper than a person can read. Scenario files and specifications use the
same form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from openoutcry.errors import MarketError
from openoutcry.mechanisms.families import Linear, Minimum, Product, Steps, Threshold, require_integer
from openoutcry.mechanisms.parameters import show, suggest
from openoutcry.mechanisms.tables import CountTable, Table

Valuation = Linear | Threshold | Steps | Minimum | Product | Table | CountTable

NESTING_LIMIT = 8
"""How deep `minimum` and `product` may nest: decoding recurses, and its input is not trusted."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "linear": ("constant", "weights"),
    "threshold": ("value", "at", "weights"),
    "steps": ("weights", "steps"),
    "minimum": ("of",),
    "product": ("of",),
    "table": ("shape", "values"),
    "count-table": ("members", "signal_levels", "values"),
}

_OPTIONAL_KEYS = ("constant",)


def encode_valuation(valuation: Valuation, groups: Sequence[str]) -> dict[str, object]:
    """Return the JSON form of a valuation, with the groups by name."""
    return valuation.encode(groups)


def decode_valuation(raw: object, groups: Sequence[str], *, counted_levels: int | None = None) -> Valuation:
    """Read a valuation from its JSON form.

    Args:
        raw: A mapping with `family` and that family's keys.
        groups: The market's group names in order.
        counted_levels: The market's k where values depend on counts; None where they depend on sums.

    Returns:
        The valuation. That it fits a market's state space is checked when the market is made.

    Raises:
        MarketError: What is wrong, and for a misspelt name the nearest known one.
    """
    return _Decoder(groups, counted_levels).decode(raw, NESTING_LIMIT)


def depends_on_counts(raw: object) -> bool:
    """Return whether a valuation in its JSON form says something that sums do not: weights by signal value.

    Args:
        raw: What `decode_valuation` may refuse.
    """
    return _depends_on_counts(raw, NESTING_LIMIT)


def _depends_on_counts(raw: object, depth: int) -> bool:
    if not isinstance(raw, Mapping) or depth == 0:
        return False
    weights, parts = raw.get("weights"), raw.get("of")
    return (
        raw.get("family") == "count-table"
        or (isinstance(weights, Mapping) and any(isinstance(weight, list) for weight in weights.values()))
        or (isinstance(parts, list) and any(_depends_on_counts(part, depth - 1) for part in parts))
    )


class _Decoder:
    """Reads valuations of one market."""

    def __init__(self, groups: Sequence[str], counted_levels: int | None) -> None:
        self._groups = groups
        self._counted_levels = counted_levels

    def decode(self, raw: object, depth: int) -> Valuation:
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
                return Linear(constant=constant, weights=self._weights(raw["weights"]))
            case "threshold":
                value, at = require_integer(raw["value"], "value"), require_integer(raw["at"], "at")
                return Threshold(value_reached=value, at=at, weights=self._weights(raw["weights"]))
            case "steps":
                return Steps(weights=self._weights(raw["weights"]), steps=_decode_steps(raw["steps"]))
            case "minimum" | "product":
                of = raw["of"]
                if not isinstance(of, Sequence) or isinstance(of, str) or len(of) != 2:
                    raise MarketError(f"`of` must be a list of two values for family {family!r}")
                first, second = (self.decode(part, depth - 1) for part in of)
                return (Minimum if family == "minimum" else Product)(first=first, second=second)
            case "table":
                return self._table(raw)
            case _:
                return self._count_table(raw)

    def _table(self, raw: Mapping[object, object]) -> Table:
        if self._counted_levels is not None and self._counted_levels > 2:
            raise MarketError("a `table` is by sums; where values depend on counts, give a `count-table`")
        shape = _decode_integers(raw["shape"], "shape")
        if len(shape) != len(self._groups):
            raise MarketError(f"shape has {len(shape)} entries for {len(self._groups)} groups")
        return Table(shape=shape, values=_decode_integers(raw["values"], "values"))

    def _count_table(self, raw: Mapping[object, object]) -> CountTable:
        if self._counted_levels is None:
            raise MarketError("a `count-table` is by counts; where values depend on sums, give a `table`")
        levels = require_integer(raw["signal_levels"], "signal_levels")
        if levels != self._counted_levels:
            raise MarketError(f"a table counts {levels} signal values; the market has {self._counted_levels}")
        members = _decode_integers(raw["members"], "members")
        if len(members) != len(self._groups):
            raise MarketError(f"members has {len(members)} entries for {len(self._groups)} groups")
        values = _decode_integers(raw["values"], "values")
        return CountTable(members=members, signal_levels=levels, values=values)

    def _weights(self, raw: object) -> tuple[int, ...]:
        """Return one weight for each entry of the state."""
        if not isinstance(raw, Mapping):
            raise MarketError(f"`weights` must name groups and integers, not {show(raw)}")
        for name in raw:
            if name not in self._groups:
                raise MarketError(
                    f"`weights` names an unknown group {show(name)}{suggest(name, self._groups)}"
                )
        if self._counted_levels is None:
            return tuple(_whole_weight(raw.get(group, 0), group) for group in self._groups)
        width = self._counted_levels - 1
        weights: list[int] = []
        for group in self._groups:
            given = raw.get(group, 0)
            weights += (
                _weight_steps(given, group, self._counted_levels)
                if isinstance(given, list)
                else [_whole_weight(given, group)] * width
            )
        return tuple(weights)


def _whole_weight(weight: object, group: str) -> int:
    if isinstance(weight, list):
        raise MarketError(
            f"the weight of group {show(group)} is a list, one weight for each signal value: this is for markets "
            "whose values depend on counts"
        )
    if isinstance(weight, bool) or not isinstance(weight, int):
        raise MarketError(f"the weight of group {show(group)} must be an integer, not {show(weight)}")
    return weight


def _weight_steps(raw: list[object], group: str, levels: int) -> list[int]:
    """Return what each signal value of a list adds to the one before."""
    weights = _decode_integers(raw, f"the weights of group {show(group)}")
    if len(weights) != levels or weights[0] != 0:
        raise MarketError(
            f"the weights of group {show(group)} must be {levels}, one for each signal value, the first of them 0"
        )
    for signal, (before, after) in enumerate(pairwise(weights), start=1):
        if after < before:
            raise MarketError(
                f"the weights of group {show(group)} fall from {before} to {after} where a signal rises to {signal}"
            )
    return [after - before for before, after in pairwise(weights)]


def _check_keys(raw: Mapping[object, object], family: str) -> None:
    known = ("family", *_KEYS[family])
    for key in raw:
        if key not in known:
            raise MarketError(f"family {family!r} has no key {show(key)}{suggest(key, known)}")
    for key in known:
        if key not in raw and key not in _OPTIONAL_KEYS:
            raise MarketError(f"family {family!r} needs the key {key!r}")


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
