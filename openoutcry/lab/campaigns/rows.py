"""What a campaign keeps of each auction: columns of exact numbers, the same whoever computed them and in what pieces.

Money is kept twice: exactly, and as a float for plots. The exact number is an integer wherever it is one that fits 64
bits (`price_integer`), and otherwise text such as "7/12" (`price_fraction`); both are null where it is not known. What
a worker sends is numpy arrays; files are written by the process that commands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import ConfigurationError
from openoutcry.lab.campaigns.campaign import Campaign, Cell

if TYPE_CHECKING:
    from types import ModuleType

QUANTITIES = ("price", "revenue", "welfare", "optimum", "utility")
"""What all buyers pay for what they get; what all bidders pay, rewards taken off; what the outcome is worth to all;
what the best outcome would be worth; what the observed bidder gains."""

OPTIMAL_REVENUE = "optimal_revenue"
"""What the best auction for the market's prior earns on average: of the market, not of the auction."""

COUNTS = ("waves", "questions")
"""Waves of questions, and single questions: each level of a clock and each report asked for is one."""

LABELS = ("mechanism", "instances", "strategies")
"""What a cell is, in words."""

ROW_GROUP = 2**17
"""Rows of the result that are compressed together, however they were computed."""

_INTEGER_LIMIT = 2**63
_NOBODY = -1
_ENDINGS = ("integer", "fraction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One exact number for each of some auctions.

    Attributes:
        integers: The numbers that are integers of 64 bits; 0 elsewhere.
        texts: By row all others: a fraction or a large integer as text; None where it is not known.
    """

    integers: NDArray[np.int64]
    texts: Mapping[int, str | None]

    @staticmethod
    def of(numbers: Sequence[Fraction | int | None]) -> Quantity:
        """Return a column of these numbers."""
        integers = np.zeros(len(numbers), dtype=np.int64)
        texts: dict[int, str | None] = {}
        for row, number in enumerate(numbers):
            if number is None:
                texts[row] = None
            elif number.denominator == 1 and -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
                integers[row] = number.numerator
            else:
                texts[row] = str(number)
        return Quantity(integers=integers, texts=texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How consecutive auctions of one cell went.

    Attributes:
        winner: Roster index of the only buyer; -1 when nobody buys, or more than one.
        buyers: How many buy.
        defaults: How often a strategy failed and the documented default was taken.
        waves: How many waves of questions there were; None where they were not counted.
        questions: How many single questions; None where they were not counted.
        quantities: By each name of `QUANTITIES`.
    """

    winner: NDArray[np.int32]
    buyers: NDArray[np.int32]
    defaults: NDArray[np.int32]
    waves: NDArray[np.int32] | None
    questions: NDArray[np.int32] | None
    quantities: Mapping[str, Quantity]

    @property
    def count(self) -> int:
        """How many auctions."""
        return len(self.winner)


def import_arrow() -> ModuleType:
    """Return the library that reads and writes the results.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigurationError("campaigns write Parquet: pip install 'openoutcry[lab]'") from error
    library: ModuleType = pyarrow
    return library


def kept_schema() -> Any:
    """Return the Arrow schema of what a worker sends and a chunk's file holds: what cannot be worked out again."""
    arrow = import_arrow()
    fields = [
        arrow.field("winner", arrow.int32()),
        arrow.field("buyers", arrow.int32(), nullable=False),
        arrow.field("defaults", arrow.int32(), nullable=False),
        *(arrow.field(name, arrow.int32()) for name in COUNTS),
    ]
    for name in QUANTITIES:
        fields += _exact_fields(name)
    return arrow.schema(fields)


def _exact_fields(name: str) -> list[Any]:
    arrow = import_arrow()
    return [arrow.field(f"{name}_integer", arrow.int64()), arrow.field(f"{name}_fraction", arrow.string())]


def table_schema() -> Any:
    """Return the Arrow schema of the rows."""
    arrow = import_arrow()
    label = arrow.dictionary(arrow.int32(), arrow.string())
    kept = {field.name: field for field in kept_schema()}
    fields = [
        arrow.field("cell", arrow.int32(), nullable=False),
        *(arrow.field(name, label, nullable=False) for name in LABELS),
        arrow.field("market", arrow.int32(), nullable=False),
        arrow.field("auction", arrow.int64(), nullable=False),
        *(kept[name] for name in ("winner", "buyers", "defaults", *COUNTS)),
    ]
    for name in (*QUANTITIES, OPTIMAL_REVENUE):
        fields += [arrow.field(name, arrow.float64()), *_exact_fields(name)]
    return arrow.schema(fields)


def encode_rows(rows: Rows) -> bytes:
    """Return what is kept of some rows, compressed: an Arrow file."""
    arrow = import_arrow()
    columns = [
        arrow.array(rows.winner, mask=rows.winner == _NOBODY),
        arrow.array(rows.buyers),
        arrow.array(rows.defaults),
        *(
            arrow.nulls(rows.count, arrow.int32()) if counted is None else arrow.array(counted)
            for counted in (rows.waves, rows.questions)
        ),
    ]
    for name in QUANTITIES:
        columns += _encode_quantity(rows.quantities[name])
    sink = arrow.BufferOutputStream()
    schema = kept_schema()
    options = arrow.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
    with arrow.ipc.new_file(sink, schema, options=options) as writer:
        writer.write_table(arrow.table(columns, schema=schema))
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode_rows(data: bytes) -> Any:
    """Return the table that `encode_rows` wrote; raises ValueError for anything else."""
    arrow = import_arrow()
    table = arrow.ipc.open_file(arrow.py_buffer(data)).read_all()
    if table.schema != kept_schema():
        raise ValueError("these are not the columns that a chunk has")
    return table


def _encode_quantity(quantity: Quantity) -> list[Any]:
    arrow, count = import_arrow(), len(quantity.integers)
    if not quantity.texts:
        return [arrow.array(quantity.integers), arrow.nulls(count, arrow.string())]
    is_other = np.zeros(count, dtype=bool)
    texts: list[str | None] = [None] * count
    for row, text in quantity.texts.items():
        is_other[row], texts[row] = True, text
    return [arrow.array(quantity.integers, mask=is_other), arrow.array(texts, arrow.string())]


class TableMaker:
    """Makes whole rows of what is kept of them: adds what follows from the campaign, and floats.

    Args:
        campaign: Whose labels the rows carry.
        optima: The optimal revenue of each market, by its name; None, or left out, where it is not known.
    """

    def __init__(self, campaign: Campaign, optima: Mapping[str, Fraction | None]) -> None:
        self._arrow = import_arrow()
        self._optima = optima
        self._schema = table_schema()
        self._labels = {
            "mechanism": [cell.mechanism_label for cell in campaign.cells],
            "instances": [cell.instances_label for cell in campaign.cells],
            "strategies": [cell.strategies_label for cell in campaign.cells],
        }
        self._dictionaries = {
            column: self._arrow.array(list(dict.fromkeys(labels)), self._arrow.string())
            for column, labels in self._labels.items()
        }

    def make(self, cell: Cell, first: int, kept: Any) -> Any:
        """Return whole rows of a cell.

        Args:
            cell: Which.
            first: Number of the first auction in the cell.
            kept: As `decode_rows` gives it.
        """
        count = kept.num_rows
        auctions = np.arange(first, first + count, dtype=np.int64)
        markets = (auctions // cell.replications).astype(np.int32)
        made = {
            "cell": np.full(count, cell.number, dtype=np.int32),
            "market": markets,
            "auction": auctions,
        }
        made |= {column: self._constant(column, cell, count) for column in LABELS}
        exact = {name: [kept.column(f"{name}_{end}") for end in _ENDINGS] for name in QUANTITIES}
        exact[OPTIMAL_REVENUE] = self._optimal_revenues(cell, markets)
        for name, columns in exact.items():
            made[name] = as_floats(*columns)
            made |= {f"{name}_{end}": column for end, column in zip(_ENDINGS, columns, strict=True)}
        columns = [made[name] if name in made else kept.column(name) for name in self._schema.names]
        return self._arrow.table(columns, schema=self._schema)

    def _constant(self, column: str, cell: Cell, count: int) -> Any:
        dictionary = self._dictionaries[column]
        place = dictionary.index(self._labels[column][cell.number]).as_py()
        return self._arrow.DictionaryArray.from_arrays(np.full(count, place, dtype=np.int32), dictionary)

    def _optimal_revenues(self, cell: Cell, markets: NDArray[np.int32]) -> list[Any]:
        """Return the exact columns for auctions in these markets, which only rise."""
        if not self._optima:
            return [self._arrow.nulls(len(markets), field.type) for field in _exact_fields(OPTIMAL_REVENUE)]
        least, greatest = int(markets[0]), int(markets[-1])
        each = [self._optima.get(cell.market_name(market)) for market in range(least, greatest + 1)]
        return [
            column.take(self._arrow.array(markets - least)) for column in _encode_quantity(Quantity.of(each))
        ]


def as_floats(integers: Any, texts: Any) -> Any:
    """Return the floats beside exact numbers, the two columns of which are given."""
    arrow = import_arrow()
    floats = integers.cast(arrow.float64(), safe=False)
    if texts.null_count == len(texts):
        return floats
    numbers = floats.to_pylist()
    for row, text in enumerate(texts.to_pylist()):
        if text is not None:
            numbers[row] = _as_float(Fraction(text))
    return arrow.array(numbers, arrow.float64())


def _as_float(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


class Digest:
    """The SHA-256 of every column that matters, over its values in order and not over how a file packs them.

    What is left out follows from the others: labels and numbers from the place of a row, floats from exact numbers.
    """

    def __init__(self) -> None:
        exact = [f"{OPTIMAL_REVENUE}_{end}" for end in _ENDINGS]
        self._names: list[str] = [*kept_schema().names, *exact]
        self._hashes = {name: (hashlib.sha256(), hashlib.sha256()) for name in self._names}

    def update(self, table: Any) -> None:
        """Take up the rows of a table."""
        for name in self._names:
            column = table.column(name).combine_chunks()
            values, presence = self._hashes[name]
            presence.update(column.is_valid().cast("uint8").to_numpy())
            present = column.drop_null() if column.null_count else column
            if column.type == "string":
                for text in present.to_pylist():
                    values.update(len(text).to_bytes(8, "little") + text.encode())
                continue
            numbers = present.to_numpy(zero_copy_only=False)
            values.update(numbers.astype(numbers.dtype.newbyteorder("<"), copy=False))

    def columns(self) -> dict[str, str]:
        """Return the digest of each column in hexadecimal digits."""
        return {
            name: hashlib.sha256(values.digest() + presence.digest()).hexdigest()
            for name, (values, presence) in self._hashes.items()
        }


def write_rows(tables: Iterator[Any], path: Path) -> tuple[int, dict[str, str]]:
    """Write all rows into one Parquet file, which is there as a whole or not at all.

    The bytes depend on the rows and the library's release alone, not on the tables that they come in.

    Returns:
        How many rows there are, and the digest of each column.
    """
    arrow = import_arrow()
    digest, count = Digest(), 0
    partial = path.with_suffix(".partial")
    names = table_schema().names
    with (
        arrow.parquet.ParquetWriter(
            partial,
            table_schema(),
            compression="zstd",
            # Numbers that only rise make the worst dictionary.
            use_dictionary=[name for name in names if name != "auction"],
            column_encoding={"auction": "DELTA_BINARY_PACKED"},
        ) as writer,
        # Reading and hashing the next rows goes on while these are compressed; there is only one thread for each.
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        groups = regroup(tables)
        upcoming = beside.submit(next, groups, None)
        while (table := upcoming.result()) is not None:
            hashed = beside.submit(digest.update, table)
            upcoming = beside.submit(next, groups, None)
            writer.write_table(table, row_group_size=ROW_GROUP)
            hashed.result()
            count += table.num_rows
    partial.replace(path)
    return count, digest.columns()


def regroup(tables: Iterator[Any]) -> Iterator[Any]:
    """Yield the same rows in tables of `ROW_GROUP`, the last one smaller."""
    arrow = import_arrow()
    held: list[Any] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        while count >= ROW_GROUP:
            joined = arrow.concat_tables(held)
            yield joined.slice(0, ROW_GROUP).combine_chunks()
            held, count = [joined.slice(ROW_GROUP)], count - ROW_GROUP
    if count:
        yield arrow.concat_tables(held).combine_chunks()


def read_rows(path: Path) -> Iterator[Any]:
    """Yield the tables of a result, row group by row group."""
    arrow = import_arrow()
    with arrow.parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)
