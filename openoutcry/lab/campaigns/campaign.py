"""Campaign files: a grid of mechanisms, instances and strategies, read, checked and laid out in cells.

A *cell* is one mechanism on the markets of one instance generator with one way to bid. Its auctions are numbered, and
each of them is a function of the cell and the number, so that a cell can be worked on in pieces, anywhere. The order of
checks is the order in which a person wants to hear of them: the file can be read, is TOML, has the shape of the schema;
then names and parameters; then that each mechanism can run on the first market of each instance generator.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from openoutcry.errors import CampaignError, ConfigurationError
from openoutcry.lab.instances.registry import find_generator
from openoutcry.mechanisms.parameters import Parameter
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.scenario.model import DEFAULT_SEED, DEFAULT_STRATEGY
from openoutcry.scenario.schema import explain, strict_validator
from openoutcry.scenario.toml_files import parse_toml, read_toml
from openoutcry.strategies import check_strategy_name
from openoutcry.strategies.naming import parse_strategy_name

FORMAT = "openoutcry-campaign/1"
DEFAULT_REPLICATIONS = 1000

CELLS_LIMIT = 10_000
"""Cells of one campaign: nobody reads a table of more."""

AUCTIONS_LIMIT = 10**10
"""Auctions of one campaign: a day on a cluster."""

# A misspelt key is refused twice, as unknown and as missing: the unknown one is what the person typed.
_ORDER = {"additionalProperties": 0, "required": 1}

Raw = tuple[tuple[str, object], ...]
"""Raw parameters as a person wrote them, in the order written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One mechanism on the markets of one instance generator, with one way to bid.

    Attributes:
        number: Place in the campaign, from 0.
        mechanism: Its name.
        parameters: Of the mechanism.
        generator: Name of the instance generator.
        instance_parameters: Of the generator.
        markets: How many markets are drawn.
        replications: Auctions in each market.
        everyone: The strategy of all bidders.
        observed: The strategy of the observed bidder.
        observed_bidder: Its place in the roster.
        conversation: Whether waves and questions are counted, which takes the generator.
    """

    number: int
    mechanism: str
    parameters: Raw
    generator: str
    instance_parameters: Raw
    markets: int
    replications: int
    everyone: str
    observed: str
    observed_bidder: int
    conversation: bool

    @property
    def auctions(self) -> int:
        """How many auctions the cell has; auction a is number a modulo `replications` of its market."""
        return self.markets * self.replications

    @property
    def mechanism_label(self) -> str:
        """The mechanism with its parameters, in one word."""
        return _label(self.mechanism, self.parameters)

    @property
    def instances_label(self) -> str:
        """The instance generator with its parameters, in one word."""
        return _label(self.generator, self.instance_parameters)

    @property
    def strategies_label(self) -> str:
        """Who bids how."""
        return self.everyone if self.everyone == self.observed else f"{self.observed} among {self.everyone}"

    def market_name(self, market: int) -> str:
        """Return what tells a market of the cell from all others: the same in all cells with the same instances."""
        return self._name(market, ())

    def luck_name(self, market: int) -> str:
        """Return what the luck of one of the cell's markets follows from, beside the campaign's seed.

        It is the market's name without the parameters that `Generator.apart_from_luck` names, so that cells which
        differ in nothing else have all other draws in common.
        """
        return self._name(market, find_generator(self.generator).apart_from_luck)

    def _name(self, market: int, without: Collection[Parameter]) -> str:
        raw = dict(self.instance_parameters)
        # A parameter that is left out and its default written out are the same instances.
        chosen = {
            known.name: str(raw.get(known.name, known.default))
            for known in find_generator(self.generator).parameters
            if known not in without
        }
        return json.dumps([self.generator, chosen, market], sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign file.

    Attributes:
        title: One line for people.
        seed: Everything random follows from it.
        cells: In the order of the file: mechanisms, then instances, then strategies, the last varying fastest.
        text: The file's text.
        file: The file as the person named it.
        directory: Where relative files of strategies start.
        optimal_revenue: Whether the optimal revenue of every market is worked out.
    """

    title: str
    seed: str
    cells: tuple[Cell, ...]
    text: str
    file: str
    directory: Path
    optimal_revenue: bool

    @property
    def auctions(self) -> int:
        """How many auctions there are in all cells."""
        return sum(cell.auctions for cell in self.cells)

    @property
    def digest(self) -> str:
        """SHA-256 of the file's text, in hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def strategy_files(self) -> dict[str, str]:
        """Return the SHA-256 of every file that the campaign's strategies name, by name: their own, and in options."""
        names = {name for cell in self.cells for name in (cell.everyone, cell.observed)}
        named: set[str] = set()
        for parsed in map(parse_strategy_name, names):
            named.update(value for _, value in parsed.options)
            if parsed.kind == "file":
                named.add(parsed.target)
        found = {}
        for file in sorted(named):
            path = self.directory / file
            # Most options are no files, and some texts can be none.
            with suppress(OSError, ValueError):
                found[file] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


