"""The crowdsourced mechanisms on offer: what each asks, what it promises, and how it is configured and run."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

from openoutcry.mechanisms.crowd import (
    crowdsourced_lookahead,
    crowdsourced_lookahead_plus,
    crowdsourced_optimal,
)
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.conditions import (
    refuse_several_goods,
    refuse_unworkable,
    refuse_upward,
    warn_of_bonus,
    warn_of_mixture,
    warn_of_reading,
    warn_of_size,
)
from openoutcry.mechanisms.crowd.lookahead import given_another_leads
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import (
    Openings,
    Parameter,
    Payment,
    Reading,
    check_names,
    read_amount,
    read_choice,
    read_inner_probability,
    read_probability,
)

_PAPER = "Crowdsourced Bayesian Auctions"

_REWARD = Parameter(
    name="reward",
    default="1",
    choices='an amount above 0 in minor units, such as 1000 or "1/10"',
    meaning="epsilon: what is paid for beliefs, all informants together, at most",
)
# Small enough for most markets: the highest bidder's bonus must stay below what the lottery makes of a lie.
_SMALL_REWARD = Parameter(
    name="reward",
    default="1/1000000",
    choices='an amount above 0 in minor units, such as "1/1000"',
    meaning="epsilon: what the highest bidder is paid, and what all informants together are paid at most",
)
_DELTA = Parameter(
    name="delta",
    default="1/100",
    choices='a fraction in 0..1 in quotes, such as "1/100"',
    meaning="how often a lottery runs instead that makes telling one's value strictly best",
)
_DISCOUNT = Parameter(
    name="discount",
    default="1/2",
    choices='a fraction strictly between 0 and 1 in quotes, such as "1/2"',
    meaning="eta: by how much less than its coin the lottery sells, in minor units",
)
_PAYMENT = Parameter(
    name="payment",
    default="exact",
    choices=("exact", "lottery"),
    meaning="exact: a reward is the exact fraction; lottery: all of it or nothing, equal on average",
)
_OPENINGS = Parameter(
    name="openings",
    default="public",
    choices=("public", "private"),
    meaning="who sees reports once they are opened: everybody, or only the auctioneer until the end",
)
_READING = Parameter(
    name="reading",
    default="selected",
    choices=("selected", "weak", "literal"),
    meaning="what the price takes for granted; selected: that the bidder is picked; the others are for study",
)

_OPTIMAL = (_REWARD, _DELTA, _DISCOUNT, _PAYMENT, _OPENINGS)
_LOOKAHEAD = (_SMALL_REWARD, _DELTA, _DISCOUNT, _PAYMENT, _READING)


def _configure(mechanism: str, raw: Mapping[str, object], offered: tuple[Parameter, ...]) -> CrowdChoices:
    check_names(mechanism, raw, offered)
    is_open, is_read = _OPENINGS in offered, _READING in offered
    return CrowdChoices(
        reward=read_amount(raw, _SMALL_REWARD if _SMALL_REWARD in offered else _REWARD),
        delta=read_probability(raw, _DELTA),
        discount=read_inner_probability(raw, _DISCOUNT),
        payment=cast(Payment, read_choice(raw, _PAYMENT)),
        openings=cast(Openings, read_choice(raw, _OPENINGS)) if is_open else "private",
        reading=cast(Reading, read_choice(raw, _READING)) if is_read else "selected",
    )


def _count_exact(choices: CrowdChoices, beliefs: int) -> int:
    """Return how many rewards are exact fractions where so many beliefs are rewarded."""
    return beliefs if choices.payment == "exact" else 0


def _check_optimal(market: TypeMarket, choices: CrowdChoices) -> tuple[str, ...]:
    refuse_upward(market, crowdsourced_optimal.NAME)
    refuse_unworkable(market, crowdsourced_optimal.NAME)
    return (*warn_of_mixture(choices), *warn_of_size(market))


def _check_lookahead(market: TypeMarket, choices: CrowdChoices) -> tuple[str, ...]:
    refuse_several_goods(market, crowdsourced_lookahead.NAME)
    return (*warn_of_mixture(choices), *warn_of_bonus(market, choices), *warn_of_reading(choices))


def _check_lookahead_plus(market: TypeMarket, choices: CrowdChoices) -> tuple[str, ...]:
    refuse_several_goods(market, crowdsourced_lookahead_plus.NAME)
    return tuple(warn_of_mixture(choices))


_CONDITIONS = "all bidders truthful in values and beliefs, each belief the prior given what its owner knows"


def _promise(share: Fraction, loss: Fraction, formula: str, conditions: str) -> Guarantee:
    text = (
        f"expected revenue is at least {share} of that of the best dominant-strategy truthful auction that knows the "
        f"prior, less {loss}: {formula}, {conditions}; whatever the prior, correlated or not. No bidder ever loses, "
        f"and the seller never pays out more than {loss} beyond what it takes in; no share of welfare is promised"
    )
    return Guarantee(welfare=None, revenue=share, text=text, benchmark="optimal revenue", revenue_loss=loss)


def _guarantee_optimal(market: TypeMarket, choices: CrowdChoices) -> Guarantee:
    count = len(market.bidders)
    share = (1 - Fraction(1, count)) * (1 - choices.delta)
    formula = f"(1 - 1/n)(1 - delta) OPT - epsilon with n = {count}, delta = {choices.delta}"
    return _promise(share, choices.reward, formula, f"{_CONDITIONS}, and small enough to optimise by")


def _guarantee_lookahead(market: TypeMarket, choices: CrowdChoices) -> Guarantee:
    count = len(market.bidders)
    loss = choices.reward * (2 - Fraction(1, count))
    if choices.reading != "selected":
        text = (
            f"none: the {choices.reading} reading is there for study; the seller never pays out more than {loss} "
            "beyond what it takes in"
        )
        return Guarantee(
            welfare=None, revenue=None, text=text, benchmark="optimal revenue", revenue_loss=loss
        )
    formula = f"(1 - delta)/2 OPT - epsilon (2 - 1/n) with n = {count}, delta = {choices.delta}"
    conditions = f"{_CONDITIONS} and given that it was asked"
    return _promise(_half(count, choices), loss, _alone(count, formula), conditions)


def _guarantee_lookahead_plus(market: TypeMarket, choices: CrowdChoices) -> Guarantee:
    count = len(market.bidders)
    formula = f"(1 - delta)/2 OPT - epsilon with n = {count}, delta = {choices.delta}"
    return _promise(_half(count, choices), choices.reward, _alone(count, formula), _CONDITIONS)


def _half(count: int, choices: CrowdChoices) -> Fraction:
    return (1 - choices.delta) / 2 if count > 1 else Fraction(0)


def _alone(count: int, formula: str) -> str:
    return formula if count > 1 else "one bidder has nobody to inform about it"


_CROWDSOURCED_OPTIMAL = Mechanism(
    name=crowdsourced_optimal.NAME,
    summary="the auction that is best by what one bidder knows",
    source=f"{_PAPER}: mechanism M, Theorem 1, Lemmas 1-3",
    parameters=_OPTIMAL,
    asks=(
        "A coin picks the informant before anybody is asked. In one wave the informant commits to its belief about "
        "the values of all others, and everybody else to its value; then all reports are opened. With probability "
        "delta a lottery offers a random bundle to a random bidder at a random price; otherwise the optimal "
        "dominant-strategy truthful auction for that belief runs without the informant, which buys nothing and is "
        "paid reward (2 + BSR)/2, BSR in -2..0 being Brier's score of its belief at the reported values."
    ),
    learns=(
        "Everybody learns who informs before reporting, and that one knows that it cannot buy. Nobody sees a report "
        "before all are committed; then everybody sees all, or with private openings only the auctioneer until the "
        "end. Telling one's value is strictly best whatever others do, if delta is above 0; given that, telling one's "
        "true belief is the only best choice. Whoever withholds its value cannot buy, and the belief counts about the "
        "rest. If the informant withholds its belief it is paid nothing, and the highest values buy, each at what it "
        "displaces. A single bidder is paid the reward, and nothing is sold."
    ),
    repaired=(
        "Belief and values are committed to together: an informant that sees bids first reports a certainty, the price "
        "becomes the bid, and a bidder worth 6 earns 5 by bidding 1. The lottery leaves out the price 0, at which it "
        "would pay its buyer. The share has a factor 1 - delta that the paper drops: its bound fails for two buyers of "
        "digital goods. The optimum is over all types, not only those of positive probability."
    ),
    configure=lambda raw: _configure(crowdsourced_optimal.NAME, raw, _OPTIMAL),
    converse=crowdsourced_optimal.converse,
    guarantee=_guarantee_optimal,
    market="types",
    exact_rewards=lambda choices, count: _count_exact(choices, min(count - 1, 1)),
    check=_check_optimal,
)

_CROWDSOURCED_LOOKAHEAD = Mechanism(
    name=crowdsourced_lookahead.NAME,
    opens_privately=lambda choices: True,
    belief_when_asked=given_another_leads,
    summary="the highest bidder, priced by what others know",
    source=f"{_PAPER}: AGG and mechanism L, Theorem 2, Lemmas 1, 4 and 5; price after Ronen's lookahead auction",
    parameters=_LOOKAHEAD,
    asks=(
        "One good. First everybody commits to its value; the highest, the earlier in the roster among equals, is the "
        "only one who can buy. Then everybody else repeats its value and commits to its belief about all others. The "
        "beliefs are put together: the first of them, within what all hold possible. With probability delta a lottery "
        "runs; otherwise the good is offered at the price p that maximises p times the probability that the highest "
        "bidder's value reaches p, given the others' values and that it is the highest, the lowest among equals. "
        "Everybody else is paid reward (2 + BSR)/(2n) for its belief, BSR in -2..0 being Brier's score at the reported "
        "values; the highest bidder is paid the reward."
    ),
    learns=(
        "All reports are private to the auctioneer until the end. Being asked for a belief tells that one is not the "
        "highest, so an honest belief is what one knows given that; not being asked tells the highest bidder that it "
        "is. Its price does not depend on its own report. Telling one's value is strictly best if reward < delta (1 - "
        "discount)/(n times the number of values above 0); given that, one's true belief is the only best choice. "
        "Whoever withholds its value is left out; whoever withholds its belief, or repeats another value, is not paid. "
        "Without a belief, or after what was held impossible, the price is the second bid."
    ),
    repaired=(
        "The price is read as given that the bidder is the one picked: the formula as printed conditions on nothing "
        "more, so that overbidding pays; counting ties in loses half of the optimum. Rewards sum to up to (2 - 1/n) "
        "times epsilon, not epsilon. Strictness needs the bound on the reward. Values are opened in private: whoever "
        "saw them would report a certainty. The lottery leaves out the price 0, at which it would pay its buyer."
    ),
    configure=lambda raw: _configure(crowdsourced_lookahead.NAME, raw, _LOOKAHEAD),
    converse=crowdsourced_lookahead.converse,
    guarantee=_guarantee_lookahead,
    market="types",
    exact_rewards=lambda choices, count: _count_exact(choices, count - 1),
    check=_check_lookahead,
)

_CROWDSOURCED_LOOKAHEAD_PLUS = Mechanism(
    name=crowdsourced_lookahead_plus.NAME,
    summary="lookahead, values and beliefs told at once (ours)",
    source=f"ours, after {_PAPER}: AGG and mechanism L, Theorem 2",
    parameters=_OPTIMAL,
    asks=(
        "One good. In one wave everybody commits to its value and to its belief about all others; then all reports are "
        "opened. The highest bidder, the earlier in the roster among equals, is the only one who can buy, at the price "
        "of crowdsourced-lookahead; its own belief is left out of it. With probability delta a lottery runs instead. "
        "Everybody, the highest bidder too, is paid reward (2 + BSR)/(2n) for its belief, BSR in -2..0 being Brier's "
        "score at the reported values, and nobody is paid for anything else."
    ),
    learns=(
        "Nobody learns who is highest before all have committed, so an honest belief is simply what one knows. Then "
        "everybody sees all reports, or with private openings only the auctioneer until the end. The price of the "
        "highest bidder does not depend on its own report. Telling one's value is strictly best if delta is above 0, "
        "whatever the reward; given that, one's true belief is the only best choice. Whoever withholds its report is "
        "left out and not paid, and beliefs count about the rest. Without another's belief, or after what was held "
        "impossible, the price is the second bid."
    ),
    repaired=(
        "Not in the paper. Against its mechanism L it pays no bonus for being highest, so that no reward is too large "
        "for truth and epsilon bounds all of them together; nobody is told of its rank by being asked or not; and a "
        "wave is saved. What it gives up: in L winning is always worth at least as much as informing; here a bidder "
        "may wish to have lost, by at most epsilon/n."
    ),
    configure=lambda raw: _configure(crowdsourced_lookahead_plus.NAME, raw, _OPTIMAL),
    converse=crowdsourced_lookahead_plus.converse,
    guarantee=_guarantee_lookahead_plus,
    market="types",
    exact_rewards=_count_exact,
    check=_check_lookahead_plus,
)

CROWD_MECHANISMS: tuple[Mechanism, ...] = (
    _CROWDSOURCED_OPTIMAL,
    _CROWDSOURCED_LOOKAHEAD,
    _CROWDSOURCED_LOOKAHEAD_PLUS,
)
