"""The auctioneer's side of a session: `effects = session.apply(input)`.

```
ENROL  SessionOpen is entry 0. Enrol of each invited bidder, once. All there, or the deadline: RosterClosed.
       Nobody there, or somebody missing when all are required: SessionVoid.
SEED   Every member opens its seed commitment. All open, or the deadline of the rest: PLAY without the rest,
       or SessionVoid when all are required.
PLAY   The mechanism's waves. Raise, Offer, AskReport go out together; each answer may bring the same bidder's
       next question; a passed deadline is a Lapse and counts as an exit or a withheld report; the last answer
       of a wave brings the next wave or the outcome.
SETTLE Outcome, then the auctioneer's own seed part, then the key of private openings unless the specification
       keeps them sealed: at once, in the entries of the input that ended play.
CLOSED | VOID   Nothing is logged any more. Whoever voids a session during PLAY discloses the same all the same.
```

The fold reads no clock, draws nothing and does no I/O. It never raises for what a peer sent: a refusal becomes an
effect, and a DeviationNoted in the log when the bytes prove it. Live sessions, recovery after a crash and replay
run this same code; they differ in the author (`openoutcry.session.authors`).
"""

from __future__ import annotations

from typing import assert_never

from openoutcry.errors import ConfigurationError, Undecided, UsageError
from openoutcry.mechanisms.chance import RecordingChance
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import Deviation, DeviationCode
from openoutcry.protocol.draws import SeededChance
from openoutcry.protocol.keys import sender_id
from openoutcry.protocol.messages import (
    MAXIMUM_DETAIL,
    Enrol,
    Lapse,
    LapseSubject,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    RosterClosed,
    RosterMember,
    SeedOpening,
    SessionOpen,
    SessionVoid,
    VoidReason,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.seed import coin
from openoutcry.session.admission import Admitted, Party, Refused, admit, read_attributable
from openoutcry.session.authors import Author
from openoutcry.session.charges import Charges
from openoutcry.session.enrolment import Enrolment
from openoutcry.session.log import SessionLog
from openoutcry.session.play import Play
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.reports import OpeningUnknown, Reports
from openoutcry.session.scribe import Scribe
from openoutcry.session.settlement import declare, fits_entry
from openoutcry.session.values import Cancelled, Deadline, DeadlinePassed, Effects, Input, Phase, Received


class AuctioneerSession:
    """One session, as the auctioneer runs it and as anybody re-executes it.

    Args:
        specification: The public part of the scenario.
        opening: What SessionOpen says; binds the specification's digest, the keys and the seed commitment.
        seed_part: The auctioneer's part, 32 bytes; None when a re-execution does not know it.
        opening_key: Unseals private openings; None when a re-execution does not know it.
        author: Makes the auctioneer's envelopes.
        reader: Reads and verifies the bidders'.

    Raises:
        ConfigurationError: More bidders are invited than one session can have.

    Attributes:
        phase: Where the session stands.
        enrolment: Who takes part.
        members: The roster, once it is closed.
        players: Places in the roster of those in the market, once seeds are in.
        play: The waves, once they began.
        chance: What was drawn, once play began.
        outcome: What was declared, once settled.
    """

    def __init__(
        self,
        *,
        specification: Specification,
        opening: SessionOpen,
        seed_part: bytes | None,
        opening_key: OpeningKey | None,
        author: Author,
        reader: EnvelopeReader,
    ) -> None:
        bidder_count = len(specification.market.bidders)
        if bidder_count > limits.ROSTER:
            raise ConfigurationError(
                f"{bidder_count} bidders are invited; a session has at most {limits.ROSTER}"
            )
        self.specification = specification
        self.phase = Phase.ENROL
        self.enrolment = Enrolment(specification)
        self.members: tuple[Party, ...] = ()
        self.players: tuple[int, ...] = ()
        self.play: Play | None = None
        self.chance: RecordingChance | None = None
        self.outcome: OutcomeDeclared | None = None
        self._opening = opening
        self._seed_part = seed_part
        self._opening_key = opening_key
        self._reader = reader
        self._scribe = Scribe(author=author, reader=reader, sender_id=sender_id(opening.message_key))
        self._charges = Charges(scribe=self._scribe, enrolment=self.enrolment)
        self._places: dict[bytes, int] = {}
        self._parts: dict[int, bytes] = {}
        self._awaited: dict[int | None, Deadline] = {}

    @property
    def session_id(self) -> bytes:
        """SHA-256 of the payload of SessionOpen, 32 bytes; empty before `start`."""
        return self._scribe.session_id

    @property
    def log(self) -> SessionLog:
        """The log's hashes and addresses."""
        return self._scribe.log

    @property
    def deviations(self) -> list[Deviation]:
        """Every deviation that the log records, in order."""
        return self._charges.deviations

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """What is awaited now: what to wait for anew after a restart."""
        return tuple(self._awaited.values()) + (self.play.deadlines if self.play else ())

    def awaits(self, deadline: Deadline) -> bool:
        """Whether a deadline that was asked for can still pass; an opening is awaited until its last part is there."""
        is_members = self.play is not None and self.play.awaits(deadline)
        return is_members or self._awaited.get(deadline.member) == deadline

    @property
    def wave_count(self) -> int:
        """How many waves have begun."""
        return self.play.conductor.wave_number + 1 if self.play else 0

    def start(self) -> Effects:
        """Open the session. The header of SessionOpen claims no time, so that equal openings have one session id."""
        if self.log.size:
            raise UsageError("the session has been opened already")
        self._scribe.begin(0)
        written = self._scribe.write(self._opening)
        timing = self.specification.timing
        self._awaited[None] = self._scribe.expect(LapseSubject.ENROLMENT, None, written.leaf, timing.enrol_ms)
        return self._scribe.effects()

    def apply(self, given: Input, at_ns: int) -> Effects:
        """Apply an input that came at `at_ns` (nanoseconds since 1970) and return what follows from it."""
        if not self.log.size:
            raise UsageError("the session must be opened first")
        self._scribe.begin(at_ns)
        try:
            self._take(given)
        except Undecided as problem:
            self._void(VoidReason.UNDECIDED, str(problem))
        return self._scribe.effects()

    def _take(self, given: Input) -> None:
        match given:
            case Received(data=data):
                self._receive(data)
            case DeadlinePassed(deadline=deadline):
                self._lapse(deadline)
            case Cancelled(detail=detail):
                if not self.phase.is_final:
                    self._void(VoidReason.CANCELLED, detail)
            case _:
                assert_never(given)

    # --- What bidders send. ---

    def _receive(self, data: bytes) -> None:
        try:
            admitted = self._admit(data)
        except Refused as refused:
            self._charges.refuse(refused, data, is_over=self.phase.is_final)
            return
        if admitted is None:
            return
        match self.phase:
            case Phase.ENROL:
                self._take_enrolment(admitted)
            case Phase.SEED:
                self._take_seed_part(admitted)
            case Phase.PLAY:
                self._take_answer(admitted)
            case Phase.SETTLE | Phase.CLOSED | Phase.VOID:
                self._refuse_after_end(admitted)
            case _:
                assert_never(self.phase)

    def _admit(self, data: bytes) -> Admitted | None:
        envelope, party = read_attributable(data, self._reader, self.enrolment.parties)
        if party is not None:
            return admit(
                data, envelope, party, reader=self._reader, session_id=self.session_id, tree=self.log.tree
            )
        if self.phase is not Phase.ENROL:
            raise Refused(
                DeviationCode.UNKNOWN_SENDER, "the sender has not enrolled", sender_id=envelope.sender_id
            )
        return self.enrolment.enrol(
            data, envelope, reader=self._reader, session_id=self.session_id, tree=self.log.tree
        )

    def _take_enrolment(self, admitted: Admitted) -> None:
        if not isinstance(admitted.body, Enrol):
            self._charges.note(
                DeviationCode.NOT_ASKED, "nothing is asked before the roster is closed", admitted
            )
            return
        if admitted.header.seq:
            self._charges.note(DeviationCode.NOT_ASKED, "the sender has enrolled already", admitted)
            return
        self._scribe.keep(admitted.data, author=admitted.party.sender_id)
        if self.enrolment.is_complete:
            self._close_roster()

    def _take_seed_part(self, admitted: Admitted) -> None:
        member = self._places[admitted.party.sender_id]
        awaited = self._awaited.get(member)
        if not isinstance(admitted.body, SeedOpening) or awaited is None:
            code = (
                DeviationCode.LATE
                if admitted.header.reply_to in admitted.party.lapsed
                else DeviationCode.NOT_ASKED
            )
            self._charges.note(
                code, "no seed part is awaited from this bidder, and nothing else is asked", admitted
            )
            return
        part = admitted.body.part
        del self._awaited[member]
        if self.enrolment.opens_commitment(admitted.party, part, session_id=self.session_id):
            self._scribe.keep(admitted.data, author=admitted.party.sender_id)
            self._parts[member] = part
        else:
            detail = "the seed part is not the one that was committed to"
            self._charges.note(DeviationCode.OPENING_MISMATCH, detail, admitted)
        self._begin_play_if_ready()

    def _take_answer(self, admitted: Admitted) -> None:
        assert self.play is not None
        self.play.answer(admitted, self._places[admitted.party.sender_id])
        self._settle_if_decided()

    def _refuse_after_end(self, admitted: Admitted) -> None:
        self._scribe.refuse(
            DeviationCode.LATE,
            party=admitted.party.sender_id,
            detail="the session has ended",
            is_recorded=False,
        )

    # --- Deadlines. ---

    def _lapse(self, deadline: Deadline) -> None:
        if not self.awaits(deadline):
            return
        self._scribe.write(
            Lapse(subject=deadline.subject, bidder=deadline.member),
            to=() if deadline.member is None else (self.members[deadline.member].sender_id,),
            reply_to=deadline.question,
        )
        if deadline.member is not None:
            self._charges.silence(deadline, self.members[deadline.member])
        match deadline.subject:
            case LapseSubject.ENROLMENT:
                self._close_roster()
            case LapseSubject.SEED_OPENING:
                del self._awaited[deadline.member]
                self._begin_play_if_ready()
            case LapseSubject.ANSWER | LapseSubject.COMMITMENT | LapseSubject.OPENING:
                assert self.play is not None
                self.play.lapse(deadline)
                self._settle_if_decided()
            case _:
                assert_never(deadline.subject)

    # --- From phase to phase. ---

    def _close_roster(self) -> None:
        self._awaited.clear()
        self.members = self.enrolment.roster()
        if not self.members:
            self._void(VoidReason.NOBODY_ENROLLED, "no invited bidder enrolled in time")
            return
        if self.specification.absent == "void" and not self.enrolment.is_complete:
            self._void(VoidReason.BIDDER_ABSENT, "an invited bidder did not enrol in time")
            return
        self.phase = Phase.SEED
        self._places = {party.sender_id: place for place, party in enumerate(self.members)}
        roster = RosterClosed(
            members=tuple(
                RosterMember(bidder=party.bidder, sender_id=party.sender_id) for party in self.members
            )
        )
        written = self._scribe.write(roster, to=[party.sender_id for party in self.members])
        for member in range(len(self.members)):
            self._awaited[member] = self._scribe.expect(
                LapseSubject.SEED_OPENING, member, written.leaf, self.specification.timing.answer_ms
            )

    def _begin_play_if_ready(self) -> None:
        if self._awaited:
            return
        self.players = tuple(sorted(self._parts))
        if not self.players:
            self._void(VoidReason.NOBODY_ENROLLED, "no bidder opened its seed part")
            return
        if self.specification.absent == "void" and len(self.players) < len(self.members):
            self._void(VoidReason.BIDDER_ABSENT, "a bidder did not open its seed part")
            return
        self.phase = Phase.PLAY
        self.chance = RecordingChance(SeededChance(self._coin(), len(self.players)))
        market = self.specification.market.restricted(
            [self.members[member].bidder for member in self.players]
        )
        mechanism = MECHANISMS[self.specification.mechanism]
        self.play = Play(
            scribe=self._scribe,
            note=self._charges.note,
            members=self.members,
            players=self.players,
            market=market,
            reports=Reports(
                codec=self._reader.codec,
                market=market,
                session_id=self.session_id,
                opening_key=self._opening_key,
            ),
            answer_ms=self.specification.timing.answer_ms,
            conversation=mechanism.converse(
                market, mechanism.configure(self.specification.parameters), self.chance
            ),
        )
        self.play.begin()
        self._settle_if_decided()

    def _coin(self) -> bytes:
        if self._seed_part is None:
            raise SeedUnknown
        parts = [(self.members[member].sender_id, self._parts[member]) for member in self.players]
        return coin(session_id=self.session_id, auctioneer_part=self._seed_part, parts=parts)

    def _settle_if_decided(self) -> None:
        if self.play is None or self.play.outcome is None:
            return
        declared = declare(self.play.outcome, players=self.players, member_count=len(self.members))
        if not fits_entry(declared, self._reader.codec):
            detail = "the outcome does not fit an entry of the log: its payments are too long, or its winners too many"
            self._void(VoidReason.OUTCOME_TOO_LARGE, detail)
            return
        self.phase = Phase.SETTLE
        everyone = [party.sender_id for party in self.members]
        self.outcome = declared
        self._scribe.write(declared, to=everyone)
        self._disclose(everyone)
        self.phase = Phase.CLOSED

    def _void(self, reason: VoidReason, detail: str) -> None:
        # What the operator typed must fit a line of the log.
        detail = "".join(filter(str.isprintable, detail))[:MAXIMUM_DETAIL] or "no reason was given"
        self.phase = Phase.VOID
        self._awaited.clear()
        everyone = list(self.enrolment.parties)
        self._scribe.write(SessionVoid(reason=reason, detail=detail), to=everyone)
        if self.play is not None:
            # Draws were made: whoever checks the session must be able to repeat them.
            self.play.abandon()
            self._disclose(everyone)

    def _disclose(self, everyone: list[bytes]) -> None:
        """Open what everybody needs to re-execute the session: the seed part, and the key of private openings."""
        assert self._seed_part is not None, "play needs the seed"
        assert self.play is not None, "nothing is disclosed of a session that was not played"
        self._scribe.write(SeedOpening(part=self._seed_part), to=everyone)
        if self.play.has_private_reports and self.specification.disclosure == "settlement":
            if self._opening_key is None:
                raise OpeningUnknown
            self._scribe.write(OpeningKeyDisclosed(secret=self._opening_key.secret), to=everyone)


class SeedUnknown(UsageError):
    """A re-execution needs the auctioneer's seed part and does not have it."""

    def __init__(self) -> None:
        super().__init__("the auctioneer's seed part is not known, so no draw can be repeated")
