"""The reasons that mechanisms give: their amounts are in the currency, whatever its minor units."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from openoutcry.mechanisms import MECHANISMS
from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.conversation import Conversation, Outcome
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Market
from openoutcry.protocol.draws import SeededChance
from openoutcry.simulation import Auction
from openoutcry.simulation.table import Private, Table
from openoutcry.strategies import Strategy
from tests.simulation.crowd_stage import correlated, independent, knowledge, make_type_market, telling
from tests.simulation.markets import make_market

SCALE = 100
PRIORS: dict[str, Callable[[int], Distribution]] = {"myerson": independent, "cremer-mclean": telling}


def in_cents(market: Market | TypeMarket) -> Market | TypeMarket:
    """Return the same market with every value in hundredths."""
    if isinstance(market, TypeMarket):
        types = [[tuple(SCALE * value for value in row) for row in bidder.types] for bidder in market.bidders]
        bidders = [
            replace(bidder, types=tuple(known)) for bidder, known in zip(market.bidders, types, strict=True)
        ]
        return replace(market, minor_units=2, bidders=tuple(bidders), clock=())
    dearer = []
    for bidder in market.bidders:
        worth = bidder.valuation
        assert isinstance(worth, Linear)
        weights = tuple(SCALE * weight for weight in worth.weights)
        dearer.append(replace(bidder, valuation=Linear(constant=SCALE * worth.constant, weights=weights)))
    return replace(market, minor_units=2, bidders=tuple(dearer))


def reasons(
    market: Market | TypeMarket,
    mechanism: str,
    parameters: dict[str, object],
    private: Sequence[Private],
    seed: int,
) -> list[str]:
    """Return the reason of every wave, and of the outcome, of one auction among truthful bidders."""
    told: list[str] = []

    def listening(conversation: Conversation) -> Conversation:
        """Note the reasons of a conversation."""
        answers = None
        try:
            while True:
                wave = next(conversation) if answers is None else conversation.send(answers)
                told.append(wave.reason)
                answers = yield wave
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    coin = bytes([seed]) * 32
    table = Table(
        market=market,
        mechanism=mechanism,
        private=private,
        strategies=[Strategy()] * len(private),
        bidder_seed=coin,
    )
    auction = Auction(market, mechanism, parameters)
    outcome = table.hold(listening(auction.converse(SeededChance(coin, len(private)))))
    return [*told, outcome.reason]


def cases() -> list[tuple[str, dict[str, object]]]:
    """Return every registered mechanism, in each of its forms and prices."""
    found = []
    for name, mechanism in MECHANISMS.items():
        choices: dict[str, Sequence[object]] = {
            parameter.name: parameter.choices
            for parameter in mechanism.parameters
            if parameter.name in ("form", "pricing", "order") and parameter.choices
        }
        found += [(name, dict(zip(choices, chosen, strict=True))) for chosen in product(*choices.values())]
    return found


@pytest.mark.parametrize(("mechanism", "parameters"), cases())
def test_amounts_in_reasons_are_in_the_currency(mechanism: str, parameters: dict[str, object]) -> None:
    """A market whose money is counted in hundredths gives the reasons of the same market without them."""
    market: Market | TypeMarket
    is_typed = MECHANISMS[mechanism].market == "types"
    prior = PRIORS.get(mechanism, correlated)(4)
    market = (
        make_type_market(4, prior=prior if MECHANISMS[mechanism].uses_prior else None)
        if is_typed
        else make_market()
    )
    for seed, profile in enumerate(product((0, 1, 2), (0, 2), (1, 2), (0, 1))):
        private: Sequence[Private] = knowledge(prior, profile) if is_typed else profile
        told = reasons(market, mechanism, parameters, private, seed)
        cents = reasons(in_cents(market), mechanism, parameters, private, seed)
        assert [numbers(text) for text in cents] == [numbers(text) for text in told]


def numbers(reason: str) -> tuple[str, list[Fraction]]:
    """Return a reason without its numbers, and its numbers; rewards do not grow with values, and are left out."""
    sold = re.split(r"; [^;]* (?:is|are) rewarded with ", reason)[0]
    return re.sub(r"\d+(?:\.\d+)?", "#", sold), [
        Fraction(found) for found in re.findall(r"\d+(?:\.\d+)?", sold)
    ]


@pytest.mark.parametrize(
    ("amount", "minor_units", "shown"),
    [
        (1250, 2, "12.50"),
        (-5, 2, "-0.05"),
        (7, 0, "7"),
        (Fraction(1, 2), 0, "1/2"),
        (Fraction(25, 3), 2, "1/12"),
        (Fraction(1, 3**20), 2, "about 2.86797e-12"),
    ],
)
def test_amounts_are_shown_in_the_currency(amount: Fraction | int, minor_units: int, shown: str) -> None:
    """Whole minor units have all digits of the currency, parts of them are exact."""
    assert show_in_currency(amount, minor_units) == shown
