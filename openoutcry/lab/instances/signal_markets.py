"""Generators of markets of signals. Every draw is exact: integers of Philox words, no float anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, product

import numpy as np

from openoutcry.lab.chance import Dice, Luck, draw_matrix
from openoutcry.lab.instances.generator import (
    Generator,
    SignalInstances,
    Signals,
    check_parameters,
    read_count,
)
from openoutcry.lab.instances.signal_sizes import SIZES, Sizes, read_sizes
from openoutcry.mechanisms.families import Linear, Steps
from openoutcry.mechanisms.parameters import Parameter, read_choice, read_probability
from openoutcry.mechanisms.tables import Table
from openoutcry.mechanisms.valuations import Valuation

_GROWTH = Parameter(
    name="growth",
    default="steep",
    choices=("linear", "steep"),
    meaning="how fast values rise with the sum of all signals; with steep, who is best matters most",
)
_WEIGHT = Parameter(
    name="weight",
    default="100",
    choices="an integer in 1..1000000",
    meaning="the greatest value of one signal level",
)
_CONSTANT = Parameter(
    name="constant",
    default="100",
    choices="an integer in 0..1000000000",
    meaning="the greatest value that a bidder has whatever the signals",
)
_TILT = Parameter(
    name="tilt",
    default="0",
    choices="an integer in 0..1000000000",
    meaning="how much more than the common value the lot may be worth to a bidder; drawn from 0..tilt",
)
_PRECISION = Parameter(
    name="precision",
    default="1/2",
    choices='a fraction in 0..1 in quotes, such as "1/2"',
    meaning="how often a signal shows the true quality; otherwise it is any level, equally likely",
)
_STEEP_BITS = 60
_LEVEL_VALUE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    sizes: Sizes
    growth: str = "steep"
    weight: int = 1
    constant: int = 0
    precision: Fraction = Fraction(1)


def _draw_random_owners(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes, dice = choice.sizes, Dice(luck, "owners")
    worth = [_worth(rank, sizes.top, choice.growth) for rank in range(sizes.top + 2)]
    columns: list[list[int]] = [[] for _ in range(sizes.bidders)]
    for state in _states(sizes):
        # The owner is worth what everybody is worth one rank higher: the least that lets any map of owners rise.
        rank, owner = sum(state), dice.below(sizes.bidders)
        for bidder, column in enumerate(columns):
            column.append(worth[rank + (bidder == owner)])
    tables = [Table(shape=sizes.shape, values=tuple(column)) for column in columns]
    return _independent(sizes, luck, "a lot of which every state has an owner drawn anew", tables)


def _worth(rank: int, top: int, growth: str) -> int:
    # Doubling as often as int64 allows, spread evenly over the ranks; a shift is exact on every machine.
    return rank if growth == "linear" else rank + (1 << (_STEEP_BITS * rank // (top + 1)))


def _draw_linear(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes, dice = choice.sizes, Dice(luck, "lines")
    lines = [
        Linear(
            constant=dice.between(0, choice.constant),
            weights=tuple(dice.between(0, choice.weight) for _ in range(sizes.groups)),
        )
        for _ in range(sizes.bidders)
    ]
    return _independent(sizes, luck, "a lot with random linear values", lines)


def _draw_wallet(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes, dice = choice.sizes, Dice(luck, "tilt")
    weights = (_LEVEL_VALUE,) * sizes.groups
    values = [
        Linear(constant=dice.between(0, choice.constant), weights=weights) for _ in range(sizes.bidders)
    ]
    return _independent(sizes, luck, "everybody's wallet", values)


def _draw_single_crossing(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes = choice.sizes
    order = Dice(luck, "order").shuffle(sizes.bidders)
    count, top = sizes.bidders, sizes.top
    # Lines whose upper envelope passes from one rank to the next at equal distances.
    lines = [
        Linear(constant=(count**2 - rank**2) * top, weights=(2 * rank * count,) * sizes.groups)
        for rank in order
    ]
    return _independent(sizes, luck, "a lot of which each bidder is best in one stretch of quality", lines)


def _draw_many_crossings(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes, dice = choice.sizes, Dice(luck, "steps")

    def increments() -> list[int]:
        # Long waits and great leaps: two such staircases cross again and again.
        return [dice.between(1, choice.weight) if not dice.below(3) else 0 for _ in range(sizes.top + 1)]

    values = [_staircase(sizes, increments()) for _ in range(sizes.bidders)]
    return _independent(sizes, luck, "a lot with values that cross again and again", values)


def _draw_submodular(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes, dice = choice.sizes, Dice(luck, "increments")

    def increments() -> list[int]:
        return sorted((dice.between(0, choice.weight) for _ in range(sizes.top + 1)), reverse=True)

    values = [_staircase(sizes, increments()) for _ in range(sizes.bidders)]
    return _independent(
        sizes, luck, "a lot to which every further level adds less than the one before", values
    )


def _draw_mineral_rights(choice: _Choice, luck: Luck) -> SignalInstances:
    sizes, dice = choice.sizes, Dice(luck, "drilling")
    values = []
    for _ in range(sizes.bidders):
        # Who recovers more of each level has more to pay before anything is recovered.
        rate = dice.between(_LEVEL_VALUE // 2, _LEVEL_VALUE)
        cost = (rate - _LEVEL_VALUE // 2) * dice.between(0, sizes.top)
        steps = tuple((level, max(0, rate * level - cost)) for level in range(sizes.top + 1))
        values.append(Steps(weights=(1,) * sizes.groups, steps=steps))

    def draw_signals(luck: Luck, first: int, count: int) -> Signals:
        return _see(choice, luck, first, count)

    return SignalInstances(
        market=sizes.market("a tract of which everybody has an estimate", values),
        luck=luck,
        draw_signals=draw_signals,
    )


def _see(choice: _Choice, luck: Luck, first: int, count: int) -> Signals:
    """Draw the true quality, and signals that show it or show nothing."""
    sizes, precision = choice.sizes, choice.precision
    quality = draw_matrix(luck, "quality", first, count, 1, sizes.signal_levels)
    lots = draw_matrix(luck, "precision", first, count, sizes.bidders, precision.denominator)
    noise = draw_matrix(luck, "signals", first, count, sizes.bidders, sizes.signal_levels)
    return np.where(lots < precision.numerator, quality, noise).astype(np.uint16)


def _independent(
    sizes: Sizes, luck: Luck, lot: str, values: list[Valuation] | list[Linear] | list[Table]
) -> SignalInstances:
    return SignalInstances(market=sizes.market(lot, values), luck=luck, draw_signals=sizes.draw_independent)


def _staircase(sizes: Sizes, increments: list[int]) -> Valuation:
    return Steps(weights=(1,) * sizes.groups, steps=tuple(enumerate(accumulate(increments))))


def _states(sizes: Sizes) -> Iterator[tuple[int, ...]]:
    return product(*(range(size) for size in sizes.shape))


_Read = Callable[[Mapping[str, object]], dict[str, object]]


def _generator(
    name: str,
    summary: str,
    draw: Callable[[_Choice, Luck], SignalInstances],
    *own: Parameter,
    read: _Read = lambda raw: {},
    has_tables: bool = False,
    apart_from_luck: tuple[Parameter, ...] = (),
) -> Generator:
    parameters = (*SIZES, *own)

    def configure(raw: Mapping[str, object]) -> _Choice:
        check_parameters(name, raw, parameters)
        sizes = read_sizes(raw)
        if has_tables:
            sizes.check_tables(name)
        return _Choice(sizes=sizes, **read(raw))  # type: ignore[arg-type]

    return Generator(
        name=name,
        summary=summary,
        market="signals",
        parameters=parameters,
        configure=configure,
        draw=draw,
        apart_from_luck=apart_from_luck,
    )


def _read_weight(raw: Mapping[str, object]) -> dict[str, object]:
    return {"weight": read_count(raw, _WEIGHT, 1, 10**6)}


SIGNAL_GENERATORS = (
    _generator(
        "random-owners",
        "every state has an owner drawn anew: no structure that a mechanism could lean on",
        _draw_random_owners,
        _GROWTH,
        read=lambda raw: {"growth": read_choice(raw, _GROWTH)},
        has_tables=True,
        # Owners are drawn before anybody asks what owning is worth.
        apart_from_luck=(_GROWTH,),
    ),
    _generator(
        "linear",
        "values are a random constant and a random weight for each group's sum",
        _draw_linear,
        _WEIGHT,
        _CONSTANT,
        read=lambda raw: _read_weight(raw) | {"constant": read_count(raw, _CONSTANT, 0, 10**9)},
    ),
    _generator(
        "wallet-game",
        f"a common value, {_LEVEL_VALUE} for each signal level of anybody, and a private tilt",
        _draw_wallet,
        _TILT,
        read=lambda raw: {"constant": read_count(raw, _TILT, 0, 10**9)},
    ),
    _generator(
        "mineral-rights",
        "signals are noisy views of one true quality; bidders differ in cost and recovery",
        _draw_mineral_rights,
        _PRECISION,
        read=lambda raw: {"precision": read_probability(raw, _PRECISION)},
        # Lots of their own say whose signal shows the truth: whoever sees it keeps seeing it at every higher precision.
        apart_from_luck=(_PRECISION,),
    ),
    _generator(
        "single-crossing",
        "each bidder is best in one stretch of quality, and the stretches are in random order",
        _draw_single_crossing,
    ),
    _generator(
        "many-crossings",
        "random staircases: who is best changes again and again as quality rises",
        _draw_many_crossings,
        _WEIGHT,
        read=_read_weight,
    ),
    _generator(
        "submodular-over-signals",
        "concave in the sum of all signals: every further level adds less than the one before",
        _draw_submodular,
        _WEIGHT,
        read=_read_weight,
    ),
)
