"""The threshold lottery: incentives by exhaustion, the paper's table as an oracle, promises against the exact truth.

Source: CLOCK, Theorems 12 and 13, with the universally truthful draw of colours in place of the draw of slots.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.colouring import choose_colouring
from openoutcry.mechanisms.conversation import Outcome
from openoutcry.mechanisms.expectation import Expectation, expect
from openoutcry.mechanisms.exploring import enumerate_tapes, outcome_distribution
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.threshold_lottery import find_entries
from tests.reference.counts import CountInstance, all_counts, count_instances, make_counts, owned_count_tables
from tests.reference.driving import registered, truthful
from tests.reference.incentives import Violation, find_ex_post_violation
from tests.reference.instances import (
    Instance,
    State,
    all_states,
    instances,
    owned_tables,
    profiles_of,
    rising_tables,
    single_group,
)
from tests.reference.lottery import LotteryTape, allocation, lottery_tapes, replaced, rho, settlements

LOTTERY = MECHANISMS["threshold-lottery"]
PRICINGS = st.sampled_from(["welfare", "revenue"])
SMALL = st.one_of(instances(max_bidders=4, max_levels=3), count_instances(max_bidders=4, max_levels=3))

# Bidder 1 is eligible at (1, 1, 0) in the second place of the roster, and in the first if it reports 0.
SLOT_DRAW = single_group(2, [(0, 1, 20, 30), (0, 10, 12, 14), (1, 2, 3, 4)])


def colours(instance: Instance) -> int:
    """Return N, as the registry states it."""
    share = LOTTERY.guarantee(instance.market(), LOTTERY.configure({})).welfare
    assert share is not None
    assert share.numerator == 1
    return share.denominator


def violation(instance: Instance, pricing: str, slots: str = "colour") -> Violation | None:
    """Search every profile, outcome of the draws, bidder and report."""
    rule = registered(instance.market(), "threshold-lottery", pricing=pricing, slots=slots)
    count = colours(instance) if slots == "colour" else rho(instance)
    return find_ex_post_violation(instance, rule, lottery_tapes(count, instance.levels, pricing))


# --- Incentives -------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=12)
@given(instance=SMALL, pricing=PRICINGS)
def test_truth_is_best_and_safe_for_every_colour(instance: Instance, pricing: str) -> None:
    """For every profile, colour, price, bidder and report: no loss by truth, no gain by anything else."""
    assert violation(instance, pricing) is None


@pytest.mark.parametrize("pricing", ["welfare", "revenue"])
@pytest.mark.parametrize("size", [2, 3])
def test_truth_is_best_for_every_ownership_of_binary_bidders(size: int, pricing: str) -> None:
    """Every way to give the levels 0..n to owners; with three bidders the two colours are those of a hash."""
    for owners in product(range(size), repeat=size + 1):
        tables = owned_tables(2, (0,) * size, lambda state: owners[state[0]], growth=3)  # noqa: B023
        instance = Instance(levels=2, group_of=(0,) * size, tables=tables)
        assert colours(instance) == 2
        assert violation(instance, pricing) is None


def test_truth_is_best_for_every_ownership_of_two_bidders_counted() -> None:
    """Every way to give the six states of two signals among 0..2 to owners."""
    group_of = (0, 0)
    states = all_counts(3, group_of)
    for owners in product(range(2), repeat=len(states)):
        by_state = dict(zip(states, owners, strict=True))
        tables = owned_count_tables(3, group_of, by_state.__getitem__, growth=3)
        instance = CountInstance(levels=3, group_of=group_of, tables=tables)
        assert violation(instance, "welfare") is None


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ties", "gentle", "steep"])
@pytest.mark.parametrize("seed", range(3))
def test_truth_is_best_where_a_hash_colours_counts(seed: int, kind: str) -> None:
    """Five bidders with three levels have four colours: those of a hash. All 243 profiles."""
    instance = make_counts(Random(seed), 3, (0,) * 5, kind)
    assert colours(instance) == 4
    assert violation(instance, "welfare") is None


@settings(deadline=None, max_examples=40)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["ties", "gentle", "steep"]))
def test_truth_is_best_at_profiles_where_a_hash_colours_counts(
    data: st.DataObject, seed: int, kind: str
) -> None:
    """The same at profiles drawn at random."""
    instance = make_counts(Random(seed), 3, (0,) * 5, kind)
    rule = registered(instance.market(), "threshold-lottery")
    tapes = lottery_tapes(colours(instance), 3, "welfare")
    assert find_ex_post_violation(instance, rule, tapes, [data.draw(profiles_of(instance))]) is None


@st.composite
def hashed(draw: st.DrawFn) -> Instance:
    """Draw an instance of sums or counts with more bidders than can be eligible at once: a hash colours them."""
    random = Random(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["ties", "gentle"]))
    if draw(st.booleans()):
        levels, group_of = draw(
            st.sampled_from(
                [(3, (0,) * 6), (4, (0,) * 8), (3, (0, 1, 0, 1, 0, 1, 0, 1)), (3, (0,) * 4 + (1,) * 5)]
            )
        )
        return make_counts(random, levels, group_of, kind)
    levels, group_of = draw(
        st.sampled_from([(2, (0, 1, 0, 1)), (3, (0,) * 4), (3, (0, 1) * 3), (4, (0,) * 5)])
    )
    if kind == "ties":
        tables = rising_tables(random, levels, group_of)
    else:
        tables = owned_tables(levels, group_of, lambda _: random.randrange(len(group_of)), growth=2)
    return Instance(levels=levels, group_of=group_of, tables=tables)


@settings(deadline=None, max_examples=150)
@given(data=st.data(), instance=hashed())
def test_colours_are_proper_and_nobody_moves_its_own(data: st.DataObject, instance: Instance) -> None:
    """Those who may buy together have different colours; a bidder's entry and colour do not depend on its report."""
    market = instance.market()
    colouring = choose_colouring(market)
    assert colouring.kind == "hash"
    signals = data.draw(profiles_of(instance))
    for bidder in range(instance.size):
        found = set()
        for own in range(instance.levels):
            profile = replaced(signals, bidder, own)
            entries = find_entries(market, profile)
            colour = colouring.colours(market, profile, entries)
            assert list(colour) == list(entries)
            assert len(set(colour.values())) == len(colour) <= rho(instance) <= colouring.count
            assert set(colour.values()) <= set(range(colouring.count))
            if bidder in entries:
                found.add((entries[bidder], colour[bidder]))
                assert own >= entries[bidder]
        assert len(found) <= 1


