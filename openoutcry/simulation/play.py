"""In-process play: one auction, its mechanism and strategies called directly, with no messages in between.

The mechanism, the draws and the strategies are those of a session. Given the seed that a session's parties made
together, play comes to the same winner, price and payments; campaigns and tests rely on that. Nothing here is
signed, and nobody can be late.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import assert_never

from openoutcry.errors import UsageError
from openoutcry.mechanisms.chance import Draw, RecordingChance
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Reported,
    ReportSignal,
)
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.draws import SeededChance
from openoutcry.protocol.framing import lp
from openoutcry.scenario.model import Scenario
from openoutcry.simulation.player import Default, Player
from openoutcry.simulation.seating import FindStrategy, Seating, Strategies, StrategyLike
from openoutcry.strategies import OutcomeView, Seat, Strategy, bidder_random, load_strategy

SEED_BYTES = 32

Seed = bytes | str


def read_seed(seed: Seed) -> bytes:
    """Return 32 bytes: the seed itself, or what a text stands for.

    Raises:
        UsageError: Bytes are given and there are not 32 of them.
    """
    if isinstance(seed, str):
        return hashlib.sha256(lp(b"openoutcry.simulation.v1") + lp(seed.encode())).digest()
    if len(seed) != SEED_BYTES:
        raise UsageError(f"a seed is a text or {SEED_BYTES} bytes, not {len(seed)} bytes")
    return seed


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayResult:
    """How an auction went.

    Attributes:
        names: Of the bidders, in roster order; everything below that has length n is in this order.
        winner: Name of the buyer; None when the lot stays unsold.
        price: What the buyer pays for the lot, in minor units; 0 when unsold.
        payments: Length n: what each bidder pays in all, in minor units, exact.
        reason: One clause that says why it was sold at that price, or why not.
        welfare: What the lot is worth to the buyer at the true signals; 0 when unsold.
        optimum: What it is worth to whom it is worth most.
        waves: How many waves of questions there were.
        clocks: Length n: the last level that each bidder accepted, 0 where none was.
        reports: Length n: the reported signal, None where none was asked or it was withheld.
        draws: Every random choice, in order.
        defaults: Where a strategy failed and the documented default was taken.
    """

    names: tuple[str, ...]
    winner: str | None
    price: int
    payments: tuple[Fraction, ...]
    reason: str
    welfare: int
    optimum: int
    waves: int
    clocks: tuple[int, ...]
    reports: tuple[int | None, ...]
    draws: tuple[Draw, ...]
    defaults: tuple[Default, ...]

    @property
    def utilities(self) -> tuple[Fraction, ...]:
        """Length n: what each bidder's part of the outcome is worth to it less what it pays, exact."""
        return tuple(
            (self.welfare if name == self.winner else 0) - payment
            for name, payment in zip(self.names, self.payments, strict=True)
        )

    @property
    def revenue(self) -> Fraction:
        """What all bidders pay together, exact."""
        return sum(self.payments, Fraction(0))


class Auction:
    """A market with a mechanism, to be played as often as wanted.

    Args:
        market: Who bids.
        mechanism: Name of a registered mechanism.
        parameters: Its raw parameters, as a person writes them.
        find: Finds a strategy by its name; by default relative files start at the current directory.

    Raises:
        ConfigurationError: The mechanism is not known, or a parameter is wrong.
    """

    def __init__(
        self,
        market: Market,
        mechanism: str,
        parameters: Mapping[str, object] | None = None,
        *,
        find: FindStrategy = load_strategy,
    ) -> None:
        self.market = market
        self._mechanism = find_mechanism(mechanism)
        self._parameters = self._mechanism.configure(parameters or {})
        self._names = tuple(bidder.name for bidder in market.bidders)
        self._seating = Seating(self._names, find=find)

    def play(
        self,
        signals: Sequence[int],
        *,
        seed: Seed,
        strategies: Strategies = "truthful",
        bidder_seed: Seed | None = None,
    ) -> PlayResult:
        """Play once.

        Args:
            signals: Length n, each in 0..k-1.
            seed: The 32 bytes that a session's parties made together, or any text.
            strategies: One for all; or one for each bidder, in roster order; or by name, the rest truthful.
            bidder_seed: Of the bidders' own generators; the same as `seed` when None.

        Raises:
            UsageError: Signals, strategies or seed do not fit the market.
            StrategyError: A strategy cannot be found or made.
        """
        self._check_signals(signals)
        coin = read_seed(seed)
        table = _Table(
            market=self.market,
            signals=signals,
            strategies=self._seating.make(strategies),
            bidder_seed=coin if bidder_seed is None else read_seed(bidder_seed),
        )
        chance = RecordingChance(SeededChance(coin, len(self._names)))
        table.start()
        outcome = table.hold(self._mechanism.converse(self.market, self._parameters, chance))
        winner, sums = outcome.winner, self.market.sums(signals)
        welfare = 0 if winner is None else self.market.value(winner, sums)
        table.end(outcome, welfare)
        return PlayResult(
            names=self._names,
            winner=None if winner is None else self._names[winner],
            price=outcome.price,
            payments=outcome.payments,
            reason=outcome.reason,
            welfare=welfare,
            optimum=max([bidder.valuation.value(sums) for bidder in self.market.bidders]),
            waves=table.waves,
            clocks=tuple(table.clocks),
            reports=tuple(table.reports),
            draws=tuple(chance.draws),
            defaults=tuple(table.defaults),
        )

    def _check_signals(self, signals: Sequence[int]) -> None:
        if len(signals) != len(self._names):
            raise UsageError(f"{len(signals)} signals are given for {len(self._names)} bidders")
        if min(signals) < 0 or max(signals) >= self.market.signal_levels:
            raise UsageError(f"a signal is outside 0..{self.market.signal_levels - 1}: {tuple(signals)}")


