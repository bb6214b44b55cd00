"""The bridge: a policy as a strategy, in every form, and what it refuses."""

from __future__ import annotations

import random

import pytest

from openoutcry.errors import ConfigurationError, StrategyError
from openoutcry.lab.environment import Action, Field, PolicyStrategy
from openoutcry.mechanisms import Bidder, Linear, Market
from openoutcry.scenario import load_scenario
from openoutcry.simulation import Auction
from tests.simulation.markets import make_market
from tests.unit.lab.test_environment_steps import EXAMPLES

SIGNALS = (2, 1, 0, 2)
SEEDS = [f"seed {number}" for number in range(20)]


def truthful(observation, rng):
    """Stay up to the own signal."""
    return Action.STAY if observation[Field.LEVEL] <= observation[Field.SIGNAL] else Action.EXIT


def play(policy, *, seed="any", **parameters):
    """Play the uniform clock; the first bidder has the policy, the others are truthful."""
    auction = Auction(make_market(), "uniform-clock", parameters)
    return auction.play(SIGNALS, seed=seed, strategies=[PolicyStrategy(policy), *["truthful"] * 3])


def test_a_truthful_policy_plays_as_the_truthful_strategy():
    """On the clock, and in the sealed form, where it climbs a clock in mind."""
    for parameters in ({}, {"form": "sealed"}):
        auction = Auction(make_market(), "uniform-clock", parameters)
        assert play(truthful, **parameters) == auction.play(SIGNALS, seed="any")


def test_waiting_is_silence():
    """A policy that waits when it is asked does not answer, which is an exit and no failure."""
    result = play(lambda observation, rng: Action.WAIT)
    assert (result.clocks[0], result.winner, result.defaults) == (0, "dan", ())


@pytest.mark.parametrize("action", [3, -1, "stay", None, 1.0])
def test_what_is_no_action_is_a_failure_that_is_recorded(action):
    """It counts as an exit; the reason says what to return."""
    (default, *_) = play(lambda observation, rng: action).defaults
    assert (default.bidder, default.taken) == ("ada", "exit")
    assert "return 0 (wait), 1 (stay) or 2 (exit)" in default.reason


def test_a_policy_draws_from_its_bidders_own_generator():
    """So the same seed gives the same run, and another seed another."""

    def tosses(observation, rng: random.Random):
        return rng.choice((Action.STAY, Action.EXIT))

    clocks = [play(tosses, seed=seed).clocks[0] for seed in SEEDS]
    assert clocks == [play(tosses, seed=seed).clocks[0] for seed in SEEDS]
    assert len(set(clocks)) > 1


def test_markets_that_cannot_be_observed_are_refused():
    """Those of types, and those too large; a strategy with options is asked before anything starts."""
    strategy = PolicyStrategy(truthful)
    strategy.check(make_market(), 0)
    with pytest.raises(StrategyError, match="in this market bidders have types"):
        strategy.check(load_scenario(EXAMPLES / "treasury_bills/scenario.toml").specification.market, 0)
    large = Market(
        lot="a lot",
        currency="USD",
        minor_units=0,
        signal_levels=1024,
        groups=("all",),
        bidders=tuple(
            Bidder(name=f"b{place}", group=0, valuation=Linear(constant=0, weights=(1,)))
            for place in range(2000)
        ),
    )
    with pytest.raises(ConfigurationError, match="needs 2048000 values; at most 1048576"):
        strategy.check(large, 0)


def test_observations_are_the_policys_own():
    """It may write into what it is shown; the next one is shown what it should be."""

    def scribbles(observation, rng):
        action = truthful(observation, rng)
        observation[:] = 0
        return action

    assert play(scribbles) == play(truthful)
