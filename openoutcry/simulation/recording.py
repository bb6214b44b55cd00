"""What a recorded session was: its coin, who took part, what each bidder was asked and answered, and the outcome.

Everything is told in places of the specification's market, so that sessions in which somebody was missing read like
all others. Counterfactuals are played from this. Refuses sessions in which nothing was drawn yet: there is nothing to
play again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.errors import ConfigurationError, TranscriptError
from openoutcry.mechanisms.conversation import Award, Outcome, TypeReport
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    Exit,
    Lapse,
    LapseSubject,
    Offer,
    Raise,
    ReportCommit,
    ReportKind,
    ReportOpening,
)
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.play import Opened
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import find_coin, find_void_reason, read_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelQuestion:
    """A bidder is asked for a level.

    Attributes:
        level: 1..k-1.
        price: Of the final offer, in minor units; None while information is collected.
        target: Level whose acceptance buys at `price`; None without one.
    """

    level: int
    price: int | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuestion:
    """A bidder is asked for a report.

    Attributes:
        kind: Of what.
        subjects: Places in the market, rising, of those whom its belief is to be about.
        is_private: Whether only the auctioneer sees the report.
    """

    kind: ReportKind
    subjects: tuple[int, ...] = ()
    is_private: bool = False

    @property
    def asks_value(self) -> bool:
        """Whether a valuation is asked for."""
        return self.kind in (ReportKind.VALUE, ReportKind.VALUE_AND_BELIEF)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelExchange:
    """A question for a level, and whether it was accepted; silence is a refusal."""

    wave: int
    question: LevelQuestion
    accepts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportExchange:
    """A question for a report, and what came of it.

    Attributes:
        wave: Number of the wave.
        question: What was to be reported.
        report: What was opened; None when the report was withheld, late or did not hold.
        weight_bits: Most bits that the total weight of its belief may have.
    """

    wave: int
    question: ReportQuestion
    report: int | TypeReport | None
    weight_bits: int = 0


Exchange = LevelExchange | ReportExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A session as it was recorded.

    Attributes:
        session_id: 32 bytes.
        specification: Of the session; every place below is one in its market.
        coin: The seed that all parties made together, 32 bytes.
        players: Places of those who took part, rising.
        exchanges: By place: what each bidder was asked and answered, in order.
        outcome: What was decided, with one payment for each bidder of the market; None when the session is void.
        void_reason: Why it is void; empty when it is not.
        wave_count: How many waves began.
    """

    session_id: bytes
    specification: Specification
    coin: bytes
    players: tuple[int, ...]
    exchanges: tuple[tuple[Exchange, ...], ...]
    outcome: Outcome | None
    void_reason: str
    wave_count: int


def read_recording(session: AuctioneerSession, entries: Sequence[bytes], reader: EnvelopeReader) -> Recording:
    """Return what a session was.

    Args:
        session: Of a log that verifies, re-executed to its end.
        entries: The log.
        reader: Reads it.

    Raises:
        ConfigurationError: The session ended before anything was drawn or asked.
    """
    void_reason = find_void_reason(entries, reader)
    coin = find_coin(session, entries, reader)
    if coin is None:
        why = f" ({void_reason})" if void_reason else ""
        raise ConfigurationError(f"the session ended before it was played{why}: there is nothing to replay")
    specification = session.specification
    exchanges = _Exchanges(session, entries, reader).read()
    return Recording(
        session_id=session.session_id,
        specification=specification,
        coin=coin,
        players=tuple(session.members[member].bidder for member in session.players),
        exchanges=tuple(
            tuple(exchanges.get(bidder, ())) for bidder in range(len(specification.market.bidders))
        ),
        outcome=_outcome(session),
        void_reason=void_reason,
        wave_count=session.wave_count,
    )


