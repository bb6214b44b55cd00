"""Charts of growth: how the share that is reached changes with each number that varies among instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openoutcry.lab.campaigns.labels import short_labels
from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import INTERVAL, REFERENCE
from openoutcry.lab.reporting.cells import SHARES, is_truthful
from openoutcry.lab.reporting.growth import SYMBOLS, Line
from openoutcry.lab.reporting.marks import (
    PANELS,
    Labels,
    Values,
    cut,
    highest_of,
    legend,
    lowest_of,
    numbers,
    tips,
)
from openoutcry.lab.reporting.report import Report
from openoutcry.lab.reporting.share_charts import (
    OURS,
    OUT_OF_REACH,
    PAPER,
    REACHED,
    SHARE_TITLES,
    best_estimate,
    bound_points,
    kinds_of,
    way,
)

_DASHES = {REACHED: [1, 0], OURS: [6, 4], PAPER: [2, 3], OUT_OF_REACH: [10, 3, 2, 3]}
"""How lines of each kind are broken."""

_PANEL_WIDTH = 300
_WIDE = 560
_HEIGHT = 210


def growth_figures(report: Report) -> tuple[Figure, ...]:
    """Draw how shares grow with each number that varies among instances, truthful bidders where there are any."""
    labels = Labels.of(report)
    lines = [line for line in report.lines if is_truthful(line.cells[0][1])] or list(report.lines)
    titles = short_labels([(line.cells[0][1].generator, line.others) for line in lines])
    figures = []
    for parameter in dict.fromkeys(line.parameter for line in lines):
        for name in SHARES:
            panels: dict[str, Values] = {}
            for title, line in zip(titles, lines, strict=True):
                if line.parameter == parameter:
                    panels.setdefault(title, []).extend(_line_values(report, labels, line, name))
            panels = {title: values for title, values in panels.items() if values}
            if panels:
                figures.append(_growth_figure(parameter, name, panels))
    return tuple(figures)


def _growth_figure(parameter: str, name: str, panels: Mapping[str, Values]) -> Figure:
    alt = import_altair()
    shown = dict(list(panels.items())[:PANELS])
    every = [value for values in shown.values() for value in values]
    places = sorted({value["x"] for value in every})
    title = f"{parameter} ({SYMBOLS[parameter]})" if parameter in SYMBOLS else parameter
    is_wide = places[0] > 0 and places[-1] / places[0] >= 16
    across = alt.X(
        "x:Q",
        title=title,
        scale=alt.Scale(type="log" if is_wide else "linear", zero=False, nice=False, padding=16),
        axis=alt.Axis(values=places, format="~f", grid=False),
    )
    up = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[lowest_of(shown), highest_of(shown)]))
    mechanisms = list(dict.fromkeys(value["mechanism"] for value in every))
    kinds = kinds_of(shown.values())
    parts = [
        _growth_panel(values, across, up, mechanisms, kinds).properties(
            title=label, width=_PANEL_WIDTH if len(shown) > 1 else _WIDE, height=_HEIGHT
        )
        for label, values in shown.items()
    ]
    chart = alt.concat(*parts, columns=2, spacing=22)
    caption = (
        f"{SHARE_TITLES[name].capitalize()} as {title} grows: {way(name)}, with 95% intervals. Broken lines are what "
        "is proved of the mechanism in their colour; the grey one is what no auction can guarantee."
    )
    return Figure(
        name=f"growth-{parameter}-{name}".replace("_", "-"),
        # Legends of different things stand below each other, or they are wider than the panels.
        spec={**chart.to_dict(), "config": {"legend": {"layout": {"top": {"direction": "vertical"}}}}},
        caption=cut(caption, panels),
    )


def _growth_panel(
    values: Values, across: Any, up: Any, mechanisms: Sequence[str], kinds: Sequence[str]
) -> Any:
    alt = import_altair()
    colour = alt.Color(
        "mechanism:N", scale=alt.Scale(domain=list(mechanisms)), title=None, legend=legend(symbol="circle")
    )
    dash = alt.StrokeDash(
        "kind:N",
        scale=alt.Scale(domain=list(kinds), range=[_DASHES[kind] for kind in kinds]),
        title=None,
        legend=legend(symbol="stroke"),
    )
    told = [alt.Tooltip("x:Q", format="~f", title="at"), *tips(("mechanism:N", "kind:N"))]
    layers = list(_reach_layers(values, across, up, dash))
    for place, mechanism in enumerate(mechanisms):
        own = [value for value in values if value["mechanism"] == mechanism and value["kind"] != OUT_OF_REACH]
        reached = alt.Data(values=[value for value in own if value["kind"] == REACHED])
        # Beside each other where several mechanisms reach the same.
        aside = (place - (len(mechanisms) - 1) / 2) * 5
        layers += [
            alt.Chart(alt.Data(values=own))
            .mark_line(xOffset=aside)
            .encode(x=across, y=up, color=colour, strokeDash=dash),
            alt.Chart(reached)
            .mark_rule(style=INTERVAL, xOffset=aside)
            .encode(x=across, y=alt.Y("low:Q", title=None), y2="high:Q", color=colour, tooltip=told),
            alt.Chart(reached)
            .mark_point(filled=True, opacity=1, xOffset=aside)
            .encode(x=across, y=up, color=colour, tooltip=told),
        ]
    return alt.layer(*layers)


def _reach_layers(values: Values, across: Any, up: Any, dash: Any) -> Iterator[Any]:
    """Yield a line for what no auction can guarantee, which is the same for all mechanisms."""
    alt = import_altair()
    points = {value["x"]: value for value in values if value["kind"] == OUT_OF_REACH}
    if points:
        data = alt.Data(values=list(points.values()))
        yield alt.Chart(data).mark_line(style=REFERENCE).encode(x=across, y=up, strokeDash=dash)


def _line_values(report: Report, labels: Labels, line: Line, name: str) -> Values:
    values: Values = []
    for number, cell in line.cells:
        share = report.cells[cell.number].shares.get(name)
        if share is not None:
            common = {"x": float(number), "mechanism": labels.mechanisms[cell.number]}
            values.append({**common, "kind": REACHED, **numbers(best_estimate(name, share))})
            values += [{**common, **bound} for bound in bound_points(report, cell.number, name)]
    return values
