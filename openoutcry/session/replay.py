"""Re-executing a session from its log: the same fold, fed with what the log holds.

A bidder's entry is an input as it stands. A Lapse stands for the deadline that passed, a DeviationNoted for the
message that was refused, a void for the operator's decision; everything else the auctioneer wrote must follow from
these. The recorded author compares what the fold says with what the log holds, byte for byte except for the time,
which is the auctioneer's own claim.

Recovery after a crash is the same replay with a key behind it: where the log ends, the session goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction

from openoutcry.errors import PeerError, TranscriptError
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.messages import (
    Body,
    DeviationNoted,
    Header,
    Lapse,
    OpeningKeyDisclosed,
    Role,
    SeedOpening,
    SessionOpen,
    SessionVoid,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.seed import coin
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import Author
from openoutcry.session.reading import EnvelopeReader, RememberingReader
from openoutcry.session.values import Cancelled, DeadlinePassed, Effects, Input, Received

SHOWN = 160
"""Characters of one value that are shown where a log departs from the rules."""


class RecordedAuthor:
    """Gives back the recorded envelopes and refuses to say anything else.

    Args:
        entries: The log.
        reader: Reads them.
        then: Who speaks where the log ends; None when nothing may follow.
    """

    def __init__(
        self, entries: Sequence[bytes], reader: EnvelopeReader, *, then: Author | None = None
    ) -> None:
        self._entries = entries
        self._reader = reader
        self._then = then

    def seal(self, header: Header, body: Body) -> bytes:
        """Return the recorded envelope at the end of the log so far.

        Raises:
            TranscriptError: The log holds another message there, or ends.
        """
        index = header.seen_size
        if index >= len(self._entries):
            if self._then is None:
                raise Departure(f"the log ends where {_name(body)} must follow", index=index, expected=body)
            return self._then.seal(header, body)
        data = self._entries[index]
        recorded_header, recorded_body = read_entry(data, self._reader, index)
        if recorded_body != body:
            raise Departure(_tell_apart(recorded_body, body), index=index, expected=body)
        if not recorded_header.says_the_same(header):
            raise Departure(
                f"the header of {_name(body)} is not what must follow", index=index, expected=body
            )
        return data


class Departure(TranscriptError):
    """The log departs from what follows by the rules.

    Attributes:
        expected: What must stand there.
    """

    def __init__(self, reason: str, *, index: int, expected: Body) -> None:
        super().__init__(reason, index=index)
        self.expected = expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One input of the session and what followed from it.

    Attributes:
        given: The input; None for the opening of the session.
        effects: What followed, with the entries as they stand in the log.
    """

    given: Input | None
    effects: Effects


def read_entry(data: bytes, reader: EnvelopeReader, index: int) -> tuple[Header, Body]:
    """Return header and body of an entry.

    Raises:
        TranscriptError: It is no message.
    """
    try:
        return reader.read_message(reader.read_envelope(data))
    except PeerError as problem:
        raise TranscriptError(problem.reason, index=index) from problem


def read_opening(entries: Sequence[bytes], reader: EnvelopeReader) -> SessionOpen:
    """Return what entry 0 says.

    Raises:
        TranscriptError: There is none, or it is no SessionOpen.
    """
    if not entries:
        raise TranscriptError("the log is empty")
    _, body = read_entry(entries[0], reader, 0)
    if not isinstance(body, SessionOpen):
        raise TranscriptError(f"the log begins with {_name(body)}, not with SessionOpen", index=0)
    return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """What the auctioneer has disclosed at the end of a log, each None when it has not.

    Attributes:
        seed_part: Its part of the seed, 32 bytes.
        opening_key: The key of private openings.
    """

    seed_part: bytes | None
    opening_key: OpeningKey | None


def find_disclosed(entries: Sequence[bytes], reader: EnvelopeReader) -> Disclosed:
    """Return what the log discloses; it stands among the last entries, the seed part first."""
    opening_key: OpeningKey | None = None
    for index in range(len(entries) - 1, -1, -1):
        header, body = read_entry(entries[index], reader, index)
        match body:
            case OpeningKeyDisclosed(secret=secret):
                opening_key = OpeningKey(secret)
            case SeedOpening(part=part) if header.role is Role.AUCTIONEER:
                return Disclosed(seed_part=part, opening_key=opening_key)
            case SessionVoid():
                break
    return Disclosed(seed_part=None, opening_key=opening_key)


def find_coin(session: AuctioneerSession, entries: Sequence[bytes], reader: EnvelopeReader) -> bytes | None:
    """Return the seed that the parties of a session made together, 32 bytes, from which all its draws follow.

    Args:
        session: Of the log, re-executed to its end.
        entries: The log.
        reader: Reads it.

    Returns:
        None when the session ended before it was played, or its log does not disclose the auctioneer's part.
    """
    own_part = find_disclosed(entries, reader).seed_part
    if session.play is None or own_part is None:
        return None
    parts: dict[bytes, bytes] = {}
    for index, data in enumerate(entries):
        header, body = read_entry(data, reader, index)
        if header.role is Role.BIDDER and isinstance(body, SeedOpening):
            parts[header.sender_id] = body.part
    senders = [session.members[member].sender_id for member in session.players]
    return coin(session.session_id, own_part, [(sender, parts[sender]) for sender in senders])


