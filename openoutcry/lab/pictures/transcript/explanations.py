"""What somebody who has never seen such an auction needs to be told beside its pictures: a few sentences a section."""

from __future__ import annotations

from collections.abc import Mapping

from openoutcry.lab.pictures.transcript.discovery import Discovery, How
from openoutcry.lab.pictures.transcript.story import Story
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import find_mechanism

MEANINGS: Mapping[How, str] = {
    "free": "it would value the lot most at no level that is still possible, so that telling its signal costs nothing",
    "drawn at a cost": "it was drawn by lot to tell its signal, and can no longer buy",
    "last one left": "nobody else can buy any more, so that it is made the offer",
    "outside the group": "it is not of the group that was drawn to buy, so that it tells its signal first",
    "not asked": "the auction was over before it was asked",
}
"""What each way to be discovered means for a bidder."""

_DRAWS: Mapping[str, str] = {
    "signal-discovery/mixture": "whether the uniform clock runs instead",
    "signal-discovery/group": "which group can buy",
    "signal-discovery/residue": "which levels are guessed possible, by their remainder",
    "signal-discovery/costly": "who tells its signal at the cost of not buying",
    "signal-discovery/price": "which of the last one's levels sets the price",
    "threshold-lottery/colour": "which of those who may buy does",
    "threshold-lottery/slot": "which of those who may buy does",
    "threshold-lottery/price": "at which own signal the price is the value",
    "posted-prices/price": "whether the lower of two prices is posted",
    "single-sample/reserve-bidder": "whose bid is the reserve",
    "empirical-reserve/split": "whose bids the reserve is learnt from",
    "crowdsourced-optimal/informant": "who tells what it knows of the others",
    "crowdsourced-optimal/core": "which of several equally good sales is made",
}
_DRAWS_BY_WORD: Mapping[str, str] = {
    "mixture": "whether a lottery runs instead",
    "lottery-bidder": "who is offered something in the lottery",
    "lottery-bundle": "what it is offered",
    "lottery-price": "at which price",
    "reward": "whether a report is paid for",
}

LEVELS: Mapping[str, str] = {
    "integrity": "nothing was changed, added or taken away",
    "authorship": "every record was signed by who is said to have sent it",
    "conduct": "every question, draw and deadline follows from the rules",
    "outcome": "who buys, and what everybody pays, was worked out again",
}
"""What each level of a verification is about, by name."""


def about_mechanism(story: Story) -> str:
    """Return what kind of auction this is, and what bidders know."""
    name, market = story.session.specification.mechanism, story.market
    if isinstance(market, TypeMarket):
        known = "Each bidder privately knows what it would pay."
    else:
        known = (
            f"Each bidder privately has a signal from 0 to {market.signal_levels - 1}, and what the lot is worth to"
            " anybody follows from the signals of all."
        )
    return (
        f"The mechanism is {name} ({find_mechanism(name).summary}); auctioneer mechanisms {name} tells it in full."
        f" {known} All amounts are in {market.currency}."
    )


def about_clocks(story: Story) -> str:
    """Return what a clock is and what a truthful bidder does."""
    if story.session.specification.mechanism == "posted-prices":
        return (
            "One bidder after another is offered a unit at its own price, which follows from nothing that it says. It"
            " takes the offer or leaves it; who is truthful takes it when its value is at least the price."
        )
    time = " Time runs to the right, along the numbered records of the log."
    if isinstance(story.market, TypeMarket):
        return (
            "The price rises, and the auctioneer asks each bidder, price by price, whether it holds on. An exit is for"
            f" good. A truthful bidder exits when the price is above its value.{time}"
        )
    return (
        "Every bidder has a clock of its own. The auctioneer asks it, level by level, whether its signal is that high;"
        " accepting raises the clock, and an exit is for good. The clock of a truthful bidder ends at its signal."
        f"{time}"
    )


def about_reports(story: Story) -> str:
    """Return why there are commitments."""
    readers = "the auctioneer alone" if any(report.is_private for report in story.reports) else "everybody"
    return (
        "Nobody can fit its report to those of others: each bidder first commits to its own, which shows nothing of it"
        f" and cannot be changed, and when all have, opens it to {readers}."
    )


def about_window(discovery: Discovery) -> tuple[str, ...]:
    """Return what levels, owners and the window are, and what the ways to be discovered mean."""
    steps = discovery.steps
    lowest, highest, stride = steps[0].lowest, steps[0].highest, discovery.stride
    levels = (
        f"A level is a sum of the signals of {discovery.group}: anything from {lowest} to {highest} at first. Who"
        " values the lot most depends on the level, so each level has an owner, and the auction looks for the owner of"
        " the true one. Each signal that becomes known takes away levels that are no longer possible."
    )
    if stride > 1 and discovery.residue is not None:
        levels += (
            f" The level's remainder divided by {stride} was guessed by a draw, as {discovery.residue}: only every"
            f" {_ordinal(stride)} level is looked at."
        )
    present = dict.fromkeys(how for how, _, _ in discovery.found.values())
    meanings = "; ".join(f"{how}, if {meaning}" for how, meaning in MEANINGS.items() if how in present)
    return levels, f"A bidder is discovered: {meanings}."


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def about_deviations(story: Story) -> str:
    """Return what kinds there are, of those that are on the page."""
    kinds = {mark.kind for mark in story.marks}
    protocol = "A protocol deviation breaks a rule, and the log proves it." if "protocol" in kinds else ""
    strategic = (
        "A strategic deviation is an answer that is not the truthful one: it breaks no rule."
        if "strategic" in kinds
        else ""
    )
    return " ".join(filter(None, (protocol, strategic)))


def about_waves(story: Story) -> str:
    """Return what a wave is, and why nobody can steer a draw."""
    waves = "The bidders of a wave are asked side by side; the next wave begins when all have answered."
    draws = (
        " A draw follows from secret parts of a seed, one from the auctioneer and one from each bidder, which all"
        " committed to before anybody knew another's: nobody can steer it, and anybody can repeat it."
    )
    return waves + (draws if story.draws else "")


def purpose_of_draw(label: str) -> str:
    """Return what a draw decides; its label where nothing more is known of it."""
    if label in _DRAWS:
        return _DRAWS[label]
    return next((_DRAWS_BY_WORD[word] for word in label.split("/")[1:] if word in _DRAWS_BY_WORD), label)
