"""What is paid beside prices: rewards for what was reported, and side payments."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import LABEL, WIDTH
from openoutcry.lab.pictures.transcript.amounts import as_number, show_amount
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Story
from openoutcry.mechanisms.conversation import NOTHING

LONGEST = 60
"""Characters of an exact amount that are shown."""

BARS = 60
"""Bidders whose rewards are drawn as a bar each, at most."""


def side_payments(story: Story) -> dict[str, Fraction]:
    """Return what each member of the roster is paid beside the price of what it gets; negative when it pays."""
    outcome = story.outcome
    if outcome is None:
        return {}
    prices = {award.bidder: award.price for award in outcome.awards}
    return {
        member.name: prices.get(place, NOTHING) - paid
        for place, (member, paid) in enumerate(zip(story.session.members, outcome.payments, strict=True))
    }


def reward_figure(story: Story) -> Figure | None:
    """Return the picture of all payments beside prices; None where there are none."""
    alt, market = import_altair(), story.market
    paid = side_payments(story)
    if not any(paid.values()):
        return None
    ordered = sorted(paid.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [
        {
            "bidder": name,
            "place": place,
            "reward": as_number(amount, market),
            "end": max(0.0, as_number(amount, market)),
            "is": "is paid" if amount > 0 else "pays",
            "shown": show_amount(amount, market),
            "exact": str(amount)
            if len(str(amount)) <= LONGEST
            else f"a fraction of {len(str(amount))} characters",
        }
        for place, (name, amount) in enumerate(ordered)
    ]
    draw = _reward_counts if len(rows) > BARS else _reward_bars
    chart = draw(alt, rows, f"paid to the bidder beside the price, {market.currency}")
    return Figure(
        name="rewards",
        spec=chart.to_dict(),
        caption="What bidders are paid for what they reported, beside any price; who pays stands to the left of zero."
        " The amounts are exact fractions, here rounded.",
    )


def _reward_bars(alt: Any, rows: list[dict[str, Any]], title: str) -> Any:
    axis = alt.Axis(tickCount=6, format="~g")
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y(
            "bidder:N",
            title=None,
            sort=alt.EncodingSortField(field="place", op="min"),
            axis=alt.Axis(labelLimit=160),
        ),
        tooltip=hover("bidder:N", "shown:N", "exact:N", shown="is paid", exact="exactly, in minor units"),
    )
    color = alt.Color("is:N", scale=alt.Scale(domain=["is paid", "pays"]), legend=None)
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=alt.X("reward:Q", title=title, axis=axis), color=color
    )
    words = base.mark_text(style=LABEL, align="left", dx=5).encode(
        x=alt.X("end:Q", axis=axis), text="shown:N"
    )
    step = max(13, min(26, 700 // len(rows)))
    return alt.layer(bars, words).properties(width=WIDTH - 60, height=alt.Step(step))


def _reward_counts(alt: Any, rows: list[dict[str, Any]], title: str) -> Any:
    color = alt.Color("is:N", scale=alt.Scale(domain=["is paid", "pays"]), legend=None)
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("reward:Q", title=title, bin=alt.Bin(maxbins=30)),
            y=alt.Y("count():Q", title="bidders"),
            color=color,
            tooltip=["count():Q"],
        )
        .properties(width=WIDTH, height=200)
    )
