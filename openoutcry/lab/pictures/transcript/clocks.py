"""Pictures of clocks: each bidder's staircase; where bidders are many, or prices posted, another picture's.

Every mark tells the index of its record in the log, under which `auctioneer replay` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import ACCENT, MUTED, REFERENCE, WIDTH
from openoutcry.lab.pictures.transcript.amounts import as_number, show_money
from openoutcry.lab.pictures.transcript.bidders import Series, series_color
from openoutcry.lab.pictures.transcript.clock_marks import (
    describe_climb,
    deviation_row,
    ending_shape,
    level_of,
    records_scale,
)
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.many_clocks import many_clock_figures
from openoutcry.lab.pictures.transcript.offers import offer_figure
from openoutcry.lab.pictures.transcript.story import Climbing, Story
from openoutcry.mechanisms.crowd.market import TypeMarket

STAIRCASES = 24
"""Bidders up to which each has a staircase of its own."""

BANDS = 60
"""Waves up to which their extent is shown behind the clocks."""


def clock_figures(story: Story, series: Series) -> tuple[Figure, ...]:
    """Return the pictures of all clocks; none where nothing but reports was asked for."""
    if not story.climbs:
        return ()
    if story.session.specification.mechanism == "posted-prices":
        return (offer_figure(story),)
    climbing = list(dict.fromkeys(climb.bidder for climb in story.climbs))
    if len(climbing) <= STAIRCASES:
        return (_staircases(story, series, climbing),)
    return many_clock_figures(story, series, climbing)


def _staircases(story: Story, series: Series, climbing: Sequence[str]) -> Figure:
    alt = import_altair()
    rows = [row for place, name in enumerate(climbing) for row in _staircase(story, series, name, place)]
    has_prices = isinstance(story.market, TypeMarket)
    x = alt.X(
        "record:Q",
        title="record of the log",
        scale=records_scale(story),
        axis=alt.Axis(grid=False, tickCount=12, tickMinStep=1, labelOverlap=True),
    )
    highest = max(1.0, *(cast(float, row["level"]) for row in rows if row["part"] != "wave"))
    y = alt.Y(
        "level:Q",
        title=None,
        scale=alt.Scale(domain=[0, highest * 1.06], nice=False, zero=True),
        axis=alt.Axis(tickCount=min(4, int(highest)), tickMinStep=1, format=",~r", gridDash=[1, 3]),
    )
    color = series_color(series, (series.of.get(name, "") for name in climbing))
    fields = ("bidder:N", "what:N", "record:Q", "wave:Q")
    tall = max(34, min(64, 560 // len(climbing)))
    layers = [
        _part(alt, "wave").mark_rect(style=MUTED, opacity=0.13).encode(x=x, x2="until:Q"),
        _part(alt, "known").mark_rule(style=REFERENCE).encode(y=y, tooltip=hover("bidder:N", "what:N")),
        _part(alt, "clock")
        .mark_line(interpolate="step-after")
        .encode(x=x, y=y, color=color, detail="bidder:N"),
        _part(alt, "accepted")
        .mark_circle(size=34, opacity=1)
        .encode(x=x, y=y, color=color, tooltip=hover(*fields)),
        _part(alt, "ending")
        .mark_point(filled=False, size=70, strokeWidth=2.2, opacity=1)
        .encode(x=x, y=y, color=color, shape=ending_shape(rows), tooltip=hover(*fields)),
        _part(alt, "deviation")
        .mark_point(style=ACCENT, filled=True, size=110, yOffset=-8, opacity=1)
        .encode(x=x, y=y, shape=ending_shape(rows), tooltip=hover(*fields, "instead:N")),
    ]
    what = f"price in {story.market.currency}" if has_prices else "level"
    chart = (
        alt.layer(*layers)
        .properties(width=WIDTH - 40, height=tall)
        .facet(
            row=alt.Row(
                "bidder:N",
                title=f"clock of each bidder: {what}",
                sort=alt.EncodingSortField(field="place", op="min"),
                header=alt.Header(labelAngle=0, labelAlign="left", labelLimit=140, labelPadding=6),
            ),
            data=alt.Data(values=rows),
            spacing=5,
        )
    )
    return Figure(
        name="clocks",
        spec=chart.to_dict(),
        caption=(
            f"The {what} at which each bidder's clock stood, from its first question to its last answer, over the"
            f" records of the log.{_about_waves(story)}{_about_marks(rows)}{_about_the_rest(story, climbing)}"
        ),
    )


def _about_waves(story: Story) -> str:
    return " Bands of grey and white are waves of questions." if len(story.turns) <= BANDS else ""


def _about_marks(rows: Sequence[Mapping[str, object]]) -> str:
    parts = {row["part"] for row in rows}
    known = " A dashed line is what the bidder privately knew." if "known" in parts else ""
    deviations = " Red marks are deviations." if "deviation" in parts else ""
    return f" A cross is an exit.{known}{deviations}"


def _about_the_rest(story: Story, climbing: Sequence[str]) -> str:
    rest = [name for name in story.players if name not in climbing]
    if not rest:
        return ""
    return (
        f" Nothing was asked of {', '.join(rest[:3])}{f' and {len(rest) - 3} more' if len(rest) > 3 else ''}."
    )


def _part(alt: Any, part: str) -> Any:
    return alt.Chart().transform_filter(alt.FieldEqualPredicate(field="part", equal=part))


def _staircase(story: Story, series: Series, name: str, place: int) -> Iterator[dict[str, object]]:
    """Yield what is drawn for one bidder."""
    own = [climb for climb in story.climbs if climb.bidder == name]
    base = {"bidder": name, "place": place, "series": series.of.get(name, "")}
    if len(story.turns) <= BANDS:
        yield from ({**base, "part": "wave", **band} for band in _bands(story))
    if (truth := _known_level(story, name)) is not None:
        yield {**base, "part": "known", "level": truth[0], "what": truth[1]}
    height = 0.0
    yield {**base, "part": "clock", "record": own[0].asked, "level": height}
    for climb in own:
        record = story.records if climb.answered is None else climb.answered
        mark = {**base, "record": record, "wave": climb.wave, "what": describe_climb(story, climb)}
        if climb.ending == "accepted":
            height = level_of(story, climb)
            yield {**mark, "part": "accepted", "level": height}
        elif climb.ending != "unanswered":
            yield {**mark, "part": "ending", "level": height, "ending": climb.ending}
        yield {**base, "part": "clock", "record": record, "level": height}
    if own[-1].target is not None:
        yield {**base, "part": "ending", **_offer(story, own[-1])}
    for found in story.marks:
        if found.bidder == name:
            yield {
                **base,
                "part": "deviation",
                "level": _height_at(story, own, found.record),
                **deviation_row(story, found),
            }


def _offer(story: Story, climb: Climbing) -> dict[str, object]:
    assert climb.target is not None
    assert climb.price is not None
    return {
        "record": climb.asked,
        "wave": climb.wave,
        "level": level_of(story, replace(climb, level=climb.target)),
        "ending": "level that buys",
        "what": f"accepting level {climb.target} buys for {show_money(climb.price, story.market)}",
    }


def _bands(story: Story) -> Iterator[dict[str, object]]:
    """Yield every second wave from its first record to its last."""
    for turn, end in zip(story.turns, _ends(story), strict=True):
        if turn.number % 2 == 0:
            yield {"record": turn.first - 0.5, "until": end - 0.5, "level": 0}


def _ends(story: Story) -> list[int]:
    """Return for each wave the log index behind its last record."""
    last = story.settled if story.settled is not None else story.stop.record if story.stop else story.records
    return [*(turn.first for turn in story.turns[1:]), last]


def _known_level(story: Story, name: str) -> tuple[float, str] | None:
    known, market = story.known.get(name), story.market
    if known is None:
        return None
    if isinstance(known, int):
        return float(known), f"its signal is {known}"
    assert isinstance(market, TypeMarket)
    value = market.value(market.names.index(name), known.value)
    return as_number(value, market), f"its value is {show_money(value, market)}"


def _height_at(story: Story, own: Sequence[Climbing], record: int) -> float:
    accepted = [
        climb
        for climb in own
        if climb.ending == "accepted" and climb.answered is not None and climb.answered <= record
    ]
    return level_of(story, accepted[-1]) if accepted else 0.0
