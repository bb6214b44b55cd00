"""Exact expectation of a mechanism over all its random choices, at given signals or over all signals.

Decides: who wins with which probability, and the expected welfare, revenue, payments and utilities, as
fractions; over all signals, also what each signal of each bidder gets. Refuses: signals that do not fit the market,
and instances with more profiles, or whose trees of choices are larger, than the limits. Called by `auctioneer expect`
and by the tests that hold each registered guarantee against the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

from openoutcry.errors import TooLargeError, UsageError
from openoutcry.mechanisms.answering import Answerer
from openoutcry.mechanisms.budget import Budget, spread
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Conversation
from openoutcry.mechanisms.exploring import (
    DEFAULT_RUN_LIMIT,
    Answerers,
    SettlementDistribution,
    outcome_distribution,
)
from openoutcry.mechanisms.interim import NOTHING, Interim, InterimSums
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.parameters import show_count

PROFILE_LIMIT = 20_000
"""Profiles of signals or types that are gone through one by one: at some milliseconds each, a minute or two."""

Progress = Callable[[int, int], None]
"""Told how many profiles of how many are done."""

ParametersT = TypeVar("ParametersT")
ParametersT_contra = TypeVar("ParametersT_contra", contravariant=True)


class Conversing(Protocol[ParametersT_contra]):
    """The part of a registered mechanism that an expectation needs."""

    def converse(self, market: Market, parameters: ParametersT_contra, chance: Chance, /) -> Conversation:
        """Begin the mechanism's conversation on `market`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a mechanism does on average over its own coins, at one profile of signals or over all of them.

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
        profiles: How many profiles of signals it went through.
        interim: Over all signals: length n, for each bidder what each of its k signals gets; empty at one profile.
    """

    win_probability: tuple[Fraction, ...]
    unsold_probability: Fraction
    welfare: Fraction
    revenue: Fraction
    optimum: Fraction
    payments: tuple[Fraction, ...]
    utilities: tuple[Fraction, ...]
    runs: int
    profiles: int = 1
    interim: tuple[tuple[Interim | None, ...], ...] = ()


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
        TooLargeError: The tree of random choices is larger than `limit` allows.
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


def expect_over_signals(
    market: Market,
    mechanism: Conversing[ParametersT],
    parameters: ParametersT,
    answerers_at: Callable[[tuple[int, ...]], Sequence[Answerer]],
    *,
    memoise: bool = True,
    limit: int = DEFAULT_RUN_LIMIT,
    profile_limit: int = PROFILE_LIMIT,
    progress: Progress | None = None,
) -> Expectation:
    """Compute the exact expectation where every bidder has each signal with probability 1/k, independently.

    Args:
        market: As in `expect`.
        mechanism: As in `expect`.
        parameters: As in `expect`.
        answerers_at: Gives the answerers at a profile of signals.
        memoise: As in `outcome_distribution`.
        limit: Most runs of the conversation to spend, for all profiles together.
        profile_limit: Most profiles to go through.
        progress: Told after each profile.

    Raises:
        UsageError: As in `expect`.
        TooLargeError: There are more than `profile_limit` profiles, or they take more runs than `limit`.
    """
    levels, bidders = market.signal_levels, len(market.bidders)
    count = levels**bidders
    if count > profile_limit:
        raise TooLargeError(
            f"{bidders} bidders with {levels} signals each have {show_count(count)} profiles of signals; at most "
            f"{profile_limit} are gone through exactly: take fewer bidders or signals, or estimate from a sample",
            size=count,
            limit=profile_limit,
        )
    sums = _Sums([levels] * bidders)
    budget = Budget(limit, count, "signals")
    for done, number in enumerate(spread(count), start=1):
        signals = tuple(number // levels**place % levels for place in range(bidders))
        try:
            found = expect(
                market,
                mechanism,
                parameters,
                answerers_at(signals),
                signals,
                memoise=memoise,
                limit=budget.left,
            )
        except TooLargeError as error:
            raise budget.refusal(budget.runs + error.size) from error
        sums.add(signals, found)
        if progress is not None:
            progress(done, count)
        budget.spend(found.runs)
    return sums.expectation(count, budget.runs)


class _Sums:
    """Adds up what happens at profiles of signals that are all equally likely.

    Args:
        counts: Length n: how many signals each bidder may have.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self._totals = {name: [NOTHING] * len(counts) for name in ("wins", "payments", "utilities")}
        self._welfare = NOTHING
        self._optimum = NOTHING
        self._interim = InterimSums(counts)

    def add(self, signals: tuple[int, ...], found: Expectation) -> None:
        """Add what happens at these signals."""
        each = found.win_probability, found.payments, found.utilities
        for total, part in zip(self._totals.values(), each, strict=True):
            total[:] = [
                before + added if added else before for before, added in zip(total, part, strict=True)
            ]
        self._welfare += found.welfare
        self._optimum += found.optimum
        # Profiles are counted here, and made probabilities of in the end.
        self._interim.add(signals, Fraction(1), *each)

    def expectation(self, count: int, runs: int) -> Expectation:
        """Return the average over `count` profiles."""
        wins, payments, utilities = (
            tuple(number / count for number in total) for total in self._totals.values()
        )
        return Expectation(
            win_probability=wins,
            unsold_probability=1 - sum(wins, NOTHING),
            welfare=self._welfare / count,
            revenue=sum(payments, NOTHING),
            optimum=self._optimum / count,
            payments=payments,
            utilities=utilities,
            runs=runs,
            profiles=count,
            interim=self._interim.interim(count),
        )


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
        optimum=Fraction(max(values)),
        payments=tuple(payments),
        utilities=tuple(gain - payment for gain, payment in zip(gains, payments, strict=True)),
        runs=distribution.runs,
    )
