"""Charts of differences on the same auctions: mechanism against mechanism, and each strategy against truth.

A difference stands beside a line at nothing, with its interval; it is filled where it is significant. Where there are
many strategies, each has a field with a number instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import HOLLOW, INTERVAL, REFERENCE
from openoutcry.lab.reporting.cells import is_truthful
from openoutcry.lab.reporting.comparisons import COMPARED, Comparison
from openoutcry.lab.reporting.marks import PANEL_WIDTH, PANELS, ROWS, Labels, Values, cut, numbers, tips
from openoutcry.lab.reporting.matrix_charts import kind_of, matrix
from openoutcry.lab.reporting.report import Report

_NARROW = 190
_STEP = 24
_BESIDE = 4
"""Strategies that find room beside each other with their intervals."""

_BREAK = " | "
"""Where the name of a row goes on in its next line."""


def comparison_figure(report: Report) -> Figure | None:
    """Draw how mechanisms differ on the same auctions, as shares of the optimum; None where that is not known."""
    labels = Labels.of(report)
    shown = _of_one_strategy(report.mechanisms)
    panels: dict[str, Values] = {}
    for comparison in shown:
        if comparison.share is not None:
            first, second = (labels.mechanisms[one.number] for one in (comparison.first, comparison.second))
            panels.setdefault(labels.instances[comparison.first.number], []).append(
                {
                    "who": f"{first}{_BREAK}\u2212 {second}",
                    "quantity": comparison.quantity,
                    "significant": "significant" if comparison.is_significant else "not significant",
                    "adjusted": comparison.adjusted_share,
                    **numbers(comparison.share),
                }
            )
    if not panels:
        return None
    strategies = shown[0].first.strategies_label
    caption = (
        "How much more the first mechanism has than the second on the same auctions with the same luck, as a share of "
        f"the optimum of each auction, strategies {strategies}: mean and 95% interval. Utility is that of the observed "
        "bidder. Filled: significant at 5% after Holm among all comparisons of the quantity."
    )
    quantities = [name for name in COMPARED if any(v["quantity"] == name for p in panels.values() for v in p)]
    spec = _forest(panels, quantities)
    return Figure(name="mechanism-differences", spec=spec, caption=cut(caption, panels))


def strategy_figure(report: Report) -> Figure | None:
    """Draw what each strategy gains or loses against truth; None where that is not known."""
    labels = Labels.of(report)
    panels: dict[str, Values] = {}
    for comparison in report.strategies:
        if comparison.share is not None:
            number = comparison.first.number
            panels.setdefault(labels.instances[number], []).append(
                {
                    "who": labels.mechanisms[number],
                    "quantity": labels.strategies[number],
                    "kind": kind_of(comparison),
                    "significant": "significant" if comparison.is_significant else "not significant",
                    "adjusted": comparison.adjusted_share,
                    **numbers(comparison.share),
                }
            )
    if not panels:
        return None
    strategies = list(dict.fromkeys(value["quantity"] for values in panels.values() for value in values))
    caption = (
        "What the observed bidder gains{} or loses{} by not bidding truthfully, on the same auctions with the same "
        "luck, as a share of the optimum of each auction: mean{}. {}: significant at 5% after Holm."
    )
    if len(strategies) > _BESIDE:
        told = caption.format("", "", "", "Shaded blue or orange")
        return Figure(name="strategy-gains", spec=matrix(panels, strategies), caption=cut(told, panels))
    told = caption.format(" (right of 0)", " (left)", " and 95% interval", "Filled")
    return Figure(name="strategy-gains", spec=_forest(panels, strategies), caption=cut(told, panels))


def _forest(panels: Mapping[str, Values], columns: Sequence[str]) -> dict[str, Any]:
    """Return a chart of differences: a row of panels for each set of instances, one panel for each column."""
    alt = import_altair()
    shown = dict(list(panels.items())[:PANELS])
    values = [value for part in shown.values() for value in part if value["quantity"] in columns]
    lowest = min([0.0, *(value["low"] for value in values)])
    highest = max([0.0, *(value["high"] for value in values)])
    scale = alt.Scale(domain=_around(lowest, highest), nice=False)
    width = _NARROW if len(columns) > 1 else PANEL_WIDTH
    step = 1.5 * _STEP if any(_BREAK in value["who"] for value in values) else _STEP
    stacked = []
    for place, (title, part) in enumerate(shown.items()):
        names = list(dict.fromkeys(value["who"] for value in part))[:ROWS]
        beside = [
            _forest_panel(
                [value for value in part if value["quantity"] == column and value["who"] in names],
                names,
                scale,
                title=column if place == 0 else "",
                is_first=column == columns[0],
                is_last=place == len(shown) - 1,
            ).properties(width=width, height=step * len(names))
            for column in columns
        ]
        stacked.append(alt.hconcat(*beside, spacing=14).properties(title=alt.Title(title)))
    spec: dict[str, Any] = alt.vconcat(*stacked).to_dict()
    return spec


def _forest_panel(
    values: Values, names: Sequence[str], scale: Any, *, title: str, is_first: bool, is_last: bool
) -> Any:
    alt = import_altair()
    data = alt.Data(values=values)
    labels = alt.Axis(
        labels=is_first,
        labelExpr=f"split(datum.label, '{_BREAK}')",
        labelOffset=-7 if _BREAK in "".join(names) else 0,
    )
    down = alt.Y("who:N", sort=list(names), title=None, axis=labels, scale=alt.Scale(domain=list(names)))
    words = "difference / optimum" if is_last else None
    across = alt.X(
        "value:Q", title=words, scale=scale, axis=alt.Axis(format="~%", tickCount=4, labelOverlap=True)
    )
    told = [
        *tips(("who:N", "quantity:N")),
        alt.Tooltip("adjusted:Q", format=".2~g", title="p after Holm"),
    ]
    fill = alt.condition("datum.significant == 'significant'", alt.value(1), alt.value(0))
    layers = (
        alt.Chart(alt.Data(values=[{"zero": 0}]))
        .mark_rule(style=REFERENCE)
        .encode(x=alt.X("zero:Q", scale=scale)),
        alt.Chart(data)
        .mark_rule(style=INTERVAL)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=down, tooltip=told),
        alt.Chart(data)
        .mark_point(size=55, filled=True, opacity=1, style=HOLLOW)
        .encode(x=across, y=down, tooltip=told),
        alt.Chart(data).mark_point(size=55, filled=True).encode(x=across, y=down, opacity=fill, tooltip=told),
    )
    chart = alt.layer(*layers)
    return chart.properties(title=alt.Title(title, fontWeight="normal", frame="group")) if title else chart


def _of_one_strategy(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """Return those with truthful bidders, or with the first strategies that there are."""
    every = list(comparisons)
    truthful = [one for one in every if is_truthful(one.first)]
    if truthful or not every:
        return truthful
    return [one for one in every if one.first.strategies_label == every[0].first.strategies_label]


def _around(lowest: float, highest: float) -> list[float]:
    """Return a domain with a little room at both ends."""
    room = 0.06 * (highest - lowest) or 0.01
    return [lowest - room, highest + room]
