"""The guard and the player in markets of types: one report of two callbacks, in time, and one input for the session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from bidder_agent.guard import Guard, GuardedAnswer, Question
from bidder_agent.identity import identity_from_seed
from bidder_agent.narration import describe_outcome, show_money
from bidder_agent.player import Player
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.conversation import Award, TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.messages import OutcomeDeclared, ReportKind
from openoutcry.session.bidder_values import (
    Asked,
    BidderInput,
    Decided,
    LevelAsked,
    OpeningAsked,
    OpeningChosen,
    TypeAsked,
    TypeChosen,
)
from openoutcry.strategies import (
    Belief,
    NoAnswer,
    Open,
    OpeningView,
    Strategy,
    TypeQuestion,
    TypeSeat,
    load_strategy,
)
from openoutcry.wire import WireCodec

MARKET = TypeMarket(
    lot="lot",
    currency="USD",
    minor_units=0,
    environment=Environment.single_good(),
    bidders=(
        TypedBidder(name="ada", types=((1,), (4,))),
        TypedBidder(name="bob", types=((1,), (4,))),
    ),
)
KNOWN = Joint.of((1,), {(0,): 2, (1,): 1})
PRIVATE = {"value": 4, "belief": {"joint": {"players": ["bob"], "points": [[1], [4]], "weights": [2, 1]}}}
SHAPE = ReportShape(
    kind=ReportKind.VALUE_AND_BELIEF,
    subjects=(1,),
    type_counts=(2,),
    own_type_count=2,
    weight_bits=limits.belief_weight_bits(2),
)
REPORT = TypeReport(value=1, belief=KNOWN)
TYPE_ASKED = TypeAsked(question=b"q", wave=0, asks_value=True, subjects=(1,), is_private=False, shape=SHAPE)
OPENING_ASKED = OpeningAsked(
    question=b"o", wave=0, data=WireCodec().encode_type_report(REPORT, SHAPE), shape=SHAPE
)


def make_seat() -> TypeSeat:
    """Ada values the lot at 4."""
    rng = identity_from_seed("s", "ada").make_random()
    return TypeSeat(market=MARKET, bidder=0, value=1, knowledge=Belief(MARKET, KNOWN), rng=rng)


async def ask(strategy: Strategy, view: Question, *, limit_s: float = 5.0) -> GuardedAnswer:
    """Ask as the agent does."""
    guard = Guard(strategy, limit_s=limit_s)
    return guard.answer_at_once(view) or await guard.answer(view)


class Plain(Strategy):
    def report_valuation(self, view: Any) -> Any:
        return 1

    def report_belief(self, view: Any) -> Any:
        assert view.reported_value == 1
        return Belief.certain(MARKET, {"bob": 4})


class Mixed(Plain):
    async def report_belief(self, view: Any) -> Any:
        return super().report_belief(view)


class FailingBelief(Strategy):
    def report_belief(self, view: Any) -> Any:
        raise ValueError("no idea")


class HangingBelief(Strategy):
    async def report_belief(self, view: Any) -> Any:
        await asyncio.Event().wait()


class FailingOpening(Strategy):
    def on_opening(self, view: Any) -> Any:
        raise ValueError("no idea")


QUESTION = TypeQuestion(seat=make_seat(), wave=0, asks_value=True, subjects=(1,))
OPENING = OpeningView(seat=make_seat(), wave=0, report=REPORT)


@pytest.mark.parametrize("made", [Plain, Mixed])
async def test_two_callbacks_make_one_report(made: Callable[[], Strategy]) -> None:
    """Whatever way each of them is called in."""
    certain = Joint.of((1,), {(1,): 1})
    answer = await ask(made(), QUESTION)
    assert isinstance(answer.value, TypeReport)
    assert answer.value.value == 0
    assert answer.value.belief is not None
    assert dict(answer.value.belief.items()) == dict(certain.items())


async def test_built_in_strategies_answer_at_once() -> None:
    """Nothing of theirs waits, so no task is made for them."""
    guard = Guard(load_strategy("truthful").make(), limit_s=5.0)
    assert guard.answer_at_once(QUESTION) == GuardedAnswer(value=REPORT)
    assert guard.answer_at_once(OPENING) == GuardedAnswer(value=Open)


async def test_a_failing_report_is_withheld_and_a_failing_opening_is_kept() -> None:
    """The documented defaults: nothing is reported that was not meant, and one's word is kept."""
    failed = await ask(FailingBelief(), QUESTION)
    assert (failed.value, "no idea" in failed.failure) == (NoAnswer, True)
    late = await ask(HangingBelief(), QUESTION, limit_s=0.05)
    assert (late.value, late.failure) == (NoAnswer, "no answer within 0.05 s")
    opened = await ask(FailingOpening(), OPENING)
    assert (opened.value, "no idea" in opened.failure) == (Open, True)


