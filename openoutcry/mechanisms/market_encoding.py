"""Markets of bidders with signals as the JSON values of a specification, and back.

Groups are named, not numbered, so that a person can read the file. What is decoded is checked by the market and the
valuations themselves; only what they could not look at safely is refused here. Called by `specification`.
"""

from __future__ import annotations

from typing import cast

from openoutcry.errors import MarketError
from openoutcry.mechanisms.market import (
    GROUP_LIMIT,
    NAME_LIMIT,
    Bidder,
    Market,
    StateForm,
    check_label,
    check_signal_levels,
    group_index,
)
from openoutcry.mechanisms.strict_json import read_list, read_object
from openoutcry.mechanisms.valuations import decode_valuation, encode_valuation

_MARKET_KEYS = ("lot", "currency", "minor_units", "signal_levels", "groups")
_BIDDER_KEYS = ("name", "group", "value")


def encode_market(market: Market) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return the values of `market`, and one entry of `bidders` for each bidder."""
    content: dict[str, object] = {
        "lot": market.lot,
        "currency": market.currency,
        "minor_units": market.minor_units,
        "signal_levels": market.signal_levels,
        "groups": list(market.groups),
    }
    if market.state_form != "sums":
        content["state"] = market.state_form
    bidders: list[dict[str, object]] = [
        {
            "name": bidder.name,
            "group": market.groups[bidder.group],
            "value": encode_valuation(bidder.valuation, market.groups),
        }
        for bidder in market.bidders
    ]
    return content, bidders


def decode_market(raw: object, raw_bidders: list[object]) -> Market:
    """Read a market from what `encode_market` gave; a bidder's `key` is passed over.

    Raises:
        ConfigurationError: What is wrong, and where. The values need not be trusted.
    """
    content = read_object(raw, "market", _MARKET_KEYS, optional=("state",))
    groups = read_list(content["groups"], "market.groups")
    if len(groups) > GROUP_LIMIT:
        raise MarketError(f"{len(groups)} groups; a market has at most {GROUP_LIMIT}")
    # Valuations name groups: the names must be sound before they are used to look weights up.
    names = tuple(check_label(group, "group name", NAME_LIMIT) for group in groups)
    state_form = cast(StateForm, content.get("state", "sums"))
    levels = content["signal_levels"]
    if state_form == "counts":
        check_signal_levels(levels)
    counted_levels = cast(int, levels) if state_form == "counts" else None
    bidders: list[Bidder] = []
    for index, raw_bidder in enumerate(raw_bidders):
        where = f"bidders[{index}]"
        entry = read_object(raw_bidder, where, _BIDDER_KEYS, optional=("key",))
        try:
            valuation = decode_valuation(entry["value"], names, counted_levels=counted_levels)
            group = group_index(names, entry["group"])
        except MarketError as error:
            raise MarketError(f"{where}: {error}") from error
        bidders.append(Bidder(name=cast(str, entry["name"]), group=group, valuation=valuation))
    return Market(
        lot=cast(str, content["lot"]),
        currency=cast(str, content["currency"]),
        minor_units=cast(int, content["minor_units"]),
        signal_levels=cast(int, content["signal_levels"]),
        groups=names,
        bidders=tuple(bidders),
        state_form=state_form,
    )
