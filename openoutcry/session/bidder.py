"""A bidder's side of a session: `effects = session.apply(input)`.

The bidder trusts nothing that it can check. `openoutcry.session.witness` checks signatures and that there is one
log; this module checks that every question follows the rules as far as a bidder can see: the next level of its own
clock, one question at a time, nothing after an exit, a price that its own valuation can take, a roster that lists
it, its own earlier answers in the log, and in the end a payment that follows from what it agreed to.

A breach is a complaint with the envelope as evidence; the bidder then takes no further part. What does not follow what
is known, as after a lost connection, or could have been forged or damaged by anybody on the way, is not taken: it asks
to attach again.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import assert_never

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.specification import Specification, decode_specification
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import Deviation, DeviationCode
from openoutcry.protocol.framing import lp, u32
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    BidderBody,
    CommitClosed,
    DeviationNoted,
    Enrol,
    Exit,
    Hello,
    Lapse,
    LapseSubject,
    Offer,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    Raise,
    RosterClosed,
    SeedOpening,
    SessionVoid,
    SignalReport,
)
from openoutcry.session.addressing import find_proved, follows_answers, require_addressed
from openoutcry.session.answering import Answering
from openoutcry.session.bidder_values import (
    Asked,
    BidderEffects,
    BidderInput,
    Concluded,
    Decided,
    Delivered,
    Opened,
    OpeningChosen,
    OpeningSealed,
    SealAsked,
    SignalChosen,
    Specified,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.own_report import OwnReport
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.seat_rules import SeatRules
from openoutcry.session.values import Delivery
from openoutcry.session.voice import Voice
from openoutcry.session.witness import Breach, Unproven, Witness

# Many bidders in one process are shown the same bytes, and a large specification takes milliseconds to read.
_decode_once = lru_cache(maxsize=4)(decode_specification)


class BidderSession:
    """One bidder in one session.

    Args:
        name: Of the bidder in the specification.
        key: Its message key.
        entropy: 32 bytes that nobody else knows; the seed part and the nonces of reports come from them.
        reader: Reads and verifies envelopes.
        auctioneer_key: The auctioneer's message key if it is known beforehand.
        session_id: Of the session that was asked for; None takes whatever SessionOpen comes first.
        agent_version: Stated at enrolment.

    Attributes:
        specification: The public specification, once it is there.
        witness: What is known of the log, once SessionOpen is there.
        rules: What this bidder may be asked, once it is in the roster.
        outcome: What was declared, once it was.
        roster: Names of the roster's members, in order, once it is closed.
        deviations: What the auctioneer recorded of this bidder.
        complaint: What the auctioneer did wrong.
        void: Why the session ended without an outcome, if it did.
    """

    def __init__(
        self,
        *,
        name: str,
        key: SigningKey,
        entropy: bytes,
        reader: EnvelopeReader,
        auctioneer_key: bytes | None,
        agent_version: str,
        session_id: bytes | None = None,
    ) -> None:
        self.name = name
        self.specification: Specification | None = None
        self.witness: Witness | None = None
        self.rules: SeatRules | None = None
        self.outcome: OutcomeDeclared | None = None
        self.roster: tuple[str, ...] = ()
        self.deviations: list[Deviation] = []
        self.complaint: Deviation | None = None
        self.void: SessionVoid | None = None
        self.has_ended = False
        self._key = key
        self._entropy = entropy
        self._reader = reader
        self._auctioneer_key = auctioneer_key
        self._session_id = session_id
        self._agent_version = agent_version
        self._voice: Voice | None = None
        self._answering = Answering()
        self._at_ns = 0

    # --- What a driver asks and does. ---

    @property
    def waiting(self) -> tuple[bytes, ...]:
        """Own envelopes to send again after attaching, in order."""
        return self._voice.waiting if self._voice else ()

    @property
    def asked(self) -> Asked | None:
        """The question that the strategy has not answered, if any."""
        return self._answering.asked

    @property
    def sealing(self) -> SealAsked | None:
        """What the driver has not sealed yet, if anything."""
        return self._answering.sealing

    def hello(self, nonce: bytes, at_ns: int) -> bytes:
        """Return the envelope that attaches a stream which was challenged with this nonce."""
        witness, voice = self._known()
        hello = Hello(nonce=nonce, public_key=self._key.public_key, next_index=witness.next_index)
        return voice.greet(hello, head=witness.head, at_ns=at_ns)

    def apply(self, given: BidderInput, at_ns: int) -> BidderEffects:
        """Apply an input that came at `at_ns` (nanoseconds since 1970) and return what follows from it.

        Raises:
            ConfigurationError: The session is run under another key than the expected one.
            UsageError: The input does not fit this bidder; nothing has changed.
        """
        if self.complaint is not None or self.has_ended:
            return BidderEffects(has_ended=True)
        self._at_ns = at_ns
        evidence = b""
        try:
            match given:
                case Opened(session_open=evidence):
                    return self._open(evidence)
                case Specified(specification=specification):
                    return self._specify(specification)
                case Delivered(delivery=delivery):
                    evidence = delivery.envelope
                    return self._deliver(delivery)
                case Concluded(note=evidence):
                    return self._conclude(given)
                case Decided():
                    return self._decide(given)
                case SignalChosen(question=question, signal=signal):
                    data = None if signal is None else self._encode_signal(signal)
                    return self._commit(question, data)
                case TypeChosen(question=question, report=data):
                    return self._commit(question, data)
                case OpeningChosen():
                    return self._choose_opening(given)
                case OpeningSealed():
                    return self._take_sealed(given)
                case _:
                    assert_never(given)
        except (Unproven, Breach) as problem:
            found = Deviation(
                code=DeviationCode(problem.deviation),
                # Forged, damaged or replayed bytes may be a stranger's on the way: nobody is blamed for them.
                accused="auctioneer" if isinstance(problem, Breach) else "",
                index=given.delivery.index if isinstance(given, Delivered) else None,
                detail=problem.reason,
                evidence=evidence,
            )
            if isinstance(problem, Unproven):
                return BidderEffects(doubt=found)
            self.complaint = found
            return BidderEffects(complaint=found, has_ended=True)

    # --- Inputs. ---

    def _open(self, session_open: bytes) -> BidderEffects:
        if self.witness is None:
            self.witness = Witness(
                session_open=session_open,
                pinned_key=self._auctioneer_key,
                session_id=self._session_id,
                reader=self._reader,
            )
            self._voice = Voice(key=self._key, codec=self._reader.codec, session_id=self.witness.session_id)
        elif session_open != self.witness.session_open:
            kind = Breach if self.witness.is_same_session(session_open) else Unproven
            raise kind(DeviationCode.FORKED, "the session begins with another SessionOpen than before")
        return BidderEffects()

    def _specify(self, data: bytes) -> BidderEffects:
        witness, _ = self._known()
        if self.specification is not None:
            return BidderEffects()
        if hashlib.sha256(data).digest() != witness.opening.specification_digest:
            raise Unproven(DeviationCode.FORKED, "the specification is not the one that SessionOpen names")
        try:
            specification = _decode_once(data)
        except ConfigurationError as problem:
            raise Breach(DeviationCode.MALFORMED, f"the specification: {problem}") from problem
        names = [bidder.name for bidder in specification.market.bidders]
        if self.name not in names:
            raise UsageError(
                f"no bidder {self.name!r} is invited to this session; invited are {', '.join(names)}"
            )
        self.specification = specification
        enrol = Enrol(
            name=self.name,
            public_key=self._key.public_key,
            seed_commitment=seed_commitment(
                context=witness.session_id, sender_id=self._key.sender_id, secret=self._seed_part()
            ),
            agent_version=self._agent_version,
        )
        return self._say(enrol, reply_to=leaf_hash(witness.session_open))

    def _deliver(self, delivery: Delivery) -> BidderEffects:
        witness, voice = self._known()
        if self.specification is None:
            raise UsageError("the specification must be there before deliveries are taken")
        if delivery.index < witness.next_index:
            return BidderEffects()
        checked = witness.check(delivery)
        leaf, body = checked.leaf, checked.body
        require_addressed(
            body,
            own_id=self._key.sender_id,
            own_index=delivery.own_index,
            rules=self.rules,
            report=self._answering.report,
        )
        proved = find_proved(witness, voice, delivery, checked)
        is_next = follows_answers(body, rules=self.rules, report=self._answering.report)
        if is_next and voice.is_owed(after=proved):
            raise Unproven(
                DeviationCode.SUPPRESSED, "a question came although an earlier answer is not in the log"
            )
        self._answering.follow(body, skips=delivery.index > witness.next_index)
        witness.take(checked)
        if proved:
            voice.acknowledge(proved)
        match body:
            case RosterClosed():
                return self._close_roster(body, delivery, leaf)
            case Raise() | Offer() | AskReport():
                return self._take_question(body, delivery, leaf)
            case CommitClosed():
                return self._open_report(body, delivery, leaf)
            case Lapse() | DeviationNoted():
                return self._take_record(body, delivery)
            case OutcomeDeclared():
                return self._take_outcome(body)
            case SeedOpening(part=part):
                witness.check_seed(part)
                return BidderEffects()
            case OpeningKeyDisclosed(secret=secret):
                witness.check_opening_key(secret)
                return BidderEffects()
            case SessionVoid():
                self.void = body
                return BidderEffects()
            case _:
                raise Breach(DeviationCode.WRONG_QUESTION, f"{type(body).__name__} is not for a bidder")

    def _conclude(self, concluded: Concluded) -> BidderEffects:
        witness, _ = self._known()
        if self.outcome is None and self.void is None:
            raise Unproven(
                DeviationCode.WRONG_OUTCOME, "the session ended without an outcome and without a reason"
            )
        witness.conclude(concluded)
        self.has_ended = True
        return BidderEffects(has_ended=True)

    def _decide(self, decided: Decided) -> BidderEffects:
        asked = self._answering.level(decided)
        if asked is None or decided.accepts is None:
            return BidderEffects()
        self._seat().answer(accepts=decided.accepts, asked=asked)
        body = Accept(level=asked.level) if decided.accepts else Exit(level=asked.level)
        return self._say(body, reply_to=asked.question)

    def _encode_signal(self, signal: int) -> bytes:
        return self._reader.codec.encode_signal_report(SignalReport(value=signal))

    def _commit(self, question: bytes, data: bytes | None) -> BidderEffects:
        witness, asked = self._known()[0], self._answering.report_question(question)
        if asked is None or data is None:
            return BidderEffects()
        report = self._answering.report = OwnReport(
            asked=asked,
            data=data,
            nonce=self._derive(b"report" + u32(asked.wave)),
            session_id=witness.session_id,
            sender_id=self._key.sender_id,
            opening_key=witness.opening.opening_key,
            codec=self._reader.codec,
        )
        if isinstance(asked, TypeAsked) and asked.asks_value:
            self._seat().note_value(report)
        effects = self._say(report.commit, reply_to=question)
        report.leaf = leaf_hash(effects.send[0])
        return effects

    def _choose_opening(self, chosen: OpeningChosen) -> BidderEffects:
        opening = self._answering.open_report(chosen)
        if isinstance(opening, SealAsked):
            return BidderEffects(seal=opening)
        return self._say(*opening, reply_to=chosen.question)

    def _take_sealed(self, given: OpeningSealed) -> BidderEffects:
        return self._say(*self._answering.sealed_report(given), reply_to=given.question)

    # --- What the auctioneer's entries mean. ---

    def _close_roster(self, body: RosterClosed, delivery: Delivery, leaf: bytes) -> BidderEffects:
        assert self.specification is not None
        if self.rules is not None:
            raise Breach(DeviationCode.WRONG_QUESTION, "the roster was closed before")
        self.rules = SeatRules(self.specification, body, sender_id=self._key.sender_id, name=self.name)
        self.roster = self.rules.names
        return self._say(SeedOpening(part=self._seed_part()), reply_to=leaf)

    def _take_question(
        self, body: Raise | Offer | AskReport, delivery: Delivery, leaf: bytes
    ) -> BidderEffects:
        self._answering.require_free()
        return BidderEffects(ask=self._answering.ask(self._seat().ask(body, leaf)))

    def _open_report(self, body: CommitClosed, delivery: Delivery, leaf: bytes) -> BidderEffects:
        asked = self._answering.ask_opening(body, own_index=delivery.own_index, question=leaf)
        return BidderEffects(ask=asked)

    def _take_record(self, body: Lapse | DeviationNoted, delivery: Delivery) -> BidderEffects:
        if isinstance(body, DeviationNoted):
            refused = leaf_hash(body.evidence)
            self._known()[1].acknowledge_refused(refused)
            self._answering.refuse(refused)
            code, detail = body.deviation, body.detail
        else:
            is_opening = body.subject in (LapseSubject.OPENING, LapseSubject.SEED_OPENING)
            code = DeviationCode.OPENING_MISSING if is_opening else DeviationCode.SILENT
            detail = f"no {body.subject.name.lower().replace('_', ' ')} came in time"
            self._answering.lapse(body)
            self._known()[1].excuse()
            self._seat().lapse(body)
        self.deviations.append(Deviation(code=code, accused=self.name, index=delivery.index, detail=detail))
        return BidderEffects()

    def _take_outcome(self, body: OutcomeDeclared) -> BidderEffects:
        self._answering.drop()
        self._seat().check_outcome(body)
        self.outcome = body
        return BidderEffects()

    # --- Own messages. ---

    def _say(self, *bodies: BidderBody, reply_to: bytes) -> BidderEffects:
        witness, voice = self._known()
        return BidderEffects(
            send=tuple(
                voice.say(body, head=witness.head, reply_to=reply_to, at_ns=self._at_ns) for body in bodies
            )
        )

    def _known(self) -> tuple[Witness, Voice]:
        if self.witness is None or self._voice is None:
            raise UsageError("the session's SessionOpen must be there first")
        return self.witness, self._voice

    def _seat(self) -> SeatRules:
        if self.rules is None:
            raise Breach(DeviationCode.WRONG_QUESTION, "a question came before the roster was closed")
        return self.rules

    def _seed_part(self) -> bytes:
        return self._derive(b"seed")

    def _derive(self, purpose: bytes) -> bytes:
        context = lp(b"openoutcry.bidder.v1") + lp(self._known()[0].session_id) + lp(purpose)
        return hmac.digest(self._entropy, context, hashlib.sha256)
