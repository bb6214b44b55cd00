"""A dishonest auctioneer and reports of types: each of its tricks is a complaint with the right code."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from openoutcry.errors import PeerError
from openoutcry.mechanisms.conversation import Award, TypeReport
from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    CommitClosed,
    DeviationNoted,
    Lapse,
    LapseSubject,
    Offer,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    Raise,
    ReportCommit,
    ReportKind,
    ReportOpening,
)
from openoutcry.protocol.opening import seal_opening
from openoutcry.protocol.reportable import weight_bits
from openoutcry.session.bidder_values import (
    BidderEffects,
    Decided,
    OpeningAsked,
    OpeningChosen,
    OpeningSealed,
    SealAsked,
    TypeAsked,
    TypeChosen,
)
from tests.simulation.crook import NAME, Crook
from tests.simulation.crowd_stage import correlated, independent, make_type_market, make_type_specification
from tests.simulation.stage import CODEC, READER, key_of

L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"
PRIVATE = {"openings": "private"}
BITS = limits.BELIEF_WEIGHT_BITS


def meet(mechanism: str = L_PLUS, **choices: Any) -> Crook:
    """Return a dishonest auctioneer whose roster of three is closed: ada, who is honest, and two others."""
    crook = Crook(make_type_specification(mechanism, **choices))
    crook.begin_play()
    return crook


def ask(wave: int = 0, kind: ReportKind = ReportKind.VALUE_AND_BELIEF, **changes: Any) -> AskReport:
    """Return the question of the lookahead-plus, or another."""
    has_belief = kind in (ReportKind.BELIEF, ReportKind.VALUE_AND_BELIEF)
    fields: dict[str, Any] = {
        "bidder": 0,
        "subjects": (1, 2) if has_belief else (),
        "weight_bits": BITS if has_belief else 0,
    }
    return AskReport(wave=wave, kind=kind, **(fields | changes))


def commit(crook: Crook, value: int = 1) -> int:
    """Let ada commit to a report with this value and log that; return where it stands."""
    asked = crook.bidder.asked
    assert isinstance(asked, TypeAsked), crook.bidder.complaint
    belief = Product.of({subject: {0: 1, 2: 1} for subject in asked.subjects}) if asked.subjects else None
    report = TypeReport(value=value if asked.asks_value else None, belief=belief)
    crook.give(TypeChosen(question=asked.question, report=CODEC.encode_type_report(report, asked.shape)))
    crook.keep()
    return len(crook.entries) - 1


def close(crook: Crook, *indexes: int, wave: int = 0) -> BidderEffects:
    """Ask ada for an opening."""
    return crook.deliver(CommitClosed(wave=wave, commitment_indexes=indexes))


def choose(crook: Crook) -> BidderEffects:
    """Let ada wish to open."""
    asked = crook.bidder.asked
    assert isinstance(asked, OpeningAsked), crook.bidder.complaint
    return crook.give(OpeningChosen(question=asked.question, opens=True))


def seal(crook: Crook) -> BidderEffects:
    """Seal what ada is about to open, as its driver does."""
    sealing = crook.bidder.sealing
    assert isinstance(sealing, SealAsked)
    sealed = seal_opening(sealing.content, recipient=sealing.recipient, info=sealing.info)
    return crook.give(OpeningSealed(question=sealing.question, sealed=sealed))


def report(crook: Crook, value: int = 1) -> None:
    """Lead ada honestly through one report."""
    close(crook, commit(crook, value))
    choose(crook)
    if crook.bidder.sealing is not None:
        seal(crook)
    for data in crook.effects.send:
        crook.keep(data)


def declare(
    winner: int | None = None, *, price: Fraction | int = 0, goods: tuple[int, ...] = (0,), **paid: int
) -> OutcomeDeclared:
    """Return an outcome of three bidders; payments by place, as `at_1=5`, the winner's its price unless given."""
    payments = [Fraction(paid.get(f"at_{place}", price if place == winner else 0)) for place in range(3)]
    awards = () if winner is None else (Award(bidder=winner, goods=goods, price=Fraction(price)),)
    return OutcomeDeclared(awards=awards, payments=tuple(payments), reason="as it pleased the auctioneer")


# --- Questions. ---

