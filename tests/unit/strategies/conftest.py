"""Views of a small market, for the tests of strategies."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.strategies import RaiseView, ReportView, Seat

MakeSeat = Callable[..., Seat]


@pytest.fixture
def market() -> Market:
    """Three bidders: two geologists and one surveyor, signals 0..3."""
    valuation = Linear(constant=5, weights=(10, 1))
    groups = (("ada", 0), ("bob", 1), ("cyd", 0))
    return Market(
        lot="Tract 7",
        currency="USD",
        minor_units=0,
        signal_levels=4,
        groups=("geology", "seismic"),
        bidders=tuple(Bidder(name=name, group=group, valuation=valuation) for name, group in groups),
    )


@pytest.fixture
def make_seat(market: Market) -> MakeSeat:
    """Make the seat of a bidder with a signal."""

    def make(signal: int = 2, bidder: int = 0) -> Seat:
        return Seat(market=market, bidder=bidder, signal=signal, rng=random.Random(7))

    return make


@pytest.fixture
def raise_to(make_seat: MakeSeat) -> Callable[..., RaiseView]:
    """Make the view of a raise to a level."""

    def make(level: int, signal: int = 2) -> RaiseView:
        return RaiseView(seat=make_seat(signal), level=level, clock=level - 1, price=None, wave=0)

    return make


@pytest.fixture
def report_of(make_seat: MakeSeat) -> Callable[..., ReportView]:
    """Make the view of a report."""

    def make(signal: int = 2) -> ReportView:
        return ReportView(seat=make_seat(signal), wave=0)

    return make
