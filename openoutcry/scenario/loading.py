"""From a scenario file to a scenario, refusing what is wrong with file, key and reason.

The order of checks is the order in which a person wants to hear of them: the file can be read, is TOML, has
the shape of the schema; then values, market, mechanism, and the private part. Every refusal is one
ScenarioError. No code of a strategy is run here. Called by both programs' command lines, by the simulation
and by campaigns.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openoutcry.errors import ConfigurationError, MarketError, ScenarioError
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import Specification, Timing
from openoutcry.mechanisms.valuations import Valuation, decode_valuation
from openoutcry.scenario.model import DEFAULT_SEED, DEFAULT_STRATEGY, AgentSetting, PrivateType, Scenario
from openoutcry.scenario.schema import check_shape, nearest
from openoutcry.scenario.tables import TableShape, read_values

DEFAULT_GROUP = "everybody"


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Args:
        path: The file; other files that it names are relative to its directory.

    Raises:
        ScenarioError: It cannot be read, or describes no scenario.
    """
    path = Path(path)
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except IsADirectoryError as error:
        reason = f"is a directory: name the file in it, such as {path / 'scenario.toml'}"
        raise ScenarioError(file=file, key="", reason=reason) from error
    except OSError as error:
        raise ScenarioError(file=file, key="", reason=f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start}): save it as UTF-8"
        raise ScenarioError(file=file, key="", reason=reason) from error
    except ValueError as error:
        # A name that no file can have, such as one with a null character in it.
        raise ScenarioError(file=repr(file), key="", reason=f"cannot be read: {error}") from error
    return loads(text, path.parent, file=file)


def loads(text: str, directory: Path | None = None, *, file: str = "scenario") -> Scenario:
    """Read a scenario from its text.

    Args:
        text: TOML.
        directory: Where the files that it names start; the current directory by default.
        file: What to call it in messages.

    Raises:
        ScenarioError: It describes no scenario.
    """
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        # Almost always a TOMLDecodeError; a number of thousands of digits raises a bare ValueError.
        raise ScenarioError(file=file, key="", reason=f"is not TOML: {error}") from error
    except RecursionError as error:
        raise ScenarioError(file=file, key="", reason="is nested too deeply") from error
    check_shape(document, file=file)
    return _Builder(document, Path() if directory is None else directory, file).build()


