"""Whether a bidder could report what it believes: asked before a session begins, where something can still be done.

A belief that is too large or too fine is refused when it is written, and then counts as withheld, in the middle of an
auction. Scenarios are checked here first. Called by local runs, in-process play and exact expectations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.mechanism import Mechanism
from openoutcry.protocol import limits


def weight_bits(mechanism: Mechanism, parameters: Any, count: int) -> int | None:
    """Return how many bits the total weight of a belief may have in a session; None when none is asked for.

    Args:
        mechanism: Of the session.
        parameters: As its `configure` made them.
        count: How many bidders take part.
    """
    rewards = mechanism.exact_rewards(parameters, count)
    return None if rewards is None else limits.belief_weight_bits(rewards)


def why_unreportable(
    market: TypeMarket, mechanism: Mechanism, parameters: Any, bidder: int, value: int, belief: Distribution
) -> str | None:
    """Return why a bidder could not report what it believes when all take part, or None.

    Args:
        market: Of the session.
        mechanism: Of the session.
        parameters: As its `configure` made them.
        bidder: Whose belief it is.
        value: Index of its type.
        belief: About all others.

    Returns:
        Size, limit, and what to do instead.
    """
    bits = weight_bits(mechanism, parameters, len(market.bidders))
    if bits is None or _why_too_large(belief, bits) is None:
        return None
    # What one knows when one is asked never has a larger total, but may have a smaller one.
    reason = _why_too_large(mechanism.belief_when_asked(market, bidder, value, belief), bits)
    if reason is None:
        return None
    instead = ""
    if (
        any(parameter.name == "payment" for parameter in mechanism.parameters)
        and bits < limits.BELIEF_WEIGHT_BITS
    ):
        instead = ', or take payment = "lottery", whose rewards need no room in the outcome'
    return f"{market.bidders[bidder].name!r} could not report what it believes: {reason}{instead}"


def why_prior_unreportable(
    market: TypeMarket, mechanism: Mechanism, parameters: Any, prior: Distribution, bidders: Sequence[int]
) -> str | None:
    """Return why some bidder that knows its own type and the prior could not report what it believes, or None.

    Args:
        market: Of the session.
        mechanism: Of the session.
        parameters: As its `configure` made them.
        prior: About all bidders.
        bidders: Those who know nothing else; market indices.
    """
    bits = weight_bits(mechanism, parameters, len(market.bidders))
    if bits is None or _why_too_large(prior, bits) is None:
        return None
    for bidder in bidders:
        for value, belief in _posteriors(prior, bidder):
            reason = why_unreportable(market, mechanism, parameters, bidder, value, belief)
            if reason is not None:
                return reason
    return None


def _posteriors(prior: Distribution, bidder: int) -> Iterator[tuple[int, Distribution]]:
    for value in prior.factor(bidder):
        belief = prior.given({bidder: value})
        assert belief is not None, "a type of positive weight"
        yield value, belief
        if isinstance(prior, Product):
            # Its own type tells a bidder nothing about independent others.
            return


def _why_too_large(belief: Distribution, bits: int) -> str | None:
    if isinstance(belief, Joint):
        points, cells = len(belief.points), len(belief.points) * len(belief.players)
        if points > limits.BELIEF_POINTS:
            return (
                f"it has {points} points, and the limit is {limits.BELIEF_POINTS}: leave out the least likely ones, or "
                "take a product"
            )
        if cells > limits.BELIEF_CELLS:
            return (
                f"{points} points for {len(belief.players)} bidders are {cells} types, and the limit is "
                f"{limits.BELIEF_CELLS}: leave out the least likely points, or take a product"
            )
    size = belief.total.bit_length()
    if size > bits:
        return (
            f"the total of its weights has {size} bits, and with {len(belief.players) + 1} bidders the limit is "
            f"{bits}: take smaller weights"
        )
    return None
