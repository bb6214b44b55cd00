"""How a session ended for one bidder, as a value for programs and as JSON for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.protocol.deviations import Deviation
from openoutcry.session.bidder import BidderSession

if TYPE_CHECKING:
    from bidder_agent.audit import Audit


class Ending(Enum):
    """How a session ended."""

    SETTLED = "settled"
    VOID = "void"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a session ended for one bidder.

    Attributes:
        session_id: 32 bytes.
        name: Of the bidder.
        ending: Settled, void, or ended by this bidder's complaint.
        winner: Name of the only buyer, None when unsold, sold to several, void or unknown.
        price: What all buyers pay together, in minor units, exact; 0 when not sold.
        goods: Names of the goods that this bidder gets, in a market of types.
        payment: What this bidder pays in all in minor units, exact; negative when it is paid.
        reward: What this bidder is paid for its reports, which `payment` counts already, exact.
        reason: One clause that says why it ended so.
        complaint: What the auctioneer did wrong.
        deviations: What the auctioneer recorded of this bidder.
        failures: Why answers were the default ones, one line each.
        audit: What the check of the transcript found; None when it was not asked for or there is none.
        receipts: Directory of the receipts.
    """

    session_id: bytes
    name: str
    ending: Ending
    winner: str | None
    price: Fraction
    goods: tuple[str, ...]
    payment: Fraction
    reward: Fraction
    reason: str
    complaint: Deviation | None
    deviations: tuple[Deviation, ...]
    failures: tuple[str, ...]
    audit: Audit | None
    receipts: Path

    @property
    def won(self) -> bool:
        """Whether this bidder buys something."""
        return self.winner == self.name or bool(self.goods)

    @property
    def is_good(self) -> bool:
        """Whether the session settled and everything that was checked holds."""
        return self.ending is Ending.SETTLED and (self.audit is None or self.audit.is_valid)

    def to_json(self) -> dict[str, object]:
        """Return the result as a JSON object; exact numbers that are no integers are strings such as "7/12"."""
        return {
            "session": self.session_id.hex(),
            "name": self.name,
            "ending": self.ending.value,
            "winner": self.winner,
            "price": _amount_to_json(self.price),
            "goods": list(self.goods),
            "payment": _amount_to_json(self.payment),
            "reward": _amount_to_json(self.reward),
            "reason": self.reason,
            "complaint": None if self.complaint is None else _deviation_to_json(self.complaint),
            "deviations": [_deviation_to_json(deviation) for deviation in self.deviations],
            "failures": list(self.failures),
            "audit": None if self.audit is None else self.audit.to_json(),
            "receipts": str(self.receipts),
        }


def make_result(
    session: BidderSession,
    *,
    session_id: bytes,
    complaint: Deviation | None,
    failures: tuple[str, ...],
    audit: Audit | None,
    receipts: Path,
) -> Result:
    """Return how a session ended, once it has.

    Args:
        session: Of the bidder.
        session_id: 32 bytes.
        complaint: What ended it, if it was this bidder's complaint.
        failures: Why answers were the default ones.
        audit: Of the transcript, if it was made.
        receipts: Directory of the receipts.
    """
    winner: str | None = None
    goods: tuple[str, ...] = ()
    price = payment = reward = Fraction(0)
    if complaint is not None:
        ending, reason = Ending.COMPLAINT, complaint.detail
    elif session.outcome is not None and session.rules is not None:
        outcome = session.outcome
        ending, reason = Ending.SETTLED, outcome.reason
        winner = None if outcome.winner is None else session.roster[outcome.winner]
        price, payment = outcome.price, outcome.payments[session.rules.member]
        own = next((award for award in outcome.awards if award.bidder == session.rules.member), None)
        reward = (Fraction(0) if own is None else own.price) - payment
        goods = () if own is None else _goods(session, own.goods)
    else:
        ending = Ending.VOID
        reason = session.void.detail if session.void is not None else "no outcome was declared"
    return Result(
        session_id=session_id,
        name=session.name,
        ending=ending,
        winner=winner,
        price=price,
        goods=goods,
        payment=payment,
        reward=reward,
        reason=reason,
        complaint=complaint,
        deviations=tuple(session.deviations),
        failures=failures,
        audit=audit,
        receipts=receipts,
    )


def _goods(session: BidderSession, goods: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of goods, where the market has named ones."""
    market = None if session.specification is None else session.specification.market
    return tuple(market.environment.goods[good] for good in goods) if isinstance(market, TypeMarket) else ()


def _amount_to_json(amount: Fraction) -> int | str:
    return int(amount) if amount.denominator == 1 else str(amount)


def _deviation_to_json(deviation: Deviation) -> dict[str, object]:
    return {
        "code": deviation.code.value,
        "accused": deviation.accused,
        "index": deviation.index,
        "detail": deviation.detail,
    }
