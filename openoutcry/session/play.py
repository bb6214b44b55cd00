"""PLAY on the auctioneer's side: questions out, answers in, wave by wave, until the mechanism has decided.

A member of the roster that did not open its seed part is not in the market; everything here that names a member
uses its place in the roster, and the conductor uses places in the market.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from openoutcry.errors import PeerError
from openoutcry.mechanisms.conversation import (
    Conversation,
    Outcome,
    Reported,
    ReportedType,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    CommitClosed,
    Exit,
    LapseSubject,
    Offer,
    Raise,
    ReportCommit,
    ReportOpening,
)
from openoutcry.session.admission import Admitted, Party
from openoutcry.session.conductor import Ask, AskCommitment, AskLevel, AskOpenings, Conductor, ReportQuestion
from openoutcry.session.reports import Reports, report_kind, report_shape
from openoutcry.session.scribe import Scribe
from openoutcry.session.values import Deadline

Note = Callable[[DeviationCode, str, Admitted], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A report that was opened as it was committed to.

    Attributes:
        index: Log index of the last part of its opening.
        member: Whose it is, by place in the roster.
        subjects: Of whom its belief is about, by place in the roster.
        report: What it says: a signal, or a type.
    """

    index: int
    member: int
    subjects: tuple[int, ...]
    report: int | TypeReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What a member is asked now; `level` is 0 unless it is asked for one."""

    deadline: Deadline
    level: int = 0


class Play:
    """The waves of one session.

    Args:
        scribe: Writes questions and keeps answers.
        note: Records a deviation of an admitted message.
        members: The roster.
        players: Places in the roster of those in the market, rising.
        market: Of the players only.
        reports: Takes their reports.
        answer_ms: Time for each answer, milliseconds.
        conversation: The mechanism's.

    Attributes:
        conductor: Leads the conversation.
        opened: The reports so far, in the order of the log.
        has_private_reports: Whether any question so far asked for a private opening.
    """

    def __init__(
        self,
        *,
        scribe: Scribe,
        note: Note,
        members: tuple[Party, ...],
        players: tuple[int, ...],
        market: Market | TypeMarket,
        reports: Reports,
        answer_ms: int,
        conversation: Conversation,
    ) -> None:
        self._scribe = scribe
        self._note = note
        self._members = members
        self._players = players
        self._place = {member: place for place, member in enumerate(players)}
        self._market = market
        self._reports = reports
        self._answer_ms = answer_ms
        self._pending: dict[int, Pending] = {}
        self._shapes: dict[int, ReportShape] = {}
        self.conductor = Conductor(conversation)
        self.opened: list[Opened] = []
        self.has_private_reports = False

    @property
    def outcome(self) -> Outcome | None:
        """The mechanism's outcome, once it is there."""
        return self.conductor.outcome

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """What is awaited now, in roster order."""
        return tuple(pending.deadline for _, pending in sorted(self._pending.items()))

    def awaits(self, deadline: Deadline) -> bool:
        """Whether what this deadline is for has not come yet."""
        pending = None if deadline.member is None else self._pending.get(deadline.member)
        return pending is not None and pending.deadline == deadline

    def begin(self) -> None:
        """Ask the first wave."""
        self._ask(self.conductor.begin())

    def answer(self, admitted: Admitted, member: int) -> None:
        """Take an admitted message: keep it and go on, or note why it is none of the answers awaited."""
        pending = self._pending.get(member)
        if pending is None or admitted.header.reply_to != pending.deadline.question:
            self._note(*self._why_not_asked(admitted), admitted)
            return
        subject = pending.deadline.subject
        match admitted.body:
            case Accept(level=level) | Exit(level=level) if subject is LapseSubject.ANSWER:
                self._take_level(admitted, member, level)
            case ReportCommit() as commit if subject is LapseSubject.COMMITMENT:
                self._take_commitment(admitted, member, commit)
            case ReportOpening() as opening if subject is LapseSubject.OPENING:
                self._take_opening(admitted, member, opening)
            case body:
                kind = type(body).__name__
                self._note(DeviationCode.NOT_ASKED, f"{kind} is no answer to what was asked", admitted)

    def lapse(self, deadline: Deadline) -> None:
        """Let the deadline of a pending question pass: an exit, or a withheld report."""
        member = deadline.member
        assert member is not None
        del self._pending[member]
        party = self._members[member]
        place = self._place[member]
        if deadline.subject is LapseSubject.ANSWER:
            party.has_exited = True
            self._ask(self.conductor.answer_level(place, accepted=False))
        else:
            self._ask(self.conductor.withhold(place))

    def abandon(self) -> None:
        """Await nothing any more: the session ends without an outcome."""
        self._pending.clear()

    def _why_not_asked(self, admitted: Admitted) -> tuple[DeviationCode, str]:
        party = admitted.party
        if admitted.header.reply_to in party.lapsed:
            return DeviationCode.LATE, "the answer came after its deadline"
        if party.has_exited and isinstance(admitted.body, Accept):
            return DeviationCode.EXIT_REVERSAL, "an exit is permanent"
        return DeviationCode.NOT_ASKED, f"{type(admitted.body).__name__} answers no open question"

    def _take_level(self, admitted: Admitted, member: int, level: int) -> None:
        asked = self._pending[member].level
        if level != asked:
            detail = f"level {level} was answered when {asked} was asked"
            self._note(DeviationCode.WRONG_LEVEL, detail, admitted)
            return
        self._keep(admitted, member)
        accepted = isinstance(admitted.body, Accept)
        admitted.party.has_exited = not accepted
        self._ask(self.conductor.answer_level(self._place[member], accepted=accepted))

    def _take_commitment(self, admitted: Admitted, member: int, commit: ReportCommit) -> None:
        if commit.wave != self.conductor.wave_number:
            self._note(DeviationCode.NOT_ASKED, "the commitment names another wave", admitted)
            return
        index = self._keep(admitted, member)
        place = self._place[member]
        self._reports.commit(place, index=index, commitment=commit.commitment)
        self._ask(self.conductor.commit(place))

    def _take_opening(self, admitted: Admitted, member: int, opening: ReportOpening) -> None:
        place = self._place[member]
        try:
            answer = self._read_opening(admitted, place, opening)
        except PeerError as problem:
            # A wrong opening has the effect of a withheld one: the committed report can no longer be known.
            del self._pending[member]
            self._note(DeviationCode(problem.deviation), problem.reason, admitted)
            self._ask(self.conductor.withhold(place))
            return
        if answer is None:
            # More parts are to come; the deadline stands for all of them.
            self._scribe.keep(admitted.data, author=admitted.party.sender_id)
            return
        index = self._keep(admitted, member)
        report = answer.value if isinstance(answer, Reported) else answer.report
        assert report is not None, "what was opened is there"
        subjects = tuple(self._players[subject] for subject in self._shapes[place].subjects)
        self.opened.append(Opened(index=index, member=member, subjects=subjects, report=report))
        self._ask(self.conductor.report(place, answer))

    def _read_opening(
        self, admitted: Admitted, place: int, opening: ReportOpening
    ) -> Reported | ReportedType | None:
        wave = self.conductor.wave_number
        if opening.wave != wave:
            raise PeerError(DeviationCode.OPENING_MISMATCH.value, "the opening names another wave")
        content = self._reports.add_part(place, opening)
        if content is None:
            return None
        return self._reports.open(
            place,
            content,
            sender_id=admitted.party.sender_id,
            wave=wave,
            question=self.conductor.report_question(place),
            shape=self._shapes[place],
        )

    def _keep(self, admitted: Admitted, member: int) -> int:
        del self._pending[member]
        return self._scribe.keep(admitted.data, author=admitted.party.sender_id)

    def _ask(self, asks: list[Ask]) -> None:
        paid = sum(isinstance(ask, AskCommitment) and _is_paid_exactly(ask.question) for ask in asks)
        for ask in asks:
            match ask:
                case AskLevel():
                    self._ask_level(ask)
                case AskCommitment():
                    self._ask_report(ask, paid)
                case AskOpenings():
                    self._ask_openings(ask)
                case _:
                    assert_never(ask)

    def _ask_level(self, ask: AskLevel) -> None:
        wave, member = self.conductor.wave_number, self._players[ask.bidder]
        body: Raise | Offer
        if ask.offer is None or ask.offer.price is None:
            body = Raise(bidder=member, wave=wave, level=ask.level)
        else:
            body = Offer(
                bidder=member,
                wave=wave,
                level=ask.level,
                target=ask.offer.target,
                price=ask.offer.price,
            )
        self._send(body, LapseSubject.ANSWER, level=ask.level)

    def _ask_report(self, ask: AskCommitment, paid: int) -> None:
        question, place = ask.question, ask.bidder
        kind = report_kind(question)
        subjects = question.subjects if isinstance(question, ReportType) else ()
        weight_bits = limits.belief_weight_bits(paid) if subjects else 0
        self._shapes[place] = report_shape(
            self._market, place, kind=kind, subjects=subjects, weight_bits=weight_bits
        )
        body = AskReport(
            bidder=self._players[place],
            wave=self.conductor.wave_number,
            kind=kind,
            subjects=tuple(self._players[subject] for subject in subjects),
            is_private=isinstance(question, ReportType) and question.is_private,
            weight_bits=weight_bits,
        )
        self.has_private_reports |= body.is_private
        self._send(body, LapseSubject.COMMITMENT)

    def _send(self, body: Raise | Offer | AskReport, subject: LapseSubject, level: int = 0) -> None:
        party = self._members[body.bidder]
        written = self._scribe.write(body, to=(party.sender_id,))
        party.head = (written.index, written.root)
        deadline = self._scribe.expect(subject, body.bidder, written.leaf, self._answer_ms)
        self._pending[body.bidder] = Pending(deadline=deadline, level=level)

    def _ask_openings(self, ask: AskOpenings) -> None:
        members = [self._players[place] for place in ask.bidders]
        indexes = tuple(self._reports.index_of(place) for place in ask.bidders)
        body = CommitClosed(wave=self.conductor.wave_number, commitment_indexes=indexes)
        written = self._scribe.write(body, to=[self._members[member].sender_id for member in members])
        for member in members:
            deadline = self._scribe.expect(LapseSubject.OPENING, member, written.leaf, self._answer_ms)
            self._pending[member] = Pending(deadline=deadline)


def _is_paid_exactly(question: ReportQuestion) -> bool:
    return isinstance(question, ReportType) and bool(question.subjects) and question.is_paid_exactly
