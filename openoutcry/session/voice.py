"""A bidder's own messages: one chain, kept until the log is proved to hold them."""

from __future__ import annotations

from openoutcry.protocol.codec import Codec
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import BidderBody, Header, Hello, Role
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.witness import Head


class Voice:
    """Speaks for one bidder in one session.

    Attributes:
        acknowledged: Leaf hash of the last own message that is known to be dealt with; empty at first.
    """

    def __init__(self, *, key: SigningKey, codec: Codec, session_id: bytes) -> None:
        self._author = SigningAuthor(key, codec)
        self._sender_id = key.sender_id
        self._session_id = session_id
        self._seq = 0
        self._previous = b""
        self._waiting: dict[bytes, bytes] = {}
        self._excused: set[bytes] = set()
        self.acknowledged = b""

    @property
    def waiting(self) -> tuple[bytes, ...]:
        """Own envelopes that are not yet known to have arrived, in order: sent again after a lost connection."""
        return tuple(self._waiting.values())

    @property
    def waiting_leaves(self) -> tuple[bytes, ...]:
        """Leaf hashes of the same."""
        return tuple(self._waiting)

    def is_owed(self, *, after: bytes = b"") -> bool:
        """Whether the log must hold something that it was not yet proved to hold.

        Args:
            after: Leaf hash of an own message that is now proved to be in it, and so every earlier one.
        """
        waiting = self.waiting_leaves
        unproved = waiting[waiting.index(after) + 1 :] if after in waiting else waiting
        return any(leaf not in self._excused for leaf in unproved)

    def say(self, body: BidderBody, *, head: Head, reply_to: bytes, at_ns: int) -> bytes:
        """Return the next envelope of the chain."""
        data = self._author.seal(self._header(self._seq, self._previous, head, reply_to, at_ns), body)
        self._seq += 1
        self._previous = leaf_hash(data)
        self._waiting[self._previous] = data
        return data

    def greet(self, hello: Hello, *, head: Head, at_ns: int) -> bytes:
        """Return a Hello, which stands outside the chain."""
        return self._author.seal(self._header(0, b"", head, b"", at_ns), hello)

    def acknowledge(self, leaf: bytes) -> None:
        """Note that the message with this leaf hash, and so every earlier one, has been dealt with."""
        for waiting in list(self._waiting):
            del self._waiting[waiting]
            if waiting == leaf:
                break
        self.acknowledged = leaf

    def excuse(self) -> None:
        """Note that a deadline has passed: what waits now may rightly be refused as late."""
        self._excused.update(self._waiting)

    def acknowledge_refused(self, leaf: bytes) -> None:
        """Note that the message with this leaf hash was refused, if it is one of those still waiting."""
        self._waiting.pop(leaf, None)

    def _header(self, seq: int, previous: bytes, head: Head, reply_to: bytes, at_ns: int) -> Header:
        return Header(
            session_id=self._session_id,
            role=Role.BIDDER,
            sender_id=self._sender_id,
            seq=seq,
            prev_own=previous,
            seen_size=head.size,
            seen_root=head.root,
            reply_to=reply_to,
            sent_at_ns=at_ns,
        )
