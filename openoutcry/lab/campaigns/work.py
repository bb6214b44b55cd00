"""What a worker does: plays some consecutive auctions of one cell, by a kernel where there is one, else one by one.

A function of its argument alone, in whatever process or machine it runs. Markets, kernels and auctions that were made
once are kept for the next piece of work. What cannot be played is answered with a line of text, not with an exception,
so that it arrives the same from every engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from platform import node
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import ConfigurationError, OpenOutcryError
from openoutcry.lab.campaigns.campaign import Cell, Raw
from openoutcry.lab.campaigns.rows import QUANTITIES, Quantity, Rows, encode_rows
from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.generator import Instances, SignalInstances, TypeInstances
from openoutcry.lab.instances.registry import find_generator
from openoutcry.lab.kernels.signal_discovery import Batch, SignalDiscoveryKernel, why_not
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from openoutcry.simulation.play import Auction, PlayResult
from openoutcry.strategies import load_strategy

BATCH = 4096
"""Auctions that a kernel computes at once: enough to outweigh the calls, few enough for the processor's cache."""

KERNEL_MECHANISM = "signal-discovery"
TRUTHFUL = "truthful"
_KEPT = 16

StrategyFiles = tuple[tuple[str, str], ...]
"""Files of strategies, each with the SHA-256 of what is in it, in hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of work.

    Attributes:
        seed: The campaign's.
        directory: Where relative files of strategies start.
        strategies: The files of strategies with the SHA-256 that they had when the campaign began.
        cell: Which cell.
        first: Number of the first auction in the cell.
        count: How many.
    """

    seed: str
    directory: str
    strategies: StrategyFiles
    cell: Cell
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a piece of work.

    Attributes:
        rows: How the auctions went, encoded; None when one could not be played.
        seconds: How long it took.
        problem: Why one could not be played, and which; empty otherwise.
    """

    rows: bytes | None
    seconds: float
    problem: str = ""


def run_chunk(chunk: Chunk) -> Done:
    """Play the auctions of a piece of work."""
    began = perf_counter()
    cell = chunk.cell
    parts = []
    first, stop = chunk.first, chunk.first + chunk.count
    problem = _complain_of_files(Path(chunk.directory), chunk.strategies)
    if problem:
        return Done(rows=None, seconds=perf_counter() - began, problem=problem)
    while first < stop:
        market, index = divmod(first, cell.replications)
        count = min(stop - first, cell.replications - index)
        try:
            parts += _play_market(chunk, market, index, count)
        except OpenOutcryError as error:
            problem = f"{cell.mechanism_label} on market {market} of {cell.instances_label}: {error}"
            return Done(rows=None, seconds=perf_counter() - began, problem=problem)
        first += count
    rows = encode_rows(_join(parts))
    return Done(rows=rows, seconds=perf_counter() - began)


def has_kernel(seed: str, cell: Cell) -> bool:
    """Return whether the first market of a cell is played by a kernel."""
    return _find_kernel(seed, cell, 0) is not None


def check_cell(seed: str, directory: str, cell: Cell) -> None:
    """Refuse a cell whose first market cannot be drawn or played.

    Raises:
        OpenOutcryError: Saying why.
    """
    _auction(seed, directory, (), _without_number(cell), 0)
    for strategy in {cell.everyone, cell.observed}:
        _load(strategy, directory)


def _complain_of_files(directory: Path, strategies: StrategyFiles) -> str:
    """Return which file of a strategy is not here as it was when the campaign began; empty when all are."""
    for file, digest in strategies:
        path = directory / file
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            advice = "workers need the files of strategies at the same place"
            return f"{path} cannot be read on {node()}: {error.strerror}; {advice}"
        if found != digest:
            advice = "put it back, or begin anew with --restart"
            return f"{path} on {node()} is not what it was when the campaign began: {advice}"
    return ""


def _play_market(chunk: Chunk, market: int, index: int, count: int) -> list[Rows]:
    cell = _without_number(chunk.cell)
    # Once for all campaigns that differ only in how much is played.
    kernel = _kernel(chunk.seed, replace(cell, markets=1, replications=1, observed_bidder=0), market)
    if kernel is None:
        return [_play_each(chunk, cell, market, index, count)]
    instances = draw_instances(chunk.seed, cell.generator, cell.instance_parameters, cell.luck_name(market))
    assert isinstance(instances, SignalInstances)
    parts = []
    for start in range(index, index + count, BATCH):
        signals = instances.signals(start, min(BATCH, index + count - start))
        batch = kernel.run(instances.luck, start, signals)
        parts.append(_batch_rows(batch, cell.observed_bidder))
    return parts


def _play_each(chunk: Chunk, cell: Cell, market: int, index: int, count: int) -> Rows:
    instances = draw_instances(chunk.seed, cell.generator, cell.instance_parameters, cell.luck_name(market))
    auction = _auction(chunk.seed, chunk.directory, chunk.strategies, cell, market)
    size, observed = len(auction.market.bidders), cell.observed_bidder
    strategies = [cell.everyone] * size
    strategies[observed] = cell.observed
    results = [
        auction.play(
            instances.private(number),
            seed=instances.luck.bidder_seed(number),
            strategies=strategies,
            chance=instances.luck.chance(number, size),
        )
        for number in range(index, index + count)
    ]
    return _result_rows(results, observed, counts=cell.conversation)


def _result_rows(results: Sequence[PlayResult], observed: int, *, counts: bool) -> Rows:
    winners = [-1 if result.winner is None else result.names.index(result.winner) for result in results]
    return Rows(
        winner=np.array(winners, dtype=np.int32),
        buyers=np.array([len(result.awards) for result in results], dtype=np.int32),
        defaults=np.array([len(result.defaults) for result in results], dtype=np.int32),
        waves=np.array([result.waves for result in results], dtype=np.int32) if counts else None,
        questions=np.array([result.questions for result in results], dtype=np.int32) if counts else None,
        quantities={
            "price": Quantity.of([result.price for result in results]),
            "revenue": Quantity.of([result.revenue for result in results]),
            "welfare": Quantity.of([result.welfare for result in results]),
            "optimum": Quantity.of([result.optimum for result in results]),
            "utility": Quantity.of([result.utilities[observed] for result in results]),
        },
    )


def _batch_rows(batch: Batch, observed: int) -> Rows:
    gains = np.where(batch.winner == observed, batch.welfare - batch.price, 0)
    numbers = {
        "price": batch.price,
        "revenue": batch.price,
        "welfare": batch.welfare,
        "optimum": batch.optimum,
        "utility": gains,
    }
    return Rows(
        winner=batch.winner.astype(np.int32),
        buyers=(batch.winner >= 0).astype(np.int32),
        defaults=np.zeros(len(batch.winner), dtype=np.int32),
        waves=None,
        questions=None,
        quantities={name: Quantity(integers=numbers[name], texts={}) for name in QUANTITIES},
    )


def _join(parts: Sequence[Rows]) -> Rows:
    quantities = {}
    for name in QUANTITIES:
        texts: dict[int, str | None] = {}
        start = 0
        for part in parts:
            texts |= {start + row: text for row, text in part.quantities[name].texts.items()}
            start += part.count
        integers = np.concatenate([part.quantities[name].integers for part in parts])
        quantities[name] = Quantity(integers=integers, texts=texts)
    return Rows(
        winner=np.concatenate([part.winner for part in parts]),
        buyers=np.concatenate([part.buyers for part in parts]),
        defaults=np.concatenate([part.defaults for part in parts]),
        waves=_join_counts([part.waves for part in parts]),
        questions=_join_counts([part.questions for part in parts]),
        quantities=quantities,
    )


def _join_counts(parts: Sequence[NDArray[np.int32] | None]) -> NDArray[np.int32] | None:
    """Return the parts in one; all parts of a cell are counted, or none."""
    counted = [part for part in parts if part is not None]
    return np.concatenate(counted) if counted else None


def _without_number(cell: Cell) -> Cell:
    # What is kept for one cell serves every other that differs in nothing else.
    return replace(cell, number=0)


@lru_cache(maxsize=_KEPT)
def draw_instances(seed: str, generator: str, parameters: Raw, luck: str) -> Instances:
    """Draw a market of a campaign, or return it once more.

    Args:
        seed: The campaign's.
        generator: Name of the instance generator.
        parameters: Of the generator.
        luck: Of the market: `Cell.luck_name`.

    Raises:
        ConfigurationError: It cannot be drawn.
    """
    found = find_generator(generator)
    return found.draw(found.configure(dict(parameters)), Luck(seed=seed, market=luck))


def _find_kernel(seed: str, cell: Cell, market: int) -> tuple[SignalInstances, SignalDiscovery] | None:
    """Return what a kernel plays instead of the generator, or None when there is none for it."""
    if (
        cell.conversation
        or cell.mechanism != KERNEL_MECHANISM
        or {cell.everyone, cell.observed} != {TRUTHFUL}
    ):
        return None
    instances = draw_instances(seed, cell.generator, cell.instance_parameters, cell.luck_name(market))
    parameters = find_mechanism(cell.mechanism).configure(dict(cell.parameters))
    if not isinstance(instances, SignalInstances) or why_not(instances.market, parameters) is not None:
        return None
    return instances, parameters


@lru_cache(maxsize=_KEPT)
def _kernel(seed: str, cell: Cell, market: int) -> SignalDiscoveryKernel | None:
    found = _find_kernel(seed, cell, market)
    if found is None:
        return None
    instances, parameters = found
    engine: Literal["numpy", "numba"] = "numpy" if find_spec("numba") is None else "numba"
    return SignalDiscoveryKernel(instances.market, parameters, engine=engine)


@lru_cache(maxsize=_KEPT)
def _auction(seed: str, directory: str, strategies: StrategyFiles, cell: Cell, market: int) -> Auction:
    # An auction looks each strategy up once. Their digests are not read here, but with others it is another auction:
    # the workers of a cluster outlive campaigns, and what people do to a file between them.
    instances = draw_instances(seed, cell.generator, cell.instance_parameters, cell.luck_name(market))
    public = instances.market
    if isinstance(instances, TypeInstances) and find_mechanism(cell.mechanism).uses_prior:
        public = replace(instances.market, prior=instances.prior)
    _check_observed(cell, len(public.bidders))
    find = partial(load_strategy, base_directory=Path(directory))
    return Auction(public, cell.mechanism, dict(cell.parameters), find=find)


def _check_observed(cell: Cell, size: int) -> None:
    if cell.observed_bidder >= size:
        raise ConfigurationError(
            f"bidder {cell.observed_bidder} is to be observed, and there are {size}, counted from 0"
        )


def _load(strategy: str, directory: str) -> None:
    load_strategy(strategy, base_directory=Path(directory)).make()