WRONG_QUESTIONS: dict[str, tuple[str, dict[str, Any], AskReport | Raise | Offer]] = {
    "about the bidder itself": (L_PLUS, {}, ask(subjects=(0, 1))),
    "about nobody of the roster": (L_PLUS, {}, ask(subjects=(1, 3))),
    "a signal where there are types": (L_PLUS, {}, ask(kind=ReportKind.SIGNAL)),
    "a belief that the mechanism does not use": ("vickrey", {}, ask(kind=ReportKind.BELIEF)),
    "openly what is private": (L, {}, ask(kind=ReportKind.VALUE)),
    "openly what was chosen to be private": (L_PLUS, {"parameters": PRIVATE}, ask()),
    "privately what is public": (L_PLUS, {}, ask(is_private=True)),
    "privately in a sealed-report auction": ("vickrey", {}, ask(kind=ReportKind.VALUE, is_private=True)),
    "weights too coarse to report anything": (L_PLUS, {}, ask(weight_bits=1)),
    "weights a little too coarse": (
        L_PLUS,
        {},
        ask(weight_bits=(weight_bits(MECHANISMS[L_PLUS], MECHANISMS[L_PLUS].configure({}), 3) or 0) - 1),
    ),
    "a level of which there is none": (L_PLUS, {}, Raise(bidder=0, wave=0, level=200)),
}


@pytest.mark.parametrize("trick", WRONG_QUESTIONS)
def test_a_question_that_the_rules_do_not_ask_is_complained_of(trick: str) -> None:
    """Before anything is said, the question itself is the evidence."""
    mechanism, choices, question = WRONG_QUESTIONS[trick]
    crook = meet(mechanism, **choices)
    crook.deliver(question)
    assert crook.complaint() is DeviationCode.WRONG_QUESTION
    assert crook.effects.send == ()


def test_the_questions_beside_the_tricks_are_answered() -> None:
    """What each mechanism really asks is no trick."""
    for mechanism, choices, question in (
        (L_PLUS, {}, ask()),
        (L_PLUS, {"parameters": PRIVATE}, ask(is_private=True)),
        (L, {}, ask(kind=ReportKind.VALUE, is_private=True)),
        (M, {}, ask(kind=ReportKind.BELIEF)),
        ("vickrey", {}, ask(kind=ReportKind.VALUE)),
    ):
        crook = meet(mechanism, **choices)
        crook.deliver(question)
        report(crook)
        assert crook.complaint() is None, (mechanism, choices)


def asks_twice_at_once(crook: Crook) -> None:
    """Ask for the next wave while the first question is open."""
    crook.deliver(ask())
    crook.deliver(ask(1))


def asks_twice_in_a_wave(crook: Crook) -> None:
    """Ask for something else in the wave that was committed to."""
    crook.deliver(ask())
    commit(crook)
    crook.deliver(ask(kind=ReportKind.VALUE))


def asks_again_after_the_opening(crook: Crook) -> None:
    """Ask the same once more."""
    crook.deliver(ask())
    report(crook)
    crook.deliver(ask())


def asks_for_an_earlier_wave(crook: Crook) -> None:
    """Ask for a wave before the last one."""
    crook.deliver(ask(3))
    report_of_wave(crook, 3)
    crook.deliver(ask(2))


def asks_a_level_in_a_wave_of_reports(crook: Crook) -> None:
    """Ask for a level where a report was asked for."""
    crook.deliver(ask())
    commit(crook)
    crook.deliver(Raise(bidder=0, wave=0, level=1))


def asks_for_a_report_in_a_wave_of_levels(crook: Crook) -> None:
    """Ask for a report where a level was asked for."""
    crook.deliver(Raise(bidder=0, wave=0, level=1))
    assert crook.effects.ask is not None
    crook.give(Decided(question=crook.effects.ask.question, accepts=True))
    crook.keep()
    crook.deliver(ask())


def closes_what_was_not_asked(crook: Crook) -> None:
    """Ask for an opening of what is no commitment: ada's seed part."""
    close(crook, len(crook.entries) - 1)


def closes_another_wave(crook: Crook) -> None:
    """Ask for an opening of another wave."""
    crook.deliver(ask())
    close(crook, commit(crook), wave=1)


def closes_twice(crook: Crook) -> None:
    """Ask for the opening while it is being asked for."""
    crook.deliver(ask())
    at = commit(crook)
    close(crook, at)
    close(crook, at)


def closes_again_after_the_opening(crook: Crook) -> None:
    """Ask for the opening once more."""
    crook.deliver(ask())
    report(crook)
    close(crook, *range(len(crook.entries)))


