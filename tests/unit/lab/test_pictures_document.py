"""The page on pictures says what there is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from openoutcry.lab.pictures.transcript import beliefs, clocks, many_clocks, reports, tables
from tests.golden.rendering import FOLDER

DOCUMENTS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCUMENTS / "pictures.md").read_text(encoding="utf-8")
LARGEST = 100_000


def test_its_picture_is_there_and_small() -> None:
    """Every picture that the page shows is a file, an export that scripts have no part in."""
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    assert shown
    for path in shown:
        picture = (DOCUMENTS / path).read_text(encoding="utf-8")
        assert picture.startswith("<svg")
        assert "<script" not in picture
        assert len(picture) < LARGEST


def test_its_limits_are_those_of_the_code() -> None:
    """Numbers of bidders, waves and rows."""
    for words in (
        f"Up to {clocks.STAIRCASES} bidders have a staircase each",
        f"up to {many_clocks.ROWS} bidders have a row each",
        f"More than {many_clocks.COLUMNS} waves share columns",
        f"for up to {reports.LANES} bidders",
        f"at most {beliefs.FIELDS} of one bidder about one other",
        f"Up to {beliefs.CELLS:,} are drawn",
        f"after {tables.ROWS} rows",
    ):
        assert words in re.sub(r"\s+", " ", PAGE)


def test_its_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, on another session."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (tmp_path / "runs").mkdir()
    shutil.copy(FOLDER / "posted-prices.zip", tmp_path / "runs" / "offshore.zip")
    monkeypatch.chdir(tmp_path)
    exec(compile(found[1], "pictures.md", "exec"), {})
    assert (tmp_path / "offshore.html").exists()
    assert capsys.readouterr().out.startswith("offers The price at which each bidder may buy")
