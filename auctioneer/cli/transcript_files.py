"""Transcripts and disclosures on the command line: read with one line for what is wrong, written whole or not."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from openoutcry.errors import ConfigurationError, TranscriptError
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.disclosure import Disclosure
from openoutcry.wire import files


class DisclosureFile(click.ParamType[Disclosure]):
    """A disclosure on the command line: the path of its file."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Disclosure:
        """Return what the file holds."""
        if isinstance(value, Disclosure):
            return value
        try:
            return files.read_disclosure(Path(str(value)))
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)


DISCLOSURE = DisclosureFile()


def read_transcript(path: Path) -> Transcript:
    """Return the transcript in a file, or in a directory into which one was unpacked; errors name the file.

    Raises:
        UnreadableTranscript: There is none.
        TranscriptError: There is one, and it was altered.
    """
    try:
        return files.read_transcript(path)
    except TranscriptError as error:
        if error.reason.startswith(f"{path}:"):
            raise
        raise type(error)(f"{path}: {error.reason}", index=error.index) from error


def write_file(path: Path, content: bytes, *, is_private: bool = False) -> None:
    """Write a file by way of another one, so that a crash leaves it whole or not there at all.

    Raises:
        ConfigurationError: It cannot be written, or is there with another content.
    """
    try:
        if path.exists():
            if path.read_bytes() == content:
                return
            raise ConfigurationError(f"{path} is there already: move it away, or choose another --out")
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        mode = 0o600 if is_private else 0o644
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error
