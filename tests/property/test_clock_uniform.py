"""The uniform clock: who wins, at which threshold and price, and that both forms agree.

Source: CLOCK, footnote 2.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.mechanisms.registry import MECHANISMS
from tests.reference.driving import Played, play, registered, truthful
from tests.reference.instances import Instance, instances, single_group
from tests.reference.naive import uniform_winner
from tests.reference.tapes import Tape

UNIFORM = MECHANISMS["uniform-clock"]


def run(instance: Instance, signals: tuple[int, ...], name: str, **raw: object) -> Played:
    """Run a mechanism with the coin of the mixture on the uniform clock's side, everybody truthful."""
    tape = Tape(permutation=tuple(range(instance.size)), uniform_clock=True)
    return play(registered(instance.market(), name, **raw), truthful(signals), tape, instance.size)


@settings(deadline=None, max_examples=150)
@given(instance=instances(max_bidders=4, max_groups=3), form=st.sampled_from(["clock", "sealed"]))
def test_the_highest_signal_wins_at_its_value_at_the_lowest_winning_signal(
    instance: Instance, form: str
) -> None:
    """At every profile the winner and the price are those found by trying all signals of the winner."""
    for signals in instance.profiles():
        winner, price = uniform_winner(instance, signals)
        outcome = run(instance, signals, "uniform-clock", form=form).outcome
        assert (outcome.winner, outcome.price) == (winner, Fraction(price))
        assert outcome.price <= instance.value(winner, signals)
        assert sum(outcome.payments) == outcome.price


@settings(deadline=None, max_examples=100)
@given(instance=instances(max_bidders=5, max_groups=3), data=st.data())
def test_the_winners_clock_stops_exactly_at_the_threshold(instance: Instance, data: st.DataObject) -> None:
    """t_i = max(0, s_j + 1 for j before i, s_j for j after i): no question reaches beyond it."""
    signals = data.draw(st.tuples(*[st.integers(0, instance.levels - 1)] * instance.size))
    played = run(instance, signals, "uniform-clock")
    winner = played.outcome.winner
    assert winner is not None
    thresholds = [s + 1 if j < winner else s for j, s in enumerate(signals) if j != winner]
    assert played.clocks[winner] == max([0, *thresholds])
    losers = [bidder for bidder in range(instance.size) if bidder != winner]
    assert all(played.clocks[bidder] == signals[bidder] for bidder in losers)


@settings(deadline=None, max_examples=100)
@given(
    instance=instances(max_bidders=4, max_groups=2),
    data=st.data(),
    form=st.sampled_from(["clock", "sealed"]),
)
def test_the_mixture_runs_this_very_mechanism(instance: Instance, data: st.DataObject, form: str) -> None:
    """When the coin says so, signal discovery asks and decides exactly as the uniform clock."""
    signals = data.draw(st.tuples(*[st.integers(0, instance.levels - 1)] * instance.size))
    alone = run(instance, signals, "uniform-clock", form=form)
    mixed = run(instance, signals, "signal-discovery", form=form, uniform_probability="1/20")
    assert (mixed.outcome, mixed.clocks, mixed.states) == (alone.outcome, alone.clocks, alone.states)


def test_it_promises_nothing_and_that_is_honest() -> None:
    """The highest signal may be worth nothing while another bidder is worth much."""
    instance = single_group(2, [(0, 0, 0), (0, 100, 100)])
    guarantee = UNIFORM.guarantee(instance.market(), UNIFORM.configure({}))
    assert (guarantee.welfare, guarantee.revenue) == (None, None)
    assert run(instance, (1, 0), "uniform-clock").outcome.winner == 0
