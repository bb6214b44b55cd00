"""A chart of how long conversations are: waves and questions of each mechanism, where a campaign counted them."""

from __future__ import annotations

from typing import Any

from openoutcry.lab.campaigns.rows import COUNTS
from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import INTERVAL, LABEL
from openoutcry.lab.reporting.cells import is_truthful
from openoutcry.lab.reporting.marks import PANELS, ROWS, Labels, Values, ceiling, cut, numbers, tips
from openoutcry.lab.reporting.report import Report

_WIDTH = 230
_STEP = 22


def conversation_figure(report: Report) -> Figure | None:
    """Draw waves and questions with truthful bidders; None where they were not counted."""
    labels = Labels.of(report)
    panels: dict[str, Values] = {}
    for figures in report.cells:
        cell = figures.cell
        if is_truthful(cell):
            panels.setdefault(labels.instances[cell.number], []).extend(
                {"who": labels.mechanisms[cell.number], "count": name, **numbers(figures.means[name])}
                for name in COUNTS
                if name in figures.means
            )
    panels = {title: values for title, values in panels.items() if values}
    if not panels:
        return None
    alt = import_altair()
    shown = dict(list(panels.items())[:PANELS])
    ends = {
        name: ceiling(
            1.1 * max(value["high"] for part in shown.values() for value in part if value["count"] == name)
        )
        for name in COUNTS
    }
    rows = [
        alt.hconcat(
            *(
                _panel(
                    [value for value in part if value["count"] == name],
                    ends[name],
                    title=name if not place else "",
                )
                for name in COUNTS
            ),
            spacing=14,
        ).properties(title=alt.Title(title))
        for place, (title, part) in enumerate(shown.items())
    ]
    caption = (
        "How long the conversation is, all bidders truthful: waves of questions that go out together, and single "
        "questions, each level of a clock and each report asked for being one; means with 95% intervals."
    )
    return Figure(name="conversation", spec=alt.vconcat(*rows).to_dict(), caption=cut(caption, panels))


def _panel(values: Values, end: float, *, title: str) -> Any:
    alt = import_altair()
    is_first = values[0]["count"] == COUNTS[0]
    names = list(dict.fromkeys(value["who"] for value in values))[:ROWS]
    data = alt.Data(values=[value for value in values if value["who"] in names])
    down = alt.Y("who:N", sort=names, title=None, axis=alt.Axis(labels=is_first))
    scale = alt.Scale(domain=[0, end])
    across = alt.X("value:Q", title=None, scale=scale, axis=alt.Axis(format="~f", tickCount=5))
    told = tips(("who:N", "count:N"))
    layers = (
        alt.Chart(data)
        .mark_rule(style=INTERVAL)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=down, tooltip=told),
        alt.Chart(data).mark_point(filled=True, size=55, opacity=1).encode(x=across, y=down, tooltip=told),
        alt.Chart(data)
        .mark_text(style=LABEL, align="left", dx=8)
        .encode(x="high:Q", y=down, text=alt.Text("value:Q", format=".3~g")),
    )
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_STEP * len(names))
    return chart.properties(title=alt.Title(title, fontWeight="normal", frame="group")) if title else chart
