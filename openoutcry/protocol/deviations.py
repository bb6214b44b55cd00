"""Deviations: what can go wrong between parties, by stable code, and whom each code blames.

A code of this table is the only vocabulary in which one party accuses another. Some refusals blame nobody: anybody can
forge a bad signature or repeat an old message of another session, a network can lose what came before a gap, and a
history that is not this log's proves that the log was split, not by whom.
Lateness and silence are recorded of the bidder, but prove no ill will.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Blame(Enum):
    """Whom a deviation is held against."""

    SENDER = "sender"
    AUCTIONEER = "auctioneer"
    NOBODY = "nobody"


class DeviationCode(StrEnum):
    """Every protocol deviation. The value is stable: it stands in transcripts."""

    MALFORMED = "MALFORMED"
    UNKNOWN_SENDER = "UNKNOWN_SENDER"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    WRONG_SESSION = "WRONG_SESSION"
    SEQUENCE_GAP = "SEQUENCE_GAP"
    REPLAYED = "REPLAYED"
    EQUIVOCATION = "EQUIVOCATION"
    WRONG_HISTORY = "WRONG_HISTORY"
    NOT_ASKED = "NOT_ASKED"
    WRONG_LEVEL = "WRONG_LEVEL"
    LATE = "LATE"
    SILENT = "SILENT"
    EXIT_REVERSAL = "EXIT_REVERSAL"
    OPENING_MISSING = "OPENING_MISSING"
    OPENING_MISMATCH = "OPENING_MISMATCH"
    MALFORMED_REPORT = "MALFORMED_REPORT"
    INCONSISTENT_REPORT = "INCONSISTENT_REPORT"
    RATE_LIMIT = "RATE_LIMIT"
    WRONG_DRAW = "WRONG_DRAW"
    WRONG_QUESTION = "WRONG_QUESTION"
    WRONG_OUTCOME = "WRONG_OUTCOME"
    SUPPRESSED = "SUPPRESSED"
    FORKED = "FORKED"
    SEED_MISSING = "SEED_MISSING"
    OPENING_KEY_MISSING = "OPENING_KEY_MISSING"

    @property
    def blame(self) -> Blame:
        """Whom this code is held against."""
        if self in _BLAMES_NOBODY:
            return Blame.NOBODY
        return Blame.AUCTIONEER if self in _BLAMES_AUCTIONEER else Blame.SENDER


_BLAMES_NOBODY = frozenset(
    {
        DeviationCode.UNKNOWN_SENDER,
        DeviationCode.BAD_SIGNATURE,
        DeviationCode.WRONG_SESSION,
        DeviationCode.WRONG_HISTORY,
        DeviationCode.SEQUENCE_GAP,
        DeviationCode.REPLAYED,
        DeviationCode.RATE_LIMIT,
    }
)
_BLAMES_AUCTIONEER = frozenset(
    {
        DeviationCode.WRONG_DRAW,
        DeviationCode.WRONG_QUESTION,
        DeviationCode.WRONG_OUTCOME,
        DeviationCode.SUPPRESSED,
        DeviationCode.FORKED,
        DeviationCode.SEED_MISSING,
        DeviationCode.OPENING_KEY_MISSING,
    }
)

# Refused for what they say or when they came, not for who sent them after what: they keep their place in the chain.
KEEPS_ITS_PLACE = frozenset(
    {
        DeviationCode.NOT_ASKED,
        DeviationCode.WRONG_LEVEL,
        DeviationCode.LATE,
        DeviationCode.EXIT_REVERSAL,
        DeviationCode.OPENING_MISMATCH,
        DeviationCode.MALFORMED_REPORT,
        DeviationCode.INCONSISTENT_REPORT,
    }
)

# A network can make an honest bidder look late or silent, and nothing worse.
LATENESS = frozenset({DeviationCode.LATE, DeviationCode.SILENT, DeviationCode.OPENING_MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One recorded deviation.

    Attributes:
        code: What happened.
        accused: Name of the bidder, "auctioneer", or empty when nobody is blamed.
        index: Log index of the entry that records it, or None when it stands outside the log.
        detail: One clause for a person.
        evidence: The offending envelope byte for byte; empty when the entry at `index` is itself the evidence.
    """

    code: DeviationCode
    accused: str
    index: int | None
    detail: str
    evidence: bytes = b""
