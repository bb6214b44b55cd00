"""Distributions over bidders' types, from CSV files or from products written in the scenario itself.

A joint distribution is a CSV file: one column for each bidder, headed by its name and naming a type in each row, then
the column `weight`. Weights are integers of at least 0 and need not add up to anything. A product gives for each
bidder a list of pairs, a type and its weight. In a belief the bidder's own column, or own list, may be left out; when
it is there, it must say nothing but the bidder's own type. Types are named as `openoutcry.scenario.type_lists` says.

Refused with file and row, or with the key: types that a bidder does not have, a row or type that stands there twice,
columns that do not fit, weights that are no integers or all 0, and more rows than can be computed with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openoutcry.errors import MarketError
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint, Product, Profile
from openoutcry.scenario.document import Document
from openoutcry.scenario.schema import format_key, nearest
from openoutcry.scenario.sheet import (
    check_columns,
    check_width,
    read_number,
    read_text,
    row_refusal,
    split_rows,
)
from openoutcry.scenario.type_lists import TypeList

WEIGHT_COLUMN = "weight"

ROW_LIMIT = POINT_LIMIT
"""Rows of one file: what a joint distribution may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Whose belief is being read: the bidder knows its own type.

    Attributes:
        player: The bidder's index.
        index: Of its type.
    """

    player: int
    index: int


def read_joint(path: Path, types: Sequence[TypeList], own: Own | None = None, *, file: str) -> Joint:
    """Read a joint distribution from a CSV file.

    Args:
        path: The file.
        types: Every bidder's, in roster order.
        own: The bidder whose belief about all others it is; None for a distribution of all bidders' types.
        file: What to call it in messages.

    Raises:
        ScenarioError: As this module's docstring lists.
    """
    return parse_joint(read_text(path, file), types, own, file=file)


def parse_joint(text: str, types: Sequence[TypeList], own: Own | None = None, *, file: str) -> Joint:
    """Read a joint distribution from the text of a CSV file; see `read_joint`."""
    lines = split_rows(text, file)
    header_line, header = next(lines, (1, []))
    players = _players_of(header, types, own, file, header_line)
    weights: dict[Profile, int] = {}
    seen: dict[Profile, int] = {}
    for line, cells in limited(lines, file):
        check_width(cells, header, file, line)
        row = read_profile(cells, players, types, file, line)
        if own is not None and own.player in row and row.pop(own.player) != own.index:
            name = types[own.player].bidder
            cell = cells[list(players).index(own.player)]
            reason = f"column {name!r} holds {cell}; {name!r} knows that its own is {_show(types, own)}"
            raise row_refusal(file, line, reason)
        profile = tuple(row[player] for player in sorted(row))
        if profile in seen:
            raise row_refusal(file, line, f"repeats the types of row {seen[profile]}")
        seen[profile] = line
        weights[profile] = read_number(cells[-1], WEIGHT_COLUMN, file, line)
    if not any(weights.values()):
        raise row_refusal(file, header_line, "no row below gives a weight above 0")
    return Joint.of([player for player in sorted(players) if own is None or player != own.player], weights)


def read_product(
    document: Document, raw: Mapping[str, Any], key: str, types: Sequence[TypeList], own: Own | None = None
) -> Distribution:
    """Read a product of one distribution for each bidder.

    Args:
        document: The file.
        raw: Lists of pairs, a type and its weight, by bidder.
        key: Where it stands.
        types: Every bidder's, in roster order.
        own: As in `read_joint`.

    Raises:
        ScenarioError: As this module's docstring lists.
    """
    names = [known.bidder for known in types]
    for name in raw:
        if name not in names:
            raise document.refusal(_below(key, name), f"there is no bidder {name!r}: {nearest(name, names)}")
    factors = {}
    for player, known in enumerate(types):
        is_own = own is not None and own.player == player
        if known.bidder not in raw:
            if is_own:
                continue
            raise document.refusal(key, f"says nothing of {known.bidder!r}: give its types and their weights")
        where = _below(key, known.bidder)
        factor = _read_factor(document, raw[known.bidder], where, known)
        if own is not None and is_own:
            if {index for index, weight in factor.items() if weight} != {own.index}:
                reason = (
                    f"must be left out, or say that {known.bidder!r} has its own type, {_show(types, own)}"
                )
                raise document.refusal(where, reason)
        else:
            factors[player] = factor
    return Product.of(factors)


def read_profile(
    cells: Sequence[str], players: Sequence[int], types: Sequence[TypeList], file: str, line: int
) -> dict[int, int]:
    """Return the type indices in the first cells of a row, by player.

    Args:
        cells: The row.
        players: Whose type each of the first cells names.
        types: Every bidder's, in roster order.
        file: What to call the file in messages.
        line: The row's.

    Raises:
        ScenarioError: A cell names no type of its bidder.
    """
    row = {}
    for player, cell in zip(players, cells, strict=False):
        known = types[player]
        number = read_number(cell, known.bidder, file, line)
        try:
            row[player] = known.find(number)
        except MarketError as error:
            raise row_refusal(file, line, f"column {known.bidder!r}: {error}") from error
    return row


def limited(lines: Iterator[tuple[int, list[str]]], file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, and refuse a file of too many before the rest of it is read.

    Raises:
        ScenarioError: There is one more than `ROW_LIMIT`.
    """
    for count, (line, cells) in enumerate(lines):
        if count == ROW_LIMIT:
            reason = f"is row {ROW_LIMIT + 1} below the header; at most {ROW_LIMIT} are computed with"
            advice = "leave out unlikely rows, or give independent types as a product"
            raise row_refusal(file, line, f"{reason}: {advice}")
        yield line, cells


def _players_of(
    header: Sequence[str], types: Sequence[TypeList], own: Own | None, file: str, line: int
) -> tuple[int, ...]:
    """Return whose column each one before `weight` is."""
    if not header or header[-1] != WEIGHT_COLUMN:
        raise row_refusal(file, line, f"must be the header: names of bidders, then {WEIGHT_COLUMN!r} last")
    names = [known.bidder for known in types]
    check_columns(header[:-1], names, "bidder", file, line)
    for player, name in enumerate(names):
        if name not in header[:-1] and (own is None or own.player != player):
            raise row_refusal(file, line, f"has no column for bidder {name!r}")
    return tuple(names.index(name) for name in header[:-1])


def _read_factor(document: Document, raw: Sequence[Any], key: str, known: TypeList) -> dict[int, int]:
    factor: dict[int, int] = {}
    for place, (raw_type, weight) in enumerate(raw):
        where = f"{key}[{place}]"
        try:
            index = known.find(raw_type)
        except MarketError as error:
            raise document.refusal(where, str(error)) from error
        if index in factor:
            raise document.refusal(where, f"repeats the type {known.show(index)} of {known.bidder!r}")
        factor[index] = weight
    if not any(factor.values()):
        raise document.refusal(key, "gives no type a weight above 0")
    return factor


def _show(types: Sequence[TypeList], own: Own) -> str:
    return types[own.player].show(own.index)


def _below(key: str, name: str) -> str:
    return f"{key}.{format_key((name,))}"
