"""What a bidder is on every picture of a transcript: its place, and the series by which it is coloured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.transcript.discovery import HOWS, Discovery
from openoutcry.lab.pictures.transcript.story import Story

BUYS, BUYS_NOT = "buys", "does not buy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """How bidders are told apart by colour, on all pictures alike.

    Attributes:
        title: Of the legend.
        names: All series, in the order of the palette.
        of: The series of each bidder, by name.
    """

    title: str
    names: tuple[str, ...]
    of: Mapping[str, str]


def series_of(story: Story, discovery: Discovery | None) -> Series:
    """Return how each bidder was discovered; where nothing is discovered, whether it buys."""
    if discovery is not None:
        how = {name: found[0] for name, found in discovery.found.items()}
        return Series(title="discovered", names=HOWS, of=how)
    buyers = set(story.buyers)
    names = story.market.names
    return Series(
        title="in the end",
        names=(BUYS_NOT, BUYS),
        of={name: BUYS if name in buyers else BUYS_NOT for name in names},
    )


def series_color(series: Series, present: Iterable[str], *, title: str = "") -> Any:
    """Return the colours of marks whose data have a field `series`, with a legend of those that are there.

    Args:
        series: Which there may be, and in which order they take the palette's colours.
        present: The series of the marks.
        title: Of the legend, instead of the usual one.
    """
    alt = import_altair()
    shown = set(present)
    return alt.Color(
        "series:N",
        title=title or series.title,
        scale=alt.Scale(domain=list(series.names)),
        legend=alt.Legend(
            values=[name for name in series.names if name in shown], orient="top", symbolType="square"
        ),
    )
