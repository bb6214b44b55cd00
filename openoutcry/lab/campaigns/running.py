"""Runs a campaign: hands out chunks of about a second, keeps each on disk when it is done, and puts the rows together.

A directory holds one campaign. While it runs, `running.json` says of which one and `chunks/` holds what is done; the
same command goes on from there. At the end there are `rows.parquet` and `manifest.json`, and the chunks are removed.
How the work was cut up shows in neither: the rows are in the order of cells and auctions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openoutcry.errors import CampaignError, ConfigurationError, OpenOutcryError
from openoutcry.lab.campaigns.campaign import Campaign, Cell
from openoutcry.lab.campaigns.dispatching import AHEAD, Dispatcher
from openoutcry.lab.campaigns.engines import Engine, describe_release
from openoutcry.lab.campaigns.optima import Optima, TellMarkets, find_optima
from openoutcry.lab.campaigns.rows import TableMaker, decode_rows, import_arrow, write_rows
from openoutcry.lab.campaigns.storing import locked, store
from openoutcry.lab.campaigns.work import Chunk, Done, check_cell, has_kernel, run_chunk

ROWS_FILE = "rows.parquet"
MANIFEST_FILE = "manifest.json"
STATE_FILE = "running.json"
CHUNKS_FOLDER = "chunks"
OPTIMA_FOLDER = "optima"
STATE_FORMAT = "openoutcry-campaign-state/1"

CHUNK_SECONDS = 1.0
LEAST_CHUNK_SECONDS = 0.05
"""Near the end chunks become smaller, so that all workers end at about the same time, but not smaller than this."""

FIRST_KERNEL_CHUNK = 50_000
FIRST_CHUNK = 8
GROWTH = 8
"""A chunk is at most so many times the one before it: the first auctions of a cell tell little of its pace."""

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a campaign left behind.

    Attributes:
        rows: The file of rows.
        count: How many.
        columns: The digest of each column.
        strategies: The SHA-256 of every strategy's file, by name, as the campaign played it.
        resumed: How many auctions were there from an earlier run.
        notes: Lines for a person about what is missing in the rows.
    """

    rows: Path
    count: int
    columns: dict[str, str]
    strategies: dict[str, str]
    resumed: int
    notes: tuple[str, ...]


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


def run_campaign(
    campaign: Campaign,
    directory: Path,
    engine: Engine,
    *,
    tell: Tell,
    tell_markets: TellMarkets | None = None,
) -> Finished:
    """Run what is left of a campaign, and put its rows together.

    Args:
        campaign: Checked.
        directory: Where its chunks are kept and the rows go; as `open_directory` left it.
        engine: Does the work.
        tell: Called with the number of auctions whenever some are done, at first with those of an earlier run.
        tell_markets: Told how many optimal revenues are worked out, where the campaign asks for them.

    Raises:
        CampaignError: An auction cannot be played.
        ServiceError: A chunk was lost together with its worker too often.
        ConfigurationError: What is done cannot be written down.
    """
    strategies = campaign.strategy_files()
    optima = find_optima(campaign, directory / OPTIMA_FOLDER, engine, tell=tell_markets)
    shelf = _Shelf(campaign, directory, optima)
    resumed = shelf.take_stock()
    tell(resumed)
    _play(campaign, strategies, shelf, engine, tell)
    try:
        count, columns = write_rows(shelf.tables(), directory / ROWS_FILE)
    except OSError as error:
        raise ConfigurationError(f"{directory / ROWS_FILE} cannot be written: {error}") from error
    return Finished(
        rows=directory / ROWS_FILE,
        count=count,
        columns=columns,
        strategies=strategies,
        resumed=resumed,
        notes=(optima.note,) if optima.note else (),
    )


@contextmanager
def open_directory(campaign: Campaign, directory: Path, *, restart: bool) -> Iterator[None]:
    """Make a directory ready for a campaign, and keep other commands out of it meanwhile.

    Args:
        campaign: To be run in it.
        directory: New, empty, or of an earlier run.
        restart: Whether what an earlier run left there is thrown away.

    Raises:
        CampaignError: It holds another campaign, another release's results, or something that is not ours; or another
            process is at work there.
    """
    with ExitStack() as held:
        try:
            names = {path.name for path in directory.iterdir()} if directory.exists() else set()
            if names and STATE_FILE not in names:
                reason = "is not empty, and no campaign was begun there: name another directory"
                raise CampaignError(file=str(directory), key="", reason=reason)
            directory.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(directory / STATE_FILE))
            _take_over(campaign, directory, restart=restart)
        except OSError as error:
            reason = f"cannot be used: {error.strerror}"
            raise CampaignError(file=str(directory), key="", reason=reason) from error
        yield


