"""Envelopes, messages and reports as protocol buffers: the codec of the protocol.

Decoding is strict by one rule: whatever was parsed, less the fields that nobody knows, is written again and must give
the same bytes. That refuses unknown fields, fields out of order, defaults written out and every other second spelling
of a message. It is a check of hygiene; what was signed is always the bytes as they came.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from openoutcry.errors import PeerError, UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import Body, Header, SignalReport
from openoutcry.wire.beliefs import decode_joint, decode_product, encode_belief
from openoutcry.wire.decoding import (
    DECODERS,
    HASH_LENGTH,
    decode_header,
    exactly_long,
    malformed,
    parse_exactly,
)
from openoutcry.wire.encoding import ENCODERS, encode_header
from openoutcry.wire.v1 import messages_pb2 as wire

SIGNATURE_LENGTH = 64

LARGE_PAYLOAD_BYTES = 4096
"""From here on reading a message takes longer than finding out that it was read before."""


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
        parsed = parse_exactly(wire.Envelope, data)
        return Envelope(
            payload_type=parsed.payload_type,
            payload=parsed.payload,
            signature=exactly_long(parsed.signature, SIGNATURE_LENGTH, "signature"),
            sender_id=exactly_long(parsed.sender_id, HASH_LENGTH, "sender_id"),
        )

    def encode_message(self, header: Header, body: Body) -> bytes:
        """Return the payload of a message."""
        return ENCODERS[type(body)](encode_header(header), body).SerializeToString()

    def decode_message(self, payload_type: str, payload: bytes) -> tuple[Header, Body]:
        """Return header and body; PeerError MALFORMED when the payload is not exactly one such message."""
        decode = _decode_large if len(payload) > LARGE_PAYLOAD_BYTES else _decode
        return decode(payload_type, payload)

    def encode_signal_report(self, report: SignalReport) -> bytes:
        """Return the bytes of a report; never empty, so that a signal of 0 is written out."""
        # A field at its default is not written, so the signal travels plus one.
        return wire.SignalReport(value_plus_one=report.value + 1).SerializeToString()

    def decode_signal_report(self, data: bytes) -> SignalReport:
        """Return the report in `data`; PeerError MALFORMED_REPORT when it is not exactly one."""
        parsed = _parse_report(wire.SignalReport, data)
        if not parsed.value_plus_one:
            raise _malformed_report("the report holds no signal")
        return SignalReport(value=parsed.value_plus_one - 1)

    def encode_type_report(self, report: TypeReport, shape: ReportShape) -> bytes:
        """Return the bytes of a report; UsageError when it is not of this shape or too large."""
        if problem := _other_kind(report, shape) or _other_value(report.value, shape):
            raise UsageError(problem)
        message = wire.TypeReport(value_plus_one=0 if report.value is None else report.value + 1)
        if isinstance(report.belief, Joint):
            message.joint = encode_belief(report.belief, shape)
        elif report.belief is not None:
            message.product = encode_belief(report.belief, shape)
        data = message.SerializeToString()
        if len(data) > limits.REPORT_BYTES:
            raise UsageError(
                f"the report has {len(data)} bytes, more than {limits.REPORT_BYTES}: report fewer points or smaller "
                f"weights"
            )
        return data

    def decode_type_report(self, data: bytes, shape: ReportShape) -> TypeReport:
        """Return the report in `data`; PeerError MALFORMED_REPORT when it is not exactly one of this shape."""
        parsed = _parse_report(wire.TypeReport, data)
        value = parsed.value_plus_one - 1 if parsed.value_plus_one else None
        form = parsed.WhichOneof("belief")
        if form is not None and not shape.has_belief:
            raise _malformed_report("the report holds a belief that was not asked for")
        belief: Distribution | None = None
        if form == "joint":
            belief = decode_joint(parsed.joint, shape)
        elif form == "product":
            belief = decode_product(parsed.product, shape)
        report = TypeReport(value=value, belief=belief)
        if problem := _other_kind(report, shape) or _other_value(value, shape):
            raise _malformed_report(problem)
        return report


def _decode(payload_type: str, payload: bytes) -> tuple[Header, Body]:
    decoder = DECODERS.get(payload_type)
    if decoder is None:
        raise malformed("the payload type is unknown")
    message_type, to_body = decoder
    parsed = parse_exactly(message_type, payload)
    return decode_header(parsed.header), to_body(parsed)


# Many bidders in one process are shown the same bytes, and an outcome with a hundred exact rewards takes milliseconds.
_decode_large = lru_cache(maxsize=4)(_decode)

_ReportType = TypeVar("_ReportType", wire.SignalReport, wire.TypeReport)


def _parse_report(message_type: type[_ReportType], data: bytes) -> _ReportType:
    if len(data) > limits.REPORT_BYTES:
        raise _malformed_report(f"the report has {len(data)} bytes, more than {limits.REPORT_BYTES}")
    try:
        return parse_exactly(message_type, data)
    except PeerError as problem:
        raise _malformed_report("the report cannot be parsed") from problem


def _malformed_report(reason: str) -> PeerError:
    """Return the error for bytes that are no such report."""
    return PeerError(DeviationCode.MALFORMED_REPORT.value, reason)


def _other_kind(report: TypeReport, shape: ReportShape) -> str:
    """Return what is missing or surplus in a report; empty when it is of the kind that was asked for."""
    for part, has_part, what in (
        (report.value, shape.has_value, "valuation"),
        (report.belief, shape.has_belief, "belief"),
    ):
        if has_part and part is None:
            return f"the report holds no {what}, which was asked for"
        if not has_part and part is not None:
            return f"the report holds a {what} that was not asked for"
    return ""


def _other_value(value: int | None, shape: ReportShape) -> str:
    """Return why a value is none of the reporter's; empty when it is one or was not asked for."""
    if value is None or (type(value) is int and 0 <= value < shape.own_type_count):
        return ""
    return f"the reported type is {value}, not one of 0..{shape.own_type_count - 1}"
