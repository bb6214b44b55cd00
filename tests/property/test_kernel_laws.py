"""The kernels of campaigns compute what the reference generator decides, auction by auction and draw by draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.lab.chance import Luck
from openoutcry.lab.kernels.signal_discovery import Batch, Engine, SignalDiscoveryKernel, why_not
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.parameters import Form, Pricing, Scope
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from tests.reference.driving import play, registered, truthful
from tests.reference.instances import Instance, instances, tight_for_revenue, tight_for_welfare

FIRST = 5
AUCTIONS = 12

Row = tuple[int, int, int, int]


def by_generator(market: Market, parameters: SignalDiscovery, luck: Luck, signals: Sequence[Sequence[int]]):
    """Return winner, price, welfare and optimum of each auction, as the generator decides them."""
    rule = registered(
        market,
        "signal-discovery",
        pricing=parameters.pricing,
        form=parameters.form,
        scope=parameters.scope,
    )
    rows: list[Row] = []
    for place, held in enumerate(signals):
        chance = luck.chance(FIRST + place, len(market.bidders))
        outcome = play(rule, truthful(held), chance, len(market.bidders)).outcome
        winner = outcome.winner
        worth = 0 if winner is None else market.value(winner, market.sums(held))
        rows.append((-1 if winner is None else winner, int(outcome.price), worth, market.optimum(held)[1]))
    return rows


def rows_of(batch: Batch) -> list[Row]:
    """Return the same from what a kernel gives."""
    columns = (batch.winner, batch.price, batch.welfare, batch.optimum)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@st.composite
def choices(draw: st.DrawFn) -> SignalDiscovery:
    """Draw what a user of signal discovery may choose, without a mixture."""
    pricings: Sequence[Pricing] = ("welfare", "revenue")
    forms: Sequence[Form] = ("clock", "sealed")
    scopes: Sequence[Scope] = ("group", "all")
    return SignalDiscovery(
        pricing=draw(st.sampled_from(pricings)),
        form=draw(st.sampled_from(forms)),
        scope=draw(st.sampled_from(scopes)),
    )


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@given(
    instance=instances(max_bidders=6, max_levels=4, max_groups=3),
    parameters=choices(),
    seed=st.text(max_size=8),
    random=st.randoms(use_true_random=False),
)
def test_the_kernel_decides_as_the_generator(engine: Engine, instance: Instance, parameters, seed, random):
    """On any market, with any parameters, luck and signals, winner and price are the same, and so is the optimum."""
    market, luck = instance.market(), Luck(seed=seed, market="any")
    signals = [[random.randrange(instance.levels) for _ in range(instance.size)] for _ in range(AUCTIONS)]
    kernel = SignalDiscoveryKernel(market, parameters, engine=engine)
    assert rows_of(kernel.run(luck, FIRST, np.array(signals, dtype=np.uint16))) == by_generator(
        market, parameters, luck, signals
    )


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("tight", [tight_for_welfare, tight_for_revenue])
@pytest.mark.parametrize("pricing", ["welfare", "revenue"])
def test_the_kernel_decides_as_the_generator_where_it_is_hardest(engine: Engine, tight, pricing: Pricing):
    """The same on the tight instances, over many auctions of the same signals."""
    instance, held = tight()
    market, luck = instance.market(), Luck(seed="tight", market=pricing)
    parameters = SignalDiscovery(pricing=pricing)
    signals = [held] * 300
    kernel = SignalDiscoveryKernel(market, parameters, engine=engine)
    assert rows_of(kernel.run(luck, FIRST, np.array(signals, dtype=np.uint16))) == by_generator(
        market, parameters, luck, signals
    )


@given(
    instance=instances(max_bidders=5), cut=st.integers(0, AUCTIONS), random=st.randoms(use_true_random=False)
)
def test_auctions_may_be_computed_in_any_pieces(instance: Instance, cut: int, random):
    """An auction's outcome depends on its number and not on those computed beside it."""
    luck, parameters = Luck(seed="cut", market="any"), SignalDiscovery(pricing="revenue")
    drawn = [[random.randrange(instance.levels) for _ in range(instance.size)] for _ in range(AUCTIONS)]
    signals = np.array(drawn, dtype=np.uint16).reshape(AUCTIONS, instance.size)
    kernel = SignalDiscoveryKernel(instance.market(), parameters)
    before, after = kernel.run(luck, 0, signals[:cut]), kernel.run(luck, cut, signals[cut:])
    assert rows_of(before) + rows_of(after) == rows_of(kernel.run(luck, 0, signals))


def test_another_luck_is_seen():
    """The comparison can fail: with the luck of another market some auctions end otherwise."""
    instance, held = tight_for_welfare()
    market, parameters = instance.market(), SignalDiscovery()
    signals = [held] * 50
    kernel = SignalDiscoveryKernel(market, parameters)
    told = rows_of(kernel.run(Luck(seed="a", market="m"), FIRST, np.array(signals, dtype=np.uint16)))
    assert told != by_generator(market, parameters, Luck(seed="b", market="m"), signals)


def test_what_is_too_large_is_left_to_the_generator():
    """A market with too many states is refused with its size instead of being tabulated."""
    from openoutcry.mechanisms.families import Linear
    from openoutcry.mechanisms.market import Bidder

    groups = tuple(f"g{index}" for index in range(6))
    market = Market(
        lot="lot",
        currency="USD",
        minor_units=0,
        signal_levels=5,
        groups=groups,
        bidders=tuple(
            Bidder(name=f"b{index}", group=index % 6, valuation=Linear(constant=index, weights=(1,) * 6))
            for index in range(30)
        ),
    )
    reason = why_not(market, SignalDiscovery())
    assert reason is not None
    assert "at most" in reason
