"""Bidders' types as a file lists them, and how its other parts and files name one of them.

Where a type is one number, the number names it. Where it has several, its position in the bidder's list does, counted
from 0, or the values written out as they stand in the list. The market keeps the types rising; positions are the
file's. A bundle that a type does not list is worth as much as the best listed bundle within it, and nothing when
there is none: whoever gets more than it wants leaves the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from openoutcry.errors import MarketError
from openoutcry.mechanisms.crowd.market import Type
from openoutcry.scenario.document import Document
from openoutcry.scenario.schema import nearest

SHOWN_TYPES = 12
"""Types that a message lists before it breaks off."""

Bundle = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What the types of a file give values for.

    Attributes:
        names: Of the goods.
        bundles: What a bidder may get: good indices, rising.
        is_single_parameter: Whether a type is one number.
    """

    names: tuple[str, ...]
    bundles: tuple[Bundle, ...]
    is_single_parameter: bool

    def values(self, raw: int | Sequence[int] | Mapping[str, int]) -> Type:
        """Return the type that a file writes as a number, a list of values by good, or a table by bundle.

        Raises:
            MarketError: The list has another length than there are goods, or the table names no bundle of them.
        """
        if isinstance(raw, int):
            return (raw,)
        if isinstance(raw, Mapping):
            return self._fill(read_table(raw, self.names))
        if len(self.bundles) != len(self.names) or any(len(bundle) > 1 for bundle in self.bundles):
            raise MarketError("must be a table of values by bundle, not a list")
        if len(raw) != len(self.names):
            raise MarketError(f"must have one value for each of the {len(self.names)} goods, not {len(raw)}")
        return tuple(raw)

    def _fill(self, listed: Mapping[Bundle, int]) -> Type:
        masks = [(_mask(bundle), value) for bundle, value in listed.items()]
        values = []
        for bundle in self.bundles:
            whole = _mask(bundle)
            within = (value for mask, value in masks if mask & whole == mask)
            values.append(listed[bundle] if bundle in listed else max(within, default=0))
        return tuple(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeList:
    """One bidder's types.

    Attributes:
        bidder: Its name.
        types: As the market keeps them, rising.
        named: Index in `types` by what names a type in the file: its value, or its position there.
        goods: What the types give values for.
    """

    bidder: str
    types: tuple[Type, ...]
    named: Mapping[int, int]
    goods: Goods

    def find(self, raw: int | Sequence[int] | Mapping[str, int]) -> int:
        """Return the index of the type that a file names.

        Raises:
            MarketError: The bidder has no such type.
        """
        if isinstance(raw, int):
            if raw in self.named:
                return self.named[raw]
            raise MarketError(f"{raw} is not among {self._offer()}")
        values = self.goods.values(raw)
        if self.goods.is_single_parameter or values not in self.types:
            raise MarketError(f"{raw!r:.80} is not among {self._offer()}")
        return self.types.index(values)

    def show(self, index: int) -> str:
        """Return what names a type in the file."""
        return str(next(name for name, known in self.named.items() if known == index))

    def _offer(self) -> str:
        if not self.goods.is_single_parameter:
            return f"the types of {self.bidder!r}: positions 0..{len(self.types) - 1} in its list"
        shown = ", ".join(map(str, list(self.named)[:SHOWN_TYPES]))
        return f"the types of {self.bidder!r}: {shown}{', ...' if len(self.named) > SHOWN_TYPES else ''}"


def read_types(document: Document, goods: Goods) -> tuple[TypeList, ...]:
    """Read every bidder's types, in roster order.

    Raises:
        ScenarioError: Numbers do not rise, a type is listed twice, or is about other goods.
    """
    return tuple(
        _read_list(document, goods, entry["name"], entry["types"], f"bidder[{index}].types")
        for index, entry in enumerate(document.bidders)
    )


def list_bundles(document: Document, names: Sequence[str]) -> tuple[Bundle, ...]:
    """Return every bundle that some bidder's types list, rising: what the bundles of the market are.

    Raises:
        ScenarioError: Something is named that is no bundle of these goods.
    """
    found: set[Bundle] = set()
    for index, entry in enumerate(document.bidders):
        for place, raw in enumerate(entry["types"]):
            try:
                found.update(read_table(raw, names))
            except MarketError as error:
                raise document.refusal(f"bidder[{index}].types[{place}]", str(error)) from error
    return tuple(sorted(found))


def read_table(raw: Mapping[str, int], names: Sequence[str]) -> dict[Bundle, int]:
    """Return the values of a table by bundle.

    Raises:
        MarketError: It names what is no bundle of these goods, or one bundle twice.
    """
    listed: dict[Bundle, int] = {}
    for text, value in raw.items():
        bundle = read_bundle(text, names)
        if bundle in listed:
            raise MarketError(f"lists the bundle {text!r} twice: goods may be named in any order")
        listed[bundle] = value
    return listed


def read_bundle(text: str, names: Sequence[str]) -> Bundle:
    """Return the bundle that a text such as "a+b" names.

    Raises:
        MarketError: One of the names is no good's, or stands there twice.
    """
    goods: list[int] = []
    for name in text.split("+"):
        stripped = name.strip()
        if stripped not in names:
            raise MarketError(
                f"{stripped!r} in {text!r} is no good of the market: {nearest(stripped, names)}"
            )
        goods.append(list(names).index(stripped))
    if len(set(goods)) != len(goods):
        raise MarketError(f"{text!r} names a good twice: a bundle holds one unit of each of its goods")
    return tuple(sorted(goods))


def _read_list(document: Document, goods: Goods, bidder: str, raw_types: Sequence[Any], key: str) -> TypeList:
    types: list[Type] = []
    for place, raw in enumerate(raw_types):
        try:
            values = goods.values(raw)
        except MarketError as error:
            raise document.refusal(f"{key}[{place}]", str(error)) from error
        if goods.is_single_parameter and types and values <= types[-1]:
            reason = f"{values[0]} after {types[-1][0]}: list the types rising, each once"
            raise document.refusal(f"{key}[{place}]", reason)
        types.append(values)
    order = sorted(range(len(types)), key=types.__getitem__)
    for before, after in pairwise(order):
        if types[before] == types[after]:
            raise document.refusal(f"{key}[{after}]", f"is the same type as {key}[{before}]: list each once")
    named = {types[place][0] if goods.is_single_parameter else place: i for i, place in enumerate(order)}
    return TypeList(
        bidder=bidder,
        types=tuple(types[place] for place in order),
        named=dict(sorted(named.items())),
        goods=goods,
    )


def _mask(bundle: Iterable[int]) -> int:
    return sum(1 << good for good in bundle)
