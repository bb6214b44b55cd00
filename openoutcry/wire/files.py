"""Transcript files: read as they are, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from openoutcry.errors import UnreadableTranscript, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.transcript import (
    Transcript,
    decode_transcript,
    decode_transcript_members,
    encode_transcript,
)


def read_transcript(path: Path) -> Transcript:
    """Return the transcript in a file, or in a directory into which one was unpacked.

    Raises:
        UnreadableTranscript: There is none, or it cannot be read as one.
        TranscriptError: The file is not byte for byte what was written.
    """
    try:
        if path.is_dir():
            return decode_transcript_members(_read_directory(path))
        if path.stat().st_size > limits.TRANSCRIPT_BYTES:
            raise UnreadableTranscript(f"{path}: the file is larger than any transcript")
        return decode_transcript(path.read_bytes())
    except OSError as problem:
        raise UnreadableTranscript(f"{path}: {problem.strerror or problem}") from problem


def write_transcript(path: Path, transcript: Transcript) -> None:
    """Write a transcript, by way of a temporary file beside it.

    Raises:
        UsageError: Another file stands there already, or it cannot be written.
    """
    data = encode_transcript(transcript)
    try:
        if path.exists():
            if path.read_bytes() == data:
                return
            raise UsageError(f"{path}: another file stands there already; name a new one")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), 0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise UsageError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


def _read_directory(path: Path) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    total = 0
    for file in sorted(path.rglob("*")):
        if file.is_symlink() or not file.is_file():
            continue
        total += file.stat().st_size
        if total > limits.TRANSCRIPT_BYTES:
            raise UnreadableTranscript(f"{path}: the directory is larger than any transcript")
        members[file.relative_to(path).as_posix()] = file.read_bytes()
    return members
