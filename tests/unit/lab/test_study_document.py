"""The study: its campaigns can be played, and its text shows the pictures that are there and how they are made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openoutcry.lab.campaigns.campaign import load_campaign
from openoutcry.lab.campaigns.running import check_campaign
from openoutcry.mechanisms.registry import MECHANISMS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "study"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
CAMPAIGNS = sorted(FOLDER.glob("*.toml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

FIGURE_BYTES = 300_000
FOLDER_BYTES = 3_000_000


def shown() -> set[str]:
    """Return the pictures that the text shows, from its folder."""
    return set(re.findall(r"!\[[^\]]*\]\(([^)]+)\)", PAGE))


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_every_campaign_can_be_played(path: Path) -> None:
    """Every cell runs on its first market, and its command is on the page."""
    check_campaign(load_campaign(path))
    assert f"auctioneer sweep docs/study/{path.name} --out runs/study/{path.stem}" in PAGE


def test_every_picture_is_shown_and_every_picture_shown_is_there() -> None:
    """No picture is stale, and none is missing."""
    there = {
        path.relative_to(FOLDER).as_posix() for path in (FOLDER / "figures").rglob("*") if path.is_file()
    }
    assert there == shown()


def test_every_picture_has_its_command_on_the_page_and_in_the_makefile() -> None:
    """Whoever doubts a picture draws it again."""
    commands = re.sub(r"\s*\\\n\s*", " ", PAGE)
    rules = dict(re.findall(r"^PICTURES_(\S+) := (.*)$", re.sub(r"\s*\\\n\s*", " ", MAKEFILE), re.MULTILINE))
    assert set(rules) == {path.stem for path in CAMPAIGNS}
    for picture in shown():
        _, campaign, file = picture.split("/")
        name = file.removesuffix(".svg")
        assert name in rules[campaign].split()
        line = next(
            line for line in commands.splitlines() if f"report runs/study/{campaign} --figures" in line
        )
        assert f"--figures docs/study/figures/{campaign}" in line
        assert f"--picture {name}" in line
    assert sum(len(names.split()) for names in rules.values()) == len(shown())


def test_the_folder_is_small() -> None:
    """A document is no place for data."""
    sizes = {path.name: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    assert [name for name, size in sizes.items() if size > FIGURE_BYTES] == []
    assert sum(sizes.values()) < FOLDER_BYTES


def test_every_mechanism_is_lied_to_or_left_out_with_a_reason() -> None:
    """What lying earns is told of each mechanism on offer."""
    lied_to = {
        cell.mechanism
        for path in CAMPAIGNS
        if path.stem.startswith("lies-")
        for cell in load_campaign(path).cells
    }
    assert lied_to == set(MECHANISMS)
