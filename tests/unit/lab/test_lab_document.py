"""The page on the lab and the example campaigns say what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openoutcry.lab.campaigns.campaign import load_campaign, loads, schema
from openoutcry.lab.campaigns.rows import table_schema
from openoutcry.lab.campaigns.running import check_campaign
from openoutcry.lab.instances.registry import GENERATORS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
CAMPAIGNS = sorted((ROOT / "examples" / "campaigns").glob("*.toml"))


def block(language: str) -> str:
    """Return the first block of code in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_campaign_on_the_page_can_be_played():
    """It lays out the cells of its lists, and shows every key of the format."""
    campaign = loads(block("toml"))
    check_campaign(campaign)
    assert len(campaign.cells) == 3 * 2 * 2
    for key in schema()["properties"]:
        assert re.search(rf"^\[*{key}\b", block("toml"), re.MULTILINE), key


def test_every_generator_is_on_the_page():
    """The table has each generator once with its kind, and every parameter is named."""
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (signals|types) \|", PAGE, re.MULTILINE))
    assert rows == {name: generator.market for name, generator in GENERATORS.items()}
    for generator in GENERATORS.values():
        for parameter in generator.parameters:
            assert re.search(rf"`{parameter.name}\b", PAGE), f"{generator.name}: {parameter.name}"


def test_parameters_that_name_no_luck_are_marked():
    """Whoever compares cells that differ in them may know that their luck is common."""
    wanted = {parameter.name for generator in GENERATORS.values() for parameter in generator.apart_from_luck}
    assert set(re.findall(r"`([a-z_]+)`‡", PAGE)) == wanted


def test_every_column_is_on_the_page():
    """Columns are explained, the exact ones by their endings."""
    for name in table_schema().names:
        if not name.endswith(("_integer", "_fraction")):
            assert f"`{name}`" in PAGE, name


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.name)
def test_example_campaigns_can_be_played(path: Path):
    """Every cell of an example can be played on its first market."""
    check_campaign(load_campaign(path))
