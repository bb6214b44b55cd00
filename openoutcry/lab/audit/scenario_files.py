"""A scenario as files: the public part of a subject, with private parts and strategies, in the format of scenarios.

Only what the format needs is written, in the order in which people read it. Called for witnesses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openoutcry.mechanisms.crowd.distributions import Distribution, Product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.market_encoding import encode_market
from openoutcry.strategies.valuations import bundle_names, readable, value_of

FORMAT = "openoutcry-scenario/1"

PRIOR_FILE = "prior.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioParts:
    """What a scenario consists of.

    Attributes:
        title: One line.
        seed: Of local runs.
        mechanism: Registered name.
        parameters: Raw.
        market: With a prior exactly when it is to be published.
        profile: Length n: true signals or type indices.
        held: Length n: what everybody believes of all others; None leaves beliefs out.
        strategies: By bidder index; whoever is not here is truthful.
        remark: Lines of comment at the top.
    """

    title: str
    seed: str
    mechanism: str
    parameters: Mapping[str, object]
    market: Market | TypeMarket
    profile: Sequence[int]
    held: Sequence[Distribution] | None
    strategies: Mapping[int, str]
    remark: Sequence[str]


def scenario_files(parts: ScenarioParts, name: str) -> dict[str, str]:
    """Return the text of a scenario and of the files that it names, by file name.

    Args:
        parts: What it consists of.
        name: Of the scenario's own file.
    """
    files: dict[str, str] = {}
    lines = [f"# {line}".rstrip() for line in parts.remark]
    lines += ["", _pair("format", FORMAT), _pair("title", parts.title), _pair("seed", parts.seed)]
    lines += ["", "[mechanism]", _pair("name", parts.mechanism)]
    lines += [_pair(key, value) for key, value in parts.parameters.items()]
    market = parts.market
    if isinstance(market, TypeMarket):
        lines += _type_market(parts, market, files)
    else:
        lines += _signal_market(parts, market)
    files[name] = "\n".join(lines) + "\n"
    return files


def _signal_market(parts: ScenarioParts, market: Market) -> list[str]:
    content, bidders = encode_market(market)
    # In a scenario the values themselves tell whether they look at sums or at counts.
    content.pop("state", None)
    lines = ["", "[market]", *(_pair(key, value) for key, value in content.items())]
    for bidder, entry in enumerate(bidders):
        lines += ["", "[[bidder]]", *(_pair(key, value) for key, value in entry.items())]
        lines += [_pair("private", {"signal": parts.profile[bidder]}), *_agent(parts, bidder)]
    return lines


def _type_market(parts: ScenarioParts, market: TypeMarket, files: dict[str, str]) -> list[str]:
    environment = market.environment
    lines = ["", "[market]", _pair("lot", market.lot), _pair("currency", market.currency)]
    lines += [_pair("minor_units", market.minor_units), _pair("environment", environment.kind)]
    lines.append(_pair("goods", list(environment.goods)))
    if environment.kind != "single-good":
        is_one = environment.is_single_parameter
        units = (
            environment.units[0] if is_one else dict(zip(environment.goods, environment.units, strict=True))
        )
        lines.append(_pair("units", units))
    if environment.assignments is not None:
        lines.append(_pair("assignments", [_assignment(market, each) for each in environment.assignments]))
    for bidder, typed in enumerate(market.bidders):
        types = [_type(market, bidder, index) for index in range(len(typed.types))]
        private: dict[str, object] = {"value": _type(market, bidder, parts.profile[bidder])}
        if parts.held is not None:
            private["belief"] = _belief(market, parts.held[bidder], f"belief-{bidder}.csv", files)
        lines += ["", "[[bidder]]", _pair("name", typed.name), _pair("types", types)]
        lines += [_pair("private", private), *_agent(parts, bidder)]
    if market.prior is not None:
        told = _belief(market, market.prior, PRIOR_FILE, files)
        is_joint = isinstance(told, str)
        lines += ["", "[prior]", _pair("joint", told) if is_joint else _pair("product", told["product"])]  # type: ignore[index]
    return lines


def _agent(parts: ScenarioParts, bidder: int) -> list[str]:
    return [_pair("agent", {"strategy": parts.strategies.get(bidder, "truthful")})]


def _type(market: TypeMarket, bidder: int, index: int) -> object:
    value = readable(market, value_of(market, bidder, index))
    # The format has a list of values where bidders want one of several goods.
    return list(value.values()) if market.environment.kind == "unit-demand" else value


def _name(market: TypeMarket, bidder: int, index: int) -> int:
    """Return what names a type in files: the number that it is, or its place in the list."""
    return market.value(bidder, index) if market.environment.is_single_parameter else index


def _belief(
    market: TypeMarket, belief: Distribution, file: str, files: dict[str, str]
) -> str | dict[str, object]:
    """Return a distribution as the format has it, adding the file that it needs."""
    names = [market.bidders[player].name for player in belief.players]
    if isinstance(belief, Product) and names:
        pairs = (
            [[_name(market, player, index), weight] for index, weight in belief.factor(player).items()]
            for player in belief.players
        )
        return {"product": dict(zip(names, pairs, strict=True))}
    rows = [[*map(_cell, names), "weight"]]
    for profile, weight in belief.items():
        told = (
            str(_name(market, player, index)) for player, index in zip(belief.players, profile, strict=True)
        )
        rows.append([*told, str(weight)])
    files[file] = "\n".join(map(",".join, rows)) + "\n"
    return file


def _cell(text: str) -> str:
    needs_quotes = any(mark in text for mark in ',"')
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def _assignment(market: TypeMarket, assignment: Sequence[int | None]) -> object:
    names = market.names
    if market.environment.is_single_parameter:
        return [name for name, bundle in zip(names, assignment, strict=True) if bundle is not None]
    bundles = bundle_names(market.environment)
    return {
        name: bundles[bundle] for name, bundle in zip(names, assignment, strict=True) if bundle is not None
    }


def _pair(key: str, value: object) -> str:
    return f"{key} = {_toml(value)}"


def _toml(value: object) -> str:
    """Return a value as TOML has it: texts, integers, truth values, lists and tables of them."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # Of these JSON and TOML write the same.
    return json.dumps(value, ensure_ascii=False)
