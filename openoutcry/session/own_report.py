"""A bidder's own report: committed to, then opened as it was committed to, in parts, sealed when it is private.

Sealing draws fresh randomness, which a fold must not do: the driver seals what it is handed and gives the result
back as an input, which is kept like every other. So a restarted bidder opens with the same bytes as before.
"""

from __future__ import annotations

from openoutcry.errors import PeerError, UsageError
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.commitments import report_commitment
from openoutcry.protocol.messages import ReportCommit, ReportOpening
from openoutcry.protocol.opening import opening_info, pack_opening, split_opening
from openoutcry.session.bidder_values import OpeningAsked, SealAsked, SignalAsked, TypeAsked
from openoutcry.session.reports import read_report, report_type


class OwnReport:
    """One report of this bidder, from its commitment on.

    Args:
        asked: The question.
        data: The report, encoded.
        nonce: 32 random bytes that hide it.
        session_id: 32 bytes.
        sender_id: Of this bidder.
        opening_key: The auctioneer's for private openings.
        codec: Reads the report again.

    Attributes:
        wave: Of the question.
        is_closed: Whether its opening has been asked for.
        leaf: Leaf hash of the envelope that commits to it; empty before there is one.
    """

    def __init__(
        self,
        *,
        asked: SignalAsked | TypeAsked,
        data: bytes,
        nonce: bytes,
        session_id: bytes,
        sender_id: bytes,
        opening_key: bytes,
        codec: Codec,
    ) -> None:
        self.wave = asked.wave
        self.is_closed = False
        self.leaf = b""
        self._codec = codec
        self._is_private = isinstance(asked, TypeAsked) and asked.is_private
        self._shape = asked.shape
        self._data = data
        self._nonce = nonce
        self._opening_key = opening_key
        self._commitment = report_commitment(
            session_id=session_id,
            sender_id=sender_id,
            wave=asked.wave,
            payload_type=report_type(asked.shape.kind),
            nonce=nonce,
            report=data,
        )
        self._info = opening_info(session_id, sender_id, asked.wave, self._commitment)

    @property
    def value(self) -> int | None:
        """Which type of its bidder is reported, or None. It is read each time: few are ever asked.

        Raises:
            UsageError: What the driver gave is no report.
        """
        try:
            report = read_report(self._data, self._shape, self._codec)
        except PeerError as problem:
            raise UsageError(f"what this bidder committed to is no report: {problem.reason}") from problem
        return report.value

    @property
    def commit(self) -> ReportCommit:
        """The commitment."""
        return ReportCommit(wave=self.wave, commitment=self._commitment)

    def ask_opening(self, question: bytes) -> OpeningAsked:
        """Return the question for the strategy whether to open; from now on commitments are closed."""
        self.is_closed = True
        return OpeningAsked(question=question, wave=self.wave, data=self._data, shape=self._shape)

    def open(self, question: bytes, instead: bytes | None) -> SealAsked | tuple[ReportOpening, ...]:
        """Return the opening, or what is to be sealed for it; `instead` opens another report than was committed."""
        content = pack_opening(self._nonce, self._data if instead is None else instead)
        if self._is_private:
            return SealAsked(question=question, content=content, recipient=self._opening_key, info=self._info)
        return self.parts(content)

    def parts(self, content: bytes) -> tuple[ReportOpening, ...]:
        """Return the messages that carry an opening."""
        parts = split_opening(content)
        return tuple(
            ReportOpening(wave=self.wave, part=part, part_count=len(parts), content=piece)
            for part, piece in enumerate(parts)
        )
