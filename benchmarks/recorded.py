"""A session among folds in one process: no network, no disk, real signatures. For what is measured in memory."""

from __future__ import annotations

import hashlib
from collections import deque
from time import process_time

from benchmarks.load import Load
from benchmarks.ours.markets import make_specification, name_bidder
from openoutcry.mechanisms.specification import encode_specification
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.keys import SEED_BYTES, SigningKey
from openoutcry.protocol.messages import SessionOpen
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import BidderInput, Decided, Delivered, Opened, Specified
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.transcripts import make_transcript
from openoutcry.session.values import Received
from openoutcry.wire import WireCodec, encode_delivery

SEED_PART = bytes(SEED_BYTES)
OPENING_KEY = OpeningKey(bytes(SEED_BYTES))


class RecordedSession:
    """A session whose bidders accept whatever they are asked.

    Attributes:
        cpu_seconds: Processor time that the auctioneer's side has taken: applying, proofs and frames.
    """

    def __init__(self, load: Load) -> None:
        self.cpu_seconds = 0.0
        codec = WireCodec()
        specification = make_specification(load)
        self._specification = encode_specification(specification)
        self._reader = EnvelopeReader(codec)
        self._keys = [SigningKey.from_seed(bytes([place]) * SEED_BYTES) for place in (1, 2)]
        self._session = self._open_session(codec, load)
        self._entries = list(self._session.start().entries)
        self._bidders: dict[bytes, BidderSession] = {}
        self._heads: dict[bytes, int] = {}
        self._queue: deque[bytes] = deque()
        for bidder in range(load.bidders):
            key = SigningKey.from_seed((bidder + 3).to_bytes(SEED_BYTES, "big"))
            seat = BidderSession(
                name=name_bidder(bidder),
                key=key,
                entropy=bidder.to_bytes(SEED_BYTES, "big"),
                reader=self._reader,
                auctioneer_key=None,
                agent_version="0",
            )
            self._bidders[key.sender_id] = seat
            self._heads[key.sender_id] = 0
            self._tell(seat, Opened(session_open=self._entries[0]))
            self._tell(seat, Specified(specification=self._specification))

    def _open_session(self, codec: WireCodec, load: Load) -> AuctioneerSession:
        message_key, checkpoint_key = self._keys
        digest = hashlib.sha256(self._specification).digest()
        opening = SessionOpen(
            specification_digest=digest,
            seed_commitment=seed_commitment(
                context=digest, sender_id=message_key.sender_id, secret=SEED_PART
            ),
            message_key=message_key.public_key,
            checkpoint_key=checkpoint_key.public_key,
            opening_key=OPENING_KEY.public_key,
            code_version="0",
        )
        return AuctioneerSession(
            specification=make_specification(load),
            opening=opening,
            seed_part=SEED_PART,
            opening_key=OPENING_KEY,
            author=SigningAuthor(message_key, codec),
            reader=self._reader,
        )

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return not self._queue

    def advance(self, messages: int) -> None:
        """Take so many messages of bidders, each with all that follows from it."""
        for _ in range(messages):
            began = process_time()
            effects = self._session.apply(Received(data=self._queue.popleft()), 1)
            self.cpu_seconds += process_time() - began
            self._entries.extend(effects.entries)
            for addressed in effects.addressed:
                self._deliver(addressed.party, addressed.index)

    def fill(self, size: int) -> None:
        """Make the log's tree as long as after so many entries; nobody has asked for what lies between."""
        tree = self._session.log.tree
        while tree.size < size:
            filler = hashlib.sha256(tree.size.to_bytes(8, "big")).digest()
            tree.append_leaf_hash(filler)
            self._entries.append(filler)

    def transcript(self) -> Transcript:
        """Return the transcript of the session as it stands."""
        return make_transcript(
            entries=self._entries,
            specification=self._specification,
            session_id=self._session.session_id,
            tree=self._session.log.tree,
            checkpoint_key=self._keys[1],
            reader=self._reader,
        )

    def _deliver(self, party: bytes, index: int) -> None:
        began = process_time()
        delivery = self._session.log.delivery(
            party=party, index=index, envelope=self._entries[index], from_size=self._heads[party]
        )
        encode_delivery(delivery).SerializeToString()
        self.cpu_seconds += process_time() - began
        self._heads[party] = index
        self._tell(self._bidders[party], Delivered(delivery=delivery))

    def _tell(self, seat: BidderSession, given: BidderInput) -> None:
        effects = seat.apply(given, 1)
        assert effects.complaint is None, effects.complaint
        self._queue.extend(effects.send)
        if effects.ask is not None:
            self._tell(seat, Decided(question=effects.ask.question, accepts=True))
