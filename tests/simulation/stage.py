"""A stage for the tests of sessions: a real auctioneer, and bidders whose every message is made by hand.

A hand says what a test wants it to say, truthfully or not, and signs it. The stage keeps the log and looks after
what holds whatever anybody sends: the log only grows, and a refusal appends nothing but a DeviationNoted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from openoutcry.mechanisms import Specification, encode_specification
from openoutcry.protocol.commitments import report_commitment, seed_commitment
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Accept,
    AskReport,
    Body,
    CommitClosed,
    DeviationNoted,
    Enrol,
    Exit,
    Header,
    Offer,
    Raise,
    ReportCommit,
    ReportOpening,
    Role,
    RosterClosed,
    SeedOpening,
    SessionOpen,
    SignalReport,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import Author, SigningAuthor
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.transcripts import make_transcript
from openoutcry.session.values import DeadlinePassed, Effects, Input, Phase, Received
from openoutcry.session.verdicts import Verification
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec

CODEC = WireCodec()
READER = EnvelopeReader(CODEC)
NONCE = b"n" * 32
QUESTIONS = (RosterClosed, Raise, Offer, AskReport, CommitClosed)


def key_of(name: str) -> SigningKey:
    """Return the key that everybody of this name has in tests."""
    return SigningKey.from_seed(hashlib.sha256(name.encode()).digest())


class Hand:
    """A bidder whose messages are made by hand.

    Attributes:
        name: Of the bidder.
        key: Signs.
        seed_part: 32 bytes.
        seq: Its next sequence number.
        previous: Leaf hash of its last message.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self.name = name
        self.key = key_of(name)
        self.seed_part = hashlib.sha256(b"part of " + name.encode()).digest()
        self.seq = 0
        self.previous = b""
        self._stage = stage

    def header(self, *, reply_to: bytes = b"") -> Header:
        """Return the header that an honest bidder with the newest head would use next."""
        log = self._stage.session.log
        return Header(
            session_id=self._stage.session.session_id,
            role=Role.BIDDER,
            sender_id=self.key.sender_id,
            seq=self.seq,
            prev_own=self.previous,
            seen_size=log.size,
            seen_root=log.tree.root(),
            reply_to=reply_to,
            sent_at_ns=1,
        )

    def seal(self, header: Header, body: Body) -> bytes:
        """Return the envelope, signed; its place in this hand's chain is not taken."""
        payload = CODEC.encode_message(header, body)
        return CODEC.encode_envelope(seal(self.key, PAYLOAD_TYPES[type(body)], payload))

    def say(self, body: Body, *, reply_to: bytes | None = None) -> bytes:
        """Return the next envelope of this hand's chain; it answers the newest question unless told otherwise."""
        answered = self.question()[1] if reply_to is None else reply_to
        data = self.seal(self.header(reply_to=answered), body)
        self.seq += 1
        self.previous = leaf_hash(data)
        return data

    def question(self) -> tuple[Body | None, bytes]:
        """Return the newest question that this hand was asked, and its leaf hash; SessionOpen at first."""
        stage = self._stage
        for index in reversed(stage.session.log.addressed_from(self.key.sender_id, 0)):
            data = stage.entries[index]
            _, body = READER.read_message(READER.read_envelope(data))
            if isinstance(body, QUESTIONS):
                return body, leaf_hash(data)
        return None, leaf_hash(stage.entries[0])

    def enrolment(self) -> Enrol:
        """Return what this hand enrols with."""
        return Enrol(
            name=self.name,
            public_key=self.key.public_key,
            seed_commitment=seed_commitment(
                context=self._stage.session.session_id, sender_id=self.key.sender_id, secret=self.seed_part
            ),
            agent_version="hand",
        )

    def commitment(self, wave: int, report: bytes) -> ReportCommit:
        """Return the commitment to a report."""
        return ReportCommit(
            wave=wave,
            commitment=report_commitment(
                session_id=self._stage.session.session_id,
                sender_id=self.key.sender_id,
                wave=wave,
                payload_type=PAYLOAD_TYPES[SignalReport],
                nonce=NONCE,
                report=report,
            ),
        )

    def answer(self, signal: int) -> bytes | None:
        """Return this hand's honest answer to what it is asked now; None when it is asked nothing."""
        asked, _ = self.question()
        report = CODEC.encode_signal_report(SignalReport(value=signal))
        match asked:
            case RosterClosed():
                return self.say(SeedOpening(part=self.seed_part))
            case Raise(level=level) | Offer(level=level):
                return self.say(Accept(level=level) if level <= signal else Exit(level=level))
            case AskReport(wave=wave):
                return self.say(self.commitment(wave, report))
            case CommitClosed(wave=wave):
                return self.say(ReportOpening(wave=wave, part=0, part_count=1, content=NONCE + report))
            case _:
                return None


