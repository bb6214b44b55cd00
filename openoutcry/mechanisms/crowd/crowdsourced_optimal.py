"""Crowdsourced optimal: a random bidder tells what it knows, and the best auction for that sells to the others.

The informant buys nothing and is paid for its belief by how well that predicts what the others report. It commits to
the belief in the same wave in which the others commit to their values, so it can learn nothing from them: one that may
peek reports a certainty, and the others pay their whole bids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.vcg import sell_efficiently
from openoutcry.mechanisms.conversation import Award, Conversation, ReportType
from openoutcry.mechanisms.crowd.asking import ask_types
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.conditions import refuse_upward
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.rewarding import reward_belief, settle_rewarded
from openoutcry.mechanisms.crowd.selling import Bids, Sale
from openoutcry.mechanisms.crowd.strictness import draw_lottery, mix

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalMechanism

NAME = "crowdsourced-optimal"


def converse(market: TypeMarket, choices: CrowdChoices, chance: Chance) -> Conversation:
    """Run mechanism M.

    Args:
        market: Downward closed. With one bidder nothing is asked or sold, and it is paid the reward.
        choices: All but the reading.
        chance: Drawn from under crowdsourced-optimal/{informant, mixture, lottery-bidder, lottery-bundle,
            lottery-price, core, reward}; a draw with one possible result is not made.

    Returns:
        A conversation of one wave.

    Raises:
        ConfigurationError: The environment is not downward closed.

    Source: CROWD, Section 3, Theorem 1. The paper's steps 1 and 2 are one wave here: the belief must not depend on the
    bids. Whoever withholds its value is left out; without a belief the goods are sold as if nothing were known.
    """
    refuse_upward(market, NAME)
    count = len(market.bidders)
    if count == 1:
        name = market.bidders[0].name
        alone = Sale(awards=(), reason=f"{name} is the only bidder, so it informs and nobody is left to buy")
        return settle_rewarded(market, alone, {0: choices.reward})
    informant = chance.uniform(f"{NAME}/informant", count)
    name = market.bidders[informant].name
    others = tuple(bidder for bidder in range(count) if bidder != informant)
    is_private = choices.openings == "private"

    def question(bidder: int) -> ReportType:
        asked = others if bidder == informant else ()
        return ReportType(
            bidder=bidder,
            asks_value=bidder != informant,
            subjects=asked,
            is_private=is_private,
            is_paid_exactly=choices.payment == "exact",
        )

    def state() -> Mapping[str, object]:
        return {"phase": "reports", "informant": informant, "reward": str(choices.reward)}

    reports = yield from ask_types(
        market,
        tuple(map(question, range(count))),
        reason=f"{name} was drawn to tell what it knows of the others, who commit to their values unseen",
        state=state,
    )
    told = reports[informant]
    belief = None if told is None else told.belief
    bids = {b: report.value for b, report in reports.items() if report and report.value is not None}
    sale = mix(
        choices.delta,
        lambda: _sell(market, bids, belief, chance, informant=name),
        lambda: draw_lottery(market, bids, choices.discount, chance, prefix=NAME),
        chance,
        prefix=NAME,
    )
    rewards = {}
    if belief is not None:
        rewards[informant] = reward_belief(
            choices.reward, belief, bids, choices.payment, chance, label=f"{NAME}/reward"
        )
    return settle_rewarded(market, sale, rewards)


def _sell(
    market: TypeMarket, bids: Bids, belief: Distribution | None, chance: Chance, *, informant: str
) -> Sale:
    if not bids:
        return Sale(awards=(), reason="nobody who could buy reported a value")
    told = None if belief is None else _best_auction(market, bids, belief)
    if told is None:
        why = "did not" if belief is None else "told more than a best auction is worked out for"
        reason = f"{informant} was to inform and {why}, so the goods are sold as if nothing were known"
        return Sale(awards=sell_efficiently(market, bids).awards, reason=reason)
    segments = told.lottery(tuple(bids.values()))
    drawn = 0
    if len(segments) > 1:
        drawn = chance.weighted(f"{NAME}/core", [segment.weight for segment in segments])
    present = tuple(bids)
    awards = tuple(
        Award(bidder=present[award.bidder], goods=award.goods, price=award.price)
        for award in segments[drawn].awards
    )
    verdict = "sells" if awards else "sells nothing"
    return Sale(awards=awards, reason=f"the best auction by what {informant} told {verdict} at these values")


def _best_auction(market: TypeMarket, bids: Bids, belief: Distribution) -> OptimalMechanism | None:
    # Brings numerical libraries with it, which nobody else needs.
    from openoutcry.mechanisms.crowd.optimal import TooLarge, optimal_mechanism

    present = tuple(bids)
    known = belief.marginal(present).renamed(range(len(present)))
    try:
        return optimal_mechanism(market.restricted(present), known)
    except TooLarge:
        # The same for everybody, on every machine, whatever values were reported. `check` warns of it.
        return None
