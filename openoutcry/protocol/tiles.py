"""Tiles: a whole log as files of at most 256 entries or hashes, each under a path that tells its place.

The form is a published one: the files of a transcript are a static log that tools of others read as it
stands. There is exactly one set of tiles for a list of entries, and reading refuses any other set: a missing,
surplus, cut or altered file. So the hashes in it are checked on the way, and nothing is left to trust.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from openoutcry.errors import TranscriptError, UnreadableTranscript, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.merkle import HASH_BYTES, MerkleTree, leaf_hash

TILE_WIDTH = 256
_TILE_HEIGHT = 8
_LENGTH_BYTES = 2

MAXIMUM_ENTRY_BYTES = 2 ** (8 * _LENGTH_BYTES) - 1
MAXIMUM_TILE_BYTES = TILE_WIDTH * (_LENGTH_BYTES + MAXIMUM_ENTRY_BYTES)

_LONGEST_SHOWN = 60
_ENTRIES_PREFIX = "tile/entries/"
# Nine digits place more entries than a log may have.
_ENTRIES_PATH = re.compile(
    r"tile/entries/(?P<index>(x[0-9]{3}/){0,2}[0-9]{3})(\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


def tile_path(level: int | Literal["entries"], index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile.

    Args:
        level: 0 for leaf hashes, one more for every 256-fold; "entries" for the entries themselves.
        index: Place among the tiles of this level, from 0.
        width: Hashes or entries in it, 1..256.
    """
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def tile_paths(size: int) -> list[str]:
    """Return the paths of all tiles of a log with `size` entries, in the order in which they are kept."""
    places: list[tuple[int | Literal["entries"], int]] = [
        (level, size >> (_TILE_HEIGHT * level)) for level in range(_level_count(size))
    ]
    places.append(("entries", size))
    return [
        tile_path(level, begin // TILE_WIDTH, min(TILE_WIDTH, count - begin))
        for level, count in places
        for begin in range(0, count, TILE_WIDTH)
    ]


def show_path(path: str) -> str:
    """Return a path of unknown origin as a message may show it: quoted, and not longer than a line."""
    return repr(path if len(path) <= _LONGEST_SHOWN else path[:_LONGEST_SHOWN] + "...")


def find_altered_entry(path: str, content: bytes, tiles: Mapping[str, bytes]) -> int | None:
    """Return the log index of the first entry in a tile of entries that is not the one whose hash stands in its tile.

    Args:
        path: Of a tile that was altered.
        content: As it stands; nothing about it is trusted.
        tiles: Members that are as they were written.

    Returns:
        The index; None when the tile holds no entries, or which of them was altered cannot be told.
    """
    place = path.removeprefix(_ENTRIES_PREFIX)
    hashes = tiles.get(f"tile/0/{place}")
    digits = place.partition(".")[0].replace("x", "").replace("/", "")
    if place == path or hashes is None or not digits.isdecimal():
        return None
    position = 0
    for number in range(len(hashes) // HASH_BYTES):
        begin = position + _LENGTH_BYTES
        position = begin + int.from_bytes(content[position:begin], "big")
        if leaf_hash(content[begin:position]) != hashes[number * HASH_BYTES : (number + 1) * HASH_BYTES]:
            return int(digits) * TILE_WIDTH + number
    return None


def encode_tiles(entries: Sequence[bytes]) -> dict[str, bytes]:
    """Return the tiles of a log by path: hashes level by level, then entries.

    Args:
        entries: At most 2^32, each of at most 65 535 bytes.

    Raises:
        UsageError: There are more entries, or longer ones.
    """
    if len(entries) > limits.ENTRIES:
        raise UsageError(f"a log has at most {limits.ENTRIES} entries, not {len(entries)}")
    tree = MerkleTree()
    for index, entry in enumerate(entries):
        if len(entry) > MAXIMUM_ENTRY_BYTES:
            raise UsageError(f"entry {index} has {len(entry)} bytes, more than {MAXIMUM_ENTRY_BYTES}")
        tree.append(entry)
    contents: list[bytes] = []
    for level in range(_level_count(len(entries))):
        hashes = tree.subtrees(_TILE_HEIGHT * level)
        step = TILE_WIDTH * HASH_BYTES
        contents += (hashes[begin : begin + step] for begin in range(0, len(hashes), step))
    for begin in range(0, len(entries), TILE_WIDTH):
        bundle = entries[begin : begin + TILE_WIDTH]
        contents.append(b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in bundle))
    return dict(zip(tile_paths(len(entries)), contents, strict=True))


def decode_tiles(tiles: Mapping[str, bytes]) -> tuple[bytes, ...]:
    """Return the entries of a log, once its tiles are known to be exactly those of these entries.

    Args:
        tiles: All of them by path, in any order.

    Raises:
        UnreadableTranscript: Entries are missing.
        TranscriptError: A tile is surplus, cut, too long, or not the one that belongs to the entries.
    """
    entries: list[bytes] = []
    for path, width in _entry_paths(tiles):
        entries += _split(path, tiles[path], width)
    expected = encode_tiles(entries)
    for path, tile in expected.items():
        if path not in tiles:
            raise UnreadableTranscript(f"{path} is missing")
        if tiles[path] != tile:
            raise TranscriptError(f"{path} does not hold the hashes of the entries")
    for path in tiles:
        if path not in expected:
            raise TranscriptError(f"{show_path(path)} does not belong to a log of {len(entries)} entries")
    return tuple(entries)


def _level_count(size: int) -> int:
    """Return the number of levels that hold at least one hash."""
    return -(-size.bit_length() // _TILE_HEIGHT)


def _entry_paths(tiles: Mapping[str, bytes]) -> list[tuple[str, int]]:
    """Return path and width of every tile of entries, in order and without a gap."""
    found: list[tuple[int, int, str]] = []
    for path in tiles:
        match = _ENTRIES_PATH.fullmatch(path)
        if match is not None:
            index = int(match["index"].replace("/x", "").replace("/", "").removeprefix("x"))
            found.append((index, int(match["width"] or TILE_WIDTH), path))
        elif path.startswith(_ENTRIES_PREFIX):
            raise TranscriptError(f"{show_path(path)} is not where a tile can be")
    found.sort()
    for place, (index, width, path) in enumerate(found):
        if path != tile_path("entries", index, width) or width > TILE_WIDTH:
            raise TranscriptError(f"{path} is not where a tile can be")
        if index > place:
            raise UnreadableTranscript(f"{tile_path('entries', place)} is missing")
        if index < place or (width < TILE_WIDTH and place < len(found) - 1):
            raise TranscriptError(f"{path} does not fit the other tiles")
    return [(path, width) for _, width, path in found]


def _split(path: str, tile: bytes, width: int) -> list[bytes]:
    entries: list[bytes] = []
    position = 0
    while len(entries) < width:
        begin = position + _LENGTH_BYTES
        position = begin + int.from_bytes(tile[position:begin], "big")
        if begin > len(tile) or position > len(tile):
            raise TranscriptError(f"{path} ends within its entry {len(entries)}")
        entries.append(tile[begin:position])
    if position != len(tile):
        raise TranscriptError(f"{path} holds more than {width} entries")
    return entries
