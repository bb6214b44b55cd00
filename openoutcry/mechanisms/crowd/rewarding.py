"""Paying for beliefs, and closing the books: sales less rewards.

A reward depends on what one believed and on what the others reported, never on one's own value, and it lies between 0
and its scale. Exact fractions are paid: rounded to cents, many wrong beliefs would pay as much as the true one.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import NOTHING, Outcome
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.scoring import reward, reward_probability
from openoutcry.mechanisms.crowd.selling import Bids, Sale, settle
from openoutcry.mechanisms.parameters import Payment


def reward_belief(
    scale: Fraction,
    belief: Distribution | None,
    bids: Bids,
    payment: Payment,
    chance: Chance,
    *,
    label: str,
) -> Fraction:
    """Return what a belief earns at the values that others reported: scale (2 + BSR) / 2, in 0..scale.

    Args:
        scale: The most that it can earn, in minor units.
        belief: About others; None when there was nobody to have one about, which is a prediction that came true.
        bids: Of those who reported a value: the belief is scored by its marginal over them.
        payment: `exact` returns the fraction, `lottery` draws the scale with probability (2 + BSR) / 2, else 0.
        chance: Drawn from for `lottery`, unless only one result is possible.
        label: Of that draw, one for each belief.

    Source: CROWD, mechanisms M, step c, and L, step e. What a bidder that withheld its value would have said is not
    known, so its part of a belief goes unscored.
    """
    if belief is None:
        return scale
    scored = belief.marginal([player for player in belief.players if player in bids])
    profile = tuple(bids[player] for player in scored.players)
    if payment == "exact":
        return reward(scale, scored, profile)
    share = reward_probability(scored, profile)
    is_paid = share == 1 or (share > 0 and chance.bernoulli(label, share))
    return scale if is_paid else NOTHING


def settle_rewarded(market: TypeMarket, sale: Sale, rewards: Mapping[int, Fraction]) -> Outcome:
    """Return the outcome: everybody pays for what it gets, less its reward.

    Args:
        market: All bidders.
        sale: Who buys what.
        rewards: What bidders are paid for their reports, at least 0, by market index.
    """
    reason = "; ".join(filter(None, (sale.reason, _say_rewards(market, rewards))))
    told = Sale(awards=sale.awards, reason=reason)
    return settle(market, told, {bidder: -amount for bidder, amount in rewards.items()})


def _say_rewards(market: TypeMarket, rewards: Mapping[int, Fraction]) -> str:
    if not rewards:
        return "nobody is rewarded"
    total = show_in_currency(sum(rewards.values(), NOTHING), market.minor_units)
    if len(rewards) == 1:
        (bidder,) = rewards
        return f"{market.bidders[bidder].name} is rewarded with {total}"
    return f"{len(rewards)} reports are rewarded with {total} in all"
