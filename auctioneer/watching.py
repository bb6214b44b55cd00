"""Following a log from outside: each entry is checked as it comes, and all of it once more when it is complete.

Decides: how bidders are named: as the specification does. Refuses: an entry that is badly signed, breaks its sender's
chain, or commits to a head that is not of this log. What needs the whole log, such as the draws, is verified at the
end like any transcript. Called by `auctioneer watch`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from enum import IntEnum

from openoutcry.errors import PeerError, TranscriptError
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import (
    Body,
    DeviationNoted,
    Enrol,
    Header,
    Lapse,
    OutcomeDeclared,
    RosterClosed,
    SessionOpen,
)
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.transcripts import make_manifest

AUCTIONEER = "auctioneer"


class Watcher:
    """Checks the entries of one log in order.

    Args:
        session_id: Of the session, 32 bytes.
        reader: Reads and verifies envelopes.
        names: Of the bidders, in the order of the specification; without them bidders are told by their places.

    Attributes:
        entries: What came so far.
    """

    def __init__(self, session_id: bytes, reader: EnvelopeReader, names: Sequence[str] = ()) -> None:
        self.entries: list[bytes] = []
        self._bidders = tuple(names)
        self._roster: tuple[int, ...] = ()
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
        if isinstance(body, RosterClosed):
            self._roster = tuple(member.bidder for member in body.members)
        return self._names[envelope.sender_id], body

    def describe(self, body: Body) -> dict[str, int | str]:
        """Return what a message says that was just taken, as far as it is a number or a word; bidders by name."""
        said: dict[str, int | str] = {}
        for field in fields(body):
            value = getattr(body, field.name)
            if isinstance(value, IntEnum):
                said[field.name] = value.name.lower()
            elif isinstance(value, int | str):
                said[field.name] = value
        match body:
            case RosterClosed(members=members):
                said["members"] = ", ".join(map(self._name, range(len(members))))
            case Lapse(bidder=int(member)):
                said["bidder"] = self._name(member)
            case DeviationNoted(accused_id=accused):
                said["accused"] = self._names.get(accused, "somebody who has not enrolled")
            case OutcomeDeclared(awards=awards, payments=payments):
                said["buyers"] = ", ".join(f"{self._name(award.bidder)} at {award.price}" for award in awards)
                said["payments"] = ", ".join(
                    f"{self._name(member)} {payment}" for member, payment in enumerate(payments)
                )
            case _:
                pass
        return said

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

    def _name(self, member: int) -> str:
        """Return the name of a member of the roster; entries are not re-executed yet, so it may not be one."""
        if member < len(self._roster) and self._roster[member] < len(self._bidders):
            return self._bidders[self._roster[member]]
        return f"member {member}"

    def _check_head(self, index: int, header: Header) -> None:
        if header.seen_size > index or header.seen_root != self._tree.root(header.seen_size):
            raise TranscriptError("the record commits to a head that is not of this log", index=index)
