"""The learning example: its weights are what training gives, and what it learnt goes to the network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from auctioneer.local_coin import local_coin
from openoutcry.lab.environment import Action, Field, parallel_env, scenario_lots
from openoutcry.scenario import load_scenario

LEARNING = Path(__file__).resolve().parents[2] / "examples" / "learning"
SCENARIO = LEARNING / "scenario.toml"
PATIENCE_SECONDS = 120


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program, warnings being errors, in a folder that is not the checkout."""
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def stay_table() -> list[list[list[list[float]]]]:
    """Return the table that stands beside the example, by place, kind of question, signal and level."""
    table: list[list[list[list[float]]]] = json.loads((LEARNING / "weights.json").read_text())["worth"]
    return table


def test_training_writes_a_table_that_can_be_played(tmp_path):
    """Some auctions instead of thousands; progress is printed, and the same seed gives the same table."""
    for name in ("first.json", "second.json"):
        ran = run(tmp_path, str(LEARNING / "train.py"), "--episodes", "200", "--out", name)
        assert (ran.returncode, ran.stderr, len(ran.stdout.splitlines())) == (0, "", 12)
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    ran = run(tmp_path, str(LEARNING / "regret.py"), "first.json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert all("regret " in line for line in ran.stdout.splitlines()[:3])


def test_nothing_was_lost_by_what_was_learnt(tmp_path):
    """The weights beside the example gain exactly what the truth gains, as its README says."""
    ran = run(tmp_path, str(LEARNING / "regret.py"))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"```text\n{ran.stdout}```\n" in (LEARNING / "README.md").read_text(encoding="utf-8")
    assert ran.stdout.count("regret 0.0000") == 3


def test_weights_that_are_none_are_refused_in_words(tmp_path):
    """The option names another file; one that holds no table is refused with advice."""
    (tmp_path / "none.json").write_text("{}")
    words = f"{LEARNING / 'policy.py'}:Learned:weights={tmp_path / 'none.json'}"
    ran = run(tmp_path, "-m", "bidder_agent", "check", words)
    assert ran.returncode == 1
    assert "is no table of weights: let train.py write it" in ran.stdout + ran.stderr


def test_the_network_and_the_environment_come_to_one_result(tmp_path):
    """`auctioneer run` with the policy in three agent processes; the environment with the same coin and signals."""
    ran = run(tmp_path, "-m", "auctioneer", "run", str(SCENARIO), "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    scenario = load_scenario(SCENARIO)
    environment = parallel_env(scenario_lots(scenario, signals="given"))
    coin = local_coin(scenario.specification, scenario.seed)
    observations, infos = environment.reset(seed=1, options={"coin": coin})
    table = stay_table()
    while environment.agents:
        actions = {}
        for agent in environment.agents:
            seen = observations[agent]
            place, signal, level = int(agent[-1]), round(seen[Field.SIGNAL] * 3), round(seen[Field.LEVEL] * 3)
            stays = table[place][int(seen[Field.OFFER])][signal][level] >= 0
            is_asked = infos[agent]["action_mask"][Action.STAY]
            actions[agent] = (Action.STAY if stays else Action.EXIT) if is_asked else Action.WAIT
        observations, _, _, _, infos = environment.step(actions)
    result = environment.result
    assert result is not None
    assert (told["winner"], told["price"], told["waves"]) == (result.winner, result.price, result.waves)
    assert list(told["payments"].values()) == list(result.payments)
