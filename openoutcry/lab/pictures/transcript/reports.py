"""Pictures of reports: when each was asked for, committed to and opened.

A report that nobody may read is shown as sealed, and one that did not come, or did not hold, as withheld.
"""

from __future__ import annotations

from collections.abc import Iterator

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure, Table
from openoutcry.lab.pictures.theme import ACCENT, MUTED, WIDTH
from openoutcry.lab.pictures.transcript.bidders import Series
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.reported_values import value_figures
from openoutcry.lab.pictures.transcript.story import Mark, Reporting, Story
from openoutcry.protocol.messages import ReportKind

LANES = 60
"""Bidders up to which each has a lane, and a bar, of its own."""

STAGES = ("asked", "committed", "opened", "sealed", "withheld")
_KINDS = {
    ReportKind.SIGNAL: "signal",
    ReportKind.VALUE: "value",
    ReportKind.BELIEF: "belief",
    ReportKind.VALUE_AND_BELIEF: "value and belief",
}


def report_figures(story: Story, series: Series) -> tuple[Figure, ...]:
    """Return the pictures of all reports; none where none was asked for."""
    if not story.reports:
        return ()
    bidders = {report.bidder for report in story.reports}
    lanes = (_lanes(story),) if len(bidders) <= LANES else ()
    return (*lanes, *value_figures(story, series))


def report_table(story: Story) -> Table | None:
    """Return how many reports of each wave came to what."""
    if not story.reports:
        return None
    rows = []
    for turn in story.turns:
        own = [report for report in story.reports if report.wave == turn.number]
        kinds = dict.fromkeys(_KINDS[report.kind] for report in own)
        counts = [sum(report.committed is not None for report in own)]
        counts += [sum(report.stage == stage for report in own) for stage in ("opened", "sealed", "withheld")]
        if own:
            to = "the auctioneer alone" if own[0].is_private else "everybody"
            rows.append((str(turn.number), ", ".join(kinds), to, str(len(own)), *map(str, counts)))
    columns = ("wave", "reports of a", "opened to", "asked", "committed", "opened", "sealed", "withheld")
    return Table(columns=columns, rows=tuple(rows), caption="Reports by wave")


def _lanes(story: Story) -> Figure:
    alt = import_altair()
    bidders = list(dict.fromkeys(report.bidder for report in story.reports))
    marks = [mark for report in story.reports for mark in _stages(report, bidders.index(report.bidder))]
    present = {mark["stage"] for mark in marks}
    spans = [_span(report, bidders.index(report.bidder), story) for report in story.reports]
    wrong = [
        _deviation(mark, bidders.index(mark.bidder), story) for mark in story.marks if mark.bidder in bidders
    ]
    x = alt.X(
        "record:Q",
        title="record of the log",
        scale=alt.Scale(zero=False, nice=False, padding=12),
        axis=alt.Axis(grid=False, tickMinStep=1, labelOverlap=True),
    )
    y = alt.Y(
        "bidder:N",
        title=None,
        sort=alt.EncodingSortField(field="place", op="min"),
        axis=alt.Axis(labelLimit=160),
    )
    layers = [
        alt.Chart(alt.Data(values=spans))
        .mark_rule(style=MUTED, strokeWidth=2)
        .encode(x=x, x2="until:Q", y=y),
        alt.Chart(alt.Data(values=marks))
        .mark_point(size=80, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "stage:N",
                title=None,
                scale=alt.Scale(domain=list(STAGES)),
                legend=alt.Legend(values=[stage for stage in STAGES if stage in present], orient="top"),
            ),
            shape=alt.Shape(
                "stage:N",
                title=None,
                scale=alt.Scale(domain=list(STAGES), range=["circle", "square", "circle", "square", "cross"]),
            ),
            tooltip=hover("bidder:N", "stage:N", "what:N", "record:Q", "wave:Q", what="report of a"),
        ),
    ]
    if wrong:
        layers.append(
            alt.Chart(alt.Data(values=wrong))
            .mark_point(style=ACCENT, shape="triangle-down", size=90, yOffset=-10, opacity=1)
            .encode(
                x=x, y=y, tooltip=hover("bidder:N", "kind:N", "what:N", "instead:N", "record:Q", "wave:Q")
            )
        )
    step = max(14, min(30, 700 // len(bidders)))
    return Figure(
        name="reports",
        spec=alt.layer(*layers).properties(width=WIDTH, height=alt.Step(step)).to_dict(),
        caption="When each bidder was asked for a report, committed to it and opened it, over the records of the log."
        + (" Red marks are deviations." if wrong else ""),
    )


def _stages(report: Reporting, place: int) -> Iterator[dict[str, object]]:
    last = report.stage
    base = {"bidder": report.bidder, "place": place, "wave": report.wave, "what": _KINDS[report.kind]}
    yield {**base, "stage": "asked", "record": report.asked}
    if report.committed is not None:
        yield {**base, "stage": "committed", "record": report.committed}
    end = report.withheld if last == "withheld" else report.sent
    if end is not None:
        yield {**base, "stage": last, "record": end}


def _span(report: Reporting, place: int, story: Story) -> dict[str, object]:
    ends = [report.withheld, report.sent, report.committed]
    until = next((end for end in ends if end is not None), story.records)
    return {"bidder": report.bidder, "place": place, "record": report.asked, "until": until}


def _deviation(mark: Mark, place: int, story: Story) -> dict[str, object]:
    return {
        "bidder": mark.bidder,
        "place": place,
        "kind": f"{mark.kind} deviation",
        "what": mark.what,
        "instead": mark.instead,
        "record": mark.record,
        "wave": story.wave_at(mark.record),
    }
