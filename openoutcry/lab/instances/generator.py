"""What an instance generator is: texts, parameters, and a function from a market's luck to a market with its bidders.

A generator draws markets; a drawn market draws what its bidders privately know, auction by auction. Both are functions
of the campaign's seed and of numbers, so that any of them can be made again alone. Campaign files name generators;
`openoutcry.lab.instances.registry` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import ConfigurationError
from openoutcry.lab.chance import Luck
from openoutcry.mechanisms.crowd.distributions import Distribution, Profile
from openoutcry.mechanisms.crowd.knowledge import Cell, Partition, belief_about_others
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import MarketKind
from openoutcry.mechanisms.parameters import Parameter, check_names, show
from openoutcry.strategies import PrivateKnowledge

Signals = NDArray[np.uint16]


class DrawSignals(Protocol):
    """Draws the signals of auctions `first`, `first + 1`, ...: shape (count, n)."""

    def __call__(self, luck: Luck, first: int, count: int) -> Signals:
        """Draw them."""


class DrawTypes(Protocol):
    """Draws everybody's type in auction `index`: length n, exactly as often as the prior says."""

    def __call__(self, luck: Luck, index: int) -> Profile:
        """Draw them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalInstances:
    """A market of signals, and who sees what in each of its auctions.

    Attributes:
        market: Public.
        luck: Where its draws come from.
        draw_signals: Draws everybody's signals.
    """

    market: Market
    luck: Luck
    draw_signals: DrawSignals

    def signals(self, first: int, count: int) -> Signals:
        """Return everybody's signals in some auctions: shape (count, n)."""
        return self.draw_signals(self.luck, first, count)

    def private(self, index: int) -> Sequence[int]:
        """Return everybody's signals in one auction."""
        drawn: list[int] = self.signals(index, 1)[0].tolist()
        return drawn


@dataclass(frozen=True, kw_only=True)
class TypeInstances:
    """A market of types, the prior that types are drawn from, and what each bidder knows beside it.

    Attributes:
        market: Public, without the prior.
        luck: Where its draws come from.
        prior: Of everybody's types.
        partitions: Length n: what each bidder can tell apart.
        draw_types: Draws everybody's type.
    """

    market: TypeMarket
    luck: Luck
    prior: Distribution
    partitions: tuple[Partition, ...]
    draw_types: DrawTypes

    @cached_property
    def _beliefs(self) -> dict[tuple[int, Cell], Distribution]:
        return {}

    def private(self, index: int) -> Sequence[PrivateKnowledge]:
        """Return everybody's type and belief in one auction."""
        profile = self.draw_types(self.luck, index)
        return [
            PrivateKnowledge(value=profile[player], belief=self._belief(player, profile))
            for player in range(len(self.partitions))
        ]

    def _belief(self, player: int, profile: Profile) -> Distribution:
        partition = self.partitions[player]
        key = player, partition.cell_of(profile)
        if key not in self._beliefs:
            self._beliefs[key] = belief_about_others(self.prior, partition, player, profile)
        return self._beliefs[key]


Instances = SignalInstances | TypeInstances


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One instance generator, as people and campaigns see it.

    Attributes:
        name: As in a campaign's `[[instances]]`.
        summary: One line.
        market: The kind of its markets.
        parameters: What its user chooses.
        configure: Reads raw parameters; raises ConfigurationError for an unknown key or a bad value.
        draw: Draws a market with the parameters that `configure` returned.
        apart_from_luck: Those of its parameters that name no luck of their own. Markets that differ in nothing else
            share all random words, and `draw` sees to it that whatever does not hang on these parameters comes out
            the same: they are read after all other draws, or by draws of their own.
    """

    name: str
    summary: str
    market: MarketKind
    parameters: tuple[Parameter, ...]
    # Each generator has a parameters type of its own, which only its own functions look into.
    configure: Callable[[Mapping[str, object]], Any]
    draw: Callable[[Any, Luck], Instances]
    apart_from_luck: tuple[Parameter, ...] = ()


def read_count(raw: Mapping[str, object], parameter: Parameter, least: int, greatest: int) -> int:
    """Return the chosen integer, or the default.

    Raises:
        ConfigurationError: It is none, or outside least..greatest.
    """
    value = raw.get(parameter.name, int(parameter.default))
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= greatest:
        raise ConfigurationError(
            f"{parameter.name} must be an integer in {least}..{greatest}, not {show(value)}"
        )
    return value


def check_parameters(name: str, raw: Mapping[str, object], known: Sequence[Parameter]) -> None:
    """Refuse parameters that a generator does not have.

    Raises:
        ConfigurationError: Naming the first unknown key and the nearest known one.
    """
    check_names(name, raw, known)
