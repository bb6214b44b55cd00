"""In-process play: one auction, its mechanism and strategies called directly, with no messages in between.

The mechanism, the draws and the strategies are those of a session. Given the seed that a session's parties made
together, play comes to the same winner, price and payments; campaigns and tests rely on that. Nothing here is
signed, and nobody can be late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import cast

from openoutcry.errors import UsageError
from openoutcry.mechanisms.chance import Chance, Draw, RecordingChance
from openoutcry.mechanisms.conversation import NOTHING, Award, Conversation, Outcome, TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import Specification, check_market_kind
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario.model import Scenario
from openoutcry.simulation.judging import judge
from openoutcry.simulation.player import Default
from openoutcry.simulation.private import draw_private
from openoutcry.simulation.seating import FindStrategy, Seating, Strategies, StrategyLike
from openoutcry.simulation.seeds import Seed, read_seed
from openoutcry.simulation.table import Private, Table
from openoutcry.strategies import PrivateKnowledge, load_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayResult:
    """How an auction went.

    Attributes:
        names: Of the bidders, in roster order; everything below that has length n is in this order.
        winner: Name of the only buyer; None when nobody buys, or more than one.
        price: What all buyers pay together for what they get, in minor units, exact; 0 when nothing is sold.
        awards: Who gets what for how much, by place in `names`.
        allocation: Names of the goods that each buyer gets, by the buyer's name; of a lot without goods, the lot.
        payments: Length n: what each bidder pays in all, in minor units, exact; negative when it is paid.
        reason: One clause that says why it was sold at that price, or why not.
        values: Length n: what each bidder's part of the outcome is really worth to it; 0 for those who get nothing.
        optimum: Greatest welfare of any feasible assignment at the true signals or types; None in combinatorial markets
            that are too large to tell.
        waves: How many waves of questions there were.
        questions: How many single questions: each level of a clock and each report asked for is one.
        clocks: Length n: the last level that each bidder accepted, 0 where none was.
        reports: Length n: the signal or type that was last reported, None where none was asked or it was withheld.
        draws: Every random choice, in order.
        defaults: Where a strategy failed and the documented default was taken.
    """

    names: tuple[str, ...]
    winner: str | None
    price: Fraction
    awards: tuple[Award, ...]
    allocation: Mapping[str, tuple[str, ...]]
    payments: tuple[Fraction, ...]
    reason: str
    values: tuple[int, ...]
    optimum: int | None
    waves: int
    questions: int
    clocks: tuple[int, ...]
    reports: tuple[int | TypeReport | None, ...]
    draws: tuple[Draw, ...]
    defaults: tuple[Default, ...]

    @property
    def welfare(self) -> int:
        """What the outcome is worth to all bidders together; 0 when nothing is sold."""
        return sum(self.values)

    @property
    def rewards(self) -> tuple[Fraction, ...]:
        """Length n: what each bidder is paid for what it reported: its prices less its payment, exact."""
        prices = dict.fromkeys(range(len(self.names)), NOTHING)
        prices |= {award.bidder: award.price for award in self.awards}
        return tuple(prices[bidder] - payment for bidder, payment in enumerate(self.payments))

    @property
    def utilities(self) -> tuple[Fraction, ...]:
        """Length n: what each bidder's part of the outcome is worth to it less what it pays, exact."""
        return tuple(value - payment for value, payment in zip(self.values, self.payments, strict=True))

    @property
    def revenue(self) -> Fraction:
        """What all bidders pay together, exact."""
        return sum(self.payments, Fraction(0))


