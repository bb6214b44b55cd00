"""From `[market]` and `[[bidder]]` of a scenario file to a market of bidders with types.

The schema has checked shapes, and the market checks what its own invariants are; what a person can get wrong between
two keys is refused here, by its key. Called by `loading`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openoutcry.errors import MarketError, ScenarioError
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.environment import BUNDLES_LIMIT, Assignment, Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.scenario.document import Document
from openoutcry.scenario.schema import format_key, nearest
from openoutcry.scenario.type_lists import Bundle, Goods, TypeList, list_bundles, read_bundle

DEFAULT_GOOD = {"single-good": "lot", "identical-units": "unit"}


def read_goods(document: Document) -> Goods:
    """Return what bidders may get.

    Raises:
        ScenarioError: A good cannot be named so, or bundles are not made of the goods.
    """
    kind = document.market["environment"]
    names = tuple(document.market.get("goods", (DEFAULT_GOOD.get(kind, ""),)))
    if kind != "bundles":
        bundles: tuple[Bundle, ...] = tuple((good,) for good in range(len(names)))
        return Goods(names=names, bundles=bundles, is_single_parameter=kind != "unit-demand")
    for place, name in enumerate(names):
        if "+" in name:
            reason = f"{name!r} must not contain '+', which stands between the goods of a bundle"
            raise document.refusal(f"market.goods[{place}]", reason)
    bundles = list_bundles(document, names)
    if not 1 <= len(bundles) <= BUNDLES_LIMIT:
        reason = f"the types of all bidders list {len(bundles)} bundles: there must be 1..{BUNDLES_LIMIT}"
        raise document.refusal("bidder", reason)
    return Goods(names=names, bundles=bundles, is_single_parameter=False)


def build_type_market(
    document: Document, goods: Goods, types: Sequence[TypeList], prior: Distribution | None
) -> TypeMarket:
    """Return the market.

    Args:
        document: The file.
        goods: As `read_goods` gave them.
        types: Every bidder's, in roster order.
        prior: The seller's, when it is to be published.

    Raises:
        ScenarioError: Units, assignments, or all of it together, make no market.
    """
    try:
        environment = Environment(
            kind=document.market["environment"],
            goods=goods.names,
            units=_read_units(document, goods.names),
            bundles=goods.bundles,
            assignments=_read_assignments(document, goods),
        )
        return TypeMarket(
            lot=document.market["lot"],
            currency=document.market["currency"],
            minor_units=document.market.get("minor_units", 0),
            environment=environment,
            bidders=tuple(TypedBidder(name=own.bidder, types=own.types) for own in types),
            prior=prior,
        )
    except ScenarioError:
        raise
    except MarketError as error:
        raise document.refusal("market", str(error)) from error


def _read_units(document: Document, names: Sequence[str]) -> tuple[int, ...]:
    units: int | Mapping[str, int] = document.market.get("units", 1)
    if isinstance(units, int):
        return (units,) * len(names)
    for name in units:
        if name not in names:
            key = format_key(("market", "units", name))
            raise document.refusal(key, f"is no good of the market: {nearest(name, names)}")
    return tuple(units.get(name, 1) for name in names)


def _read_assignments(document: Document, goods: Goods) -> tuple[Assignment, ...] | None:
    raw_assignments = document.market.get("assignments")
    if raw_assignments is None:
        return None
    return tuple(
        _read_assignment(document, goods, raw, f"market.assignments[{place}]")
        for place, raw in enumerate(raw_assignments)
    )


def _read_assignment(document: Document, goods: Goods, raw: Any, key: str) -> Assignment:
    if goods.is_single_parameter:
        if not isinstance(raw, list):
            raise document.refusal(key, 'must be a list of the winners\' names, such as ["ada"]')
        wins = dict.fromkeys(raw, 0)
    else:
        if not isinstance(raw, dict):
            raise document.refusal(key, 'must be a table of what each winner gets, such as { ada = "a" }')
        wins = {name: _read_win(document, goods, text, key) for name, text in raw.items()}
    for name in wins:
        if name not in document.names:
            raise document.refusal(key, f"{name!r} is no bidder: {nearest(name, document.names)}")
    return tuple(wins.get(name) for name in document.names)


def _read_win(document: Document, goods: Goods, text: str, key: str) -> int:
    try:
        bundle = read_bundle(text, goods.names)
    except MarketError as error:
        raise document.refusal(key, str(error)) from error
    if bundle not in goods.bundles:
        raise document.refusal(key, f"no bidder's types list the bundle {text!r}, so it has no values")
    return goods.bundles.index(bundle)
