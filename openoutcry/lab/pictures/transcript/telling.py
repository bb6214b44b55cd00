"""Making a story of a transcript: it is told once, by re-executing it, and what pictures need is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from openoutcry.errors import TranscriptError
from openoutcry.lab.pictures.transcript.story import (
    Climbing,
    Ending,
    Known,
    Mark,
    Reporting,
    Stop,
    Story,
    Turn,
)
from openoutcry.mechanisms.chance import Draw
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    CommitClosed,
    DeviationNoted,
    Enrol,
    Exit,
    Lapse,
    LapseSubject,
    Offer,
    OutcomeDeclared,
    Raise,
    ReportCommit,
    ReportOpening,
    SessionVoid,
)
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession, SeedUnknown
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.narration import Moment, tell
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_entry, read_opening
from openoutcry.session.reports import OpeningUnknown
from openoutcry.session.strategic import StrategicDeviation, strategic_deviations
from openoutcry.session.transcripts import read_session_id
from openoutcry.session.verification import verify_transcript


def read_story(
    transcript: Transcript, codec: Codec, *, disclosure: Disclosure | None = None, known: Known | None = None
) -> Story:
    """Tell a transcript as facts.

    Args:
        transcript: As decoded from a file.
        codec: Reads its records.
        disclosure: Makes sealed reports readable.
        known: What bidders privately knew; truthful answers can be told from others only with it.

    Raises:
        TranscriptError: The log does not begin with SessionOpen.
        ConfigurationError: The specification is none.
        UnreadableTranscript: The disclosure is not of this session.
    """
    reader, key = EnvelopeReader(codec), None
    if disclosure is not None:
        opening = read_opening(transcript.entries, reader)
        disclosure.check(read_session_id(transcript.entries, reader), opening)
        key = disclosure.opening_key
    verification = verify_transcript(transcript, codec=codec, disclosure=disclosure)
    session, moments = tell(transcript, codec, opening_key=key)
    listener = _Listener()
    stop = listener.listen(moments, session, len(transcript.entries))
    outcome = session.outcome
    if stop is not None:
        outcome = listener.read_on(transcript.entries, session, reader)
    marks = [
        Mark(
            kind="protocol",
            bidder=found.accused,
            record=found.index,
            what=f"{found.code.value}: {found.detail}",
        )
        for found in session.deviations
        if found.index is not None
    ]
    failure = verification.first_failure
    if failure is not None and failure.code is not None and failure.index is not None:
        what = f"{failure.code.value}: {failure.detail}"
        marks.append(Mark(kind="protocol", bidder="auctioneer", record=failure.index, what=what))
    strategic: tuple[StrategicDeviation, ...] = ()
    if known and stop is None:
        strategic = strategic_deviations(session, transcript.entries, private=known, reader=reader)
        marks += map(_strategic_mark, strategic)
    return Story(
        session=session,
        verification=verification,
        records=len(transcript.entries),
        climbs=listener.climbs,
        reports=_with_openings(listener.reports, session),
        turns=listener.turns,
        marks=sorted(marks, key=lambda mark: mark.record),
        strategic=strategic,
        draws=listener.draws,
        enrolled=listener.enrolled,
        outcome=outcome,
        settled=listener.settled,
        stop=stop,
        known=known or {},
    )


def _strategic_mark(found: StrategicDeviation) -> Mark:
    return Mark(
        kind="strategic", bidder=found.bidder, record=found.index, what=found.did, instead=found.truthful
    )


def _with_openings(reports: Iterable[Reporting], session: AuctioneerSession) -> list[Reporting]:
    opened = {found.index: found for found in session.play.opened} if session.play else {}
    return [
        replace(report, opened=None if report.sent is None else opened.get(report.sent)) for report in reports
    ]


class _Listener:
    """Keeps what pictures need of the moments that it hears."""

    def __init__(self) -> None:
        self.climbs: list[Climbing] = []
        self.reports: list[Reporting] = []
        self.turns: list[Turn] = []
        self.draws: list[tuple[int | None, Draw]] = []
        self.enrolled: dict[str, tuple[int, str]] = {}
        self.settled: int | None = None
        self._climb_of: dict[str, int] = {}
        self._report_of: dict[str, int] = {}
        self._void: tuple[int, str] | None = None
        self._next = 0

    def listen(self, moments: Iterable[Moment], session: AuctioneerSession, records: int) -> Stop | None:
        """Hear all moments, and return where they end early."""
        try:
            for moment in moments:
                self._hear(moment)
        except OpeningUnknown:
            return Stop(
                kind="sealed",
                record=session.log.size,
                why="the reports are sealed, and no disclosure was given",
            )
        except SeedUnknown as error:
            return Stop(kind="unfinished", record=session.log.size, why=str(error))
        except TranscriptError as error:
            return Stop(
                kind="departs",
                record=session.log.size if error.index is None else error.index,
                why=error.reason,
            )
        if self._void is not None:
            return Stop(kind="void", record=self._void[0], why=self._void[1])
        if self.settled is None:
            return Stop(kind="unfinished", record=records, why="the log ends before there is an outcome")
        return None

    def read_on(
        self, entries: Sequence[bytes], session: AuctioneerSession, reader: EnvelopeReader
    ) -> OutcomeDeclared | None:
        """Read what stands behind the end of the telling, without believing it: openings, and what is declared."""
        declared = None
        for index in range(self._next, len(entries)):
            try:
                header, body = read_entry(entries[index], reader, index)
            except TranscriptError:
                continue
            party = session.enrolment.parties.get(header.sender_id)
            if isinstance(body, ReportOpening) and party is not None:
                self._change_report(party.name, sent=index)
            elif isinstance(body, OutcomeDeclared) and _is_of_the_roster(body, session):
                declared = body
        return declared

    def _hear(self, moment: Moment) -> None:
        if moment.index is None:
            self._begin_wave(moment)
            return
        self._next = moment.index + 1
        self.draws += ((None, draw) for draw in moment.draws)
        match moment.body:
            case Enrol(agent_version=release):
                self.enrolled[moment.bidder] = (moment.index, release)
            case OutcomeDeclared():
                self.settled = moment.index
            case SessionVoid(detail=detail):
                self._void = (moment.index, detail)
            case Raise() | Offer() | Accept() | Exit():
                self._hear_climb(moment, moment.index, moment.body)
            case AskReport() | ReportCommit() | ReportOpening() | CommitClosed():
                self._hear_report(moment, moment.index, moment.body)
            case Lapse(subject=subject):
                self._hear_lapse(moment.bidder, moment.index, subject)
            case DeviationNoted(deviation=code) if code.value in _SPOILS_A_REPORT:
                self._change_report(moment.bidder, withheld=moment.index)

    def _begin_wave(self, moment: Moment) -> None:
        assert moment.wave is not None
        reason = moment.text.partition(": ")[2]
        self.turns.append(
            Turn(
                number=moment.wave,
                reason=reason,
                first=self._next,
                state=moment.state,
                draws=moment.draws,
            )
        )
        self.draws += ((moment.wave, draw) for draw in moment.draws)

    def _hear_climb(self, moment: Moment, index: int, body: Raise | Offer | Accept | Exit) -> None:
        name = moment.bidder
        if isinstance(body, Raise | Offer):
            self._climb_of[name] = len(self.climbs)
            self.climbs.append(
                Climbing(
                    bidder=name,
                    wave=body.wave,
                    level=body.level,
                    asked=index,
                    target=body.target if isinstance(body, Offer) else None,
                    price=body.price if isinstance(body, Offer) else None,
                )
            )
            return
        self._end_climb(name, index, "accepted" if isinstance(body, Accept) else "left")

    def _end_climb(self, name: str, index: int, ending: Ending) -> None:
        place = self._climb_of.pop(name, None)
        if place is not None:
            self.climbs[place] = replace(self.climbs[place], answered=index, ending=ending)

    def _hear_report(
        self, moment: Moment, index: int, body: AskReport | ReportCommit | ReportOpening | CommitClosed
    ) -> None:
        match body:
            case AskReport(wave=wave, kind=kind, is_private=is_private):
                self._report_of[moment.bidder] = len(self.reports)
                self.reports.append(
                    Reporting(bidder=moment.bidder, wave=wave, kind=kind, is_private=is_private, asked=index)
                )
            case ReportCommit():
                self._change_report(moment.bidder, committed=index)
            case ReportOpening():
                self._change_report(moment.bidder, sent=index)
            case CommitClosed():
                pass

    def _hear_lapse(self, name: str, index: int, subject: LapseSubject) -> None:
        if subject is LapseSubject.ANSWER:
            self._end_climb(name, index, "silent")
        elif subject in (LapseSubject.COMMITMENT, LapseSubject.OPENING):
            self._change_report(name, withheld=index)

    def _change_report(self, name: str, **changes: int) -> None:
        place = self._report_of.get(name)
        if place is not None:
            self.reports[place] = replace(self.reports[place], **changes)  # type: ignore[arg-type]


def _is_of_the_roster(outcome: OutcomeDeclared, session: AuctioneerSession) -> bool:
    """Whether a declared outcome speaks about the members of a session's roster, and about all of them."""
    count = len(session.members)
    return len(outcome.payments) == count and all(award.bidder < count for award in outcome.awards)


_SPOILS_A_REPORT = frozenset({"OPENING_MISMATCH", "MALFORMED_REPORT", "INCONSISTENT_REPORT"})
