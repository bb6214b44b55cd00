"""The transcript file: all that a stranger needs to verify and re-execute one session, in one file.

It holds every entry of the log, the last checkpoint, the public specification and a manifest for people. This
module answers one question: is the file, byte for byte, what writing its own content again gives? It refuses
the file if not, and if anything is missing, surplus or larger than allowed. Whether the content is true (the
root is the checkpoint's, the signatures hold, the session followed its rules) is for the audit, which calls
it first. Nothing in the manifest is trusted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from openoutcry.errors import TranscriptError, UnreadableTranscript, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.archive import AlteredMember, decode_archive, encode_archive
from openoutcry.protocol.tiles import (
    MAXIMUM_TILE_BYTES,
    decode_tiles,
    encode_tiles,
    find_altered_entry,
    show_path,
    tile_paths,
)

MANIFEST_PATH = "manifest.json"
SPECIFICATION_PATH = "specification.json"
CHECKPOINT_PATH = "checkpoint"
_TILES_PREFIX = "tile/"

_LONGEST = {
    MANIFEST_PATH: limits.MANIFEST_BYTES,
    SPECIFICATION_PATH: limits.SPECIFICATION_BYTES,
    CHECKPOINT_PATH: limits.NOTE_BYTES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Content of a transcript file.

    Attributes:
        entries: Encoded envelopes, in log order.
        checkpoint: The signed note over the log's head.
        specification: The public specification, its exact bytes.
        manifest: What people may want to know at a glance: texts and whole numbers by key.
    """

    entries: tuple[bytes, ...]
    checkpoint: bytes
    specification: bytes
    manifest: Mapping[str, str | int]


def encode_transcript(transcript: Transcript) -> bytes:
    """Return the one file that holds this transcript.

    Raises:
        UsageError: A part is larger than allowed, or the manifest holds more than texts and whole numbers.
    """
    return encode_archive(encode_transcript_members(transcript))


def encode_transcript_members(transcript: Transcript) -> dict[str, bytes]:
    """Return the files, by path and in order, that unpacking the transcript gives.

    Raises:
        UsageError: A part is larger than allowed, or the manifest holds more than texts and whole numbers.
    """
    members = {
        MANIFEST_PATH: _encode_manifest(transcript.manifest),
        SPECIFICATION_PATH: transcript.specification,
        CHECKPOINT_PATH: transcript.checkpoint,
    }
    for path, content in members.items():
        if len(content) > _LONGEST[path]:
            raise UsageError(f"{path} has {len(content)} bytes, more than {_LONGEST[path]}")
    return members | encode_tiles(transcript.entries)


def decode_transcript(data: bytes) -> Transcript:
    """Return the content of a transcript file.

    Raises:
        UnreadableTranscript: The file is no transcript, too large, or lacks a part.
        TranscriptError: It is not byte for byte what writing its content again gives.
    """
    try:
        members = decode_archive(data)
    except AlteredMember as altered:
        index = find_altered_entry(altered.name, altered.content, altered.before)
        raise TranscriptError(altered.reason, index=index) from altered
    transcript = decode_transcript_members(members)
    if list(members) != [*_LONGEST, *tile_paths(len(transcript.entries))]:
        raise TranscriptError("the members of the file are not in order: was it unpacked and packed again?")
    return transcript


def decode_transcript_members(members: Mapping[str, bytes]) -> Transcript:
    """Return the content of a transcript that was unpacked into files.

    Args:
        members: Every file by its path below the folder, with slashes, in any order.

    Raises:
        UnreadableTranscript: A file is missing or too large.
        TranscriptError: A file is not what writing the content again gives, or does not belong to it.
    """
    tiles: dict[str, bytes] = {}
    for path, content in members.items():
        if path.startswith(_TILES_PREFIX):
            tiles[path] = content
        elif path not in _LONGEST:
            raise TranscriptError(f"{show_path(path)} does not belong to a transcript")
        if len(content) > _LONGEST.get(path, MAXIMUM_TILE_BYTES):
            raise UnreadableTranscript(
                f"{show_path(path)} has {len(content)} bytes, more than a transcript may have there"
            )
    for path in _LONGEST:
        if path not in members:
            raise UnreadableTranscript(f"{path} is missing: this is no transcript, or not all of it")
    return Transcript(
        entries=decode_tiles(tiles),
        checkpoint=members[CHECKPOINT_PATH],
        specification=members[SPECIFICATION_PATH],
        manifest=_decode_manifest(members[MANIFEST_PATH]),
    )


def _encode_manifest(manifest: Mapping[str, str | int]) -> bytes:
    for key, value in manifest.items():
        if not isinstance(key, str) or isinstance(value, bool) or not isinstance(value, str | int):
            raise UsageError(f"the manifest holds texts and whole numbers by key, not {key!r}: {value!r}")
    try:
        return (json.dumps(dict(manifest), sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
    except ValueError as problem:
        raise UsageError(f"the manifest cannot be written: {problem}") from problem


def _decode_manifest(data: bytes) -> Mapping[str, str | int]:
    try:
        # The parser raises RecursionError when lists are nested too deeply.
        manifest = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise TranscriptError(f"{MANIFEST_PATH} is not JSON") from problem
    try:
        is_canonical = isinstance(manifest, dict) and _encode_manifest(manifest) == data
    except UsageError as problem:
        raise TranscriptError(f"{MANIFEST_PATH}: {problem}") from problem
    if not is_canonical:
        raise TranscriptError(f"{MANIFEST_PATH} is not written as it must be: was it edited?")
    return dict(manifest)
