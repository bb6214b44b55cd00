"""Runs a campaign: hands out chunks of about a second, keeps each on disk when it is done, and puts the rows together.

A directory holds one campaign. While it runs, `running.json` says of which one and `chunks/` holds what is done; the
same command goes on from there. At the end there are `rows.parquet` and `manifest.json`, and the chunks are removed.
How the work was cut up shows in neither: the rows are in the order of cells and auctions.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openoutcry.errors import CampaignError, ConfigurationError, OpenOutcryError, ServiceError
from openoutcry.lab.campaign import Campaign, Cell
from openoutcry.lab.engines import Engine, describe_release
from openoutcry.lab.rows import TableMaker, decode_rows, import_arrow, write_rows
from openoutcry.lab.work import Chunk, Done, check_cell, has_kernel, run_chunk

ROWS_FILE = "rows.parquet"
MANIFEST_FILE = "manifest.json"
STATE_FILE = "running.json"
CHUNKS_FOLDER = "chunks"
STATE_FORMAT = "openoutcry-campaign-state/1"

CHUNK_SECONDS = 1.0
LEAST_CHUNK_SECONDS = 0.1
"""Near the end chunks become smaller, so that all workers end at about the same time, but not smaller than this."""

FIRST_KERNEL_CHUNK = 50_000
FIRST_CHUNK = 8
GROWTH = 8
"""A chunk is at most so many times the one before it: the first auctions of a cell tell little of its pace."""

AHEAD = 2
"""Chunks handed out for each worker, so that none waits for the next."""

ATTEMPTS = 5
"""How often a chunk is handed out again after the process that worked on it was lost."""

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a campaign left behind.

    Attributes:
        rows: The file of rows.
        count: How many.
        columns: The digest of each column.
        resumed: How many auctions were there from an earlier run.
    """

    rows: Path
    count: int
    columns: dict[str, str]
    resumed: int


def check_campaign(campaign: Campaign) -> None:
    """Refuse a campaign with a cell that cannot be played on its first market.

    Raises:
        CampaignError: Naming the cell.
        ConfigurationError: The library that writes results is not installed.
    """
    import_arrow()
    for cell in campaign.cells:
        try:
            check_cell(campaign.seed, str(campaign.directory), cell)
        except OpenOutcryError as error:
            key = f"{cell.mechanism_label} on {cell.instances_label}"
            raise CampaignError(file=campaign.file, key=key, reason=str(error)) from error


def run_campaign(campaign: Campaign, directory: Path, engine: Engine, *, tell: Tell) -> Finished:
    """Run what is left of a campaign, and put its rows together.

    Args:
        campaign: Checked.
        directory: Where its chunks are kept and the rows go; as `open_directory` left it.
        engine: Does the work.
        tell: Called with the number of auctions whenever some are done, at first with those of an earlier run.

    Raises:
        CampaignError: An auction cannot be played.
        ServiceError: A chunk was lost together with its worker too often.
    """
    shelf = _Shelf(campaign, directory)
    resumed = shelf.take_stock()
    tell(resumed)
    _Dispatcher(campaign, shelf, engine, tell).run()
    count, columns = write_rows(shelf.tables(), directory / ROWS_FILE)
    return Finished(rows=directory / ROWS_FILE, count=count, columns=columns, resumed=resumed)


def open_directory(campaign: Campaign, directory: Path, *, restart: bool) -> None:
    """Make a directory ready for a campaign.

    Args:
        campaign: To be run in it.
        directory: New, empty, or of an earlier run.
        restart: Whether what an earlier run left there is thrown away.

    Raises:
        CampaignError: It holds another campaign, another release's results, or something that is not ours.
    """
    ours = {"format": STATE_FORMAT, **identity(campaign)}
    state = directory / STATE_FILE
    if restart:
        for name in (ROWS_FILE, MANIFEST_FILE, STATE_FILE):
            (directory / name).unlink(missing_ok=True)
        shutil.rmtree(directory / CHUNKS_FOLDER, ignore_errors=True)
    found = _read_state(state)
    if found is not None:
        if found != ours:
            reason = "belongs to another campaign or release: name another directory, or start again with --restart"
            raise CampaignError(file=str(directory), key="", reason=reason)
        return
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        reason = "is not empty, and no campaign was begun there: name another directory"
        raise CampaignError(file=str(directory), key="", reason=reason)
    try:
        (directory / CHUNKS_FOLDER).mkdir(parents=True)
        state.write_text(json.dumps(ours), encoding="utf-8")
    except OSError as error:
        raise CampaignError(
            file=str(directory), key="", reason=f"cannot be used: {error.strerror}"
        ) from error


def identity(campaign: Campaign) -> dict[str, object]:
    """Return what must be the same for rows to belong together."""
    release, numpy = describe_release()
    return {
        "campaign": campaign.digest,
        "strategies": campaign.strategy_files(),
        "release": release,
        "numpy": numpy,
    }


def remove_chunks(directory: Path) -> None:
    """Remove what the finished rows make superfluous."""
    shutil.rmtree(directory / CHUNKS_FOLDER, ignore_errors=True)


