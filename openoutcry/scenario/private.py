"""What only one bidder knows, and whether it fits the market: signals in one kind of market, types in the other.

A bidder with types knows its own and believes something of everybody else's. The belief may be given; otherwise it
follows from the prior and from what the bidder knows of it, and without a prior it is that all the others' types are
equally likely and independent. `Scenario` checks with this and makes beliefs with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openoutcry.errors import MarketError, UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, Profile, check_types, uniform
from openoutcry.mechanisms.crowd.knowledge import Partition, belief_about_others, own_value
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies import PrivateKnowledge, PrivateType


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateValue:
    """What only one bidder knows, in a market of types, when its belief follows from the prior.

    Attributes:
        value: Index of its type.
    """

    value: int


Private = PrivateType | PrivateValue | PrivateKnowledge


def check_private(market: Market | TypeMarket, player: int, private: Private) -> tuple[str, str] | None:
    """Return what is wrong with a bidder's private part, as the key below it and a reason, or None."""
    name = market.bidders[player].name
    if isinstance(market, Market):
        if not isinstance(private, PrivateType):
            return "", f"{name!r} has a signal in this market, not a type: give it a PrivateType"
        return _check_number("signal", name, private.signal, market.signal_levels)
    if isinstance(private, PrivateType):
        return "", f"{name!r} has a type in this market, not a signal: give it a PrivateKnowledge"
    wrong = _check_number("value", name, private.value, market.type_counts[player])
    if wrong is not None or isinstance(private, PrivateValue):
        return wrong
    if private.belief.players != others(market, player):
        return "belief", f"the belief of {name!r} must be about all the others, and nobody else"
    try:
        check_types(private.belief, market.type_counts)
    except UsageError as error:
        return "belief", str(error)
    return None


def check_prior(market: TypeMarket, prior: Distribution, given: Mapping[int, int]) -> None:
    """Refuse a prior that is not about this market, or that rules out the types given.

    Args:
        market: The bidders.
        prior: About all of them.
        given: Type indices by bidder, of those bidders whose types are given.

    Raises:
        MarketError: Saying what is wrong.
    """
    if prior.players != tuple(range(len(market.bidders))):
        raise MarketError("it must be about all bidders")
    try:
        check_types(prior, market.type_counts)
    except UsageError as error:
        raise MarketError(str(error)) from error
    for player, index in given.items():
        if not prior.factor(player).get(index):
            raise MarketError(
                f"it gives no weight to the private value given, {_show(market, player, index)}"
            )
    if prior.given(given) is None:
        shown = ", ".join(_show(market, player, index) for player, index in given.items())
        raise MarketError(f"it gives no weight to the private values given together, {shown}")


def check_knowledge(market: TypeMarket, player: int, partition: Partition, prior: Distribution) -> str | None:
    """Return what is wrong with what a bidder knows, or None."""
    name = market.bidders[player].name
    try:
        if not partition.is_consistent(player):
            return f"{name!r} must know its own value: a cell holds two of them"
        if partition.blocks is not None:
            for profile, _ in prior.items():
                partition.cell_of(profile)
    except UsageError as error:
        return str(error)
    return None


def belief_of(
    market: TypeMarket, player: int, profile: Profile, prior: Distribution | None, partition: Partition | None
) -> Distribution:
    """Return what a bidder believes of all others when nothing else is given.

    Args:
        market: The bidders.
        player: The bidder.
        profile: Everybody's type.
        prior: What is known before anybody knows anything; None for nothing, which makes all types equally likely.
        partition: What the bidder knows beside it; its own type when None.

    Raises:
        UsageError: The prior rules the profile out.
    """
    if prior is None:
        counts = market.type_counts
        return uniform({other: counts[other] for other in others(market, player)})
    return belief_about_others(prior, partition or own_value(player), player, profile)


def others(market: TypeMarket, player: int) -> tuple[int, ...]:
    """Return everybody else, rising."""
    return tuple(other for other in range(len(market.bidders)) if other != player)


def _check_number(word: str, name: str, number: object, count: int) -> tuple[str, str] | None:
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < count:
        return None
    noun = word if word == "signal" else "index of the type"
    return word, f"the {noun} of {name!r} is {number!r:.80}, outside 0..{count - 1}"


def _show(market: TypeMarket, player: int, index: int) -> str:
    bidder = market.bidders[player]
    values = bidder.types[index]
    shown = values[0] if market.environment.is_single_parameter else list(values)
    return f"{bidder.name}={shown}"
