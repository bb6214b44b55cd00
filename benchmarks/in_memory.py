"""The session without network and disk: growth with the log's length, and the verification of a transcript."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.findings import Finding, ratio_of_turns
from benchmarks.load import Load
from benchmarks.recorded import RecordedSession
from benchmarks.scale import Scale
from openoutcry.protocol.envelope import pre_authentication_encoding
from openoutcry.protocol.messages import Enrol
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec

LOG_GOAL = 1.1
VERIFICATION_GOAL = 0.70

SHORT_LOG = 1000
BLOCKS = 10
"""Long and short log take turns of a tenth of their cycles each."""

BIDDERS = 10
TRANSCRIPT_BIDDERS = 50


def measure_log(scale: Scale) -> list[Finding]:
    """Compare what a cycle costs the fold at the end of a long log and of a short one."""
    levels = (SHORT_LOG // 2 + scale.fold_cycles) // BIDDERS + 2
    sessions = [RecordedSession(Load(bidders=BIDDERS, levels=levels, in_flight="one")) for _ in range(2)]
    for session, size in zip(sessions, (SHORT_LOG, scale.long_log), strict=True):
        # Played as far as the short log goes, a cycle being two records; what is missing is filled up.
        session.advance(SHORT_LOG // 2 - 2 * BIDDERS)
        session.fill(size)
    block = scale.fold_cycles // BLOCKS
    costs: list[list[float]] = [[], []]
    for _ in range(BLOCKS):
        for session, cost in zip(sessions, costs, strict=True):
            before = session.cpu_seconds
            session.advance(block)
            cost.append((session.cpu_seconds - before) / block * 1e3)
    short, long = costs
    return [
        Finding(
            name=f"auctioneer CPU a cycle, record {scale.long_log} against {SHORT_LOG}",
            measured=ratio_of_turns(long, short),
            unit="x",
            goal=LOG_GOAL,
            better="lower",
            detail=f"{median(long):.3f} against {median(short):.3f} ms, in the fold, over a tree of that size",
        )
    ]


def measure_verification(scale: Scale) -> list[Finding]:
    """Compare the verification of a transcript with its signatures alone."""
    levels = scale.transcript_cycles // TRANSCRIPT_BIDDERS + 1
    session = RecordedSession(Load(bidders=TRANSCRIPT_BIDDERS, levels=levels, in_flight="one"))
    while not session.has_ended:
        session.advance(1)
    transcript = session.transcript()
    check_signatures = _prepare_signatures(transcript)
    raw: list[float] = []
    ours: list[float] = []
    for _ in range(scale.repetitions):
        raw.append(_time(check_signatures))
        ours.append(_time(lambda: _verify(transcript)))
    count = len(transcript.entries)
    return [
        Finding(
            name=f"verification of {count} messages against their signatures alone",
            measured=ratio_of_turns(raw, ours),
            unit="x",
            goal=VERIFICATION_GOAL,
            detail=f"{count / median(ours):.0f} messages/s against {count / median(raw):.0f}, one core, decoded file",
        )
    ]


def _verify(transcript: Transcript) -> None:
    verification = verify_transcript(transcript, codec=WireCodec())
    assert verification.is_valid, verification.levels


def _prepare_signatures(transcript: Transcript) -> Callable[[], None]:
    """Return what checks all signatures of a transcript and does nothing else."""
    reader = EnvelopeReader(WireCodec())
    first = reader.read_envelope(transcript.entries[0])
    opening = read_opening(transcript.entries, reader)
    keys = {first.sender_id: Ed25519PublicKey.from_public_bytes(opening.message_key)}
    signed: list[tuple[Ed25519PublicKey, bytes, bytes]] = []
    for entry in transcript.entries:
        envelope = reader.read_envelope(entry)
        _, body = reader.read_message(envelope)
        if isinstance(body, Enrol):
            keys[envelope.sender_id] = Ed25519PublicKey.from_public_bytes(body.public_key)
        data = pre_authentication_encoding(envelope.payload_type, envelope.payload)
        signed.append((keys[envelope.sender_id], envelope.signature, data))

    def check() -> None:
        for key, signature, data in signed:
            key.verify(signature, data)

    return check


def _time(function: Callable[[], None]) -> float:
    began = process_time()
    function()
    return process_time() - began
