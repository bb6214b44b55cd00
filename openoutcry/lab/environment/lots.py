"""Where the auctions of an environment come from: a generator of the lab, or a scenario.

Decides: market, signals and luck of each episode, as a function of the seed given to `reset` and of the number of the
episode since then, and of nothing else. Refuses, before anything is trained: generators of types, mechanisms that do
not run on the market, mechanisms without clocks, and markets that are too large to be observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from openoutcry.errors import ConfigurationError
from openoutcry.lab.chance import Luck
from openoutcry.lab.environment.encoding import check_size
from openoutcry.lab.environment.episode import Episode
from openoutcry.lab.instances.generator import Generator, SignalInstances
from openoutcry.lab.instances.registry import GENERATORS, find_generator
from openoutcry.lab.instances.signal_sizes import Sizes
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.market import Market
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.simulation import Auction

DEFAULT_GENERATOR = "random-owners"
DEFAULT_MECHANISM = "signal-discovery"
_LUCK = "environment"

Markets = Literal["fixed", "anew"]
Drawing = Literal["drawn", "given"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What one episode is about.

    Attributes:
        auction: The market with its mechanism.
        signals: Length n, each 0..k-1.
        chance: Draws for the mechanism.
    """

    auction: Auction
    signals: tuple[int, ...]
    chance: Chance


class Lots(Protocol):
    """Draws episodes. All markets that it draws have as many bidders and signal levels.

    Attributes:
        bidder_count: n, at least 1.
        signal_levels: k, at least 2.
        mechanism: Name of the mechanism.
    """

    @property
    def bidder_count(self) -> int:
        """How many bid."""

    @property
    def signal_levels(self) -> int:
        """How many values a signal has."""

    @property
    def mechanism(self) -> str:
        """The name of the mechanism."""

    def draw(self, seed: int, number: int) -> Drawn:
        """Draw an episode.

        Args:
            seed: As given to `reset`.
            number: Of the episode since then, from 0.
        """


def generated_lots(
    generator: str = DEFAULT_GENERATOR,
    instance_parameters: Mapping[str, object] | None = None,
    *,
    mechanism: str = DEFAULT_MECHANISM,
    parameters: Mapping[str, object] | None = None,
    markets: Markets = "fixed",
    market_seed: str = "market",
) -> Lots:
    """Take markets and signals from an instance generator of the lab.

    Args:
        generator: Its name, as in campaigns: `random-owners`, `wallet-game`, ...; one of markets of signals.
        instance_parameters: Its raw parameters, such as `{"bidders": 4, "signal_levels": 3}`.
        mechanism: Name of a clock mechanism.
        parameters: Its raw parameters, such as `{"pricing": "revenue"}`.
        markets: `fixed`: one market, with signals drawn anew for each episode; `anew`: a market for each episode too.
        market_seed: From which the one market follows; not looked at when markets are drawn anew.

    Raises:
        ConfigurationError: A name or a parameter is wrong, the mechanism has no clocks, or the market is too large.
    """
    if markets not in ("fixed", "anew"):
        raise ConfigurationError(f"markets must be fixed or anew, not {markets!r}")
    found = find_generator(generator)
    if found.market != "signals":
        known = ", ".join(name for name, each in GENERATORS.items() if each.market == "signals")
        raise ConfigurationError(
            f"{generator} draws bidders with types, and an environment has bidders with signals: use one of {known}"
        )
    choice = found.configure(instance_parameters or {})
    sizes = getattr(choice, "sizes", None)
    if isinstance(sizes, Sizes):
        check_size(sizes.bidders, sizes.signal_levels)
    return _GeneratedLots(found, choice, mechanism, dict(parameters or {}), markets, market_seed)


def scenario_lots(scenario: Scenario | Path | str, *, signals: Drawing = "drawn") -> Lots:
    """Take the market and the mechanism of a scenario.

    Args:
        scenario: It, or its file.
        signals: `drawn`: every level equally likely, independently, anew for each episode; `given`: those of the
            scenario, the same in each.

    Raises:
        ScenarioError: It cannot be used, or signals are to be those given and one is missing.
        ConfigurationError: Its bidders have types, the mechanism has no clocks, or the market is too large.
    """
    if signals not in ("drawn", "given"):
        raise ConfigurationError(f"signals must be drawn or given, not {signals!r}")
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(Path(scenario))
    return _ScenarioLots(loaded, signals)


class _GeneratedLots:
    def __init__(
        self,
        generator: Generator,
        choice: Any,
        mechanism: str,
        parameters: Mapping[str, object],
        markets: Markets,
        market_seed: str,
    ) -> None:
        self._generator = generator
        self._choice = choice
        self._parameters = parameters
        self._is_fixed = markets == "fixed"
        self.mechanism = mechanism
        # Also where markets are drawn anew: what is wrong with one market of this size is wrong with all.
        self._instances = self._draw_market(Luck(seed=market_seed, market=generator.name))
        self._auction = self._make_auction(self._instances.market)
        _check_clocks(self._auction, Luck(seed=market_seed, market=_LUCK))
        self.bidder_count = len(self._instances.market.bidders)
        self.signal_levels = self._instances.market.signal_levels

    def draw(self, seed: int, number: int) -> Drawn:
        if self._is_fixed:
            luck, index = Luck(seed=str(seed), market=_LUCK), number
            instances, auction = self._instances, self._auction
        else:
            luck, index = Luck(seed=str(seed), market=f"{_LUCK} {number}"), 0
            instances = self._draw_market(luck)
            auction = self._make_auction(instances.market)
        signals = instances.draw_signals(luck, index, 1)[0].tolist()
        return Drawn(auction=auction, signals=tuple(signals), chance=luck.chance(index, self.bidder_count))

    def _draw_market(self, luck: Luck) -> SignalInstances:
        drawn = self._generator.draw(self._choice, luck)
        assert isinstance(drawn, SignalInstances), "generators of types were refused"
        return drawn

    def _make_auction(self, market: Market) -> Auction:
        return Auction(market, self.mechanism, self._parameters)


class _ScenarioLots:
    def __init__(self, scenario: Scenario, signals: Drawing) -> None:
        specification = scenario.specification
        market = specification.market
        if not isinstance(market, Market):
            raise ConfigurationError(
                f"{scenario.file}: its bidders have types, and an environment has bidders with signals: use a "
                "scenario of signal-discovery or uniform-clock"
            )
        self.bidder_count = len(market.bidders)
        self.signal_levels = market.signal_levels
        check_size(self.bidder_count, self.signal_levels)
        self.mechanism = specification.mechanism
        self._auction = Auction(market, specification.mechanism, specification.parameters)
        self._signals = scenario.signals() if signals == "given" else None
        self._sizes = Sizes(
            bidders=self.bidder_count, signal_levels=self.signal_levels, groups=len(market.groups)
        )
        _check_clocks(self._auction, Luck(seed="", market=_LUCK))

    def draw(self, seed: int, number: int) -> Drawn:
        luck = Luck(seed=str(seed), market=_LUCK)
        signals = self._signals
        if signals is None:
            signals = tuple(self._sizes.draw_independent(luck, number, 1)[0].tolist())
        return Drawn(auction=self._auction, signals=signals, chance=luck.chance(number, self.bidder_count))


def _check_clocks(auction: Auction, luck: Luck) -> None:
    """Begin an auction and throw it away: whoever asks for reports does so in its first wave."""
    count = len(auction.market.bidders)
    Episode(auction, (0,) * count, luck.chance(0, count))
