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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.campaign import Campaign, Cell, loads
from openoutcry.lab.campaigns.row_checks import are_rows_of, first_difference
from openoutcry.lab.campaigns.running import ROWS_FILE, Finished
from openoutcry.lab.campaigns.work import has_kernel
from openoutcry.lab.release import release
from openoutcry.scenario.schema import explain, strict_validator

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
        "strategies": finished.strategies,
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
    """Read a manifest, and check all of it that the schema tells of.

    Returns:
        Its content; `notes`, which the oldest manifests do not have, are none where they are left out.

    Raises:
        CampaignError: It cannot be read, or is none.
    """
    file = str(path)
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
        # Escapes can hold half a character, which nobody can write down again.
        json.dumps(content, ensure_ascii=False).encode()
    except OSError as error:
        raise CampaignError(file=file, key="", reason=f"cannot be read: {error.strerror}") from error
    except UnicodeEncodeError as error:
        raise CampaignError(file=file, key="", reason="is not JSON: it holds half a character") from error
    except (ValueError, RecursionError) as error:
        raise CampaignError(file=file, key="", reason=f"is not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != MANIFEST_FORMAT:
        reason = f"is no manifest of this release: its format is not {MANIFEST_FORMAT!r}"
        raise CampaignError(file=file, key="", reason=reason)
    first = next(strict_validator(schema()).iter_errors(content), None)
    if first is not None:
        key, reason = explain(first, schema())
        raise CampaignError(file=file, key=key, reason=reason)
    content.setdefault("notes", [])
    return content


@cache
def schema() -> dict[str, Any]:
    """Give the JSON Schema of manifests."""
    text = files("openoutcry.lab.campaigns").joinpath("manifest.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def campaign_in(manifest: Mapping[str, Any], path: Path) -> Campaign:
    """Return the campaign whose text a manifest holds; files of strategies are not looked at.

    Args:
        manifest: As `read_manifest` gives it.
        path: Where it lies; files of strategies are found from there.

    Raises:
        CampaignError: Its text was changed.
    """
    told = manifest["campaign"]
    if hashlib.sha256(told["text"].encode()).hexdigest() != told["sha256"]:
        raise CampaignError(file=str(path), key="campaign.text", reason="is not what its sha256 says")
    return loads(told["text"], path.parent / told["directory"], file=told["file"])


def campaign_of(manifest: Mapping[str, Any], path: Path) -> Campaign:
    """Return the campaign that a manifest is of, to be played again.

    Args:
        manifest: As `read_manifest` gives it.
        path: Where it lies; files of strategies are found from there.

    Raises:
        CampaignError: Its text was changed, or a strategy's file.
    """
    campaign = campaign_in(manifest, path)
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
    campaign = campaign_in(manifest, path)
    told: Mapping[str, str] = manifest["rows"]["columns"]
    complaints = _complain_of_text(manifest, campaign)
    wrong = [name for name in again.columns if told.get(name) != again.columns[name]]
    if wrong:
        complaints.append(f"the columns {', '.join(wrong)} are not what the manifest says")
    rows = path.parent / ROWS_FILE
    if rows.is_file() and not are_rows_of(campaign, told, rows):
        complaints.append(f"{rows} is not what the manifest says")
    if complaints and rows.is_file():
        difference = first_difference(rows, again.rows)
        complaints += [difference] if difference else []
    return complaints


def _complain_of_text(manifest: Mapping[str, Any], campaign: Campaign) -> list[str]:
    """Return which parts of a manifest do not follow from its campaign, as they must."""
    complaints = [
        f"{key} is not that of the campaign in the manifest"
        for key, told in (("title", campaign.title), ("seed", campaign.seed))
        if manifest[key] != told
    ]
    if manifest["rows"]["count"] != campaign.auctions:
        complaints.append(
            f"the manifest tells of {manifest['rows']['count']} rows, and the campaign has {campaign.auctions}"
        )
    described = [_describe_cell(campaign.seed, cell) for cell in campaign.cells]
    told_cells: list[dict[str, Any]] = manifest["cells"]
    if manifest["versions"].get("openoutcry") != release() and len(told_cells) == len(described):
        # Another release may tell more of a cell, or less.
        shared = [told.keys() & cell.keys() for told, cell in zip(told_cells, described, strict=True)]
        told_cells, described = _only(told_cells, shared), _only(described, shared)
    if told_cells != described:
        complaints.append("the manifest's cells are not those of the campaign in it")
    return complaints


def _only(cells: Sequence[Mapping[str, Any]], keys: Sequence[Collection[str]]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in cell.items() if key in kept}
        for cell, kept in zip(cells, keys, strict=True)
    ]


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
