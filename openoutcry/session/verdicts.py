"""What the verification of a transcript found: four levels, each with its own answer.

A plain record for whoever shows or judges it; `openoutcry.session.verification` fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from openoutcry.errors import TranscriptError
from openoutcry.protocol.deviations import Deviation, DeviationCode
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.replay import Step

LEVELS = ("integrity", "authorship", "conduct", "outcome")


class Verdict(Enum):
    """The answer of one level."""

    VALID = "valid"
    INVALID = "invalid"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What one level found.

    Attributes:
        name: integrity, authorship, conduct or outcome.
        verdict: Its answer.
        detail: What was checked, or what is wrong, in one line.
        index: Log index of the first record that fails, if it is one record.
        code: Deviation of the auctioneer that the failure amounts to, if any.
    """

    name: str
    verdict: Verdict
    detail: str
    index: int | None = None
    code: DeviationCode | None = None


@dataclass(slots=True, kw_only=True)
class Verification:
    """What the verification of a transcript found.

    Attributes:
        session_id: Computed from SessionOpen; empty when there is none.
        auctioneer_key: The auctioneer's message key, as SessionOpen states it.
        checkpoint_key: The key of the checkpoint.
        entries: How many records the log has.
        levels: The four levels, in order.
        session: The re-executed session, as far as it came.
        steps: Its inputs and their effects.
        is_sealed: Whether conduct and outcome could not be checked for want of a disclosure.
        is_undecided: Whether the outcome could not be worked out on this machine, so that nothing is known of it.
    """

    session_id: bytes = b""
    auctioneer_key: bytes = b""
    checkpoint_key: bytes = b""
    entries: int = 0
    levels: list[Level] = field(default_factory=list)
    session: AuctioneerSession | None = None
    steps: list[Step] = field(default_factory=list)
    is_sealed: bool = False
    is_undecided: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether all levels are valid that can be checked: all four, or two where the session is sealed."""
        count = 2 if self.is_sealed else 4
        return (
            not self.is_undecided
            and len(self.levels) == 4
            and all(level.verdict is Verdict.VALID for level in self.levels[:count])
        )

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Deviations that the log records, as far as it could be re-executed."""
        return tuple(self.session.deviations) if self.session else ()

    @property
    def first_failure(self) -> Level | None:
        """The first level that is invalid."""
        return next((level for level in self.levels if level.verdict is Verdict.INVALID), None)


def unreadable(error: TranscriptError) -> Verification:
    """Return what is to be said of a file that is a transcript, but not byte for byte the one that was written."""
    result = Verification()
    result.levels.append(
        Level(name=LEVELS[0], verdict=Verdict.INVALID, detail=error.reason, index=error.index)
    )
    result.levels += [
        Level(name=name, verdict=Verdict.UNCHECKED, detail=f"{LEVELS[0]} failed") for name in LEVELS[1:]
    ]
    return result
