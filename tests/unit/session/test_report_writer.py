"""What a driver remembers of the report that its bidder wrote last, and what it must read again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openoutcry.errors import PeerError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.messages import ReportKind, SignalReport
from openoutcry.session.bidder_values import OpeningAsked
from openoutcry.session.report_writer import ReportWriter
from tests.simulation.stage import CODEC

SHAPE = ReportShape(
    kind=ReportKind.VALUE_AND_BELIEF, subjects=(1, 2), type_counts=(2, 3), own_type_count=2, weight_bits=60
)
REPORTS = (
    TypeReport(value=1, belief=Joint.of((1, 2), {(0, 1): 1, (1, 2): 3})),
    TypeReport(value=0, belief=Product.of({1: {0: 1}, 2: {0: 2, 2: 5}})),
)
SIGNALS = ReportShape(kind=ReportKind.SIGNAL, subjects=(), type_counts=(), own_type_count=3, weight_bits=0)


def asked(data: bytes, shape: ReportShape = SHAPE) -> OpeningAsked:
    """Return the question whether to open these bytes."""
    return OpeningAsked(question=b"q", wave=0, data=data, shape=shape)


@pytest.mark.parametrize("report", REPORTS, ids=["joint", "product"])
def test_what_was_written_is_recalled_as_it_would_be_read(report: TypeReport) -> None:
    """Whoever wrote the report and whoever starts anew with its bytes, as after a crash, are told the same."""
    writer = ReportWriter(CODEC)
    data = writer.write(report, SHAPE)
    assert writer.recall(asked(data)) is report
    assert ReportWriter(CODEC).recall(asked(data)) == report


def test_another_report_than_the_last_is_read() -> None:
    """What is opened is what was committed to, not what was written last."""
    writer = ReportWriter(CODEC)
    first, second = (writer.write(report, SHAPE) for report in REPORTS)
    assert first != second
    assert (writer.recall(asked(first)), writer.recall(asked(second))) == REPORTS


def test_a_signal_is_read() -> None:
    """Signals are a byte or two, and need not be remembered."""
    data = CODEC.encode_signal_report(SignalReport(value=2))
    assert ReportWriter(CODEC).recall(asked(data, SIGNALS)) == SignalReport(value=2)


@pytest.mark.parametrize("shape", [SHAPE, replace(SIGNALS, own_type_count=2)], ids=["type", "signal"])
def test_what_is_no_report_is_refused(shape: ReportShape) -> None:
    """Kept bytes that were damaged are found out before a strategy is shown them."""
    data = CODEC.encode_signal_report(SignalReport(value=2)) + (b"\x00" if shape is SHAPE else b"")
    with pytest.raises(PeerError) as refused:
        ReportWriter(CODEC).recall(asked(data, shape))
    assert refused.value.deviation == "MALFORMED_REPORT"
