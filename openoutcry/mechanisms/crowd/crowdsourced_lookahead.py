"""Crowdsourced lookahead: the highest bidder buys at the price that is best by what all the others know of it.

Everybody reports its value in private; then everybody but the highest is asked what it believes. Values stay private
until all is over: somebody who saw them would report a certainty, and the highest bidder would pay its whole bid. Being
asked tells that one is not the highest, so an honest belief is the posterior given that, and not being asked tells the
highest that it is.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Answer, Conversation, ReportType, Wave
from openoutcry.mechanisms.crowd.aggregation import aggregate
from openoutcry.mechanisms.crowd.asking import Reports, ask_types
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.conditions import refuse_several_goods
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.lookahead import highest_bidder, sell_by_lookahead
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.rewarding import reward_belief, settle_rewarded
from openoutcry.mechanisms.crowd.selling import Bids, Sale
from openoutcry.mechanisms.crowd.strictness import draw_lottery, mix

NAME = "crowdsourced-lookahead"


def converse(market: TypeMarket, choices: CrowdChoices, chance: Chance) -> Conversation:
    """Run mechanism L.

    Args:
        market: One good that everybody may get. With one bidder there is no second wave, and it buys for 0.
        choices: All; openings are private whatever they say.
        chance: Drawn from under crowdsourced-lookahead/{mixture, lottery-bidder, lottery-bundle, lottery-price,
            reward/<index>}; a draw with one possible result is not made.

    Returns:
        A conversation of at most two waves.

    Raises:
        ConfigurationError: The environment is not one good that everybody may get.

    Source: CROWD, Section 4.3, Theorem 2, with the selected reading of the price. A bidder that withholds its value is
    left out; one that withholds its belief, or repeats its value wrongly, keeps its bid and gets no reward.
    """
    refuse_several_goods(market, NAME)
    bids = yield from _ask_values(market)
    if not bids:
        return settle_rewarded(market, Sale(awards=(), reason="nobody reported a value"), {})
    highest = highest_bidder(market, bids)
    beliefs = (yield from _ask_beliefs(market, choices, bids, highest)) if len(bids) > 1 else {}
    sale = mix(
        choices.delta,
        lambda: sell_by_lookahead(
            market, highest, bids, aggregate(highest, bids, beliefs), reading=choices.reading
        ),
        lambda: draw_lottery(market, bids, choices.discount, chance, prefix=NAME),
        chance,
        prefix=NAME,
    )
    scale = choices.reward / len(market.bidders)
    rewards = {highest: choices.reward}
    for bidder, belief in beliefs.items():
        label = f"{NAME}/reward/{bidder}"
        rewards[bidder] = reward_belief(scale, belief, bids, choices.payment, chance, label=label)
    return settle_rewarded(market, sale, rewards)


def _ask_values(market: TypeMarket) -> Generator[Wave, tuple[Answer, ...], Bids]:
    questions = tuple(
        ReportType(bidder=bidder, asks_value=True, is_private=True) for bidder in range(len(market.bidders))
    )
    reports = yield from ask_types(
        market,
        questions,
        reason="everybody commits to its value, which only the auctioneer is to see before the end",
        state=lambda: {"phase": "values"},
    )
    return {b: report.value for b, report in reports.items() if report and report.value is not None}


def _ask_beliefs(
    market: TypeMarket, choices: CrowdChoices, bids: Bids, highest: int
) -> Generator[Wave, tuple[Answer, ...], Mapping[int, Distribution]]:
    questions = tuple(
        ReportType(
            bidder=bidder,
            asks_value=True,
            subjects=tuple(other for other in bids if other != bidder),
            is_private=True,
            is_paid_exactly=choices.payment == "exact",
        )
        for bidder in bids
        if bidder != highest
    )

    def state() -> Mapping[str, object]:
        return {"phase": "beliefs", "highest": highest, "reported": list(bids)}

    name = market.bidders[highest].name
    reports = yield from ask_types(
        market,
        questions,
        reason=f"{name} reported the highest value; all others tell what they believe of everybody",
        state=state,
    )
    return _consistent(reports, bids)


def _consistent(reports: Reports, bids: Bids) -> Mapping[int, Distribution]:
    # Drivers turn a contradiction into a withheld report, with a deviation; the price must not rest on their care.
    return {
        bidder: report.belief
        for bidder, report in reports.items()
        if report and report.belief is not None and report.value == bids[bidder]
    }
