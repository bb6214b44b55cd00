"""The uniform clock: the order of its questions, thresholds, prices, and both forms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.conversation import Climb, ReportSignal
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.uniform_clock import UniformClock, converse, winning_threshold

MarketMaker = Callable[..., Market]
Hold = Callable[..., Any]

CLOCK = UniformClock()
SEALED = UniformClock(form="sealed")
NO_DRAWS = ScriptedChance({})


@pytest.fixture(name="market")
def make_three(make_market: MarketMaker) -> Market:
    """Three bidders, k = 4, each worth something else at each quality."""
    return make_market(*(Linear(constant=100 * i, weights=(i + 1,)) for i in range(3)), levels=4)


def test_bidders_are_asked_from_the_highest_index_down(market: Market, hold: Hold) -> None:
    """At (1, 3, 2) ada leaves at 2 and cyd at 3; bob, left alone, is not asked 3."""
    run = hold(converse(market, CLOCK, NO_DRAWS), (1, 3, 2))
    asked = [(wave[0].bidder, wave[0].target) for wave in run.waves]
    assert asked == [(2, 1), (1, 1), (0, 1), (2, 2), (1, 2), (0, 2), (2, 3)]
    assert all(len(wave) == 1 and isinstance(wave[0], Climb) for wave in run.waves)
    assert run.states[3] == {"phase": "uniform-clock", "level": 2, "active": [0, 1, 2], "clocks": [1, 1, 1]}
    # Bob's lowest winning signal is 2: it beats cyd, who comes later, at an equal signal.
    assert (run.outcome.winner, run.outcome.price) == (1, 100 + 2 * (1 + 2 + 2))


def test_questions_stop_the_moment_one_is_left(market: Market, hold: Hold) -> None:
    """When cyd and bob leave at level 1, ada buys without having been asked."""
    run = hold(converse(market, CLOCK, NO_DRAWS), (3, 0, 0))
    assert [(wave[0].bidder, wave[0].target) for wave in run.waves] == [(2, 1), (1, 1)]
    assert (run.outcome.winner, run.outcome.price) == (0, 0)
    assert run.outcome.payments == (0, 0, 0)


def test_the_threshold_counts_ties_for_the_lower_index() -> None:
    """A bidder must exceed those before it and equal those after it."""
    assert [winning_threshold(bidder, (2, 1, 2)) for bidder in range(3)] == [2, 3, 3]
    assert winning_threshold(0, (5,)) == 0


@pytest.mark.parametrize("parameters", [CLOCK, SEALED])
def test_both_forms_sell_to_the_highest_signal_at_its_threshold(
    market: Market, parameters: UniformClock, hold: Hold
) -> None:
    """For every profile: the winner by definition, at its value at the lowest signal that still wins."""
    for signals in product(range(4), repeat=3):
        outcome = hold(converse(market, parameters, NO_DRAWS), signals).outcome
        winner = signals.index(max(signals))
        threshold = min(t for t in range(4) if _wins(winner, t, signals))
        others = sum(signals) - signals[winner]
        assert outcome.winner == winner
        assert outcome.price == 100 * winner + (winner + 1) * (others + threshold)


def _wins(bidder: int, signal: int, signals: tuple[int, ...]) -> bool:
    changed = (*signals[:bidder], signal, *signals[bidder + 1 :])
    return changed.index(max(changed)) == bidder


@pytest.mark.parametrize("parameters", [CLOCK, SEALED])
def test_a_single_bidder_buys_at_its_value_at_zero(
    make_market: MarketMaker, parameters: UniformClock, hold: Hold
) -> None:
    """Nobody competes, so no level need be asked."""
    market = make_market(Linear(constant=7, weights=(5,)))
    assert hold(converse(market, parameters, NO_DRAWS), (1,)).outcome.price == 7


def test_the_sealed_form_asks_once(market: Market, hold: Hold) -> None:
    """One wave with one question for each bidder."""
    run = hold(converse(market, SEALED, NO_DRAWS), (1, 3, 2))
    assert run.waves == (tuple(ReportSignal(bidder=bidder) for bidder in range(3)),)


def test_who_withholds_its_report_counts_as_zero_and_cannot_buy(market: Market, hold: Hold) -> None:
    """If all others report 0 the first in the roster would win; without a report it does not."""
    unsold = hold(converse(market, SEALED, NO_DRAWS), (None, 0, 0)).outcome
    assert (unsold.winner, unsold.price) == (None, 0)
    assert unsold.reason == "ada would win with signal 0, but it reported none and cannot buy"
    sold = hold(converse(market, SEALED, NO_DRAWS), (None, 1, 0)).outcome
    assert (sold.winner, sold.price) == (1, 102)


def test_silence_is_an_exit_in_the_clock_form(market: Market, hold: Hold) -> None:
    """A bidder that never answers loses like one with signal 0."""
    outcome = hold(converse(market, CLOCK, NO_DRAWS), (None, 1, None)).outcome
    assert (outcome.winner, outcome.price) == (1, 102)
