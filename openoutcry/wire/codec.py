"""Envelopes, messages and reports as protocol buffers: the codec of the protocol.

Decoding is strict by one rule: whatever was parsed, less the fields that nobody knows, is written again and must give
the same bytes. That refuses unknown fields, fields out of order, defaults written out and every other second spelling
of a message. It is a check of hygiene; what was signed is always the bytes as they came.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from openoutcry.errors import PeerError
from openoutcry.protocol import messages as values
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Header
from openoutcry.wire.v1 import messages_pb2 as wire

HASH_LENGTH = 32
SIGNATURE_LENGTH = 64
_HASH_OR_NONE = (HASH_LENGTH, 0)
_ROLES = {int(role): role for role in values.Role}
_EXACT_AMOUNT = re.compile(r"-?[0-9]{1,300}(/[0-9]{1,300})?")

_MessageType = TypeVar("_MessageType", bound=Message)


class WireCodec:
    """The only codec: see `openoutcry.protocol.codec.Codec` for its contract."""

    def encode_envelope(self, envelope: Envelope) -> bytes:
        """Return the bytes of an envelope."""
        return wire.Envelope(
            payload_type=envelope.payload_type,
            payload=envelope.payload,
            signature=envelope.signature,
            sender_id=envelope.sender_id,
        ).SerializeToString()

    def decode_envelope(self, data: bytes) -> Envelope:
        """Return the envelope in `data`; PeerError MALFORMED when it is not exactly one."""
        parsed = _parse(wire.Envelope, data)
        return Envelope(
            payload_type=parsed.payload_type,
            payload=parsed.payload,
            signature=_exactly(parsed.signature, SIGNATURE_LENGTH, "signature"),
            sender_id=_hash(parsed.sender_id, "sender_id"),
        )

    def encode_message(self, header: Header, body: Body) -> bytes:
        """Return the payload of a message."""
        return _ENCODERS[type(body)](_header_to_wire(header), body).SerializeToString()

    def decode_message(self, payload_type: str, payload: bytes) -> tuple[Header, Body]:
        """Return header and body; PeerError MALFORMED when the payload is not exactly one such message."""
        decoder = _DECODERS.get(payload_type)
        if decoder is None:
            raise _malformed("the payload type is unknown")
        message_type, to_body = decoder
        parsed = _parse(message_type, payload)
        return _header_from_wire(parsed.header), to_body(parsed)

    def encode_report(self, report: values.SignalReport) -> bytes:
        """Return the bytes of a report; never empty, so that a signal of 0 is written out."""
        # A field at its default is not written, so the signal travels plus one.
        return wire.SignalReport(value_plus_one=report.value + 1).SerializeToString()

    def decode_report(self, data: bytes) -> values.SignalReport:
        """Return the report in `data`; PeerError MALFORMED_REPORT when it is not exactly one."""
        try:
            parsed = _parse(wire.SignalReport, data)
        except PeerError as problem:
            raise PeerError("MALFORMED_REPORT", "the report cannot be parsed") from problem
        if not parsed.value_plus_one:
            raise PeerError("MALFORMED_REPORT", "the report holds no signal")
        return values.SignalReport(value=parsed.value_plus_one - 1)


def _malformed(reason: str) -> PeerError:
    return PeerError("MALFORMED", reason)


def _parse(message_type: type[_MessageType], data: bytes) -> _MessageType:
    try:
        parsed = message_type.FromString(data)
    except DecodeError as problem:
        raise _malformed(f"the bytes are no {message_type.DESCRIPTOR.name}") from problem
    parsed.DiscardUnknownFields()
    if parsed.SerializeToString() != data:
        raise _malformed(f"the {message_type.DESCRIPTOR.name} is not in its only encoding")
    return parsed


def _exactly(data: bytes, length: int, field: str) -> bytes:
    if len(data) != length:
        raise _malformed(f"{field} has {len(data)} bytes, not {length}")
    return data


def _hash(data: bytes, field: str) -> bytes:
    return _exactly(data, HASH_LENGTH, field)


def _text(text: str, field: str) -> str:
    if not text or len(text) > values.MAXIMUM_DETAIL or not text.isprintable():
        raise _malformed(f"{field} must hold 1..{values.MAXIMUM_DETAIL} printable characters")
    return text


def _money(amount: int, field: str) -> int:
    if amount < 0:
        raise _malformed(f"{field} is negative")
    return amount


_Enum = TypeVar("_Enum", values.LapseSubject, values.ReportKind, values.VoidReason)


def _enum(kind: type[_Enum], number: int) -> _Enum:
    try:
        return kind(number)
    except ValueError as problem:
        raise _malformed(f"{number} is no {kind.__name__}") from problem


def _number(value: IntEnum) -> Any:
    # The generated stubs know only their own enumerations; the numbers are the same.
    return int(value)


def _header_to_wire(header: Header) -> wire.Header:
    return wire.Header(
        protocol_version=header.protocol_version,
        session_id=header.session_id,
        role=_number(header.role),
        sender_id=header.sender_id,
        seq=header.seq,
        prev_own=header.prev_own,
        seen_size=header.seen_size,
        seen_root=header.seen_root,
        reply_to=header.reply_to,
        sent_at_ns=header.sent_at_ns,
    )


def _header_from_wire(header: wire.Header) -> Header:
    # Every message has one, so this is written out: one look at each field.
    session_id, sender_id, prev_own = header.session_id, header.sender_id, header.prev_own
    seen_root, reply_to = header.seen_root, header.reply_to
    role = _ROLES.get(header.role)
    if header.protocol_version != values.PROTOCOL_VERSION:
        raise _malformed(f"protocol version {header.protocol_version} is not spoken here")
    if role is None:
        raise _malformed(f"{header.role} is no Role")
    if not (
        len(sender_id) == HASH_LENGTH == len(seen_root)
        and len(session_id) in _HASH_OR_NONE
        and len(prev_own) in _HASH_OR_NONE
        and len(reply_to) in _HASH_OR_NONE
    ):
        raise _wrong_hash(header)
    return Header(
        session_id=session_id,
        role=role,
        sender_id=sender_id,
        seq=header.seq,
        prev_own=prev_own,
        seen_size=header.seen_size,
        seen_root=seen_root,
        reply_to=reply_to,
        sent_at_ns=header.sent_at_ns,
    )


def _wrong_hash(header: wire.Header) -> PeerError:
    for field in ("session_id", "sender_id", "prev_own", "seen_root", "reply_to"):
        length = len(getattr(header, field))
        if length != HASH_LENGTH and (length or field in ("sender_id", "seen_root")):
            return _malformed(f"{field} has {length} bytes, not {HASH_LENGTH}")
    return _malformed("a hash in the header has the wrong length")


# --- Encoders: one for each body, from a header on the wire and the value. ---


def _encode_session_open(header: wire.Header, body: values.SessionOpen) -> Message:
    return wire.SessionOpen(
        header=header,
        specification_digest=body.specification_digest,
        seed_commitment=body.seed_commitment,
        message_key=body.message_key,
        checkpoint_key=body.checkpoint_key,
        code_version=body.code_version,
    )


def _encode_roster_closed(header: wire.Header, body: values.RosterClosed) -> Message:
    members = [wire.RosterMember(bidder=member.bidder, sender_id=member.sender_id) for member in body.members]
    return wire.RosterClosed(header=header, members=members)


def _encode_deviation_noted(header: wire.Header, body: values.DeviationNoted) -> Message:
    return wire.DeviationNoted(
        header=header,
        deviation=body.deviation,
        accused_id=body.accused_id,
        evidence=body.evidence,
        detail=body.detail,
    )


def _encode_outcome(header: wire.Header, body: values.OutcomeDeclared) -> Message:
    payments = [
        wire.Payment(exact_minor=str(payment), rounded_minor=round(payment)) for payment in body.payments
    ]
    return wire.Outcome(
        header=header, winner=body.winner, price_minor=body.price, payments=payments, reason=body.reason
    )


def _encode_enrol(header: wire.Header, body: values.Enrol) -> Message:
    return wire.Enrol(
        header=header,
        name=body.name,
        public_key=body.public_key,
        seed_commitment=body.seed_commitment,
        agent_version=body.agent_version,
    )


_ENCODERS: dict[type[Any], Callable[[wire.Header, Any], Message]] = {
    values.SessionOpen: _encode_session_open,
    values.RosterClosed: _encode_roster_closed,
    values.Raise: lambda header, body: wire.Raise(header=header, wave=body.wave, level=body.level),
    values.Offer: lambda header, body: wire.Offer(
        header=header, wave=body.wave, level=body.level, target=body.target, price_minor=body.price
    ),
    values.AskReport: lambda header, body: wire.AskReport(
        header=header, wave=body.wave, kind=_number(body.kind)
    ),
    values.CommitClosed: lambda header, body: wire.CommitClosed(
        header=header, wave=body.wave, commitment_indexes=body.commitment_indexes
    ),
    values.Lapse: lambda header, body: wire.Lapse(
        header=header, subject=_number(body.subject), bidder=body.bidder
    ),
    values.DeviationNoted: _encode_deviation_noted,
    values.OutcomeDeclared: _encode_outcome,
    values.SeedOpening: lambda header, body: wire.SeedOpening(header=header, part=body.part),
    values.SessionVoid: lambda header, body: wire.SessionVoid(
        header=header,
        reason=_number(body.reason),
        detail=body.detail,
    ),
    values.Hello: lambda header, body: wire.Hello(
        header=header, nonce=body.nonce, public_key=body.public_key, next_index=body.next_index
    ),
    values.Enrol: _encode_enrol,
    values.Accept: lambda header, body: wire.Accept(header=header, level=body.level),
    values.Exit: lambda header, body: wire.Exit(header=header, level=body.level),
    values.ReportCommit: lambda header, body: wire.ReportCommit(
        header=header, wave=body.wave, commitment=body.commitment
    ),
    values.ReportOpening: lambda header, body: wire.ReportOpening(
        header=header, wave=body.wave, nonce=body.nonce, report=body.report
    ),
}


# --- Decoders: one for each payload type, from the parsed message to the value. ---


def _decode_session_open(parsed: wire.SessionOpen) -> Body:
    return values.SessionOpen(
        specification_digest=_hash(parsed.specification_digest, "specification_digest"),
        seed_commitment=_hash(parsed.seed_commitment, "seed_commitment"),
        message_key=_hash(parsed.message_key, "message_key"),
        checkpoint_key=_hash(parsed.checkpoint_key, "checkpoint_key"),
        code_version=_text(parsed.code_version, "code_version"),
    )


def _decode_roster_closed(parsed: wire.RosterClosed) -> Body:
    return values.RosterClosed(
        members=tuple(
            values.RosterMember(bidder=member.bidder, sender_id=_hash(member.sender_id, "sender_id"))
            for member in parsed.members
        )
    )


def _deviation(code: str) -> DeviationCode:
    try:
        return DeviationCode(code)
    except ValueError as problem:
        raise _malformed("the deviation has no known code") from problem


def _decode_deviation_noted(parsed: wire.DeviationNoted) -> Body:
    return values.DeviationNoted(
        deviation=_deviation(parsed.deviation),
        accused_id=_hash(parsed.accused_id, "accused_id"),
        evidence=parsed.evidence,
        detail=_text(parsed.detail, "detail"),
    )


def _decode_payment(payment: wire.Payment) -> Fraction:
    # The pattern comes first: Fraction would read "1e999999999" and fill the memory.
    if not _EXACT_AMOUNT.fullmatch(payment.exact_minor):
        raise _malformed("a payment is no fraction")
    try:
        amount = Fraction(payment.exact_minor)
    except ZeroDivisionError as problem:
        raise _malformed("a payment is no fraction") from problem
    if str(amount) != payment.exact_minor or round(amount) != payment.rounded_minor:
        raise _malformed("a payment is not in its only encoding, or is rounded wrongly")
    return amount


def _decode_outcome(parsed: wire.Outcome) -> Body:
    return values.OutcomeDeclared(
        winner=parsed.winner if parsed.HasField("winner") else None,
        price=_money(parsed.price_minor, "price_minor"),
        payments=tuple(_decode_payment(payment) for payment in parsed.payments),
        reason=_text(parsed.reason, "reason"),
    )


def _decode_enrol(parsed: wire.Enrol) -> Body:
    return values.Enrol(
        name=_text(parsed.name, "name"),
        public_key=_hash(parsed.public_key, "public_key"),
        seed_commitment=_hash(parsed.seed_commitment, "seed_commitment"),
        agent_version=_text(parsed.agent_version, "agent_version"),
    )


def _decode_lapse(parsed: wire.Lapse) -> Body:
    return values.Lapse(
        subject=_enum(values.LapseSubject, parsed.subject),
        bidder=parsed.bidder if parsed.HasField("bidder") else None,
    )


_DECODERS_BY_BODY: dict[type[Any], tuple[type[Any], Callable[[Any], Body]]] = {
    values.SessionOpen: (wire.SessionOpen, _decode_session_open),
    values.RosterClosed: (wire.RosterClosed, _decode_roster_closed),
    values.Raise: (wire.Raise, lambda parsed: values.Raise(wave=parsed.wave, level=parsed.level)),
    values.Offer: (
        wire.Offer,
        lambda parsed: values.Offer(
            wave=parsed.wave,
            level=parsed.level,
            target=parsed.target,
            price=_money(parsed.price_minor, "price_minor"),
        ),
    ),
    values.AskReport: (
        wire.AskReport,
        lambda parsed: values.AskReport(wave=parsed.wave, kind=_enum(values.ReportKind, parsed.kind)),
    ),
    values.CommitClosed: (
        wire.CommitClosed,
        lambda parsed: values.CommitClosed(
            wave=parsed.wave, commitment_indexes=tuple(parsed.commitment_indexes)
        ),
    ),
    values.Lapse: (wire.Lapse, _decode_lapse),
    values.DeviationNoted: (wire.DeviationNoted, _decode_deviation_noted),
    values.OutcomeDeclared: (wire.Outcome, _decode_outcome),
    values.SeedOpening: (
        wire.SeedOpening,
        lambda parsed: values.SeedOpening(part=_hash(parsed.part, "part")),
    ),
    values.SessionVoid: (
        wire.SessionVoid,
        lambda parsed: values.SessionVoid(
            reason=_enum(values.VoidReason, parsed.reason), detail=_text(parsed.detail, "detail")
        ),
    ),
    values.Hello: (
        wire.Hello,
        lambda parsed: values.Hello(
            nonce=_hash(parsed.nonce, "nonce"),
            public_key=_hash(parsed.public_key, "public_key"),
            next_index=parsed.next_index,
        ),
    ),
    values.Enrol: (wire.Enrol, _decode_enrol),
    values.Accept: (wire.Accept, lambda parsed: values.Accept(level=parsed.level)),
    values.Exit: (wire.Exit, lambda parsed: values.Exit(level=parsed.level)),
    values.ReportCommit: (
        wire.ReportCommit,
        lambda parsed: values.ReportCommit(
            wave=parsed.wave, commitment=_hash(parsed.commitment, "commitment")
        ),
    ),
    values.ReportOpening: (
        wire.ReportOpening,
        lambda parsed: values.ReportOpening(
            wave=parsed.wave, nonce=_hash(parsed.nonce, "nonce"), report=parsed.report
        ),
    ),
}

_DECODERS = {PAYLOAD_TYPES[body]: decoder for body, decoder in _DECODERS_BY_BODY.items()}
