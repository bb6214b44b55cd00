"""Checks by exhaustion that truth is a dominant strategy and safe: every profile, every coin, every answer.

For mechanisms on markets with types that ask for valuations, make final offers or raise a clock of prices. A
bidder of each type, against every profile of the others, compares the truth with every type that it could
report, with reporting nothing, with every level at which it could leave a clock, and with accepting or
refusing every offer. Where the draws do not depend on the answer they are held fixed, so that the truth must
be best coin by coin, else on average. Nothing is assumed about the mechanism but the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.answering import Answerer
from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Outcome,
    Question,
    ReportedType,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.exploring import Tape, enumerate_tapes
from tests.reference.crowd_play import Rule, profiles, worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken promise, small enough to look at.

    Attributes:
        promise: Which one: feasibility, accounts, losers pay nothing, rationality, truthfulness.
        bidder: Whose; -1 where it is nobody's in particular.
        profile: The true type indices, None for a bidder that withheld its report.
        gain: By how much, in minor units; 0 where that says nothing.
        evidence: The coins, and the answer that does better.
    """

    promise: str
    bidder: int
    profile: tuple[int | None, ...]
    gain: Fraction
    evidence: str


def answering_as(market: TypeMarket, index: int) -> Answerer:
    """Answer truthfully as somebody of this type; written apart from the product's own truthful answers."""
    prices = sorted({value for bidder in market.bidders for (value, *_) in bidder.types})

    def answer(question: Question, clock: int, /) -> Answer:
        if isinstance(question, ReportType):
            return ReportedType(report=TypeReport(value=index, belief=None))
        assert isinstance(question, Climb)
        value = market.value(question.bidder, index)
        if question.price is not None:
            return _climbed(question, question.target if value >= question.price else clock)
        return _climbed(question, sum(price <= value for price in prices[: question.target]))

    return answer


def staying_up_to(level: int) -> Answerer:
    """Report nothing, and stay on every clock, offers included, up to this level."""

    def answer(question: Question, clock: int, /) -> Answer:
        if isinstance(question, ReportType):
            return ReportedType(report=None)
        assert isinstance(question, Climb)
        return _climbed(question, max(clock, min(level, question.target)))

    return answer


def _climbed(question: Climb, level: int) -> Climbed:
    return Climbed(level=level, exited=level < question.target)


def find_violation(
    market: TypeMarket, rule: Rule, *, silent: Sequence[int] = (), is_safe: bool = True
) -> Violation | None:
    """Return a profile, coins and an answer that break a promise, or None.

    Args:
        market: Small: every profile of types is tried.
        rule: The mechanism on this market.
        silent: Bidders who report nothing and leave every clock at once, whatever their types.
        is_safe: Whether it promises that truth never loses, that losers pay nothing, and winners their price.
            Where it does not, staying away may pay, and is not held against the truth.
    """
    for profile in profiles(market):
        if any(profile[bidder] for bidder in silent):
            continue
        shown = tuple(None if bidder in silent else index for bidder, index in enumerate(profile))
        truth = [staying_up_to(0) if index is None else answering_as(market, index) for index in shown]
        honest = _by_coins(rule, truth)
        for draws, tape in honest.items():
            broken = _broken(market, tape.outcome, shown, is_safe=is_safe)
            if broken is not None:
                promise, bidder, gain = broken
                return Violation(
                    promise=promise, bidder=bidder, profile=shown, gain=gain, evidence=repr(draws)
                )
        for bidder, index in enumerate(shown):
            if index is not None:
                found = _tempted(market, rule, truth, honest, bidder, shown, is_safe=is_safe)
                if found is not None:
                    return found
    return None


Coins = Mapping[tuple[Draw, ...], Tape]


def _by_coins(rule: Rule, answerers: Sequence[Answerer]) -> Coins:
    return {tape.draws: tape for tape in enumerate_tapes(rule, answerers)}


def _broken(
    market: TypeMarket, outcome: Outcome, profile: Sequence[int | None], *, is_safe: bool
) -> tuple[str, int, Fraction] | None:
    assignment: list[int | None] = [None] * len(profile)
    prices = [Fraction(0)] * len(profile)
    for award in outcome.awards:
        if assignment[award.bidder] is not None:
            return "feasibility", award.bidder, Fraction(0)
        assignment[award.bidder] = market.environment.bundles.index(award.goods)
        prices[award.bidder] = award.price
    feasible = market.environment.assignments
    if not market.environment.is_supplied(tuple(assignment)) or (
        feasible is not None and tuple(assignment) not in feasible
    ):
        return "feasibility", -1, Fraction(0)
    for bidder, index in enumerate(profile):
        payment = outcome.payments[bidder]
        if index is None and (assignment[bidder] is not None or payment):
            return "accounts", bidder, payment
        if is_safe and assignment[bidder] is None and payment:
            return "losers pay nothing", bidder, payment
        if is_safe and payment != prices[bidder]:
            return "accounts", bidder, payment - prices[bidder]
        if is_safe and index is not None and worth(market, outcome, bidder, index) < 0:
            return "rationality", bidder, -worth(market, outcome, bidder, index)
    return None


def _tempted(
    market: TypeMarket,
    rule: Rule,
    truth: Sequence[Answerer],
    honest: Coins,
    bidder: int,
    profile: tuple[int | None, ...],
    *,
    is_safe: bool,
) -> Violation | None:
    own = profile[bidder]
    assert own is not None
    for name, deviation in _deviations(market, bidder, own, is_safe=is_safe):
        answerers = [*truth[:bidder], deviation, *truth[bidder + 1 :]]
        for coins, gain in _gains(market, honest, _by_coins(rule, answerers), bidder, own):
            if gain > 0:
                return Violation(
                    promise="truthfulness",
                    bidder=bidder,
                    profile=profile,
                    gain=gain,
                    evidence=f"{name} with {coins}",
                )
    return None


def _deviations(
    market: TypeMarket, bidder: int, own: int, *, is_safe: bool
) -> Iterator[tuple[str, Answerer]]:
    for index in range(market.type_counts[bidder]):
        if index != own:
            yield f"type {index}", answering_as(market, index)
    if not is_safe:
        return
    values = {value for other in market.bidders for (value, *_) in other.types}
    for level in range(len(values) + 1):
        yield f"silence, and level {level}", staying_up_to(level)


def _gains(
    market: TypeMarket, honest: Coins, tempted: Coins, bidder: int, own: int
) -> Iterator[tuple[str, Fraction]]:
    if honest.keys() == tempted.keys():
        for draws, tape in tempted.items():
            before = worth(market, honest[draws].outcome, bidder, own)
            yield repr(draws), worth(market, tape.outcome, bidder, own) - before
        return
    averages = [
        sum(
            (tape.probability * worth(market, tape.outcome, bidder, own) for tape in coins.values()),
            Fraction(0),
        )
        for coins in (honest, tempted)
    ]
    yield "all coins", averages[1] - averages[0]
