"""Reports on the auctioneer's side: commitments, the openings that come in parts, and what they open to.

A report is committed to before anybody's is opened, and opened as it was committed to: its parts in order, sealed to
the session's opening key when it is private, its content what the question asked for. Whatever is wrong with that has
one effect, which is that of a withheld report, and a code of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from openoutcry.errors import PeerError, UsageError
from openoutcry.mechanisms.conversation import Reported, ReportedType, ReportSignal, TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.protocol import limits
from openoutcry.protocol.codec import Codec, ReportShape
from openoutcry.protocol.commitments import report_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    Report,
    ReportKind,
    ReportOpening,
    SignalReport,
)
from openoutcry.protocol.opening import OpeningKey, join_opening, opening_info, unpack_opening
from openoutcry.session.conductor import ReportQuestion


class OpeningUnknown(UsageError):
    """A re-execution needs the auctioneer's opening key and does not have it."""

    def __init__(self) -> None:
        super().__init__("the reports of this session are sealed, so their openings cannot be read")


@dataclass(slots=True, kw_only=True)
class _Committed:
    """A commitment that counts, the parts of its opening that are there, and how many the first says there are."""

    index: int
    commitment: bytes
    part_count: int = 0
    parts: list[bytes] = field(default_factory=list)


class Reports:
    """The reports of one session.

    Args:
        codec: Reads reports.
        market: Of those who play.
        session_id: 32 bytes.
        opening_key: Unseals private openings; None when a re-execution does not know it.
    """

    def __init__(
        self, *, codec: Codec, market: Market | TypeMarket, session_id: bytes, opening_key: OpeningKey | None
    ) -> None:
        self._codec = codec
        self._market = market
        self._session_id = session_id
        self._opening_key = opening_key
        self._committed: dict[int, _Committed] = {}
        self._values: dict[int, int] = {}

    def commit(self, place: int, *, index: int, commitment: bytes) -> None:
        """Take the commitment that stands at `index` in the log."""
        self._committed[place] = _Committed(index=index, commitment=commitment)

    def index_of(self, place: int) -> int:
        """Return where a commitment stands in the log."""
        return self._committed[place].index

    def add_part(self, place: int, opening: ReportOpening) -> bytes | None:
        """Take the next part of an opening and return the whole of it once it is there.

        Raises:
            PeerError: OPENING_MISMATCH, when it is not the part that must follow.
        """
        committed = self._committed[place]
        parts = committed.parts
        part_count = committed.part_count if parts else opening.part_count
        if (opening.part, opening.part_count) != (
            len(parts),
            part_count,
        ) or part_count > limits.OPENING_PARTS:
            raise _mismatch(
                f"part {opening.part} of {opening.part_count} came where part {len(parts)} of {part_count} was due"
            )
        committed.part_count = part_count
        parts.append(opening.content)
        if len(parts) == opening.part_count:
            return join_opening(parts)
        if len(opening.content) != limits.OPENING_PART_BYTES:
            raise _mismatch("a part that others follow must be full")
        return None

    def open(
        self,
        place: int,
        content: bytes,
        *,
        sender_id: bytes,
        wave: int,
        question: ReportQuestion,
        shape: ReportShape,
    ) -> Reported | ReportedType:
        """Return the answer that a whole opening gives to its question.

        Raises:
            PeerError: OPENING_MISMATCH, MALFORMED_REPORT or INCONSISTENT_REPORT.
            OpeningUnknown: It is sealed, and the key is not known.
        """
        commitment = self._committed[place].commitment
        if not isinstance(question, ReportSignal) and question.is_private:
            if self._opening_key is None:
                raise OpeningUnknown
            content = self._opening_key.unseal(
                content, opening_info(self._session_id, sender_id, wave, commitment)
            )
        nonce, data = unpack_opening(content)
        opened = report_commitment(
            session_id=self._session_id,
            sender_id=sender_id,
            wave=wave,
            payload_type=report_type(shape.kind),
            nonce=nonce,
            report=data,
        )
        if opened != commitment:
            raise _mismatch("the opening is not what was committed to")
        return self._check(place, read_report(data, shape, self._codec), shape)

    def _check(self, place: int, report: Report, shape: ReportShape) -> Reported | ReportedType:
        if isinstance(report, SignalReport):
            return Reported(value=report.value)
        if report.value is not None and self._values.setdefault(place, report.value) != report.value:
            raise PeerError(
                DeviationCode.INCONSISTENT_REPORT.value,
                f"the belief comes with type {report.value}, but type {self._values[place]} was reported before",
            )
        return ReportedType(report=report)


def report_type(kind: ReportKind) -> str:
    """Return the payload type of reports of a kind, which commitments cover."""
    return PAYLOAD_TYPES[SignalReport if kind is ReportKind.SIGNAL else TypeReport]


def read_report(data: bytes, shape: ReportShape, codec: Codec) -> Report:
    """Return the report in `data`.

    Raises:
        PeerError: MALFORMED_REPORT, when it is not one of this shape.
    """
    if shape.kind is not ReportKind.SIGNAL:
        return codec.decode_type_report(data, shape)
    report = codec.decode_signal_report(data)
    if report.value >= shape.own_type_count:
        raise PeerError(
            DeviationCode.MALFORMED_REPORT.value,
            f"signal {report.value} is outside 0..{shape.own_type_count - 1}",
        )
    return report


def report_shape(
    market: Market | TypeMarket, bidder: int, *, kind: ReportKind, subjects: Sequence[int], weight_bits: int
) -> ReportShape:
    """Return what a report of a bidder about `subjects` must look like; for a signal its values count as types."""
    counts: tuple[int, ...] = ()
    if isinstance(market, Market):
        own = market.signal_levels
    else:
        type_counts = market.type_counts
        own = type_counts[bidder]
        counts = tuple(type_counts[subject] for subject in subjects)
    return ReportShape(
        kind=kind,
        subjects=tuple(subjects),
        type_counts=counts,
        own_type_count=own,
        weight_bits=weight_bits,
    )


def report_kind(question: ReportQuestion) -> ReportKind:
    """Return what a question asks to report."""
    if isinstance(question, ReportSignal):
        return ReportKind.SIGNAL
    if not question.subjects:
        return ReportKind.VALUE
    return ReportKind.VALUE_AND_BELIEF if question.asks_value else ReportKind.BELIEF


def _mismatch(reason: str) -> PeerError:
    return PeerError(DeviationCode.OPENING_MISMATCH.value, reason)