class _Builder:
    """Builds one scenario from a document of the right shape."""

    def __init__(self, document: dict[str, Any], directory: Path, file: str) -> None:
        self.document = document
        self.directory = directory
        self.file = file
        self.market: Mapping[str, Any] = document["market"]
        self.bidders: Sequence[Mapping[str, Any]] = document["bidder"]
        self.groups: tuple[str, ...] = tuple(self.market.get("groups", (DEFAULT_GROUP,)))
        self.names: tuple[str, ...] = tuple(entry["name"] for entry in self.bidders)

    def build(self) -> Scenario:
        """Check the parts in order and put them together."""
        self._check_names()
        memberships = [self._group(index, entry) for index, entry in enumerate(self.bidders)]
        for group, name in enumerate(self.groups):
            if group not in memberships:
                reason = f"group {name!r} has no members: remove it, or give a bidder group = {name!r}"
                raise self._refusal("market.groups", reason)
        specification = self._specification(self._build_market(memberships))
        entries = list(zip(self.names, self.bidders, strict=True))
        return Scenario(
            specification=specification,
            seed=self.document.get("seed", DEFAULT_SEED),
            private={
                name: PrivateType(signal=entry["private"]["signal"])
                for name, entry in entries
                if "private" in entry
            },
            agents={
                name: AgentSetting(strategy=entry.get("agent", {}).get("strategy", DEFAULT_STRATEGY))
                for name, entry in entries
            },
            file=self.file,
            directory=self.directory,
        )

    def _check_names(self) -> None:
        seen: dict[str, int] = {}
        for index, name in enumerate(self.names):
            if name in seen:
                reason = f"bidder[{seen[name]}] is named {name!r} too: names must be unique"
                raise self._refusal(f"bidder[{index}].name", reason)
            seen[name] = index

    def _group(self, index: int, entry: Mapping[str, Any]) -> int:
        if "group" not in entry:
            if len(self.groups) == 1:
                return 0
            raise self._refusal(f"bidder[{index}]", f"needs a group: {' or '.join(self.groups)}")
        group = entry["group"]
        if "groups" not in self.market:
            reason = f"{group!r} is not known: list it in groups of [market]"
            raise self._refusal(f"bidder[{index}].group", reason)
        if group not in self.groups:
            reason = f"{group!r} is not in groups of [market]: {nearest(group, self.groups)}"
            raise self._refusal(f"bidder[{index}].group", reason)
        return self.groups.index(group)

    def _build_market(self, memberships: Sequence[int]) -> Market:
        sizes = tuple(memberships.count(group) for group in range(len(self.groups)))
        valuations = self._table(sizes) if "values" in self.market else self._families(sizes)
        bidders = tuple(
            Bidder(name=name, group=group, valuation=valuation)
            for name, group, valuation in zip(self.names, memberships, valuations, strict=True)
        )
        try:
            return Market(
                lot=self.market["lot"],
                currency=self.market["currency"],
                minor_units=self.market.get("minor_units", 0),
                signal_levels=self.market["signal_levels"],
                groups=self.groups,
                bidders=bidders,
            )
        except MarketError as error:
            raise self._refusal("market", str(error)) from error

    def _table(self, sizes: tuple[int, ...]) -> Sequence[Valuation]:
        """Read the values of all bidders from the file that the market names."""
        for index, entry in enumerate(self.bidders):
            if "value" in entry:
                reason = "market.values gives everybody's value: remove one of the two"
                raise self._refusal(f"bidder[{index}].value", reason)
        path = self.directory / self.market["values"]
        shape = TableShape(
            groups=self.groups,
            members=sizes,
            signal_levels=self.market["signal_levels"],
            bidders=self.names,
        )
        return read_values(path, shape, file=str(path))

    def _families(self, sizes: tuple[int, ...]) -> Sequence[Valuation]:
        """Read each bidder's own value, and check it where its key can still be named."""
        top = tuple(size * (self.market["signal_levels"] - 1) for size in sizes)
        valuations = []
        for index, entry in enumerate(self.bidders):
            if "value" not in entry:
                reason = "needs a value, or [market] a file of values for all"
                raise self._refusal(f"bidder[{index}]", reason)
            try:
                valuation = decode_valuation(entry["value"], self.groups)
                valuation.check(top)
            except MarketError as error:
                raise self._refusal(f"bidder[{index}].value", str(error)) from error
            valuations.append(valuation)
        return valuations

    def _specification(self, market: Market) -> Specification:
        parameters = dict(self.document["mechanism"])
        timing = self.document.get("timing", {})
        try:
            mechanism = find_mechanism(parameters.pop("name"))
        except ConfigurationError as error:
            raise self._refusal("mechanism.name", str(error)) from error
        try:
            mechanism.configure(parameters)
        except ConfigurationError as error:
            raise self._refusal("mechanism", str(error)) from error
        keys = tuple(bytes.fromhex(entry["key"]) if "key" in entry else None for entry in self.bidders)
        try:
            return Specification(
                title=self.document["title"],
                market=market,
                mechanism=mechanism.name,
                parameters=parameters,
                timing=Timing(**{key: timing[key] for key in ("enrol_ms", "answer_ms") if key in timing}),
                absent=timing.get("absent", "exit"),
                keys=keys,
            )
        except ConfigurationError as error:
            raise self._refusal("", str(error)) from error

    def _refusal(self, key: str, reason: str) -> ScenarioError:
        return ScenarioError(file=self.file, key=key, reason=reason)
