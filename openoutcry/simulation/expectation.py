"""Exact expectations of scenarios: of the mechanism that one names, or of others in its place.

Decides: which answers the scenario's strategies give, and over what the expectation is taken: over the mechanism's own
random choices at the private signals or types given; with a prior, over the types too, everybody knowing what the
scenario says; on demand over all signals, equally likely and independent. Refuses: strategies that are not
deterministic, and what the core refuses. Called by `auctioneer expect`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.answering import Answerer, AnswererByWave
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Question,
    Reported,
    ReportedType,
    ReportSignal,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.expectation import TypeExpectation, expect_over_prior, expect_types
from openoutcry.mechanisms.crowd.knowledge import Situation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.expectation import Expectation, Progress, expect_over_signals
from openoutcry.mechanisms.expectation import expect as expect_signals
from openoutcry.mechanisms.exploring import DEFAULT_RUN_LIMIT
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import check_market_kind
from openoutcry.scenario.model import Scenario
from openoutcry.simulation.player import Default, Player
from openoutcry.simulation.private import check_prior_reportable, draw_private
from openoutcry.strategies import (
    AnySeat,
    Belief,
    Open,
    PrivateKnowledge,
    Seat,
    Strategy,
    StrategyFactory,
    TypeSeat,
    bidder_random,
)

Over = Literal["private", "prior", "signals"]
"""The signals or types given; types as likely as the prior says; or all signals, equally likely and independent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismChoice:
    """A mechanism with its raw parameters, as a person names it."""

    name: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioExpectation:
    """What a mechanism does on average in a scenario.

    Attributes:
        choice: The mechanism.
        expectation: In minor units, exact; bidders in roster order.
        over: What signals or types are.
        guarantee: What the mechanism promises there.
        warnings: Choices that void a guarantee, one line each.
        defaults: Where a strategy failed and the documented default was taken.
    """

    choice: MechanismChoice
    expectation: Expectation | TypeExpectation
    over: Over
    guarantee: Guarantee
    warnings: tuple[str, ...]
    defaults: tuple[Default, ...]


def expect_scenario(
    scenario: Scenario,
    choice: MechanismChoice | None = None,
    *,
    over: Over | None = None,
    limit: int = DEFAULT_RUN_LIMIT,
    progress: Progress | None = None,
) -> ScenarioExpectation:
    """Compute the exact expectation of a scenario.

    Args:
        scenario: With deterministic strategies.
        choice: Another mechanism in place of its own.
        over: What signals or types are; when None, weighted by the prior if there is one, else those given.
        limit: Most runs of the mechanism to spend.
        progress: Told how many profiles of types or signals are done.

    Raises:
        ScenarioError: A signal or type is missing, or a strategy cannot be loaded.
        ConfigurationError: A strategy is not deterministic, the mechanism cannot run on this market, or there is
            nothing to take the expectation over.
        TooLargeError: There is more to explore than the limits allow.
    """
    chosen = choice or own_choice(scenario)
    mechanism = find_mechanism(chosen.name)
    market = market_for(scenario, mechanism)
    parameters = mechanism.configure(chosen.parameters)
    warnings = mechanism.check(market, parameters)
    defaults: list[Default] = []
    factories = _deterministic(scenario)
    expectation: Expectation | TypeExpectation
    taken = choose_over(scenario, over)
    if isinstance(market, Market):
        seats = _Seats(market, scenario.names, factories, defaults)
        if taken == "signals":
            expectation = expect_over_signals(
                market, mechanism, parameters, seats.answerers_at, limit=limit, progress=progress
            )
        else:
            signals = scenario.signals()
            expectation = expect_signals(
                market, mechanism, parameters, seats.answerers_at(signals), signals, limit=limit
            )
    else:
        asking = _Asking(market, mechanism.name, factories, defaults)
        if taken == "prior":
            check_prior_reportable(scenario, market, mechanism, parameters)
            expectation = expect_over_prior(
                market,
                mechanism,
                parameters,
                _prior(scenario),
                asking.answerers_at,
                partitions=scenario.partitions(),
                limit=limit,
                progress=progress,
            )
        else:
            known = private_types(scenario)
            profile = tuple(part.value for part in known)
            answerers = [
                asking.answerer(bidder, part.value, part.belief) for bidder, part in enumerate(known)
            ]
            expectation = expect_types(market, mechanism, parameters, answerers, profile, limit=limit)
    return ScenarioExpectation(
        choice=chosen,
        expectation=expectation,
        over=taken,
        guarantee=mechanism.guarantee(market, parameters),
        warnings=warnings,
        defaults=tuple(defaults),
    )


