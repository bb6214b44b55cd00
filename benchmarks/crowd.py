"""Crowdsourced auctions in one process: scoring, pricing, the optimal auction, and beliefs as bytes.

Decides: sizes, turns and goals of what the issue of scale names. Every number is the processor time of one core, on
values that were made anew, so that nothing is found ready that a session would have to work out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from random import Random
from statistics import median
from time import process_time
from typing import TypeVar

from benchmarks.findings import Finding
from benchmarks.scale import Scale
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.aggregation import aggregate
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.lookahead import highest_bidder, lookahead_price
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.optimal import MyersonMechanism, optimal_revenue
from openoutcry.mechanisms.crowd.rewarding import reward_belief
from openoutcry.mechanisms.crowd.scoring import brier_score
from openoutcry.mechanisms.crowd.selling import Bids
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.draws import SeededChance
from openoutcry.protocol.messages import ReportKind
from openoutcry.protocol.opening import OpeningKey, opening_info, pack_opening, seal_opening, split_opening
from openoutcry.wire import WireCodec

BRIER_GOAL_MS = 20.0
LOOKAHEAD_GOAL_MS = 1000.0
OPTIMUM_GOAL_MS = 1000.0
MYERSON_GOAL_MS = 100.0

TYPES = 10
"""Of every bidder."""

GREATEST_WEIGHT = 1000
"""Of one point or type: three digits are more than anybody knows of anybody."""

POINT_PLAYERS = 6
"""Of the belief that is reported point by point: with ten types each, a tenth of a million of all their profiles."""

OPTIMUM_BIDDERS = 3

SECRET = bytes(range(32))

Belief = TypeVar("Belief", Joint, Product)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """A belief of many points, and the market that it is about."""

    market: TypeMarket
    belief: Joint
    shape: ReportShape


def measure_scoring(scale: Scale) -> list[Finding]:
    """Measure the score of a belief about many independent bidders, and a price from one of many points."""
    count = scale.belief_bidders
    rng = Random("scoring")
    belief = make_product(range(1, count), rng)
    profile = tuple(rng.randrange(TYPES) for _ in belief.players)
    score = _times(scale, lambda: brier_score(_fresh(belief), profile))
    many = _many_points(scale)
    # What the others report is in the middle of all that is possible, so it is not bidder 0 who is the highest.
    happened = many.belief.points[len(many.belief.points) // 2]
    bids = {0: 0} | dict(zip(many.belief.players, happened, strict=True))
    price = _times(scale, lambda: _look_ahead(many.market, bids, _fresh(many.belief)))
    return [
        Finding(
            name=f"Brier score of a product belief about {count - 1} bidders",
            measured=median(score) * 1e3,
            unit="ms",
            goal=BRIER_GOAL_MS,
            better="lower",
            detail=f"{TYPES} types each, weights to {GREATEST_WEIGHT}; an exact fraction of {belief.total.bit_length()}"
            " bits squared",
        ),
        Finding(
            name=f"lookahead over a belief of {scale.belief_points} points",
            measured=median(price) * 1e3,
            unit="ms",
            goal=LOOKAHEAD_GOAL_MS,
            better="lower",
            detail=f"aggregation, price and reward; {len(many.belief.players)} others with {TYPES} types each",
        ),
    ]


def measure_optimum(scale: Scale) -> list[Finding]:
    """Measure the optimal revenue by linear program, and Myerson's auction among many bidders."""
    findings: list[Finding] = []
    for types, goal in zip(scale.optimum_types, (OPTIMUM_GOAL_MS, None), strict=True):
        market, prior = make_type_market(OPTIMUM_BIDDERS, types), _make_prior(types)
        lines: list[str] = []

        def solve(market: TypeMarket = market, prior: Joint = prior, lines: list[str] = lines) -> None:
            lines.clear()
            found = optimal_revenue(market, _fresh(prior), progress=lines.append)
            assert found.lower == found.upper, "the optimum was not proved"

        findings.append(
            Finding(
                name=f"optimal revenue at {types**OPTIMUM_BIDDERS} type profiles",
                measured=median(_times(scale, solve)) * 1e3,
                unit="ms",
                goal=goal,
                better="lower",
                detail=f"{OPTIMUM_BIDDERS} bidders, {types} types each, all profiles possible; proved exactly; "
                f"{len(lines)} lines of progress",
            )
        )
    return [*findings, *_measure_myerson(scale)]


