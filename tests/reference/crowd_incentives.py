"""Checkers of two-step dominance by exhaustion, for mechanisms in which everybody reports a value, a belief, or both.

Step 1: whatever anybody says of the others, and whatever they report, one's true value gains more than any other. Step
2: when all values are true, one's true belief gains more on average than any other of a grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.crowd.distributions import Distribution, Profile
from openoutcry.mechanisms.crowd.market import TypeMarket
from tests.reference.crowd_play import Rule, average, profiles, reporting

BeliefsAt = Callable[[Profile], Sequence[Distribution]]
"""What everybody would say of all others when these types are reported; a constant, unless somebody peeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseValue:
    """A false value that gains at least as much as the true one, or more.

    Attributes:
        bidder: Whose.
        reported: What all reported, the bidder falsely.
        truth: Its true type index.
        gain: What the falsehood gains over the truth, at least 0.
    """

    bidder: int
    reported: Profile
    truth: int
    gain: Fraction


def false_values(market: TypeMarket, rule: Rule, beliefs_at: BeliefsAt) -> Iterator[FalseValue]:
    """Yield every false value that gains at least as much as the truth, at any reports of the others.

    With a strictly truthful mechanism there is none; with a weakly truthful one, none gains more than 0.
    """
    found = {}
    for profile in profiles(market):
        beliefs = beliefs_at(profile)
        answers = [reporting(index, beliefs[bidder]) for bidder, index in enumerate(profile)]
        found[profile] = average(rule, answers)
    for reported, lying in found.items():
        for bidder, lie in enumerate(reported):
            for truth in range(market.type_counts[bidder]):
                if truth == lie:
                    continue
                honest = found[*reported[:bidder], truth, *reported[bidder + 1 :]]
                gain = lying.utility(market, bidder, truth) - honest.utility(market, bidder, truth)
                if gain >= 0:
                    yield FalseValue(bidder=bidder, reported=reported, truth=truth, gain=gain)


def gains_of_beliefs(
    market: TypeMarket,
    rule: Rule,
    bidder: int,
    value: int,
    knowledge: Distribution,
    reports: Iterable[Distribution],
    others: Sequence[Distribution],
) -> list[Fraction]:
    """Return what a bidder gains on average with each of the reports, all values being true.

    Args:
        market: Who bids.
        rule: The mechanism.
        bidder: Whose reports.
        value: Its type index.
        knowledge: What it believes of all others: their types are drawn from it.
        reports: Beliefs about all others that it may report.
        others: By bidder what it says of all others; the bidder's own entry is not looked at.
    """
    gains = []
    for report in reports:
        gain = Fraction(0)
        for rest, weight in knowledge.items():
            profile = (*rest[:bidder], value, *rest[bidder:])
            answers = [
                reporting(index, report if who == bidder else others[who])
                for who, index in enumerate(profile)
            ]
            utility = average(rule, answers).utility(market, bidder, value)
            gain += Fraction(weight, knowledge.total) * utility
        gains.append(gain)
    return gains


def rounded(rule: Rule) -> Rule:
    """Plant a wrong rule: pay whole minor units instead of the exact fractions."""

    def converse(chance: Chance) -> Conversation:
        outcome = yield from rule(chance)
        payments = tuple(Fraction(round(payment)) for payment in outcome.payments)
        return replace(outcome, payments=payments)

    return converse
