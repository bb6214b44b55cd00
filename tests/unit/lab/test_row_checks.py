"""Rows on disk are those of a campaign, or they are not: whatever column is edited, and however the file is packed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auctioneer.cli import main
from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.campaign import Campaign, load_campaign
from openoutcry.lab.campaigns.manifest import read_manifest
from openoutcry.lab.campaigns.row_checks import are_rows_of, first_difference
from openoutcry.lab.campaigns.rows import table_schema
from openoutcry.lab.reporting.result import open_result

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "A small campaign"
replications = 6

[[mechanism]]
name = "crowdsourced-lookahead-plus"

[[mechanism]]
name = "vickrey"

[[instances]]
generator = "iid-values"
markets = 2
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a small result."""
    directory: Path = tmp_path_factory.mktemp("campaign")
    (directory / "small.toml").write_text(CAMPAIGN)
    assert (
        main(["sweep", str(directory / "small.toml"), "--workers", "1", "--out", str(directory / "out")]) == 0
    )
    return directory / "out"


def agree(played: Path, path: Path) -> bool:
    """Return whether a file holds the rows of the small result."""
    campaign: Campaign = load_campaign(played.parent / "small.toml")
    return are_rows_of(campaign, read_manifest(played / "manifest.json")["rows"]["columns"], path)


def edit(played: Path, path: Path, change: Callable[[dict[str, list[Any]]], object]) -> None:
    """Write the small result's rows with a change."""
    columns = parquet.read_table(played / "rows.parquet").to_pydict()
    change(columns)
    parquet.write_table(arrow.table(columns, schema=table_schema()), path)


def test_rows_that_are_packed_otherwise_are_the_same_rows(played: Path, tmp_path: Path) -> None:
    """Neither the size of row groups nor dictionaries nor compression matter."""
    path = tmp_path / "rows.parquet"
    table = parquet.read_table(played / "rows.parquet")
    parquet.write_table(table, path, row_group_size=5, compression="none", use_dictionary=False)
    assert agree(played, played / "rows.parquet")
    assert agree(played, path)
    assert first_difference(path, played / "rows.parquet") is None


@pytest.mark.parametrize("name", table_schema().names)
def test_no_column_can_be_edited(name: str, played: Path, tmp_path: Path) -> None:
    """Not the exact numbers, of which there are digests, nor what follows from them; the row is named."""
    path = tmp_path / "rows.parquet"

    def change(columns: dict[str, list[Any]]) -> None:
        was = columns[name][17]
        columns[name][17] = (
            "1/7" if name.endswith("fraction") else "other" if isinstance(was, str) else (was or 0) + 1
        )

    edit(played, path, change)
    assert not agree(played, path)
    difference = first_difference(path, played / "rows.parquet")
    assert difference is not None
    assert difference.startswith(f"row 17 (cell 1, auction 5): {name} was ")


@pytest.mark.parametrize("name", ["winner", "price", "utility"])
def test_what_is_known_cannot_be_made_unknown(name: str, played: Path, tmp_path: Path) -> None:
    """A figure that is taken away is missed, too."""
    path = tmp_path / "rows.parquet"
    edit(played, path, lambda columns: columns[name].__setitem__(3, None))
    assert not agree(played, path)


def test_rows_can_be_neither_left_out_nor_added(played: Path, tmp_path: Path) -> None:
    """All auctions of the campaign are there, once."""
    path = tmp_path / "rows.parquet"
    table = parquet.read_table(played / "rows.parquet")
    for changed, words in (
        (table.slice(0, 20), "ends after row 20"),
        (arrow.concat_tables([table, table]), "24"),
    ):
        parquet.write_table(changed, path)
        assert not agree(played, path)
        assert words in str(first_difference(path, played / "rows.parquet"))


def test_a_file_that_was_damaged_anywhere_is_never_a_mistake_of_ours(played: Path, tmp_path: Path) -> None:
    """Whatever byte is changed, comparing ends with an answer: the same rows, other rows, or none that can be read."""
    good, path, chosen = (played / "rows.parquet").read_bytes(), tmp_path / "rows.parquet", random.Random(7)
    told = set()
    for _ in range(150):
        data = bytearray(good)
        data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
        path.write_bytes(data)
        is_same, difference = agree(played, path), first_difference(path, played / "rows.parquet")
        assert not is_same or difference is None
        told.add("same" if is_same else "unreadable" if "cannot be read" in str(difference) else "other")
    assert told == {"same", "other", "unreadable"}


def test_an_edited_result_is_neither_reproduced_nor_reported(played: Path, tmp_path: Path, capfd) -> None:
    """The floats that pictures are made of count as much as the exact numbers beside them."""
    shutil.copytree(played, tmp_path / "out")
    shutil.copy(played.parent / "small.toml", tmp_path)
    edit(played, tmp_path / "out" / "rows.parquet", lambda columns: columns["welfare"].__setitem__(2, 1e6))
    with pytest.raises(CampaignError, match="holds other rows"):
        open_result(tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    assert main(["sweep", "--reproduce", str(manifest), "--workers", "1"]) == 1
    assert "row 2 (cell 0, auction 2): welfare was 1000000.0 and is" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda manifest: manifest.update(seed="another"), "seed is not that of the campaign"),
        (lambda manifest: manifest["rows"].update(count=23), "tells of 23 rows, and the campaign has 24"),
        (
            lambda manifest: manifest["cells"][1].update(mechanism="vcg"),
            "cells are not those of the campaign",
        ),
        (lambda manifest: manifest["cells"].pop(), "cells are not those of the campaign"),
    ],
)
def test_a_manifest_that_tells_another_story_is_not_reproduced(
    change, words: str, played: Path, tmp_path: Path, capfd
) -> None:
    """What a manifest says beside its campaign's text must follow from that."""
    shutil.copytree(played, tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    assert main(["sweep", "--reproduce", str(path), "--workers", "1"]) == 1
    assert words in capfd.readouterr().out


def test_another_release_may_tell_more_of_a_cell(played: Path, tmp_path: Path) -> None:
    """What only one of two releases says is no contradiction; with the same release it is."""
    shutil.copytree(played, tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["cells"][0]["more"] = 1
    path.write_text(json.dumps(manifest))
    assert main(["sweep", "--reproduce", str(path), "--workers", "1"]) == 1
    manifest["versions"]["openoutcry"] = "0.0.1"
    path.write_text(json.dumps(manifest))
    assert main(["sweep", "--reproduce", str(path), "--workers", "1"]) == 0