def measure_reports(scale: Scale) -> list[Finding]:
    """Measure a large belief as bytes: written, read, sealed and unsealed, with its size."""
    codec, many = WireCodec(), _many_points(scale)
    report = TypeReport(value=0, belief=many.belief)
    data = codec.encode_type_report(report, many.shape)
    content = pack_opening(SECRET, data)
    key = OpeningKey(SECRET)
    info = opening_info(SECRET, SECRET, 0, SECRET)
    sealed = seal_opening(content, recipient=key.public_key, info=info)
    parts = len(split_opening(sealed))
    size = f"{len(data)} bytes in {parts} envelopes of {limits.OPENING_PART_BYTES} bytes; "
    size += f"{len(data) / scale.belief_points:.1f} bytes a point"
    each = f"a belief of {scale.belief_points} points, {len(data) / 1024:.0f} KiB"
    steps: Sequence[tuple[str, Callable[[], object], str]] = (
        ("written", lambda: codec.encode_type_report(report, many.shape), size),
        ("read, every rule checked", lambda: codec.decode_type_report(data, many.shape), size),
        ("sealed", lambda: seal_opening(content, recipient=key.public_key, info=info), each),
        ("unsealed", lambda: key.unseal(sealed, info), each),
    )
    return [
        Finding(
            name=f"belief of {scale.belief_points} points, {name}",
            measured=median(_times(scale, step)) * 1e3,
            unit="ms",
            better="lower",
            detail=detail,
        )
        for name, step, detail in steps
    ]


def make_type_market(bidders: int, types: int) -> TypeMarket:
    """Return a market of one good whose bidders value it at 1, 2, ... up to their number of types.

    Args:
        bidders: 1 or more.
        types: Of each, 1..1024.
    """
    values = tuple((value,) for value in range(1, types + 1))
    return TypeMarket(
        lot="what is measured",
        currency="USD",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=tuple(TypedBidder(name=f"bidder-{bidder}", types=values) for bidder in range(bidders)),
    )


def make_product(players: Sequence[int], rng: Random, greatest: int = GREATEST_WEIGHT) -> Product:
    """Return a product in which every type of every player has some weight of 1..greatest."""
    return Product.of(
        {player: {index: rng.randint(1, greatest) for index in range(TYPES)} for player in players}
    )


def _measure_myerson(scale: Scale) -> list[Finding]:
    count, rng = scale.belief_bidders, Random("myerson")
    market, belief = make_type_market(count, TYPES), make_product(range(count), rng)
    profile = tuple(rng.randrange(TYPES) for _ in range(count))
    outcome = _times(scale, lambda: MyersonMechanism(market, _fresh(belief)).lottery(profile))
    revenue = _times(scale, lambda: MyersonMechanism(market, _fresh(belief)).revenue)
    shared = f"one good, {TYPES} types each, every bidder with a distribution of its own"
    return [
        Finding(
            name=f"Myerson's auction for {count} bidders: who wins, and the price",
            measured=median(outcome) * 1e3,
            unit="ms",
            goal=MYERSON_GOAL_MS,
            better="lower",
            detail=f"{shared}; ironing included",
        ),
        Finding(
            name=f"Myerson's auction for {count} bidders: expected revenue, exact",
            measured=median(revenue) * 1e3,
            unit="ms",
            better="lower",
            detail=f"{shared}; what comparisons with the optimum need, and no auction",
        ),
    ]


def _make_prior(types: int) -> Joint:
    rng = Random("optimum")
    profiles = product(range(types), repeat=OPTIMUM_BIDDERS)
    return Joint.of(range(OPTIMUM_BIDDERS), {profile: rng.randint(1, 100) for profile in profiles})


def _look_ahead(market: TypeMarket, bids: Bids, belief: Joint) -> None:
    """Do what a session does with a belief of bidder 0 about all others."""
    found = aggregate(highest_bidder(market, bids), bids, {0: belief})
    lookahead_price(market, highest_bidder(market, bids), bids, found)
    reward_belief(Fraction(1), belief, bids, "exact", SeededChance(SECRET, len(bids)), label="reward")


def _many_points(scale: Scale) -> _Sizes:
    rng = Random("points")
    players = range(1, POINT_PLAYERS + 1)
    ranks = rng.sample(range(TYPES**POINT_PLAYERS), scale.belief_points)
    points = [tuple(rank // TYPES**place % TYPES for place in range(POINT_PLAYERS)) for rank in ranks]
    belief = Joint.of(players, {point: rng.randint(1, GREATEST_WEIGHT) for point in points})
    shape = ReportShape(
        kind=ReportKind.VALUE_AND_BELIEF,
        subjects=tuple(players),
        type_counts=(TYPES,) * POINT_PLAYERS,
        own_type_count=TYPES,
        weight_bits=limits.belief_weight_bits(POINT_PLAYERS + 1),
    )
    return _Sizes(market=make_type_market(POINT_PLAYERS + 1, TYPES), belief=belief, shape=shape)


def _fresh(belief: Belief) -> Belief:
    """Return an equal distribution of which nothing has been worked out yet."""
    return replace(belief)


def _times(scale: Scale, step: Callable[[], object]) -> list[float]:
    times: list[float] = []
    for _ in range(scale.repetitions):
        began = process_time()
        step()
        times.append(process_time() - began)
    return times
