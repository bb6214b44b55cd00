"""From `[market]` and `[[bidder]]` of a scenario file to a market of bidders with signals.

The schema has checked shapes; groups, valuations and the table of values are checked here, where their keys can still
be named. Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openoutcry.errors import MarketError
from openoutcry.mechanisms.market import Bidder, Market, StateForm
from openoutcry.mechanisms.tables import CountTable
from openoutcry.mechanisms.valuations import Valuation, decode_valuation, depends_on_counts
from openoutcry.scenario.document import Document
from openoutcry.scenario.schema import nearest
from openoutcry.scenario.state_columns import TableShape
from openoutcry.scenario.tables import read_values

DEFAULT_GROUP = "everybody"


def build_signal_market(document: Document) -> Market:
    """Return the market.

    Raises:
        ScenarioError: Groups, values, or all of it together, make no market.
    """
    groups: tuple[str, ...] = tuple(document.market.get("groups", (DEFAULT_GROUP,)))
    memberships = [_group(document, groups, index, entry) for index, entry in enumerate(document.bidders)]
    for group, name in enumerate(groups):
        if group not in memberships:
            reason = f"group {name!r} has no members: remove it, or give a bidder group = {name!r}"
            raise document.refusal("market.groups", reason)
    sizes = tuple(memberships.count(group) for group in range(len(groups)))
    shape = TableShape(
        groups=groups,
        members=sizes,
        signal_levels=document.market["signal_levels"],
        bidders=document.names,
    )
    read = _read_table if "values" in document.market else _read_families
    valuations, state_form = read(document, shape)
    bidders = tuple(
        Bidder(name=name, group=group, valuation=valuation)
        for name, group, valuation in zip(document.names, memberships, valuations, strict=True)
    )
    try:
        return Market(
            lot=document.market["lot"],
            currency=document.market["currency"],
            minor_units=document.market.get("minor_units", 0),
            signal_levels=document.market["signal_levels"],
            groups=groups,
            bidders=bidders,
            state_form=state_form,
        )
    except MarketError as error:
        raise document.refusal("market", str(error)) from error


def _group(document: Document, groups: Sequence[str], index: int, entry: Mapping[str, Any]) -> int:
    if "group" not in entry:
        if len(groups) == 1:
            return 0
        raise document.refusal(f"bidder[{index}]", f"needs a group: {' or '.join(groups)}")
    group = entry["group"]
    if "groups" not in document.market:
        reason = f"{group!r} is not known: list it in groups of [market]"
        raise document.refusal(f"bidder[{index}].group", reason)
    if group not in groups:
        reason = f"{group!r} is not in groups of [market]: {nearest(group, groups)}"
        raise document.refusal(f"bidder[{index}].group", reason)
    return list(groups).index(group)


def _read_table(document: Document, shape: TableShape) -> tuple[Sequence[Valuation], StateForm]:
    """Read the values of all bidders from the file that the market names."""
    for index, entry in enumerate(document.bidders):
        if "value" in entry:
            reason = "market.values gives everybody's value: remove one of the two"
            raise document.refusal(f"bidder[{index}].value", reason)
    path = document.locate(document.market["values"])
    tables = read_values(path, shape, file=str(path))
    return tables, "counts" if isinstance(tables[0], CountTable) else "sums"


def _read_families(document: Document, shape: TableShape) -> tuple[Sequence[Valuation], StateForm]:
    """Read each bidder's own value, and check it where its key can still be named.

    One value that depends on counts makes the market one of counts; in it a single weight of a group is the weight of
    its sum still. With two signal levels counts are sums.
    """
    levels = shape.signal_levels
    by_counts = any(depends_on_counts(entry.get("value")) for entry in document.bidders)
    entries = levels - 1 if by_counts else 1
    top = tuple(count * (levels - 1) // entries for count in shape.members for _ in range(entries))
    valuations = []
    for index, entry in enumerate(document.bidders):
        if "value" not in entry:
            reason = "needs a value, or [market] a file of values for all"
            raise document.refusal(f"bidder[{index}]", reason)
        try:
            valuation = decode_valuation(
                entry["value"], shape.groups, counted_levels=levels if by_counts else None
            )
            valuation.check(top)
        except MarketError as error:
            raise document.refusal(f"bidder[{index}].value", str(error)) from error
        valuations.append(valuation)
    return valuations, "counts" if by_counts else "sums"
