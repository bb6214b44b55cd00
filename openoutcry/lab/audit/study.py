"""Mechanisms that look right and are not, for study: an audit finds them by name, and sessions and campaigns do not.

Each is what a paper prints, or what one would write first, before the repair that the registered mechanism has. They
claim what they were printed with, so that an audit says what is wrong with them. Two are no mechanisms of their own but
choices that a registered one offers and warns of; those a session can run, under the registered name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from openoutcry.lab.audit.properties import Claims, Property
from openoutcry.mechanisms.asking import ask_climbs
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import OPENINGS, Direct, ask_bids, configure_direct
from openoutcry.mechanisms.conversation import Award, Climb, Conversation
from openoutcry.mechanisms.crowd import crowdsourced_lookahead
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.lookahead import highest_bidder, second_bid
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Sale, settle
from openoutcry.mechanisms.crowd.strictness import draw_lottery
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import check_names
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.settlement import sale

_CLOCK_PAPER = "Prior-Free Clock Auctions for Bidders with Interdependent Values"
_CROWD_PAPER = "Crowdsourced Bayesian Auctions"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMechanism:
    """A mechanism for study.

    Attributes:
        mechanism: As a registered one would be.
        wrong: What is, in one clause.
        claims: What it was printed with, on a market with parameters.
        stands_for: The registered mechanism of which it is a choice of parameters, held here to what was printed; empty
            when there is none.
        session_parameters: Of that one, from its own: with them a session runs the very same.
    """

    mechanism: Mechanism
    wrong: str
    claims: Callable[[Market | TypeMarket, object], Claims]
    stands_for: str = ""
    session_parameters: Callable[[Mapping[str, object]], Mapping[str, object]] = dict


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChoices:
    """There is nothing to choose."""


def _choose_nothing(name: str) -> Callable[[Mapping[str, object]], NoChoices]:
    def configure(raw: Mapping[str, object]) -> NoChoices:
        check_names(name, raw, ())
        return NoChoices()

    return configure


def _narrowed(
    name: str,
    registered: Mechanism,
    choose: Callable[[Mapping[str, object]], Mapping[str, object]],
    fixed: str,
) -> Callable[[Mapping[str, object]], Any]:
    """Return how parameters are read for a registered mechanism of which one parameter is chosen already."""

    def configure(raw: Mapping[str, object]) -> Any:
        check_names(name, raw, tuple(known for known in registered.parameters if known.name != fixed))
        return registered.configure(choose(raw))

    return configure


def _promise_nothing(market: object, parameters: object) -> Guarantee:
    return Guarantee(welfare=None, revenue=None, text="none: it is there for study")


def _claim_all(market: Market | TypeMarket, parameters: object) -> Claims:
    return Claims()


def _claim_sealed(market: Market | TypeMarket, parameters: object) -> Claims:
    return Claims(denied={Property.OBVIOUS: "it is sealed"})


# --- The uniform clock that asks everybody at once --------------------------------------------------------


def _ask_all_at_once(market: Market, parameters: NoChoices, chance: Chance) -> Conversation:
    active, clocks = list(range(len(market.bidders))), [0] * len(market.bidders)
    for level in range(1, market.signal_levels):
        if len(active) == 1:
            break
        questions = tuple(Climb(bidder=bidder, target=level) for bidder in active)
        answers = yield from ask_climbs(questions, reason="all clocks rise together", state=dict)
        staying = []
        for bidder, answer in zip(active, answers, strict=True):
            clocks[bidder] = answer.level
            if not answer.exited:
                staying.append(bidder)
        if not staying:
            break
        active = staying
    winner = active[0]
    price = market.value(winner, market.state(clocks))
    return sale(market, winner, price, "it left last and pays its value at the levels that were accepted")


UNIFORM_AT_ONCE = StudyMechanism(
    mechanism=Mechanism(
        name="uniform-clock-at-once",
        summary="all clocks rise together, all asked at once",
        source=f"{_CLOCK_PAPER}: footnote 2, as one would read it first",
        parameters=(),
        asks="At each level everybody still active is asked at once, until one is left.",
        learns="A bidder that ties favour would have won one level lower, and gains by leaving there.",
        repaired="Nothing, on purpose.",
        configure=_choose_nothing("uniform-clock-at-once"),
        converse=_ask_all_at_once,
        guarantee=_promise_nothing,
    ),
    wrong=(
        "all clocks rise together, everybody is asked at once, and the winner pays its value at the"
        " level just accepted: whom ties favour gains by leaving one earlier"
    ),
    claims=_claim_all,
)


# --- The slot draw ----------------------------------------------------------------------------------------


_LOTTERY = find_mechanism("threshold-lottery")


def _with_slots(raw: Mapping[str, object]) -> Mapping[str, object]:
    return {**raw, "slots": "uniform"}


SLOT_DRAW = StudyMechanism(
    mechanism=replace(
        _LOTTERY,
        name="slot-draw",
        summary="of those who may buy, the one in a random place",
        repaired="Nothing, on purpose.",
        parameters=tuple(p for p in _LOTTERY.parameters if p.name != "slots"),
        configure=_narrowed("slot-draw", _LOTTERY, _with_slots, "slots"),
    ),
    wrong=("the eligible bidder in a random place buys: truthful on average over the places, not for each"),
    claims=_claim_sealed,
    stands_for=_LOTTERY.name,
    session_parameters=_with_slots,
)


# --- The literal lookahead --------------------------------------------------------------------------------

_LOOKAHEAD = find_mechanism(crowdsourced_lookahead.NAME)


def _read_literally(raw: Mapping[str, object]) -> Mapping[str, object]:
    # A reward so small that only the reading can make overbidding pay.
    return {"reward": "1/1000000", "delta": "1/100", **raw, "reading": "literal"}


def _claim_literal(market: Market | TypeMarket, parameters: object) -> Claims:
    assert isinstance(parameters, CrowdChoices)
    count = len(market.bidders)
    return Claims(
        denied={
            Property.EVERY_COIN: "the highest bidder is rewarded most, which only the lottery outweighs",
            Property.OBVIOUS: "it is sealed",
        },
        most_paid_out=parameters.reward * (2 - Fraction(1, count)),
    )


LITERAL_LOOKAHEAD = StudyMechanism(
    mechanism=replace(
        _LOOKAHEAD,
        name="literal-lookahead",
        summary="crowdsourced lookahead, its price read literally",
        repaired="Nothing, on purpose.",
        parameters=tuple(p for p in _LOOKAHEAD.parameters if p.name != "reading"),
        configure=_narrowed("literal-lookahead", _LOOKAHEAD, _read_literally, "reading"),
    ),
    wrong="the lookahead price as printed: it can lie below other bids, so that overbidding pays",
    claims=_claim_literal,
    stands_for=_LOOKAHEAD.name,
    session_parameters=_read_literally,
)


# --- The printed lottery ----------------------------------------------------------------------------------

_DELTA = Fraction(1, 2)
_DISCOUNT = Fraction(1, 2)


def _print_lottery(market: TypeMarket, parameters: Direct, chance: Chance) -> Conversation:
    bids = yield from ask_bids(market, parameters.openings)
    if not bids:
        return settle(market, Sale(awards=(), reason="nobody reported a value"))
    if chance.bernoulli("printed-lottery/mixture", _DELTA):
        drawn = draw_lottery(market, bids, _DISCOUNT, chance, prefix="printed-lottery", literal=True)
        return settle(market, drawn)
    winner = highest_bidder(market, bids)
    award = Award(bidder=winner, goods=(0,), price=Fraction(second_bid(market, winner, bids)))
    return settle(market, Sale(awards=(award,), reason="the highest buys at the second bid"))


PRINTED_LOTTERY = StudyMechanism(
    mechanism=Mechanism(
        name="printed-lottery",
        summary="Vickrey's auction, mixed with Lemma 1 as printed",
        source=f"{_CROWD_PAPER}: Lemma 1",
        parameters=(OPENINGS,),
        asks="Everybody commits to its value in one wave.",
        learns="At the price 0 the lottery pays its buyer, and the seller loses what the lemma says it does not.",
        repaired="Nothing, on purpose.",
        configure=configure_direct("printed-lottery"),
        converse=_print_lottery,
        guarantee=_promise_nothing,
        market="types",
    ),
    wrong="the lottery of Lemma 1 as printed: at the price 0 it pays its buyer, and the seller loses",
    claims=_claim_sealed,
)

STUDY_MECHANISMS: Mapping[str, StudyMechanism] = MappingProxyType(
    {
        study.mechanism.name: study
        for study in (UNIFORM_AT_ONCE, SLOT_DRAW, LITERAL_LOOKAHEAD, PRINTED_LOTTERY)
    }
)
