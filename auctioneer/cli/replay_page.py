"""`auctioneer replay --html`: one session as a page of pictures, and its pictures as files.

Whatever can be refused is refused before the session is told: places that cannot be written, libraries that are
missing. What bidders privately knew is taken from the file that a local run left beside the transcript, and the last
line says so: a page with it says more than the transcript does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from auctioneer.cli.deviations import consequence_line, find_consequences, true_types
from auctioneer.cli.preparing import check_directory
from auctioneer.cli.printing import print_json
from auctioneer.cli.private_files import find_private, read_sidecar
from auctioneer.cli.transcript_files import read_transcript
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.strategic import TrueType
from openoutcry.session.transcripts import read_session_id
from openoutcry.wire import WireCodec

if TYPE_CHECKING:
    from openoutcry.lab.pictures.page import Figure
    from openoutcry.lab.pictures.transcript import Story

PAGE_SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePlaces:
    """Where pictures of a session go.

    Attributes:
        page: HTML file; None for no page.
        directory: Of single pictures; None for none.
        format: Of single pictures, a suffix without its dot.
    """

    page: Path | None
    directory: Path | None
    format: str = "svg"


def picture_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where pictures go."""
    options = (
        click.option(
            "--html",
            type=click.Path(path_type=Path),
            metavar="FILE.html",
            help="Draw the session into one page that opens offline; needs openoutcry[lab].",
        ),
        click.option(
            "--figures",
            type=click.Path(path_type=Path),
            metavar="DIRECTORY",
            help="Write each picture as a file into this directory.",
        ),
        click.option(
            "--format",
            "figure_format",
            type=click.Choice(["svg", "png"]),
            default="svg",
            show_default=True,
            help="Of the files of --figures.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def draw_session(
    file: Path, places: PicturePlaces, *, private: Path | None, disclosure: Disclosure | None, as_json: bool
) -> None:
    """Draw the session of a transcript.

    Args:
        file: Of the transcript.
        places: Where pictures go; pages and pictures that are there already are replaced.
        private: File with what bidders privately knew; None takes the one beside the transcript, if it fits.
        disclosure: Makes sealed reports readable.
        as_json: Whether the last line is one JSON object.

    Raises:
        ConfigurationError: A place cannot be written, a library is missing, or the file of private types cannot be
            used.
        TranscriptError: The transcript cannot be told at all.
    """
    _check(file, places)
    console = Console(stderr=True)
    with console.status("drawing") if console.is_terminal else nullcontext():
        transcript = read_transcript(file)
        path, known = _known(file, transcript, private)
        story, effects = _tell(file, transcript, known, path, disclosure, runs_code=private is not None)
        written = _write(story, effects, places)
    if as_json:
        page = None if places.page is None else str(places.page)
        figures = [str(picture) for picture in written]
        print_json({"session": story.session.session_id.hex(), "html": page, "figures": figures})
        return
    if places.directory is not None:
        click.echo(f"{len(written)} pictures in {places.directory}")
    if places.page is not None:
        click.echo(f"page {places.page}: it opens in any browser, offline")
    if path is not None:
        click.echo(f"it tells what bidders privately knew, from {path}: think of that before you pass it on")


def _check(file: Path, places: PicturePlaces) -> None:
    """Refuse what could not be written or drawn in the end."""
    from openoutcry.lab.pictures.libraries import import_altair, import_converter

    if places.page is not None:
        if places.page.suffix.lower() not in PAGE_SUFFIXES:
            raise ConfigurationError(f"{places.page}: a page is written as .html: choose another --html")
        if places.page.is_dir():
            raise ConfigurationError(f"{places.page}: is a directory: name a file in it with --html")
        check_directory(places.page.parent, what=places.page)
    if places.directory is not None:
        if places.directory.exists() and not places.directory.is_dir():
            raise ConfigurationError(f"{places.directory}: is no directory: choose another --figures")
        check_directory(places.directory, what=places.directory)
    if not file.exists():
        raise ConfigurationError(f"{file}: there is no such file")
    import_altair()
    import_converter()


def _known(
    file: Path, transcript: Transcript, private: Path | None
) -> tuple[Path | None, Mapping[str, int | TrueType]]:
    """Return which file tells what bidders privately knew, and what they knew; nothing where nobody tells."""
    path = private or find_private(file)
    if path is None:
        return None, {}
    market = decode_specification(transcript.specification).market
    session_id = read_session_id(transcript.entries, EnvelopeReader(WireCodec()))
    try:
        sidecar = read_sidecar(path, market, session_id)
    except ConfigurationError as problem:
        if private is not None:
            raise
        # It merely lies there: what was asked for can be drawn without it.
        click.echo(f"note: {problem}", err=True)
        return None, {}
    return path, true_types(market.names, [bidder.private for bidder in sidecar.bidders.values()])


def _tell(
    file: Path,
    transcript: Transcript,
    known: Mapping[str, int | TrueType],
    private: Path | None,
    disclosure: Disclosure | None,
    *,
    runs_code: bool,
) -> tuple[Story, list[str]]:
    """Return the story of a session, and what its strategic deviations did, one line for each bidder."""
    from openoutcry.lab.pictures.transcript import read_story

    story = read_story(transcript, WireCodec(), disclosure=disclosure, known=known)
    if not story.strategic or private is None:
        return story, []
    effects = find_consequences(
        file, story.strategic, private=private, disclosure=disclosure, runs_code=runs_code
    )
    return story, [consequence_line(name, effect, story.market) for name, effect in effects.items()]


def _write(story: Story, effects: Sequence[str], places: PicturePlaces) -> list[Path]:
    """Write the page and the single pictures, and return where these are."""
    from openoutcry.lab.pictures.export import export_figure, write_whole
    from openoutcry.lab.pictures.transcript import transcript_figures, transcript_page

    if places.page is not None:
        write_whole(places.page, transcript_page(story, effects=effects).encode())
    if places.directory is None:
        return []
    figures: tuple[Figure, ...] = transcript_figures(story)
    written = [places.directory / f"{figure.name}.{places.format}" for figure in figures]
    for figure, path in zip(figures, written, strict=True):
        export_figure(figure, path)
    return written
