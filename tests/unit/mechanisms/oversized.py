"""A program that asks for what is too large, in little memory, and prints how each was refused.

Run as a module, in a process of its own: what is not refused up front then fails here and not in the tests' process.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from itertools import combinations, islice, product
from time import process_time

from openoutcry.errors import OpenOutcryError
from openoutcry.mechanisms.answering import answer_with_type
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.expectation import expect_over_prior, expect_types, truthful_answerers
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.optimal import optimal_mechanism, optimal_revenue
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.messages import ReportKind
from openoutcry.wire import WireCodec

MEMORY_BYTES = 2 * 1024**3
"""Of address space, libraries included."""

SHAPE = ReportShape(
    kind=ReportKind.BELIEF,
    subjects=tuple(range(1, 7)),
    type_counts=(10,) * 6,
    own_type_count=10,
    weight_bits=1000,
)


def make_market(bidders: int, types: int, environment: Environment | None = None) -> TypeMarket:
    """Return a market in which every bidder values everything at 1, 2, ... alike."""
    sold = environment or Environment.single_good()
    values = tuple((value,) * len(sold.bundles) for value in range(1, types + 1))
    return TypeMarket(
        lot="a lot",
        currency="USD",
        minor_units=0,
        environment=sold,
        bidders=tuple(TypedBidder(name=f"bidder-{index}", types=values) for index in range(bidders)),
    )


def bundles_of(goods: int, units: int, sizes: tuple[int, ...] = (1, 2)) -> Environment:
    """Return an environment whose bundles are all sets of goods of these sizes."""
    return Environment(
        kind="bundles",
        goods=tuple(f"good-{index}" for index in range(goods)),
        units=(units,) * goods,
        bundles=tuple(bundle for size in sizes for bundle in combinations(range(goods), size)),
    )


def many_points(players: range, count: int) -> Joint:
    """Return a distribution of so many equally likely points, of ten types each."""
    profiles = islice(product(range(10), repeat=len(players)), count)
    return Joint.of(players, dict.fromkeys(profiles, 1))


def encode(belief: Joint | Product) -> object:
    """Write a belief as a report."""
    return WireCodec().encode_type_report(TypeReport(value=None, belief=belief), SHAPE)


def specify(mechanism: str, market: TypeMarket) -> Specification:
    """Return a session."""
    return Specification(title="too large", market=market, mechanism=mechanism)


def uniform_over(market: TypeMarket) -> Product:
    """Return ignorance of everybody's type."""
    return uniform(dict(enumerate(market.type_counts)))


def expect_prior(market: TypeMarket) -> object:
    """Take an expectation over all profiles of a market."""
    mechanism = find_mechanism("crowdsourced-lookahead-plus")
    answerers = truthful_answerers(market, mechanism)
    return expect_over_prior(market, mechanism, mechanism.configure({}), uniform_over(market), answerers)


def expect_coins(market: TypeMarket, limit: int) -> object:
    """Take an expectation over the coins of a lottery for each of many rewards."""
    mechanism = find_mechanism("crowdsourced-lookahead-plus")
    players = range(len(market.bidders))
    beliefs = [uniform({other: 2 for other in players if other != bidder}) for bidder in players]
    answerers = [answer_with_type(0, belief, market=market) for belief in beliefs]
    parameters = mechanism.configure({"payment": "lottery"})
    return expect_types(market, mechanism, parameters, answerers, (0,) * len(players), limit=limit)


def correlated(market: TypeMarket, count: int) -> Joint:
    """Return a distribution over the first profiles of a market, as many as that."""
    profiles = islice(product(*map(range, market.type_counts)), count)
    return Joint.of(
        range(len(market.bidders)), {profile: 1 + place % 7 for place, profile in enumerate(profiles)}
    )


CASES: dict[str, Callable[[], object]] = {
    "a belief of too many points": lambda: encode(many_points(range(1, 7), POINT_LIMIT + 1)),
    "a joint belief that is too fine": lambda: encode(
        Joint.of(range(1, 7), {(0,) * 6: 2**1000, (1,) * 6: 1})
    ),
    "a product belief that is too fine": lambda: encode(
        Product.of({player: {0: 2**300, 1: 1} for player in range(1, 7)})
    ),
    "a product multiplied out": lambda: uniform(dict.fromkeys(range(1000), 10)).expanded(),
    "a prior of too many points": lambda: TypeMarket(
        lot="a lot",
        currency="USD",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=make_market(6, 10).bidders,
        prior=many_points(range(6), POINT_LIMIT + 1),
    ),
    "an optimum over too many profiles": lambda: optimal_revenue(
        make_market(8, 8, Environment.unit_demand(("a", "b"))),
        uniform_over(make_market(8, 8)),
    ),
    "an optimum over astronomically many profiles": lambda: optimal_revenue(
        make_market(9000, 4, Environment.unit_demand(("a", "b"))), uniform_over(make_market(9000, 4))
    ),
    "an optimal auction of too many numbers": lambda: optimal_mechanism(
        make_market(5, 8, Environment.unit_demand(("a", "b", "c"))), uniform_over(make_market(5, 8))
    ),
    "an optimal auction of too many variables": lambda: optimal_mechanism(
        make_market(30, 2), correlated(make_market(30, 2), 8000)
    ),
    "an optimal auction of too many assignments": lambda: specify(
        "crowdsourced-optimal", make_market(30, 2, bundles_of(10, 2))
    ),
    "a welfare optimum of too many assignments": lambda: specify(
        "vcg", make_market(30, 2, bundles_of(10, 2))
    ),
    "a welfare optimum of astronomically many assignments": lambda: specify(
        "vcg", make_market(3, 2, bundles_of(64, 1_000_000, (1,)))
    ),
    "side bets on too many profiles": lambda: specify("cremer-mclean", _with_prior(make_market(5000, 4))),
    "an expectation over too many types": lambda: expect_prior(make_market(20, 10)),
    "an expectation over astronomically many types": lambda: expect_prior(make_market(5000, 10)),
    "an expectation over too many coins": lambda: expect_coins(make_market(12, 2), 500),
}


def _with_prior(market: TypeMarket) -> TypeMarket:
    return TypeMarket(
        lot=market.lot,
        currency=market.currency,
        minor_units=market.minor_units,
        environment=market.environment,
        bidders=market.bidders,
        prior=uniform_over(market),
    )


def main() -> None:
    """Print for each case how it ended: the kind of error, its text, and the seconds it took."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    ends: dict[str, tuple[str, str, float]] = {}
    for name, case in CASES.items():
        began = process_time()
        try:
            case()
            kind, text = "nothing", ""
        except OpenOutcryError as error:
            kind, text = "refusal", str(error)
        except Exception as error:
            kind, text = type(error).__name__, str(error)
        ends[name] = kind, text, process_time() - began
    print(json.dumps(ends))


if __name__ == "__main__":
    main()
