"""Envelopes, messages and reports as protocol buffers: the codec of the protocol.

Decoding is strict by one rule: whatever was parsed, less the fields that nobody knows, is written again and must give
the same bytes. That refuses unknown fields, fields out of order, defaults written out and every other second spelling
of a message. It is a check of hygiene; what was signed is always the bytes as they came.
"""

from __future__ import annotations

from openoutcry.errors import PeerError
from openoutcry.protocol import messages as values
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import Body, Header
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
        decoder = DECODERS.get(payload_type)
        if decoder is None:
            raise malformed("the payload type is unknown")
        message_type, to_body = decoder
        parsed = parse_exactly(message_type, payload)
        return decode_header(parsed.header), to_body(parsed)

    def encode_report(self, report: values.SignalReport) -> bytes:
        """Return the bytes of a report; never empty, so that a signal of 0 is written out."""
        # A field at its default is not written, so the signal travels plus one.
        return wire.SignalReport(value_plus_one=report.value + 1).SerializeToString()

    def decode_report(self, data: bytes) -> values.SignalReport:
        """Return the report in `data`; PeerError MALFORMED_REPORT when it is not exactly one."""
        try:
            parsed = parse_exactly(wire.SignalReport, data)
        except PeerError as problem:
            raise PeerError("MALFORMED_REPORT", "the report cannot be parsed") from problem
        if not parsed.value_plus_one:
            raise PeerError("MALFORMED_REPORT", "the report holds no signal")
        return values.SignalReport(value=parsed.value_plus_one - 1)
