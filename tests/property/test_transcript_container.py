"""Any altered byte of a transcript is found: by the container, or by the hashes that the checkpoint signs."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import TranscriptError
from openoutcry.protocol.archive import decode_archive, encode_archive
from openoutcry.protocol.checkpoints import Checkpoint, sign_checkpoint, verify_checkpoint
from openoutcry.protocol.keys import SigningKey, VerifyKey
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.tiles import encode_tiles
from openoutcry.protocol.transcript import (
    Transcript,
    decode_transcript,
    decode_transcript_members,
    encode_transcript,
    encode_transcript_members,
)

KEY = SigningKey.from_seed(b"a" * 32)
ORIGIN = "openoutcry/session/00"
ALTERED_BITS = (0x01, 0x20, 0x80, 0xFF)

ENTRIES = generators.lists(generators.binary(max_size=40), max_size=20).map(tuple)
TEXTS = generators.text(generators.characters(codec="utf-8"), max_size=20)
MANIFESTS = generators.dictionaries(TEXTS, TEXTS | generators.integers(), max_size=4)


def root_of(entries: tuple[bytes, ...]) -> bytes:
    """Return the Merkle root over these entries."""
    tree = MerkleTree()
    for entry in entries:
        tree.append(entry)
    return tree.root()


def transcript_of(
    entries: tuple[bytes, ...], specification: bytes = b"{}", **manifest: str | int
) -> Transcript:
    """Return a transcript whose first entry, as in a session, names the specification's digest."""
    entries = (sha256(specification).digest(), *entries)
    checkpoint = Checkpoint(origin=ORIGIN, size=len(entries), root=root_of(entries))
    return Transcript(
        entries=entries,
        checkpoint=sign_checkpoint(checkpoint, KEY),
        specification=specification,
        manifest=manifest,
    )


def check_content(transcript: Transcript) -> None:
    """Check what an audit checks of the content first: checkpoint, root, specification."""
    checkpoint = verify_checkpoint(transcript.checkpoint, VerifyKey(KEY.public_key), ORIGIN)
    if (checkpoint.size, checkpoint.root) != (len(transcript.entries), root_of(transcript.entries)):
        raise TranscriptError("the root is not that of the checkpoint")
    if transcript.entries[0] != sha256(transcript.specification).digest():
        raise TranscriptError("the specification is not the one that the log names")


SMALL = encode_transcript(transcript_of((b"one", b"", b"three"), title="small"))


def test_the_honest_file_passes():
    """The checks below refuse because of the altered byte and for no other reason."""
    check_content(decode_transcript(SMALL))


def test_every_byte_of_a_small_file_counts():
    """At every position, several other values: the file is refused each time."""
    for place in range(len(SMALL)):
        for bits in ALTERED_BITS:
            altered = bytearray(SMALL)
            altered[place] ^= bits
            with pytest.raises(TranscriptError):
                check_content(decode_transcript(bytes(altered)))


def test_every_byte_of_unpacked_members_counts():
    """Without the container's own checks, hashes and signatures find it; only the manifest is free to say else."""
    members = decode_archive(SMALL)
    for path, content in members.items():
        for place in range(len(content)):
            altered = bytearray(content)
            altered[place] ^= 0x01
            if path != "manifest.json":
                with pytest.raises(TranscriptError):
                    check_content(decode_transcript_members({**members, path: bytes(altered)}))


def test_no_byte_may_be_cut_or_added():
    """Every shorter file, and one with a byte anywhere more, is refused."""
    for place in range(len(SMALL)):
        for altered in (
            SMALL[:place],
            SMALL[:place] + SMALL[place + 1 :],
            SMALL[:place] + b"\x00" + SMALL[place:],
        ):
            with pytest.raises(TranscriptError):
                check_content(decode_transcript(altered))


def test_a_forger_who_mends_the_container_is_found_by_the_hashes():
    """Altered entries with matching tiles and a well-formed file still have another root than the signed one."""
    honest = decode_transcript(SMALL)
    forged = encode_transcript_members(honest) | encode_tiles((*honest.entries[:-1], b"threE"))
    transcript = decode_transcript(encode_archive(forged))
    with pytest.raises(TranscriptError, match="the root is not that of the checkpoint"):
        check_content(transcript)


@cache
def larger_file() -> bytes:
    """Return a file with several tiles on two levels."""
    entries = tuple(b"entry %d" % index * (index % 7) for index in range(600))
    return encode_transcript(transcript_of(entries, specification=b"{}" * 500, title="larger", size=601))


@given(generators.data())
def test_an_altered_byte_of_a_larger_file_is_found(data):
    """Wherever it lies and whatever it becomes."""
    file = larger_file()
    place = data.draw(generators.integers(0, len(file) - 1))
    altered = bytearray(file)
    altered[place] ^= data.draw(generators.integers(1, 255))
    with pytest.raises(TranscriptError):
        check_content(decode_transcript(bytes(altered)))


@given(ENTRIES, generators.binary(max_size=100), MANIFESTS, generators.data())
def test_every_transcript_comes_back_and_none_survives_a_change(entries, specification, manifest, data):
    """Round trip, and one altered byte, over transcripts of every content."""
    transcript = Transcript(
        entries=(sha256(specification).digest(), *entries),
        checkpoint=transcript_of(entries, specification).checkpoint,
        specification=specification,
        manifest=manifest,
    )
    file = encode_transcript(transcript)
    decoded = decode_transcript(file)
    assert decoded == transcript
    assert encode_transcript(decoded) == file
    check_content(decoded)
    place = data.draw(generators.integers(0, len(file) - 1))
    altered = bytearray(file)
    altered[place] ^= data.draw(generators.integers(1, 255))
    with pytest.raises(TranscriptError):
        check_content(decode_transcript(bytes(altered)))


@given(
    generators.binary(max_size=300) | generators.binary(max_size=300).map(lambda data: b"PK\x03\x04" + data)
)
def test_arbitrary_bytes_are_refused(data):
    """What never was a transcript is refused, and nothing else happens."""
    with pytest.raises(TranscriptError):
        decode_transcript(data)


@given(
    generators.dictionaries(TEXTS | generators.sampled_from(list(decode_archive(SMALL))), generators.binary())
)
def test_arbitrary_members_are_refused(members):
    """So is a folder that never held one."""
    with pytest.raises(TranscriptError):
        decode_transcript_members(members)
