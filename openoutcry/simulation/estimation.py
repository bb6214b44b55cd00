"""Estimates where an exact expectation is out of reach: many auctions played with one seed, and what they average to.

Decides: how every auction draws its types, its strategies' luck and its mechanism's luck from the seed and its number;
the averages, and intervals around them. Refuses what cannot be played at all. Called by `auctioneer expect --estimate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.knowledge import Cell
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.sampling import draw_profile
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol.draws import SeededChance, keyed_hash
from openoutcry.protocol.framing import lp
from openoutcry.scenario.model import DEFAULT_STRATEGY, Scenario
from openoutcry.scenario.private import belief_of
from openoutcry.simulation.averages import Interval, Moments, ratio
from openoutcry.simulation.expectation import (
    MechanismChoice,
    Over,
    choose_over,
    market_for,
    own_choice,
    private_types,
)
from openoutcry.simulation.play import Auction, PlayResult
from openoutcry.simulation.player import Default
from openoutcry.simulation.private import check_prior_reportable
from openoutcry.simulation.seeds import read_seed
from openoutcry.simulation.table import Private
from openoutcry.strategies import PrivateKnowledge, load_strategy

Draw = Callable[[int], Sequence[Private]]
"""Gives what everybody privately knows in the auction of this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimEstimate:
    """What one bidder with one type or signal got on average.

    Attributes:
        auctions: In how many auctions the bidder had it, at least 1.
        win_probability: Given it.
        payment: Given it, in minor units.
        utility: Given it, in minor units.
    """

    auctions: int
    win_probability: Interval
    payment: Interval
    utility: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioEstimate:
    """What a mechanism did on average in auctions of a scenario; money in minor units, bidders in roster order.

    Attributes:
        choice: The mechanism.
        over: What signals or types were: those given, drawn from the prior, or any signals, equally likely.
        guarantee: What the mechanism promises there.
        seed: Of which everything that was drawn follows.
        auctions: How many were played, at least 2.
        wanted: How many were to be played.
        win_probability: Length n: that the bidder gets something.
        unsold_probability: That nobody gets anything.
        welfare: Value of what the bidders get.
        revenue: Sum of all payments.
        optimum: Greatest welfare of any feasible assignment; None where that is too large to tell.
        welfare_share: Average welfare over average optimum; None without an optimum above 0.
        payments: Length n.
        rewards: Length n: prices of what each bidder gets less its payment.
        utilities: Length n.
        interim: Length n, for each bidder what each of its types or signals got, None where it never had it; empty
            where types or signals are given.
        warnings: Choices that void a guarantee, one line each.
        defaults: Where a strategy failed and the documented default was taken, each kind of failure once.
    """

    choice: MechanismChoice
    over: Over
    guarantee: Guarantee
    seed: str
    auctions: int
    wanted: int
    win_probability: tuple[Interval, ...]
    unsold_probability: Interval
    welfare: Interval
    revenue: Interval
    optimum: Interval | None
    welfare_share: Interval | None
    payments: tuple[Interval, ...]
    rewards: tuple[Interval, ...]
    utilities: tuple[Interval, ...]
    interim: tuple[tuple[InterimEstimate | None, ...], ...]
    warnings: tuple[str, ...]
    defaults: tuple[Default, ...]


