"""Exact expectation of a mechanism over all its random choices, at given signals and given answers.

Decides: who wins with which probability, and the expected welfare, revenue, payments and utilities, as
fractions. Refuses: signals that do not fit the market, and instances whose tree of choices is beyond the
limit. Called by `auctioneer expect` and by the tests that hold each registered guarantee against the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

from openoutcry.errors import UsageError
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.exploring import (
    DEFAULT_RUN_LIMIT,
    Answerers,
    SettlementDistribution,
    outcome_distribution,
)
from openoutcry.mechanisms.market import Market

ParametersT = TypeVar("ParametersT")
ParametersT_contra = TypeVar("ParametersT_contra", contravariant=True)


class Conversing(Protocol[ParametersT_contra]):
    """The part of a registered mechanism that an expectation needs."""

    def converse(self, market: Market, parameters: ParametersT_contra, chance: Chance, /) -> Conversation:
        """Begin the mechanism's conversation on `market`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a mechanism does on average over its own coins, at one profile of signals.

    Money is in minor units. Values and welfare count the true signals, whatever was answered.

    Attributes:
        win_probability: Length n.
        unsold_probability: That nobody buys; with `win_probability` it sums to 1.
        welfare: Expected value of the lot to whoever gets it, 0 when nobody does.
        revenue: Expected sum of all payments.
        optimum: Highest value that any bidder has for the lot.
        payments: Length n: what each bidder pays on average.
        utilities: Length n: value when winning less payment, on average.
        runs: How many runs of the conversation this took.
    """

    win_probability: tuple[Fraction, ...]
    unsold_probability: Fraction
    welfare: Fraction
    revenue: Fraction
    optimum: int
    payments: tuple[Fraction, ...]
    utilities: tuple[Fraction, ...]
    runs: int


def expect(
    market: Market,
    mechanism: Conversing[ParametersT],
    parameters: ParametersT,
    answerers: Answerers,
    signals: Sequence[int],
    *,
    memoise: bool = True,
    limit: int = DEFAULT_RUN_LIMIT,
) -> Expectation:
    """Compute the exact expectation.

    Args:
        market: Lot, groups, bidders and their public valuations.
        mechanism: A registered mechanism, or anything that converses as one.
        parameters: As the mechanism's `configure` made them.
        answerers: Length n, by roster index, such as `answer_with_signal(signals[i])`; or a function that
            makes them anew for each run, then with `memoise=False`.
        signals: Length n, the true ones, each in 0..k-1.
        memoise: As in `outcome_distribution`.
        limit: Most runs of the conversation to spend.

    Raises:
        UsageError: Signals or answerers do not fit the market, or as in `outcome_distribution`.
        ConfigurationError: The tree of random choices is larger than `limit` allows.
    """
    count = len(market.bidders)
    if len(signals) != count or not all(0 <= signal < market.signal_levels for signal in signals):
        raise UsageError(
            f"signals {tuple(signals)} do not fit the market: it has {count} bidders with signals "
            f"0..{market.signal_levels - 1}"
        )
    if not callable(answerers) and len(answerers) != count:
        raise UsageError(f"{len(answerers)} answerers for {count} bidders: give one for each")
    distribution = outcome_distribution(
        lambda chance: mechanism.converse(market, parameters, chance), answerers, memoise=memoise, limit=limit
    )
    return _summarise(market, signals, distribution)


def _summarise(market: Market, signals: Sequence[int], distribution: SettlementDistribution) -> Expectation:
    count = len(market.bidders)
    state = market.state(signals)
    values = tuple(market.value(bidder, state) for bidder in range(count))
    wins = [Fraction(0)] * count
    payments = [Fraction(0)] * count
    for settlement, probability in distribution.probabilities.items():
        for award in settlement.awards:
            wins[award.bidder] += probability
        for bidder, payment in enumerate(settlement.payments):
            payments[bidder] += probability * payment
    gains = tuple(win * value for win, value in zip(wins, values, strict=True))
    return Expectation(
        win_probability=tuple(wins),
        unsold_probability=1 - sum(wins, Fraction(0)),
        welfare=sum(gains, Fraction(0)),
        revenue=sum(payments, Fraction(0)),
        optimum=max(values),
        payments=tuple(payments),
        utilities=tuple(gain - payment for gain, payment in zip(gains, payments, strict=True)),
        runs=distribution.runs,
    )