def _read_state(state: Path) -> object:
    try:
        return json.loads(state.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return "unreadable"


class _Shelf:
    """The chunks that are done, each in a file of its own."""

    def __init__(self, campaign: Campaign, directory: Path) -> None:
        self._campaign = campaign
        self._folder = directory / CHUNKS_FOLDER
        self._maker = TableMaker(campaign)
        # For each cell the files by first auction, with their counts.
        self._done: list[dict[int, tuple[int, Path]]] = [{} for _ in campaign.cells]

    def take_stock(self) -> int:
        """Look at what an earlier run left, throw away what cannot be read, and return how many auctions are done."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.iterdir()):
            try:
                number, first, count = map(int, path.stem.split("-"))
                if path.suffix != ".arrow" or decode_rows(path.read_bytes()).num_rows != count:
                    raise ValueError(path)
            except (ValueError, OSError):
                # A file that was being written when the power went, or that is none of ours.
                path.unlink()
                continue
            self._done[number][first] = (count, path)
        return sum(count for cell in self._done for count, _ in cell.values())

    def keep(self, chunk: Chunk, rows: bytes) -> None:
        """Keep the rows of a chunk."""
        path = self._folder / f"{chunk.cell.number:05d}-{chunk.first:012d}-{chunk.count:09d}.arrow"
        partial = path.with_suffix(".partial")
        partial.write_bytes(rows)
        os.replace(partial, path)
        self._done[chunk.cell.number][chunk.first] = (chunk.count, path)

    def gaps(self, cell: Cell) -> Iterator[tuple[int, int]]:
        """Yield the stretches of auctions that are still to be played: first and one past the last."""
        at = 0
        for first, (count, _) in sorted(self._done[cell.number].items()):
            if first > at:
                yield at, first
            at = first + count
        if at < cell.auctions:
            yield at, cell.auctions

    def tables(self) -> Iterator[Any]:
        """Yield all tables, in the order of cells and auctions."""
        for cell, chunks in zip(self._campaign.cells, self._done, strict=True):
            for first, (_, path) in sorted(chunks.items()):
                yield self._maker.make(cell, first, decode_rows(path.read_bytes()))


@dataclass(slots=True, kw_only=True)
class _Pace:
    """How large the next chunk of a cell should be."""

    largest: int
    seconds_each: float | None = None

    def size(self, share: int | None) -> int:
        """Return how many auctions the next chunk has; `share` is what would let all workers end together."""
        if self.seconds_each is None:
            return self.largest
        rate = 1 / max(self.seconds_each, 1e-9)
        wanted = CHUNK_SECONDS * rate
        if share is not None:
            wanted = max(min(wanted, share), LEAST_CHUNK_SECONDS * rate)
        return max(1, min(self.largest, round(wanted)))

    def learn(self, count: int, seconds: float) -> None:
        self.seconds_each = seconds / count
        self.largest = max(self.largest, GROWTH * count)


@dataclass(slots=True, kw_only=True)
class _Handed:
    """A chunk that a worker has."""

    chunk: Chunk
    attempts: int = field(default=1)


class _Dispatcher:
    """Hands out chunks and takes back what is done."""

    def __init__(self, campaign: Campaign, shelf: _Shelf, engine: Engine, tell: Tell) -> None:
        self._campaign = campaign
        self._shelf = shelf
        self._engine = engine
        self._tell = tell
        self._paces: dict[int, _Pace] = {}
        self._again: deque[_Handed] = deque()
        self._handed: dict[Future[Done], _Handed] = {}

    def run(self) -> None:
        """Work until nothing is left."""
        chunks = self._cut()
        is_all_cut = False
        while self._handed or self._again or not is_all_cut:
            while (len(self._handed) < AHEAD * self._engine.workers and not is_all_cut) or self._again:
                if self._again:
                    self._hand_out(self._again.popleft())
                elif (chunk := next(chunks, None)) is not None:
                    self._hand_out(_Handed(chunk=chunk))
                else:
                    is_all_cut = True
            if self._handed:
                done, _ = wait(self._handed, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take_back(future, self._handed.pop(future))

    def _cut(self) -> Iterator[Chunk]:
        for cell in self._campaign.cells:
            pace = self._paces[cell.number] = _Pace(
                largest=FIRST_KERNEL_CHUNK if has_kernel(self._campaign.seed, cell) else FIRST_CHUNK
            )
            for first, stop in self._shelf.gaps(cell):
                at = first
                while at < stop:
                    count = min(pace.size(self._share_left(cell, stop - at)), stop - at)
                    yield Chunk(
                        seed=self._campaign.seed,
                        directory=str(self._campaign.directory.absolute()),
                        cell=cell,
                        first=at,
                        count=count,
                    )
                    at += count

    def _share_left(self, cell: Cell, left: int) -> int | None:
        """Return what is left of the last cell for each worker, in two turns; None in the cells before it."""
        if cell.number < len(self._campaign.cells) - 1:
            return None
        return -(-left // (AHEAD * self._engine.workers))

    def _hand_out(self, handed: _Handed) -> None:
        self._handed[self._engine.submit(run_chunk, handed.chunk)] = handed

    def _take_back(self, future: Future[Done], handed: _Handed) -> None:
        error = future.exception()
        chunk = handed.chunk
        if error is not None:
            if not self._engine.is_worker_lost(error):
                raise error
            if handed.attempts == ATTEMPTS:
                raise ServiceError(
                    f"workers were lost {ATTEMPTS} times while they played auctions {chunk.first}.."
                    f"{chunk.first + chunk.count - 1} of {chunk.cell.mechanism_label}: is there memory enough?"
                ) from error
            self._again.append(_Handed(chunk=chunk, attempts=handed.attempts + 1))
            return
        done = future.result()
        if done.rows is None:
            raise CampaignError(file=self._campaign.file, key="", reason=done.problem)
        self._paces[chunk.cell.number].learn(chunk.count, done.seconds)
        try:
            self._shelf.keep(chunk, done.rows)
        except OSError as problem:
            raise ConfigurationError(f"the rows cannot be kept: {problem}") from problem
        self._tell(chunk.count)


def stop_quietly(engine: Engine) -> None:
    """Stop an engine whose failure no longer matters."""
    with suppress(Exception):
        engine.stop()
