"""The seed that a recorded session was played with, and the same auction played again from it in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from openoutcry.mechanisms import decode_specification
from openoutcry.protocol.deviations import Deviation
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import find_coin
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation import PlayResult, play
from openoutcry.simulation.seating import Strategies
from openoutcry.wire import WireCodec
from openoutcry.wire.files import read_transcript

CODEC = WireCodec()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A session that verified.

    Attributes:
        winner: Name, or None.
        price: In minor units.
        deviations: What the log records.
        played: The same auction, played in this process with the recorded seed.
    """

    winner: str | None
    price: Fraction
    deviations: tuple[Deviation, ...]
    played: PlayResult


def verify_and_play(path: Path, signals: Sequence[int], strategies: Strategies = "truthful") -> Recorded:
    """Verify a transcript in which everybody opened its seed part, and play its auction again.

    Args:
        path: Of the transcript.
        signals: The true ones, in the order of the specification.
        strategies: As the bidders followed them.
    """
    transcript = read_transcript(path)
    verification = verify_transcript(transcript, codec=CODEC)
    assert verification.is_valid, verification.first_failure
    session = verification.session
    assert session is not None
    assert session.outcome is not None
    reader = EnvelopeReader(CODEC)
    coin = find_coin(session, transcript.entries, reader)
    assert coin is not None
    assert len(session.players) == len(signals)
    winner = session.outcome.winner
    return Recorded(
        winner=None if winner is None else session.members[winner].name,
        price=session.outcome.price,
        deviations=verification.deviations,
        played=play(
            decode_specification(transcript.specification),
            signals,
            seed=coin,
            strategies=strategies,
        ),
    )
