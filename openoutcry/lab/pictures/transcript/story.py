"""What a recorded session comes to, as plain facts that pictures are made of.

A transcript is told once (`openoutcry.session.narration`), and everything that a picture needs is kept: every question
with its answer, every wave with the mechanism's state, every report with what became of it. A log that is sealed or
departs from the rules is told up to there, and the story says where and why it ends. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.protocol.messages import (
    OutcomeDeclared,
    ReportKind,
)
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.play import Opened
from openoutcry.session.strategic import StrategicDeviation, TrueType
from openoutcry.session.verdicts import Verification

Ending = Literal["accepted", "left", "silent", "unanswered"]
Stage = Literal["asked", "committed", "opened", "sealed", "withheld"]
Known = Mapping[str, int | TrueType]
"""What bidders privately knew, by name: a signal, or a type with a belief."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbing:
    """One question for a level, and how it was answered.

    Attributes:
        bidder: Name.
        wave: Number of the wave.
        level: Asked for, 1...
        asked: Log index of the question.
        answered: Log index of the answer or of the Lapse; None when the log ends before it.
        ending: What the bidder did.
        target: Level at which the lot is bought, in a final offer.
        price: What it is bought for there, in minor units.
    """

    bidder: str
    wave: int
    level: int
    asked: int
    answered: int | None = None
    ending: Ending = "unanswered"
    target: int | None = None
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """One question for a report, and what became of it.

    Attributes:
        bidder: Name.
        wave: Number of the wave.
        kind: What is asked for.
        is_private: Whether only the auctioneer was to see the opening at first.
        asked: Log index of the question.
        committed: Log index of the commitment.
        sent: Log index of the last part of the opening, whether it could be read or not.
        withheld: Log index of the Lapse, or of the refusal of a wrong opening.
        opened: What was opened, by place in the roster; None when it is withheld, sealed, or not there yet.
    """

    bidder: str
    wave: int
    kind: ReportKind
    is_private: bool
    asked: int
    committed: int | None = None
    sent: int | None = None
    withheld: int | None = None
    opened: Opened | None = None

    @property
    def stage(self) -> Stage:
        """How far it came, as far as that can be told."""
        if self.opened is not None:
            return "opened"
        if self.withheld is not None:
            return "withheld"
        if self.sent is not None:
            return "sealed"
        return "committed" if self.committed is not None else "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One wave of questions.

    Attributes:
        number: From 0.
        reason: Why these are asked now.
        first: Log index of its first question.
        state: The mechanism's, by name, when it began; bidders by place in the market.
        draws: What was drawn for it.
    """

    number: int
    reason: str
    first: int
    state: Mapping[str, object]
    draws: tuple[Draw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One deviation, where it happened.

    Attributes:
        kind: Whether the log records it, or private types show it.
        bidder: Name; `auctioneer`, or empty when nobody is blamed.
        record: Log index.
        what: What was done.
        instead: What the truthful strategy would have done; empty for what the log records.
    """

    kind: Literal["protocol", "strategic"]
    bidder: str
    record: int
    what: str
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where the telling ends before the log does, or the log before the session.

    Attributes:
        kind: `sealed` reports, a log that departs from the rules, a session that was void, or one that has not ended.
        record: Log index at which it ends.
        why: One clause.
    """

    kind: Literal["sealed", "departs", "void", "unfinished"]
    record: int
    why: str


@dataclass(slots=True, kw_only=True)
class Story:
    """A recorded session as facts.

    Attributes:
        session: Re-executed as far as the log could be told.
        verification: What verifying the whole transcript found.
        records: How many records the log has.
        climbs: Every question for a level, in the order in which they were asked.
        reports: Every question for a report, likewise.
        turns: The waves.
        marks: All deviations, in the order of the log.
        strategic: Those of them that private types show, as they were found.
        draws: Everything drawn, each with the wave before which it was (None: after the last).
        enrolled: Log index and release of each bidder that enrolled, by name.
        outcome: What the log declares, whether or not the telling comes so far; None without one.
        settled: Log index of the outcome, if the telling comes so far: it follows from all that stands before it.
        stop: Why and where the story ends early; None for one that ends with an outcome.
        known: What bidders privately knew; empty when nothing is told of it.
    """

    session: AuctioneerSession
    verification: Verification
    records: int
    climbs: list[Climbing]
    reports: list[Reporting]
    turns: list[Turn]
    marks: list[Mark]
    strategic: tuple[StrategicDeviation, ...]
    draws: list[tuple[int | None, Draw]]
    enrolled: dict[str, tuple[int, str]]
    outcome: OutcomeDeclared | None
    settled: int | None
    stop: Stop | None
    known: Known

    @property
    def market(self) -> Market | TypeMarket:
        """The market as specified, with everybody who was invited."""
        return self.session.specification.market

    @property
    def players(self) -> tuple[str, ...]:
        """Names of those in the market that was played, in its order: states name bidders by place in it."""
        return tuple(self.session.members[member].name for member in self.session.players)

    def name_of(self, place: object) -> str:
        """Return the name of a bidder in a wave's state."""
        players = self.players
        return players[place] if isinstance(place, int) and 0 <= place < len(players) else str(place)

    def wave_at(self, record: int) -> int | None:
        """Return the wave to which a record belongs; None before the first."""
        return max((turn.number for turn in self.turns if turn.first <= record), default=None)

    def played_market(self) -> Market | TypeMarket:
        """Return the market of those who played, in whose places states and draws speak."""
        bidders = [self.session.members[member].bidder for member in self.session.players]
        return self.market.restricted(bidders)

    @property
    def buyers(self) -> tuple[str, ...]:
        """Names of all who buy something."""
        awards = self.outcome.awards if self.outcome else ()
        return tuple(self.session.members[award.bidder].name for award in awards)
