"""The port between protocol values and bytes; `openoutcry.wire` implements it with protocol buffers.

A decoder refuses whatever it would not itself have written: unknown fields, fields left at a meaningless
default, another order, another length of hash. It raises PeerError and nothing else.
"""

from __future__ import annotations

from typing import Protocol

from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import Body, Header, SignalReport


class Codec(Protocol):
    """Turns envelopes, messages and reports into bytes and back."""

    def encode_envelope(self, envelope: Envelope) -> bytes:
        """Return the bytes of an envelope: what travels, what is hashed, what is kept."""
        ...

    def decode_envelope(self, data: bytes) -> Envelope:
        """Return the envelope in `data`.

        Raises:
            PeerError: MALFORMED, when `data` is not exactly one envelope.
        """
        ...

    def encode_message(self, header: Header, body: Body) -> bytes:
        """Return the payload that is signed for this message."""
        ...

    def decode_message(self, payload_type: str, payload: bytes) -> tuple[Header, Body]:
        """Return header and body of a payload.

        Raises:
            PeerError: MALFORMED, when the type is unknown or the payload is not exactly one such message.
        """
        ...

    def encode_report(self, report: SignalReport) -> bytes:
        """Return the bytes of a report: what is committed to and opened."""
        ...

    def decode_report(self, data: bytes) -> SignalReport:
        """Return the report in `data`.

        Raises:
            PeerError: MALFORMED_REPORT, when `data` is not exactly one report.
        """
        ...
