"""Auctions that ask what a load asks for, whatever their outcome.

Decides: which mechanism and market make a load. `one`: the uniform clock asks one bidder after the other. `all`: in
signal discovery one bidder is discovered alone and then, side by side, all who are never worth most. Nothing here is
about good auctions.
"""

from __future__ import annotations

from benchmarks.load import Load
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.specification import Specification, Timing
from openoutcry.mechanisms.valuations import decode_valuation

WIDE_WAVE = 1
"""The wave of signal discovery in which all climb side by side."""

DAY_MS = 24 * 3600 * 1000

# Whoever is never worth most is discovered side by side, less the one discovered before and the one worth most.
_BESIDES_WIDE_WAVE = 2


def make_market(bidders: int, signal_levels: int) -> Market:
    """Return a market of one group in which bidder 0 is always worth most.

    Args:
        bidders: 1 or more.
        signal_levels: k, 2..1024.
    """
    groups = ("all",)
    return Market(
        lot="what is measured",
        currency="USD",
        minor_units=0,
        signal_levels=signal_levels,
        groups=groups,
        bidders=tuple(
            Bidder(
                name=name_bidder(bidder),
                group=0,
                valuation=decode_valuation(
                    {"family": "linear", "constant": int(bidder == 0), "weights": {"all": 1}}, groups
                ),
            )
            for bidder in range(bidders)
        ),
    )


def name_bidder(bidder: int) -> str:
    """Return the name of the bidder at this place, 0 or more."""
    return f"bidder-{bidder}"


def invited(load: Load) -> int:
    """Return how many bidders a session with this load has."""
    return load.bidders if load.in_flight == "one" else load.bidders + _BESIDES_WIDE_WAVE


def counts(load: Load, wave: int) -> bool:
    """Tell whether the questions of a wave belong to the load."""
    return load.in_flight == "one" or wave == WIDE_WAVE


def make_specification(load: Load) -> Specification:
    """Return the session that has this load, when all accept whatever they are asked."""
    return Specification(
        title="A measured session",
        market=make_market(invited(load), load.levels + 1),
        mechanism="uniform-clock" if load.in_flight == "one" else "signal-discovery",
        timing=Timing(enrol_ms=DAY_MS, answer_ms=DAY_MS),
    )
