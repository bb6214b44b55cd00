"""The environment is one more driver of the same auction: what is played in it is what is played everywhere."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.lab.environment import Action, Field, PolicyStrategy, generated_lots, parallel_env
from openoutcry.mechanisms import Specification, Timing
from openoutcry.simulation import Auction, simulate_session
from openoutcry.strategies import Exit, Stay
from openoutcry.wire import WireCodec

MECHANISMS: st.SearchStrategy[tuple[str, dict[str, str]]] = st.one_of(
    st.just(("uniform-clock", {})),
    st.fixed_dictionaries(
        {
            "pricing": st.sampled_from(["welfare", "revenue"]),
            "scope": st.sampled_from(["group", "all"]),
            "uniform_probability": st.sampled_from(["0", "1/3", "1"]),
        }
    ).map(lambda parameters: ("signal-discovery", parameters)),
)
GENERATORS = st.sampled_from(["random-owners", "mineral-rights", "wallet-game", "many-crossings"])


@st.composite
def lots(draw):
    """Draw where auctions come from: small markets of every kind, with every clock mechanism."""
    count = draw(st.integers(1, 5))
    sizes = {
        "bidders": count,
        "signal_levels": draw(st.integers(2, 4)),
        "groups": draw(st.integers(1, min(2, count))),
    }
    mechanism, parameters = draw(MECHANISMS)
    return generated_lots(
        draw(GENERATORS),
        sizes,
        mechanism=mechanism,
        parameters=parameters,
        markets=draw(st.sampled_from(["fixed", "anew"])),
        market_seed=str(draw(st.integers(0, 5))),
    )


class Habit:
    """Decides by a hash of the whole observation: any difference in what is shown changes what is done."""

    def __init__(self, salt: int) -> None:
        self.salt = salt
        self.seen: list[bytes] = []

    def __call__(self, observation, rng) -> int:
        self.seen.append(observation.tobytes())
        return random.Random(self.salt.to_bytes(4, "big") + observation.tobytes()).choice(list(Action))


def play_out(environment, choose, *, seed, **options):
    """Play one episode; `choose` acts for whoever is asked. Returns the exact utilities."""
    observations, infos = environment.reset(seed=seed, options=options)
    utilities, steps = {}, 0
    while environment.agents:
        actions = {
            agent: choose(agent, observations[agent])
            if infos[agent]["action_mask"][Action.STAY]
            else Action.WAIT
            for agent in environment.agents
        }
        observations, rewards, ended, _, infos = environment.step(actions)
        steps += 1
        for agent, observation in observations.items():
            assert environment.observation_space(agent).contains(observation)
            if ended[agent]:
                utilities[agent] = infos[agent]["utility"]
                assert rewards[agent] == float(utilities[agent])
            else:
                assert rewards[agent] == 0
    assert steps <= max(1, environment.longest)
    return [utilities[agent] for agent in environment.possible_agents]


@given(lots=lots(), seed=st.integers(0, 2**40))
def test_truthful_episodes_are_plays(lots, seed):
    """Same market, same signals, same luck: winner, price, clocks, waves, draws and reasons are all equal."""
    environment = parallel_env(lots)
    places = {agent: place for place, agent in enumerate(environment.possible_agents)}

    def choose(agent, observation):
        level = round(float(observation[Field.LEVEL]) * (environment.market.signal_levels - 1))
        return Action.STAY if level <= environment.signals[places[agent]] else Action.EXIT

    utilities = play_out(environment, choose, seed=seed)
    drawn = lots.draw(seed, 0)
    played = drawn.auction.play(drawn.signals, seed="unused", chance=drawn.chance)
    assert environment.result == played
    assert tuple(utilities) == played.utilities


@given(lots=lots(), seed=st.integers(0, 2**40), salt=st.integers(0, 100))
def test_policies_see_and_do_the_same_as_strategies(lots, seed, salt):
    """Whatever the policy: each bidder sees the same vectors in the same order, and the auctions are equal."""
    environment = parallel_env(lots)
    here = {agent: Habit(salt) for agent in environment.possible_agents}
    play_out(environment, lambda agent, observation: here[agent](observation, random.Random(0)), seed=seed)
    drawn = lots.draw(seed, 0)
    there = [Habit(salt) for _ in here]
    played = drawn.auction.play(
        drawn.signals,
        seed="unused",
        chance=drawn.chance,
        strategies=[PolicyStrategy(habit) for habit in there],
    )
    assert environment.result == played
    assert [habit.seen for habit in here.values()] == [habit.seen for habit in there]


@settings(max_examples=20)
@given(mechanism=MECHANISMS, generator=GENERATORS, seed=st.integers(0, 2**40), salt=st.integers(0, 100))
def test_policies_come_to_the_same_in_sessions(mechanism, generator, seed, salt):
    """A session's coin and signals, given to the environment, give its winner and its payments."""
    name, parameters = mechanism
    sizes = {"bidders": 4, "signal_levels": 3, "groups": 2}
    lots = generated_lots(generator, sizes, mechanism=name, parameters=parameters)
    drawn = lots.draw(seed, 0)
    specification = Specification(
        title="a session",
        market=drawn.auction.market,
        mechanism=name,
        parameters=parameters,
        timing=Timing(),
    )
    session = simulate_session(
        specification,
        drawn.signals,
        seed=str(seed),
        codec=WireCodec(),
        strategies=[PolicyStrategy(Habit(salt)) for _ in drawn.signals],
    )
    environment, policy = parallel_env(lots), Habit(salt)
    told = {"coin": session.coin, "signals": drawn.signals}
    play_out(environment, lambda agent, observation: policy(observation, random.Random(0)), seed=1, **told)
    assert session.outcome is not None
    assert environment.result is not None
    paid = dict(zip(session.roster, session.outcome.payments, strict=True))
    assert (environment.result.winner, environment.result.reason) == (session.winner, session.outcome.reason)
    assert environment.result.payments == tuple(paid[name] for name in environment.market.names)


def test_a_driver_that_asks_otherwise_would_be_found_out():
    """The comparison can fail: one bidder that stays a level longer makes another auction of some seed."""
    lots = generated_lots("wallet-game", {"bidders": 3, "signal_levels": 3}, mechanism="uniform-clock")

    def differs(seed):
        drawn = lots.draw(seed, 0)
        auction: Auction = drawn.auction
        truthful = auction.play(drawn.signals, seed="unused")

        def bold(view):
            return Stay if view.level <= view.signal + 1 else Exit

        return (
            auction.play(drawn.signals, seed="unused", strategies=[bold, "truthful", "truthful"]) != truthful
        )

    assert any(differs(seed) for seed in range(20))
