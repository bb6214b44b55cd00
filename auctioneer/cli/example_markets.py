"""Small markets on which `auctioneer mechanisms` shows what a mechanism promises: promises depend on the market."""

from __future__ import annotations

from dataclasses import replace

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.distributions import Joint, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.mechanism import Mechanism

NAMES = ("ada", "bob", "cyd")
SIGNAL_LEVELS = 4


def promise_of(mechanism: Mechanism) -> tuple[str, str]:
    """Return what a mechanism promises with its default parameters on a small market, and which market that is."""
    parameters = mechanism.configure({})
    described = ""
    for market, described in _examples(mechanism):
        try:
            mechanism.check(market, parameters)
            return mechanism.guarantee(market, parameters).text, described
        except ConfigurationError:
            # It does not run on this kind of market: the next example is of another.
            continue
    raise AssertionError(f"{mechanism.name} runs on none of the examples")


def _examples(mechanism: Mechanism) -> list[tuple[Market | TypeMarket, str]]:
    if mechanism.market == "signals":
        return [(_signals(), f"three bidders of one group, signals 0..{SIGNAL_LEVELS - 1}")]
    described = "one good, three bidders with values 1, 2 and 4"
    if not mechanism.uses_prior:
        return [(_types(), described)]
    independent = uniform(dict.fromkeys(range(len(NAMES)), 3))
    # Each type makes the same type of all others likelier, so what a bidder is worth shows in what it believes.
    alike: dict[tuple[int, ...], int] = {
        (i, j, k): 1 + 3 * (i == j) + 3 * (j == k) for i in range(3) for j in range(3) for k in range(3)
    }
    correlated = Joint.of(range(len(NAMES)), alike)
    return [
        (replace(_types(), prior=independent), f"{described}, independent and equally likely"),
        (replace(_types(), prior=correlated), f"{described}, correlated"),
    ]


def _signals() -> Market:
    valuation = Linear(constant=0, weights=(1,))
    return Market(
        lot="a lot",
        currency="EUR",
        minor_units=0,
        signal_levels=SIGNAL_LEVELS,
        groups=("everybody",),
        bidders=tuple(Bidder(name=name, group=0, valuation=valuation) for name in NAMES),
    )


def _types() -> TypeMarket:
    return TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=tuple(TypedBidder(name=name, types=((1,), (2,), (4,))) for name in NAMES),
    )