def closes_before_the_commitment(crook: Crook) -> None:
    """Ask for the opening before there is a commitment."""
    crook.deliver(ask())
    close(crook, len(crook.entries) - 2)


def closes_while_something_else_is_asked(crook: Crook) -> None:
    """Ask for the opening while the next wave is asked."""
    crook.deliver(ask())
    at = commit(crook)
    crook.deliver(ask(1))
    close(crook, at)


def closes_what_it_called_late(crook: Crook) -> None:
    """Ask for the opening of what was called late."""
    crook.deliver(ask())
    at = commit(crook)
    crook.deliver(Lapse(subject=LapseSubject.COMMITMENT, bidder=0))
    close(crook, at)


TRICKS: dict[Callable[[Crook], None], DeviationCode] = {
    asks_twice_at_once: DeviationCode.WRONG_QUESTION,
    asks_twice_in_a_wave: DeviationCode.WRONG_QUESTION,
    asks_again_after_the_opening: DeviationCode.WRONG_QUESTION,
    asks_for_an_earlier_wave: DeviationCode.WRONG_QUESTION,
    asks_a_level_in_a_wave_of_reports: DeviationCode.WRONG_QUESTION,
    asks_for_a_report_in_a_wave_of_levels: DeviationCode.WRONG_QUESTION,
    closes_what_was_not_asked: DeviationCode.WRONG_QUESTION,
    closes_another_wave: DeviationCode.WRONG_QUESTION,
    closes_twice: DeviationCode.WRONG_QUESTION,
    closes_again_after_the_opening: DeviationCode.WRONG_QUESTION,
    closes_before_the_commitment: DeviationCode.WRONG_QUESTION,
    closes_while_something_else_is_asked: DeviationCode.WRONG_QUESTION,
    closes_what_it_called_late: DeviationCode.WRONG_QUESTION,
}


def report_of_wave(crook: Crook, wave: int) -> None:
    """Lead ada honestly through a report of another wave than the first."""
    close(crook, commit(crook), wave=wave)
    choose(crook)
    crook.keep()


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_a_report_is_asked_for_once_and_in_order(trick: Callable[[Crook], None]) -> None:
    """Whoever had committed twice in a wave, or opened twice, could be made to contradict itself."""
    crook = meet()
    trick(crook)
    assert crook.complaint() is TRICKS[trick]


def test_a_second_closing_finds_nothing_to_open_while_the_first_is_sealed() -> None:
    """Between choosing to open and the seal nothing else may be asked, or the seal would go to another question."""
    for question in (ask(1, is_private=True), CommitClosed(wave=0, commitment_indexes=(7,))):
        crook = meet(parameters=PRIVATE)
        crook.deliver(ask(is_private=True))
        close(crook, commit(crook))
        choose(crook)
        crook.deliver(question)
        assert crook.complaint() is DeviationCode.WRONG_QUESTION
        assert crook.bidder.complaint is not None


@pytest.mark.parametrize("listed", [(), (0, 1, 2)], ids=["nobody's", "others'"])
def test_commitments_cannot_be_closed_without_this_bidders(listed: tuple[int, ...]) -> None:
    """The list that is to be opened leaves ada's commitment out: it is suppressed, and opens nothing."""
    crook = meet()
    crook.deliver(ask())
    commit(crook)
    assert close(crook, *listed).send == ()
    assert crook.complaint() is DeviationCode.SUPPRESSED


def test_a_commitment_that_was_never_logged_is_not_opened() -> None:
    """An auctioneer that keeps the commitment out of the log and asks for its opening is found."""
    crook = meet()
    crook.deliver(ask())
    asked = crook.bidder.asked
    assert isinstance(asked, TypeAsked)
    value = TypeReport(value=1, belief=Product.of({1: {0: 1}, 2: {0: 1}}))
    crook.give(TypeChosen(question=asked.question, report=CODEC.encode_type_report(value, asked.shape)))
    close(crook, len(crook.entries))
    assert crook.doubt() is DeviationCode.SUPPRESSED
    assert crook.bidder.asked is None


