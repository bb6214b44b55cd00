"""One auction in progress: who sits where, where the clocks stand, and what was reported.

Answers are those of a session in which nobody is late: reports are all taken first and then all opened, whoever opens
something else has withheld its report, and an exit is permanent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, cast

from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportedType,
    ReportSignal,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.simulation.player import Default, Player
from openoutcry.strategies import AnySeat, Open, Seat, Strategy, bidder_random, make_outcome_view
from openoutcry.strategies.private_input import PrivateKnowledge, PrivateType, make_seat

Private = int | PrivateKnowledge
"""What one bidder alone knows: its signal, or its type and what it believes of the others."""


class Table:
    """Where the bidders of one auction sit.

    A generator costs more than all that a simple strategy does with its seat. So a bidder is seated when it is first
    asked, and strategies that promise to draw nothing share one generator.

    Args:
        market: Of signals or of types.
        mechanism: Its name.
        private: Length n: signals or types with beliefs, as the market wants them.
        strategies: Length n: one for each bidder.
        bidder_seed: Of the bidders' own generators, 32 bytes.

    Attributes:
        waves: How many waves have been answered.
        questions: How many single questions: each level of a clock and each report is one.
        clocks: Length n: the last level that each bidder accepted.
        reports: Length n: what each bidder last reported; None where nothing was asked or it was withheld.
        defaults: Where a strategy failed and the documented default was taken.
    """

    def __init__(
        self,
        *,
        market: Market | TypeMarket,
        mechanism: str,
        private: Sequence[Private],
        strategies: Sequence[Strategy],
        bidder_seed: bytes,
    ) -> None:
        count = len(strategies)
        self.waves = 0
        self.questions = 0
        self.clocks = [0] * count
        self.reports: list[int | TypeReport | None] = [None] * count
        self.defaults: list[Default] = []
        self._market = market
        self._has_signals = isinstance(market, Market)
        self._mechanism = mechanism
        self._private = private
        self._strategies = strategies
        self._bidder_seed = bidder_seed
        self._players: list[Player | None] = [None] * count
        self._exited = [False] * count
        self._shared = bidder_random(bidder_seed, "")
        # Hardly any strategy wants to be told more than its questions, and few auctions have many kinds of them.
        kinds = {type(strategy) for strategy in strategies}
        self._wants_start = any(kind.on_start is not Strategy.on_start for kind in kinds)
        self._wants_opening = any(kind.on_opening is not Strategy.on_opening for kind in kinds)
        self._wants_outcome = any(kind.on_outcome is not Strategy.on_outcome for kind in kinds)

    def start(self) -> None:
        """Tell every strategy that wants to know that the auction begins."""
        if not self._wants_start:
            return
        for bidder, strategy in enumerate(self._strategies):
            if type(strategy).on_start is not Strategy.on_start:
                self._player(bidder).start()

    def hold(self, conversation: Conversation) -> Outcome:
        """Hold the mechanism's conversation with the strategies to its end."""
        try:
            wave = next(conversation)
            while True:
                answers = [self._answer(question) for question in wave.questions]
                if self._wants_opening:
                    self._open(wave.questions, answers)
                self.waves += 1
                wave = conversation.send(tuple(answers))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def end(self, outcome: Outcome, values: Sequence[int]) -> None:
        """Tell every strategy that wants to know how the auction ended; `values` is what each one's part is worth."""
        if not self._wants_outcome:
            return
        names = [bidder.name for bidder in self._market.bidders]
        for bidder, strategy in enumerate(self._strategies):
            if type(strategy).on_outcome is Strategy.on_outcome:
                continue
            payment = outcome.payments[bidder]
            player = self._player(bidder)
            player.end(
                make_outcome_view(
                    player.seat,
                    awards=outcome.awards,
                    names=names,
                    payment=payment,
                    utility=values[bidder] - payment,
                )
            )

    def _answer(self, question: Question) -> Answer:
        match question:
            case Climb():
                return self._climb(question)
            case ReportSignal(bidder=bidder):
                self.questions += 1
                value = self.reports[bidder] = self._player(bidder).signal(wave=self.waves)
                return Reported(value=value)
            case ReportType(bidder=bidder):
                self.questions += 1
                report = self.reports[bidder] = self._player(bidder).type_report(
                    wave=self.waves,
                    asks_value=question.asks_value,
                    subjects=question.subjects,
                    is_private=question.is_private,
                )
                return ReportedType(report=report)
            case _:
                assert_never(question)

    def _open(self, questions: Sequence[Question], answers: list[Answer]) -> None:
        """Ask those with a say in it whether they open what they have just reported; what is not opened is withheld."""
        for place, question in enumerate(questions):
            bidder = question.bidder
            committed = self.reports[bidder]
            is_asked = type(self._strategies[bidder]).on_opening is not Strategy.on_opening
            if not is_asked or isinstance(question, Climb) or committed is None:
                continue
            opened = self._player(bidder).opening(wave=self.waves, report=committed)
            if opened is not Open and opened != committed:
                self.reports[bidder] = None
                is_type = isinstance(question, ReportType)
                answers[place] = ReportedType(report=None) if is_type else Reported(value=None)

    def _climb(self, climb: Climb) -> Climbed:
        bidder = climb.bidder
        clock = self.clocks[bidder]
        if self._exited[bidder]:
            # An exit is permanent: whoever has left is not asked again.
            return Climbed(level=clock, exited=True)
        player = self._players[bidder] or self._player(bidder)
        target = None if climb.price is None else climb.target
        while clock < climb.target:
            if not player.accepts(level=clock + 1, price=climb.price, target=target, wave=self.waves):
                self._exited[bidder] = True
                self.questions += 1
                break
            clock += 1
        self.questions += clock - self.clocks[bidder]
        self.clocks[bidder] = clock
        return Climbed(level=clock, exited=clock < climb.target)

    def _player(self, bidder: int) -> Player:
        player = self._players[bidder]
        if player is None:
            player = Player(
                strategy=self._strategies[bidder], seat=self._seat(bidder), defaults=self.defaults
            )
            self._players[bidder] = player
        return player

    def _seat(self, bidder: int) -> AnySeat:
        market, private = self._market, self._private[bidder]
        # Seats share one generator where strategies promise to draw nothing.
        shared = self._strategies[bidder].deterministic
        rng = self._shared if shared else bidder_random(self._bidder_seed, market.bidders[bidder].name)
        if self._has_signals:
            return Seat(market=cast(Market, market), bidder=bidder, signal=cast(int, private), rng=rng)
        return make_seat(as_input(private), market, bidder, rng, mechanism=self._mechanism)


def as_input(private: Private) -> PrivateType | PrivateKnowledge:
    """Return what a bidder alone knows in the form in which agents are told it."""
    return PrivateType(signal=private) if isinstance(private, int) else private
