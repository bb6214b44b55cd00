"""The scribe writes the auctioneer's entries, keeps the bidders', and gathers the effects of one input.

Every entry that it writes says how large the log was before it and what its root was: each envelope of the
auctioneer is a receipt for everything that came before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import AuctioneerBody, Header, LapseSubject, Role
from openoutcry.session.authors import Author
from openoutcry.session.log import SessionLog
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.values import Addressed, Deadline, Effects, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry that was just written: its place in the log, its leaf hash, and the root of the log before it."""

    index: int
    leaf: bytes
    root: bytes


class Scribe:
    """Writes one session's log.

    Args:
        author: Makes envelopes of the auctioneer's messages.
        reader: Reads SessionOpen back, whose payload names the session.
        sender_id: Of the auctioneer's message key.
    """

    def __init__(self, *, author: Author, reader: EnvelopeReader, sender_id: bytes) -> None:
        self.log = SessionLog()
        self.session_id = b""
        self._author = author
        self._reader = reader
        self._sender_id = sender_id
        self._seq = 0
        self._previous = b""
        self._start(at_ns=0)

    def _start(self, *, at_ns: int) -> None:
        self._at_ns = at_ns
        self._first_index = self.log.size
        self._entries: list[bytes] = []
        self._addressed: list[Addressed] = []
        self._deadlines: list[Deadline] = []
        self._refusals: list[Refusal] = []

    def begin(self, at_ns: int) -> None:
        """Begin the effects of an input that came at this time."""
        self._start(at_ns=at_ns)

    def effects(self) -> Effects:
        """Return what was gathered since `begin`."""
        return Effects(
            first_index=self._first_index,
            entries=tuple(self._entries),
            addressed=tuple(self._addressed),
            deadlines=tuple(self._deadlines),
            refusals=tuple(self._refusals),
        )

    def write(self, body: AuctioneerBody, *, to: Iterable[bytes] = (), reply_to: bytes = b"") -> Written:
        """Write an entry of the auctioneer and address it to these parties."""
        index = self.log.size
        root = self.log.tree.root()
        header = Header(
            session_id=self.session_id,
            role=Role.AUCTIONEER,
            sender_id=self._sender_id,
            seq=self._seq,
            prev_own=self._previous,
            seen_size=index,
            seen_root=root,
            reply_to=reply_to,
            sent_at_ns=self._at_ns,
        )
        data = self._author.seal(header, body)
        if not self.session_id:
            self.session_id = hashlib.sha256(self._reader.read_envelope(data).payload).digest()
        self._seq += 1
        self._previous = leaf_hash(data)
        self._append(data, author=self._sender_id)
        for party in to:
            self.log.address(party, index)
            self._addressed.append(Addressed(party=party, index=index))
        return Written(index=index, leaf=self._previous, root=root)

    def keep(self, data: bytes, *, author: bytes) -> int:
        """Append a bidder's envelope as it came and return its index."""
        return self._append(data, author=author)

    def expect(self, subject: LapseSubject, member: int | None, question: bytes, after_ms: int) -> Deadline:
        """Ask for a deadline."""
        deadline = Deadline(subject=subject, member=member, question=question, after_ms=after_ms)
        self._deadlines.append(deadline)
        return deadline

    def refuse(self, code: DeviationCode, *, party: bytes, detail: str, is_recorded: bool) -> None:
        """Note a refusal."""
        self._refusals.append(Refusal(code=code, party=party, detail=detail, is_recorded=is_recorded))

    def _append(self, data: bytes, *, author: bytes) -> int:
        self._entries.append(data)
        return self.log.append(data, author=author)
