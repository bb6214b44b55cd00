"""Manifests: whatever is missing or was changed by hand is refused in one line, never with a traceback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.campaign import loads
from openoutcry.lab.campaigns.engines import ProcessEngine
from openoutcry.lab.campaigns.manifest import Circumstances, campaign_in, campaign_of, describe, read_manifest
from openoutcry.lab.campaigns.running import MANIFEST_FILE, open_directory, run_campaign
from openoutcry.lab.reporting.result import open_result

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "A small campaign"
replications = 4

[[mechanism]]
name = "signal-discovery"

[[instances]]
generator = "adversarial"
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the manifest of a small campaign."""
    directory: Path = tmp_path_factory.mktemp("played") / "out"
    campaign = loads(CAMPAIGN, directory.parent)
    engine = ProcessEngine(1)
    with open_directory(campaign, directory, restart=False):
        finished = run_campaign(campaign, directory, engine, tell=lambda _: None)
    engine.stop()
    circumstances = Circumstances(command=["auctioneer"], engine=engine.name, workers=1, seconds=0.5)
    path = directory / MANIFEST_FILE
    path.write_text(json.dumps(describe(campaign, finished, circumstances, directory)))
    return path


def places(content: Any, *before: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the path to every value of a document."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in pairs:
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from places(value, *before, key)


def use(path: Path) -> None:
    """Read a manifest as commands do."""
    manifest = read_manifest(path)
    campaign_in(manifest, path)
    campaign_of(manifest, path)


def test_a_manifest_is_read_as_it_was_written(written: Path) -> None:
    """Nothing that is written is refused, and notes may be left out."""
    content = json.loads(written.read_text())
    assert read_manifest(written) == content
    notes = content.pop("notes")
    assert notes == []
    older = written.with_name("older.json")
    older.write_text(json.dumps(content))
    assert read_manifest(older)["notes"] == []
    assert campaign_of(read_manifest(older), older).text == CAMPAIGN


def test_whatever_is_cut_off_is_no_manifest(written: Path, tmp_path: Path) -> None:
    """A file that ends too early is refused wherever it ends."""
    text = written.read_text()
    for end in range(0, len(text) - 1, 37):
        path = tmp_path / "cut.json"
        path.write_text(text[:end])
        with pytest.raises(CampaignError, match="is not JSON"):
            read_manifest(path)


@pytest.mark.parametrize("value", [None, -1, "", "\0", "\ud800", [None], {"x": None}])
def test_a_value_that_was_changed_is_read_or_refused(written: Path, tmp_path: Path, value: object) -> None:
    """Each place in turn holds something else; if that is read, the report can use it, too."""
    for path in places(json.loads(written.read_text())):
        content = json.loads(written.read_text())
        part = content
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value
        changed = written.with_name("changed.json")
        changed.write_text(json.dumps(content))
        with suppress(CampaignError):
            use(changed)
            open_result(changed)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("title", None, "title: must be text in quotes, not None"),
        ("workers", 0, "workers: must be at least 1, not 0"),
        ("seconds", "long", "seconds: must be a number, not 'long'"),
        ("cells", [], "cells: must have at least 1 items"),
        ("strategies", {"a.py": 1}, "strategies.'a.py': must be text in quotes"),
        ("rows", {}, "rows: needs the key 'file': a file's name"),
        ("format", "other", "is no manifest of this release"),
    ],
)
def test_what_is_wrong_is_named(written: Path, key: str, value: object, reason: str) -> None:
    """With its key, what is there and what should be."""
    changed = written.with_name("wrong.json")
    changed.write_text(json.dumps({**json.loads(written.read_text()), key: value}))
    with pytest.raises(CampaignError, match=reason):
        read_manifest(changed)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"NaN", "NaN is no number"),
        (b"[" * 10**5, "is not JSON"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    """Whatever the bytes."""
    path = tmp_path / "manifest.json"
    path.write_bytes(data)
    with pytest.raises(CampaignError, match=reason):
        read_manifest(path)
