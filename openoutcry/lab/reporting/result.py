"""The result of a campaign, opened: its manifest and its rows, after a look whether they belong together.

Rows lie in the order of cells and auctions, so a cell is a stretch of them. They are read in stretches of the file's
own, of which a few are kept, and never all at once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.campaign import Campaign, Cell
from openoutcry.lab.campaigns.manifest import campaign_in, read_manifest
from openoutcry.lab.campaigns.row_checks import are_rows_of
from openoutcry.lab.campaigns.rows import import_arrow
from openoutcry.lab.campaigns.running import MANIFEST_FILE
from openoutcry.lab.statistics import Numbers

COLUMNS = (
    "buyers",
    "defaults",
    "waves",
    "questions",
    "price",
    "revenue",
    "welfare",
    "optimum",
    "utility",
    "optimal_revenue",
)
"""Columns that figures are made of, where a result has them."""

_KEPT = 8
_READ_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A campaign's result.

    Attributes:
        manifest: As it stands in the file.
        campaign: What was played.
        manifest_file: Where the manifest lies.
        rows_file: Where the rows lie.
        starts: Length of the cells: the first row of each.
        columns: Those of `COLUMNS` that the rows have.
    """

    manifest: Mapping[str, Any]
    campaign: Campaign
    manifest_file: Path
    rows_file: Path
    starts: tuple[int, ...]
    columns: tuple[str, ...]


def open_result(path: Path) -> Result:
    """Open a result.

    Args:
        path: The directory of a campaign's result, its manifest, or its rows.

    Raises:
        CampaignError: There is none, or the rows are not those that the manifest is of.
    """
    manifest_file = _find_manifest(path)
    manifest = read_manifest(manifest_file)
    # Files of strategies are not needed to look at what they did.
    campaign = campaign_in(manifest, manifest_file)
    rows_file = manifest_file.parent / Path(manifest["rows"]["file"]).name
    columns = _check_rows(manifest, campaign, manifest_file, rows_file)
    starts = (0, *accumulate(cell.auctions for cell in campaign.cells))
    return Result(
        manifest=manifest,
        campaign=campaign,
        manifest_file=manifest_file,
        rows_file=rows_file,
        starts=starts[:-1],
        columns=columns,
    )


def _find_manifest(path: Path) -> Path:
    if not path.exists():
        reason = "is not there: name the directory that `auctioneer sweep` wrote, such as runs/NAME"
        raise CampaignError(file=str(path), key="", reason=reason)
    if path.is_dir():
        found = path / MANIFEST_FILE
        if not found.is_file():
            reason = f"holds no {MANIFEST_FILE}: name the directory that `auctioneer sweep` wrote, when it has finished"
            raise CampaignError(file=str(path), key="", reason=reason)
        return found
    if path.suffix == ".parquet":
        return path.parent / MANIFEST_FILE
    if path.suffix != ".json":
        reason = "is no result: name the directory that `auctioneer sweep` wrote, or the manifest or the rows in it"
        raise CampaignError(file=str(path), key="", reason=reason)
    return path


def _check_rows(
    manifest: Mapping[str, Any], campaign: Campaign, manifest_file: Path, rows_file: Path
) -> tuple[str, ...]:
    """Refuse rows that are not those of the manifest, and return which columns of figures they have."""
    arrow = import_arrow()
    file = str(rows_file)
    if not rows_file.is_file():
        reason = (
            f"is not there: {manifest_file} says that the rows are in it; "
            f"`auctioneer sweep --reproduce {manifest_file}` checks that they can be made again"
        )
        raise CampaignError(file=file, key="", reason=reason)
    if _digest(rows_file) != manifest["rows"]["sha256"] and not are_rows_of(
        campaign, manifest["rows"]["columns"], rows_file
    ):
        reason = f"holds other rows than {manifest_file} tells of: keep the two files of one result together"
        raise CampaignError(file=file, key="", reason=reason)
    with arrow.parquet.ParquetFile(rows_file) as rows:
        count, names = rows.metadata.num_rows, rows.schema_arrow.names
    if count != campaign.auctions:
        reason = f"holds {count} rows, and the campaign has {campaign.auctions} auctions"
        raise CampaignError(file=file, key="", reason=reason)
    return tuple(name for name in COLUMNS if name in names)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                digest.update(data)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise CampaignError(file=str(path), key="", reason=reason) from error
    return digest.hexdigest()


class RowReader:
    """Reads the figures of cells.

    Args:
        result: Whose.
    """

    def __init__(self, result: Result) -> None:
        self._result = result
        arrow = import_arrow()
        self._file = arrow.parquet.ParquetFile(result.rows_file)
        sizes = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
        self._ends = list(accumulate(sizes))
        self._kept: OrderedDict[int, dict[str, Numbers]] = OrderedDict()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, cell: Cell) -> dict[str, Numbers]:
        """Return the columns of a cell as floats; what is not known is no number (NaN)."""
        start = self._result.starts[cell.number]
        stop = start + cell.auctions
        parts = [
            {name: values[first:last] for name, values in self._group(group).items()}
            for group, first, last in self._stretches(start, stop)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in self._result.columns}

    def _stretches(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yield which rows of which groups lie between two rows of the file."""
        begin = 0
        for group, end in enumerate(self._ends):
            if begin < stop and start < end:
                yield group, max(start, begin) - begin, min(stop, end) - begin
            begin = end

    def _group(self, group: int) -> dict[str, Numbers]:
        if group in self._kept:
            self._kept.move_to_end(group)
            return self._kept[group]
        table = self._file.read_row_group(group, columns=list(self._result.columns))
        self._kept[group] = {
            name: table.column(name).to_numpy().astype(np.float64, copy=False)
            for name in self._result.columns
        }
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[group]