class _Table:
    """One auction in progress: who sits where, and where the clocks stand.

    A generator costs more than all that a simple strategy does with its seat. So a bidder is seated when it is first
    asked, and strategies that promise to draw nothing share one generator.
    """

    def __init__(
        self, *, market: Market, signals: Sequence[int], strategies: Sequence[Strategy], bidder_seed: bytes
    ) -> None:
        count = len(strategies)
        self.waves = 0
        self.clocks = [0] * count
        self.reports: list[int | None] = [None] * count
        self.defaults: list[Default] = []
        self._market = market
        self._signals = signals
        self._strategies = strategies
        self._bidder_seed = bidder_seed
        self._players: list[Player | None] = [None] * count
        self._exited = [False] * count
        self._shared = bidder_random(bidder_seed, "")

    def start(self) -> None:
        """Tell every strategy that wants to know that the auction begins."""
        for bidder, strategy in enumerate(self._strategies):
            if type(strategy).on_start is not Strategy.on_start:
                self._player(bidder).start()

    def hold(self, conversation: Conversation) -> Outcome:
        """Hold the mechanism's conversation with the strategies to its end."""
        try:
            wave = next(conversation)
            while True:
                answers = [self._answer(question) for question in wave.questions]
                self.waves += 1
                wave = conversation.send(tuple(answers))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def end(self, outcome: Outcome, welfare: int) -> None:
        """Tell every strategy that wants to know how the auction ended."""
        winner = None if outcome.winner is None else self._market.bidders[outcome.winner].name
        for bidder, strategy in enumerate(self._strategies):
            if type(strategy).on_outcome is Strategy.on_outcome:
                continue
            payment = outcome.payments[bidder]
            player = self._player(bidder)
            player.end(
                OutcomeView(
                    seat=player.seat,
                    winner=winner,
                    price=outcome.price,
                    payment=payment,
                    utility=(welfare if bidder == outcome.winner else 0) - payment,
                )
            )

    def _answer(self, question: Climb | ReportSignal) -> Answer:
        match question:
            case Climb():
                return self._climb(question)
            case ReportSignal(bidder=bidder):
                value = self.reports[bidder] = self._player(bidder).signal(wave=self.waves)
                return Reported(value=value)
            case _:
                assert_never(question)

    def _climb(self, climb: Climb) -> Climbed:
        bidder = climb.bidder
        clock = self.clocks[bidder]
        if self._exited[bidder]:
            # An exit is permanent: whoever has left is not asked again.
            return Climbed(level=clock, exited=True)
        player = self._players[bidder] or self._player(bidder)
        target = None if climb.price is None else climb.target
        while clock < climb.target:
            if not player.accepts(level=clock + 1, price=climb.price, target=target, wave=self.waves):
                self._exited[bidder] = True
                break
            clock += 1
        self.clocks[bidder] = clock
        return Climbed(level=clock, exited=clock < climb.target)

    def _player(self, bidder: int) -> Player:
        player = self._players[bidder]
        if player is None:
            strategy, name = self._strategies[bidder], self._market.bidders[bidder].name
            seat = Seat(
                market=self._market,
                bidder=bidder,
                signal=self._signals[bidder],
                rng=self._shared if strategy.deterministic else bidder_random(self._bidder_seed, name),
            )
            player = Player(strategy=strategy, seat=seat, defaults=self.defaults)
            self._players[bidder] = player
        return player


def play(
    subject: Specification | Market,
    signals: Sequence[int],
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
        signals: Length n, each in 0..k-1.
        seed: 32 bytes, or any text.
        strategies: One for all; or one for each bidder, in roster order; or by name, the rest truthful.
        mechanism: For a market: the name of a registered mechanism.
        parameters: For a market: the mechanism's raw parameters.
        bidder_seed: Of the bidders' own generators; the same as `seed` when None.

    Raises:
        UsageError: Signals, strategies or seed do not fit the market.
        ConfigurationError: The mechanism or its parameters are wrong, or a strategy cannot be found or made.
    """
    if isinstance(subject, Specification):
        auction = Auction(subject.market, subject.mechanism, subject.parameters)
    else:
        auction = Auction(subject, mechanism, parameters)
    return auction.play(signals, seed=seed, strategies=strategies, bidder_seed=bidder_seed)


def play_scenario(
    scenario: Scenario,
    *,
    strategies: Mapping[str, StrategyLike] | None = None,
    seed: Seed | None = None,
) -> PlayResult:
    """Play a scenario with its private signals and strategies.

    Args:
        scenario: Every bidder has a private signal.
        strategies: Take the place of the scenario's, by bidder name.
        seed: The scenario's own when None.

    Raises:
        ScenarioError: A bidder has no signal.
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
    return auction.play(
        scenario.signals(),
        seed=scenario.seed if seed is None else seed,
        strategies=by_name | dict(strategies or {}),
    )
