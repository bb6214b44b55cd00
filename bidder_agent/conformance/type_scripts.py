"""Scripts in markets of types: every environment in turn, with beliefs joint and product, of every number of bidders.

One kind asks for reports: a value, a belief, both at once, both again once another bidder leads, and each time
whether to open what was committed to. The other kind, where bidders want one thing, names prices: rising ones, and a
posted one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from bidder_agent.conformance.scripts import Kind
from bidder_agent.guard import Question
from openoutcry.mechanisms.conversation import Award, TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.strategies import (
    AnySeat,
    Belief,
    OpeningView,
    OutcomeView,
    RaiseView,
    TypeQuestion,
    TypeSeat,
    bidder_random,
    make_outcome_view,
)
from openoutcry.strategies.belief import others_of

GREATEST_VALUE = 100
GREATEST_WEIGHT = 10
JOINT_POINTS = 8

ENVIRONMENTS = (
    Environment.single_good(),
    Environment.identical_units(2),
    Environment.unit_demand(("a", "b")),
    Environment(kind="bundles", goods=("a", "b"), units=(1, 1), bundles=((0,), (1,), (0, 1))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeScript:
    """One seat in one random market of types.

    Attributes:
        number: From which it was made.
        kind: Whether reports are asked for or prices are named.
        market: Public.
        bidder: Place of the bidder.
        value: Place of its type in its list.
        belief: About all others.
        price: That is posted.
    """

    number: int
    kind: Kind
    market: TypeMarket
    bidder: int
    value: int
    belief: Distribution
    price: int

    def seat(self) -> TypeSeat:
        """Return the seat with a generator at its beginning."""
        name = self.market.bidders[self.bidder].name
        return TypeSeat(
            market=self.market,
            bidder=self.bidder,
            value=self.value,
            knowledge=Belief(self.market, self.belief),
            rng=bidder_random(self.number.to_bytes(8, "big"), name),
        )

    def rounds(self, seat: AnySeat) -> Iterable[Iterable[Question]]:
        """Return the questions of its kind."""
        if self.kind is Kind.PRICES:
            return (_rise(seat, len(self.market.clock)), (self._offer(seat),))
        return (self._reports(seat),)

    def outcome(self, seat: AnySeat) -> OutcomeView:
        """Return what a strategy is shown at the end, as a buyer that was paid for its report."""
        goods = self.market.environment.bundles[0]
        return make_outcome_view(
            seat,
            awards=(Award(bidder=self.bidder, goods=goods, price=Fraction(self.price)),),
            names=[bidder.name for bidder in self.market.bidders],
            payment=Fraction(self.price) - Fraction(1, 12),
        )

    def describe(self) -> str:
        """Say for a person in which seat something happened."""
        value = self.market.bidders[self.bidder].types[self.value]
        return f"market {self.number} of types, {self.market.environment.kind}, value {value}"

    def _offer(self, seat: AnySeat) -> RaiseView:
        return RaiseView(seat=seat, level=1, clock=0, price=self.price, wave=0, target=1)

    def _reports(self, seat: AnySeat) -> Iterator[Question]:
        others = others_of(self.market, self.bidder)
        questions = [TypeQuestion(seat=seat, wave=0, asks_value=True)]
        if others:
            questions += [
                TypeQuestion(seat=seat, wave=0, asks_value=False, subjects=others[:1]),
                TypeQuestion(seat=seat, wave=0, asks_value=True, subjects=others),
                TypeQuestion(seat=seat, wave=1, asks_value=True, subjects=others, is_private=True),
            ]
        for question in questions:
            yield question
            yield OpeningView(seat=seat, wave=question.wave, report=self._truth(question))

    def _truth(self, question: TypeQuestion) -> TypeReport:
        return TypeReport(
            value=self.value if question.asks_value else None,
            belief=self.belief.marginal(question.subjects) if question.subjects else None,
        )


def make_type_script(number: int, kind: Kind) -> TypeScript:
    """Return the script in a market of types that a number makes."""
    random = Random(number)
    environments = [env for env in ENVIRONMENTS if env.is_single_parameter == (kind is not Kind.BUNDLES)]
    environment = environments[number % len(environments)]
    bidders = tuple(
        TypedBidder(name=f"bidder {index}", types=_types(random, len(environment.bundles)))
        for index in range(random.randint(1, 4))
    )
    market = TypeMarket(
        lot="conformance lot", currency="XTS", minor_units=0, environment=environment, bidders=bidders
    )
    bidder = random.randrange(len(bidders))
    return TypeScript(
        number=number,
        kind=kind,
        market=market,
        bidder=bidder,
        value=random.randrange(market.type_counts[bidder]),
        belief=_belief(random, market, others_of(market, bidder)),
        price=random.randrange(GREATEST_VALUE),
    )


def _types(random: Random, bundle_count: int) -> tuple[tuple[int, ...], ...]:
    drawn = {
        tuple(random.randrange(GREATEST_VALUE) for _ in range(bundle_count))
        for _ in range(random.randint(1, 4))
    }
    return tuple(sorted(drawn))


def _belief(random: Random, market: TypeMarket, others: tuple[int, ...]) -> Distribution:
    if random.random() < 0.5:
        return Product.of(
            {
                other: {
                    index: random.randint(1, GREATEST_WEIGHT) for index in range(market.type_counts[other])
                }
                for other in others
            }
        )
    points = {
        tuple(random.randrange(market.type_counts[other]) for other in others): random.randint(
            1, GREATEST_WEIGHT
        )
        for _ in range(JOINT_POINTS)
    }
    return Joint.of(others, points)


def _rise(seat: AnySeat, level_count: int) -> Iterator[RaiseView]:
    for level in range(1, level_count + 1):
        yield RaiseView(seat=seat, level=level, clock=level - 1, price=None, wave=level - 1)
