"""Somebody else's mechanism, run so that its mistakes are told as its own.

What a registered mechanism returns is tested where it is written. A stranger's may raise anything, return anything, and
sell what there is not: all of this is refused in one line, before an audit computes with it.
"""

from __future__ import annotations

from openoutcry.errors import ConfigurationError, OpenOutcryError
from openoutcry.mechanisms.conversation import Conversation, Outcome
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.failure import describe_failure


def guarded(conversation: Conversation, market: Market | TypeMarket, reference: str) -> Conversation:
    """Hold a stranger's conversation.

    Args:
        conversation: As its mechanism began it.
        market: Which it runs on.
        reference: What names the mechanism, for messages.

    Raises:
        ConfigurationError: It raised something, or ended in what is no outcome on this market.
    """
    try:
        outcome: object = yield from conversation
    except OpenOutcryError:
        raise
    except Exception as error:
        raise ConfigurationError(f"mechanism {reference!r} raised {describe_failure(error)}") from error
    wrong = _wrong(outcome, market)
    if wrong:
        raise ConfigurationError(f"mechanism {reference!r} {wrong}")
    assert isinstance(outcome, Outcome)
    return outcome


def _wrong(outcome: object, market: Market | TypeMarket) -> str:
    """Return what is wrong with an outcome; nothing when all is well."""
    count = len(market.bidders)
    if not isinstance(outcome, Outcome):
        return f"ended with {outcome!r:.60}: return an Outcome"
    if len(outcome.payments) != count:
        return f"ended with {len(outcome.payments)} payments among {count} bidders: give one for each"
    buyers = [award.bidder for award in outcome.awards]
    if len(set(buyers)) != len(buyers) or not all(0 <= bidder < count for bidder in buyers):
        return f"awards something to bidders {buyers}: name each of 0..{count - 1} at most once"
    if isinstance(market, Market):
        return "sells the one lot more than once" if len(buyers) > 1 else ""
    return _unsupplied(outcome, market)


def _unsupplied(outcome: Outcome, market: TypeMarket) -> str:
    environment = market.environment
    assignment: list[int | None] = [None] * len(market.bidders)
    for award in outcome.awards:
        if award.goods not in environment.bundles:
            return f"sells goods {award.goods}, which are no bundle of this market"
        assignment[award.bidder] = environment.bundles.index(award.goods)
    is_listed = environment.assignments is None or tuple(assignment) in environment.assignments
    if environment.is_supplied(tuple(assignment)) and is_listed:
        return ""
    return f"sells {tuple(assignment)} (bundles by bidder), and there is not so much, or it is not feasible"
