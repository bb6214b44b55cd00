"""Small markets and specifications for the tests of sessions."""

from __future__ import annotations

from collections.abc import Mapping

from openoutcry.mechanisms import Bidder, Linear, Market, Specification, Timing
from openoutcry.mechanisms.specification import Absent

NAMES = ("ada", "ben", "cyd", "dan", "eve", "fay", "gus", "hal", "ida")


def make_market(count: int = 4, *, levels: int = 3, groups: int = 2) -> Market:
    """Return a market of up to eight bidders, dealt to the groups in turn, who value the lot differently."""
    return Market(
        lot="a lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=tuple(f"group {index}" for index in range(groups)),
        bidders=tuple(
            Bidder(
                name=NAMES[place],
                group=place % groups,
                valuation=Linear(
                    constant=place, weights=tuple(3 + (place * 5 + group * 7) % 6 for group in range(groups))
                ),
            )
            for place in range(count)
        ),
    )


def make_specification(
    count: int = 4,
    *,
    levels: int = 3,
    groups: int = 2,
    mechanism: str = "signal-discovery",
    absent: Absent = "exit",
    timing: Timing | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Specification:
    """Return a specification over `make_market`."""
    return Specification(
        title="A small auction",
        market=make_market(count, levels=levels, groups=groups),
        mechanism=mechanism,
        parameters=parameters or {},
        timing=timing or Timing(enrol_ms=3000, answer_ms=1000),
        absent=absent,
    )
