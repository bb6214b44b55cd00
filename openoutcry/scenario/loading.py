"""From a scenario file to a scenario, refusing what is wrong with file, key and reason.

The order of checks is the order in which a person wants to hear of them: the file can be read, is TOML, has
the shape of the schema and keys of one kind of market; then names, mechanism, prior, market, and the private
part. Every refusal is one ScenarioError. No code of a strategy is run here. Called by both programs' command
lines, by the simulation and by campaigns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openoutcry.errors import ConfigurationError, MarketError, ScenarioError
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Mechanism
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import Specification, Timing
from openoutcry.scenario.distributions import Own, read_joint, read_product
from openoutcry.scenario.document import Document
from openoutcry.scenario.kinds import market_kind
from openoutcry.scenario.model import DEFAULT_SEED, DEFAULT_STRATEGY, AgentSetting, Scenario
from openoutcry.scenario.partitions import read_knowledge
from openoutcry.scenario.private import PrivateValue
from openoutcry.scenario.schema import check_shape
from openoutcry.scenario.signal_markets import build_signal_market
from openoutcry.scenario.toml_files import parse_toml, read_toml
from openoutcry.scenario.type_lists import TypeList, read_types
from openoutcry.scenario.type_markets import build_type_market, read_goods
from openoutcry.strategies import PrivateKnowledge, PrivateType


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Args:
        path: The file; other files that it names are relative to its directory.

    Raises:
        ScenarioError: It cannot be read, or describes no scenario.
    """
    path = Path(path)
    text = read_toml(path, refusal=ScenarioError, example="scenario.toml")
    return loads(text, path.parent, file=str(path))


def loads(text: str, directory: Path | None = None, *, file: str = "scenario") -> Scenario:
    """Read a scenario from its text.

    Args:
        text: TOML.
        directory: Where the files that it names start; the current directory by default.
        file: What to call it in messages.

    Raises:
        ScenarioError: It describes no scenario.
    """
    document = parse_toml(text, file, refusal=ScenarioError)
    check_shape(document, file=file)
    directory = Path() if directory is None else directory
    return _build(Document(content=document, directory=directory, file=file))


def _build(document: Document) -> Scenario:
    """Check the parts in order and put them together."""
    _check_names(document)
    mechanism = _find_mechanism(document)
    if market_kind(document.content) == "types":
        return _build_with_types(document, mechanism)
    specification = _build_specification(document, mechanism, build_signal_market(document))
    return Scenario(
        specification=specification,
        seed=document.content.get("seed", DEFAULT_SEED),
        private={
            entry["name"]: PrivateType(signal=entry["private"]["signal"])
            for entry in document.bidders
            if "private" in entry
        },
        agents=_read_agents(document),
        file=document.file,
        directory=document.directory,
    )


def _build_with_types(document: Document, mechanism: Mechanism) -> Scenario:
    goods = read_goods(document)
    types = read_types(document, goods)
    prior = _read_prior(document, types)
    if mechanism.uses_prior and prior is None:
        reason = f"needs a [prior]: {mechanism.name} computes with the seller's, and publishes it"
        raise document.refusal("", reason)
    # Any other mechanism's sellers know nothing, and what the file says of a prior stays private.
    market = build_type_market(document, goods, types, prior if mechanism.uses_prior else None)
    return Scenario(
        specification=_build_specification(document, mechanism, market),
        seed=document.content.get("seed", DEFAULT_SEED),
        private=_read_private(document, types),
        agents=_read_agents(document),
        file=document.file,
        directory=document.directory,
        prior=prior,
        knowledge={} if prior is None else read_knowledge(document, types, prior),
    )


def _check_names(document: Document) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(document.names):
        if name in seen:
            reason = f"bidder[{seen[name]}] is named {name!r} too: names must be unique"
            raise document.refusal(f"bidder[{index}].name", reason)
        seen[name] = index


def _read_agents(document: Document) -> dict[str, AgentSetting]:
    return {
        entry["name"]: AgentSetting(strategy=entry.get("agent", {}).get("strategy", DEFAULT_STRATEGY))
        for entry in document.bidders
    }


def _read_prior(document: Document, types: Sequence[TypeList]) -> Distribution | None:
    if "prior" not in document.content:
        return None
    raw: Mapping[str, Any] = document.content["prior"]
    if ("joint" in raw) == ("product" in raw):
        reason = "has both joint and product: keep one" if "joint" in raw else "needs joint or product"
        raise document.refusal("prior", reason)
    if "product" in raw:
        return read_product(document, raw["product"], "prior.product", types)
    path = document.locate(raw["joint"])
    return read_joint(path, types, file=str(path))


def _read_private(
    document: Document, types: Sequence[TypeList]
) -> dict[str, PrivateValue | PrivateKnowledge]:
    privates: dict[str, PrivateValue | PrivateKnowledge] = {}
    for player, entry in enumerate(document.bidders):
        raw: Mapping[str, Any] = entry.get("private", {})
        if "value" not in raw:
            continue
        key = f"bidder[{player}].private"
        try:
            index = types[player].find(raw["value"])
        except MarketError as error:
            raise document.refusal(f"{key}.value", str(error)) from error
        belief = _read_belief(
            document, raw.get("belief"), f"{key}.belief", types, Own(player=player, index=index)
        )
        name = entry["name"]
        privates[name] = (
            PrivateValue(value=index) if belief is None else PrivateKnowledge(value=index, belief=belief)
        )
    return privates


def _read_belief(
    document: Document, raw: Any, key: str, types: Sequence[TypeList], own: Own
) -> Distribution | None:
    if raw is None:
        return None
    if isinstance(raw, str):
        path = document.locate(raw)
        return read_joint(path, types, own, file=str(path))
    return read_product(document, raw["product"], f"{key}.product", types, own)


def _find_mechanism(document: Document) -> Mechanism:
    raw = dict(document.content["mechanism"])
    try:
        mechanism = find_mechanism(raw.pop("name"))
    except ConfigurationError as error:
        raise document.refusal("mechanism.name", str(error)) from error
    try:
        mechanism.configure(raw)
    except ConfigurationError as error:
        raise document.refusal("mechanism", str(error)) from error
    return mechanism


def _build_specification(
    document: Document, mechanism: Mechanism, market: Market | TypeMarket
) -> Specification:
    parameters = {name: value for name, value in document.content["mechanism"].items() if name != "name"}
    timing = document.content.get("timing", {})
    try:
        return Specification(
            title=document.content["title"],
            market=market,
            mechanism=mechanism.name,
            parameters=parameters,
            timing=Timing(**{key: timing[key] for key in ("enrol_ms", "answer_ms") if key in timing}),
            absent=timing.get("absent", "exit"),
            disclosure=document.content.get("disclosure", "settlement"),
            keys=tuple(bytes.fromhex(entry["key"]) if "key" in entry else None for entry in document.bidders),
        )
    except ConfigurationError as error:
        is_mechanism = str(error) == _complaint(mechanism, market, parameters)
        raise document.refusal("mechanism" if is_mechanism else "", str(error)) from error


def _complaint(
    mechanism: Mechanism, market: Market | TypeMarket, parameters: Mapping[str, object]
) -> str | None:
    """Return why the mechanism cannot run on the market, or None."""
    try:
        mechanism.check(market, mechanism.configure(parameters))
    except ConfigurationError as error:
        return str(error)
    return None