def test_the_slot_draw_is_caught() -> None:
    """A random place among those who may buy: the second bidder gains 2 by reporting 0, in the place it moves to."""
    assert violation(SLOT_DRAW, "welfare", slots="uniform") is not None
    rule = registered(SLOT_DRAW.market(), "threshold-lottery", slots="uniform")
    first_place = LotteryTape(number=0, prices=(0, 0, 0))
    found = find_ex_post_violation(SLOT_DRAW, rule, [first_place], [(1, 1, 0)])
    assert found is not None
    assert (found.promise, found.bidder, found.gain) == ("compatibility", 1, Fraction(2))
    assert violation(SLOT_DRAW, "welfare") is None


@settings(deadline=None, max_examples=6)
@given(instance=SMALL, pricing=PRICINGS)
def test_the_slot_draw_is_truthful_in_expectation(instance: Instance, pricing: str) -> None:
    """Nobody gains on average: each who may buy is served with the same probability, at a price of its own."""
    raw: dict[str, object] = {"pricing": pricing, "slots": "uniform"}
    market = instance.market()
    for signals in instance.profiles():
        honest = lottery_expectation(instance, signals, signals, raw).utilities
        for bidder in range(instance.size):
            for own in range(instance.levels):
                lied = lottery_expectation(instance, signals, replaced(signals, bidder, own), raw)
                assert lied.utilities[bidder] <= honest[bidder]
    assert LOTTERY.check(market, LOTTERY.configure(raw)) != ()
    assert "in expectation only" in LOTTERY.guarantee(market, LOTTERY.configure(raw)).text


def lottery_expectation(
    instance: Instance, signals: State, reports: State, raw: dict[str, object]
) -> Expectation:
    """Return the product's exact expectation."""
    answerers = [answer_with_signal(report) for report in reports]
    return expect(instance.market(), LOTTERY, LOTTERY.configure(raw), answerers, signals)


# --- The paper's table ------------------------------------------------------------------------------------


def distribution(instance: Instance, reports: State, **raw: object) -> dict[tuple[int | None, int], Fraction]:
    """Return the product's distribution of winner and price."""
    answerers = [answer_with_signal(report) for report in reports]
    found: dict[tuple[int | None, int], Fraction] = {}
    rule = registered(instance.market(), "threshold-lottery", **raw)
    for settlement, probability in outcome_distribution(rule, answerers).probabilities.items():
        (winner, price) = (None, 0)
        for award in settlement.awards:
            winner, price = award.bidder, int(award.price)
        found[(winner, price)] = found.get((winner, price), Fraction(0)) + probability
    return found


@settings(deadline=None, max_examples=60)
@given(instance=SMALL, pricing=PRICINGS, slots=st.sampled_from(["colour", "uniform"]))
def test_who_buys_at_which_price_is_what_the_papers_table_says(
    instance: Instance, pricing: str, slots: str
) -> None:
    """At every profile, each bidder of the table is served with probability 1/N, or 1/rho for slots."""
    served = allocation(instance)
    count = colours(instance) if slots == "colour" else rho(instance)
    for signals in instance.profiles():
        expected = settlements(instance, served, signals, pricing=pricing, count=count)
        assert distribution(instance, signals, pricing=pricing, slots=slots) == expected
        assert set(find_entries(instance.market(), signals)) == served[signals]


