"""What each bidder knows of the types beside the prior: nothing but its own, everything, or cells from a CSV file.

A partition file has one column for each bidder, naming a type in each row, then columns of labels: for whoever knows
by that column, profiles with equal labels are one cell, and it believes the prior given its cell. Every profile that
the prior allows must be in it, and no cell may hold two of the bidder's own types, since it knows its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openoutcry.mechanisms.crowd.distributions import Distribution, Profile
from openoutcry.mechanisms.crowd.knowledge import Partition, cells, full, own_value
from openoutcry.scenario.distributions import limited, read_profile
from openoutcry.scenario.document import Document
from openoutcry.scenario.schema import format_key, nearest
from openoutcry.scenario.sheet import check_columns, check_width, read_text, row_refusal, split_rows
from openoutcry.scenario.type_lists import TypeList

OWN_VALUE = "own-value"
FULL = "full"


def read_knowledge(
    document: Document, types: Sequence[TypeList], prior: Distribution
) -> Mapping[str, Partition]:
    """Read `knowledge` of `[prior]`: a partition for each bidder that it names.

    Raises:
        ScenarioError: Somebody is no bidder, something is no knowledge, or a partition file is wrong.
    """
    raw: Mapping[str, str] = document.content["prior"].get("knowledge", {})
    files: dict[str, _PartitionFile] = {}
    partitions = {}
    for name, text in raw.items():
        key = format_key(("prior", "knowledge", name))
        if name not in document.names:
            reason = f"there is no bidder {name!r}: {nearest(name, document.names)}"
            raise document.refusal(key, reason)
        player = document.names.index(name)
        file_name, separator, column = text.rpartition(":")
        if text == OWN_VALUE:
            partitions[name] = own_value(player)
        elif text == FULL:
            partitions[name] = full(len(types))
        elif separator and file_name and column:
            if file_name not in files:
                files[file_name] = _read_file(document, file_name, types, prior)
            partitions[name] = files[file_name].partition(player, column)
        else:
            reason = f"{text!r} is no knowledge: {OWN_VALUE}, {FULL}, or FILE:COLUMN of a partition file"
            raise document.refusal(key, reason)
    return partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartitionFile:
    """One file: its profiles, with the rows that they stand in and their labels.

    Attributes:
        file: What to call it in messages.
        header_line: The header's row.
        columns: Names of the columns of labels.
        lines: Row by profile.
        labels: For each profile one text for each column of labels.
        types: Every bidder's, in roster order.
    """

    file: str
    header_line: int
    columns: tuple[str, ...]
    lines: Mapping[Profile, int]
    labels: Mapping[Profile, Sequence[str]]
    types: Sequence[TypeList]

    def partition(self, player: int, column: str) -> Partition:
        """Return what a bidder knows who is told the labels of one column."""
        if column not in self.columns:
            reason = f"has no column of labels {column!r}: {nearest(column, self.columns)}"
            raise row_refusal(self.file, self.header_line, reason)
        place = self.columns.index(column)
        labels = {profile: texts[place] for profile, texts in self.labels.items()}
        first: dict[str, Profile] = {}
        own = self.types[player]
        for profile, label in labels.items():
            other = first.setdefault(label, profile)
            if other[player] != profile[player]:
                reason = (
                    f"puts {own.bidder}={own.show(profile[player])} into the cell {label!r} of row "
                    f"{self.lines[other]}, where {own.bidder}={own.show(other[player])}: a bidder knows its own"
                )
                raise row_refusal(self.file, self.lines[profile], reason)
        return cells(labels)


def _read_file(
    document: Document, name: str, types: Sequence[TypeList], prior: Distribution
) -> _PartitionFile:
    path = document.locate(name)
    file = str(path)
    rows = split_rows(read_text(path, file), file)
    header_line, header = next(rows, (1, []))
    count = len(types)
    names = [known.bidder for known in types]
    check_columns(header[:count], names, "bidder", file, header_line)
    if len(header) <= count:
        reason = "must be the header: a column for each bidder, then columns of labels"
        raise row_refusal(file, header_line, reason)
    if len(set(header[count:])) < len(header) - count or "" in header[count:]:
        raise row_refusal(file, header_line, "columns of labels need different names")
    players = [names.index(column) for column in header[:count]]
    lines: dict[Profile, int] = {}
    labels: dict[Profile, Sequence[str]] = {}
    for line, row in limited(rows, file):
        check_width(row, header, file, line)
        read = read_profile(row, players, types, file, line)
        profile = tuple(read[player] for player in range(count))
        if profile in lines:
            raise row_refusal(file, line, f"repeats the types of row {lines[profile]}")
        lines[profile], labels[profile] = line, row[count:]
    _check_complete(file, header_line, types, prior, lines)
    return _PartitionFile(
        file=file,
        header_line=header_line,
        columns=tuple(header[count:]),
        lines=lines,
        labels=labels,
        types=types,
    )


def _check_complete(
    file: str,
    header_line: int,
    types: Sequence[TypeList],
    prior: Distribution,
    lines: Mapping[Profile, int],
) -> None:
    # Stops at the first missing profile, so it looks at no more of them than the file has rows, and one.
    for profile, _ in prior.items():
        if profile not in lines:
            shown = ", ".join(f"{own.bidder}={own.show(i)}" for own, i in zip(types, profile, strict=True))
            reason = f"no row below is about {shown}, which the prior allows"
            raise row_refusal(file, header_line, reason)
