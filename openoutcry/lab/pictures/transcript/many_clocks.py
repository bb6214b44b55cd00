"""Pictures of the clocks of many bidders: how many stand at which level, and when each bidder was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import ACCENT, WIDTH
from openoutcry.lab.pictures.transcript.bidders import Series, series_color
from openoutcry.lab.pictures.transcript.clock_marks import (
    describe_climb,
    deviation_row,
    ending_shape,
    records_scale,
)
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Climbing, Story, Turn

ROWS = 400
"""Bidders up to which each has a row of its own."""

COLUMNS = 60
"""Waves that are told apart side by side; beyond, several share a column."""

LINES = 30
"""Levels that are told apart one above the other; beyond, several share a line."""


def many_clock_figures(story: Story, series: Series, climbing: Sequence[str]) -> tuple[Figure, ...]:
    """Return how many clocks stand at which level, and a row for each bidder unless they are too many for that."""
    rows = (_rows(story, series, climbing),) if len(climbing) <= ROWS else ()
    return (_counts(story, climbing), *rows)


def _rows(story: Story, series: Series, climbing: Sequence[str]) -> Figure:
    alt = import_altair()
    bars = sorted(
        (_bar(story, series, name) for name in climbing), key=lambda bar: (bar["until"], bar["record"])
    )
    place_of = {bar["bidder"]: place for place, bar in enumerate(bars)}
    bars = [{**bar, "place": place_of[bar["bidder"]]} for bar in bars]
    marks = [
        {"bidder": mark.bidder, "place": place_of[mark.bidder], **deviation_row(story, mark)}
        for mark in story.marks
        if mark.bidder in place_of
    ]
    step = max(3, min(14, 900 // len(bars)))
    has_names = step >= 11
    y = alt.Y(
        "bidder:N",
        title=None if has_names else f"{len(bars)} bidders, in the order in which they left",
        sort=alt.EncodingSortField(field="place", op="min"),
        axis=alt.Axis(labels=has_names, ticks=False, labelLimit=140),
        scale=alt.Scale(paddingInner=0.15 if step > 4 else 0.02),
    )
    x = alt.X(
        "record:Q",
        title="record of the log",
        scale=records_scale(story),
        axis=alt.Axis(tickCount=10, labelOverlap=True),
    )
    layers = [
        alt.Chart(alt.Data(values=bars))
        .mark_bar()
        .encode(
            x=x,
            x2="until:Q",
            y=y,
            color=series_color(series, (bar["series"] for bar in bars)),
            tooltip=hover("bidder:N", "what:N", "record:Q", "until:Q", record="from record"),
        )
    ]
    if marks:
        layers.append(
            alt.Chart(alt.Data(values=marks))
            .mark_point(style=ACCENT, filled=True, size=55, opacity=1)
            .encode(
                x=x,
                y=y,
                shape=ending_shape(marks),
                tooltip=hover("bidder:N", "what:N", "instead:N", "record:Q", "wave:Q"),
            )
        )
    chart = alt.layer(*layers).properties(width=WIDTH, height=alt.Step(step))
    about = " Red marks are deviations." if marks else ""
    return Figure(
        name="bidders",
        spec=chart.to_dict(),
        caption="When each bidder was asked: from its first question to its last answer, who left first on top."
        f"{about}",
    )


def _bar(story: Story, series: Series, name: str) -> dict[str, Any]:
    own = [climb for climb in story.climbs if climb.bidder == name]
    last = own[-1]
    return {
        "bidder": name,
        "series": series.of.get(name, ""),
        "record": own[0].asked,
        "until": story.records if last.answered is None else last.answered,
        "what": f"{len(own)} questions; at last it {describe_climb(story, last)}",
    }


def _counts(story: Story, climbing: Sequence[str]) -> Figure:
    """Return how many clocks stand at which level at the end of each wave."""
    alt = import_altair()
    cells = list(_cells(story, climbing))
    is_coarse = any(cell["wave"] != cell["last_wave"] for cell in cells)
    levels = sorted({cast(int, cell["level"]) for cell in cells}, reverse=True)
    chart = (
        alt.Chart(alt.Data(values=cells))
        .mark_rect()
        .encode(
            x=alt.X("wave:O", title="wave", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("level:O", title="level", sort=levels, axis=alt.Axis(labelOverlap=True)),
            color=alt.Color(
                "bidders:Q",
                title="bidders",
                scale=alt.Scale(type="sqrt"),
                legend=alt.Legend(tickMinStep=1),
            ),
            tooltip=hover("wave:O", "last_wave:O", "level:O", "last_level:O", "bidders:Q", "record:Q"),
        )
        .properties(width=WIDTH, height=max(90, min(320, 22 * len(levels))))
    )
    several = " A column stands for several waves, and shows their end." if is_coarse else ""
    return Figure(
        name="clocks",
        spec=chart.to_dict(),
        caption=f"How many of {len(climbing)} clocks stand at each level at the end of each wave.{several}",
    )


def _cells(story: Story, climbing: Sequence[str]) -> Iterator[dict[str, object]]:
    waves_each = -(-len(story.turns) // COLUMNS)
    highest = max(climb.level for climb in story.climbs)
    levels_each = -(-(highest + 1) // LINES)
    clocks = dict.fromkeys(climbing, 0)
    by_wave: dict[int, list[Climbing]] = {}
    for climb in story.climbs:
        by_wave.setdefault(climb.wave, []).append(climb)
    for start in range(0, len(story.turns), waves_each):
        turns: Sequence[Turn] = story.turns[start : start + waves_each]
        for turn in turns:
            for climb in by_wave.get(turn.number, ()):
                if climb.ending == "accepted":
                    clocks[climb.bidder] = climb.level
        counts: dict[int, int] = {}
        for level in clocks.values():
            counts[level // levels_each] = counts.get(level // levels_each, 0) + 1
        for line, count in sorted(counts.items()):
            yield {
                "wave": turns[0].number,
                "last_wave": turns[-1].number,
                "level": line * levels_each,
                "last_level": min(highest, (line + 1) * levels_each - 1),
                "bidders": count,
                "record": turns[0].first,
            }