def _outcome(session: AuctioneerSession) -> Outcome | None:
    declared = session.outcome
    if declared is None:
        return None
    places = [party.bidder for party in session.members]
    payments = [Fraction(0)] * len(session.specification.market.bidders)
    for place, payment in zip(places, declared.payments, strict=True):
        payments[place] = payment
    return Outcome(
        awards=tuple(
            Award(bidder=places[award.bidder], goods=award.goods, price=award.price)
            for award in declared.awards
        ),
        payments=tuple(payments),
        reason=declared.reason,
    )


class _Exchanges:
    """Reads a log for who was asked what, and what came of it."""

    def __init__(self, session: AuctioneerSession, entries: Sequence[bytes], reader: EnvelopeReader) -> None:
        self._session = session
        self._entries = entries
        self._reader = reader
        self._asked: dict[bytes, Raise | Offer | AskReport] = {}
        self._found: dict[int, list[Exchange]] = {}
        self._opened = {(self._wave_of(opened), opened.member): opened for opened in self._all_opened()}
        self._members = {party.sender_id: place for place, party in enumerate(session.members)}

    def read(self) -> dict[int, list[Exchange]]:
        """Return the exchanges of each bidder that was asked anything, by place in the market."""
        for index, data in enumerate(self._entries):
            header, body = read_entry(data, self._reader, index)
            question = self._asked.get(header.reply_to)
            match body:
                case Raise() | Offer() | AskReport():
                    self._asked[leaf_hash(data)] = body
                case Accept() | Exit():
                    self._note_level(self._members[header.sender_id], question, isinstance(body, Accept))
                case ReportCommit():
                    self._note_report(self._members[header.sender_id], question)
                case Lapse(subject=LapseSubject.ANSWER, bidder=int(member)):
                    self._note_level(member, question, False)
                case Lapse(subject=LapseSubject.COMMITMENT, bidder=int(member)):
                    self._note_withheld(member, question)
                case _:
                    continue
        return self._found

    def _all_opened(self) -> Sequence[Opened]:
        return self._session.play.opened if self._session.play is not None else ()

    def _wave_of(self, opened: Opened) -> int:
        _, body = read_entry(self._entries[opened.index], self._reader, opened.index)
        if not isinstance(body, ReportOpening):
            raise TranscriptError("this is no opening", index=opened.index)
        return body.wave

    def _note_level(self, member: int, question: object, accepts: bool) -> None:
        assert isinstance(question, Raise | Offer), "the log verifies: an answer follows a question"
        asked = LevelQuestion(level=question.level)
        if isinstance(question, Offer):
            asked = LevelQuestion(level=question.level, price=question.price, target=question.target)
        self._note(member, LevelExchange(wave=question.wave, question=asked, accepts=accepts))

    def _note_report(self, member: int, question: object) -> None:
        assert isinstance(question, AskReport), "the log verifies: a commitment follows a question"
        opened = self._opened.get((question.wave, member))
        is_last = question.wave == self._session.wave_count - 1
        if opened is None and is_last and self._session.outcome is None:
            # The session was voided before this could be opened: nobody knows what was reported.
            return
        self._note_opened(member, question, opened)

    def _note_withheld(self, member: int, question: object) -> None:
        assert isinstance(question, AskReport), "the log verifies: a lapse follows a question"
        self._note_opened(member, question, None)

    def _note_opened(self, member: int, question: AskReport, opened: Opened | None) -> None:
        members = self._session.members
        subjects = tuple(members[subject].bidder for subject in question.subjects)
        report = None if opened is None else opened.report
        if isinstance(report, TypeReport) and report.belief is not None:
            report = TypeReport(value=report.value, belief=report.belief.renamed(subjects))
        asked = ReportQuestion(kind=question.kind, subjects=subjects, is_private=question.is_private)
        exchange = ReportExchange(
            wave=question.wave, question=asked, report=report, weight_bits=question.weight_bits
        )
        self._note(member, exchange)

    def _note(self, member: int, exchange: Exchange) -> None:
        self._found.setdefault(self._session.members[member].bidder, []).append(exchange)
