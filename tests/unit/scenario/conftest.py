"""A small scenario that tests change in one place."""

from __future__ import annotations

import pytest

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


@pytest.fixture
def scenario_text() -> str:
    """Two bidders in two groups, signals 0..2."""
    return SCENARIO
