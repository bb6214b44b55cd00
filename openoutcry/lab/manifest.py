"""The manifest of a campaign: what was run, by what, and what the rows are, so that anybody can do it again.

It holds the campaign's whole text, so nothing else is needed but the files of strategies that it names, whose digests
it holds too. Reproducing runs the campaign once more and compares the digests of all columns; where they differ, the
first row that does is found in the file of rows beside the manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import Any

from openoutcry.errors import CampaignError
from openoutcry.lab.campaign import Campaign, Cell, loads
from openoutcry.lab.release import release
from openoutcry.lab.rows import LABELS, Digest, read_rows
from openoutcry.lab.running import ROWS_FILE, Finished
from openoutcry.lab.work import has_kernel

MANIFEST_FORMAT = "openoutcry-campaign-manifest/1"
LIBRARIES = ("numpy", "pyarrow", "numba", "distributed", "highspy")

_READ_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a campaign was run, which must not show in its rows.

    Attributes:
        command: As typed.
        engine: Who did the work.
        workers: How many at the same time.
        seconds: How long it took; only the last run when it was interrupted.
    """

    command: Sequence[str]
    engine: str
    workers: int
    seconds: float


def describe(
    campaign: Campaign, finished: Finished, circumstances: Circumstances, directory: Path
) -> dict[str, Any]:
    """Return the manifest of a campaign whose rows lie in a directory."""
    return {
        "format": MANIFEST_FORMAT,
        "title": campaign.title,
        "seed": campaign.seed,
        "campaign": {
            "file": Path(campaign.file).name,
            "directory": os.path.relpath(campaign.directory.absolute(), directory.absolute()),
            "sha256": campaign.digest,
            "text": campaign.text,
        },
        "strategies": campaign.strategy_files(),
        "command": list(circumstances.command),
        "versions": _versions(),
        "platform": platform.platform(),
        "engine": circumstances.engine,
        "workers": circumstances.workers,
        "seconds": round(circumstances.seconds, 3),
        "resumed_auctions": finished.resumed,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": {
            "file": finished.rows.name,
            "count": finished.count,
            "sha256": _digest_file(finished.rows),
            "columns": finished.columns,
        },
        "notes": list(finished.notes),
        "cells": [_describe_cell(campaign.seed, cell) for cell in campaign.cells],
    }


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        CampaignError: It cannot be read, or is none.
    """
    file = str(path)
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CampaignError(file=file, key="", reason=f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CampaignError(file=file, key="", reason=f"is not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != MANIFEST_FORMAT:
        reason = f"is no manifest of this release: its format is not {MANIFEST_FORMAT!r}"
        raise CampaignError(file=file, key="", reason=reason)
    try:
        campaign, rows = content["campaign"], content["rows"]
        texts = [campaign[key] for key in ("file", "directory", "text", "sha256")]
        columns = rows["columns"]
        is_whole = all(isinstance(text, str) for text in [*texts, *columns, *columns.values(), rows["file"]])
        is_whole = is_whole and isinstance(content["strategies"], dict)
        is_whole = is_whole and all(isinstance(note, str) for note in content["notes"])
    except (KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise CampaignError(file=file, key="", reason="lacks parts of a manifest: was it changed by hand?")
    return content


def campaign_of(manifest: Mapping[str, Any], path: Path) -> Campaign:
    """Return the campaign that a manifest is of.

    Args:
        manifest: As `read_manifest` gives it.
        path: Where it lies; files of strategies are found from there.

    Raises:
        CampaignError: Its text was changed, or a strategy's file.
    """
    told = manifest["campaign"]
    if hashlib.sha256(told["text"].encode()).hexdigest() != told["sha256"]:
        raise CampaignError(file=str(path), key="campaign.text", reason="is not what its sha256 says")
    campaign = loads(told["text"], path.parent / told["directory"], file=told["file"])
    for file, digest in manifest["strategies"].items():
        if campaign.strategy_files().get(file) != digest:
            reason = f"{file} is not there, or not what it was: {campaign.directory / file}"
            raise CampaignError(file=str(path), key="strategies", reason=reason)
    return campaign


def compare(manifest: Mapping[str, Any], path: Path, again: Finished) -> list[str]:
    """Return what differs between a manifest, the rows beside it, and the campaign run again: one line each.

    Args:
        manifest: As `read_manifest` gives it.
        path: Where it lies.
        again: What the new run left.
    """
    told: Mapping[str, str] = manifest["rows"]["columns"]
    wrong = [name for name in again.columns if told.get(name) != again.columns[name]]
    complaints = []
    if wrong:
        complaints.append(f"the columns {', '.join(wrong)} are not what the manifest says")
    rows = path.parent / ROWS_FILE
    if not rows.is_file():
        return complaints
    digest = Digest()
    for table in read_rows(rows):
        digest.update(table)
    if digest.columns() != told:
        complaints.append(f"{rows} is not what the manifest says")
    if complaints:
        difference = first_difference(rows, again.rows)
        complaints += [difference] if difference else []
    return complaints


def first_difference(before: Path, after: Path) -> str | None:
    """Return in words where two files of rows first differ; None when they tell the same."""
    place = 0
    for old, new in zip_longest(read_rows(before), read_rows(after)):
        if old is None or new is None or old.num_rows != new.num_rows:
            return (
                f"one file ends after row {place + min(0 if t is None else t.num_rows for t in (old, new))}"
            )
        if not old.equals(new):
            for row, (was, now) in enumerate(zip(old.to_pylist(), new.to_pylist(), strict=True)):
                for name in now:
                    if was.get(name) != now[name] and name not in LABELS:
                        return (
                            f"row {place + row} (cell {now['cell']}, auction {now['auction']}): {name} was "
                            f"{was.get(name)} and is {now[name]}"
                        )
        place += new.num_rows
    return None


def _describe_cell(seed: str, cell: Cell) -> dict[str, Any]:
    return {
        "number": cell.number,
        "mechanism": cell.mechanism,
        "parameters": dict(cell.parameters),
        "generator": cell.generator,
        "instance_parameters": dict(cell.instance_parameters),
        "markets": cell.markets,
        "replications": cell.replications,
        "everyone": cell.everyone,
        "observed": cell.observed,
        "observed_bidder": cell.observed_bidder,
        "auctions": cell.auctions,
        "played_by": "kernel" if has_kernel(seed, cell) else "generator",
    }


def _versions() -> dict[str, str]:
    found = {"openoutcry": release(), "python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _digest_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