class Sitting:
    """A player whose inputs and lines are kept."""

    def __init__(self, strategy: str | Strategy, private: Any = PRIVATE) -> None:
        self.inputs: list[tuple[BidderInput, str]] = []
        self.lines: list[str] = []
        made = load_strategy(strategy).make() if isinstance(strategy, str) else strategy
        self.player = Player(
            identity=identity_from_seed("s", "ada"),
            private=private,
            strategy=made,
            take=self.take,
            fail=self.fail,
            tell=self.lines.append,
        )

    async def take(self, given: BidderInput, failure: str) -> None:
        """Keep an input."""
        self.inputs.append((given, failure))

    def fail(self, problem: Exception) -> None:
        """Nothing goes wrong beside the stream here."""
        raise problem

    async def answer(self, asked: Asked) -> BidderInput:
        """Return the input that a question leads to."""
        if not self.inputs:
            self.player.sit_down(Specification(title="t", market=MARKET, mechanism="vickrey"))
        await self.player.consider(asked)
        while not self.inputs:
            await asyncio.sleep(0)
        return self.inputs[-1][0]


async def test_a_report_is_encoded_in_the_shape_of_its_question() -> None:
    """The line for people says what was reported in their own words."""
    sitting = Sitting("truthful")
    encoded = WireCodec().encode_type_report(REPORT, SHAPE)
    assert await sitting.answer(TYPE_ASKED) == TypeChosen(question=b"q", report=encoded)
    assert sitting.lines == [
        "wave 0: your value and your belief about bob, sealed? 4 and a belief about bob (2 rows)"
    ]


async def test_openings_are_kept_withheld_or_broken_as_the_strategy_says() -> None:
    """Another report is encoded in the shape of the question, so that its commitment alone is what is wrong."""
    other = WireCodec().encode_type_report(TypeReport(value=0, belief=KNOWN), SHAPE)
    expected = {
        "truthful": OpeningChosen(question=b"o", opens=True),
        "withhold-opening": OpeningChosen(question=b"o", opens=False),
        "wrong-opening": OpeningChosen(question=b"o", opens=True, instead=other),
    }
    assert {name: await Sitting(name).answer(OPENING_ASKED) for name in expected} == expected


class Huge(Strategy):
    deterministic = True

    def report_belief(self, view: Any) -> Any:
        return view.knowledge.mix(Belief.uniform(MARKET, ["bob"]), Fraction(1, 2**7000))


async def test_a_belief_that_no_message_can_hold_is_withheld_with_the_reason() -> None:
    """Weights beyond what exact payments leave room for are a failure of the answer and not of the agent."""
    sitting = Sitting(Huge())
    assert await sitting.answer(TYPE_ASKED) == TypeChosen(question=b"q", report=None)
    assert "bits" in sitting.inputs[0][1]


async def test_a_level_is_a_price_to_pay() -> None:
    """Ada would pay 4 and no more; the second level of 1, 4 is a price of 4."""
    level = LevelAsked(question=b"l", wave=1, level=2)
    assert await Sitting("truthful").answer(level) == Decided(question=b"l", accepts=True)
    posted = LevelAsked(question=b"l", wave=1, level=1, price=5, target=1)
    assert await Sitting("truthful").answer(posted) == Decided(question=b"l", accepts=False)


async def test_private_input_that_does_not_fit_is_refused_when_sitting_down() -> None:
    """In one line that names the bidder."""
    with pytest.raises(ConfigurationError, match="private input of ada: 5 is no value that ada may have"):
        await Sitting("truthful", private={"value": 5}).answer(TYPE_ASKED)
    with pytest.raises(ConfigurationError, match="private input of ada: has a signal"):
        await Sitting("truthful", private={"signal": 1}).answer(TYPE_ASKED)


def test_an_outcome_tells_what_is_paid_beside_the_price() -> None:
    """Rewards are part of the payment, and prices need not be whole."""
    outcome = OutcomeDeclared(
        awards=(Award(bidder=1, goods=(0,), price=Fraction(1)),),
        payments=(Fraction(-1, 12), Fraction(1)),
        reason="why",
    )
    roster = ("ada", "bob")
    assert show_money(Fraction(1, 12), MARKET) == "1/12 USD"
    line = "bob wins at 1 USD, and you are paid 1/12 USD in all: why"
    assert describe_outcome(outcome, roster, "ada", MARKET) == line
    assert describe_outcome(outcome, roster, "bob", MARKET) == "you win at 1 USD: why"
