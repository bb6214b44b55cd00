"""The auction of a recorded session, played again among whoever takes the bidders' places.

The mechanism is given the coin of the session and the market of those who took part; the bidders sit in the whole
market, as agents do. Reports pass through the session's codec, so that what could not be reported there is withheld
here, and so is a value that contradicts the one that was reported before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.chance import Draw, RecordingChance
from openoutcry.mechanisms.conversation import (
    NOTHING,
    Answer,
    Conversation,
    Outcome,
    Question,
    ReportedType,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol import limits
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.draws import SeededChance
from openoutcry.protocol.messages import ReportKind
from openoutcry.session.reports import report_kind, report_shape
from openoutcry.simulation.play import Auction, PlayResult
from openoutcry.simulation.player import Default
from openoutcry.simulation.recording import Recording
from openoutcry.simulation.stand_in import Inferred, Recorded
from openoutcry.simulation.table import Private, Table
from openoutcry.strategies import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedWave:
    """One wave as it was played; bidders by their places in the specification's market.

    Attributes:
        number: From 0.
        reason: Why these were asked.
        state: The mechanism's state, by name; bidders in it by their places among those who took part.
        draws: What was drawn since the wave before; bidders in them as in `state`.
        questions: In the mechanism's order.
        answers: Of each question.
    """

    number: int
    reason: str
    state: Mapping[str, object]
    draws: tuple[Draw, ...]
    questions: tuple[Question, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How the auction of a session went.

    Attributes:
        waves: In order.
        draws: What was drawn after the last wave was asked.
        result: What came of it, by place in the specification's market.
    """

    waves: tuple[PlayedWave, ...]
    draws: tuple[Draw, ...]
    result: PlayResult


def first_change(before: Sequence[PlayedWave], after: Sequence[PlayedWave]) -> int | None:
    """Return the number of the first wave that has other questions or answers, or that only one of them has."""
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        if (one.questions, one.answers) != (other.questions, other.answers):
            return number
    return None if len(before) == len(after) else min(len(before), len(after))


class Delivery:
    """What becomes of a report of a type on its way to the auctioneer.

    Args:
        market: Of the specification.
        codec: As the session's.
    """

    def __init__(self, market: Market | TypeMarket, codec: Codec) -> None:
        self._market = market
        self._codec = codec

    def deliver(
        self, bidder: int, report: TypeReport, *, kind: ReportKind, weight_bits: int, said: dict[int, int]
    ) -> TypeReport | None:
        """Return the report as it arrives; None when it cannot be sent, or contradicts an earlier one.

        Args:
            bidder: Whose it is, by place in the market.
            report: As its strategy gave it.
            kind: What was asked for.
            weight_bits: Most bits that the total weight of its belief may have.
            said: The value that each bidder reported first, by place; it is taken up here.
        """
        subjects = report.belief.players if report.belief is not None else ()
        shape = report_shape(self._market, bidder, kind=kind, subjects=subjects, weight_bits=weight_bits)
        try:
            arrived = self._codec.decode_type_report(self._codec.encode_type_report(report, shape), shape)
        except UsageError:
            return None
        if arrived.value is not None and said.setdefault(bidder, arrived.value) != arrived.value:
            return None
        return arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Restage:
    """Plays the auction of a session.

    Attributes:
        recording: Of the session.
        private: By place in the market, what each bidder alone knows.
        bidder_seed: Of the bidders' own generators.
        delivery: Carries their reports.
        auction: Over the market of the specification; says what outcomes are worth.
    """

    recording: Recording
    private: tuple[Private, ...]
    bidder_seed: bytes
    delivery: Delivery
    auction: Auction

    def play(self, cast: Sequence[Strategy]) -> Played:
        """Play once.

        Args:
            cast: One fresh strategy for each bidder of the market; those of bidders that took no part are not asked.

        Raises:
            ConfigurationError: Something is asked that nobody knows.
        """
        return _Performance(self, cast).run()


