"""Instance generators: every one makes markets that mechanisms accept, the same from the same seed and number."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.generator import SignalInstances, TypeInstances
from openoutcry.lab.instances.registry import GENERATORS, find_generator
from openoutcry.lab.kernels.signal_discovery import SignalDiscoveryKernel
from openoutcry.mechanisms.crowd.distributions import Joint, as_product
from openoutcry.mechanisms.hard_instances import HardInstance, hard_counts, hard_sums
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.simulation import Auction


def draw(name: str, seed: str = "seed", **raw: object):
    """Return the market that a generator draws."""
    generator = find_generator(name)
    return generator.draw(generator.configure(raw), Luck(seed=seed, market=name))


@pytest.mark.parametrize("name", GENERATORS)
def test_a_market_is_played_and_made_again(name: str):
    """The market can be played; another with the same luck is the same, bidders included."""
    instances, again = draw(name), draw(name)
    assert instances.market == again.market
    mechanism = "signal-discovery" if isinstance(instances, SignalInstances) else "vickrey"
    auction = Auction(instances.market, mechanism)
    for index in range(5):
        private = instances.private(index)
        assert list(private) == list(again.private(index))
        auction.play(private, seed="play")


@pytest.mark.parametrize("name", [name for name in GENERATORS if GENERATORS[name].market == "signals"])
def test_signals_are_the_same_one_by_one(name: str):
    """Signals drawn by the thousand are those of single auctions."""
    instances = draw(name)
    assert isinstance(instances, SignalInstances)
    many = instances.signals(10, 20).tolist()
    assert many == [list(instances.private(index)) for index in range(10, 30)]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in GENERATORS
        if {"bidders", "groups"} <= {parameter.name for parameter in GENERATORS[name].parameters}
        and name != "adversarial"
    ],
)
def test_sizes_are_those_asked_for(name: str):
    """n, k and l are what a campaign says."""
    market = draw(name, bidders=5, signal_levels=3, groups=2).market
    assert (len(market.bidders), market.signal_levels, len(market.groups)) == (5, 3, 2)


def test_random_owners_own_every_state_alone():
    """In every state one bidder is worth more than all others, and many of them own some state."""
    market = draw("random-owners", bidders=6, signal_levels=3).market
    owners = set()
    for level in range(6 * 2 + 1):
        worth = sorted(market.value(bidder, (level,)) for bidder in range(6))
        assert worth[-1] > worth[-2]
        owners.add(market.owner((level,), range(6)))
    assert len(owners) > 3


def test_single_crossing_owners_pass_once():
    """Who is best changes from bidder to bidder, and nobody is best again after another was."""
    market = draw("single-crossing", bidders=6, signal_levels=3).market
    owners = [market.owner((level,), range(6)) for level in range(6 * 2 + 1)]
    stretches = [owners[0], *(after for before, after in pairwise(owners) if before != after)]
    assert len(set(stretches)) == len(stretches) > 3


def test_submodular_values_rise_less_and_less():
    """Every further level of the sum of all signals adds at most what the one before added."""
    market = draw("submodular-over-signals", bidders=4, signal_levels=4).market
    for bidder in range(4):
        worth = [market.value(bidder, (level,)) for level in range(4 * 3 + 1)]
        steps = [after - before for before, after in pairwise(worth)]
        assert steps == sorted(steps, reverse=True)


def test_mineral_rights_signals_are_correlated():
    """With full precision everybody sees the same; with none, not even two bidders agree always."""
    same = draw("mineral-rights", bidders=5, signal_levels=4, precision="1").signals(0, 50)
    assert (same == same[:, :1]).all()
    apart = draw("mineral-rights", bidders=5, signal_levels=4, precision="0").signals(0, 50)
    assert not (apart == apart[:, :1]).all()


def test_adversarial_instances_are_those_of_the_guarantees():
    """The owners of the levels are the ones on which nothing better can be promised."""
    tight = draw("adversarial")
    assert [tight.market.owner((level,), range(4)) for level in range(5)] == [0, 0, 1, 2, 3]
    assert list(tight.private(3)) == [1, 0, 1, 0]
    tight = draw("adversarial", case="revenue")
    assert [tight.market.owner((level,), range(3)) for level in range(4)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("case", "hard"),
    [
        ("theorem-6", hard_sums(2, 3, growth=7)),
        ("theorem-6-printed", hard_sums(2, 3, growth=7, printed=True)),
        ("theorem-11", hard_counts(2, 3, growth=7)),
        ("theorem-11-printed", hard_counts(2, 3, growth=7, printed=True)),
    ],
)
def test_the_lower_bounds_are_drawn_at_their_profiles(case: str, hard: HardInstance):
    """The market is that of the theorem, and auctions have all the profiles of its argument and no other."""
    drawn = draw("adversarial", case=case, groups=2, signal_levels=3, growth=7)
    assert drawn.market == hard.market
    profiles = {hard.profile(bidder) for bidder in range(len(hard.market.bidders))}
    assert {tuple(drawn.private(index)) for index in range(200)} == profiles


@pytest.mark.parametrize("pricing", ["welfare", "revenue"])
def test_no_auction_does_well_on_the_lower_bound(pricing: str):
    """Averaged over the profiles, welfare is at most a share of 1/n of the optimum, up to what rivals are worth."""
    drawn = draw("adversarial", case="theorem-6", signal_levels=4, growth=1000)
    assert isinstance(drawn, SignalInstances)
    parameters = find_mechanism("signal-discovery").configure({"pricing": pricing})
    batch = SignalDiscoveryKernel(drawn.market, parameters).run(drawn.luck, 0, drawn.signals(0, 20_000))
    hard = hard_sums(1, 4, growth=1000)
    rivalry = sum(float(hard.rivalry(bidder)) for bidder in range(4))
    assert (batch.welfare / batch.optimum).mean() <= (1 + rivalry) / 4 + 0.01


def test_correlation_is_what_was_asked_for():
    """Without correlation the joint prior is a product; with it, it is none."""
    none, some = draw("correlated-values", correlation="0"), draw("correlated-values", correlation="1")
    assert isinstance(none, TypeInstances)
    assert isinstance(none.prior, Joint)
    assert as_product(none.prior) is not None
    assert as_product(some.prior) is None


def test_correlation_leaves_marginals_alone():
    """How much values are correlated changes nothing about any single bidder."""

    def shares(correlation: str) -> list[float]:
        prior = draw("correlated-values", correlation=correlation).prior
        factor = prior.factor(0)
        return [weight / prior.total for weight in factor.values()]

    assert shares("0") == pytest.approx(shares("1"))


@pytest.mark.parametrize("correlation", ["0", "2/3", "1"])
def test_correlated_types_come_as_often_as_the_prior_says(correlation: str):
    """Drawn by way of the hidden state, profiles have the probabilities of the joint prior."""
    instances, count = draw("correlated-values", bidders=2, types=2, correlation=correlation), 4000
    found = Counter(instances.draw_types(instances.luck, index) for index in range(count))
    wanted = {point: weight / instances.prior.total for point, weight in instances.prior.items()}
    assert set(found) <= set(wanted)
    # Four standard errors, which the seed keeps to for ever.
    assert all(abs(found[point] / count - share) < 2 / count**0.5 for point, share in wanted.items())


def what_luck_decides(name: str, raw: dict[str, Any]) -> list[object]:
    """Return what of a market and its first auctions must be the same in all that share its luck."""
    instances: Any = draw(name, **raw)
    if name == "mineral-rights":
        return [bidder.valuation for bidder in instances.market.bidders]
    if name == "random-owners":
        tables = [bidder.valuation.values for bidder in instances.market.bidders]
        owners = [column.index(max(column)) for column in zip(*tables, strict=True)]
        return [owners, instances.signals(0, 30).tolist()]
    types = [bidder.types for bidder in instances.market.bidders]
    factors = [
        {
            point: round(weight / instances.prior.total, 12)
            for point, weight in instances.prior.factor(player).items()
        }
        for player in range(3)
    ]
    profiles = None if "correlation" in raw else [instances.draw_types(instances.luck, i) for i in range(30)]
    return [types, factors, profiles]


VARIED: dict[str, list[object]] = {
    "knowledge": ["own-value", "random", "full"],
    "cells": [1, 2, 4],
    "correlation": ["0", "1/3", "1"],
    "units": [1, 2],
    "growth": ["linear", "steep"],
    "precision": ["1/4", "3/4"],
}


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, parameter.name)
        for name in GENERATORS
        for parameter in GENERATORS[name].apart_from_luck
        if name != "adversarial"
    ],
)
def test_what_names_no_luck_changes_nothing_else(name: str, parameter: str):
    """Values, distributions, owners and types are the same whatever the parameter is."""
    fixed: dict[str, object] = {"knowledge": "random"} if parameter == "cells" else {}
    drawn = [what_luck_decides(name, {**fixed, parameter: value}) for value in VARIED[parameter]]
    assert all(other == drawn[0] for other in drawn)


def test_more_correlation_keeps_what_less_correlation_brought_together():
    """Of auctions with common luck, those of one hidden state stay what they are at every higher correlation."""
    profiles = {
        correlation: [
            instances.draw_types(instances.luck, index)
            for instances in [draw("correlated-values", correlation=correlation)]
            for index in range(300)
        ]
        for correlation in ("0", "1/3", "2/3", "1")
    }
    moved = [
        [low != high for low, high in zip(profiles["0"], profiles[correlation], strict=True)]
        for correlation in ("1/3", "2/3", "1")
    ]
    assert [sum(some) for some in moved] == sorted(sum(some) for some in moved)
    assert all(
        not one or other for less, more in pairwise(moved) for one, other in zip(less, more, strict=True)
    )
    assert 0 < sum(moved[0]) < sum(moved[2])


def test_cells_in_powers_of_two_refine_each_other():
    """Who can tell four cells apart knows at least what it knew with two, and with one nothing beside its value."""
    one, two, four = (
        draw("correlated-values", knowledge="random", cells=count).partitions for count in (1, 2, 4)
    )
    profiles = [(a, b, c) for a in range(3) for b in range(3) for c in range(3)]
    for coarse, fine in ((one, two), (two, four)):
        for player in range(3):
            joined = {(fine[player].cell_of(p), coarse[player].cell_of(p)) for p in profiles}
            assert len(joined) == len({fine[player].cell_of(p) for p in profiles})
    assert len({one[0].cell_of(p) for p in profiles}) == 3


@pytest.mark.parametrize(("knowledge", "most"), [("own-value", 27), ("random", 26), ("full", 1)])
def test_who_knows_more_believes_less_possible(knowledge: str, most: int):
    """Random knowledge lies between knowing one's own value alone and knowing everybody's."""
    instances = draw("correlated-values", bidders=4, types=3, knowledge=knowledge)
    sizes = [instances.private(index)[0].belief.support_size for index in range(10)]
    assert 1 <= max(sizes) <= most


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("random-owners", {"bidders": 0}, "bidders must be an integer in 1..10000"),
        ("random-owners", {"bidders": True}, "bidders must be an integer"),
        ("random-owners", {"bidders": 60, "groups": 5}, "would write out"),
        ("random-owners", {"bidder": 5}, "did you mean 'bidders'"),
        ("linear", {"groups": 6}, "groups must be an integer in 1..5"),
        ("mineral-rights", {"precision": "2"}, "precision"),
        ("adversarial", {"case": "welfar"}, "did you mean 'welfare'"),
        ("adversarial", {"bidders": 5}, "case welfare takes no bidders; it takes nothing"),
        (
            "adversarial",
            {"case": "theorem-6", "bidders": 5},
            "takes no bidders; it takes signal_levels, groups, growth",
        ),
        ("adversarial", {"case": "theorem-6", "groups": 40}, r"grow to 10\^40, above 2\^63-1"),
        ("iid-values", {"types": 5, "highest": 4}, "do not fit"),
        ("correlated-values", {"bidders": 20}, "profiles"),
        ("random-owner", {}, "did you mean 'random-owners'"),
    ],
)
def test_wrong_parameters_are_refused(name: str, raw: dict[str, object], reason: str):
    """Unknown names and values out of range are refused, with the nearest known ones and what to do."""
    with pytest.raises(ConfigurationError, match=reason):
        draw(name, **raw)  # type: ignore[arg-type]