def own_choice(scenario: Scenario) -> MechanismChoice:
    """Return the mechanism that a scenario names, with its parameters."""
    specification = scenario.specification
    return MechanismChoice(name=specification.mechanism, parameters=specification.parameters)


def choose_over(scenario: Scenario, over: Over | None) -> Over:
    """Return what signals or types are: what is wanted, or the prior if there is one, else those given.

    Raises:
        ConfigurationError: The scenario does not have what is wanted.
    """
    if isinstance(scenario.specification.market, Market):
        if over == "prior":
            raise ConfigurationError(
                f"{scenario.file}: bidders with signals have no prior; take all signals as equally likely instead"
            )
        return over or "private"
    if over == "signals":
        raise ConfigurationError(
            f"{scenario.file}: its bidders have types, not signals: the expectation is over its [prior]"
        )
    return over or ("private" if scenario.prior is None else "prior")


def private_types(scenario: Scenario) -> tuple[PrivateKnowledge, ...]:
    """Return everybody's type and belief as the scenario gives them.

    Raises:
        ConfigurationError: Some bidder's type is not given.
    """
    if scenario.is_sampled:
        raise ConfigurationError(
            f"{scenario.file}: not every bidder has a private value: give all of them one, or take the expectation "
            "over the prior"
        )
    known = draw_private(scenario, scenario.seed)
    return tuple(part for part in known if isinstance(part, PrivateKnowledge))


def inherited_choice(scenario: Scenario, choice: MechanismChoice) -> MechanismChoice:
    """Return a mechanism with what the scenario's own parameters say where it has parameters of the same names."""
    if choice.name == scenario.specification.mechanism:
        own: Mapping[str, object] = scenario.specification.parameters
    else:
        known = {parameter.name for parameter in find_mechanism(choice.name).parameters}
        own = {key: value for key, value in scenario.specification.parameters.items() if key in known}
    return replace(choice, parameters={**own, **choice.parameters})


def market_for(scenario: Scenario, mechanism: Mechanism) -> Market | TypeMarket:
    """Return the scenario's market as a mechanism wants it: with the prior exactly when the mechanism uses one.

    Raises:
        ConfigurationError: The mechanism runs on the other kind of market, or needs a prior that is not there.
    """
    market = scenario.specification.market
    if not isinstance(market, TypeMarket):
        check_market_kind(mechanism, "signals")
        return market
    check_market_kind(mechanism, "types")
    if mechanism.uses_prior and scenario.prior is None:
        raise ConfigurationError(f"{mechanism.name} needs the seller's prior: add [prior] to the scenario")
    wanted = scenario.prior if mechanism.uses_prior else None
    return market if market.prior == wanted else replace(market, prior=wanted)


def _prior(scenario: Scenario) -> Distribution:
    if scenario.prior is None:
        raise ConfigurationError(f"{scenario.file}: there is no [prior] to take an expectation over")
    return scenario.prior


def _deterministic(scenario: Scenario) -> tuple[StrategyFactory, ...]:
    factories = scenario.load_strategies()
    for name, factory in zip(scenario.names, factories, strict=True):
        if not factory.deterministic:
            raise ConfigurationError(
                f"{scenario.file}: the strategy {factory.name!r} of {name} is not marked deterministic: "
                "set `deterministic = True` on its class if it is, choose another, or estimate (--estimate)"
            )
    return factories


