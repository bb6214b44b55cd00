"""What the charts of a report have in common: names, numbers, tips, and where scales end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from openoutcry.lab.campaigns.labels import instance_labels, mechanism_labels, strategy_labels
from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.reporting.report import Report
from openoutcry.lab.statistics import Estimate

PANELS = 12
"""Of one chart; the tables have everything."""

ROWS = 24
"""Of one panel."""

PANEL_WIDTH = 430
"""Of a panel that stands alone in its row, in pixels."""

_STROKE_SIZE = 900

Values = list[dict[str, Any]]
"""Data of a chart: one mapping for each mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Short names, by number of the cell.

    Attributes:
        mechanisms: Of mechanisms.
        instances: Of instances.
        strategies: Of strategies.
    """

    mechanisms: Sequence[str]
    instances: Sequence[str]
    strategies: Sequence[str]

    @staticmethod
    def of(report: Report) -> Labels:
        """Return the names for a report."""
        campaign = report.result.campaign
        return Labels(
            mechanisms=mechanism_labels(campaign),
            instances=instance_labels(campaign),
            strategies=strategy_labels(campaign),
        )


def numbers(estimate: Estimate) -> dict[str, Any]:
    """Return what a chart shows of an estimate; without an interval both ends are the figure itself."""
    return {
        "value": estimate.value,
        "low": estimate.value if estimate.low is None else estimate.low,
        "high": estimate.value if estimate.high is None else estimate.high,
        "auctions": estimate.auctions,
        "clusters": estimate.clusters,
    }


def tips(fields: Sequence[str], *, bare: bool = False) -> list[Any]:
    """Return what is told of a mark under the pointer: these fields and its numbers, or only its value where `bare`."""
    alt = import_altair()
    told = [alt.Tooltip(field) for field in fields]
    told.append(alt.Tooltip("value:Q", format=".4~g"))
    if not bare:
        told += [alt.Tooltip(f"{name}:Q", format=".4~g") for name in ("low", "high")]
        told += [alt.Tooltip("auctions:Q", format=","), alt.Tooltip("clusters:Q", format=",")]
    return told


def legend(*, symbol: str | None = None) -> Any:
    """Return a legend above a chart; its symbols are those of the marks, or of one kind."""
    alt = import_altair()
    kind = alt.Undefined if symbol is None else symbol
    # Long enough to show how a line is broken.
    size = _STROKE_SIZE if symbol == "stroke" else alt.Undefined
    return alt.Legend(orient="top", columns=2, labelLimit=400, symbolType=kind, symbolSize=size)


def highest_of(panels: Mapping[Any, Values]) -> float:
    """Return where a scale of all panels ends: at or above everything that is drawn."""
    return ceiling(max(_end(value, "high") for values in panels.values() for value in values))


def lowest_of(panels: Mapping[Any, Values]) -> float:
    """Return where a scale of all panels begins: at 0, or below everything that is drawn."""
    lowest = min(_end(value, "low") for values in panels.values() for value in values)
    return -ceiling(-lowest) if lowest < 0 else 0.0


def _end(value: Mapping[str, Any], name: str) -> float:
    return float(value[name] if name in value else value["value"])


def ceiling(number: float) -> float:
    """Return the next number at or above one that is good at the end of an axis."""
    if number <= 0:
        return 1.0
    step = 10 ** floor(log10(number)) / 5
    return float(f"{ceil(number * 1.08 / step) * step:.12g}")


def cut(caption: str, panels: Mapping[Any, Values]) -> str:
    """Return a caption that says how many panels are left out, if any are."""
    left = len(panels) - PANELS
    return f"{caption} {left} more panels are left out; the tables have everything." if left > 0 else caption