def load_campaign(path: str | Path) -> Campaign:
    """Read a campaign file.

    Raises:
        CampaignError: It cannot be read, or describes no campaign.
    """
    path = Path(path)
    text = read_toml(path, refusal=CampaignError, example="campaign.toml")
    return loads(text, path.parent, file=str(path))


def loads(text: str, directory: Path | None = None, *, file: str = "campaign") -> Campaign:
    """Read a campaign from its text.

    Args:
        text: TOML.
        directory: Where files of strategies start; the current directory by default.
        file: What to call it in messages.

    Raises:
        CampaignError: It describes no campaign.
    """
    content = parse_toml(text, file, refusal=CampaignError)
    _check_shape(content, file)
    cells = tuple(_lay_out(content, file))
    _check_priors(content, cells, file)
    auctions = sum(cell.auctions for cell in cells)
    if auctions > AUCTIONS_LIMIT:
        reason = f"has {auctions} auctions, at most {AUCTIONS_LIMIT}: take fewer markets or replications"
        raise CampaignError(file=file, key="", reason=reason)
    return Campaign(
        title=content["title"],
        seed=content.get("seed", DEFAULT_SEED),
        cells=cells,
        text=text,
        file=file,
        directory=Path() if directory is None else directory,
        optimal_revenue=content.get("optimal_revenue", False),
    )


