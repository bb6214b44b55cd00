"""What docs/scenario.md shows is what the loader reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from openoutcry.mechanisms.specification import decode_specification, encode_specification
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario import Scenario, load_scenario, schema

DOCUMENT = (Path(__file__).parents[3] / "docs" / "scenario.md").read_text(encoding="utf-8")
SCENARIOS = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
FILES = dict(re.findall(r"^`([\w.-]+)`:\n\n```csv\n(.*?)```", DOCUMENT, re.DOTALL | re.MULTILINE))


@pytest.fixture
def load(tmp_path):
    """Give a function that loads the document's scenario of this number, with its files beside it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def load_number(number: int) -> Scenario:
        (tmp_path / "scenario.toml").write_text(SCENARIOS[number], encoding="utf-8")
        return load_scenario(tmp_path / "scenario.toml")

    return load_number


def test_there_is_an_example_of_each_kind():
    """The parametrised test below would pass over an empty page."""
    assert len(SCENARIOS) == 3
    assert sorted(FILES) == ["ada-belief.csv", "cells.csv", "prior.csv"]


@pytest.mark.parametrize("number", range(len(SCENARIOS)))
def test_an_example_loads(load, number):
    """As it stands on the page, with the files that stand there."""
    specification = load(number).specification
    assert decode_specification(encode_specification(specification)) == specification


def test_the_lorry_is_what_the_page_says(load):
    """The comments of the Python example."""
    scenario = load(1)
    ada, bob, cyd = scenario.types(SeededChance(b"any seed", 3))
    assert (ada.value, bob.belief.probability((0, 0))) == (1, Fraction(2, 3))
    assert cyd.value in (0, 1)
    assert scenario.is_sampled
    assert scenario.prior is not None
    assert len(scenario.partitions()) == 3


def test_the_slots_are_what_the_page_says(load):
    """A bundle that is not listed is worth the best one within it."""
    market = load(2).specification.market
    assert market.environment.bundles == ((0,), (0, 1), (1,))
    assert market.bidders[0].types == ((2, 9, 0), (3, 3, 0))
    assert market.environment.units == (2, 1)


def keys(part: dict[str, Any]) -> Iterator[str]:
    """Yield every key that a scenario may have, families of values aside."""
    for name, sub in part.get("properties", {}).items():
        yield name
        yield from keys(sub.get("items", sub))


def test_every_key_is_on_the_page():
    """Whoever adds one tells what it means."""
    assert [name for name in keys(schema()) if not re.search(rf"`[\w. ]*\b{name}\b", DOCUMENT)] == []
