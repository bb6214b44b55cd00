"""The picture of posted prices: what each bidder was offered, and whether it accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import MUTED, WIDTH
from openoutcry.lab.pictures.transcript.amounts import as_number, show_money
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Ending, Story

ROWS = 400
"""Bidders that are drawn, at most."""

_ANSWERS: Mapping[Ending, str] = {
    "left": "refused",
    "silent": "silent",
    "accepted": "accepted",
    "unanswered": "not answered yet",
}
NOT_REACHED = "not reached"
"""What is said of a bidder to whom nothing was offered: all units were sold before, or it has no price."""


def offer_figure(story: Story) -> Figure:
    """Return the price posted for each bidder, and who was offered it and accepted."""
    alt, market = import_altair(), story.market
    rows = _rows(story)
    left = len(rows) - ROWS
    rows = rows[:ROWS]
    answers = [*_ANSWERS.values(), NOT_REACHED]
    present = {row["answer"] for row in rows}
    step = max(3, min(26, 900 // len(rows)))
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y(
            "bidder:N",
            title=None if step >= 11 else f"{len(rows)} bidders",
            sort=alt.EncodingSortField(field="place", op="min"),
            axis=alt.Axis(labels=step >= 11, ticks=False, labelLimit=160),
        ),
    )
    layers = [
        base.mark_bar().encode(
            x=alt.X("price:Q", title=f"posted price, {market.currency}"),
            color=alt.Color(
                "answer:N",
                title="offer",
                scale=alt.Scale(domain=answers),
                legend=alt.Legend(values=[answer for answer in answers if answer in present], orient="top"),
            ),
            tooltip=hover("bidder:N", "shown:N", "answer:N", "record:Q", "wave:Q", shown="price"),
        )
    ]
    if step >= 11:
        layers.append(
            base.mark_text(style=MUTED, align="left", opacity=1)
            .transform_filter("datum.price === null")
            .encode(x=alt.value(6), text="shown:N")
        )
    chart = alt.layer(*layers).properties(width=WIDTH, height=alt.Step(step))
    return Figure(
        name="offers",
        spec=chart.to_dict(),
        caption="The price at which each bidder may buy, in the order in which offers were answered."
        + (f" {left} more are left out." if left > 0 else ""),
    )


def _rows(story: Story) -> list[dict[str, Any]]:
    """Return a row for each bidder, in the order in which offers were answered."""
    market = story.market
    climb_of = {climb.bidder: climb for climb in story.climbs}
    rows: list[dict[str, Any]] = []
    for name, price in zip(
        story.players, cast(list[int | None], story.turns[-1].state["prices"]), strict=True
    ):
        climb = climb_of.get(name)
        row: dict[str, Any] = {
            "bidder": name,
            "price": None,
            "shown": "no price",
            "answer": NOT_REACHED,
            "record": None,
        }
        if price is not None:
            row |= {"price": as_number(price, market), "shown": show_money(price, market)}
        if climb is not None:
            row |= {"answer": _ANSWERS[climb.ending], "record": climb.answered, "wave": climb.wave}
        rows.append(row)
    rows.sort(key=lambda row: (row["record"] is None, row["record"] or 0, -(row["price"] or 0)))
    return [{**row, "place": place} for place, row in enumerate(rows)]