class Auction:
    """A market with a mechanism, to be played as often as wanted.

    Args:
        market: Who bids, with signals or with types.
        mechanism: Name of a registered mechanism.
        parameters: Its raw parameters, as a person writes them.
        find: Finds a strategy by its name; by default relative files start at the current directory.

    Raises:
        ConfigurationError: The mechanism is not known, cannot run on this market, or a parameter is wrong.
    """

    def __init__(
        self,
        market: Market | TypeMarket,
        mechanism: str,
        parameters: Mapping[str, object] | None = None,
        *,
        find: FindStrategy = load_strategy,
    ) -> None:
        self.market = market
        self._mechanism = find_mechanism(mechanism)
        check_market_kind(self._mechanism, "types" if isinstance(market, TypeMarket) else "signals")
        self._parameters = self._mechanism.configure(parameters or {})
        self._mechanism.check(market, self._parameters)
        self._names = tuple(bidder.name for bidder in market.bidders)
        self._seating = Seating(self._names, find=find)

    def play(
        self,
        private: Sequence[Private],
        *,
        seed: Seed,
        strategies: Strategies = "truthful",
        bidder_seed: Seed | None = None,
        chance: Chance | None = None,
    ) -> PlayResult:
        """Play once.

        Args:
            private: Length n: what each bidder alone knows: a signal, 0..k-1; in a market of types a
                `PrivateKnowledge`, its type and its belief about all others.
            seed: The 32 bytes that a session's parties made together, or any text.
            strategies: One for all; or one for each bidder, in roster order; or by name, the rest truthful.
            bidder_seed: Of the bidders' own generators; the same as `seed` when None.
            chance: Draws for the mechanism; `seed` does when None.

        Raises:
            UsageError: Private parts, strategies or seed do not fit the market.
            StrategyError: A strategy cannot be found or made.
        """
        self.check_private(private)
        coin = read_seed(seed)
        table = Table(
            market=self.market,
            mechanism=self._mechanism.name,
            private=private,
            strategies=self._seating.make(strategies),
            bidder_seed=coin if bidder_seed is None else read_seed(bidder_seed),
        )
        recording = RecordingChance(SeededChance(coin, len(self._names)) if chance is None else chance)
        table.start()
        outcome = table.hold(self.converse(recording))
        result = self.conclude(
            private,
            outcome,
            waves=table.waves,
            questions=table.questions,
            clocks=table.clocks,
            reports=table.reports,
            draws=recording.draws,
        )
        table.end(outcome, result.values)
        return replace(result, defaults=tuple(table.defaults)) if table.defaults else result

    def converse(self, chance: Chance) -> Conversation:
        """Start the mechanism's conversation, for whoever asks the bidders in a way of its own."""
        return self._mechanism.converse(self.market, self._parameters, chance)

    def conclude(
        self,
        private: Sequence[Private],
        outcome: Outcome,
        *,
        waves: int,
        questions: int,
        clocks: Sequence[int],
        reports: Sequence[int | TypeReport | None],
        draws: Sequence[Draw],
    ) -> PlayResult:
        """Say what came of a conversation, without any defaults.

        Args:
            private: Length n, as for `play`: what everybody's part of the outcome is worth follows from it.
            outcome: Of the mechanism.
            waves: How many were answered.
            questions: How many single questions those held: each level of a clock and each report is one.
            clocks: Length n: the last level that each bidder accepted.
            reports: Length n: what each bidder last reported.
            draws: Of the mechanism, in order.
        """
        values, optimum = judge(self.market, private, outcome.awards)
        winner = outcome.winner
        return PlayResult(
            names=self._names,
            winner=None if winner is None else self._names[winner],
            price=outcome.price,
            awards=outcome.awards,
            allocation={self._names[award.bidder]: self._goods(award) for award in outcome.awards},
            payments=outcome.payments,
            reason=outcome.reason,
            values=values,
            optimum=optimum,
            waves=waves,
            questions=questions,
            clocks=tuple(clocks),
            reports=tuple(reports),
            draws=tuple(draws),
            defaults=(),
        )

    def _goods(self, award: Award) -> tuple[str, ...]:
        if isinstance(self.market, Market):
            return (self.market.lot,)
        return tuple(self.market.environment.goods[good] for good in award.goods)

    def check_private(self, private: Sequence[Private]) -> None:
        """Refuse what cannot be privately known in this market: length n, as for `play`.

        Raises:
            UsageError: There are too many or too few, or one is out of range.
        """
        if len(private) != len(self._names):
            raise UsageError(
                f"{len(private)} signals or types are given for {len(self._names)} bidders: give one for each"
            )
        if isinstance(self.market, TypeMarket):
            for bidder, known in enumerate(private):
                self._check_knowledge(self.market, bidder, known)
            return
        signals = cast(Sequence[int], private)
        try:
            is_outside = min(signals) < 0 or max(signals) >= self.market.signal_levels
        except TypeError as error:
            raise UsageError("this market has signals: give an integer for each bidder") from error
        if is_outside:
            raise UsageError(f"a signal is outside 0..{self.market.signal_levels - 1}: {tuple(signals)}")

    def _check_knowledge(self, market: TypeMarket, bidder: int, known: Private) -> None:
        name, count = self._names[bidder], market.type_counts[bidder]
        if not isinstance(known, PrivateKnowledge):
            raise UsageError(f"this market has types: give {name} a PrivateKnowledge(value=..., belief=...)")
        if not 0 <= known.value < count:
            raise UsageError(f"type {known.value} of {name} is outside 0..{count - 1}")
        if known.belief.players != tuple(other for other in range(len(self._names)) if other != bidder):
            raise UsageError(f"the belief of {name} must be about all other bidders")