class _Performance:
    def __init__(self, restage: Restage, cast: Sequence[Strategy]) -> None:
        recording = restage.recording
        specification = recording.specification
        self._restage = restage
        self._cast = cast
        self._players = recording.players
        self._names = specification.market.names
        self._chance = RecordingChance(SeededChance(recording.coin, len(recording.players)))
        self._table = Table(
            market=specification.market,
            mechanism=specification.mechanism,
            private=restage.private,
            strategies=cast,
            bidder_seed=restage.bidder_seed,
        )
        self._waves: list[PlayedWave] = []
        self._drawn = 0
        self._said: dict[int, int] = {}
        self._withheld: list[Default] = []

    def run(self) -> Played:
        """Play to the end."""
        table = self._table
        table.start()
        outcome = table.hold(self._converse())
        result = self._restage.auction.conclude(
            self._restage.private,
            outcome,
            waves=len(self._waves),
            questions=table.questions,
            clocks=table.clocks,
            reports=table.reports,
            draws=self._chance.draws,
        )
        defaults = (*table.defaults, *self._withheld)
        return Played(
            waves=tuple(self._waves), draws=self._new_draws(), result=replace(result, defaults=defaults)
        )

    def _converse(self) -> Conversation:
        """Hold the conversation of those who took part among the seats of the whole market."""
        specification = self._restage.recording.specification
        mechanism = find_mechanism(specification.mechanism)
        conversation = mechanism.converse(
            specification.market.restricted(self._players),
            mechanism.configure(specification.parameters),
            self._chance,
        )
        answers: tuple[Answer, ...] | None = None
        while True:
            try:
                wave = next(conversation) if answers is None else conversation.send(answers)
            except StopIteration as end:
                return self._seated_outcome(end.value)
            draws = self._new_draws()
            questions = tuple(self._seated(question) for question in wave.questions)
            given = yield replace(wave, questions=questions)
            self._check_known()
            taken = self._take(questions, given)
            self._waves.append(
                PlayedWave(
                    number=len(self._waves),
                    reason=wave.reason,
                    state=dict(wave.state()),
                    draws=draws,
                    questions=questions,
                    answers=taken,
                )
            )
            answers = tuple(map(_unseated, wave.questions, taken))

    def _take(self, questions: Sequence[Question], answers: Sequence[Answer]) -> tuple[Answer, ...]:
        """Return the answers as they arrive."""
        paid = sum(
            isinstance(question, ReportType) and bool(question.subjects) and question.is_paid_exactly
            for question in questions
        )
        taken: list[Answer] = []
        for question, answer in zip(questions, answers, strict=True):
            if not isinstance(question, ReportType) or not isinstance(answer, ReportedType):
                taken.append(answer)
                continue
            report = None
            if answer.report is not None:
                report = self._restage.delivery.deliver(
                    question.bidder,
                    answer.report,
                    kind=report_kind(question),
                    weight_bits=limits.belief_weight_bits(paid) if question.subjects else 0,
                    said=self._said,
                )
                if report is None:
                    self._note_withheld(question.bidder)
            taken.append(ReportedType(report=report))
        return tuple(taken)

    def _note_withheld(self, bidder: int) -> None:
        reason = "its report contradicts an earlier one, or is too large for a message"
        self._withheld.append(
            Default(bidder=self._names[bidder], wave=len(self._waves), taken="withheld", reason=reason)
        )

    def _check_known(self) -> None:
        """Refuse answers that somebody made up for want of knowing better."""
        for name, strategy in zip(self._names, self._cast, strict=True):
            answering = strategy.then if isinstance(strategy, Recorded) else strategy
            if isinstance(answering, Inferred) and answering.unknowable:
                raise ConfigurationError(
                    f"wave {len(self._waves)} of the replay asks {name} what the session does not tell, "
                    f"{answering.unknowable}: give the private types with --private FILE"
                )

    def _new_draws(self) -> tuple[Draw, ...]:
        new = tuple(self._chance.draws[self._drawn :])
        self._drawn = len(self._chance.draws)
        return new

    def _seated(self, question: Question) -> Question:
        bidder = self._players[question.bidder]
        if isinstance(question, ReportType):
            subjects = tuple(self._players[subject] for subject in question.subjects)
            return replace(question, bidder=bidder, subjects=subjects)
        return replace(question, bidder=bidder)

    def _seated_outcome(self, outcome: Outcome) -> Outcome:
        payments = [NOTHING] * len(self._names)
        for place, payment in zip(self._players, outcome.payments, strict=True):
            payments[place] = payment
        awards = tuple(replace(award, bidder=self._players[award.bidder]) for award in outcome.awards)
        return replace(outcome, awards=awards, payments=tuple(payments))


def _unseated(question: Question, answer: Answer) -> Answer:
    """Return an answer as the mechanism is to have it: beliefs about places among those who took part."""
    if not isinstance(question, ReportType) or not isinstance(answer, ReportedType):
        return answer
    report = answer.report
    if report is None or report.belief is None:
        return answer
    return ReportedType(report=replace(report, belief=report.belief.renamed(question.subjects)))
