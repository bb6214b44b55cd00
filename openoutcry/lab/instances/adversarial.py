"""The instances on which the guarantees of signal discovery are met exactly: no draw decides anything in them.

Signals are the same in every auction; only the mechanism's own luck differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.generator import (
    Generator,
    SignalInstances,
    Signals,
    check_parameters,
    read_count,
)
from openoutcry.lab.instances.signal_sizes import Sizes
from openoutcry.mechanisms.parameters import Parameter, read_choice
from openoutcry.mechanisms.tables import Table

_CASES: Mapping[str, tuple[Sequence[Sequence[int]], Sequence[int]]] = {
    # Owners of levels 0..4 are 0, 0, 1, 2, 3: the best bidder wins with probability exactly 1/4.
    "welfare": (((0, 0, 0, 0, 0), (0, 0, 1, 1, 1), (0, 0, 0, 2, 2), (0, 0, 0, 0, 3)), (1, 0, 1, 0)),
    # Owners of levels 0..3 are 0, 1, 1, 2: expected revenue is exactly 1/6 of the optimum.
    "revenue": (((0, 0, 0, 0), (0, 1, 10, 10), (0, 0, 0, 11)), (1, 0, 0)),
}
_TIED = "tied-at-the-bottom"

_CASE = Parameter(
    name="case",
    default="welfare",
    choices=(*_CASES, _TIED),
    meaning=(
        "welfare: the best bidder wins with probability 1/4; revenue: a sixth of the optimum; tied-at-the-bottom: all "
        "are worth nothing at level 0, where the reading of ties decides"
    ),
)
_BIDDERS = Parameter(
    name="bidders",
    default="4",
    choices="an integer in 2..1000",
    meaning="of tied-at-the-bottom; the other cases have 4 and 3",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    case: str
    bidders: int


def _configure(raw: Mapping[str, object]) -> _Choice:
    check_parameters("adversarial", raw, (_CASE, _BIDDERS))
    return _Choice(case=read_choice(raw, _CASE), bidders=read_count(raw, _BIDDERS, 2, 1000))


def _draw(choice: _Choice, luck: Luck) -> SignalInstances:
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
    summary="the instances on which the guarantees of signal discovery are met exactly",
    market="signals",
    parameters=(_CASE, _BIDDERS),
    configure=_configure,
    draw=_draw,
)
