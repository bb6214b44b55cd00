"""The sizes of a drawn market of signals, its parameters, and signals that are independent and uniform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from openoutcry.errors import ConfigurationError
from openoutcry.lab.chance import Luck, draw_matrix
from openoutcry.lab.instances.generator import Signals, read_count
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.parameters import Parameter
from openoutcry.mechanisms.valuations import Valuation

BIDDERS = Parameter(name="bidders", default="5", choices="an integer in 1..10000", meaning="n, how many bid")
SIGNAL_LEVELS = Parameter(
    name="signal_levels", default="2", choices="an integer in 2..1024", meaning="k: signals are 0..k-1"
)
GROUPS = Parameter(
    name="groups",
    default="1",
    choices="an integer in 1..bidders",
    meaning="l, how many expertise groups; bidders are dealt out in turn",
)
SIZES = (BIDDERS, SIGNAL_LEVELS, GROUPS)

CELLS_LIMIT = 2**22
"""Values written out in tables, all bidders together: checking more takes seconds for every market."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a drawn market is.

    Attributes:
        bidders: n.
        signal_levels: k.
        groups: l, at most n; bidder i is in group i modulo l.
    """

    bidders: int
    signal_levels: int
    groups: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Length l: how many sums each group can have."""
        members = [len(range(group, self.bidders, self.groups)) for group in range(self.groups)]
        return tuple(count * (self.signal_levels - 1) + 1 for count in members)

    @property
    def top(self) -> int:
        """The greatest sum of all signals."""
        return self.bidders * (self.signal_levels - 1)

    def check_tables(self, generator: str) -> None:
        """Refuse sizes of which not every value can be written out.

        Raises:
            ConfigurationError: With the size, the limit, and what to use instead.
        """
        cells = prod(self.shape) * self.bidders
        if cells > CELLS_LIMIT:
            raise ConfigurationError(
                f"{generator} would write out {cells} values for {self.bidders} bidders in {self.groups} groups; at "
                f"most {CELLS_LIMIT}: take fewer bidders, levels or groups, or the generator linear"
            )

    def market(self, lot: str, valuations: Sequence[Valuation]) -> Market:
        """Return the market of bidders with these valuations, named bidder-0, bidder-1, ..."""
        return Market(
            lot=lot,
            currency="units",
            minor_units=0,
            signal_levels=self.signal_levels,
            groups=tuple(f"group-{group}" for group in range(self.groups)),
            bidders=tuple(
                Bidder(name=f"bidder-{index}", group=index % self.groups, valuation=valuation)
                for index, valuation in enumerate(valuations)
            ),
        )

    def draw_independent(self, luck: Luck, first: int, count: int) -> Signals:
        """Draw everybody's signal independently, every level equally likely."""
        numbers = draw_matrix(luck, "signals", first, count, self.bidders, self.signal_levels)
        return numbers.astype(np.uint16)


def read_sizes(raw: Mapping[str, object]) -> Sizes:
    """Read the sizes from raw parameters.

    Raises:
        ConfigurationError: One is no integer, or out of range.
    """
    bidders = read_count(raw, BIDDERS, 1, 10_000)
    return Sizes(
        bidders=bidders,
        signal_levels=read_count(raw, SIGNAL_LEVELS, 2, 1024),
        groups=read_count(raw, GROUPS, 1, min(bidders, 256)),
    )
