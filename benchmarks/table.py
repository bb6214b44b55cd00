"""Shows findings to a person, or to a program."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.findings import Finding

WIDTH_WITHOUT_TERMINAL = 170
NOISE = (
    "Times are noisy: whatever else runs on this machine moves them, twofold and more within an hour. Ratios compare "
    "neighbouring turns of this run, and only they count."
)


def describe_machine() -> str:
    """Return in one line what this runs on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {python}"


def print_table(findings: Sequence[Finding], seconds: float) -> None:
    """Print a table of what was found, with its goals."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WITHOUT_TERMINAL)
    table = Table(title="Open Outcry, measured", caption=NOISE, caption_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("goal", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("figures")
    for finding in findings:
        table.add_row(
            finding.name, show_measured(finding), show_goal(finding), show_verdict(finding), finding.detail
        )
    console.print(table)
    with_goal = [finding for finding in findings if finding.is_met is not None]
    met = sum(finding.is_met is True for finding in with_goal)
    console.print(f"{met} of {len(with_goal)} goals met; {describe_machine()}; {seconds:.0f} s in all")


def show_measured(finding: Finding) -> str:
    """Return the measured number with its unit."""
    return "not told here" if finding.measured is None else _show(finding.measured, finding.unit)


def show_goal(finding: Finding) -> str:
    """Return the goal with its direction, or nothing."""
    if finding.goal is None:
        return ""
    return ("≥ " if finding.better == "higher" else "≤ ") + _show(finding.goal, finding.unit)


def show_verdict(finding: Finding) -> str:
    """Return whether the goal is met, or nothing."""
    return {True: "met", False: "missed", None: ""}[finding.is_met]


def _show(number: float, unit: str) -> str:
    text = f"{number:.2f}" if abs(number) < 10 else f"{number:.0f}"
    return f"{text}{unit}" if unit == "x" else f"{text} {unit}".replace(" /", "/")
