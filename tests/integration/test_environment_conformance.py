"""PettingZoo's own tests pass, in both forms, without a warning: warnings are errors here."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest
from pettingzoo.test import (  # It carries annotations, but no py.typed.
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    render_test,
    seed_test,
)

from openoutcry.lab.environment import env, generated_lots, parallel_env

MIXED = {"pricing": "revenue", "scope": "all", "uniform_probability": "1/3"}
LOTS = {
    "by default": generated_lots(),
    "uniform clock": generated_lots("linear", {"signal_levels": 5}, mechanism="uniform-clock"),
    "mixture in groups": generated_lots(
        "mineral-rights", {"bidders": 6, "signal_levels": 4, "groups": 2}, parameters=MIXED
    ),
    "markets anew": generated_lots("wallet-game", {"signal_levels": 3, "tilt": 500}, markets="anew"),
    "adversarial": generated_lots("adversarial", {"case": "revenue"}, parameters={"pricing": "revenue"}),
    "one bidder": generated_lots(instance_parameters={"bidders": 1}),
}


@pytest.mark.parametrize("name", LOTS)
def test_the_api_is_as_pettingzoo_wants_it(name, capsys):
    """`parallel_api_test` on the environment, and `api_test` on its form with turns."""
    parallel_api_test(parallel_env(LOTS[name]), num_cycles=500)
    api_test(env(LOTS[name]), num_cycles=500)
    passed = capsys.readouterr().out.splitlines()
    assert passed == ["Passed Parallel API test", "Starting API test", "Passed API test"]


@pytest.mark.parametrize("name", LOTS)
def test_seeds_repeat(name):
    """`parallel_seed_test` and `seed_test`."""
    parallel_seed_test(partial(parallel_env, LOTS[name]))
    seed_test(partial(env, LOTS[name]))


def test_cycles_are_counted_as_pettingzoo_counts_them():
    """`max_cycles_test` wants episodes that end by truncation: those of many bidders on a long clock."""
    lots = generated_lots("linear", {"bidders": 25, "signal_levels": 9}, mechanism="uniform-clock")
    max_cycles_test(SimpleNamespace(parallel_env=partial(parallel_env, lots), env=partial(env, lots)))


def test_every_way_of_rendering_works(capsys):
    """`render_test`: text is returned, or printed and None returned."""
    render_test(partial(env, LOTS["mixture in groups"]))
    assert "signal-discovery" in capsys.readouterr().out