class Stage:
    """An auctioneer's session with hands for all its bidders, honest unless another author writes for it.

    Attributes:
        session: The auctioneer's.
        entries: The log.
        inputs: What was applied, each with the size of the log before it.
        hands: By name.
        specification: The public specification, byte for byte.
    """

    def __init__(self, specification: Specification, *, author: Author | None = None) -> None:
        self.specification = encode_specification(specification)
        self.key = key_of("auctioneer")
        self.checkpoint_key = key_of("checkpoints")
        self.seed_part = hashlib.sha256(b"part of the auctioneer").digest()
        self.opening_key = OpeningKey(hashlib.sha256(b"opening key of the auctioneer").digest())
        digest = hashlib.sha256(self.specification).digest()
        self.opening = SessionOpen(
            specification_digest=digest,
            seed_commitment=seed_commitment(
                context=digest, sender_id=self.key.sender_id, secret=self.seed_part
            ),
            message_key=self.key.public_key,
            checkpoint_key=self.checkpoint_key.public_key,
            opening_key=self.opening_key.public_key,
            code_version="stage",
        )
        self.session = AuctioneerSession(
            specification=specification,
            opening=self.opening,
            seed_part=self.seed_part,
            opening_key=self.opening_key,
            author=author or SigningAuthor(self.key, CODEC),
            reader=READER,
        )
        self.entries = list(self.session.start().entries)
        self.inputs: list[tuple[int, Input]] = []
        self.hands = {bidder.name: Hand(self, bidder.name) for bidder in specification.market.bidders}

    def apply(self, given: Input) -> Effects:
        """Apply an input and keep what follows from it."""
        before = self.session.log.size
        self.inputs.append((before, given))
        effects = self.session.apply(given, at_ns=2)
        assert effects.first_index == before == len(self.entries)
        assert self.session.log.size == before + len(effects.entries)
        self.entries.extend(effects.entries)
        return effects

    def send(self, data: bytes | None) -> Effects:
        """Bring an envelope to the auctioneer."""
        assert data is not None, "there is nothing to answer"
        return self.apply(Received(data=data))

    def enrol(self, *names: str) -> None:
        """Let these bidders enrol, or all when none is named."""
        for name in names or self.hands:
            hand = self.hands[name]
            self.send(hand.say(hand.enrolment()))

    def lapse(self, *names: str) -> None:
        """Let what is awaited of these bidders lapse; of everybody, when none is named."""
        for deadline in self.session.deadlines:
            if not names or (deadline.member is not None and self.member_name(deadline.member) in names):
                self.apply(DeadlinePassed(deadline=deadline))

    def open_seeds(self) -> None:
        """Let all members open their seed parts."""
        for party in self.session.members:
            self.send(self.hands[party.name].answer(0))

    def begin_play(self) -> None:
        """Let everybody enrol and open its seed part."""
        self.enrol()
        self.open_seeds()

    def awaited(self) -> list[Hand]:
        """Return whose answers are awaited now, in roster order."""
        return [
            self.hands[self.member_name(deadline.member)]
            for deadline in self.session.deadlines
            if deadline.member is not None
        ]

    def finish(self, signals: Mapping[str, int] | None = None) -> None:
        """Play to the end: bidders with a signal answer truthfully, what is awaited of the others lapses."""
        while not self.session.phase.is_final:
            for hand in self.awaited():
                if signals and hand.name in signals:
                    self.send(hand.answer(signals[hand.name]))
                else:
                    self.lapse(hand.name)
            if self.session.phase is Phase.ENROL:
                self.lapse()

    def member_name(self, member: int) -> str:
        """Return the name of a member of the roster."""
        return self.session.members[member].name

    def last_noted(self) -> DeviationNoted:
        """Return the newest entry, which must be a DeviationNoted."""
        _, body = READER.read_message(READER.read_envelope(self.entries[-1]))
        assert isinstance(body, DeviationNoted)
        return body

    def transcript(self) -> Transcript:
        """Return the transcript of the log as it stands."""
        return make_transcript(
            entries=self.entries,
            specification=self.specification,
            session_id=self.session.session_id,
            tree=self.session.log.tree,
            checkpoint_key=self.checkpoint_key,
            reader=READER,
        )

    def verify(self) -> Verification:
        """Verify the transcript."""
        return verify_transcript(self.transcript(), codec=CODEC)