def find_void_reason(entries: Sequence[bytes], reader: EnvelopeReader) -> str:
    """Return why a session is void; empty when its log does not say so."""
    # What the auctioneer discloses stands behind it: its seed part, and the key of private openings.
    for index in range(len(entries) - 1, max(-1, len(entries) - 4), -1):
        _, body = read_entry(entries[index], reader, index)
        if isinstance(body, SessionVoid):
            return body.detail
    return ""


def replay(session: AuctioneerSession, entries: Sequence[bytes], reader: EnvelopeReader) -> Iterator[Step]:
    """Lead a new session through a log, step by step.

    Args:
        session: Not yet started, with a `RecordedAuthor` over the same entries.
        entries: The log.
        reader: Reads them.

    Yields:
        Each input with its effects, in order; the session stands right behind it.

    Raises:
        TranscriptError: An entry follows from nothing, or something else must follow; with its index.
    """
    yield Step(given=None, effects=session.start())
    while session.log.size < len(entries):
        position = session.log.size
        given = _input_at(position, entries[position], session, reader)
        effects = session.apply(given, at_ns=0)
        if not effects.entries:
            refusal = effects.refusals[0].detail if effects.refusals else "it says nothing new"
            raise TranscriptError(f"the entry should not have been accepted: {refusal}", index=position)
        if effects.entries[0] != entries[position]:
            raise TranscriptError("the entry is not the one that must stand here", index=position)
        yield Step(given=given, effects=effects)


def resume(
    *,
    specification: Specification,
    entries: Sequence[bytes],
    seed_part: bytes,
    opening_key: OpeningKey,
    author: Author,
    reader: EnvelopeReader,
) -> AuctioneerSession:
    """Return the session that wrote this log, ready to go on.

    Args:
        specification: Of the session.
        entries: Its log, as far as it is durable.
        seed_part: The auctioneer's, 32 bytes.
        opening_key: The auctioneer's for private openings.
        author: Speaks from here on.
        reader: Reads and verifies from here on.

    Raises:
        TranscriptError: The log is not one that this session can have written.
    """
    session = AuctioneerSession(
        specification=specification,
        opening=read_opening(entries, reader),
        seed_part=seed_part,
        opening_key=opening_key,
        author=RecordedAuthor(entries, reader, then=author),
        reader=reader,
    )
    for _ in replay(session, entries, RememberingReader(reader.codec)):
        pass
    return session


def _input_at(position: int, data: bytes, session: AuctioneerSession, reader: EnvelopeReader) -> Input:
    header, body = read_entry(data, reader, position)
    if header.role is Role.BIDDER:
        return Received(data=data)
    match body:
        case Lapse(subject=subject, bidder=bidder):
            for deadline in session.deadlines:
                if (deadline.subject, deadline.member, deadline.question) == (
                    subject,
                    bidder,
                    header.reply_to,
                ):
                    return DeadlinePassed(deadline=deadline)
            raise TranscriptError("nothing was awaited of whom this Lapse names", index=position)
        case DeviationNoted(evidence=evidence):
            return Received(data=evidence)
        case SessionVoid(detail=detail):
            return Cancelled(detail=detail)
        case _:
            raise TranscriptError(f"{_describe(body)} follows from nothing", index=position)


def _name(body: Body) -> str:
    return type(body).__name__


def _tell_apart(recorded: Body, expected: Body) -> str:
    """Say what a message of the log is where another must follow: only what differs, where both are of one kind."""
    if type(recorded) is not type(expected):
        return f"the log holds {_describe(recorded)} where {_describe(expected)} must follow"
    pairs = [
        (field.name, getattr(recorded, field.name), getattr(expected, field.name))
        for field in fields(expected)
    ]
    told = "; ".join(
        f"{name} {_show(found)} where {_show(right)} must follow"
        for name, found, right in pairs
        if found != right
    )
    return f"the log holds {_name(recorded)} with {told}"


def _describe(body: Body) -> str:
    shown = ", ".join(f"{field.name} {_show(getattr(body, field.name))}" for field in fields(body))
    return _clip(f"{_name(body)}({shown})")


def _show(value: object) -> str:
    """Return a field of a message as a person reads it."""
    if isinstance(value, Award):
        goods = ", ".join(map(str, value.goods))
        return f"bidder {value.bidder} gets {goods} for {value.price}"
    if isinstance(value, bytes):
        return _clip(value.hex()) or "nothing"
    if isinstance(value, tuple):
        return _clip("[" + "; ".join(map(_show, value)) + "]")
    return _clip(str(value) if isinstance(value, Fraction) else repr(value))


def _clip(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