def estimate_scenario(
    scenario: Scenario,
    choice: MechanismChoice | None = None,
    *,
    over: Over | None = None,
    auctions: int,
    seed: str,
    progress: Callable[[int, int], None] | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> ScenarioEstimate | None:
    """Play auctions of a scenario and average them. The same seed gives the same, whatever machine plays.

    Args:
        scenario: Its strategies need not be deterministic.
        choice: Another mechanism in place of its own.
        over: As in `expect_scenario`.
        auctions: How many, at least 2.
        seed: Any text.
        progress: Told how many are done of how many.
        is_stopped: Asked before each auction; the rest is left out once it says yes.

    Returns:
        The estimate; None when it was stopped before two auctions.

    Raises:
        ScenarioError: A signal or type is missing, or a strategy cannot be loaded.
        ConfigurationError: The mechanism cannot run on this market, or there is nothing to draw types from.
    """
    chosen = choice or own_choice(scenario)
    mechanism = find_mechanism(chosen.name)
    market = market_for(scenario, mechanism)
    parameters = mechanism.configure(chosen.parameters)
    taken = choose_over(scenario, over)
    if isinstance(market, TypeMarket):
        check_prior_reportable(scenario, market, mechanism, parameters)
    auction = Auction(
        market, chosen.name, chosen.parameters, find=partial(load_strategy, base_directory=scenario.directory)
    )
    draw = _drawing(scenario, market, taken, seed)
    sums = _Tally(market, _find_ranges(scenario, market, taken), has_interim=taken != "private")
    for number, private in _numbered(draw, auctions, is_stopped):
        result = auction.play(
            private,
            seed=_coin(seed, "auction", number),
            strategies=[scenario.strategy(name) for name in scenario.names],
        )
        sums.add(result, private)
        if progress is not None:
            progress(number + 1, auctions)
    if sums.count < 2:
        return None
    return sums.estimate(
        choice=chosen,
        over=taken,
        guarantee=mechanism.guarantee(market, parameters),
        seed=seed,
        wanted=auctions,
        warnings=mechanism.check(market, parameters),
    )


def _numbered(
    draw: Draw, auctions: int, is_stopped: Callable[[], bool]
) -> Iterator[tuple[int, Sequence[Private]]]:
    for number in range(auctions):
        if is_stopped():
            return
        yield number, draw(number)


def _coin(seed: str, purpose: str, number: int) -> bytes:
    label = lp(b"openoutcry.simulation.estimate.v1") + lp(purpose.encode()) + lp(str(number).encode())
    return keyed_hash(read_seed(seed), label)


# --- What bidders privately know --------------------------------------------------------------------------


def _drawing(scenario: Scenario, market: Market | TypeMarket, over: Over, seed: str) -> Draw:
    if isinstance(market, Market):
        if over == "private":
            signals = scenario.signals()
            return lambda _number: signals
        levels, bidders = market.signal_levels, range(len(market.bidders))

        def draw_signals(number: int) -> Sequence[int]:
            chance = SeededChance(_coin(seed, "signals", number), len(bidders))
            return [chance.uniform(f"signals/{bidder}", levels) for bidder in bidders]

        return draw_signals
    if over == "private":
        known = private_types(scenario)
        return lambda _number: known
    return _drawing_types(scenario, market, seed)


def _drawing_types(scenario: Scenario, market: TypeMarket, seed: str) -> Draw:
    prior, partitions = scenario.prior, scenario.partitions()
    if prior is None:
        raise ConfigurationError(f"{scenario.file}: there is no [prior] to draw types from")
    made: dict[tuple[int, Cell], PrivateKnowledge] = {}

    def draw(number: int) -> Sequence[PrivateKnowledge]:
        chance = SeededChance(_coin(seed, "types", number), len(partitions))
        profile = draw_profile(prior, chance, "types")
        for player, partition in enumerate(partitions):
            key = player, partition.cell_of(profile)
            if key not in made:
                belief = belief_of(market, player, profile, prior, partition)
                made[key] = PrivateKnowledge(value=profile[player], belief=belief)
        return [made[player, partition.cell_of(profile)] for player, partition in enumerate(partitions)]

    return draw


# --- What amounts can be ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranges:
    """Between what amounts lie, as far as the market tells; rewards and bets may go beyond it, once they are seen.

    Attributes:
        values: Length n: the most that anything is worth to each bidder.
        welfare: The most that an outcome is worth to all.
        loss: The most that a price may exceed what is bought: 0 where all are truthful, and nobody pays too much.
    """

    values: tuple[int, ...]
    welfare: int
    loss: int


def _find_ranges(scenario: Scenario, market: Market | TypeMarket, over: Over) -> _Ranges:
    if isinstance(market, Market):
        size = len(market.bidders)
        top = market.state((market.signal_levels - 1,) * size)
        state = market.state(scenario.signals()) if over == "private" else top
        values = tuple(market.value(bidder, state) for bidder in range(size))
        welfare, price = max(values), max(market.value(bidder, top) for bidder in range(size))
    else:
        values = tuple(max(max(worth) for worth in bidder.types) for bidder in market.bidders)
        kind = market.environment
        units = kind.units[0] if kind.is_single_parameter else len(values)
        welfare, price = sum(sorted(values, reverse=True)[:units]), max(values)
    is_truthful = all(scenario.strategy(name) == DEFAULT_STRATEGY for name in scenario.names)
    return _Ranges(values=values, welfare=welfare, loss=0 if is_truthful else price)


# --- Averages ---------------------------------------------------------------------------------------------


class _Interims:
    """What one type or signal of one bidder got."""

    __slots__ = ("payment", "utility", "wins")

    def __init__(self) -> None:
        self.wins, self.payment, self.utility = Moments(), Moments(), Moments()

    def estimate(self, worth: int, loss: int) -> InterimEstimate | None:
        if not self.wins.count:
            return None
        return InterimEstimate(
            auctions=self.wins.count,
            win_probability=self.wins.probability(),
            payment=self.payment.average(0, max(worth, loss)),
            utility=self.utility.average(-loss, worth),
        )


class _Tally:
    """Adds auctions up."""

    def __init__(self, market: Market | TypeMarket, ranges: _Ranges, *, has_interim: bool) -> None:
        size = len(market.bidders)
        counts = market.type_counts if isinstance(market, TypeMarket) else (market.signal_levels,) * size
        self.count = 0
        self._ranges = ranges
        self._wins, self._payments, self._rewards, self._utilities = (
            [Moments() for _ in range(size)] for _ in range(4)
        )
        self._unsold, self._welfare, self._revenue, self._optimum, self._missed = (
            Moments() for _ in range(5)
        )
        self._interims = [[_Interims() for _ in range(count)] for count in counts] if has_interim else []
        self._defaults: dict[tuple[str, str], Default] = {}

    def add(self, result: PlayResult, private: Sequence[Private]) -> None:
        """Count one auction."""
        self.count += 1
        winners = {award.bidder for award in result.awards}
        welfare = result.welfare
        self._unsold.add(not winners)
        self._welfare.add(welfare)
        self._revenue.add(result.revenue)
        if result.optimum is not None:
            self._optimum.add(result.optimum)
            self._missed.add(welfare - result.optimum)
        rewards = result.rewards
        for bidder, payment in enumerate(result.payments):
            utility = result.values[bidder] - payment
            self._wins[bidder].add(bidder in winners)
            self._payments[bidder].add(payment)
            self._rewards[bidder].add(rewards[bidder])
            self._utilities[bidder].add(utility)
            if self._interims:
                known = private[bidder]
                interim = self._interims[bidder][known if isinstance(known, int) else known.value]
                interim.wins.add(bidder in winners)
                interim.payment.add(payment)
                interim.utility.add(utility)
        for default in result.defaults:
            self._defaults.setdefault((default.bidder, default.reason), default)

    def estimate(
        self,
        *,
        choice: MechanismChoice,
        over: Over,
        guarantee: Guarantee,
        seed: str,
        wanted: int,
        warnings: tuple[str, ...],
    ) -> ScenarioEstimate:
        """Return what has been counted."""
        ranges = self._ranges
        has_optimum = self._optimum.count == self.count
        # What is given does not vary, whatever is drawn.
        optimum_ends = (0, ranges.welfare) if over != "private" else (self._optimum.mean, self._optimum.mean)
        worths = [(worth, max(worth, ranges.loss)) for worth in ranges.values]
        return ScenarioEstimate(
            choice=choice,
            over=over,
            guarantee=guarantee,
            seed=seed,
            auctions=self.count,
            wanted=wanted,
            win_probability=tuple(each.probability() for each in self._wins),
            unsold_probability=self._unsold.probability(),
            welfare=self._welfare.average(0, ranges.welfare),
            revenue=self._revenue.average(0, max(ranges.welfare, ranges.loss)),
            optimum=self._optimum.average(*optimum_ends) if has_optimum else None,
            welfare_share=ratio(self._welfare, self._optimum, self._missed) if has_optimum else None,
            payments=tuple(
                each.average(0, most) for each, (_, most) in zip(self._payments, worths, strict=True)
            ),
            rewards=tuple(each.average(0, 0) for each in self._rewards),
            utilities=tuple(
                each.average(-ranges.loss, worth)
                for each, (worth, _) in zip(self._utilities, worths, strict=True)
            ),
            interim=tuple(
                tuple(each.estimate(worth, ranges.loss) for each in bidder)
                for bidder, worth in zip(self._interims, ranges.values, strict=False)
            ),
            warnings=warnings,
            defaults=tuple(self._defaults.values()),
        )
