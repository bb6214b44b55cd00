"""The port between protocol values and bytes; `openoutcry.wire` implements it with protocol buffers.

A decoder refuses whatever it would not itself have written: unknown fields, fields left at a meaningless
default, another order, another length of hash. It raises PeerError and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import Body, Header, ReportKind, SignalReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportShape:
    """What a report may look like: the question that it answers, and the public lists of types.

    Attributes:
        kind: What was asked for.
        subjects: Market indices, rising, of those whom the belief is about; empty when none was asked for.
        type_counts: How many types each of the subjects has, at least 1; as long as `subjects`.
        own_type_count: How many types, or levels of its signal, the reporter has.
        weight_bits: Most bits that the total weight of the belief may have; 0 when none was asked for.

    Raises:
        UsageError: A belief without subjects, subjects without a belief, or not one count for each subject.
    """

    kind: ReportKind
    subjects: tuple[int, ...]
    type_counts: tuple[int, ...]
    own_type_count: int
    weight_bits: int

    def __post_init__(self) -> None:
        """Refuse a shape that no question has."""
        if bool(self.subjects) != self.has_belief or len(self.type_counts) != len(self.subjects):
            raise UsageError(
                f"a question of kind {self.kind.name} about {len(self.subjects)} bidders with {len(self.type_counts)} "
                f"lists of types: a belief, and nothing else, has subjects, each with a list of types"
            )

    @property
    def has_value(self) -> bool:
        """Whether a valuation was asked for."""
        return self.kind in (ReportKind.VALUE, ReportKind.VALUE_AND_BELIEF)

    @property
    def has_belief(self) -> bool:
        """Whether a belief was asked for."""
        return self.kind in (ReportKind.BELIEF, ReportKind.VALUE_AND_BELIEF)


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

    def encode_signal_report(self, report: SignalReport) -> bytes:
        """Return the bytes of a report: what is committed to and opened."""
        ...

    def decode_signal_report(self, data: bytes) -> SignalReport:
        """Return the report in `data`.

        Raises:
            PeerError: MALFORMED_REPORT, when `data` is not exactly one report.
        """
        ...

    def encode_type_report(self, report: TypeReport, shape: ReportShape) -> bytes:
        """Return the bytes of a report: what is committed to and opened.

        Raises:
            UsageError: The report is not of this shape, or does not fit: too many points, too large weights, or too
                many bytes; the message names the size and the limit.
        """
        ...

    def decode_type_report(self, data: bytes, shape: ReportShape) -> TypeReport:
        """Return the report in `data`.

        Raises:
            PeerError: MALFORMED_REPORT, when `data` is not exactly one report of this shape.
        """
        ...
