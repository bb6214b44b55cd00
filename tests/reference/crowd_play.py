"""Runs a crowdsourced mechanism on small markets: who reports what, and what comes of it over all coins, exactly.

Written from the paper and the design alone. The product's own strategies and expectations are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from openoutcry.errors import UsageError
from openoutcry.mechanisms.answering import Answerer
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Conversation,
    Outcome,
    Question,
    ReportedType,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import Type, TypedBidder, TypeMarket
from openoutcry.mechanisms.exploring import enumerate_tapes, outcome_distribution

Rule = Callable[[Chance], Conversation]
Believe = Callable[[ReportType], Distribution]
"""What a bidder says when it is asked for a belief."""

WITHHELD = ReportedType(report=None)


def type_market(environment: Environment, types: Sequence[Sequence[Type]]) -> TypeMarket:
    """Return a market whose bidders have these types."""
    bidders = tuple(
        TypedBidder(name=f"bidder {index}", types=tuple(mine)) for index, mine in enumerate(types)
    )
    return TypeMarket(lot="lot", currency="EUR", minor_units=2, environment=environment, bidders=bidders)


def good_market(*values: Sequence[int]) -> TypeMarket:
    """Return a market of one good whose bidders have these possible values."""
    return type_market(Environment.single_good(), [[(value,) for value in mine] for mine in values])


def reporting(value: int | None, believe: Believe | Distribution | None = None) -> Answerer:
    """Answer every question with this type index, and with this belief about whoever it is asked of.

    Args:
        value: None withholds every report.
        believe: A belief about all others, of which what is asked for is told; or a function of the question; None
            withholds a report that asks for a belief.
    """

    def answer(question: Question, clock: int, /) -> Answer:
        if not isinstance(question, ReportType):
            raise UsageError("a crowdsourced mechanism asks for types")
        if value is None or (question.subjects and believe is None):
            return WITHHELD
        belief: Distribution | None = None
        if question.subjects and believe is not None:
            belief = believe(question) if callable(believe) else believe.marginal(question.subjects)
        return ReportedType(report=TypeReport(value=value if question.asks_value else None, belief=belief))

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """What happens on average over all coins.

    Attributes:
        revenue: Sum of all payments.
        payments: Length n.
        chances: By bidder and bundle of goods, how likely it gets that.
    """

    revenue: Fraction
    payments: tuple[Fraction, ...]
    chances: Mapping[tuple[int, tuple[int, ...]], Fraction]

    def utility(self, market: TypeMarket, bidder: int, index: int) -> Fraction:
        """Return what a bidder of this type gains."""
        worth = sum(
            (
                probability * market.value(bidder, index, market.environment.bundles.index(goods))
                for (who, goods), probability in self.chances.items()
                if who == bidder
            ),
            Fraction(0),
        )
        return worth - self.payments[bidder]


def average(rule: Rule, answerers: Sequence[Answerer]) -> Average:
    """Return the exact average over all coins."""
    payments = [Fraction(0)] * len(answerers)
    chances: dict[tuple[int, tuple[int, ...]], Fraction] = {}
    for settlement, probability in outcome_distribution(rule, answerers).probabilities.items():
        for bidder, payment in enumerate(settlement.payments):
            payments[bidder] += probability * payment
        for award in settlement.awards:
            key = (award.bidder, award.goods)
            chances[key] = chances.get(key, Fraction(0)) + probability
    return Average(revenue=sum(payments, Fraction(0)), payments=tuple(payments), chances=chances)


def outcomes(rule: Rule, answerers: Sequence[Answerer]) -> Iterator[Outcome]:
    """Yield the outcome of every path through the coins."""
    for tape in enumerate_tapes(rule, answerers):
        yield tape.outcome


def worth(market: TypeMarket, outcome: Outcome, bidder: int, index: int) -> Fraction:
    """Return the utility of one bidder of this type at one outcome."""
    gain = -outcome.payments[bidder]
    for award in outcome.awards:
        if award.bidder == bidder:
            gain += market.value(bidder, index, market.environment.bundles.index(award.goods))
    return gain


def grid(subjects: Sequence[int], counts: Sequence[int], steps: int) -> list[Distribution]:
    """Return every joint distribution over the subjects' types with probabilities of multiples of 1/steps."""
    points = list(product(*(range(counts[subject]) for subject in subjects)))
    return [
        Joint.of(subjects, dict(zip(points, weights, strict=True)))
        for weights in product(range(steps + 1), repeat=len(points))
        if sum(weights) == steps
    ]


def ignorance(market: TypeMarket, bidder: int) -> Product:
    """Return the belief that all types of all others are equally likely."""
    return uniform({other: count for other, count in enumerate(market.type_counts) if other != bidder})


def profiles(market: TypeMarket) -> Iterator[tuple[int, ...]]:
    """Yield every profile of type indices."""
    return product(*(range(count) for count in market.type_counts))
