"""Following a log from outside: each entry is checked as it comes, and all of it once more when it is complete.

Decides: nothing. Refuses: an entry that is badly signed, breaks its sender's chain, or commits to a head that is not of
this log. What needs the whole log, such as the draws, is verified at the end like any transcript. Called by
`auctioneer watch`.
"""

from __future__ import annotations

import hashlib

from openoutcry.errors import PeerError, TranscriptError
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import Body, Enrol, Header, SessionOpen
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.transcripts import make_manifest

AUCTIONEER = "auctioneer"


class Watcher:
    """Checks the entries of one log in order.

    Args:
        session_id: Of the session, 32 bytes.
        reader: Reads and verifies envelopes.

    Attributes:
        entries: What came so far.
    """

    def __init__(self, session_id: bytes, reader: EnvelopeReader) -> None:
        self.entries: list[bytes] = []
        self._session_id = session_id
        self._reader = reader
        self._tree = MerkleTree()
        self._keys: dict[bytes, VerifyKey] = {}
        self._names: dict[bytes, str] = {}

    def take(self, data: bytes) -> tuple[str, Body]:
        """Check the next entry, and return who says what.

        Raises:
            TranscriptError: It is not what may stand there.
        """
        index = len(self.entries)
        try:
            envelope = self._reader.read_envelope(data)
            header, body = self._reader.read_message(envelope)
            self._meet(index, body, envelope.payload)
            key = self._keys.get(envelope.sender_id)
            if key is None or header.sender_id != envelope.sender_id:
                raise TranscriptError("the sender has not enrolled", index=index)
            self._reader.verify(envelope, key)
        except PeerError as problem:
            raise TranscriptError(problem.reason, index=index) from problem
        self._check_head(index, header)
        self.entries.append(data)
        self._tree.append(data)
        return self._names[envelope.sender_id], body

    def transcript(self, *, specification: bytes, checkpoint: bytes) -> Transcript:
        """Return what was followed as a transcript, to be verified as a whole."""
        return Transcript(
            entries=tuple(self.entries),
            checkpoint=checkpoint,
            specification=specification,
            manifest=make_manifest(self.entries, specification, self._reader),
        )

    def _meet(self, index: int, body: Body, payload: bytes) -> None:
        """Learn a key from the message that introduces it; the message must then be signed with it."""
        if index == 0:
            if not isinstance(body, SessionOpen) or hashlib.sha256(payload).digest() != self._session_id:
                raise TranscriptError("the log is not of the session that was asked for", index=0)
            self._learn(body.message_key, AUCTIONEER)
        elif isinstance(body, Enrol):
            self._learn(body.public_key, body.name)

    def _learn(self, public_key: bytes, name: str) -> None:
        self._keys.setdefault(sender_id(public_key), VerifyKey(public_key))
        self._names.setdefault(sender_id(public_key), name)

    def _check_head(self, index: int, header: Header) -> None:
        if header.seen_size > index or header.seen_root != self._tree.root(header.seen_size):
            raise TranscriptError("the record commits to a head that is not of this log", index=index)
