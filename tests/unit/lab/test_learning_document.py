"""The page on learning: its code runs, and its tables say what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openoutcry.lab.environment import Action, Field, PolicyStrategy
from openoutcry.simulation import Auction
from tests.simulation.markets import make_market

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "learning.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS)
def test_the_code_runs(code, capsys):
    """As it stands; the episode ends with a reason, the policy is a strategy."""
    names: dict[str, object] = {}
    exec(code, names)  # What runs is our own page.
    if "env" in names:
        assert capsys.readouterr().out.startswith("everybody's wallet, signal-discovery\n")
        return
    strategy = names["Cautious"]
    assert isinstance(strategy, type)
    assert issubclass(strategy, PolicyStrategy)
    result = Auction(make_market(), "uniform-clock").play((2, 2, 2, 2), seed="any", strategies=strategy)
    assert (max(result.clocks), result.defaults) == (1, ())


def test_the_tables_are_those_of_the_code():
    """Every action with its number, every field with its place."""
    actions = re.findall(r"^\| `Action\.([A-Z]+)` \| (\d) \|", PAGE, re.MULTILINE)
    assert actions == [(action.name, str(action.value)) for action in Action]
    fields = re.findall(r"^\| (\d+) \| `([A-Z]+)` \|", PAGE, re.MULTILINE)
    assert fields == [(str(field.value), field.name) for field in Field]
