"""What goes into a bidder's side of a session and what comes out of it.

Inputs are worth keeping: applied again in the same order they bring back the same session, byte for byte. They are
what an agent writes into its receipts before anything leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from openoutcry.protocol.codec import ReportShape
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeChosen:
    """The strategy's answer to a question for its type: a report in its shape, encoded; None withholds it."""

    question: bytes
    report: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningChosen:
    """The strategy's answer to a question whether to open what it committed to.

    Attributes:
        question: Leaf hash of the envelope that asks.
        opens: Whether anything is opened.
        instead: Another report, encoded, that is opened in place of the committed one; a deliberate deviation.
    """

    question: bytes
    opens: bool
    instead: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningSealed:
    """A private opening as the driver has sealed it."""

    question: bytes
    sealed: bytes


BidderInput = (
    Opened
    | Specified
    | Delivered
    | Concluded
    | Decided
    | SignalChosen
    | TypeChosen
    | OpeningChosen
    | OpeningSealed
)


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
    """The strategy is to report its signal; `shape` says what the encoded report must look like."""

    question: bytes
    wave: int
    shape: ReportShape


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAsked:
    """The strategy is to report its valuation, its belief, or both.

    Attributes:
        question: Leaf hash of the envelope that asks.
        wave: Number of the wave.
        asks_value: Whether the valuation is asked for.
        subjects: Places in the specification's market, rising, of whom the belief is about; empty for none.
        is_private: Whether only the auctioneer will see the opening.
        shape: What the encoded report must look like.
    """

    question: bytes
    wave: int
    asks_value: bool
    subjects: tuple[int, ...]
    is_private: bool
    shape: ReportShape


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAsked:
    """All commitments are in: the strategy is to open the report that it committed to.

    Attributes:
        question: Leaf hash of the envelope that asks.
        wave: Number of the wave.
        data: The report, encoded.
        shape: What it looks like.
    """

    question: bytes
    wave: int
    data: bytes
    shape: ReportShape


Asked = LevelAsked | SignalAsked | TypeAsked | OpeningAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAsked:
    """The driver is to seal an opening and to give it back as `OpeningSealed`.

    Attributes:
        question: Leaf hash of the envelope that asks for the opening.
        content: What is sealed.
        recipient: The session's X25519 public key.
        info: What the seal is bound to.
    """

    question: bytes
    content: bytes
    recipient: bytes
    info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BidderEffects:
    """What follows from one input.

    Attributes:
        send: Envelopes for the auctioneer, in order, once the input is kept.
        ask: What the strategy is to answer.
        seal: What the driver is to seal.
        complaint: What the auctioneer did wrong; the bidder takes no further part.
        doubt: What came and cannot be taken, held against nobody: attach again, since nothing has changed.
        has_ended: Nothing more will come.
    """

    send: tuple[bytes, ...] = ()
    ask: Asked | None = None
    seal: SealAsked | None = None
    complaint: Deviation | None = None
    doubt: Deviation | None = None
    has_ended: bool = False

    @property
    def must_resume(self) -> bool:
        """Whether the driver is to attach again."""
        return self.doubt is not None