def _take_over(campaign: Campaign, directory: Path, *, restart: bool) -> None:
    ours = {"format": STATE_FORMAT, **identity(campaign)}
    state = directory / STATE_FILE
    if restart:
        for name in (ROWS_FILE, MANIFEST_FILE):
            (directory / name).unlink(missing_ok=True)
        remove_work(directory)
    found = None if restart else _read_state(state)
    if found is not None and found != ours:
        reason = (
            "belongs to another campaign or release: name another directory, or start again with --restart"
        )
        raise CampaignError(file=str(directory), key="", reason=reason)
    if found is None:
        # The file is locked: it is written over, not replaced.
        state.write_text(json.dumps(ours), encoding="utf-8")


def identity(campaign: Campaign) -> dict[str, object]:
    """Return what must be the same for rows to belong together."""
    release, numpy = describe_release()
    return {
        "campaign": campaign.digest,
        "strategies": campaign.strategy_files(),
        "release": release,
        "numpy": numpy,
    }


def remove_work(directory: Path) -> None:
    """Remove what the finished rows make superfluous."""
    for folder in (CHUNKS_FOLDER, OPTIMA_FOLDER):
        shutil.rmtree(directory / folder, ignore_errors=True)


def _read_state(state: Path) -> object:
    """Return what the file of state holds; None where it was only just made."""
    try:
        text = state.read_text(encoding="utf-8")
        return json.loads(text) if text else None
    except ValueError:
        return "unreadable"


class _Shelf:
    """The chunks that are done, each in a file of its own."""

    def __init__(self, campaign: Campaign, directory: Path, optima: Optima) -> None:
        self._campaign = campaign
        self._folder = directory / CHUNKS_FOLDER
        self._maker = TableMaker(campaign, optima.revenues)
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
        store(path, rows)
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


class _Cutter:
    """Cuts what is still to be played into chunks of about a second."""

    def __init__(
        self, campaign: Campaign, strategies: Mapping[str, str], shelf: _Shelf, workers: int
    ) -> None:
        self._campaign = campaign
        self._strategies = tuple(strategies.items())
        self._shelf = shelf
        self._workers = workers
        self._paces: dict[int, _Pace] = {}

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks, in the order of cells and auctions; how large each is, is decided when it is asked for."""
        for cell in self._campaign.cells:
            pace = self._paces[cell.number] = _Pace(largest=self._first_size(cell))
            for first, stop in self._shelf.gaps(cell):
                at = first
                while at < stop:
                    count = min(pace.size(self._share_left(cell, stop - at)), stop - at)
                    yield Chunk(
                        seed=self._campaign.seed,
                        directory=str(self._campaign.directory.absolute()),
                        strategies=self._strategies,
                        cell=cell,
                        first=at,
                        count=count,
                    )
                    at += count

    def learn(self, chunk: Chunk, seconds: float) -> None:
        """Take note of how long a chunk took."""
        self._paces[chunk.cell.number].learn(chunk.count, seconds)

    def _first_size(self, cell: Cell) -> int:
        """Return how many auctions are handed out before anything is known of a cell's pace."""
        if not has_kernel(self._campaign.seed, cell):
            return FIRST_CHUNK
        # A kernel plays a market at once; what takes time where markets are small is to draw them.
        return max(FIRST_CHUNK, min(FIRST_KERNEL_CHUNK, cell.replications))

    def _share_left(self, cell: Cell, left: int) -> int | None:
        """Return what is left of the last cell for each worker, in two turns; None in the cells before it."""
        if cell.number < len(self._campaign.cells) - 1:
            return None
        return -(-left // (AHEAD * self._workers))


def _play(
    campaign: Campaign, strategies: Mapping[str, str], shelf: _Shelf, engine: Engine, tell: Tell
) -> None:
    """Play what is left."""
    cutter = _Cutter(campaign, strategies, shelf, engine.workers)

    def take(chunk: Chunk, done: Done) -> None:
        if done.rows is None:
            raise CampaignError(file=campaign.file, key="", reason=done.problem)
        cutter.learn(chunk, done.seconds)
        shelf.keep(chunk, done.rows)
        tell(chunk.count)

    Dispatcher(engine, run_chunk, take=take, describe=_describe).run(cutter.chunks())


def _describe(chunk: Chunk) -> str:
    last = chunk.first + chunk.count - 1
    return f"auctions {chunk.first}..{last} of {chunk.cell.mechanism_label}"