def play(
    subject: Specification | Market | TypeMarket,
    private: Sequence[Private],
    *,
    seed: Seed,
    strategies: Strategies = "truthful",
    mechanism: str = "signal-discovery",
    parameters: Mapping[str, object] | None = None,
    bidder_seed: Seed | None = None,
) -> PlayResult:
    """Play one auction. Whoever plays many of one market makes an `Auction` once.

    Args:
        subject: A specification, which names its mechanism, or a market.
        private: Length n: what each bidder alone knows, as for `Auction.play`.
        seed: 32 bytes, or any text.
        strategies: One for all; or one for each bidder, in roster order; or by name, the rest truthful.
        mechanism: For a market: the name of a registered mechanism.
        parameters: For a market: the mechanism's raw parameters.
        bidder_seed: Of the bidders' own generators; the same as `seed` when None.

    Raises:
        UsageError: Private parts, strategies or seed do not fit the market.
        ConfigurationError: The mechanism or its parameters are wrong, or a strategy cannot be found or made.
    """
    if isinstance(subject, Specification):
        auction = Auction(subject.market, subject.mechanism, subject.parameters)
    else:
        auction = Auction(subject, mechanism, parameters)
    return auction.play(private, seed=seed, strategies=strategies, bidder_seed=bidder_seed)


def play_scenario(
    scenario: Scenario,
    *,
    strategies: Mapping[str, StrategyLike] | None = None,
    seed: Seed | None = None,
) -> PlayResult:
    """Play a scenario with its private parts and strategies; types that it does not give are drawn from its prior.

    Args:
        scenario: Every bidder has a private signal; or a private value, or a prior to draw it from.
        strategies: Take the place of the scenario's, by bidder name.
        seed: The scenario's own when None.

    Raises:
        ScenarioError: A bidder has no private part.
        ConfigurationError: A strategy cannot be found or made.
        UsageError: A strategy is given for a bidder that does not exist.
    """
    specification = scenario.specification
    auction = Auction(
        specification.market,
        specification.mechanism,
        specification.parameters,
        find=partial(load_strategy, base_directory=scenario.directory),
    )
    by_name: dict[str, StrategyLike] = {name: scenario.strategy(name) for name in scenario.names}
    chosen = scenario.seed if seed is None else seed
    return auction.play(
        draw_private(scenario, chosen),
        seed=chosen,
        strategies=by_name | dict(strategies or {}),
    )
