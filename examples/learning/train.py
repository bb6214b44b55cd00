"""Train a policy by self-play in some seconds, and write it to weights.json: `python examples/learning/train.py`."""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np
from policy import WEIGHTS, StayTable  # type: ignore[import-not-found]  # The file beside this one.

from openoutcry.lab.environment import Action, parallel_env, scenario_lots

SCENARIO = Path(__file__).with_name("scenario.toml")
FIRST_DOUBT, LAST_DOUBT = 0.5, 0.02


def play(env, table, doubt, rng):
    """Play one auction of the table against itself, and return where each agent stayed and what it earned.

    Args:
        env: Has been reset, and gives what it gives then.
        table: Answers, where there is no doubt.
        doubt: How often a coin answers instead.
        rng: Tosses it.
    """
    observations, infos = env.reset()
    stayed: dict[str, list[tuple[int, int, int, int]]] = {agent: [] for agent in env.agents}
    earned: dict[str, float] = {}
    while env.agents:
        actions = {}
        for agent in env.agents:
            if not infos[agent]["action_mask"][Action.STAY]:
                actions[agent] = Action.WAIT
                continue
            action = table(observations[agent], rng)
            if rng.random() < doubt:
                action = Action.STAY if rng.random() < 0.5 else Action.EXIT
            if action == Action.STAY:
                stayed[agent].append(table.cell(observations[agent]))
            actions[agent] = action
        observations, rewards, terminations, _, infos = env.step(actions)
        earned |= {agent: rewards[agent] for agent, has_ended in terminations.items() if has_ended}
    return stayed, earned


def train(episodes, seed):
    """Return the table that has played so many auctions against itself."""
    env = parallel_env(scenario_lots(SCENARIO), reward_unit=None)
    env.reset(seed=seed)
    bidders, levels = len(env.possible_agents), env.market.signal_levels
    table, rng = StayTable(np.zeros((bidders, 2, levels, levels))), np.random.default_rng(seed)
    visits, since, begun = np.zeros(table.worth.shape), [], perf_counter()
    for episode in range(1, episodes + 1):
        doubt = max(LAST_DOUBT, FIRST_DOUBT * (1 - 1.25 * episode / episodes))
        stayed, earned = play(env, table, doubt, rng)
        for agent, cells in stayed.items():
            for cell in cells:
                visits[cell] += 1
                table.worth[cell] += max(0.01, 1 / visits[cell]) * (earned[agent] - table.worth[cell])
        since.append(sum(earned.values()))
        if episode % (episodes // 10 or 1) == 0:
            print(
                f"{episode:>6} of {episodes} auctions, {perf_counter() - begun:4.1f} s, doubt {doubt:.2f}: "
                f"all bidders together keep {np.mean(since):.4f} of the greatest value"
            )
            since = []
    return table


def main():
    """Train, and write the weights beside this file, or to another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="file to write; weights.json beside this one"
    )
    parser.add_argument("--episodes", type=int, default=20_000, help="auctions to play; 20000")
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed, other auctions and other doubts; 1"
    )
    chosen = parser.parse_args()
    if chosen.episodes < 1:
        parser.error("--episodes must be at least 1")
    print(f"seed {chosen.seed}, {SCENARIO.name} against itself")
    worth = np.round(train(chosen.episodes, chosen.seed).worth, 6).tolist()
    unfinished = chosen.out.with_suffix(".part")
    unfinished.write_text(json.dumps({"worth": worth}) + "\n", encoding="utf-8")
    unfinished.replace(chosen.out)
    print(
        f"wrote {chosen.out}; what it is worth: python {Path(__file__).with_name('regret.py')} {chosen.out}"
    )


if __name__ == "__main__":
    main()
