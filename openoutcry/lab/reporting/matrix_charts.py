"""A chart of what many lies earn in many mechanisms: a field for each, with its figure, shaded if it is significant.

Gains are of very different sizes, from a thousandth of a percent for a report that only moves a reward to a fifth of
all there is. So a field says how much in digits, and its shade only whether that can be told from nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.reporting.comparisons import Comparison
from openoutcry.lab.reporting.formatting import show_short_percent
from openoutcry.lab.reporting.marks import PANELS, ROWS, Values, tips

GAINS = "gains"
LOSES = "loses"
UNDECIDED = "not significant"
NEVER = "no difference in any auction"

# Shades that dark words can be read on; orange is what should not be.
_SHADES = {GAINS: "#f6b26b", LOSES: "#a9cfe8", UNDECIDED: "#eceef1", NEVER: "#ffffff"}
_WORDS = "#1f2328"
_FIELD_WIDTH = 66
_FIELD_HEIGHT = 25


def kind_of(comparison: Comparison) -> str:
    """Return what a comparison of a strategy with truth comes to, in words."""
    if comparison.difference.standard_error == 0 and comparison.difference.value == 0:
        return NEVER
    if not comparison.is_significant:
        return UNDECIDED
    return GAINS if (comparison.share or comparison.difference).value > 0 else LOSES


def matrix(panels: Mapping[str, Values], columns: Sequence[str]) -> dict[str, Any]:
    """Return the chart.

    Args:
        panels: By name of the instances, a value for each field: `who` and `quantity` say where it stands, `kind` how
            it is shaded.
        columns: From left to right.
    """
    alt = import_altair()
    shown = dict(list(panels.items())[:PANELS])
    kinds = {value["kind"] for values in shown.values() for value in values}
    there = [kind for kind in _SHADES if kind in kinds]
    parts = [_panel(title, values, columns, there) for title, values in shown.items()]
    spec: dict[str, Any] = alt.vconcat(*parts).to_dict()
    return spec


def _panel(title: str, values: Values, columns: Sequence[str], kinds: Sequence[str]) -> Any:
    alt = import_altair()
    rows = list(dict.fromkeys(value["who"] for value in values))[:ROWS]
    told = [
        {**value, "words": show_short_percent(value["value"])} for value in values if value["who"] in rows
    ]
    across = alt.X(
        "quantity:N",
        sort=list(columns),
        title=None,
        scale=alt.Scale(domain=list(columns), paddingInner=0.04),
        axis=alt.Axis(orient="top", labelAngle=-35, domain=False, ticks=False, labelLimit=320),
    )
    down = alt.Y("who:N", sort=rows, title=None, scale=alt.Scale(domain=rows, paddingInner=0.08))
    shade = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(kinds), range=[_SHADES[kind] for kind in kinds]),
        title=None,
        legend=alt.Legend(
            orient="bottom", symbolType="square", symbolStrokeColor=_WORDS, symbolStrokeWidth=0.5
        ),
    )
    tip = [*tips(("who:N", "quantity:N")), alt.Tooltip("adjusted:Q", format=".2~g", title="p after Holm")]
    chart = alt.Chart(alt.Data(values=told))
    fields = chart.mark_rect().encode(x=across, y=down, color=shade, tooltip=tip)
    words = chart.mark_text(fontSize=11, color=_WORDS).encode(x=across, y=down, text="words:N")
    return alt.layer(fields, words).properties(
        title=alt.Title(title), width=_FIELD_WIDTH * len(columns), height=_FIELD_HEIGHT * len(rows)
    )
