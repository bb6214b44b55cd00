"""A dishonest auctioneer: it writes whatever a test wants into a log of its own, signs it, and proves it or not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction

from openoutcry.mechanisms import Specification, encode_specification
from openoutcry.mechanisms.conversation import Award
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AuctioneerBody,
    OutcomeDeclared,
    Raise,
    RosterClosed,
    RosterMember,
    SessionOpen,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    BidderEffects,
    BidderInput,
    Decided,
    Delivered,
    Opened,
    Specified,
)
from openoutcry.session.scribe import Scribe, Written
from openoutcry.session.values import Delivery
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, READER, key_of

PART = b"p" * 32
NAME = "ada"


class Crook:
    """An auctioneer that says what it is told, and one honest bidder that it deals with.

    Attributes:
        scribe: Writes its log.
        entries: The log.
        bidder: The honest one.
        effects: What the bidder did last.
    """

    def __init__(self, specification: Specification | None = None, *, pinned: bytes | None = None) -> None:
        self.specification = specification or make_specification()
        self.data = encode_specification(self.specification)
        self.key = key_of("auctioneer")
        digest = hashlib.sha256(self.data).digest()
        self.opening = SessionOpen(
            specification_digest=digest,
            seed_commitment=seed_commitment(context=digest, sender_id=self.key.sender_id, secret=PART),
            message_key=self.key.public_key,
            checkpoint_key=key_of("checkpoints").public_key,
            opening_key=OpeningKey(digest).public_key,
            code_version="crook",
        )
        self.scribe = Scribe(
            author=SigningAuthor(self.key, CODEC), reader=READER, sender_id=self.key.sender_id
        )
        self.entries: list[bytes] = []
        self._taken = 0
        self.write(self.opening)
        self.bidder = BidderSession(
            name=NAME,
            key=key_of(NAME),
            entropy=b"e" * 32,
            reader=READER,
            auctioneer_key=pinned,
            agent_version="test",
        )
        self.effects = BidderEffects()
        self.give(Opened(session_open=self.entries[0]))

    def write(self, body: AuctioneerBody, reply_to: bytes = b"") -> Written:
        """Write an entry."""
        written = self.scribe.write(body, reply_to=reply_to)
        self.entries.extend(self.scribe.effects().entries[self._taken :])
        self._taken = len(self.entries)
        return written

    def keep(self, data: bytes | None = None) -> BidderEffects:
        """Log a message of the bidder, the one that it sent last unless another is given."""
        data = self.effects.send[0] if data is None else data
        self.scribe.keep(data, author=key_of(NAME).sender_id)
        self.entries.append(data)
        self._taken = len(self.entries)
        return self.effects

    def give(self, given: BidderInput) -> BidderEffects:
        """Give the bidder an input."""
        self.effects = self.bidder.apply(given, 5)
        return self.effects

    def delivery(self, index: int, **changes) -> Delivery:
        """Return the delivery of an entry with honest proofs, changed as told."""
        delivery = self.scribe.log.delivery(
            party=key_of(NAME).sender_id,
            index=index,
            envelope=self.entries[index],
            from_size=self.bidder.witness.head.size if self.bidder.witness else 0,
        )
        return replace(delivery, **changes)

    def deliver(self, body: AuctioneerBody, **changes) -> BidderEffects:
        """Write an entry and deliver it."""
        return self.give(Delivered(delivery=self.delivery(self.write(body).index, **changes)))

    def roster(self) -> RosterClosed:
        """Return the honest roster: everybody invited is there."""
        return RosterClosed(
            members=tuple(
                RosterMember(bidder=place, sender_id=key_of(name).sender_id)
                for place, name in enumerate(self.specification.market.names)
            )
        )

    def enrol(self) -> None:
        """Let the bidder enrol, and log that."""
        self.give(Specified(specification=self.data))
        self.keep()

    def begin_play(self) -> None:
        """Go on to the first question."""
        self.enrol()
        self.deliver(self.roster())
        self.keep()

    def climb(self, level: int = 1, *, accepts: bool = True) -> BidderEffects:
        """Ask for a level, let the bidder answer, and log the answer."""
        self.deliver(Raise(bidder=0, wave=0, level=level))
        self.decide(accepts=accepts)
        return self.keep()

    def decide(self, *, accepts: bool = True) -> BidderEffects:
        """Let the bidder answer the question that it is asked now."""
        return self.give(Decided(question=self.question(), accepts=accepts))

    def question(self) -> bytes:
        """Return the question that the bidder is asked now."""
        assert self.effects.ask is not None
        return self.effects.ask.question

    def complaint(self) -> DeviationCode | None:
        """Return what the bidder complains of, once it is seen that it takes no further part."""
        if self.bidder.complaint is None:
            return None
        assert self.effects.complaint == self.bidder.complaint
        assert self.bidder.complaint.accused == "auctioneer"
        assert self.bidder.complaint.evidence
        assert self.give(Specified(specification=self.data)) == BidderEffects(has_ended=True)
        return self.bidder.complaint.code

    def doubt(self) -> DeviationCode | None:
        """Return what the bidder could not take last, once it is seen that it blames nobody and may go on."""
        assert self.bidder.complaint is None
        if self.effects.doubt is None:
            return None
        assert self.effects == BidderEffects(doubt=self.effects.doubt)
        assert (self.effects.must_resume, self.effects.doubt.accused) == (True, "")
        return self.effects.doubt.code


def outcome(count: int = 4, *, winner: int | None = None, price: int = 0, **payments: int) -> OutcomeDeclared:
    """Return an outcome; payments by place, as `at_1=5`."""
    awards = () if winner is None else (Award(bidder=winner, goods=(0,), price=Fraction(price)),)
    return OutcomeDeclared(
        awards=awards,
        payments=tuple(Fraction(payments.get(f"at_{place}", 0)) for place in range(count)),
        reason="as it pleased the auctioneer",
    )
