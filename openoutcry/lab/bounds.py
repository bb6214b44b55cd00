"""What is proved of mechanisms on a market: the papers' guarantees, ours, and what no auction can guarantee.

Ours come from the mechanism itself (`Mechanism.guarantee`). The papers' constants are written down here as they are
printed, whether or not they are the best that can be shown. What no auction can guarantee is a statement about the
worst market of its size: on the market at hand an auction may well do better.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any, Literal

from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from openoutcry.mechanisms.threshold_lottery import ThresholdLottery

Kind = Literal["ours", "paper", "impossible"]
Benchmark = Literal["welfare", "optimal revenue"]

_CLOCK = "Prior-Free Clock Auctions for Bidders with Interdependent Values"
_CROWD = "Crowdsourced Bayesian Auctions"
_NONE = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One proved statement about the share of a benchmark that is reached in expectation, whatever is drawn.

    Attributes:
        kind: `ours` and `paper` promise at least the share; `impossible` says that no ex-post incentive compatible
            auction can promise more.
        quantity: What it is about: `welfare` or `revenue`.
        benchmark: What it is a share of: the greatest welfare, or the revenue of the best dominant-strategy truthful
            auction that knows the prior.
        share: 0..1.
        loss: What is taken off that share of the benchmark, in minor units.
        source: Where it is stated.
    """

    kind: Kind
    quantity: Literal["welfare", "revenue"]
    benchmark: Benchmark
    share: Fraction
    loss: Fraction = _NONE
    source: str


def bounds_on(mechanism: str, parameters: Any, market: Market | TypeMarket) -> tuple[Bound, ...]:
    """Return what is proved of a mechanism on a market, all bidders being truthful.

    Args:
        mechanism: Its name.
        parameters: As its `configure` returned them.
        market: One that it runs on.
    """
    found = [*_ours(mechanism, parameters, market), *_papers(mechanism, parameters, market)]
    if isinstance(market, Market):
        found += _out_of_reach(market)
    return tuple(found)


def weakest(statements: Iterable[tuple[Bound, ...]]) -> tuple[Bound, ...]:
    """Return what holds on each of several markets: for every kind, quantity and benchmark the least that is promised.

    Args:
        statements: Of each market, as `bounds_on` gives them. What is not promised on all is not promised.
    """
    kept: dict[tuple[Kind, str, Benchmark], Bound] | None = None
    for bounds in statements:
        named: dict[tuple[Kind, str, Benchmark], Bound] = {
            (bound.kind, bound.quantity, bound.benchmark): bound for bound in bounds
        }
        if kept is None:
            kept = named
            continue
        kept = {
            key: min(bound, named[key], key=lambda one: (one.share, -one.loss))
            for key, bound in kept.items()
            if key in named
        }
    return tuple((kept or {}).values())


def _ours(mechanism: str, parameters: Any, market: Market | TypeMarket) -> list[Bound]:
    promised = find_mechanism(mechanism).guarantee(market, parameters)
    source = f"{mechanism}, as `auctioneer mechanisms {mechanism}` says"
    found = []
    if promised.welfare is not None:
        found.append(
            Bound(kind="ours", quantity="welfare", benchmark="welfare", share=promised.welfare, source=source)
        )
    if promised.revenue is not None:
        found.append(
            Bound(
                kind="ours",
                quantity="revenue",
                benchmark=promised.benchmark,
                share=promised.revenue,
                loss=promised.revenue_loss,
                source=source,
            )
        )
    return found


def _papers(mechanism: str, parameters: Any, market: Market | TypeMarket) -> list[Bound]:
    if isinstance(market, TypeMarket):
        return _crowd(mechanism, parameters, len(market.bidders))
    match parameters:
        case SignalDiscovery():
            return _signal_discovery(parameters, market)
        case ThresholdLottery():
            return _threshold_lottery(parameters, market)
    return []


def _signal_discovery(parameters: SignalDiscovery, market: Market) -> list[Bound]:
    """Return 1/(5 l (k-1)) under welfare pricing, and 1/(10 l (k-1)) under revenue pricing.

    With probability eta the uniform clock runs instead, which is promised nothing.

    Source: CLOCK, Theorems 1, 2, 4, 5, 7, 8 and 10.
    """
    guesses = _groups(market) * (market.signal_levels - 1)
    source = f"{_CLOCK}, Theorem 10"
    ran = 1 - Fraction(parameters.uniform_probability)
    if parameters.pricing == "welfare":
        return [_of_welfare("paper", "welfare", ran / (5 * guesses), source)]
    # No truthful bidder pays more than the lot is worth to it, so what is promised of revenue holds of welfare.
    share = ran / (10 * guesses)
    return [_of_welfare("paper", quantity, share, source) for quantity in ("welfare", "revenue")]


def _threshold_lottery(parameters: ThresholdLottery, market: Market) -> list[Bound]:
    """Return 1/rho with rho = min(n, l C(k, 2) + 1) under welfare pricing, and a k-th of it under revenue pricing.

    Source: CLOCK, Theorems 12 and 13.
    """
    rho = min(len(market.bidders), _groups(market) * comb(market.signal_levels, 2) + 1)
    if parameters.pricing == "welfare":
        return [_of_welfare("paper", "welfare", Fraction(1, rho), f"{_CLOCK}, Theorem 12")]
    share = Fraction(1, rho * market.signal_levels)
    source = f"{_CLOCK}, Theorem 13"
    return [_of_welfare("paper", quantity, share, source) for quantity in ("welfare", "revenue")]


def _crowd(mechanism: str, parameters: Any, count: int) -> list[Bound]:
    """Return (1 - 1/n) OPT - epsilon, and (1 - delta)/2 OPT - epsilon.

    Source: CROWD, Theorems 1 and 2.
    """
    match mechanism:
        case "crowdsourced-optimal":
            share, source = 1 - Fraction(1, count), f"{_CROWD}, Theorem 1"
        case "crowdsourced-lookahead":
            share, source = (1 - Fraction(parameters.delta)) / 2, f"{_CROWD}, Theorem 2"
        case _:
            return []
    return [
        Bound(
            kind="paper",
            quantity="revenue",
            benchmark="optimal revenue",
            share=share,
            loss=Fraction(parameters.reward),
            source=source,
        )
    ]


def _out_of_reach(market: Market) -> list[Bound]:
    """Return what no ex-post incentive compatible auction can promise on all markets of this size.

    1/(l (k-1) + 1) where values depend on group sums, and 1/(l C(k, 2) + 1) where they depend on counts. Both are
    argued with as many bidders as stand below the line; with fewer, nothing is said. No truthful bidder pays more than
    the lot is worth to it, so what cannot be promised of welfare cannot be promised of revenue.

    Source: CLOCK, Theorems 6 and 11; `openoutcry.mechanisms.hard_instances` has the markets.
    """
    groups, levels = _groups(market), market.signal_levels
    by_counts = market.is_by_counts
    needed = groups * (comb(levels, 2) if by_counts else levels - 1) + 1
    if len(market.bidders) < needed:
        return []
    source = f"{_CLOCK}, Theorem {11 if by_counts else 6}"
    return [
        _of_welfare("impossible", quantity, Fraction(1, needed), source)
        for quantity in ("welfare", "revenue")
    ]


def _of_welfare(kind: Kind, quantity: Literal["welfare", "revenue"], share: Fraction, source: str) -> Bound:
    return Bound(kind=kind, quantity=quantity, benchmark="welfare", share=share, source=source)


def _groups(market: Market) -> int:
    return len({bidder.group for bidder in market.bidders})
