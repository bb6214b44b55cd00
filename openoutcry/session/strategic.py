"""Strategic deviations: answers that the truthful strategy would not have given.

They are measured, never proved: they can be named only where the private types are known, as in a local run, and they
are no fault. A truthful bidder accepts every level up to its signal or its value, refuses the next, and reports its
signal, or its valuation and what it believes when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import Accept, Body, Exit, Lapse, LapseSubject, Offer, Raise
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.narration import describe_type
from openoutcry.session.play import Opened
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueType:
    """What a bidder really values and believes.

    Attributes:
        value: Index in its list of types.
        belief: About all other bidders of the specification.
    """

    value: int
    belief: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicDeviation:
    """One answer that was not the truthful one.

    Attributes:
        bidder: Name.
        index: Log index of the answer, or of the Lapse.
        did: What the bidder did.
        truthful: What the truthful strategy would have done.
    """

    bidder: str
    index: int
    did: str
    truthful: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What all strategic deviations of one bidder did, against playing truthfully with all else the same.

    Attributes:
        earned: What they earned the bidder, in minor units, exact; negative when they cost it.
        welfare: By how much they raised what the outcome is worth to all bidders together.
        revenue: By how much they raised what all bidders pay together, exact.
        stand_ins: Names of the others who could not be asked again where their questions would have been others: they
            then answered truthfully.
    """

    earned: Fraction
    welfare: int
    revenue: Fraction
    stand_ins: tuple[str, ...] = ()


def strategic_deviations(
    session: AuctioneerSession,
    entries: Sequence[bytes],
    *,
    private: Mapping[str, int | TrueType],
    reader: EnvelopeReader,
) -> tuple[StrategicDeviation, ...]:
    """Return every answer of a log that was not truthful, in the order of the log.

    Args:
        session: The session of that log, at its end.
        entries: The log; it verifies.
        private: Signal, or true type, by name; bidders without one are passed over.
        reader: Reads the entries.
    """
    comparing = _Comparing(session, private)
    asked: dict[bytes, Body] = {}
    for index, data in enumerate(entries):
        header, body = read_entry(data, reader, index)
        match body:
            case Raise() | Offer():
                asked[leaf_hash(data)] = body
            case Accept() | Exit():
                party = session.enrolment.parties.get(header.sender_id)
                comparing.compare_answer(index, party.name if party else "", body, asked.get(header.reply_to))
            case Lapse(subject=subject, bidder=int(member)):
                comparing.compare_silence(
                    index, session.members[member].name, subject, asked.get(header.reply_to)
                )
            case _:
                continue
    for opened in session.play.opened if session.play else ():
        comparing.compare_report(opened)
    return tuple(sorted(comparing.found, key=lambda deviation: deviation.index))


class _Comparing:
    def __init__(self, session: AuctioneerSession, private: Mapping[str, int | TrueType]) -> None:
        self.found: list[StrategicDeviation] = []
        self._session = session
        self._private = private
        self._market = session.specification.market

    def compare_answer(self, index: int, name: str, answer: Accept | Exit, question: Body | None) -> None:
        if name not in self._private or not isinstance(question, Raise | Offer):
            return
        accepts, why = self._accepts(name, question)
        if accepts and isinstance(answer, Exit):
            self._note(index, name, f"exited at level {answer.level}", f"stay: {why}")
        elif not accepts and isinstance(answer, Accept):
            self._note(index, name, f"accepted level {answer.level}", f"exit: {why}")

    def compare_silence(self, index: int, name: str, subject: LapseSubject, question: Body | None) -> None:
        if name not in self._private:
            return
        if subject is LapseSubject.ANSWER and isinstance(question, Raise | Offer):
            accepts, why = self._accepts(name, question)
            if accepts:
                self._note(index, name, f"was silent at level {question.level}", f"stay: {why}")
        elif subject in (LapseSubject.COMMITMENT, LapseSubject.OPENING):
            self._note(index, name, "withheld its report", f"report {self._describe_truth(name)}")

    def compare_report(self, opened: Opened) -> None:
        party = self._session.members[opened.member]
        truth = self._private.get(party.name)
        if isinstance(truth, int) and opened.report != truth:
            self._note(opened.index, party.name, f"reported {opened.report}", f"report {truth}")
        if not isinstance(truth, TrueType) or not isinstance(opened.report, TypeReport):
            return
        if opened.report.value is not None and opened.report.value != truth.value:
            did = f"reported type {self._describe(party.bidder, opened.report.value)}"
            self._note(opened.index, party.name, did, f"report {self._describe(party.bidder, truth.value)}")
        if opened.report.belief is not None:
            subjects = [self._session.members[subject].bidder for subject in opened.subjects]
            reported = opened.report.belief.renamed(subjects)
            known = self._known_when_asked(party.bidder, truth, subjects)
            if not _is_same(reported, known):
                did = f"reported another belief, of {reported.support_size:,} points"
                self._note(
                    opened.index, party.name, did, f"report what it knows, {known.support_size:,} points"
                )

    def _known_when_asked(self, bidder: int, truth: TrueType, subjects: Sequence[int]) -> Distribution:
        mechanism = find_mechanism(self._session.specification.mechanism)
        known = truth.belief.marginal(subjects)
        return mechanism.belief_when_asked(self._market, bidder, truth.value, known)

    def _accepts(self, name: str, question: Raise | Offer) -> tuple[bool, str]:
        truth = self._private[name]
        if isinstance(truth, int):
            return question.level <= truth, f"the signal is {truth}"
        assert isinstance(self._market, TypeMarket)
        bidder = next(i for i, known in enumerate(self._market.bidders) if known.name == name)
        value = self._market.value(bidder, truth.value)
        price = question.price if isinstance(question, Offer) else self._market.clock[question.level - 1]
        return price <= value, f"the value is {value} and the price {price}"

    def _describe_truth(self, name: str) -> str:
        truth = self._private[name]
        return str(truth) if isinstance(truth, int) else "what it values and knows"

    def _describe(self, bidder: int, index: int) -> str:
        assert isinstance(self._market, TypeMarket)
        return describe_type(self._market, bidder, index)

    def _note(self, index: int, name: str, did: str, truthful: str) -> None:
        self.found.append(StrategicDeviation(bidder=name, index=index, did=did, truthful=truthful))


def _is_same(one: Distribution, other: Distribution) -> bool:
    """Whether two distributions over the same players are equal, whatever their form."""
    if one == other or type(one) is type(other):
        return one == other
    if one.support_size != other.support_size or one.support_size > POINT_LIMIT:
        return False
    return all(one.probability(point) == other.probability(point) for point, _ in one.items())
