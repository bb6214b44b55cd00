"""Generators of markets of types: independent and correlated priors, and bidders who know more or less beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, product
from math import prod

from openoutcry.errors import ConfigurationError
from openoutcry.lab.chance import Dice, Luck, draw_matrix
from openoutcry.lab.instances.generator import (
    DrawTypes,
    Generator,
    TypeInstances,
    check_parameters,
    read_count,
)
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint, Product, Profile
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.knowledge import Partition, cells, common_refinement, full, own_value
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.sampling import draw_profile
from openoutcry.mechanisms.parameters import Parameter, read_choice, read_probability

_BIDDERS = Parameter(name="bidders", default="3", choices="an integer in 2..64", meaning="n, how many bid")
_TYPES = Parameter(
    name="types", default="3", choices="an integer in 1..64", meaning="how many values each may have"
)
_HIGHEST = Parameter(
    name="highest",
    default="100",
    choices="an integer in 1..1000000000",
    meaning="values are drawn from 1..highest, the same for all bidders",
)
_UNITS = Parameter(
    name="units",
    default="1",
    choices="an integer in 1..64",
    meaning="how many identical goods are sold, one to a bidder at most",
)
_KNOWLEDGE = Parameter(
    name="knowledge",
    default="own-value",
    choices=("own-value", "full", "random"),
    meaning="what bidders know beside the prior: their own value, everybody's, or cells drawn at random",
)
_CELLS = Parameter(
    name="cells",
    default="2",
    choices="an integer in 1..64",
    meaning="with random knowledge: how many cells each bidder can tell apart beside its own value",
)
_CORRELATION = Parameter(
    name="correlation",
    default="1/2",
    choices='a fraction in 0..1 in quotes, such as "1/2"',
    meaning="how often all values are drawn from the distribution of one hidden state of the world",
)
_COMMON = (_BIDDERS, _TYPES, _HIGHEST, _UNITS, _KNOWLEDGE, _CELLS)

# Whom goods may go to, and who knows what, is read when values and distributions are drawn; cells have dice of their
# own, of which each shows the last digits of the same number.
_APART = (_UNITS, _KNOWLEDGE, _CELLS)

_GREATEST_WEIGHT = 9
_STATES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    bidders: int
    types: int
    highest: int
    units: int
    knowledge: str
    cells: int
    correlation: Fraction


def _configure(name: str, parameters: tuple[Parameter, ...], raw: Mapping[str, object]) -> _Choice:
    check_parameters(name, raw, parameters)
    choice = _Choice(
        bidders=read_count(raw, _BIDDERS, 2, 64),
        types=read_count(raw, _TYPES, 1, 64),
        highest=read_count(raw, _HIGHEST, 1, 10**9),
        units=read_count(raw, _UNITS, 1, 64),
        knowledge=read_choice(raw, _KNOWLEDGE),
        cells=read_count(raw, _CELLS, 1, 64),
        correlation=read_probability(raw, _CORRELATION) if _CORRELATION in parameters else Fraction(0),
    )
    if choice.types > choice.highest:
        raise ConfigurationError(f"{choice.types} different values do not fit into 1..{choice.highest}")
    points = choice.types**choice.bidders
    if (_CORRELATION in parameters or choice.knowledge == "random") and points > POINT_LIMIT:
        raise ConfigurationError(
            f"{choice.bidders} bidders with {choice.types} types make {points} profiles; correlation and random "
            f"knowledge list at most {POINT_LIMIT}: take fewer bidders or types, or iid-values"
        )
    return choice


def _draw_iid(choice: _Choice, luck: Luck) -> TypeInstances:
    weights = _weights(Dice(luck, "prior"), choice.types)
    prior = Product.of({player: dict(enumerate(weights)) for player in range(choice.bidders)})

    def draw_types(luck: Luck, index: int) -> Profile:
        return draw_profile(prior, luck.chance(index, choice.bidders), "types")

    return _assemble(choice, luck, prior, draw_types)


def _draw_correlated(choice: _Choice, luck: Luck) -> TypeInstances:
    dice = Dice(luck, "prior")
    # All states weigh the same; so scaled, their totals can be added.
    states = [_weights(dice, choice.types) for _ in range(_STATES)]
    scale = prod(map(sum, states))
    states = [[weight * scale // sum(state) for weight in state] for state in states]
    average = [sum(column) for column in zip(*states, strict=True)]
    together, apart = (
        choice.correlation.numerator,
        choice.correlation.denominator - choice.correlation.numerator,
    )
    # Probabilities of all-from-one-state and of everybody-alone, over one denominator: states are _STATES fold.
    joint: dict[tuple[int, ...], int] = {}
    for profile in product(range(choice.types), repeat=choice.bidders):
        in_one = sum(prod(state[index] for index in profile) for state in states)
        alone = prod(average[index] for index in profile)
        joint[profile] = together * in_one * _STATES ** (choice.bidders - 1) + apart * alone
    prior = Joint.of(tuple(range(choice.bidders)), joint)
    return _assemble(choice, luck, prior, _by_hidden_state(choice, states, average))


def _by_hidden_state(choice: _Choice, states: Sequence[Sequence[int]], average: Sequence[int]) -> DrawTypes:
    """Return what draws types as nature does: whether all are of one state, of which, and a quantile for each bidder.

    So drawn, types are common luck of markets that differ in correlation: a bidder's quantile, the state and the lot
    that is held against the correlation are the same, and an auction in which one state decides keeps it at every
    higher correlation.

    Args:
        choice: Of the market.
        states: Weights of each type in each state, with one total.
        average: Their sums over the states.
    """
    total = sum(average)
    in_state = [tuple(accumulate(weight * _STATES for weight in state)) for state in states]
    alone = tuple(accumulate(average))
    correlation = choice.correlation

    def draw_types(luck: Luck, index: int) -> Profile:
        lot = draw_matrix(luck, "correlation", index, 1, 1, correlation.denominator)[0, 0]
        state = draw_matrix(luck, "state", index, 1, 1, _STATES)[0, 0]
        ends = in_state[state] if lot < correlation.numerator else alone
        quantiles = draw_matrix(luck, "types", index, 1, choice.bidders, total)[0].tolist()
        return tuple(bisect_right(ends, quantile) for quantile in quantiles)

    return draw_types


def _assemble(choice: _Choice, luck: Luck, prior: Distribution, draw_types: DrawTypes) -> TypeInstances:
    dice = Dice(luck, "values")
    chosen: set[int] = set()
    while len(chosen) < choice.types:
        chosen.add(dice.between(1, choice.highest))
    types = tuple((value,) for value in sorted(chosen))
    units = choice.units
    market = TypeMarket(
        lot="one good" if units == 1 else f"{units} units",
        currency="units",
        minor_units=0,
        environment=Environment.single_good() if units == 1 else Environment.identical_units(units),
        bidders=tuple(TypedBidder(name=f"bidder-{player}", types=types) for player in range(choice.bidders)),
    )
    return TypeInstances(
        market=market,
        luck=luck,
        prior=prior,
        partitions=_know(choice, luck, prior),
        draw_types=draw_types,
    )


def _know(choice: _Choice, luck: Luck, prior: Distribution) -> tuple[Partition, ...]:
    players = range(choice.bidders)
    if choice.knowledge == "full":
        return (full(choice.bidders),) * choice.bidders
    if choice.knowledge == "own-value":
        return tuple(own_value(player) for player in players)
    dice = Dice(luck, "knowledge")
    profiles = [profile for profile, _ in prior.items()]
    return tuple(
        common_refinement(
            [own_value(player), cells({profile: dice.below(choice.cells) for profile in profiles})]
        )
        for player in players
    )


def _weights(dice: Dice, count: int) -> Sequence[int]:
    return [dice.between(1, _GREATEST_WEIGHT) for _ in range(count)]


TYPE_GENERATORS = (
    Generator(
        name="iid-values",
        summary="values are independent and alike, from a random distribution",
        market="types",
        parameters=_COMMON,
        configure=lambda raw: _configure("iid-values", _COMMON, raw),
        draw=_draw_iid,
        apart_from_luck=_APART,
    ),
    Generator(
        name="correlated-values",
        summary="values depend on a hidden state of the world, as often as `correlation` says",
        market="types",
        parameters=(*_COMMON, _CORRELATION),
        configure=lambda raw: _configure("correlated-values", (*_COMMON, _CORRELATION), raw),
        draw=_draw_correlated,
        apart_from_luck=(*_APART, _CORRELATION),
    ),
)
