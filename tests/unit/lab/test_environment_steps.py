"""The environment: who is an agent when, what it observes, may do and earns, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.lab.environment import (
    Action,
    Drawn,
    Encoder,
    Field,
    env,
    find_encoder,
    generated_lots,
    observation_length,
    own_curve,
    parallel_env,
    rival_curve,
    scenario_lots,
)
from openoutcry.scenario import loads
from openoutcry.simulation import Auction
from tests.simulation.markets import make_market

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
WAIT, STAY, EXIT = Action
SIGNALS = (2, 1, 0, 2)
SMALL = {"bidders": 3, "signal_levels": 3}


class Tables:
    """Lots of one auction, with given signals and a scripted coin."""

    def __init__(self, auction: Auction, signals=SIGNALS) -> None:
        self.auction, self.signals = auction, signals
        self.bidder_count = len(auction.market.bidders)
        self.signal_levels = auction.market.signal_levels  # type: ignore[union-attr]
        self.mechanism = "uniform-clock"

    def draw(self, seed: int, number: int) -> Drawn:
        return Drawn(auction=self.auction, signals=self.signals, chance=None)  # type: ignore[arg-type]


def uniform(**options):
    """Return an environment of the uniform clock among four bidders: the last in the roster is asked first."""
    return parallel_env(Tables(Auction(make_market(), "uniform-clock")), **options)


def truthfully(environment, observations, infos, **instead):
    """Return the actions of truthful bidders, some of them doing something else."""
    actions = {}
    for agent in environment.agents:
        place = environment.possible_agents.index(agent)
        stays = round(float(observations[agent][Field.LEVEL]) * 2) <= environment.signals[place]
        is_asked = infos[agent]["action_mask"][STAY]
        actions[agent] = (STAY if stays else EXIT) if is_asked else WAIT
    return {**actions, **{agent: action for agent, action in instead.items() if agent in actions}}


def test_one_step_raises_the_clocks_of_those_who_are_asked():
    """The others wait, and observe that they are not asked; the one who exits leaves at once and earns nothing."""
    environment = uniform()
    observations, infos = environment.reset(seed=1)
    assert [infos[agent]["action_mask"].tolist() for agent in environment.agents] == [[1, 0, 0]] * 3 + [
        [0, 1, 1]
    ]
    assert [int(observations[agent][Field.ASKED]) for agent in environment.agents] == [0, 0, 0, 1]
    observations, rewards, ended, cut, infos = environment.step(truthfully(environment, observations, infos))
    assert (observations["bidder_3"][Field.CLOCK], environment.agents) == (0.5, environment.possible_agents)
    observations, rewards, ended, cut, infos = environment.step(truthfully(environment, observations, infos))
    everybody = environment.possible_agents
    assert ended == {"bidder_0": False, "bidder_1": False, "bidder_2": True, "bidder_3": False}
    assert [list(keyed) for keyed in (observations, rewards, ended, cut, infos)] == [everybody] * 5
    assert environment.agents == ["bidder_0", "bidder_1", "bidder_3"]
    assert (rewards, set(cut.values())) == (dict.fromkeys(everybody, 0.0), {False})
    assert infos["bidder_2"]["utility"] == 0
    assert infos["bidder_2"]["action_mask"].tolist() == [1, 0, 0]


def test_utility_is_paid_in_the_last_step():
    """Rewards are minor units, or shares of the greatest value; infos say the same exactly."""
    market = make_market()
    value = market.value(0, market.state(SIGNALS))
    for unit, scale in ((1, 1), (10, 10), (None, Encoder(market).scale)):
        environment = uniform(reward_unit=unit)
        observations, infos = environment.reset(seed=1)
        # The two that would stay longer leave at once, so that the first one wins at level 1.
        ended = rewards = {}
        while environment.agents:
            observations, rewards, ended, _, infos = environment.step(
                truthfully(environment, observations, infos, bidder_3=EXIT, bidder_1=EXIT)
            )
        assert all(ended.values())
        info = infos["bidder_0"]
        assert (info["winner"], info["value"], info["utility"]) == ("bidder_0", value, value - info["price"])
        assert info["utility"] > 0
        assert rewards["bidder_0"] == float(Fraction(info["utility"]) / scale)
        assert environment.result is not None
        assert environment.result.utilities[0] == info["utility"]


def test_waiting_when_asked_is_an_exit_and_acting_unasked_is_nothing():
    """Silence is an exit, as in a session; whoever is not asked may do what it likes, or nothing at all."""
    environment = uniform()
    environment.reset(seed=1)
    _, _, ended, _, _ = environment.step(dict.fromkeys(environment.agents, np.int64(EXIT)))
    assert [agent for agent, is_over in ended.items() if is_over] == ["bidder_3"]
    environment.step({"bidder_2": WAIT, "bidder_3": STAY})
    assert environment.agents == ["bidder_0", "bidder_1"]


def test_actions_that_are_none_are_refused():
    """In words, and nothing has changed then."""
    environment = uniform()
    with pytest.raises(UsageError, match=r"call reset\(\) first"):
        environment.step({})
    environment.reset(seed=1)
    for actions, words in (
        ({"bidder_3": 3}, "the action of bidder_3 is 3: use 0"),
        ({"bidder_3": "stay"}, "the action of bidder_3 must be an integer, not 'stay'"),
        ({"bidder_9": 1}, "there is no agent 'bidder_9'"),
        ({"bidder_0": 1}, "bidder_3 is asked, and has no action"),
        ([1], "actions are a mapping from agents to numbers"),
    ):
        with pytest.raises(UsageError, match=words):
            environment.step(actions)
    environment.step({"bidder_3": 1})
    while environment.agents:
        environment.step(dict.fromkeys(environment.agents, EXIT))
    with pytest.raises(UsageError, match="the auction is over"):
        environment.step({})


def test_an_auction_that_asks_nobody_takes_one_step():
    """A single bidder buys without a question: it waits once, and has its reward."""
    environment = parallel_env(generated_lots(instance_parameters={"bidders": 1}))
    _, infos = environment.reset(seed=3)
    assert infos["bidder_0"]["action_mask"].tolist() == [1, 0, 0]
    _, _, ended, cut, infos = environment.step({"bidder_0": WAIT})
    assert (ended, cut, infos["bidder_0"]["winner"]) == ({"bidder_0": True}, {"bidder_0": False}, "bidder_0")


def test_truncation_is_there_for_those_who_want_it():
    """All who are left are truncated, without a reward; whoever exits in that step has left."""
    environment = uniform(max_cycles=2)
    environment.reset(seed=1)
    environment.step({"bidder_3": STAY})
    _, rewards, ended, cut, _ = environment.step({"bidder_2": EXIT})
    assert [agent for agent, is_over in ended.items() if is_over] == ["bidder_2"]
    assert [agent for agent, is_over in cut.items() if is_over] == ["bidder_0", "bidder_1", "bidder_3"]
    assert (environment.agents, environment.result, set(rewards.values())) == ([], None, {0.0})


def test_the_seed_decides_all_that_follows():
    """Market, signals and luck; without a seed the next auction of the last one is begun."""
    for markets in ("fixed", "anew"):
        lots = generated_lots(instance_parameters=SMALL, markets=markets)
        drawn = []
        for environment in (parallel_env(lots), parallel_env(lots)):
            kept = []
            for seed in (7, None, None):
                environment.reset(seed=seed)
                kept.append((environment.market, environment.signals, environment.number))
            drawn.append(kept)
        assert drawn[0] == drawn[1]
        assert [number for _, _, number in drawn[0]] == [0, 1, 2]
        assert (drawn[0][0][0] == drawn[0][1][0]) == (markets == "fixed")
    unseeded = parallel_env()
    unseeded.reset()
    assert unseeded.seed != 7


def test_signals_and_coin_can_be_given():
    """So that a session can be played once more; what does not fit is refused."""
    environment = parallel_env(generated_lots(instance_parameters=SMALL))
    environment.reset(options={"signals": [2, 0, 1], "coin": "heads"})
    assert environment.signals == (2, 0, 1)
    number = environment.number
    wrong: list[dict[str, object]] = [{"coin": b"short"}, {"coin": 5}, {"signals": 5}]
    wrong += [{"signals": signals} for signals in ([2, 0], [3, 0, 0], ["a", 0, 0])]
    for options in wrong:
        with pytest.raises(UsageError):
            environment.reset(options=options)
    # What was refused has changed nothing.
    assert (environment.signals, environment.number) == ((2, 0, 1), number)
    with pytest.raises(UsageError, match="seed must be an integer"):
        environment.reset(seed="one")  # type: ignore[arg-type]  # What a person may try.


def test_an_observation_is_what_the_layout_says():
    """Own signal, clock and question; public numbers of the market; money in shares of the greatest value."""
    market = make_market()
    encoder = find_encoder(market)
    assert encoder is find_encoder(market)
    price = encoder.scale // 2
    seen = encoder.asked(1, 2, level=1, price=price, target=2)
    least, most = market.value(1, (0, 2)), market.value(1, (4, 4))
    expected = [1, 1, 1, 0, 0.5, 1, price / encoder.scale, least / encoder.scale, most / encoder.scale]
    np.testing.assert_array_equal(seen[:12], np.array([*expected, 1 / 3, 1 / 4, 1 / 2], dtype=np.float32))
    values = [[market.value(bidder, (2 * signal, 2 * signal)) for bidder in range(4)] for signal in range(3)]
    np.testing.assert_array_equal(
        seen[own_curve(3)], np.array([row[1] / encoder.scale for row in values], dtype=np.float32)
    )
    rivals = [max(row[0], row[2], row[3]) / encoder.scale for row in values]
    np.testing.assert_array_equal(seen[rival_curve(3)], np.array(rivals, dtype=np.float32))
    assert (len(seen), seen.dtype.name) == (observation_length(3), "float32")


def test_nobody_observes_the_signals_of_others():
    """With the same coin and the same own signal the first observation is the same, whatever the others hold."""
    environment = parallel_env(
        generated_lots(instance_parameters={"bidders": 4, "signal_levels": 3, "groups": 2})
    )
    seen = []
    for others in ((0, 0, 0), (2, 1, 2)):
        observations, infos = environment.reset(seed=5, options={"signals": [1, *others]})
        seen.append(
            (
                observations["bidder_0"].tolist(),
                infos["bidder_0"]["action_mask"].tolist(),
                len(infos["bidder_0"]),
            )
        )
    assert seen[0] == seen[1]
    assert seen[0][2] == 1


def test_text_shows_clocks_and_no_signal(capsys):
    """`ansi` returns it, `human` prints it in every step."""
    environment = uniform(render_mode="ansi")
    environment.reset(seed=1)
    assert environment.render() == "\n".join(
        (
            "a lot, uniform-clock",
            "bidder_0  ada  [..] 0/2",
            "bidder_1  ben  [..] 0/2",
            "bidder_2  cyd  [..] 0/2",
            "bidder_3  dan  [..] 0/2  is asked for level 1",
        )
    )
    while environment.agents:
        environment.step(dict.fromkeys(environment.agents, EXIT))
    assert environment.render() == "\n".join(
        (
            "a lot, uniform-clock",
            "bidder_0  ada  [..] 0/2  buys for 0, worth 18",
            "bidder_1  ben  [..] 0/2  has left",
            "bidder_2  cyd  [..] 0/2  has left",
            "bidder_3  dan  [..] 0/2  has left",
            "ada has the highest signal and pays its value at 0, the lowest signal that still wins",
        )
    )
    assert capsys.readouterr().out == ""
    shown = uniform(render_mode="human")
    shown.reset(seed=1)
    shown.step({"bidder_3": EXIT})
    assert capsys.readouterr().out.count("uniform-clock") == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: generated_lots("iid-values"), "iid-values draws bidders with types"),
        (lambda: generated_lots("wallet"), "unknown instance generator"),
        (lambda: generated_lots(markets="new"), "markets must be fixed or anew"),  # type: ignore[arg-type]  # On purpose.
        (lambda: generated_lots(mechanism="vickrey"), "vickrey"),
        (lambda: generated_lots(mechanism="threshold-lottery"), 'with form = "clock"'),
        (lambda: generated_lots(parameters={"form": "sealed"}), 'with form = "clock"'),
        (lambda: generated_lots(parameters={"price": "welfare"}), "price"),
        (
            lambda: generated_lots("linear", {"bidders": 10_000, "signal_levels": 1024}),
            "needs 10240000 values; at most 1048576",
        ),
        (lambda: scenario_lots(EXAMPLES / "treasury_bills/scenario.toml"), "its bidders have types"),
        (lambda: scenario_lots(EXAMPLES / "scenarios/sealed.toml"), 'with form = "clock"'),
        (
            lambda: scenario_lots(EXAMPLES / "scenarios/tiny.toml", signals="some"),  # type: ignore[arg-type]  # On purpose.
            "signals must be drawn or given",
        ),
        (lambda: parallel_env(reward_unit=0), "reward_unit must be at least 1"),
        (lambda: parallel_env(max_cycles=0), "max_cycles must be at least 1"),
        (lambda: parallel_env(render_mode="rgb_array"), "render_mode must be one of human, ansi"),
    ],
)
def test_what_cannot_be_an_environment_is_refused_before_it_is_trained(make, words):
    """In one line that says what to do instead."""
    with pytest.raises(ConfigurationError, match=words) as refused:
        make()
    assert "\n" not in str(refused.value)


def test_a_scenario_gives_market_mechanism_and_signals():
    """Signals are drawn, unless the scenario's own are wanted."""
    drawn = parallel_env(scenario_lots(EXAMPLES / "scenarios/wallet.toml"))
    seen = set()
    for seed in range(20):
        drawn.reset(seed=seed)
        seen.add(drawn.signals)
    assert len(seen) > 1
    given = parallel_env(scenario_lots(EXAMPLES / "scenarios/wallet.toml", signals="given"))
    given.reset(seed=1)
    assert (given.market.names, given.signals) == (("ida", "jon", "kim", "lou", "eli"), (1, 3, 2, 0, 2))


