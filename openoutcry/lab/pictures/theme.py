"""One look for all charts: colours, sizes and fonts, on a light page and on a dark one.

A chart names what its marks are and no colours. Marks that are not data carry one of the styles below
(`alt.Chart().mark_rule(style=REFERENCE)`), series of data take the colours of the palette in order
(`alt.Color("mechanism:N")`), and the page decides what that looks like. `encode` with a colour of its own is for
meanings that a reader knows without a legend.
"""

from __future__ import annotations

from typing import Any

REFERENCE = "reference"
"""Style of a rule to compare with: zero, a bound, a moment."""

REFERENCE_LABEL = "reference-label"
"""Style of the words at such a rule."""

LABEL = "direct-label"
"""Style of words that stand at data, instead of a legend."""

INTERVAL = "interval"
"""Style of a rule that shows how uncertain a figure is."""

ACCENT = "accent"
"""Style of a mark that the reader must not miss: a deviation, a broken promise."""

MUTED = "muted"
"""Style of a mark that is there for comparison and not to be looked at."""

HOLLOW = "hollow"
"""Style of a filled point that looks like a ring: filled like the page."""

WIDTH = 640
"""Of a chart's plotting area, in pixels; pages scale it down where there is less room."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

# Eight colours that stay apart for people who do not see red and green, or blue and yellow, as others do; after the
# palette of Okabe and Ito, with yellow and black left out: one is lost on white, the other is the colour of words.
_LIGHT_PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a4fbf", "#6b6b6b")
_DARK_PALETTE = ("#56b4e9", "#f0883e", "#2cc295", "#e39ac4", "#d9b44a", "#9ad0f5", "#b69cf0", "#a8a8a8")


def theme(*, is_dark: bool = False) -> dict[str, Any]:
    """Return the look of all charts, as a Vega-Lite configuration.

    Args:
        is_dark: For a dark page.
    """
    ink, soft, grid = ("#e6e6e6", "#a9adb5", "#33373f") if is_dark else ("#1f2328", "#5c636d", "#e4e7eb")
    palette, paper = (_DARK_PALETTE, "#16181d") if is_dark else (_LIGHT_PALETTE, "#ffffff")
    ramp = ["#242b35", "#3f6f96", "#9ad0f5"] if is_dark else ["#e6f0f8", "#6ca6cd", "#0b4a75"]
    accent = "#ff7b72" if is_dark else "#c1121f"
    words = {"labelColor": soft, "titleColor": ink}
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 6,
        "view": {"stroke": None},
        "mark": {"color": palette[0]},
        # Amounts go from near the paper to far from it, on a dark page, too.
        "range": {"category": list(palette), "ramp": ramp, "heatmap": ramp, "ordinal": ramp},
        "axis": {
            **words,
            "domainColor": soft,
            "tickColor": soft,
            "gridColor": grid,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 320,
            "titlePadding": 8,
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 10},
        "axisBand": {"grid": False},
        "legend": {
            **words,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 320,
        },
        "header": {
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": 12,
            "labelFontWeight": "bold",
            "labelLimit": WIDTH,
            "titleFontSize": 12,
        },
        "title": {
            "color": ink,
            "fontSize": 13,
            "anchor": "start",
            "fontWeight": "bold",
            "subtitleColor": soft,
            "subtitleFontSize": 12,
        },
        "line": {"strokeWidth": 2},
        "point": {"filled": True, "size": 60},
        "rule": {"color": soft},
        "text": {"color": ink, "fontSize": 12},
        "style": {
            REFERENCE: {"color": soft, "strokeDash": [4, 3], "strokeWidth": 1.2},
            REFERENCE_LABEL: {"color": soft, "fontSize": 11},
            LABEL: {"fontSize": 12},
            INTERVAL: {"color": palette[0], "strokeWidth": 2, "strokeCap": "round"},
            HOLLOW: {"color": paper, "stroke": palette[0], "strokeWidth": 1.5},
            ACCENT: {"color": accent},
            MUTED: {"color": soft, "opacity": 0.55},
        },
    }
