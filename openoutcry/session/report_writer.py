"""The reports that one bidder writes, and what it said in the one that it is to open."""

from __future__ import annotations

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.protocol.codec import Codec, ReportShape
from openoutcry.protocol.messages import Report
from openoutcry.session.bidder_values import OpeningAsked
from openoutcry.session.reports import read_report


class ReportWriter:
    """Writes one bidder's reports for its driver, and remembers the last: a belief takes as long to read as to write.

    Args:
        codec: Writes and reads them.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._written: tuple[bytes, TypeReport] | None = None

    def write(self, report: TypeReport, shape: ReportShape) -> bytes:
        """Return the bytes of a report.

        Raises:
            UsageError: It is not of this shape, or does not fit.
        """
        data = self._codec.encode_type_report(report, shape)
        self._written = (data, report)
        return data

    def recall(self, asked: OpeningAsked) -> Report:
        """Return the report that is to be opened; it is read only if another was written since, as by another process.

        Raises:
            PeerError: MALFORMED_REPORT, when it is none.
        """
        if self._written is not None and self._written[0] == asked.data:
            return self._written[1]
        return read_report(asked.data, asked.shape, self._codec)
