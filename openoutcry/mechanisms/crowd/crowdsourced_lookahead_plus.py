"""Crowdsourced lookahead plus: as crowdsourced lookahead, with everything reported at once.

Ours, not the paper's. Everybody commits to its value together with its belief, before anybody can tell who is highest,
and everybody is paid for its belief alone. So no reward depends on whose value was highest, honest beliefs are plain
posteriors, and the seller pays at most the reward in all.
"""

from __future__ import annotations

from collections.abc import Mapping

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Conversation, ReportType
from openoutcry.mechanisms.crowd.aggregation import aggregate
from openoutcry.mechanisms.crowd.asking import ask_types
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.conditions import refuse_several_goods
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.lookahead import highest_bidder, sell_by_lookahead
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.rewarding import reward_belief, settle_rewarded
from openoutcry.mechanisms.crowd.selling import Bids, Sale
from openoutcry.mechanisms.crowd.strictness import draw_lottery, mix

NAME = "crowdsourced-lookahead-plus"


def converse(market: TypeMarket, choices: CrowdChoices, chance: Chance) -> Conversation:
    """Run mechanism L+.

    Args:
        market: One good that everybody may get. With one bidder only its value is asked, and it buys for 0.
        choices: All but the reading.
        chance: Drawn from under crowdsourced-lookahead-plus/{mixture, lottery-bidder, lottery-bundle,
            lottery-price, reward/<index>}; a draw with one possible result is not made.

    Returns:
        A conversation of one wave.

    Raises:
        ConfigurationError: The environment is not one good that everybody may get.

    Source: CROWD, Section 4, changed: one wave instead of two, the highest bidder is asked for its belief as well and
    paid for it, though its price ignores it, and gets no other reward.
    """
    refuse_several_goods(market, NAME)
    count = len(market.bidders)
    everybody = range(count)
    reports = yield from ask_types(
        market,
        tuple(_question(bidder, count, choices) for bidder in everybody),
        reason="everybody commits to its value and to what it believes of the others, unseen by anybody",
        state=lambda: {"phase": "reports", "reward": str(choices.reward)},
    )
    bids = {b: report.value for b, report in reports.items() if report and report.value is not None}
    if not bids:
        return settle_rewarded(market, Sale(awards=(), reason="nobody reported a value"), {})
    beliefs = {b: report.belief for b in bids if (report := reports[b])}
    sale = mix(
        choices.delta,
        lambda: _sell(market, bids, beliefs),
        lambda: draw_lottery(market, bids, choices.discount, chance, prefix=NAME),
        chance,
        prefix=NAME,
    )
    scale = choices.reward / count
    rewards = {}
    for bidder, belief in beliefs.items():
        label = f"{NAME}/reward/{bidder}"
        rewards[bidder] = reward_belief(scale, belief, bids, choices.payment, chance, label=label)
    return settle_rewarded(market, sale, rewards)


def _question(bidder: int, count: int, choices: CrowdChoices) -> ReportType:
    others = tuple(other for other in range(count) if other != bidder)
    return ReportType(
        bidder=bidder,
        asks_value=True,
        subjects=others,
        is_private=choices.openings == "private",
        is_paid_exactly=choices.payment == "exact",
    )


def _sell(market: TypeMarket, bids: Bids, beliefs: Mapping[int, Distribution | None]) -> Sale:
    highest = highest_bidder(market, bids)
    known = {
        owner: belief.marginal([player for player in belief.players if player in bids])
        for owner, belief in beliefs.items()
        if belief is not None and owner != highest
    }
    return sell_by_lookahead(market, highest, bids, aggregate(highest, bids, known))
