"""Whether a signed entry is meant for a bidder, and comes when it may: deliveries themselves are not signed.

An auctioneer signs what stands in its log, not what it delivers to whom. So an entry that is genuine may still be
somebody else's, and a proof beside it may be damaged or left out. What fails here is held against nobody.
"""

from __future__ import annotations

from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    Body,
    CommitClosed,
    DeviationNoted,
    Lapse,
    Offer,
    Raise,
    RosterClosed,
)
from openoutcry.session.own_report import OwnReport
from openoutcry.session.seat_rules import SeatRules
from openoutcry.session.values import Delivery
from openoutcry.session.voice import Voice
from openoutcry.session.witness import Checked, Unproven, Witness


def find_proved(witness: Witness, voice: Voice, delivery: Delivery, checked: Checked) -> bytes:
    """Return the leaf hash of the last waiting own message that a delivery proves to be in the log; empty if none.

    Raises:
        Unproven: Not even the last message that was proved before is proved again.
    """
    for leaf in reversed(voice.waiting_leaves):
        if witness.holds(delivery, checked.head, leaf):
            return leaf
    if voice.acknowledged and not witness.holds(delivery, checked.head, voice.acknowledged):
        # This head extends one that held it, so only the proof can be wrong.
        raise Unproven(DeviationCode.SUPPRESSED, "the proof of this bidder's last message does not hold")
    return b""


def require_addressed(
    body: Body, *, own_id: bytes, own_index: int | None, rules: SeatRules | None, report: OwnReport | None
) -> None:
    """Make sure that a question, or a record of somebody's deviation or silence, is for this bidder.

    Args:
        body: What the entry says.
        own_id: Sender id of this bidder.
        own_index: Where the log holds this bidder's last message, as the delivery says.
        rules: Of its seat, once it is in the roster.
        report: The last that it has committed to, if any.

    Raises:
        Unproven: It is for somebody else.
    """
    match body:
        case DeviationNoted(accused_id=accused_id) if accused_id != own_id:
            raise _somebody_elses("a deviation")
        case Lapse(bidder=member) if rules is None or member != rules.member:
            raise _somebody_elses("a lapse")
        case Raise(bidder=member) | Offer(bidder=member) | AskReport(bidder=member) if (
            rules is None or member != rules.member
        ):
            raise _somebody_elses("a question")
        case CommitClosed(wave=wave, commitment_indexes=indexes) if rules is None or not (
            # Whoever has committed in this wave is concerned, all the more where the list leaves it out.
            own_index in indexes or (report is not None and report.wave == wave)
        ):
            raise _somebody_elses("a list of commitments")
        case _:
            return


def _somebody_elses(what: str) -> Unproven:
    return Unproven(DeviationCode.MALFORMED, f"{what} of somebody else was delivered")


def follows_answers(body: Body, *, rules: SeatRules | None, report: OwnReport | None) -> bool:
    """Whether an entry is asked only after all that this bidder said before is in the log.

    What is wrong for another reason is left to those who judge that.
    """
    match body:
        case Raise() | Offer() | AskReport():
            return True
        case RosterClosed():
            return rules is None
        case CommitClosed(wave=wave):
            return report is not None and report.wave == wave and not report.is_closed
        case _:
            return False
