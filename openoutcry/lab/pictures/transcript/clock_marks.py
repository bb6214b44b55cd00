"""What pictures of clocks mark, and how they say it: answers, deviations, and where in the log they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.transcript.amounts import as_number, show_money
from openoutcry.lab.pictures.transcript.story import Climbing, Mark, Story
from openoutcry.mechanisms.crowd.market import TypeMarket

_ENDINGS = ("left", "silent", "level that buys", "protocol deviation", "strategic deviation")
_SHAPES = ("M-1,-1L1,1M1,-1L-1,1", "circle", "square", "triangle-down", "diamond")
_DID = {"accepted": "accepts", "left": "exits", "silent": "is silent", "unanswered": "has not answered yet"}


def level_of(story: Story, climb: Climbing) -> float:
    """Return where a question would bring the clock: a level, or where levels are prices, the price."""
    market = story.market
    if not isinstance(market, TypeMarket):
        return float(climb.level)
    price = market.clock[climb.level - 1] if climb.price is None else climb.price
    return as_number(price, market)


def describe_climb(story: Story, climb: Climbing) -> str:
    """Return a question and its answer in a few words."""
    market = story.market
    did, level = _DID[climb.ending], f"level {climb.level}"
    if isinstance(market, TypeMarket):
        level = f"the price {show_money(climb.price or market.clock[climb.level - 1], market)}"
    elif climb.price is not None:
        level += f"; level {climb.target} buys for {show_money(climb.price, market)}"
    return f"{did} at {level}" if climb.ending != "accepted" else f"{did} {level}"


def deviation_row(story: Story, mark: Mark) -> dict[str, object]:
    """Return what is drawn of a deviation, but for where."""
    return {
        "record": mark.record,
        "wave": story.wave_at(mark.record),
        "what": mark.what,
        "instead": mark.instead,
        "ending": f"{mark.kind} deviation",
    }


def ending_shape(rows: Sequence[Mapping[str, object]]) -> Any:
    """Return the shapes of marks whose data have a field `ending`, with a legend of those that are there."""
    alt = import_altair()
    present = {row.get("ending") for row in rows}
    return alt.Shape(
        "ending:N",
        title="marks",
        scale=alt.Scale(domain=list(_ENDINGS), range=list(_SHAPES)),
        legend=alt.Legend(values=[ending for ending in _ENDINGS if ending in present], orient="top"),
    )


def records_scale(story: Story) -> Any:
    """Return the scale of the log, from the first question for a level to the last answer."""
    alt = import_altair()
    first = min(climb.asked for climb in story.climbs)
    last = max(climb.asked if climb.answered is None else climb.answered for climb in story.climbs)
    return alt.Scale(domain=[first - 1, last + 1], nice=False, zero=False)