@pytest.mark.parametrize("kind", [ReportKind.VALUE_AND_BELIEF, ReportKind.VALUE, ReportKind.BELIEF])
def test_another_bidders_ask_report_is_not_answered(kind: ReportKind) -> None:
    """Whoever shows it to ada, who could answer every word of it, gets no commitment, and ada blames nobody."""
    crook = meet()
    crook.deliver(ask(kind=kind, bidder=1))
    assert crook.doubt() is DeviationCode.MALFORMED
    assert crook.bidder.asked is None
    crook.deliver(ask())
    assert isinstance(crook.bidder.asked, TypeAsked)


def test_another_bidders_ask_report_leaves_the_own_one_open() -> None:
    """What ada was asked itself is still to be answered, and is."""
    crook = meet()
    crook.deliver(ask())
    asked = crook.bidder.asked
    crook.deliver(ask(bidder=2, subjects=(0, 1)))
    assert crook.doubt() is DeviationCode.MALFORMED
    assert crook.bidder.asked == asked
    close(crook, commit(crook))
    assert crook.bidder.complaint is None
    assert crook.effects.ask is not None


def test_a_list_of_others_commitments_is_none_of_this_bidders() -> None:
    """Where ada has committed in another wave, or in none, the list of a wave concerns others: nothing is opened."""
    crook = meet()
    crook.deliver(ask())
    report(crook)
    assert close(crook, 1, 2, wave=1).send == ()
    assert crook.doubt() is DeviationCode.MALFORMED


def test_a_commitment_that_was_called_late_is_missing_from_no_list() -> None:
    """Whoever keeps the lapse from ada and shows it the rest makes it accuse nobody of having left it out."""
    crook = meet()
    crook.deliver(ask())
    asked = crook.bidder.asked
    assert isinstance(asked, TypeAsked)
    value = TypeReport(value=1, belief=Product.of({1: {0: 1}, 2: {0: 1}}))
    crook.give(TypeChosen(question=asked.question, report=CODEC.encode_type_report(value, asked.shape)))
    (late,) = crook.effects.send
    crook.write(Lapse(subject=LapseSubject.COMMITMENT, bidder=0))
    crook.deliver(
        DeviationNoted(
            deviation=DeviationCode.LATE, accused_id=key_of(NAME).sender_id, evidence=late, detail="too late"
        )
    )
    close(crook, 1, 2)
    assert crook.doubt() is DeviationCode.MALFORMED


def test_a_commitment_that_is_called_wrong_once_it_is_listed_is_opened_all_the_same() -> None:
    """The list is signed: what is said of the commitment afterwards takes nothing back, and breaks nothing."""
    crook = meet()
    crook.deliver(ask())
    at = commit(crook)
    close(crook, at)
    crook.deliver(
        DeviationNoted(
            deviation=DeviationCode.NOT_ASKED,
            accused_id=key_of(NAME).sender_id,
            evidence=crook.entries[at],
            detail="not asked",
        )
    )
    assert len(choose(crook).send) == 1


def test_a_lapse_of_somebody_else_is_none_of_this_bidders() -> None:
    """It would make ada give up its own report: whoever delivered it, ada goes on."""
    crook = meet()
    crook.deliver(ask())
    crook.deliver(Lapse(subject=LapseSubject.COMMITMENT, bidder=1))
    assert crook.doubt() is DeviationCode.MALFORMED
    assert crook.bidder.asked is not None


def test_a_key_to_which_nothing_can_be_sealed_is_found() -> None:
    """A low-order opening key would make every seal the same: the driver cannot seal, and says why."""
    for recipient in (bytes(32), (1).to_bytes(32, "little")):
        with pytest.raises(PeerError, match="no X25519 key that can be sealed to"):
            seal_opening(b"n" * 32 + b"r", recipient=recipient, info=b"")


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32], ids=["zeros", "ones"])
def test_another_opening_key_than_the_sessions_is_complained_of(secret: bytes) -> None:
    """What is disclosed at settlement must open what was sealed."""
    crook = meet(L)
    crook.deliver(ask(kind=ReportKind.VALUE, is_private=True))
    report(crook)
    crook.deliver(declare())
    crook.deliver(OpeningKeyDisclosed(secret=secret))
    assert crook.complaint() is DeviationCode.OPENING_KEY_MISSING


# --- Outcomes. ---


