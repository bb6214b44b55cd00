"""Pictures as files: SVG for papers, PNG for everything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from openoutcry.errors import ConfigurationError
from openoutcry.lab.pictures.libraries import import_converter
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import theme

FORMATS = ("svg", "png")

_PIXELS_FOR_ONE = 2


def export_figure(figure: Figure, path: Path) -> None:
    """Draw a figure into a file, which is there as a whole or not at all.

    Args:
        figure: What to draw, on white.
        path: Its suffix says the format: .svg or .png.

    Raises:
        ConfigurationError: The suffix is another, or the file cannot be written.
    """
    look: dict[str, Any] = {**theme(), "background": "white"}
    match path.suffix.lower():
        case ".svg":
            content = import_converter().vegalite_to_svg(figure.spec, config=look).encode()
        case ".png":
            content = import_converter().vegalite_to_png(figure.spec, config=look, scale=_PIXELS_FOR_ONE)
        case _:
            raise ConfigurationError(f"{path}: figures are written as .svg or .png")
    write_whole(path, content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there.

    Raises:
        ConfigurationError: It cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error
