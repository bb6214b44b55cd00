"""Pictures of what bidders believe of each other.

Few beliefs are drawn as bars, one field for each who tells and each who is told of. More are drawn as one number each:
the probability that a belief gave to what its subject then reported. Beyond that there is no picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import WIDTH
from openoutcry.lab.pictures.transcript.amounts import show_amount
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Story
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.session.narration import describe_type

FIELDS = 36
"""Beliefs of one bidder about one other that are drawn as bars, at most."""

CELLS = 1600
"""Beliefs of one bidder about one other that are drawn as one number each, at most."""

TYPES = 60
"""Types of one bidder whose probabilities are drawn as bars, at most."""

WIDEST_LABEL = 16
"""Pixels that a bar has when its value is written below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one bidder believes about one other: weights by type index, and the log index of the report."""

    owner: str
    subject: str
    weights: Mapping[int, int]
    record: int


def _told(story: Story) -> list[_Told]:
    members = story.session.members
    return [
        _Told(
            owner=report.bidder,
            subject=members[subject].name,
            weights=said.belief.factor(player),
            record=report.opened.index,
        )
        for report in story.reports
        if report.opened is not None
        and isinstance(said := report.opened.report, TypeReport)
        and said.belief is not None
        for player, subject in zip(said.belief.players, report.opened.subjects, strict=True)
    ]


def _count_told(story: Story) -> int:
    return sum(
        len(report.opened.subjects)
        for report in story.reports
        if report.opened is not None
        and isinstance(report.opened.report, TypeReport)
        and report.opened.report.belief is not None
    )


def belief_figures(story: Story) -> Iterator[Figure]:
    """Yield the picture of what was believed, if there is one."""
    market = story.market
    count = _count_told(story)
    if not isinstance(market, TypeMarket) or not 0 < count <= CELLS:
        return
    told = _told(story)
    said = reported_types(story)
    if count <= FIELDS and max(market.type_counts) <= TYPES:
        yield _fields(told, market, said)
    elif any(belief.subject in said for belief in told):
        yield _predictions(told, market, said)


def reported_types(story: Story) -> dict[str, int]:
    """Return the type index that each bidder reported of itself."""
    return {
        report.bidder: report.opened.report.value
        for report in story.reports
        if report.opened is not None
        and isinstance(report.opened.report, TypeReport)
        and report.opened.report.value is not None
    }


def _fields(told: Sequence[_Told], market: TypeMarket, said: Mapping[str, int]) -> Figure:
    alt = import_altair()
    owners = sorted({belief.owner for belief in told}, key=market.names.index)
    subjects = sorted({belief.subject for belief in told}, key=market.names.index)
    rows = [row for belief in told for row in _probabilities(belief, market, said)]
    # A grid of fields needs something in each, or its rows come apart.
    pairs = {(belief.owner, belief.subject) for belief in told}
    rows += [
        _nothing(owner, subject, market)
        for owner in owners
        for subject in subjects
        if (owner, subject) not in pairs
    ]
    columns = len(subjects) if len(owners) > 1 else min(5, len(subjects))
    width = max(70, (WIDTH - 70) // columns - 12)
    has_labels = width // max(market.type_counts) >= WIDEST_LABEL
    axis = alt.Axis(labelAngle=0, labels=has_labels, labelOverlap=True, ticks=False, labelFontSize=10)
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            x=alt.X("type:N", title=None, sort=alt.EncodingSortField(field="order", op="min"), axis=axis),
            y=alt.Y(
                "probability:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%", tickCount=3),
            ),
            color=alt.Color(
                "of:N",
                title="probability of",
                scale=alt.Scale(domain=["another value", "what it reported itself"]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=hover(
                "owner:N",
                "subject:N",
                "values:N",
                "exact:N",
                "of:N",
                "record:Q",
                values="value",
                exact="probability",
                of="which is",
            ),
        )
        .properties(width=width, height=70 if len(owners) > 1 else 90)
    )
    header = alt.Header(labelLimit=max(width, 130))
    column = {"sort": alt.EncodingSortField(field="column", op="min"), "title": None, "header": header}
    data = alt.Data(values=rows)
    if len(owners) > 1:
        facets = {
            "row": alt.Row(
                "owner:N",
                sort=alt.EncodingSortField(field="row", op="min"),
                title=None,
                header=alt.Header(labelAngle=0, labelAlign="left", labelLimit=130),
            ),
            "column": alt.Column("subject:N", **column),
        }
        chart = bars.facet(data=data, spacing=12, **facets)
    else:
        chart = bars.facet(facet=alt.Facet("subject:N", **column), columns=columns, data=data, spacing=12)
    if len({bidder.types for bidder in market.bidders}) > 1 and market.environment.is_single_parameter:
        chart = chart.resolve_scale(x="independent")
    who = "Each row is what one bidder" if len(owners) > 1 else f"What {owners[0]}"
    return Figure(
        name="beliefs",
        spec=chart.to_dict(),
        caption=f"{who} told that it believes of each of the others: how likely each value is. How beliefs about"
        " several hang together is not drawn.",
    )


def _probabilities(belief: _Told, market: TypeMarket, said: Mapping[str, int]) -> Iterator[dict[str, object]]:
    subject, total = market.names.index(belief.subject), sum(belief.weights.values())
    for index in range(len(market.bidders[subject].types)):
        probability = Fraction(belief.weights.get(index, 0), total)
        is_own = said.get(belief.subject) == index
        yield {
            "owner": belief.owner,
            "row": market.names.index(belief.owner),
            "subject": f"about {belief.subject}",
            "column": subject,
            "type": _type(market, subject, index),
            "values": describe_type(market, subject, index),
            "order": index,
            "probability": float(probability),
            "exact": str(probability),
            "of": "what it reported itself" if is_own else "another value",
            "record": belief.record,
        }


def _nothing(owner: str, subject: str, market: TypeMarket) -> dict[str, object]:
    row, column = market.names.index(owner), market.names.index(subject)
    return {
        "owner": owner,
        "row": row,
        "subject": f"about {subject}",
        "column": column,
        "type": _type(market, column, 0),
        "order": 0,
        "probability": None,
        "of": "another value",
    }


def _type(market: TypeMarket, bidder: int, index: int) -> str:
    if market.environment.is_single_parameter:
        return show_amount(market.value(bidder, index), market)
    return f"type {index}"


def _predictions(told: Sequence[_Told], market: TypeMarket, said: Mapping[str, int]) -> Figure:
    alt = import_altair()
    cells = []
    for belief in told:
        if (index := said.get(belief.subject)) is not None:
            probability = Fraction(belief.weights.get(index, 0), sum(belief.weights.values()))
            cells.append(
                {
                    "owner": belief.owner,
                    "row": market.names.index(belief.owner),
                    "subject": belief.subject,
                    "column": market.names.index(belief.subject),
                    "probability": float(probability),
                    "exact": str(probability),
                    "record": belief.record,
                }
            )
    owners = len({cell["owner"] for cell in cells})
    subjects = len({cell["subject"] for cell in cells})
    chart = (
        alt.Chart(alt.Data(values=cells))
        .mark_rect()
        .encode(
            x=alt.X(
                "subject:N",
                title="about",
                sort=alt.EncodingSortField(field="column", op="min"),
                axis=alt.Axis(labelAngle=-60, labelOverlap=True, labelLimit=90),
            ),
            y=alt.Y(
                "owner:N",
                title="what is told by",
                sort=alt.EncodingSortField(field="row", op="min"),
                axis=alt.Axis(labelOverlap=True, labelLimit=120),
            ),
            color=alt.Color(
                "probability:Q",
                title="probability",
                scale=alt.Scale(domain=[0, 1]),
                legend=alt.Legend(format="%"),
            ),
            tooltip=hover("owner:N", "subject:N", "exact:N", "record:Q", exact="probability"),
        )
        .properties(width=min(WIDTH, 22 * subjects), height=min(560, 22 * owners))
    )
    return Figure(
        name="beliefs",
        spec=chart.to_dict(),
        caption="How likely each bidder held what each of the others then reported of itself: the stronger the colour,"
        " the better it knew.",
    )