@pytest.mark.parametrize(
    "outcome",
    [
        declare(0, price=5),
        declare(0, price=Fraction(9, 2)),
        declare(0, price=4, at_0=5),
        declare(0, price=4, goods=(1,)),
        declare(1, price=4, at_0=1),
        declare(at_0=1),
        OutcomeDeclared(awards=(), payments=(Fraction(0),), reason="too few"),
    ],
    ids=["above", "a little above", "more than the price", "other goods", "a loser", "unsold", "too few"],
)
def test_an_outcome_against_the_own_report_is_complained_of(outcome: OutcomeDeclared) -> None:
    """Ada has reported that the lot is worth 4 to it."""
    crook = meet()
    crook.deliver(ask())
    report(crook, value=1)
    crook.deliver(outcome)
    assert crook.complaint() is DeviationCode.WRONG_OUTCOME


@pytest.mark.parametrize(
    "outcome", [declare(0, price=4), declare(0, price=4, at_0=3), declare(1, price=6), declare()]
)
def test_an_outcome_that_may_be_right_is_taken(outcome: OutcomeDeclared) -> None:
    """At most the reported value, less a reward; or nothing to pay."""
    crook = meet()
    crook.deliver(ask())
    report(crook, value=1)
    crook.deliver(outcome)
    assert crook.complaint() is None


@pytest.mark.parametrize("mechanism", [L_PLUS, M, "vickrey", "english", "posted-prices"])
def test_nothing_is_sold_to_a_bidder_that_agreed_to_nothing(mechanism: str) -> None:
    """Neither a value was reported nor a price accepted: there is nothing to sell at, not even the lowest price."""
    prior = independent() if MECHANISMS[mechanism].uses_prior else None
    crook = meet(mechanism, market=make_type_market(prior=prior))
    crook.deliver(declare(0, price=1))
    assert crook.complaint() is DeviationCode.WRONG_OUTCOME


def test_an_informant_is_sold_nothing() -> None:
    """Who was asked only for its belief has named no price: it can be paid, and not made to buy."""
    for outcome, expected in (
        (declare(0, price=1000), DeviationCode.WRONG_OUTCOME),
        (declare(1, price=4, at_0=-1), None),
    ):
        crook = meet(M)
        crook.deliver(ask(kind=ReportKind.BELIEF))
        report(crook)
        crook.deliver(outcome)
        assert crook.complaint() is expected


@pytest.mark.parametrize(("price", "expected"), [(1, None), (4, None), (5, DeviationCode.WRONG_OUTCOME)])
def test_the_english_clock_binds_the_seller_too(price: int, expected: DeviationCode | None) -> None:
    """Ada has accepted 4, the second of the listed values: it pays no more than that."""
    crook = meet("english")
    crook.climb(1)
    crook.climb(2)
    crook.deliver(declare(0, price=price))
    assert crook.complaint() is expected


@pytest.mark.parametrize(("price", "expected"), [(4, None), (5, DeviationCode.WRONG_OUTCOME)])
def test_a_posted_price_is_the_price(price: int, expected: DeviationCode | None) -> None:
    """What was offered and accepted is what is paid."""
    crook = meet("posted-prices", market=make_type_market(prior=correlated()))
    crook.deliver(Offer(bidder=0, wave=0, level=1, target=1, price=4))
    crook.decide(accepts=True)
    crook.keep()
    crook.deliver(declare(0, price=price))
    assert crook.complaint() is expected


def test_bundles_are_held_to_what_each_is_worth() -> None:
    """The price of each bundle is compared with its own reported value."""
    environment = Environment(kind="bundles", goods=("a", "b"), units=(1, 1), bundles=((0,), (1,), (0, 1)))
    for goods, price, expected in (
        ((0,), 4, None),
        ((0,), 5, DeviationCode.WRONG_OUTCOME),
        ((0, 1), 6, None),
        ((0, 1), 7, DeviationCode.WRONG_OUTCOME),
    ):
        crook = meet("vcg", market=make_type_market(environment=environment))
        crook.deliver(ask(kind=ReportKind.VALUE))
        report(crook, value=1)
        crook.deliver(declare(0, price=price, goods=goods))
        assert crook.complaint() is expected, (goods, price)


def test_what_ada_said_meanwhile_is_one_commitment_and_one_opening() -> None:
    """The stage of these tests is that of a real bidder: its messages are what a log would hold."""
    crook = meet()
    crook.deliver(ask())
    report(crook)
    said = [READER.read_message(READER.read_envelope(data))[1] for data in crook.entries]
    assert [type(body) for body in said if isinstance(body, ReportCommit | ReportOpening)] == [
        ReportCommit,
        ReportOpening,
    ]
    assert crook.bidder.name == NAME
