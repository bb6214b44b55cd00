"""From a complaint to a file that a stranger can judge, where signatures alone prove it.

Some of what an auctioneer can do wrong contradicts itself in its own signed words: a seed part against its
commitment, or two entries against each other. Other complaints need the transcript; for those the offending envelope
is kept as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openoutcry.errors import TranscriptError
from openoutcry.protocol.deviations import Deviation
from openoutcry.session.bidder_values import Delivered, Opened
from openoutcry.session.evidence import encode_evidence, judge
from openoutcry.session.evidence_case import Evidence
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire.journal import JournalEntry


def prove(complaint: Deviation, entries: Sequence[JournalEntry], reader: EnvelopeReader) -> bytes | None:
    """Return the file of evidence that a stranger accepts without the transcript, or None when there is none.

    Args:
        complaint: With the offending envelope.
        entries: The bidder's journal up to it.
        reader: Reads envelopes.
    """
    session_open = next(
        (entry.given.session_open for entry in entries if isinstance(entry.given, Opened)), None
    )
    if session_open is None or not complaint.evidence:
        return None
    for statements in _candidates(complaint.evidence, entries):
        evidence = Evidence(code=complaint.code, session_open=session_open, enrol=b"", statements=statements)
        try:
            judge(evidence, reader)
        except TranscriptError:
            continue
        return encode_evidence(evidence)
    return None


def _candidates(offending: bytes, entries: Sequence[JournalEntry]) -> Iterator[tuple[bytes, ...]]:
    yield (offending,)
    for entry in entries:
        if isinstance(entry.given, Delivered) and entry.given.delivery.envelope != offending:
            yield (entry.given.delivery.envelope, offending)
