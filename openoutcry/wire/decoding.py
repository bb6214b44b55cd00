"""From protocol buffers to protocol values: strict, and refusing with PeerError and nothing else.

What was parsed, less the fields that nobody knows, is written again and must give the same bytes: one message has one
encoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from openoutcry.errors import PeerError
from openoutcry.protocol import messages as values
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Header
from openoutcry.wire.v1 import messages_pb2 as wire

HASH_LENGTH = 32
_HASH_OR_NONE = (HASH_LENGTH, 0)
_ROLES = {int(role): role for role in values.Role}
_EXACT_AMOUNT = re.compile(r"-?[0-9]{1,300}(/[0-9]{1,300})?")

_MessageType = TypeVar("_MessageType", bound=Message)


def malformed(reason: str) -> PeerError:
    """Return the error for bytes that are no such message."""
    return PeerError("MALFORMED", reason)


def parse_exactly(message_type: type[_MessageType], data: bytes) -> _MessageType:
    """Return the message in `data`; PeerError MALFORMED unless these are the only bytes for it."""
    try:
        parsed = message_type.FromString(data)
    except DecodeError as problem:
        raise malformed(f"the bytes are no {message_type.DESCRIPTOR.name}") from problem
    parsed.DiscardUnknownFields()
    if parsed.SerializeToString() != data:
        raise malformed(f"the {message_type.DESCRIPTOR.name} is not in its only encoding")
    return parsed


def exactly_long(data: bytes, length: int, field: str) -> bytes:
    """Return `data`; PeerError MALFORMED unless it has this length."""
    if len(data) != length:
        raise malformed(f"{field} has {len(data)} bytes, not {length}")
    return data


def _hash(data: bytes, field: str) -> bytes:
    return exactly_long(data, HASH_LENGTH, field)


def _text(text: str, field: str) -> str:
    if not text or len(text) > values.MAXIMUM_DETAIL or not text.isprintable():
        raise malformed(f"{field} must hold 1..{values.MAXIMUM_DETAIL} printable characters")
    return text


def _money(amount: int, field: str) -> int:
    if amount < 0:
        raise malformed(f"{field} is negative")
    return amount


_Enum = TypeVar("_Enum", values.LapseSubject, values.ReportKind, values.VoidReason)


def _enum(kind: type[_Enum], number: int) -> _Enum:
    try:
        return kind(number)
    except ValueError as problem:
        raise malformed(f"{number} is no {kind.__name__}") from problem


def decode_header(header: wire.Header) -> Header:
    """Return a header; PeerError MALFORMED when it is none."""
    # Every message has one, so this is written out: one look at each field.
    session_id, sender_id, prev_own = header.session_id, header.sender_id, header.prev_own
    seen_root, reply_to = header.seen_root, header.reply_to
    role = _ROLES.get(header.role)
    if header.protocol_version != values.PROTOCOL_VERSION:
        raise malformed(f"protocol version {header.protocol_version} is not spoken here")
    if role is None:
        raise malformed(f"{header.role} is no Role")
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
            return malformed(f"{field} has {length} bytes, not {HASH_LENGTH}")
    return malformed("a hash in the header has the wrong length")


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
        raise malformed("the deviation has no known code") from problem


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
        raise malformed("a payment is no fraction")
    try:
        amount = Fraction(payment.exact_minor)
    except ZeroDivisionError as problem:
        raise malformed("a payment is no fraction") from problem
    if str(amount) != payment.exact_minor or round(amount) != payment.rounded_minor:
        raise malformed("a payment is not in its only encoding, or is rounded wrongly")
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

DECODERS = {PAYLOAD_TYPES[body]: decoder for body, decoder in _DECODERS_BY_BODY.items()}
