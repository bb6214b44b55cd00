"""Who plays for a bidder that cannot be asked any more: its recorded answers, and what they tell of its type.

A person, a language model, or a strategy whose file is gone cannot play again. In a counterfactual its recorded answers
stand in for it as long as its questions are those of the record, and truth from there on. Where nobody kept what a
bidder privately knew, its answers are taken for truthful ones, and tell as much of its signal or type as they tell;
what they do not tell is not made up: whoever needs it is told so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.protocol.messages import ReportKind
from openoutcry.simulation.recording import (
    Exchange,
    LevelExchange,
    LevelQuestion,
    ReportExchange,
    ReportQuestion,
)
from openoutcry.strategies import (
    Belief,
    BeliefView,
    Exit,
    NoAnswer,
    RaiseView,
    ReportView,
    Stay,
    Strategy,
    TypeIndex,
    ValuationView,
)
from openoutcry.strategies.api import BeliefAnswer, RaiseAnswer, ReportAnswer, ValuationAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What a bidder's recorded answers tell of what it privately knew, if they were truthful.

    Attributes:
        candidates: Signals, or places of types, that would have answered so, rising; never empty.
        fits: Whether any would have; if none, every one is a candidate, since nothing is known.
        subjects: Of whom it reported a belief; empty when it reported none.
        belief: The belief that it reported about them, or None.
    """

    candidates: tuple[int, ...]
    fits: bool = True
    subjects: tuple[int, ...] = ()
    belief: Distribution | None = None

    @property
    def is_exact(self) -> bool:
        """Whether there is only one candidate."""
        return len(self.candidates) == 1


def infer(market: Market | TypeMarket, bidder: int, exchanges: Sequence[Exchange]) -> Inference:
    """Return what a bidder's answers tell, if they were truthful.

    Args:
        market: Of the specification.
        bidder: Its place in it.
        exchanges: All that it was asked and answered.
    """
    count = market.signal_levels if isinstance(market, Market) else market.type_counts[bidder]
    every = tuple(range(count))
    candidates = tuple(
        index for index in every if all(_fits(market, bidder, index, exchange) for exchange in exchanges)
    )
    told = next(
        (
            exchange
            for exchange in reversed(exchanges)
            if isinstance(exchange, ReportExchange)
            and isinstance(exchange.report, TypeReport)
            and exchange.report.belief is not None
        ),
        None,
    )
    report = told.report if told is not None else None
    return Inference(
        candidates=candidates or every,
        fits=bool(candidates),
        subjects=told.question.subjects if told is not None else (),
        belief=report.belief if isinstance(report, TypeReport) else None,
    )


def _fits(market: Market | TypeMarket, bidder: int, index: int, exchange: Exchange) -> bool:
    """Whether a truthful bidder with this signal or type gives this answer."""
    if isinstance(exchange, LevelExchange):
        return _stays(market, bidder, index, exchange.question) == exchange.accepts
    report = exchange.report
    told = report.value if isinstance(report, TypeReport) else report
    return told is None or told == index


def _stays(market: Market | TypeMarket, bidder: int, index: int, question: LevelQuestion) -> bool:
    if isinstance(market, Market):
        return question.level <= index
    price = market.clock[question.level - 1] if question.price is None else question.price
    return market.value(bidder, index) >= price


class Inferred(Strategy):
    """Answer truthfully as far as the recorded answers tell what that is.

    Args:
        inference: What they tell.

    Attributes:
        unknowable: What was asked first that they do not tell, such as "its signal"; empty when there was nothing.
    """

    def __init__(self, inference: Inference) -> None:
        self.unknowable = ""
        self._inference = inference

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        """Stay or exit where all candidates would."""
        market, bidder = view.seat.market, view.seat.bidder
        question = LevelQuestion(level=view.level, price=view.price, target=view.target)
        answers = {_stays(market, bidder, index, question) for index in self._inference.candidates}
        if len(answers) > 1:
            self._lack(f"whether it would stay at level {view.level}")
        return Stay if answers == {True} else Exit

    def report_signal(self, view: ReportView) -> ReportAnswer:
        """Report the only candidate."""
        if not self._inference.is_exact:
            self._lack("its signal")
        return self._inference.candidates[0]

    def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        """Report the only candidate."""
        if not self._inference.is_exact:
            self._lack("its value")
        return TypeIndex(self._inference.candidates[0])

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        """Report the recorded belief where the question is about the same bidders: being asked tells something."""
        known = self._inference.belief
        market = view.seat.market
        if known is None or view.about != self._inference.subjects or not isinstance(market, TypeMarket):
            self._lack(f"what it believed of {', '.join(view.subjects)}")
            return view.knowledge
        return Belief(market, known)

    def _lack(self, what: str) -> None:
        self.unknowable = self.unknowable or what


