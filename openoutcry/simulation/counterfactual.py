"""A recorded session played once more, with other strategies in the place of some bidders.

The coin is the one that the parties made, so the mechanism draws what it drew; private types are those of the session;
whoever is not swapped plays its own strategy if that still gives the recorded answers to the recorded questions, and
else its recorded answers as long as its questions are the same, then truthfully. So what differs follows from the swap
alone. Without private types the answers are taken for truthful ones; what they do not tell is refused where it is
needed. Called by `auctioneer replay --swap`, and wherever strategic deviations are listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from openoutcry.errors import ConfigurationError, OpenOutcryError, StrategyError, UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import uniform
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol.codec import Codec
from openoutcry.session.strategic import Consequence
from openoutcry.simulation.play import Auction
from openoutcry.simulation.player import Player
from openoutcry.simulation.recording import LevelExchange, Recording, ReportExchange
from openoutcry.simulation.replaying import Delivery, Played, Restage, first_change
from openoutcry.simulation.seating import Seating, StrategyLike
from openoutcry.simulation.stand_in import Inference, Inferred, Recorded, infer
from openoutcry.simulation.table import Private, as_input
from openoutcry.strategies import Open, PrivateKnowledge, Strategy, StrategyFactory, bidder_random
from openoutcry.strategies.belief import others_of
from openoutcry.strategies.private_input import make_seat
from openoutcry.strategies.truthful import Truthful

Role = Literal["own", "recorded", "swapped", "absent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStrategy:
    """How a bidder played, as far as it is known.

    Attributes:
        text: Name of its strategy, with options; empty when it is not known.
        factory: Makes it again; None when that cannot be done here.
        problem: Why it cannot be made again; empty when it can.
    """

    text: str = ""
    factory: StrategyFactory | None = None
    problem: str = "it is not known how it played"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Who plays for a bidder in a replay.

    Attributes:
        bidder: Its name.
        role: Its `own` strategy; its `recorded` answers, and truth from the first question that is another one; what
            was `swapped` in; or nobody, since it was `absent`.
        strategy: Name of the strategy that plays; of the one that played when answers are recorded, empty when that
            is not known.
        reason: Why its recorded answers stand in for it.
        left_in_wave: First wave that asked it something else than recorded, when its recorded answers stand in for it.
    """

    bidder: str
    role: Role
    strategy: str = ""
    reason: str = ""
    left_in_wave: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A session, and what it would have been.

    Attributes:
        before: What the session was; or would have been without a swap, had a void one gone on.
        after: What it would have been.
        parts: Who played for whom in `after`, by place in the market.
    """

    before: Played
    after: Played
    parts: tuple[Part, ...]

    @property
    def first_change(self) -> int | None:
        """Number of the first wave with other questions or answers; None when all are the same."""
        return first_change(self.before.waves, self.after.waves)

    @property
    def gains(self) -> tuple[Fraction, ...]:
        """By place in the market: what the swap earns each bidder, in minor units, exact; negative: what it costs."""
        pairs = zip(self.before.result.utilities, self.after.result.utilities, strict=True)
        return tuple(after - before for before, after in pairs)

    @property
    def welfare(self) -> int:
        """By how much the swap raises what the outcome is worth to all bidders together."""
        return self.after.result.welfare - self.before.result.welfare

    @property
    def revenue(self) -> Fraction:
        """By how much the swap raises what all bidders pay together, exact."""
        return self.after.result.revenue - self.before.result.revenue


class Counterfactuals:
    """A recorded session, ready to be played again.

    Args:
        recording: Of the session.
        codec: Carries reports as the session did.
        private: By place in the market, what each bidder alone knew; None takes it from their answers.
        own: By name, how bidders played; whoever is left out plays its recorded answers.
        bidder_seed: Of the bidders' own generators; None when it is not known.

    Raises:
        ConfigurationError: The recorded answers do not lead to the recorded outcome here, or what a void session
            would have come to cannot be known.

    Attributes:
        recording: As given.
        private: What each bidder is taken to know, by place in the market.
        inferences: What answers tell, by place in the market, where private types are taken from them; else empty.
        parts: Who plays for whom when nothing is swapped.
        before: What the session was, or would have been had a void one gone on.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        codec: Codec,
        private: Sequence[Private] | None = None,
        own: Mapping[str, OwnStrategy] | None = None,
        bidder_seed: bytes | None = None,
    ) -> None:
        specification = recording.specification
        self.recording = recording
        self._market = specification.market
        self._mechanism = find_mechanism(specification.mechanism)
        self._parameters = self._mechanism.configure(specification.parameters)
        self._names = self._market.names
        self._has_seed = bidder_seed is not None
        self.inferences: tuple[Inference, ...] = ()
        if private is None:
            self.inferences = tuple(
                infer(self._market, bidder, exchanges) for bidder, exchanges in enumerate(recording.exchanges)
            )
            private = [self._taken(bidder) for bidder in range(len(self._names))]
        self.private = tuple(private)
        self._restage = Restage(
            recording=recording,
            private=self.private,
            bidder_seed=recording.coin if bidder_seed is None else bidder_seed,
            delivery=Delivery(self._market, codec),
            auction=Auction(self._market, specification.mechanism, specification.parameters),
        )
        self._own = own or {}
        self.parts = tuple(self._part(bidder) for bidder in range(len(self._names)))
        self.before = self._play_before()

    def swap(self, strategies: Mapping[str, StrategyLike]) -> Counterfactual:
        """Play the session with other strategies.

        Args:
            strategies: By the name of the bidder in whose place they play.

        Raises:
            UsageError: There is no such bidder in the market.
            StrategyError: A strategy cannot be made, or cannot play there.
            ConfigurationError: A bidder took no part, or something is needed that the session does not tell.
        """
        parts, cast = list(self.parts), self._cast(self.parts)
        made = Seating(self._names).make(strategies)
        for name, given in strategies.items():
            bidder = self._names.index(name)
            parts[bidder] = Part(bidder=name, role="swapped", strategy=_text(given))
            cast[bidder] = self._take_place(bidder, made[bidder], parts[bidder].strategy)
        after = self._restage.play(cast)
        return Counterfactual(before=self.before, after=after, parts=_told(parts, cast))

    def consequence_of_deviating(self, name: str) -> Consequence:
        """Return what a bidder's strategic deviations did, against playing truthfully with all else the same.

        Args:
            name: Of a bidder that took part.

        Raises:
            ConfigurationError: The session is void, or that is not known.
        """
        if self.recording.outcome is None:
            raise ConfigurationError("the session is void, so that nothing was earned")
        truthful = self.swap({name: Truthful})
        return Consequence(
            earned=-truthful.gains[self._names.index(name)],
            welfare=-truthful.welfare,
            revenue=-truthful.revenue,
            stand_ins=tuple(part.bidder for part in truthful.parts if part.left_in_wave is not None),
        )

    # --- What is known. ---

    def _taken(self, bidder: int) -> Private:
        """Return what a bidder is taken to know, from what its answers tell: the least of what they allow."""
        market, inference = self._market, self.inferences[bidder]
        if isinstance(market, Market):
            return inference.candidates[0]
        least = min(inference.candidates, key=lambda index: market.bidders[bidder].types[index])
        if inference.belief is not None and self._knows_belief(market, bidder):
            return PrivateKnowledge(value=least, belief=inference.belief)
        others = {other: market.type_counts[other] for other in others_of(market, bidder)}
        return PrivateKnowledge(value=least, belief=uniform(others))

    def _knows_belief(self, market: TypeMarket, bidder: int) -> bool:
        """Whether a bidder's report tells all that it believes, and not what being asked taught it."""
        inference, others = self.inferences[bidder], others_of(market, bidder)
        if inference.belief is None or inference.subjects != others:
            return False
        anything = uniform({other: market.type_counts[other] for other in others})
        return all(
            self._mechanism.belief_when_asked(market, bidder, index, anything) is anything
            for index in range(market.type_counts[bidder])
        )

    def _take_place(self, bidder: int, strategy: Strategy, text: str) -> Strategy:
        """Return the strategy that plays in the place of a bidder, as far as it can be known what it would know.

        Raises:
            StrategyError: It cannot play there.
            ConfigurationError: The bidder took no part, or what it knew is not known.
        """
        name = self._names[bidder]
        if bidder not in self.recording.players:
            raise ConfigurationError(f"{name} took no part in the session: nobody can take its place")
        try:
            strategy.check(self._market, bidder)
        except OpenOutcryError as problem:
            raise StrategyError(f"strategy {text!r} in the place of {name}: {problem}") from problem
        if not self.inferences:
            return strategy
        inference = self.inferences[bidder]
        if type(strategy) is Truthful:
            return Inferred(inference)
        missing = ""
        if not inference.is_exact:
            missing = "its signal" if isinstance(self._market, Market) else "its value"
        elif (
            isinstance(self._market, TypeMarket)
            and self._mechanism.exact_rewards(self._parameters, len(self._names)) is not None
            and not self._knows_belief(self._market, bidder)
        ):
            missing = "what it believed before it was asked"
        if missing:
            raise ConfigurationError(
                f"{text} cannot play for {name}: the session does not tell {missing}; give the private types with "
                "--private FILE"
            )
        return strategy

    # --- Who plays. ---

    def _part(self, bidder: int) -> Part:
        """Return who plays for a bidder when nothing is swapped."""
        name = self._names[bidder]
        if bidder not in self.recording.players:
            return Part(bidder=name, role="absent")
        own = self._own.get(name, OwnStrategy())
        problem = own.problem
        if own.factory is not None:
            problem = self._rehearse(bidder, own.factory)
        return Part(bidder=name, role="recorded" if problem else "own", strategy=own.text, reason=problem)

    def _rehearse(self, bidder: int, factory: StrategyFactory) -> str:
        """Return why a bidder's own strategy cannot play for it: it does not give the recorded answers any more."""
        if not (factory.deterministic or self._has_seed):
            return "the seed of its strategy's draws is not known"
        try:
            strategy = factory.make()
        except StrategyError as problem:
            return str(problem)
        name, market = self._names[bidder], self._market
        seat = make_seat(
            as_input(self.private[bidder]),
            market,
            bidder,
            bidder_random(self._restage.bidder_seed, name),
            mechanism=self._mechanism.name,
        )
        player = Player(strategy=strategy, seat=seat, defaults=[])
        player.start()
        said: dict[int, int] = {}
        for exchange in self.recording.exchanges[bidder]:
            if isinstance(exchange, LevelExchange):
                is_same = self._accepts(player, exchange) == exchange.accepts
            else:
                is_same = self._report(player, bidder, exchange, said) == exchange.report
            if not is_same:
                return f"its strategy does not answer wave {exchange.wave} as it was answered"
        return ""

    @staticmethod
    def _accepts(player: Player, exchange: LevelExchange) -> bool:
        asked = exchange.question
        answer = player.accepts(level=asked.level, price=asked.price, target=asked.target, wave=exchange.wave)
        return answer is True

    def _report(
        self, player: Player, bidder: int, exchange: ReportExchange, said: dict[int, int]
    ) -> int | TypeReport | None:
        asked, wave = exchange.question, exchange.wave
        report: int | TypeReport | None
        if isinstance(self._market, Market):
            report = player.signal(wave=wave)
        else:
            report = player.type_report(
                wave=wave, asks_value=asked.asks_value, subjects=asked.subjects, is_private=asked.is_private
            )
        if report is None:
            return None
        opened = player.opening(wave=wave, report=report)
        if opened is not Open and opened != report:
            return None
        if isinstance(report, int):
            return report
        return self._restage.delivery.deliver(
            bidder, report, kind=asked.kind, weight_bits=exchange.weight_bits, said=said
        )

    def _cast(self, parts: Sequence[Part]) -> list[Strategy]:
        """Return one fresh strategy for each bidder of the market."""
        cast: list[Strategy] = []
        for bidder, part in enumerate(parts):
            own = self._own.get(part.bidder)
            if part.role == "own" and own is not None and own.factory is not None:
                cast.append(own.factory.make())
            elif part.role == "absent":
                cast.append(Truthful())
            else:
                cast.append(self._recorded(bidder))
        return cast

    def _recorded(self, bidder: int) -> Recorded:
        then = Inferred(self.inferences[bidder]) if self.inferences else Truthful()
        return Recorded(self.recording.exchanges[bidder], then)

    # --- What the session was. ---

    def _play_before(self) -> Played:
        outcome = self.recording.outcome
        if outcome is None:
            return self._restage.play(self._cast(self.parts))
        played = self._restage.play([self._recorded(bidder) for bidder in range(len(self._names))])
        result = played.result
        if (result.awards, result.payments) != (outcome.awards, outcome.payments):
            raise ConfigurationError(
                "the recorded answers do not lead to the recorded outcome here: was another release at work?"
            )
        while any(part.role == "own" for part in self.parts):
            fickle = self._fickle(played)
            if not fickle:
                break
            self.parts = tuple(
                replace(part, role="recorded", reason="its strategy does not answer the same twice")
                if bidder in fickle
                else part
                for bidder, part in enumerate(self.parts)
            )
        return played

    def _fickle(self, before: Played) -> frozenset[int]:
        """Return whose own strategies do not lead to what the session was, though they did so when rehearsed."""
        again = self._restage.play(self._cast(self.parts))
        place = first_change(before.waves, again.waves)
        if place is None:
            return frozenset()
        was, now = before.waves[place], again.waves[place]
        others = frozenset(
            question.bidder
            for question, one, other in zip(was.questions, was.answers, now.answers, strict=True)
            if one != other and self.parts[question.bidder].role == "own"
        )
        if not others:
            raise UsageError(f"wave {place} is another one without anybody's doing")
        return others


def _told(parts: Sequence[Part], cast: Sequence[Strategy]) -> tuple[Part, ...]:
    """Return the parts with what became of those whose recorded answers stood in for them."""
    return tuple(
        replace(part, left_in_wave=strategy.left_in_wave) if isinstance(strategy, Recorded) else part
        for part, strategy in zip(parts, cast, strict=True)
    )


def _text(given: StrategyLike) -> str:
    if isinstance(given, str):
        return given
    name = getattr(given, "name" if isinstance(given, StrategyFactory) else "__name__", None)
    return name if isinstance(name, str) else type(given).__name__
