"""`auctioneer replay --html`: a page and pictures as files, refused early where they cannot be made."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from auctioneer.cli import main
from openoutcry.protocol.transcript import decode_transcript, encode_transcript
from openoutcry.session.disclosure import Disclosure, encode_disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.transcripts import read_session_id
from openoutcry.simulation.sidecar import Sidecar, SidecarBidder, encode_sidecar
from tests.golden.rendering import FOLDER, SIGNALS
from tests.simulation.crowd_stage import begin, correlated, go_on, knowledge, make_type_specification
from tests.simulation.markets import make_market
from tests.simulation.stage import CODEC


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    """Return a copy of a golden session of signal discovery, with nothing beside it."""
    path = tmp_path / "session.zip"
    shutil.copy(FOLDER / "signal-discovery-clock.zip", path)
    return path


def write_private(transcript: Path) -> Path:
    """Write what the bidders of that session knew beside it, as a local run does; nobody's strategy is told."""
    entries = decode_transcript(transcript.read_bytes()).entries
    market = make_market(5, levels=3)
    sidecar = Sidecar(
        session_id=read_session_id(entries, EnvelopeReader(CODEC)),
        bidders={
            name: SidecarBidder(private=signal) for name, signal in zip(market.names, SIGNALS, strict=True)
        },
    )
    path = transcript.with_suffix(".private.json")
    path.write_bytes(encode_sidecar(sidecar, market))
    return path


def test_a_page_and_its_pictures_are_written(
    transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page, and a file of each picture; the last line says where the page is."""
    page, pictures = tmp_path / "new" / "page.html", tmp_path / "pictures"
    assert main(["replay", str(transcript), "--html", str(page), "--figures", str(pictures)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in pictures.iterdir()) == ["clocks.svg", "window.svg"]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"page {page}: it opens in any browser, offline"


def test_a_page_is_replaced(transcript: Path, tmp_path: Path) -> None:
    """It can be made again at any time, so nobody is kept from that; nothing half-written stays behind."""
    page = tmp_path / "page.html"
    page.write_text("yesterday's")
    assert main(["replay", str(transcript), "--html", str(page)]) == 0
    assert "A small auction" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "session.zip"]


def test_a_program_is_told_where_files_are(
    transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON object, and nothing else."""
    pictures = tmp_path / "pictures"
    arguments = ["--figures", str(pictures), "--format", "png", "--json"]
    assert main(["replay", str(transcript), *arguments]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["html"] is None
    assert told["figures"] == [str(pictures / "clocks.png"), str(pictures / "window.png")]
    assert (pictures / "clocks.png").read_bytes().startswith(b"\x89PNG")


def test_what_bidders_knew_shows_who_lied(
    transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file beside the transcript is read, and the last line warns that the page tells what is in it."""
    private, page = write_private(transcript), tmp_path / "page.html"
    assert main(["replay", str(transcript), "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "exited at level 2" in text
    assert "strategic deviation" in text
    assert f"it tells what bidders privately knew, from {private}" in capsys.readouterr().out


def test_a_foreign_file_beside_it_is_passed_over(
    transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a note; the same file named by hand is refused."""
    private, page = write_private(transcript), tmp_path / "page.html"
    private.write_text(private.read_text().replace('"session": "', '"session": "00'))
    assert main(["replay", str(transcript), "--html", str(page)]) == 0
    assert "note: " in (said := capsys.readouterr()).err
    assert "privately knew" not in said.out
    page.unlink()
    assert main(["replay", str(transcript), "--html", str(page), "--private", str(private)]) == 2
    assert "is of another session" in capsys.readouterr().err
    assert not page.exists()


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["--html", "page.txt"], "page.txt: a page is written as .html"),
        (["--html", "folder.html"], "folder.html: is a directory"),
        (["--html", "file/page.html"], "file/page.html: cannot be written"),
        (["--figures", "file"], "file: is no directory"),
        (["--html", "page.html"], "missing.zip: there is no such file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    arguments: list[str],
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The transcript is not even looked at: here there is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").write_text("")
    assert main(["replay", "missing.zip", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert advice in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.html"]


@pytest.mark.parametrize("library", ["altair", "vl_convert"])
def test_a_missing_library_says_what_to_install(
    library: str,
    transcript: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one line, before any work, and nothing is written."""
    monkeypatch.setitem(sys.modules, library, None)
    assert main(["replay", str(transcript), "--html", str(tmp_path / "page.html")]) == 2
    assert "pip install 'openoutcry[lab]'" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("other", [["--wave", "1"], ["--step"], ["--swap", "all=truthful"]])
def test_a_page_is_of_the_whole_session(
    other: list[str], transcript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options that tell a part, or another session, are refused beside it."""
    assert main(["replay", str(transcript), "--html", str(tmp_path / "page.html"), *other]) == 2
    assert "leave --swap, --wave and --step out" in capsys.readouterr().err


def test_a_disclosure_opens_what_is_sealed(tmp_path: Path) -> None:
    """Without it the page says sealed; with it the beliefs are there."""
    specification = make_type_specification("crowdsourced-lookahead", disclosure="sealed")
    stage, reporters = begin(specification, knowledge(correlated(), (2, 1, 0)))
    go_on(stage, reporters)
    transcript, key = tmp_path / "sealed.zip", tmp_path / "sealed.key.json"
    transcript.write_bytes(encode_transcript(stage.transcript()))
    key.write_bytes(
        encode_disclosure(Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key))
    )
    sealed, opened = tmp_path / "sealed.html", tmp_path / "opened.html"
    assert main(["replay", str(transcript), "--html", str(sealed)]) == 0
    assert main(["replay", str(transcript), "--html", str(opened), "--disclosure", str(key)]) == 0
    assert "3 reports are sealed" in sealed.read_text(encoding="utf-8")
    assert 'id="figure-beliefs"' not in sealed.read_text(encoding="utf-8")
    assert 'id="figure-beliefs"' in opened.read_text(encoding="utf-8")
