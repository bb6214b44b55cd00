"""Which kind of market a scenario file describes, and the keys that belong to the other kind.

A file describes bidders with signals, for the clock mechanisms, or bidders with types, for the crowdsourced ones and
those that they are compared with. The mechanism decides; where its name is not known, `environment` does. Keys of
the other kind are refused by name, because a file that mixes both was most likely copied together from two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openoutcry.mechanisms.mechanism import MarketKind
from openoutcry.mechanisms.registry import MECHANISMS

_MARKET_KEYS: Mapping[MarketKind, Sequence[str]] = {
    "signals": ("signal_levels", "groups", "values"),
    "types": ("environment", "goods", "units", "assignments"),
}
_BIDDER_KEYS: Mapping[MarketKind, Sequence[str]] = {"signals": ("group", "value"), "types": ("types",)}
_PRIVATE_KEYS: Mapping[MarketKind, Sequence[str]] = {"signals": ("signal",), "types": ("value", "belief")}

_OWNERS: Mapping[MarketKind, str] = {
    "signals": "clock mechanisms",
    "types": "mechanisms that run on types",
}
_NEEDS: Mapping[MarketKind, str] = {
    "signals": "signal_levels in [market], and a value for each bidder",
    "types": "an environment in [market], and types for each bidder",
}

Path = tuple[str | int, ...]


def market_kind(document: Mapping[str, Any]) -> MarketKind:
    """Return which kind of market a parsed file describes; its shape need not have been checked."""
    mechanism = _mechanism_name(document)
    if mechanism is not None:
        return MECHANISMS[mechanism].market
    return "types" if "environment" in _table(document.get("market")) else "signals"


def find_mixture(document: Mapping[str, Any]) -> tuple[Path, str] | None:
    """Return the first key of the other kind of market, as a path and a reason, or None when there is none.

    Args:
        document: The parsed file; its shape need not have been checked.
    """
    kind = market_kind(document)
    other: MarketKind = "types" if kind == "signals" else "signals"
    mechanism = _mechanism_name(document)
    subject = "this market" if mechanism is None else mechanism
    verb = "has" if mechanism is None else "runs on"
    for path in _foreign_keys(document, other):
        return path, f"{path[-1]} belongs to {_OWNERS[other]}; {subject} {verb} {kind}: give {_NEEDS[kind]}"
    market = document.get("market")
    if kind == "types" and isinstance(market, dict) and "environment" not in market:
        return ("market",), f"needs the key 'environment': {subject} runs on bidders with types"
    return None


def _foreign_keys(document: Mapping[str, Any], other: MarketKind) -> Iterator[Path]:
    market = _table(document.get("market"))
    yield from (("market", key) for key in _MARKET_KEYS[other] if key in market)
    bidders = document.get("bidder")
    for index, bidder in enumerate(bidders if isinstance(bidders, list) else []):
        entry = _table(bidder)
        yield from (("bidder", index, key) for key in _BIDDER_KEYS[other] if key in entry)
        private = _table(entry.get("private"))
        yield from (("bidder", index, "private", key) for key in _PRIVATE_KEYS[other] if key in private)
    if other == "types" and "prior" in document:
        yield ("prior",)


def _mechanism_name(document: Mapping[str, Any]) -> str | None:
    name = _table(document.get("mechanism")).get("name")
    return name if isinstance(name, str) and name in MECHANISMS else None


def _table(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}
