"""A bidder agent's journal as bytes: records, each behind its length and checksums.

```
record = u32 length, u32 CRC-32 of the payload, u32 CRC-32 of these eight bytes, payload (a JournalRecord)
```

Decides where a journal ends: a record that was being written when the power went is not part of it. Refuses a
journal that is damaged before its end, and one of another format. Written and read by the bidder agent, which
keeps it as its receipts; the checksum finds accidents, no more, since nobody else writes the file.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import assert_never

from google.protobuf.message import DecodeError

from openoutcry.errors import StorageError
from openoutcry.session.bidder_values import (
    BidderInput,
    Concluded,
    Decided,
    Delivered,
    Opened,
    OpeningChosen,
    OpeningSealed,
    SignalChosen,
    Specified,
    TypeChosen,
)
from openoutcry.wire.frames import (
    decode_conclusion,
    decode_delivery,
    encode_conclusion,
    encode_delivery,
)
from openoutcry.wire.v1 import journal_pb2 as wire

FORMAT = 1

_LENGTHS = struct.Struct(">II")
_PREFIX = struct.Struct(">III")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHeader:
    """Whose journal this is.

    Attributes:
        name: Of the bidder in the specification.
        session_id: 32 bytes.
        public_key: With which the bidder signs, 32 bytes.
        entropy: 32 secret bytes.
    """

    name: str
    session_id: bytes
    public_key: bytes
    entropy: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One input of the bidder's session, and what followed from it.

    Attributes:
        at_ns: When it came, nanoseconds since 1970.
        given: The input.
        said: Envelopes that followed from it, in order.
        failure: Why an answer is the default one, in one line; empty when it is the strategy's own.
    """

    at_ns: int
    given: BidderInput
    said: tuple[bytes, ...] = ()
    failure: str = ""


def encode_header(header: JournalHeader) -> bytes:
    """Return the first record of a journal."""
    return _frame(
        wire.JournalRecord(
            header=wire.JournalHeader(
                format=FORMAT,
                name=header.name,
                session_id=header.session_id,
                public_key=header.public_key,
                entropy=header.entropy,
            )
        )
    )


def encode_entry(entry: JournalEntry) -> bytes:
    """Return the record of one input."""
    record = wire.JournalRecord(at_ns=entry.at_ns, said=entry.said, failure=entry.failure)
    match entry.given:
        case Opened(session_open=session_open):
            record.session_open = session_open
        case Specified(specification=specification):
            record.specification = specification
        case Delivered(delivery=delivery):
            record.delivery.CopyFrom(encode_delivery(delivery).delivery)
        case Concluded():
            record.final_checkpoint.CopyFrom(encode_conclusion(entry.given).final_checkpoint)
        case Decided(question=question, accepts=accepts):
            record.level_decided.CopyFrom(wire.LevelDecided(question=question, accepts=accepts))
        case SignalChosen(question=question, signal=signal):
            record.signal_decided.CopyFrom(wire.SignalDecided(question=question, signal=signal))
        case TypeChosen(question=question, report=report):
            record.type_decided.CopyFrom(wire.TypeDecided(question=question, report=report))
        case OpeningChosen(question=question, opens=opens, instead=instead):
            record.opening_decided.CopyFrom(
                wire.OpeningDecided(question=question, opens=opens, instead=instead)
            )
        case OpeningSealed(question=question, sealed=sealed):
            record.opening_sealed.CopyFrom(wire.OpeningSealed(question=question, sealed=sealed))
        case _:
            assert_never(entry.given)
    return _frame(record)


def decode_journal(data: bytes) -> tuple[JournalHeader | None, tuple[JournalEntry, ...], int]:
    """Return what a journal holds.

    Returns:
        The header, or None when not even that was completely written; the entries; and how many bytes they take:
        what stands behind them was being written when the agent died.

    Raises:
        StorageError: The journal is damaged before its end, or of another format.
    """
    header: JournalHeader | None = None
    entries: list[JournalEntry] = []
    position = 0
    while (payload := _next_payload(data, position)) is not None:
        record = _parse(payload, position)
        position += _PREFIX.size + len(payload)
        if header is None:
            header = _read_header(record)
        else:
            entries.append(_read_entry(record, len(entries)))
    return header, tuple(entries), position


def _frame(record: wire.JournalRecord) -> bytes:
    payload = record.SerializeToString()
    lengths = _LENGTHS.pack(len(payload), zlib.crc32(payload))
    return lengths + zlib.crc32(lengths).to_bytes(4, "big") + payload


def _next_payload(data: bytes, position: int) -> bytes | None:
    """Return the payload of the record at `position`, or None when the journal ends there."""
    begin = position + _PREFIX.size
    if begin > len(data):
        return None
    length, checksum, prefix_checksum = _PREFIX.unpack_from(data, position)
    payload = data[begin : begin + length]
    if zlib.crc32(data[position : position + _LENGTHS.size]) == prefix_checksum:
        if zlib.crc32(payload) == checksum and len(payload) == length:
            return payload
        if begin + length >= len(data):
            return None
    # A file system may have lengthened the file without having written what belongs there.
    if not any(data[position:]):
        return None
    raise StorageError(f"the journal is damaged at byte {position}: restore it, or begin with new receipts")


def _parse(payload: bytes, position: int) -> wire.JournalRecord:
    try:
        return wire.JournalRecord.FromString(payload)
    except DecodeError as problem:
        raise StorageError(f"the journal holds no record at byte {position}: is it a journal?") from problem


def _read_header(record: wire.JournalRecord) -> JournalHeader:
    header = record.header
    if record.WhichOneof("content") != "header" or header.format != FORMAT:
        raise StorageError(f"the journal is not of format {FORMAT}: another release wrote it")
    return JournalHeader(
        name=header.name,
        session_id=header.session_id,
        public_key=header.public_key,
        entropy=header.entropy,
    )


def _read_entry(record: wire.JournalRecord, place: int) -> JournalEntry:
    return JournalEntry(
        at_ns=record.at_ns,
        given=_read_input(record, place),
        said=tuple(record.said),
        failure=record.failure,
    )


def _read_input(record: wire.JournalRecord, place: int) -> BidderInput:
    match record.WhichOneof("content"):
        case "session_open":
            return Opened(session_open=record.session_open)
        case "specification":
            return Specified(specification=record.specification)
        case "delivery":
            return Delivered(delivery=decode_delivery(record.delivery))
        case "final_checkpoint":
            return decode_conclusion(record.final_checkpoint)
        case "level_decided":
            decided = record.level_decided
            accepts = decided.accepts if decided.HasField("accepts") else None
            return Decided(question=decided.question, accepts=accepts)
        case "signal_decided":
            chosen = record.signal_decided
            signal = chosen.signal if chosen.HasField("signal") else None
            return SignalChosen(question=chosen.question, signal=signal)
        case "type_decided":
            typed = record.type_decided
            report = typed.report if typed.HasField("report") else None
            return TypeChosen(question=typed.question, report=report)
        case "opening_decided":
            opening = record.opening_decided
            instead = opening.instead if opening.HasField("instead") else None
            return OpeningChosen(question=opening.question, opens=opening.opens, instead=instead)
        case "opening_sealed":
            return OpeningSealed(question=record.opening_sealed.question, sealed=record.opening_sealed.sealed)
        case _:
            raise StorageError(f"entry {place} of the journal is of a kind that this release does not know")
