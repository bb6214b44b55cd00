"""From protocol buffers to protocol values: strict, and refusing with PeerError and nothing else.

What was parsed, less the fields that nobody knows, is written again and must give the same bytes: one message has one
encoding.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from openoutcry.errors import PeerError
from openoutcry.mechanisms.conversation import Award
from openoutcry.protocol import messages as values
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.limits import AMOUNT_BYTES, BELIEF_WEIGHT_BITS, OPENING_PART_BYTES, OPENING_PARTS
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Header
from openoutcry.wire.v1 import messages_pb2 as wire

HASH_LENGTH = 32
_HASH_OR_NONE = (HASH_LENGTH, 0)
_ROLES = {int(role): role for role in values.Role}

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
        opening_key=_hash(parsed.opening_key, "opening_key"),
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


def _decode_ask_report(parsed: wire.AskReport) -> Body:
    kind = _enum(values.ReportKind, parsed.kind)
    subjects = tuple(parsed.subjects)
    asks_belief = kind in (values.ReportKind.BELIEF, values.ReportKind.VALUE_AND_BELIEF)
    if bool(subjects) != asks_belief or bool(parsed.weight_bits) != asks_belief:
        raise malformed("a belief, and nothing else, has subjects and a limit of its weight")
    if parsed.weight_bits > BELIEF_WEIGHT_BITS:
        raise malformed(f"weight_bits is {parsed.weight_bits}, more than {BELIEF_WEIGHT_BITS}")
    return values.AskReport(
        bidder=parsed.bidder,
        wave=parsed.wave,
        kind=kind,
        subjects=_rising(subjects, "subjects"),
        is_private=parsed.is_private,
        weight_bits=parsed.weight_bits,
    )


def _rising(numbers: tuple[int, ...], field: str) -> tuple[int, ...]:
    if any(after <= before for before, after in pairwise(numbers)):
        raise malformed(f"{field} must be rising, each once")
    return numbers


def _decode_amount(amount: wire.Amount) -> Fraction:
    numerator, denominator = _magnitude(amount.numerator), _magnitude(amount.denominator)
    if denominator == 1:
        raise malformed("an amount has a denominator of 1 written out")
    exact = Fraction(-numerator if amount.is_negative else numerator, denominator or 1)
    # Reducing a fraction leaves it as it is only when it was in lowest terms; a negative nothing is no amount.
    if exact.denominator != (denominator or 1) or amount.is_negative != (exact < 0):
        raise malformed("an amount is not in its only encoding")
    if round(exact) != amount.rounded_minor:
        raise malformed("an amount is rounded wrongly")
    return exact


def _magnitude(data: bytes) -> int:
    # The length comes first: reducing a fraction takes time with the square of it.
    if len(data) > AMOUNT_BYTES or data[:1] == b"\x00":
        raise malformed(f"a magnitude has 0..{AMOUNT_BYTES} bytes and does not begin with a zero")
    return int.from_bytes(data, "big")


def _decode_award(award: wire.Award) -> Award:
    if not award.goods or not award.HasField("price"):
        raise malformed("an award has goods and a price")
    price = _decode_amount(award.price)
    if price < 0:
        raise malformed("a price is negative")
    return Award(bidder=award.bidder, goods=_rising(tuple(award.goods), "goods"), price=price)


def _decode_outcome(parsed: wire.Outcome) -> Body:
    awards = tuple(map(_decode_award, parsed.awards))
    _rising(tuple(award.bidder for award in awards), "bidders")
    return values.OutcomeDeclared(
        awards=awards,
        payments=tuple(map(_decode_amount, parsed.payments)),
        reason=_text(parsed.reason, "reason"),
    )


def _decode_report_opening(parsed: wire.ReportOpening) -> Body:
    if not parsed.part < parsed.part_count <= OPENING_PARTS:
        raise malformed(f"part {parsed.part} of {parsed.part_count}: an opening has 1..{OPENING_PARTS} parts")
    is_last = parsed.part + 1 == parsed.part_count
    if not (1 if is_last else OPENING_PART_BYTES) <= len(parsed.content) <= OPENING_PART_BYTES:
        raise malformed(f"a part has {OPENING_PART_BYTES} bytes, the last one 1..{OPENING_PART_BYTES}")
    return values.ReportOpening(
        wave=parsed.wave, part=parsed.part, part_count=parsed.part_count, content=parsed.content
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
    values.Raise: (
        wire.Raise,
        lambda parsed: values.Raise(bidder=parsed.bidder, wave=parsed.wave, level=parsed.level),
    ),
    values.Offer: (
        wire.Offer,
        lambda parsed: values.Offer(
            bidder=parsed.bidder,
            wave=parsed.wave,
            level=parsed.level,
            target=parsed.target,
            price=_money(parsed.price_minor, "price_minor"),
        ),
    ),
    values.AskReport: (wire.AskReport, _decode_ask_report),
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
    values.OpeningKeyDisclosed: (
        wire.OpeningKeyDisclosed,
        lambda parsed: values.OpeningKeyDisclosed(secret=_hash(parsed.secret, "secret")),
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
    values.ReportOpening: (wire.ReportOpening, _decode_report_opening),
}

DECODERS = {PAYLOAD_TYPES[body]: decoder for body, decoder in _DECODERS_BY_BODY.items()}
