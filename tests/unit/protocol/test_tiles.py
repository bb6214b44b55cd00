"""Tiles: the published layout of a log in files."""

from __future__ import annotations

import pytest

from openoutcry.errors import TranscriptError, UnreadableTranscript, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.merkle import MerkleTree, leaf_hash
from openoutcry.protocol.tiles import decode_tiles, encode_tiles, tile_path, tile_paths


def entries_of(size: int) -> tuple[bytes, ...]:
    """Return that many different entries."""
    return tuple(b"entry %d" % index for index in range(size))


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 999, 256, "tile/0/999"),
        (1, 1000, 256, "tile/1/x001/000"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        ("entries", 1234, 17, "tile/entries/x001/234.p/17"),
    ],
)
def test_paths(level, index, width, path):
    """Indexes are written in groups of three digits, and an incomplete tile tells its width."""
    assert tile_path(level, index, width) == path


def test_paths_of_the_specification():
    """The tree of 70 000 entries that the specification describes has the tiles that it lists."""
    paths = tile_paths(70_000)
    assert [path for path in paths if path.startswith("tile/0/")] == [
        *(f"tile/0/{index:03}" for index in range(273)),
        "tile/0/273.p/112",
    ]
    assert [path for path in paths if path.startswith(("tile/1/", "tile/2/"))] == [
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert len(paths) == 2 * 274 + 3


@pytest.mark.parametrize(
    ("size", "paths"),
    [
        (0, []),
        (1, ["tile/0/000.p/1", "tile/entries/000.p/1"]),
        (255, ["tile/0/000.p/255", "tile/entries/000.p/255"]),
        (256, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]),
        (
            257,
            ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"],
        ),
    ],
)
def test_paths_at_the_edges(size, paths):
    """A complete tile counts for one hash above; empty tiles do not exist."""
    assert list(encode_tiles(entries_of(size))) == tile_paths(size) == paths


def test_content_of_tiles():
    """A tile of level 0 has leaf hashes, one of level 1 roots of 256 entries; entries follow their length."""
    entries = entries_of(600)
    tiles = encode_tiles(entries)
    tree = MerkleTree()
    for entry in entries[:256]:
        tree.append(entry)
    assert tiles["tile/0/002.p/88"][:64] == leaf_hash(entries[512]) + leaf_hash(entries[513])
    assert tiles["tile/1/000.p/2"][:32] == tree.root()
    assert tiles["tile/entries/000"].startswith(b"\x00\x07entry 0\x00\x07entry 1")


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 700])
def test_round_trip(size):
    """What was written is read back, in whatever order the files come."""
    entries = entries_of(size)
    tiles = encode_tiles(entries)
    assert decode_tiles(tiles) == entries
    assert decode_tiles(dict(reversed(tiles.items()))) == entries


def test_entries_of_extreme_lengths():
    """Entries of no byte and of the most bytes are kept; one more is refused."""
    entries = (b"", bytes(65_535), b"")
    assert decode_tiles(encode_tiles(entries)) == entries
    with pytest.raises(UsageError, match="entry 1 has 65536 bytes"):
        encode_tiles((b"", bytes(65_536)))


def test_number_of_entries_is_limited():
    """More entries than a log may have are refused before anything is hashed."""

    class Endless(tuple[bytes, ...]):
        def __len__(self) -> int:
            return limits.ENTRIES + 1

    with pytest.raises(UsageError, match="at most"):
        encode_tiles(Endless())


@pytest.mark.parametrize("size", [1, 256, 300, 513])
def test_a_missing_tile_is_found(size):
    """Every tile is needed."""
    tiles = encode_tiles(entries_of(size))
    for path in tiles:
        with pytest.raises(TranscriptError):
            decode_tiles({other: tile for other, tile in tiles.items() if other != path})


def test_missing_tiles_are_named():
    """A person is told which file is not there."""
    tiles = encode_tiles(entries_of(600))
    for path in ("tile/0/000", "tile/1/000.p/2", "tile/entries/001"):
        with pytest.raises(UnreadableTranscript, match=f"{path} is missing"):
            decode_tiles({other: tile for other, tile in tiles.items() if other != path})


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001.p/44",
        "tile/0/000.p/256",
        "tile/2/000.p/1",
        "tile/entries/001.p/45",
        "tile/entries/000.p/44",
        "tile/entries/002",
        "tile/entries/x000/000",
        "tile/entries/x000/x000/x000/002",
        "tile/entries/002.p/0",
        "tile/entries/002.p/01",
        "tile/entries/002.p/256",
        "tile/entries/002.p/257",
        "tile/entries/\N{ARABIC-INDIC DIGIT TWO}00",
        "tile/entries/readme",
        "tile/entries/002\n",
        "tile/" + "long" * 1000,
    ],
)
def test_a_surplus_tile_is_found(path):
    """Nothing may stand beside the tiles of the entries, and the refusal is one line."""
    tiles = encode_tiles(entries_of(512))
    with pytest.raises(TranscriptError) as refusal:
        decode_tiles({**tiles, path: b"\x00\x00"})
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("change", [lambda tile: tile[:-1], lambda tile: tile + b"\x00", lambda _: b""])
def test_a_cut_or_longer_tile_is_found(change):
    """The length of every tile follows from what is in it."""
    tiles = encode_tiles(entries_of(300))
    for path, tile in tiles.items():
        with pytest.raises(TranscriptError):
            decode_tiles({**tiles, path: change(tile)})


def test_any_altered_byte_is_found():
    """Hashes and entries hold each other in place."""
    tiles = encode_tiles(entries_of(5))
    for path, tile in tiles.items():
        for place in range(len(tile)):
            altered = bytearray(tile)
            altered[place] ^= 1
            with pytest.raises(TranscriptError):
                decode_tiles({**tiles, path: bytes(altered)})
