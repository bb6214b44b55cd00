"""What one bidder may be asked, as far as it can tell from the public specification and its own answers."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    Lapse,
    LapseSubject,
    Offer,
    OutcomeDeclared,
    Raise,
    ReportKind,
    RosterClosed,
)
from openoutcry.protocol.reportable import weight_bits
from openoutcry.session.bidder_values import Asked, LevelAsked, SignalAsked, TypeAsked
from openoutcry.session.own_report import OwnReport
from openoutcry.session.reports import report_shape
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
        self._places = tuple(places)
        mechanism = find_mechanism(specification.mechanism)
        parameters = mechanism.configure(specification.parameters)
        self._charges_losers = mechanism.charges_losers
        # A mechanism that leaves the choice to its user has a parameter of this name; all others ask openly.
        self._hides_reports = getattr(parameters, "openings", "public") == "private"
        self._least_weight_bits = weight_bits(mechanism, parameters, len(places))
        self._wave = self._report_wave = -1
        self._offer: tuple[int, int] | None = None
        self._reported: OwnReport | None = None

    def ask(self, body: Raise | Offer | AskReport, question: bytes) -> Asked:
        """Return the question for the strategy.

        Raises:
            Breach: The rules do not allow it.
        """
        if body.wave < self._wave:
            raise _wrong(f"wave {body.wave} comes after wave {self._wave}")
        is_report = isinstance(body, AskReport)
        # One wave asks a bidder one thing: two reports in it would share the random bytes that hide them.
        if body.wave == (self._wave if is_report else self._report_wave):
            raise _wrong(f"wave {body.wave} asks for something else than before")
        self._wave = body.wave
        if isinstance(body, AskReport):
            self._report_wave = body.wave
            return self._ask_report(body, question)
        if self.has_exited:
            raise _wrong("a level is asked after an exit")
        if body.level != self.clock + 1 or body.level >= self._level_count():
            raise _wrong(f"level {body.level} is asked where the clock stands at {self.clock}")
        if isinstance(body, Raise):
            return LevelAsked(question=question, wave=body.wave, level=body.level)
        self._check_offer(body)
        return LevelAsked(
            question=question, wave=body.wave, level=body.level, price=body.price, target=body.target
        )

    def note_value(self, report: OwnReport) -> None:
        """Note where this bidder has reported its type first: it will not pay more than that is worth."""
        if self._reported is None:
            self._reported = report

    def answer(self, *, accepts: bool, asked: LevelAsked) -> None:
        """Note this bidder's own answer."""
        if accepts:
            self.clock = asked.level
        else:
            self.has_exited = True

    def lapse(self, lapse: Lapse) -> None:
        """Note that a deadline of this bidder has passed.

        Raises:
            Breach: It is somebody else's.
        """
        if lapse.bidder != self.member:
            raise Breach(DeviationCode.MALFORMED, "a lapse of somebody else was delivered")
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
        award = next((award for award in outcome.awards if award.bidder == self.member), None)
        if award is None:
            if payment > 0 and not self._charges_losers:
                raise _wrong_outcome("a bidder that does not win is made to pay")
            return
        if self.has_exited:
            raise _wrong_outcome("the lot is sold to a bidder that has exited")
        if isinstance(self._market, TypeMarket):
            self._check_award(self._market, award, payment)
        elif payment != award.price:
            raise _wrong_outcome("the winner pays another amount than the price")
        if self._offer is not None and (self.clock != self._offer[0] or award.price != self._offer[1]):
            raise _wrong_outcome("the lot is sold at another price than was accepted")

    def _check_award(self, market: TypeMarket, award: Award, payment: Fraction) -> None:
        if award.goods not in market.environment.bundles:
            raise _wrong_outcome("the goods of the outcome are no bundle of the specification")
        if self._charges_losers:
            return
        if payment > award.price:
            raise _wrong_outcome("the winner pays more than the price")
        reported = None if self._reported is None else self._reported.value
        if reported is not None:
            bundle = market.environment.bundles.index(award.goods)
            if award.price > market.value(self.bidder, reported, bundle):
                raise _wrong_outcome("the price is higher than the value that was reported")
        elif not self.clock:
            raise _wrong_outcome(
                "goods are sold to a bidder that has neither reported a value nor accepted a price"
            )
        elif self._offer is None and award.price > market.clock[self.clock - 1]:
            raise _wrong_outcome("the price is higher than the last one that was accepted")

    def _ask_report(self, body: AskReport, question: bytes) -> Asked:
        market = self._market
        if isinstance(market, Market) != (body.kind is ReportKind.SIGNAL):
            raise _wrong(f"a report of kind {body.kind.name} does not fit the market")
        if body.is_private != self._hides_reports:
            raise _wrong("who is to see the report is not what the specification says")
        asks_belief = body.kind in (ReportKind.BELIEF, ReportKind.VALUE_AND_BELIEF)
        rising = list(body.subjects) == sorted(set(body.subjects))
        if (
            asks_belief != bool(body.subjects)
            or not rising
            or (body.subjects and body.subjects[-1] >= len(self._places))
            or self.member in body.subjects
        ):
            raise _wrong("the bidders whom a belief is to be about are not others of the roster")
        if asks_belief:
            self._check_weight_bits(body.weight_bits)
        subjects = tuple(self._places[subject] for subject in body.subjects)
        shape = report_shape(
            market, self.bidder, kind=body.kind, subjects=subjects, weight_bits=body.weight_bits
        )
        if isinstance(market, Market):
            return SignalAsked(question=question, wave=body.wave, shape=shape)
        return TypeAsked(
            question=question,
            wave=body.wave,
            asks_value=body.kind is not ReportKind.BELIEF,
            subjects=subjects,
            is_private=body.is_private,
            shape=shape,
        )

    def _check_weight_bits(self, bits: int) -> None:
        if self._least_weight_bits is None:
            raise _wrong("the mechanism asks for no beliefs")
        # Fewer would make beliefs unreportable that fit; more than for a single one an outcome never has room for.
        if not self._least_weight_bits <= bits <= limits.belief_weight_bits(1):
            raise _wrong(f"weights of {bits} bits are not what an outcome has room for")

    def _level_count(self) -> int:
        if isinstance(self._market, Market):
            return self._market.signal_levels
        if not self._market.environment.is_single_parameter:
            return 1
        # The highest clock is that of an ascending price; a posted price is an offer at level 1.
        return len(self._market.clock) + 1

    def _check_offer(self, offer: Offer) -> None:
        if self._offer is not None and self._offer != (offer.target, offer.price):
            raise _wrong("the offer has changed")
        if not offer.level <= offer.target < self._level_count():
            raise _wrong(f"the offer's target {offer.target} is no level above the clock")
        if isinstance(self._market, Market):
            self._check_price(self._market, offer)
        self._offer = (offer.target, offer.price)

    def _check_price(self, market: Market, offer: Offer) -> None:
        lowest, highest = self._price_bounds(market, offer.target)
        if not lowest <= offer.price <= highest:
            raise _wrong(f"price {offer.price} is no value of this bidder at level {offer.target}")

    def _price_bounds(self, market: Market, target: int) -> tuple[int, int]:
        """Return this bidder's value when its signal is `target` and all others are lowest, or highest."""
        top = market.signal_levels - 1
        lowest = [0] * len(market.bidders)
        lowest[self.bidder] = target
        highest = [top] * len(market.bidders)
        highest[self.bidder] = target
        return market.value(self.bidder, market.state(lowest)), market.value(
            self.bidder, market.state(highest)
        )


def _wrong(reason: str) -> Breach:
    return Breach(DeviationCode.WRONG_QUESTION, reason)


def _wrong_outcome(reason: str) -> Breach:
    return Breach(DeviationCode.WRONG_OUTCOME, reason)
