"""Where the price of a crowdsourced auction comes from: whose reports, and what each price would bring by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import LABEL, WIDTH
from openoutcry.lab.pictures.transcript.amounts import as_number, show_amount, show_money
from openoutcry.lab.pictures.transcript.beliefs import reported_types
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Reporting, Story
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.aggregation import aggregate, slice_weights
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.lookahead import (
    highest_bidder,
    lookahead_price,
    second_bid,
    winning_value,
)
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import find_mechanism

LISTED = 5
"""Names in a sentence, at most."""

LABELLED_PRICES = 8
"""Prices up to which what they bring is written out."""

_LOOKAHEADS = ("crowdsourced-lookahead", "crowdsourced-lookahead-plus")


def price_source(story: Story) -> str:
    """Return whose reports the price was set from, in one sentence; empty where prices rest on no beliefs."""
    mechanism = story.session.specification.mechanism
    if story.settled is None or not mechanism.startswith("crowdsourced-"):
        return ""
    if _ran_lottery(story):
        return "The draw fell on the lottery, so nothing that was reported set a price."
    if mechanism not in _LOOKAHEADS:
        informant = next(
            (turn.state.get("informant") for turn in story.turns if "informant" in turn.state), None
        )
        if informant is None:
            return ""
        name = story.name_of(informant)
        return f"Prices follow from what {name} told of the others, who were not asked about anybody."
    bids = _bids(story)
    if not bids:
        return ""
    highest = highest_bidder(cast(TypeMarket, story.played_market()), bids)
    owners = [story.name_of(owner) for owner in _known(story, highest, bids)]
    who = _list(owners) if owners else "nobody"
    return (
        f"The price of {story.name_of(highest)}, who reported the highest value, follows from what {who} told of it,"
        " and from what all others reported; from nothing that it said itself."
    )


def _list(names: Sequence[str]) -> str:
    if len(names) > LISTED:
        return f"{', '.join(names[:LISTED])} and {len(names) - LISTED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _ran_lottery(story: Story) -> bool:
    return any(draw.label.endswith("/mixture") and draw.result for _, draw in story.draws)


def _bids(story: Story) -> dict[int, int]:
    """Return the reported types by place in the market, rising."""
    said = reported_types(story)
    return {place: said[name] for place, name in enumerate(story.players) if name in said}


def _known(story: Story, highest: int, bids: Mapping[int, int]) -> dict[int, Distribution]:
    """Return the beliefs from which the price of the highest bidder is set, by place of their owners, rising."""
    beliefs: dict[int, Distribution] = {}
    for report in story.reports:
        place = story.players.index(report.bidder)
        belief = _belief_of(report)
        if belief is not None and place != highest and place in bids:
            beliefs[place] = belief.marginal([player for player in belief.players if player in bids])
    return dict(sorted(beliefs.items()))


def _belief_of(report: Reporting) -> Distribution | None:
    said = report.opened.report if report.opened is not None else None
    return said.belief if isinstance(said, TypeReport) else None


def price_figure(story: Story) -> Figure | None:
    """Return what each possible price of the highest bidder would bring, by what the others told of it.

    None where no such price was set, or only one was possible.
    """
    specification = story.session.specification
    if specification.mechanism not in _LOOKAHEADS or story.settled is None or _ran_lottery(story):
        return None
    bids = _bids(story)
    if not bids:
        return None
    market = cast(TypeMarket, story.played_market())
    reading = find_mechanism(specification.mechanism).configure(specification.parameters).reading
    highest = highest_bidder(market, bids)
    told = aggregate(highest, bids, _known(story, highest, bids))
    found = lookahead_price(market, highest, bids, told, reading=reading)
    if told is None or found.is_second_bid:
        return None
    floors = {"selected": winning_value, "weak": second_bid}
    floor = floors[reading](market, highest, bids) if reading in floors else 0
    weights = {
        index: weight
        for index, weight in slice_weights(told, highest, bids).items()
        if market.value(highest, index) >= floor
    }
    if len(weights) < 2:
        return None
    rows = list(_revenues(market, highest, weights, found.price))
    return _draw(market, rows, highest, market.value(highest, bids[highest]))


def _revenues(
    market: TypeMarket, highest: int, weights: Mapping[int, int], price: int
) -> Iterator[dict[str, Any]]:
    total = sum(weights.values())
    for index in weights:
        value = market.value(highest, index)
        reached = Fraction(sum(weight for other, weight in weights.items() if other >= index), total)
        yield {
            "price": show_amount(value, market),
            "order": index,
            "revenue": as_number(value * reached, market),
            "brings": show_amount(value * reached, market),
            "chance": str(reached),
            "is": "the price" if value == price else "another price",
        }


def _draw(market: TypeMarket, rows: list[dict[str, Any]], highest: int, own: int) -> Figure:
    alt = import_altair()
    name = market.bidders[highest].name
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "price:N",
            title=f"price for {name}, {market.currency}",
            sort=alt.EncodingSortField(field="order", op="min"),
            axis=alt.Axis(labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y("revenue:Q", title=f"expected revenue, {market.currency}"),
    )
    bars = base.mark_bar().encode(
        color=alt.Color(
            "is:N",
            title=None,
            scale=alt.Scale(domain=["another price", "the price"]),
            legend=alt.Legend(orient="top"),
        ),
        tooltip=hover(
            "price:N", "chance:N", "brings:N", chance="probability of a sale", brings="expected revenue"
        ),
    )
    words = base.mark_text(style=LABEL, baseline="bottom", dy=-3).encode(text="brings:N")
    layers = [bars, words] if len(rows) <= LABELLED_PRICES else [bars]
    chart = alt.layer(*layers).properties(width=min(WIDTH, 90 * len(rows)), height=200)
    return Figure(
        name="price",
        spec=chart.to_dict(),
        caption=f"What each price would bring on average, by what the others told of {name} together: the price times"
        f" the probability that its value reaches it. The best is taken, the lowest of equals. {name} reported"
        f" {show_money(own, market)}, at which nobody looked to set the price.",
    )
