"""Small scenarios that tests change in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from openoutcry.errors import ScenarioError
from openoutcry.scenario import Scenario, load_scenario

Load = Callable[..., Scenario]

SCENARIO = """\
format = "openoutcry-scenario/1"
title = "Tract 7"
seed = "s3cret-seed"

[mechanism]
name = "signal-discovery"
pricing = "revenue"
uniform_probability = "1/20"

[market]
lot = "Tract 7"
currency = "USD"
minor_units = 2
signal_levels = 3
groups = ["geology", "seismic"]

[[bidder]]
name = "ada"
group = "geology"
value = { family = "linear", constant = 7, weights = { geology = 120, seismic = 40 } }
[bidder.private]
signal = 2
[bidder.agent]
strategy = "shade:levels=2"

[[bidder]]
name = "bob"
group = "seismic"
value = { family = "threshold", value = 500, at = 3, weights = { geology = 1, seismic = 2 } }
[bidder.private]
signal = 1

[timing]
enrol_ms = 2000
absent = "void"
"""


LORRY = """\
format = "openoutcry-scenario/1"
title = "A used lorry"
seed = "s3cret-seed"
disclosure = "sealed"

[mechanism]
name = "crowdsourced-optimal"
reward = "1/10"
delta = "1/100"
discount = "1/2"

[market]
lot = "A lorry"
currency = "EUR"
environment = "single-good"
units = 1

[[bidder]]
name = "ada"
types = [1, 4, 6]
[bidder.private]
value = 4
belief = "ada-belief.csv"

[[bidder]]
name = "bob"
types = [1, 4]
[bidder.private]
value = 4
belief = { product = { ada = [[1, 2], [4, 1]] } }

[prior]
joint = "prior.csv"
knowledge = { ada = "own-value", bob = "cells.csv:season" }
"""

SLOTS = """\
format = "openoutcry-scenario/1"
title = "Slots"

[mechanism]
name = "vcg"

[market]
lot = "Slots"
currency = "EUR"
environment = "bundles"
goods = ["a", "b"]
units = { b = 2 }
assignments = [{}, { ada = "a" }, { bob = "b+a" }, { ada = "a", bob = "b" }]

[[bidder]]
name = "ada"
types = [{ "a" = 5, "a+b" = 4 }, { "a" = 1, "b" = 2 }]
[bidder.private]
value = 0
belief = { product = { bob = [[1, 2], [{ "b" = 1 }, 3]] } }

[[bidder]]
name = "bob"
types = [{ "b" = 1 }, { "b" = 0 }]
[bidder.private]
value = { "b" = 0 }
"""

FILES = {
    "prior.csv": "ada,bob,weight\n1,1,4\n4,1,2\n4,4,6\n6,4,0\n",
    "ada-belief.csv": "bob,weight\n4,2\n1,1\n",
    "cells.csv": "ada,bob,season,other\n1,1,poor,x\n4,1,poor,y\n4,4,good,z\n",
}


@pytest.fixture
def scenario_text() -> str:
    """Two bidders in two groups, signals 0..2."""
    return SCENARIO


@pytest.fixture
def lorry() -> str:
    """One good, two bidders with types, beliefs, a prior and knowledge; it names three files."""
    return LORRY


@pytest.fixture
def slots() -> str:
    """Bundles of two goods, assignments listed one by one, and no file beside it."""
    return SLOTS


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Give a function that loads a text, with the files that scenarios here name, or others in their place."""

    def load_text(text: str, files: Mapping[str, str] | None = None) -> Scenario:
        for name, content in {**FILES, **(files or {})}.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        (tmp_path / "s.toml").write_text(text, encoding="utf-8")
        return load_scenario(tmp_path / "s.toml")

    return load_text


@pytest.fixture
def refuse(load: Load) -> Callable[..., tuple[str, str, str]]:
    """Give a function that loads what must be refused, and returns file, key and reason of the refusal."""

    def refuse_text(text: str, files: Mapping[str, str] | None = None) -> tuple[str, str, str]:
        with pytest.raises(ScenarioError) as caught:
            load(text, files)
        assert "\n" not in str(caught.value)
        return Path(caught.value.file).name, caught.value.key, caught.value.reason

    return refuse_text