class _Seats:
    """Gives the answerers of a scenario's strategies in a market of signals; one for each signal of a bidder."""

    def __init__(
        self,
        market: Market,
        names: Sequence[str],
        factories: Sequence[StrategyFactory],
        defaults: list[Default],
    ) -> None:
        self._market = market
        self._names = names
        self._factories = factories
        self._defaults = defaults
        self._made: dict[tuple[int, int], Answerer] = {}

    def answerers_at(self, signals: Sequence[int]) -> Sequence[Answerer]:
        """Return the answerers at these signals."""
        return [self._answerer(bidder, signal) for bidder, signal in enumerate(signals)]

    def _answerer(self, bidder: int, signal: int) -> Answerer:
        key = (bidder, signal)
        if key not in self._made:
            rng = bidder_random(b"", self._names[bidder])
            seat = Seat(market=self._market, bidder=bidder, signal=signal, rng=rng)
            self._made[key] = answer_as(self._factories[bidder].make(), seat, self._defaults)
        return self._made[key]


class _Asking:
    """Gives the answerers of a scenario's strategies; one for each type and belief that a bidder may have."""

    def __init__(
        self,
        market: TypeMarket,
        mechanism: str,
        factories: Sequence[StrategyFactory],
        defaults: list[Default],
    ) -> None:
        self._market = market
        self._mechanism = mechanism
        self._factories = factories
        self._defaults = defaults
        self._made: dict[tuple[int, int, int], tuple[Distribution, Answerer]] = {}

    def answerers_at(self, situation: Situation) -> Sequence[Answerer]:
        """Return the answerers at a profile of the prior."""
        known = zip(situation.profile, situation.beliefs, strict=True)
        return [self.answerer(bidder, value, belief) for bidder, (value, belief) in enumerate(known)]

    def answerer(self, bidder: int, value: int, belief: Distribution) -> Answerer:
        """Return how a bidder of this type and belief answers."""
        key = (bidder, value, id(belief))
        if key not in self._made:
            seat = TypeSeat(
                market=self._market,
                bidder=bidder,
                value=value,
                knowledge=Belief(self._market, belief),
                rng=bidder_random(b"", self._market.bidders[bidder].name),
                mechanism=self._mechanism,
            )
            answerer = answer_as(self._factories[bidder].make(), seat, self._defaults)
            # The belief is kept with the answerer: its identity must not pass to another one.
            self._made[key] = belief, answerer
        return self._made[key][1]


def answer_as(strategy: Strategy, seat: AnySeat, defaults: list[Default]) -> Answerer:
    """Return a deterministic strategy as an answerer; it is asked the same question in the same wave only once.

    Args:
        strategy: Deterministic: its answers depend on nothing but the view.
        seat: In which it sits.
        defaults: Takes up what it failed to do.
    """
    player = Player(strategy=strategy, seat=seat, defaults=defaults)
    known: dict[tuple[Question, int, int], Answer] = {}
    has_say = type(strategy).on_opening is not Strategy.on_opening

    # In which wave a clock is asked is no part of what a deterministic strategy may look at, since states that are
    # explored once leave it out. What was asked before a belief is, and the number of the wave tells it.
    counts_waves = isinstance(seat, TypeSeat)

    def answer(question: Question, clock: int, wave: int) -> Answer:
        shown = wave if counts_waves else 0
        key = (question, clock, shown)
        if key not in known:
            known[key] = _ask(player, question, clock, shown, has_say=has_say)
        return known[key]

    return AnswererByWave(answer)


def _ask(player: Player, question: Question, clock: int, wave: int, *, has_say: bool) -> Answer:
    def opens(report: TypeReport | int) -> bool:
        return not has_say or player.opening(wave=wave, report=report) in (Open, report)

    match question:
        case Climb(target=target, price=price):
            level = clock
            offered = None if price is None else target
            while level < target and player.accepts(level=level + 1, price=price, target=offered, wave=wave):
                level += 1
            return Climbed(level=level, exited=level < target)
        case ReportSignal():
            signal = player.signal(wave=wave)
            return Reported(value=signal if signal is not None and opens(signal) else None)
        case ReportType():
            report = player.type_report(
                wave=wave,
                asks_value=question.asks_value,
                subjects=question.subjects,
                is_private=question.is_private,
            )
            return ReportedType(report=report if report is not None and opens(report) else None)
        case _:
            assert_never(question)
