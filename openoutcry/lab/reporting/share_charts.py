"""Charts of shares: how much of what could be reached is reached, beside what is proved, and how that grows.

Each is a stack of panels with one scale, so that what is compared stands below each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import INTERVAL, LABEL
from openoutcry.lab.reporting.cells import SHARES, Share, is_truthful
from openoutcry.lab.reporting.marks import (
    PANEL_WIDTH,
    PANELS,
    ROWS,
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
from openoutcry.lab.statistics import Estimate

REACHED = "reached"
OURS = "our guarantee"
PAPER = "the paper's guarantee"
BOTH = "our guarantee and the paper's"
OUT_OF_REACH = "no auction can guarantee more"
KINDS = {
    REACHED: "circle",
    OURS: "triangle-right",
    PAPER: "triangle-right",
    BOTH: "triangle-right",
    OUT_OF_REACH: "triangle-left",
}
"""What a mark in a chart of shares means, and its shape: triangles point to where the figure may lie."""

# Paper and mechanism often promise nearly the same; on rows of their own both are seen.
_DOWN = dict(zip(KINDS, (-9, 2, 11, 2, 2), strict=True))

SHARE_TITLES = {
    "welfare_share": "welfare as a share of the optimum",
    "revenue_share": "revenue as a share of the optimum",
    "optimal_revenue_share": "revenue as a share of the best that a truthful auction earns",
}

_KIND_OF = {"ours": OURS, "paper": PAPER, "impossible": OUT_OF_REACH}
_STEP = 36


def share_figures(report: Report) -> tuple[Figure, ...]:
    """Draw for each share how much mechanisms reach with truthful bidders, and what is proved of it."""
    labels = Labels.of(report)
    figures = []
    for name in SHARES:
        panels: dict[str, Values] = {}
        for cell_figures in report.cells:
            cell = cell_figures.cell
            if name not in cell_figures.shares or not is_truthful(cell):
                continue
            values = panels.setdefault(labels.instances[cell.number], [])
            row = {"mechanism": labels.mechanisms[cell.number]}
            values.append({**row, "kind": REACHED, **numbers(best_estimate(name, cell_figures.shares[name]))})
            values += [{**row, **bound} for bound in _merge(bound_points(report, cell.number, name))]
        if panels:
            figures.append(_share_figure(name, panels))
    return tuple(figures)


def _share_figure(name: str, panels: Mapping[str, Values]) -> Figure:
    alt = import_altair()
    shown = dict(list(panels.items())[:PANELS])
    scale = alt.Scale(domain=[lowest_of(shown), highest_of(shown)])
    kinds = kinds_of(shown.values())
    parts = [
        _share_panel(title, values, scale, kinds, words=SHARE_TITLES[name] if place == len(shown) - 1 else "")
        for place, (title, values) in enumerate(shown.items())
    ]
    caption = (
        f"{SHARE_TITLES[name].capitalize()}, all bidders truthful: {way(name)}, with a 95% interval. Triangles point "
        "to where it may lie; only by chance can a guarantee be to the right of what is reached. What no auction can "
        "guarantee is about the worst market of the same size: on this one more may be reached."
    )
    return Figure(
        name=name.replace("_", "-"), spec=alt.vconcat(*parts).to_dict(), caption=cut(caption, panels)
    )


def _share_panel(title: str, values: Values, scale: Any, kinds: Sequence[str], *, words: str) -> Any:
    alt = import_altair()
    mechanisms = list(dict.fromkeys(value["mechanism"] for value in values))[:ROWS]
    kept = [value for value in values if value["mechanism"] in mechanisms]
    reached = [value for value in kept if value["kind"] == REACHED]
    proved = [value for value in kept if value["kind"] != REACHED]
    down = alt.Y("mechanism:N", sort=mechanisms, title=None)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds), title=None, legend=legend())
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[KINDS[kind] for kind in kinds]),
        title=None,
        legend=legend(),
    )
    across = alt.X("value:Q", title=words or None, scale=scale, axis=alt.Axis(format="~f", tickCount=6))
    told = tips(("mechanism:N", "kind:N"))
    data = alt.Data(values=reached)
    layers = [
        alt.Chart(data)
        .mark_rule(style=INTERVAL, yOffset=_DOWN[REACHED])
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=down, color=colour, tooltip=told),
        alt.Chart(data)
        .mark_point(filled=True, size=70, yOffset=_DOWN[REACHED], opacity=1)
        .encode(x=across, y=down, color=colour, shape=shape, tooltip=told),
        alt.Chart(data)
        .mark_text(style=LABEL, align="left", dx=8, yOffset=_DOWN[REACHED])
        .encode(x="high:Q", y=down, text=alt.Text("value:Q", format=".3~f")),
    ]
    layers += [
        alt.Chart(alt.Data(values=[value for value in proved if value["kind"] == kind]))
        .mark_point(filled=True, size=60, yOffset=_DOWN[kind], opacity=1)
        .encode(x=across, y=down, color=colour, shape=shape, tooltip=tips(("kind:N", "source:N"), bare=True))
        for kind in dict.fromkeys(value["kind"] for value in proved)
    ]
    return alt.layer(*layers).properties(title=title, width=PANEL_WIDTH, height=_STEP * len(mechanisms))


def best_estimate(name: str, share: Share) -> Estimate:
    """Return the estimate that is held against bounds: optimal revenue is of markets, the optimum of auctions."""
    return share.of_sums if name == "optimal_revenue_share" else share.of_auctions


def bound_points(report: Report, number: int, name: str) -> Values:
    """Return what is proved of a share in a cell."""
    return [
        {"kind": _KIND_OF[verdict.bound.kind], "value": verdict.level, "source": verdict.bound.source}
        for verdict in report.verdicts
        if verdict.cell.number == number and verdict.share == name
    ]


def _merge(points: Values) -> Values:
    """Return the same with one point for a guarantee that is ours and the paper's."""
    named = {point["kind"]: point for point in points}
    if OURS not in named or PAPER not in named or named[OURS]["value"] != named[PAPER]["value"]:
        return points
    source = f"{named[PAPER]['source']}; {named[OURS]['source']}"
    others = [point for point in points if point["kind"] not in (OURS, PAPER)]
    return [{"kind": BOTH, "value": named[OURS]["value"], "source": source}, *others]


def kinds_of(panels: Iterable[Values]) -> list[str]:
    """Return which of `KINDS` are there, in order."""
    there = {value["kind"] for values in panels for value in values}
    return [kind for kind in KINDS if kind in there]


def way(name: str) -> str:
    """Say how a share is taken."""
    return (
        "all revenue over all optimal revenue"
        if name == "optimal_revenue_share"
        else "the mean over auctions of the share of each"
    )
