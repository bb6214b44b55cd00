"""Small markets and specifications for the tests of sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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


def make_counted_market(count: int = 4, *, levels: int = 3, groups: int = 2) -> Market:
    """Return a market of the same bidders whose values depend on how many hold each signal."""
    sums = make_market(count, levels=levels, groups=groups)
    steps = range(levels - 1)
    bidders = tuple(
        replace(
            bidder,
            valuation=Linear(
                constant=3 * place,
                # What a signal adds by being at least 1, 2, ...: to some more by the first step, to others by the last.
                weights=tuple(
                    (5 * place + 7 * group + 4 * step) % 11 for group in range(groups) for step in steps
                ),
            ),
        )
        for place, bidder in enumerate(sums.bidders)
    )
    return replace(sums, bidders=bidders, state_form="counts")


def make_counted_specification(
    count: int = 4,
    *,
    levels: int = 3,
    groups: int = 1,
    parameters: Mapping[str, object] | None = None,
    absent: Absent = "exit",
) -> Specification:
    """Return a specification of a threshold lottery over `make_counted_market`."""
    return Specification(
        title="A small lottery",
        market=make_counted_market(count, levels=levels, groups=groups),
        mechanism="threshold-lottery",
        parameters=parameters or {},
        timing=Timing(enrol_ms=3000, answer_ms=1000),
        absent=absent,
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