@cache
def schema() -> dict[str, Any]:
    """Give the JSON Schema of campaign files."""
    text = files("openoutcry.lab.campaigns").joinpath("campaign.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _check_shape(content: dict[str, Any], file: str) -> None:
    try:
        errors = strict_validator(schema()).iter_errors(content)
        first = min(errors, key=lambda error: _ORDER.get(str(error.validator), 2), default=None)
        if first is None:
            return
        key, reason = explain(first, schema())
    except RecursionError as error:
        raise CampaignError(file=file, key="", reason="is nested too deeply") from error
    except ValueError as error:
        raise CampaignError(file=file, key="", reason="holds a number of too many digits") from error
    raise CampaignError(file=file, key=key, reason=reason)


def _lay_out(content: Mapping[str, Any], file: str) -> Iterator[Cell]:
    mechanisms = _expand(content["mechanism"], "mechanism", "name", file)
    instances = _expand(content["instances"], "instances", "generator", file)
    strategies = _read_strategies(content, file)
    count = len(mechanisms) * len(instances) * len(strategies)
    if count > CELLS_LIMIT:
        reason = f"makes {count} cells, at most {CELLS_LIMIT}: give fewer values in lists"
        raise CampaignError(file=file, key="", reason=reason)
    for number, (mechanism, instance, (everyone, observed)) in enumerate(
        product(mechanisms, instances, strategies)
    ):
        cell = Cell(
            number=number,
            mechanism=mechanism.name,
            parameters=mechanism.raw,
            generator=instance.name,
            instance_parameters=tuple(pair for pair in instance.raw if pair[0] != "markets"),
            markets=int(str(dict(instance.raw).get("markets", 1))),
            replications=content.get("replications", DEFAULT_REPLICATIONS),
            everyone=everyone,
            observed=observed,
            observed_bidder=content.get("observed", 0),
            conversation=content.get("conversation", False),
        )
        _check_kinds(cell, mechanism, instance, file)
        yield cell


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    key: str
    name: str
    raw: Raw


def _expand(entries: Sequence[Mapping[str, Any]], table: str, naming: str, file: str) -> list[_Entry]:
    """Return every combination of the values in lists, and check the parameters of each."""
    expanded: list[_Entry] = []
    seen: set[tuple[str, frozenset[tuple[str, object]]]] = set()
    for place, entry in enumerate(entries):
        key, name = f"{table}[{place}]", entry[naming]
        lists = [
            [(parameter, value) for value in (given if isinstance(given, list) else [given])]
            for parameter, given in entry.items()
            if parameter != naming
        ]
        for raw in product(*lists):
            made = _Entry(key=key, name=name, raw=raw)
            _configure(made, table, naming, file)
            if (name, frozenset(raw)) in seen:
                reason = f"is the same as one before it: {_label(name, raw)}"
                raise CampaignError(file=file, key=key, reason=reason)
            seen.add((name, frozenset(raw)))
            expanded.append(made)
            if len(expanded) > CELLS_LIMIT:
                reason = f"makes more than {CELLS_LIMIT} combinations: give fewer values in lists"
                raise CampaignError(file=file, key=key, reason=reason)
    return expanded


def _configure(entry: _Entry, table: str, naming: str, file: str) -> None:
    try:
        found = find_mechanism(entry.name) if table == "mechanism" else find_generator(entry.name)
    except ConfigurationError as error:
        raise CampaignError(file=file, key=f"{entry.key}.{naming}", reason=str(error)) from error
    raw = {name: value for name, value in entry.raw if table == "mechanism" or name != "markets"}
    try:
        found.configure(raw)
    except ConfigurationError as error:
        raise CampaignError(file=file, key=entry.key, reason=str(error)) from error


def _read_strategies(content: Mapping[str, Any], file: str) -> list[tuple[str, str]]:
    strategies = []
    for place, entry in enumerate(content.get("strategies", [{}])):
        everyone = entry.get("everyone", DEFAULT_STRATEGY)
        pair = everyone, entry.get("observed", everyone)
        for word, name in zip(("everyone", "observed"), pair, strict=True):
            try:
                check_strategy_name(name)
            except ConfigurationError as error:
                raise CampaignError(
                    file=file, key=f"strategies[{place}].{word}", reason=str(error)
                ) from error
        if pair in strategies:
            raise CampaignError(file=file, key=f"strategies[{place}]", reason="is the same as one before it")
        strategies.append(pair)
    return strategies


def _check_kinds(cell: Cell, mechanism: _Entry, instance: _Entry, file: str) -> None:
    wanted, given = find_mechanism(cell.mechanism).market, find_generator(cell.generator).market
    if wanted != given:
        reason = (
            f"{cell.mechanism} runs on bidders with {wanted}, and {cell.generator} ({instance.key}) makes bidders with "
            f"{given}: put them into campaigns of their own"
        )
        raise CampaignError(file=file, key=mechanism.key, reason=reason)


def _check_priors(content: Mapping[str, Any], cells: Sequence[Cell], file: str) -> None:
    # A campaign has instances of one kind.
    if content.get("optimal_revenue", False) and find_generator(cells[0].generator).market == "signals":
        reason = (
            f"is what the best auction for a prior earns, and {cells[0].generator} makes bidders with signals: leave "
            "it out"
        )
        raise CampaignError(file=file, key="optimal_revenue", reason=reason)


def _label(name: str, raw: Raw) -> str:
    shown = ",".join(f"{key}={value}" for key, value in raw)
    return f"{name}:{shown}" if shown else name
