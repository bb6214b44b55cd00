"""Pictures of signal discovery: the window closing over the levels, and who was discovered how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import ACCENT, LABEL, MUTED, REFERENCE_LABEL, WIDTH
from openoutcry.lab.pictures.transcript.bidders import Series, series_color
from openoutcry.lab.pictures.transcript.discovery import Discovery, Step
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Story

LABELLED = 28
"""Runs of levels up to which each is labelled with its owner."""

DRAWN = 1000
"""Runs of levels up to which they are drawn at all; beyond, the window is drawn alone."""

COUNTED = 8
"""Bidders from which it is worth counting how many are left."""


def window_figures(story: Story, discovery: Discovery, series: Series) -> tuple[Figure, ...]:
    """Return the window, and how many bidders were left, step by step."""
    figures = [_window(discovery, series)]
    if len(story.players) >= COUNTED and len(discovery.steps) > 1:
        figures.append(_left(story, discovery, series))
    return tuple(figures)


# --- The window -------------------------------------------------------------------------------------------


def _window(discovery: Discovery, series: Series) -> Figure:
    alt = import_altair()
    steps = discovery.steps
    runs = list(_runs(discovery, series))
    unit = "step" if discovery.is_sealed_form else "wave"
    top = steps[0].highest
    scale = alt.Scale(domain=[-0.5 - top / 60, top + 0.5 + top / 60], nice=False, zero=False)
    x = alt.X(
        "step:Q",
        title=unit,
        scale=alt.Scale(domain=[steps[0].number, steps[-1].number + 1], nice=False),
        axis=_steps_axis(alt, discovery),
    )
    y_axis = alt.Axis(tickMinStep=1, format="d")
    y = alt.Y("low:Q", title="level", scale=scale, axis=y_axis)
    layers = [
        alt.Chart(alt.Data(values=[_band(step, unit) for step in steps]))
        .mark_rect(style=MUTED, opacity=0.16)
        .encode(
            x=x,
            x2="until:Q",
            y=y,
            y2="high:Q",
            tooltip=hover(
                "about:N",
                "reason:N",
                "record:Q",
                "window:N",
                about="when",
                record="first record",
                window="possible levels",
            ),
        )
    ]
    if 0 < len(runs) <= DRAWN:
        layers.append(_levels(alt, runs, x, y, series))
    if 0 < len(runs) <= LABELLED:
        layers.append(_owners(alt, runs, x))
    if discovery.chosen is not None:
        layers += _chosen(alt, discovery, x, y)
    height = max(150, min(460, 13 * (top + 1)))
    return Figure(
        name="window",
        spec=alt.layer(*layers).properties(width=WIDTH, height=height).to_dict(),
        caption=_window_caption(discovery, runs),
    )


def _steps_axis(alt: Any, discovery: Discovery) -> Any:
    """Return the axis of waves, each named where it begins; how things stood at the end is called the end."""
    last = discovery.steps[-1]
    is_end = last.phase == "end"
    name = f"datum.value == {last.number} ? 'end' : " if is_end else ""
    behind = f"datum.value > {last.number} ? '' : "
    return alt.Axis(
        grid=False,
        tickMinStep=1,
        labelAlign="left",
        labelOverlap=True,
        labelExpr=f"{behind}{name}format(datum.value, 'd')",
    )


def _window_caption(discovery: Discovery, runs: Sequence[object]) -> str:
    where = (
        "The reports tell what the auctioneer worked out from them, step by step: "
        if discovery.is_sealed_form
        else ""
    )
    levels = (
        " Bars are the levels that were guessed possible, each as long as it stayed within the window, and coloured by"
        " how its owner, who would value the lot most there, was discovered."
        if 0 < len(runs) <= DRAWN
        else ""
    )
    chosen = (
        f" The last bidder is offered the lot at its value at level {discovery.chosen}."
        if discovery.chosen is not None
        else ""
    )
    text = f"{where}the grey window of levels that are still possible closes as signals become known.{levels}{chosen}"
    return text[0].upper() + text[1:]


def _band(step: Step, unit: str) -> dict[str, object]:
    return {
        "step": step.number,
        "until": step.number + 1,
        "low": step.lowest - 0.5,
        "high": step.highest + 0.5,
        "about": "the end" if step.phase == "end" else f"{unit} {step.number}",
        "reason": step.reason,
        "record": step.record,
        "window": f"{step.lowest} to {step.highest}",
    }


def _runs(discovery: Discovery, series: Series) -> Iterator[dict[str, Any]]:
    """Yield neighbouring levels of one owner that leave the window together, as one bar each."""
    first = next((step for step in discovery.steps if step.levels), None)
    if first is None:
        return
    end = discovery.steps[-1].number + 1
    gone = {level: end for level, _ in first.levels}
    for step in reversed(discovery.steps[discovery.steps.index(first) :]):
        remaining = {level for level, _ in step.levels}
        gone |= {level: step.number for level in gone if level not in remaining}
    run: dict[str, Any] | None = None
    half = 0.25 * discovery.stride if discovery.stride > 1 else 0.36
    for level, owner in first.levels:
        if run and (run["owner"], run["until"]) == (owner, gone[level]):
            run |= {"high": level + half, "last": level}
            continue
        if run:
            yield _described(run, discovery)
        run = {"step": first.number, "until": gone[level], "low": level - half, "high": level + half}
        run |= {"owner": owner, "series": series.of.get(owner, ""), "first": level, "last": level}
    if run:
        yield _described(run, discovery)


def _described(run: dict[str, Any], discovery: Discovery) -> dict[str, Any]:
    levels = f"{run['first']}" if run["first"] == run["last"] else f"{run['first']} to {run['last']}"
    unit = "step" if discovery.is_sealed_form else "wave"
    is_last = run["until"] > discovery.steps[-1].number
    possible = "to the end" if is_last else f"until {unit} {run['until']} begins"
    return {**run, "levels": levels, "middle": (run["low"] + run["high"]) / 2, "possible": possible}


def _levels(alt: Any, runs: Sequence[dict[str, Any]], x: Any, y: Any, series: Series) -> Any:
    return (
        alt.Chart(alt.Data(values=runs))
        .mark_rect(opacity=0.6 if len(runs) <= LABELLED else 0.9)
        .encode(
            x=x,
            x2="until:Q",
            y=y,
            y2="high:Q",
            color=series_color(series, (run["series"] for run in runs), title="owner discovered"),
            tooltip=hover(
                "levels:N",
                "owner:N",
                "series:N",
                "possible:N",
                owner="owner",
                series="owner discovered",
            ),
        )
    )


def _owners(alt: Any, runs: Sequence[dict[str, Any]], x: Any) -> Any:
    return (
        alt.Chart(alt.Data(values=runs))
        .mark_text(style=LABEL, align="left", dx=6, fontSize=11)
        .encode(x=x, y=alt.Y("middle:Q"), text="owner:N")
    )


def _chosen(alt: Any, discovery: Discovery, x: Any, y: Any) -> list[Any]:
    end = discovery.steps[-1]
    values = [
        {"step": end.number + 1, "low": discovery.chosen, "words": f"offer at level {discovery.chosen}"}
    ]
    base = alt.Chart(alt.Data(values=values)).encode(x=x, y=y)
    return [
        base.mark_point(style=ACCENT, shape="triangle-left", size=120, xOffset=6, opacity=1),
        base.mark_text(style=REFERENCE_LABEL, align="left", dx=16).encode(text="words:N"),
    ]


# --- Who is left ------------------------------------------------------------------------------------------


def _left(story: Story, discovery: Discovery, series: Series) -> Figure:
    """Return how many bidders were still in, and how the others had been discovered, step by step."""
    alt = import_altair()
    order = ["still in", *series.names]
    rows = list(_counts(story, discovery))
    unit = "step" if discovery.is_sealed_form else "wave"
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_rect()
        .encode(
            x=alt.X(
                "step:Q",
                title=unit,
                scale=alt.Scale(domain=[rows[0]["step"], rows[-1]["until"]], nice=False),
                axis=_steps_axis(alt, discovery),
            ),
            x2="until:Q",
            y=alt.Y("low:Q", title="bidders", scale=alt.Scale(domain=[0, len(story.players)], nice=False)),
            y2="high:Q",
            color=alt.Color(
                "series:N",
                title="discovered",
                scale=alt.Scale(domain=[*series.names, "still in"]),
                legend=alt.Legend(
                    values=[name for name in order if any(row["series"] == name for row in rows)],
                    orient="top",
                ),
            ),
            tooltip=hover(
                "step:Q",
                "series:N",
                "bidders:Q",
                "record:Q",
                step=unit,
                series="discovered",
                record="first record",
            ),
        )
        .properties(width=WIDTH, height=200)
    )
    return Figure(
        name="discovered",
        spec=chart.to_dict(),
        caption=f"How many of {len(story.players)} bidders are still in during each {unit}, and how the others had been"
        " discovered by its end.",
    )


def _counts(story: Story, discovery: Discovery) -> Iterator[dict[str, Any]]:
    by_step: dict[int, list[str]] = {}
    for how, number, _ in discovery.found.values():
        by_step.setdefault(number, []).append(how)
    counts: dict[str, int] = {}
    for step in discovery.steps:
        for name in by_step.get(step.number, ()):
            counts[name] = counts.get(name, 0) + 1
        told = {"still in": len(story.players) - sum(counts.values()), **counts}
        low = 0
        for series in ("still in", "last one left", "free", "drawn at a cost", "outside the group"):
            if count := told.get(series, 0):
                yield {
                    "step": step.number,
                    "until": step.number + 1,
                    "low": low,
                    "high": low + count,
                    "bidders": count,
                    "series": series,
                    "record": step.record,
                }
                low += count