@settings(deadline=None, max_examples=60)
@given(data=st.data(), instance=SMALL, pricing=PRICINGS)
def test_a_withheld_report_counts_as_zero_and_cannot_buy(
    data: st.DataObject, instance: Instance, pricing: str
) -> None:
    """Nobody else is served more or less often for it."""
    signals = data.draw(profiles_of(instance))
    withheld = data.draw(st.sets(st.integers(0, instance.size - 1)))
    counted = tuple(0 if bidder in withheld else signal for bidder, signal in enumerate(signals))
    expected = settlements(
        instance, allocation(instance), counted, pricing=pricing, count=colours(instance), withheld=withheld
    )
    rule = registered(instance.market(), "threshold-lottery", pricing=pricing)
    respond = truthful(signals, withheld)
    answerers = [respond] * instance.size
    found: dict[tuple[int | None, int], Fraction] = {}
    for tape in enumerate_tapes(rule, answerers):
        key = decided(tape.outcome)
        found[key] = found.get(key, Fraction(0)) + tape.probability
    assert found == expected


def decided(outcome: Outcome) -> tuple[int | None, int]:
    """Return winner and price."""
    return outcome.winner, int(outcome.price)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), instance=SMALL, pricing=PRICINGS)
def test_absent_bidders_leave_the_lottery_of_those_who_came(
    data: st.DataObject, instance: Instance, pricing: str
) -> None:
    """They count as signal 0, are nobody's rival, and groups that nobody came for need no colours."""
    present = sorted(data.draw(st.sets(st.integers(0, instance.size - 1), min_size=1)))
    market = instance.market().restricted(present)
    whole = data.draw(profiles_of(instance))
    signals = tuple(whole[bidder] for bidder in present)
    everybody = tuple(whole[bidder] if bidder in present else 0 for bidder in range(instance.size))
    entries = {}
    for place, bidder in enumerate(present):
        for own in range(whole[bidder] + 1):
            state = instance.state(replaced(everybody, bidder, own))
            if instance.owner(state, present) == bidder:
                entries[place] = own
                break
    assert find_entries(market, signals) == entries
    parameters = LOTTERY.configure({"pricing": pricing})
    promise = LOTTERY.guarantee(market, parameters)
    actual = expect(market, LOTTERY, parameters, [answer_with_signal(signal) for signal in signals], signals)
    assert promise.welfare is not None
    assert actual.welfare >= promise.welfare * actual.optimum


# --- Promises ---------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(
    data=st.data(),
    instance=st.one_of(SMALL, hashed()),
    pricing=PRICINGS,
    slots=st.sampled_from(["colour", "uniform"]),
)
def test_what_the_registry_promises_of_the_lottery_is_kept(
    data: st.DataObject, instance: Instance, pricing: str, slots: str
) -> None:
    """The exact expectation at any profile is at least the promise; the best bidder wins with exactly 1/N or less."""
    signals = data.draw(profiles_of(instance))
    raw: dict[str, object] = {"pricing": pricing, "slots": slots}
    promise = LOTTERY.guarantee(instance.market(), LOTTERY.configure(raw))
    actual = lottery_expectation(instance, signals, signals, raw)
    assert promise.welfare is not None
    assert actual.welfare >= promise.welfare * actual.optimum
    assert (promise.revenue is None) == (pricing == "welfare")
    if promise.revenue is not None:
        assert actual.revenue >= promise.revenue * actual.optimum
    else:
        best = instance.owner(instance.state(signals), range(instance.size))
        assert actual.win_probability[best] == promise.welfare


def test_a_promise_that_is_too_good_is_caught() -> None:
    """The check above can fail: a bidder that alone is worth something wins with 1/N and no more."""
    instance = single_group(3, [(0,) * 6 + (7,) * 3, *[(0,) * 9] * 3])
    actual = lottery_expectation(instance, (2, 2, 2, 0), (2, 2, 2, 0), {})
    assert (colours(instance), actual.welfare) == (3, Fraction(7, 3))


# --- Counts and sums --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(instance=instances(max_bidders=4, max_levels=2, max_groups=2), pricing=PRICINGS)
def test_with_two_signal_values_counts_are_sums(instance: Instance, pricing: str) -> None:
    """The same values given by counts make the same auction, and signal discovery runs on them too."""
    group_sizes = [len(instance.members(group)) for group in range(instance.group_count)]

    def by_counts(state: State) -> State:
        return tuple(
            count for size, ones in zip(group_sizes, state, strict=True) for count in (size - ones, ones)
        )

    counted = CountInstance(
        levels=2,
        group_of=instance.group_of,
        tables=tuple(
            {by_counts(state): table[state] for state in all_states(2, instance.group_of)}
            for table in instance.tables
        ),
    )
    raw: dict[str, object] = {"pricing": pricing}
    discovery = MECHANISMS["signal-discovery"]
    for signals in instance.profiles():
        assert counted.market().state(signals) == instance.market().state(signals)
        answerers = [answer_with_signal(signal) for signal in signals]
        for mechanism in (LOTTERY, discovery):
            parameters = mechanism.configure(raw)
            mechanism.check(counted.market(), parameters)
            assert expect(counted.market(), mechanism, parameters, answerers, signals) == expect(
                instance.market(), mechanism, parameters, answerers, signals
            )
    assert LOTTERY.guarantee(counted.market(), LOTTERY.configure(raw)) == LOTTERY.guarantee(
        instance.market(), LOTTERY.configure(raw)
    )
