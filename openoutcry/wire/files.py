"""Transcript files and directories, and disclosures, read as they are."""

from __future__ import annotations

from pathlib import Path

from openoutcry.errors import ConfigurationError, TranscriptError, UnreadableTranscript
from openoutcry.protocol import limits
from openoutcry.protocol.transcript import (
    Transcript,
    decode_transcript,
    decode_transcript_members,
)
from openoutcry.session.disclosure import DISCLOSURE_BYTES, Disclosure, decode_disclosure


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


def read_disclosure(path: Path) -> Disclosure:
    """Return the disclosure in a file.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        with path.open("rb") as file:
            return decode_disclosure(file.read(DISCLOSURE_BYTES + 1))
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
    except TranscriptError as problem:
        raise ConfigurationError(f"{path}: {problem.reason}") from problem


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