def test_whoever_has_left_can_no_longer_be_paid():
    """A mechanism that does so is refused rather than misreported."""

    class Generous(Auction):
        def conclude(self, private, outcome, **told):
            result = super().conclude(private, outcome, **told)
            return replace(result, payments=(*result.payments[:3], Fraction(-1)))

    environment = parallel_env(Tables(Generous(make_market(), "uniform-clock")))
    environment.reset(seed=1)
    for bidder in (3, 2):
        environment.step({f"bidder_{bidder}": EXIT})
    with pytest.raises(ConfigurationError, match="gives 1 to bidder_3 after it has left"):
        environment.step({"bidder_1": EXIT})


def test_pettingzoo_is_needed_to_make_an_environment_and_for_nothing_else():
    """Whoever lacks it is told what to install; policies play without it."""
    code = (
        "import sys; sys.modules['pettingzoo'] = None\n"
        "import openoutcry.lab, openoutcry.lab.environment as e\n"
        "assert 'gymnasium' not in sys.modules\n"
        "for make in (e.parallel_env, e.env):\n"
        "    try: make()\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    advice = "ConfigurationError environments need PettingZoo: pip install 'openoutcry[pettingzoo]'"
    assert (ran.stdout.splitlines(), ran.stderr) == ([advice] * 2, "")


def test_the_form_with_turns_is_the_same_auction():
    """PettingZoo's wrapper asks one agent after another, and comes to the same rewards."""
    lots = generated_lots(instance_parameters=SMALL)
    together, in_turn = parallel_env(lots), env(lots)
    _, infos = together.reset(seed=4)
    earned: dict[str, float] = {}
    while together.agents:
        actions = {agent: int(infos[agent]["action_mask"][STAY]) for agent in together.agents}
        _, rewards, ended, _, infos = together.step(actions)
        earned |= {agent: rewards[agent] for agent, is_over in ended.items() if is_over}
    in_turn.reset(seed=4)
    last: dict[str, float] = {}
    for agent in in_turn.agent_iter():
        _, reward, ended_now, _, info = in_turn.last()
        last[agent] = reward
        in_turn.step(None if ended_now else int(info["action_mask"][STAY]))
    assert last == earned


def test_scenarios_can_be_given_as_objects():
    """As `load_scenario` or `loads` return them."""
    scenario = loads((EXAMPLES / "scenarios/tiny.toml").read_text(encoding="utf-8"))
    assert scenario_lots(scenario).bidder_count == 4
