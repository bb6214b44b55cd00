"""What each registered mechanism claims of truth, and what it says itself that it does not.

A mechanism claims every property unless it is said here, or by its own warnings, that it does not. One that is not
registered claims them all: whoever writes one wants to know which of them it has. Only *obviously* best is claimed by
name, since a sealed auction has to be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from openoutcry.lab.audit.properties import Claims, Property
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.conditions import warn_of_bonus, warn_of_mixture, warn_of_reading
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Mechanism

Denials = Mapping[Property, str]
Denying = Callable[[Market | TypeMarket, object], Denials]

UNSAID = "it does not say so"


def claims_of(mechanism: Mechanism, market: Market | TypeMarket, parameters: object) -> Claims:
    """Return what a mechanism claims on a market with these parameters.

    Args:
        mechanism: Registered, or anything else.
        market: With the prior if it uses one.
        parameters: As its `configure` made them.
    """
    deny = _DENIALS.get(mechanism.name)
    denied = {Property.OBVIOUS: UNSAID} if deny is None else dict(deny(market, parameters))
    guarantee = mechanism.guarantee(market, parameters)
    return Claims(denied=denied, most_paid_out=max(guarantee.revenue_loss, Fraction(0)))


def _deny_clock(market: Market | TypeMarket, parameters: object) -> Denials:
    if getattr(parameters, "form", "clock") == "clock":
        return {}
    return {Property.OBVIOUS: "in the sealed form one has to trust the rule"}


def _deny_nothing(market: Market | TypeMarket, parameters: object) -> Denials:
    return {}


def _deny_threshold_lottery(market: Market | TypeMarket, parameters: object) -> Denials:
    denied = {Property.OBVIOUS: "in the sealed form one has to trust the rule"}
    if getattr(parameters, "slots", "colour") == "uniform":
        denied[Property.EVERY_COIN] = 'with slots = "uniform" truth is best in expectation only'
    return denied


def _deny_side_bets(market: Market | TypeMarket, parameters: object) -> Denials:
    reason = "side bets may cost more than is gained"
    return {
        Property.SAFE: reason,
        Property.SAFE_ON_AVERAGE: reason,
        Property.FUNDED: "side bets are settled both ways",
        Property.OBVIOUS: UNSAID,
    }


def _deny_optimal(market: Market | TypeMarket, parameters: object) -> Denials:
    assert isinstance(parameters, CrowdChoices)
    lotteries = "its best auction may draw lots, and is truthful on average over them"
    return {Property.EVERY_COIN: lotteries, **_deny_mixture(parameters)}


def _deny_lookahead(market: Market | TypeMarket, parameters: object) -> Denials:
    assert isinstance(parameters, CrowdChoices)
    assert isinstance(market, TypeMarket)
    denied = {
        Property.EVERY_COIN: "the highest bidder is rewarded most, which only the lottery outweighs",
        **_deny_mixture(parameters),
    }
    # `weak` loses revenue and no truth.
    reading = warn_of_reading(parameters) if parameters.reading == "literal" else ()
    for warning in (*warn_of_bonus(market, parameters), *reading):
        denied |= {Property.ON_AVERAGE: warning, Property.STRICT: warning}
    return denied


def _deny_lookahead_plus(market: Market | TypeMarket, parameters: object) -> Denials:
    assert isinstance(parameters, CrowdChoices)
    return _deny_mixture(parameters)


def _deny_mixture(choices: CrowdChoices) -> dict[Property, str]:
    denied = {Property.OBVIOUS: UNSAID}
    if choices.delta == 0:
        denied[Property.STRICT] = next(warn_of_mixture(choices))
    return denied


_DENIALS: Mapping[str, Denying] = {
    "signal-discovery": _deny_clock,
    "uniform-clock": _deny_clock,
    "threshold-lottery": _deny_threshold_lottery,
    "english": _deny_nothing,
    "posted-prices": _deny_nothing,
    "cremer-mclean": _deny_side_bets,
    "crowdsourced-optimal": _deny_optimal,
    "crowdsourced-lookahead": _deny_lookahead,
    "crowdsourced-lookahead-plus": _deny_lookahead_plus,
}
