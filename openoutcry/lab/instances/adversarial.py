"""The instances that bounds are argued with: where guarantees are met exactly, and where no auction does well.

On the first kind signals are the same in every auction, and only the mechanism's own luck differs. On the second each
auction has one of the profiles that the bound argues with, all equally likely: a bidder is meant to be the only one
worth serving there. Whoever is served at its own profile must be served as often at the common one, where there is but
one lot, so averaged over these profiles no ex-post incentive compatible auction reaches more than a share of one over
their number, up to what rivals are worth.

Source: CLOCK, Theorems 6 and 11, through `openoutcry.mechanisms.hard_instances`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from openoutcry.errors import ConfigurationError
from openoutcry.lab.chance import Luck, draw_numbers
from openoutcry.lab.instances.generator import (
    Generator,
    SignalInstances,
    Signals,
    check_parameters,
    read_count,
)
from openoutcry.lab.instances.signal_sizes import Sizes
from openoutcry.mechanisms.hard_instances import HardInstance, hard_counts, hard_sums
from openoutcry.mechanisms.parameters import Parameter, read_choice
from openoutcry.mechanisms.tables import Table

_CASES: Mapping[str, tuple[Sequence[Sequence[int]], Sequence[int]]] = {
    # Owners of levels 0..4 are 0, 0, 1, 2, 3: the best bidder wins with probability exactly 1/4.
    "welfare": (((0, 0, 0, 0, 0), (0, 0, 1, 1, 1), (0, 0, 0, 2, 2), (0, 0, 0, 0, 3)), (1, 0, 1, 0)),
    # Owners of levels 0..3 are 0, 1, 1, 2: expected revenue is exactly 1/6 of the optimum.
    "revenue": (((0, 0, 0, 0), (0, 1, 10, 10), (0, 0, 0, 11)), (1, 0, 0)),
}
_TIED = "tied-at-the-bottom"

_HARD: Mapping[str, Callable[..., HardInstance]] = {
    "theorem-6": hard_sums,
    "theorem-6-printed": partial(hard_sums, printed=True),
    "theorem-11": hard_counts,
    "theorem-11-printed": partial(hard_counts, printed=True),
}

_CASE = Parameter(
    name="case",
    default="welfare",
    choices=(*_CASES, _TIED, *_HARD),
    meaning=(
        "welfare: the best bidder wins with probability 1/4; revenue: a sixth of the optimum; tied-at-the-bottom: all "
        "are worth nothing at level 0, where the reading of ties decides; theorem-6 (values of sums) and theorem-11 "
        "(of counts): no ex-post incentive compatible auction does well, and the same as printed"
    ),
)
_BIDDERS = Parameter(
    name="bidders",
    default="4",
    choices="an integer in 2..1000",
    meaning="of tied-at-the-bottom; all other cases say themselves how many there are",
)
_LEVELS = Parameter(
    name="signal_levels", default="2", choices="an integer in 2..64", meaning="k, in the theorems' cases"
)
_GROUPS = Parameter(
    name="groups", default="1", choices="an integer in 1..64", meaning="l, in the theorems' cases"
)
_GROWTH = Parameter(
    name="growth",
    default="10",
    choices="an integer in 2..1000000000",
    meaning="how much more valuable each bidder is than the next, in the theorems' cases",
)
_PARAMETERS = (_CASE, _BIDDERS, _LEVELS, _GROUPS, _GROWTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    case: str
    bidders: int
    signal_levels: int
    groups: int
    growth: int


def _configure(raw: Mapping[str, object]) -> _Choice:
    check_parameters("adversarial", raw, _PARAMETERS)
    choice = _Choice(
        case=read_choice(raw, _CASE),
        bidders=read_count(raw, _BIDDERS, 2, 1000),
        signal_levels=read_count(raw, _LEVELS, 2, 64),
        groups=read_count(raw, _GROUPS, 1, 64),
        growth=read_count(raw, _GROWTH, 2, 10**9),
    )
    _check_use(choice.case, raw)
    if choice.case in _HARD:
        _hard(choice)
    return choice


def _check_use(case: str, raw: Mapping[str, object]) -> None:
    """Refuse parameters that the case does not look at: whoever gives them expects something of them."""
    used: tuple[Parameter, ...] = (_CASE,)
    if case == _TIED:
        used = (_CASE, _BIDDERS)
    elif case in _HARD:
        used = (_CASE, _LEVELS, _GROUPS, _GROWTH)
    unused = [name for name in raw if name not in {parameter.name for parameter in used}]
    if unused:
        takes = ", ".join(parameter.name for parameter in used[1:]) or "nothing"
        raise ConfigurationError(f"adversarial: case {case} takes no {unused[0]}; it takes {takes}")


def _hard(choice: _Choice) -> HardInstance:
    return _HARD[choice.case](choice.groups, choice.signal_levels, growth=choice.growth)


def _draw(choice: _Choice, luck: Luck) -> SignalInstances:
    return _draw_hard(choice, luck) if choice.case in _HARD else _draw_tight(choice, luck)


def _draw_hard(choice: _Choice, luck: Luck) -> SignalInstances:
    hard = _hard(choice)
    profiles = np.array([hard.profile(bidder) for bidder in range(len(hard.market.bidders))], dtype=np.uint16)

    def draw_signals(luck: Luck, first: int, count: int) -> Signals:
        drawn: Signals = profiles[draw_numbers(luck, "profile", first, count, len(profiles))]
        return drawn

    return SignalInstances(market=hard.market, luck=luck, draw_signals=draw_signals)


def _draw_tight(choice: _Choice, luck: Luck) -> SignalInstances:
    if choice.case == _TIED:
        rows: Sequence[Sequence[int]] = [
            (0, *([0 if bidder else 100] * choice.bidders)) for bidder in range(choice.bidders)
        ]
        held: Sequence[int] = (1, *([0] * (choice.bidders - 1)))
    else:
        rows, held = _CASES[choice.case]
    sizes = Sizes(bidders=len(rows), signal_levels=2, groups=1)

    def draw_signals(luck: Luck, first: int, count: int) -> Signals:
        return np.tile(np.array(held, dtype=np.uint16), (count, 1))

    market = sizes.market(
        f"the hardest lot ({choice.case})", [Table(shape=sizes.shape, values=tuple(row)) for row in rows]
    )
    return SignalInstances(market=market, luck=luck, draw_signals=draw_signals)


ADVERSARIAL = Generator(
    name="adversarial",
    summary="the instances on which guarantees are met exactly, and those on which no auction does well",
    market="signals",
    parameters=_PARAMETERS,
    configure=_configure,
    draw=_draw,
    # Nothing is drawn of it.
    apart_from_luck=(_GROWTH,),
)
