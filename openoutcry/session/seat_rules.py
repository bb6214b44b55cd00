"""What one bidder may be asked, as far as it can tell from the public specification and its own answers."""

from __future__ import annotations

from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    Lapse,
    LapseSubject,
    Offer,
    OutcomeDeclared,
    Raise,
    RosterClosed,
)
from openoutcry.session.bidder_values import Asked, LevelAsked, SignalAsked
from openoutcry.session.witness import Breach


class SeatRules:
    """The rules of one seat, and where its clock stands.

    Args:
        specification: Of the session.
        roster: As the auctioneer closed it.
        sender_id: Of this bidder's key.
        name: Of this bidder.

    Attributes:
        bidder: Place in the specification.
        member: Place in the roster.
        names: Names of the roster's members, in order.
        clock: Last level accepted.
        has_exited: Whether a level was refused or lapsed.

    Raises:
        Breach: The roster leaves this bidder out, or lists what the specification does not.
    """

    def __init__(
        self, specification: Specification, roster: RosterClosed, *, sender_id: bytes, name: str
    ) -> None:
        bidders = specification.market.bidders
        places = [member.bidder for member in roster.members]
        if places != sorted(set(places)) or (places[-1:] and places[-1] >= len(bidders)):
            raise Breach(DeviationCode.WRONG_QUESTION, "the roster does not follow the specification")
        own = [place for place, member in enumerate(roster.members) if member.sender_id == sender_id]
        if len(own) != 1 or bidders[places[own[0]]].name != name:
            raise Breach(DeviationCode.SUPPRESSED, "the roster does not list this bidder as it enrolled")
        self.member = own[0]
        self.bidder = places[own[0]]
        self.names = tuple(bidders[place].name for place in places)
        self.clock = 0
        self.has_exited = False
        self._market = specification.market
        self._wave = -1
        self._offer: tuple[int, int] | None = None

    def ask(self, body: Raise | Offer | AskReport, question: bytes) -> Asked:
        """Return the question for the strategy.

        Raises:
            Breach: The rules do not allow it.
        """
        if body.wave < self._wave:
            raise _wrong(f"wave {body.wave} comes after wave {self._wave}")
        self._wave = body.wave
        if isinstance(body, AskReport):
            return SignalAsked(question=question, wave=body.wave)
        if self.has_exited:
            raise _wrong("a level is asked after an exit")
        if body.level != self.clock + 1 or body.level >= self._market.signal_levels:
            raise _wrong(f"level {body.level} is asked where the clock stands at {self.clock}")
        if isinstance(body, Raise):
            return LevelAsked(question=question, wave=body.wave, level=body.level)
        self._check_offer(body)
        return LevelAsked(
            question=question, wave=body.wave, level=body.level, price=body.price, target=body.target
        )

    def answer(self, *, accepts: bool, asked: LevelAsked) -> None:
        """Note this bidder's own answer."""
        if accepts:
            self.clock = asked.level
        else:
            self.has_exited = True

    def lapse(self, lapse: Lapse) -> None:
        """Note that a deadline of this bidder has passed."""
        if lapse.subject is LapseSubject.ANSWER:
            self.has_exited = True

    def check_outcome(self, outcome: OutcomeDeclared) -> None:
        """Check this bidder's part of an outcome.

        Raises:
            Breach: It sells to this bidder what it did not agree to buy, at another price, or makes it pay.
        """
        if len(outcome.payments) != len(self.names):
            raise _wrong_outcome("there is not one payment for each member of the roster")
        payment = outcome.payments[self.member]
        if outcome.winner != self.member:
            if payment > 0:
                raise _wrong_outcome("a bidder that does not win is made to pay")
            return
        if self.has_exited:
            raise _wrong_outcome("the lot is sold to a bidder that has exited")
        if payment != outcome.price:
            raise _wrong_outcome("the winner pays another amount than the price")
        if self._offer is not None and (self.clock, outcome.price) != self._offer:
            raise _wrong_outcome("the lot is sold at another price than was accepted")

    def _check_offer(self, offer: Offer) -> None:
        if self._offer is not None and self._offer != (offer.target, offer.price):
            raise _wrong("the offer has changed")
        if not offer.level <= offer.target < self._market.signal_levels:
            raise _wrong(f"the offer's target {offer.target} is no level above the clock")
        lowest, highest = self._price_bounds(offer.target)
        if not lowest <= offer.price <= highest:
            raise _wrong(f"price {offer.price} is no value of this bidder at level {offer.target}")
        self._offer = (offer.target, offer.price)

    def _price_bounds(self, target: int) -> tuple[int, int]:
        """Return this bidder's value when its signal is `target` and all others are lowest, or highest."""
        market = self._market
        top = market.signal_levels - 1
        lowest = [0] * len(market.bidders)
        lowest[self.bidder] = target
        highest = [top] * len(market.bidders)
        highest[self.bidder] = target
        return market.value(self.bidder, market.sums(lowest)), market.value(self.bidder, market.sums(highest))


def _wrong(reason: str) -> Breach:
    return Breach(DeviationCode.WRONG_QUESTION, reason)


def _wrong_outcome(reason: str) -> Breach:
    return Breach(DeviationCode.WRONG_OUTCOME, reason)
