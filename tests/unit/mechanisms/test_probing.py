"""What a few random runs tell of the size of an exploration, against the exploration itself."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from openoutcry.errors import TooLargeError
from openoutcry.mechanisms.answering import answer_with_signal, drive
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Conversation, Outcome
from openoutcry.mechanisms.exploring import outcome_distribution
from openoutcry.mechanisms.probing import count_probes, fewest_runs
from openoutcry.mechanisms.registry import MECHANISMS
from tests.reference.instances import Instance, owned_tables

DISCOVERY = MECHANISMS["signal-discovery"]
Converse = Callable[[Chance], Conversation]


def end() -> Outcome:
    """Return an outcome of nothing."""
    return Outcome(awards=(), payments=(), reason="the test ends")


def subsets(size: int, *, names_states: bool) -> Converse:
    """Return a mechanism that picks one after another until nobody is left: 2^size states, size! paths."""

    def converse(chance: Chance) -> Conversation:
        left = tuple(range(size))
        while left:
            gone = chance.pick("gone", left, state=left if names_states else None)
            left = tuple(one for one in left if one != gone)
        return end()
        yield

    return converse


def mixed(chance: Chance) -> Conversation:
    """Draw in every way there is, with and without states, and with draws that decide nothing."""
    if chance.bernoulli("coin", Fraction(1, 9)):
        place = chance.weighted("place", (0, 1, 5, 0, 2))
        chance.uniform("number", 4, state=place % 2)
    else:
        chance.bernoulli("never", Fraction(0))
        chance.uniform("one", 1)
        chance.pick("who", (2, 5, 7))
    return end()
    yield


def probed(converse: Converse, probes: int, *, looks_at_states: bool = True) -> int:
    """Return what probes tell."""
    return fewest_runs(lambda chance: drive(converse(chance), []), probes, looks_at_states=looks_at_states)


def test_a_tree_is_told_by_any_probe() -> None:
    """All paths are alike in size: 9! of them; so it is where states are not looked at."""
    assert probed(subsets(9, names_states=False), 3) == 362_880
    assert probed(subsets(9, names_states=True), 3, looks_at_states=False) == 362_880


@pytest.mark.parametrize("size", [4, 7, 10])
def test_states_that_run_together_are_counted_once(size: int) -> None:
    """Far below the number of paths, close to the number of runs, and not much above it."""
    runs = outcome_distribution(subsets(size, names_states=True), []).runs
    assert 0.4 * runs < probed(subsets(size, names_states=True), 600) <= 1.1 * runs


def test_every_kind_of_draw_is_counted() -> None:
    """With enough probes nothing stays unseen, and what is told is exact."""
    assert probed(mixed, 600) == outcome_distribution(mixed, []).runs


def test_without_draws_there_is_one_run() -> None:
    """Nothing to choose."""

    def converse(chance: Chance) -> Conversation:
        return end()
        yield

    assert probed(converse, 5) == 1


@pytest.mark.parametrize("bidders", [6, 9, 12])
def test_signal_discovery_is_told_about_and_hardly_ever_more(bidders: int) -> None:
    """Where every bidder owns a level, which is what there is most to explore for."""
    group_of = (0,) * bidders
    tables = owned_tables(3, group_of, lambda state: min(state[0] // 2, bidders - 1), 2)
    market = Instance(levels=3, group_of=group_of, tables=tables).market()
    answerers = [answer_with_signal(bidder % 3) for bidder in range(bidders)]
    parameters = DISCOVERY.configure({})

    def converse(chance: Chance) -> Conversation:
        return DISCOVERY.converse(market, parameters, chance)

    runs = outcome_distribution(converse, answerers).runs
    told = fewest_runs(lambda chance: drive(converse(chance), answerers), 300, looks_at_states=True)
    assert 0.3 * runs < told <= 1.2 * runs


def test_a_hopeless_exploration_ends_after_a_small_part_of_its_limit() -> None:
    """2^40 states: the runs that are spent are counted here, and are a fraction of the limit."""
    begun = 0
    hopeless = subsets(40, names_states=True)

    def converse(chance: Chance) -> Conversation:
        nonlocal begun
        begun += 1
        return hopeless(chance)

    with pytest.raises(TooLargeError) as refused:
        outcome_distribution(converse, [], limit=20_000)
    assert refused.value.size > 20_000
    assert begun <= 2 * count_probes(20_000) < 3000


def test_what_fits_the_limit_is_never_refused_for_its_probes() -> None:
    """An exploration of exactly as many runs as allowed is done, and with one less it is not."""
    converse = subsets(10, names_states=True)
    runs = outcome_distribution(converse, []).runs
    assert outcome_distribution(converse, [], limit=runs).runs == runs
    with pytest.raises(TooLargeError):
        outcome_distribution(converse, [], limit=runs - 1)
