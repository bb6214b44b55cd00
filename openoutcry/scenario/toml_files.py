"""TOML files that people write: their text and content, refused with file and advice."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from openoutcry.errors import WrittenFileError


def read_toml(path: Path, *, refusal: type[WrittenFileError], example: str) -> str:
    """Read the text of a file.

    Args:
        path: The file.
        refusal: What is raised.
        example: Name of such a file, told to whoever names its directory.

    Raises:
        WrittenFileError: It cannot be read; of the type `refusal`.
    """
    file = str(path)
    try:
        return path.read_bytes().decode("utf-8")
    except IsADirectoryError as error:
        reason = f"is a directory: name the file in it, such as {path / example}"
        raise refusal(file=file, key="", reason=reason) from error
    except OSError as error:
        raise refusal(file=file, key="", reason=f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start}): save it as UTF-8"
        raise refusal(file=file, key="", reason=reason) from error
    except ValueError as error:
        # A name that no file can have, such as one with a null character in it.
        raise refusal(file=repr(file), key="", reason=f"cannot be read: {error}") from error


def parse_toml(text: str, file: str, *, refusal: type[WrittenFileError]) -> dict[str, Any]:
    """Return what a text says.

    Args:
        text: TOML.
        file: What to call it in messages.
        refusal: What is raised.

    Raises:
        WrittenFileError: It is no TOML; of the type `refusal`.
    """
    try:
        return tomllib.loads(text)
    except ValueError as error:
        # Almost always a TOMLDecodeError; a number of thousands of digits raises a bare ValueError.
        raise refusal(file=file, key="", reason=f"is not TOML: {error}") from error
    except RecursionError as error:
        raise refusal(file=file, key="", reason="is nested too deeply") from error
