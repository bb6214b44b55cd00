"""From protocol values to protocol buffers: one function for the header, one for each body."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import Any

from google.protobuf.message import Message

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import Award
from openoutcry.protocol import messages as values
from openoutcry.protocol.limits import AMOUNT_BYTES
from openoutcry.protocol.messages import Header
from openoutcry.wire.v1 import messages_pb2 as wire

INT64_RANGE = 2**63
_AMOUNT_RANGE = 256**AMOUNT_BYTES


def encode_header(header: Header) -> wire.Header:
    """Return a header as it travels."""
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


def _number(value: IntEnum) -> Any:
    # The generated stubs know only their own enumerations; the numbers are the same.
    return int(value)


def _encode_session_open(header: wire.Header, body: values.SessionOpen) -> Message:
    return wire.SessionOpen(
        header=header,
        specification_digest=body.specification_digest,
        seed_commitment=body.seed_commitment,
        message_key=body.message_key,
        checkpoint_key=body.checkpoint_key,
        opening_key=body.opening_key,
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


def _encode_amount(amount: Fraction) -> wire.Amount:
    if max(abs(amount.numerator), amount.denominator) >= _AMOUNT_RANGE:
        raise UsageError(
            f"an amount of money has more than {AMOUNT_BYTES} bytes above or below the line: use coarser weights, or "
            f"pay rewards by lottery"
        )
    rounded = round(amount)
    if not -INT64_RANGE <= rounded < INT64_RANGE:
        raise UsageError("an amount of money does not fit 64 bits: use a coarser unit of money")
    return wire.Amount(
        is_negative=amount < 0,
        numerator=_magnitude(abs(amount.numerator)),
        denominator=_magnitude(amount.denominator) if amount.denominator > 1 else b"",
        rounded_minor=rounded,
    )


def _magnitude(number: int) -> bytes:
    return number.to_bytes(-(-number.bit_length() // 8), "big")


def _encode_award(award: Award) -> wire.Award:
    return wire.Award(bidder=award.bidder, goods=award.goods, price=_encode_amount(award.price))


def _encode_outcome(header: wire.Header, body: values.OutcomeDeclared) -> Message:
    return wire.Outcome(
        header=header,
        awards=map(_encode_award, body.awards),
        payments=map(_encode_amount, body.payments),
        reason=body.reason,
    )


def _encode_enrol(header: wire.Header, body: values.Enrol) -> Message:
    return wire.Enrol(
        header=header,
        name=body.name,
        public_key=body.public_key,
        seed_commitment=body.seed_commitment,
        agent_version=body.agent_version,
    )


ENCODERS: dict[type[Any], Callable[[wire.Header, Any], Message]] = {
    values.SessionOpen: _encode_session_open,
    values.RosterClosed: _encode_roster_closed,
    values.Raise: lambda header, body: wire.Raise(
        header=header, wave=body.wave, level=body.level, bidder=body.bidder
    ),
    values.Offer: lambda header, body: wire.Offer(
        header=header,
        wave=body.wave,
        level=body.level,
        target=body.target,
        price_minor=body.price,
        bidder=body.bidder,
    ),
    values.AskReport: lambda header, body: wire.AskReport(
        header=header,
        wave=body.wave,
        kind=_number(body.kind),
        subjects=body.subjects,
        is_private=body.is_private,
        weight_bits=body.weight_bits,
        bidder=body.bidder,
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
    values.OpeningKeyDisclosed: lambda header, body: wire.OpeningKeyDisclosed(
        header=header, secret=body.secret
    ),
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
        header=header, wave=body.wave, part=body.part, part_count=body.part_count, content=body.content
    ),
}
