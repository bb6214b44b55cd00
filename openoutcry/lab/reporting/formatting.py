"""Numbers of a report as people read them."""

from __future__ import annotations

from openoutcry.lab.statistics import Estimate

DOMINATED = "\u2020"
"""Behind a figure that a few auctions decide."""

UNKNOWN = "?"


def show_number(number: float) -> str:
    """Return a number with four digits that say something."""
    return f"{number:.4g}"


def show_estimate(estimate: Estimate | None) -> str:
    """Return a figure with its interval: `0.259 [0.232, 0.286]`."""
    if estimate is None:
        return UNKNOWN
    return f"{show_value(estimate)}{_interval(estimate, 1, '')}"


def show_share(estimate: Estimate | None) -> str:
    """Return a share with its interval in three digits, for where there is little room."""
    if estimate is None:
        return UNKNOWN
    return f"{estimate.value:.3g}{_interval(estimate, 1, '')}"


def show_value(estimate: Estimate | None) -> str:
    """Return a figure without its interval."""
    if estimate is None:
        return UNKNOWN
    return f"{show_number(estimate.value)}{DOMINATED if estimate.is_dominated else ''}"


def show_percent(estimate: Estimate | None) -> str:
    """Return a share with its interval in percent: `+2.5% [+1.1, +3.9]`."""
    if estimate is None:
        return UNKNOWN
    mark = DOMINATED if estimate.is_dominated else ""
    return f"{100 * estimate.value:+.3g}%{mark}{_interval(estimate, 100, '+')}"


def show_short_percent(share: float) -> str:
    """Return a difference of shares in percent with two digits that say something: `+2.5%`, `-0.031%`, `0`."""
    if share == 0:
        return "0"
    percent = float(f"{100 * share:.2g}")
    digits = f"{abs(percent):.10f}".rstrip("0").rstrip(".") if abs(percent) >= 1e-4 else f"{abs(percent):.0e}"
    sign = "+" if percent > 0 else "\u2212"
    return f"{sign}{digits}%"


def show_p(p: float | None) -> str:
    """Return a p-value: `0.031`, `< 0.0001`."""
    if p is None:
        return UNKNOWN
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def _interval(estimate: Estimate, times: int, sign: str) -> str:
    """Return what is put behind a figure: its interval, or that there is none to tell of."""
    if estimate.low is None or estimate.high is None:
        return " (one observation)"
    if estimate.standard_error == 0:
        return " (all alike)"
    return f" [{times * estimate.low:{sign}.3g}, {times * estimate.high:{sign}.3g}]"
