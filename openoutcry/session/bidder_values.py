"""What goes into a bidder's side of a session and what comes out of it.

Inputs are worth keeping: applied again in the same order they bring back the same session, byte for byte. They are
what an agent writes into its receipts before anything leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from openoutcry.protocol.deviations import Deviation
from openoutcry.session.values import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The session's SessionOpen, as the auctioneer showed it: an encoded envelope."""

    session_open: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """The public specification, byte for byte."""

    specification: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """An entry of the log that concerns this bidder."""

    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """The final checkpoint, and the proof that it extends the head of `consistency_from` entries."""

    note: bytes
    consistency_from: int
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The strategy's answer to a question about a level; None keeps silent."""

    question: bytes
    accepts: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalChosen:
    """The strategy's answer to a question for its signal; None withholds the report."""

    question: bytes
    signal: int | None


BidderInput = Opened | Specified | Delivered | Concluded | Decided | SignalChosen


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAsked:
    """The strategy is to decide about a level.

    Attributes:
        question: Leaf hash of the envelope that asks.
        wave: Number of the wave.
        level: Asked now.
        price: Of the lot, when this is on the way to buying it; else None.
        target: Level whose acceptance buys, when there is a price; else None.
    """

    question: bytes
    wave: int
    level: int
    price: int | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAsked:
    """The strategy is to report its signal."""

    question: bytes
    wave: int


Asked = LevelAsked | SignalAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class BidderEffects:
    """What follows from one input.

    Attributes:
        send: Envelopes for the auctioneer, in order, once the input is kept.
        ask: What the strategy is to answer.
        complaint: What the auctioneer did wrong; the bidder takes no further part.
        must_resume: A delivery does not follow what is known: attach again.
        has_ended: Nothing more will come.
    """

    send: tuple[bytes, ...] = ()
    ask: Asked | None = None
    complaint: Deviation | None = None
    must_resume: bool = False
    has_ended: bool = False