class Recorded(Strategy):
    """Give the recorded answers in order, as long as the questions are those of the record.

    A question is the same when its words are: level, price and target, or what a report is to be about. The number of
    the wave may differ. A value that was reported once is reported again, since to contradict oneself is no truth.

    Args:
        exchanges: All that the bidder was asked and answered.
        then: Answers from the first question that is another one.

    Attributes:
        left_in_wave: Number of the wave that asked that first; None as long as there was none.
    """

    def __init__(self, exchanges: Sequence[Exchange], then: Strategy) -> None:
        self.left_in_wave: int | None = None
        self.then = then
        self._exchanges = exchanges
        self._next = 0
        self._begun: ReportExchange | None = None
        self._value: int | None = None

    def on_raise(self, view: RaiseView) -> RaiseAnswer | Awaitable[RaiseAnswer]:
        """Give the recorded answer."""
        question = LevelQuestion(level=view.level, price=view.price, target=view.target)
        exchange = self._follow(question, view.wave)
        if isinstance(exchange, LevelExchange):
            return Stay if exchange.accepts else Exit
        return self.then.on_raise(view)

    def report_signal(self, view: ReportView) -> ReportAnswer | Awaitable[ReportAnswer]:
        """Give the recorded signal."""
        exchange = self._follow(ReportQuestion(kind=ReportKind.SIGNAL), view.wave)
        if isinstance(exchange, ReportExchange):
            return exchange.report if isinstance(exchange.report, int) else NoAnswer
        return self.then.report_signal(view)

    def report_valuation(self, view: ValuationView) -> ValuationAnswer | Awaitable[ValuationAnswer]:
        """Give the recorded value; the belief that goes with it is asked for next."""
        self._begun = None
        following = self._exchanges[self._next] if self._next < len(self._exchanges) else None
        is_same = (
            isinstance(following, ReportExchange)
            and following.question.asks_value
            and following.question.is_private == view.is_private
        )
        exchange = self._follow(following.question if following and is_same else None, view.wave)
        if isinstance(exchange, ReportExchange):
            if not isinstance(exchange.report, TypeReport) or exchange.report.value is None:
                return NoAnswer
            self._begun, self._value = exchange, exchange.report.value
        return self.then.report_valuation(view) if self._value is None else TypeIndex(self._value)

    def report_belief(self, view: BeliefView) -> BeliefAnswer | Awaitable[BeliefAnswer]:
        """Give the recorded belief."""
        exchange: Exchange | None = self._begun
        if view.reported_index is None:
            question = ReportQuestion(kind=ReportKind.BELIEF, subjects=view.about, is_private=view.is_private)
            exchange = self._follow(question, view.wave)
        elif self._begun is None or self._begun.question.subjects != view.about:
            exchange = None
            self._leave(view.wave)
        market = view.seat.market
        if not isinstance(exchange, ReportExchange) or not isinstance(market, TypeMarket):
            return self.then.report_belief(view)
        if not isinstance(exchange.report, TypeReport) or exchange.report.belief is None:
            return NoAnswer
        return Belief(market, exchange.report.belief)

    def _follow(self, question: LevelQuestion | ReportQuestion | None, wave: int) -> Exchange | None:
        """Return the next exchange if it was about this question; from the first that was not, None for ever."""
        is_following = self.left_in_wave is None and self._next < len(self._exchanges)
        if is_following and self._exchanges[self._next].question == question:
            self._next += 1
            return self._exchanges[self._next - 1]
        self._leave(wave)
        return None

    def _leave(self, wave: int) -> None:
        if self.left_in_wave is None:
            self.left_in_wave = wave
