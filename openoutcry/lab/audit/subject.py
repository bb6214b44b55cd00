"""What is audited: a mechanism with its parameters on a market, and how a bidder of each truth behaves in it.

A bidder's *truth* is its signal, or the index of its type. Whatever the market, an audit asks the same of a subject:
which truths a bidder may have, what it gains at an outcome, how it answers truthfully, and what else it could say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from openoutcry.lab.audit.properties import Claims
from openoutcry.lab.audit.strangers import guarded
from openoutcry.mechanisms.answering import Answerer, answer_with_signal, answer_with_type
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportedType,
    ReportSignal,
    TypeReport,
)
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Mechanism

Held = tuple[Distribution, ...] | None
"""What everybody believes of all others, by bidder; None where beliefs play no part."""

_Known = tuple[Distribution | None, Answerer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A mechanism on a market.

    Attributes:
        market: With the prior exactly when the mechanism uses one.
        mechanism: Registered or not.
        parameters: As its `configure` made them.
        raw: The same as a person wrote them.
        reference: What names it on the command line, without parameters.
        claims: What it says of itself.
        session_name: The registered mechanism under whose name its bidders play; empty when there is none.
        session_raw: Its raw parameters, with which a session runs the very same; None where no session can.
        is_strange: Whether it is neither registered nor here for study.
        prior: Of everybody's types, if there is one, whether or not the mechanism is told it.
    """

    market: Market | TypeMarket
    mechanism: Mechanism
    parameters: object
    raw: Mapping[str, object]
    reference: str
    claims: Claims
    session_name: str
    session_raw: Mapping[str, object] | None
    is_strange: bool
    prior: Distribution | None = None
    _known: dict[object, _Known] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def can_run(self) -> bool:
        """Whether a session can run it."""
        return self.session_raw is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The bidders' names, in roster order."""
        return self.market.names

    @property
    def truth_counts(self) -> tuple[int, ...]:
        """Length n: how many signals or types each bidder may have."""
        if isinstance(self.market, TypeMarket):
            return self.market.type_counts
        return (self.market.signal_levels,) * len(self.market.bidders)

    def converse(self, chance: Chance) -> Conversation:
        """Begin the mechanism's conversation; a stranger's mistakes become ConfigurationErrors on the way."""
        conversation: Conversation = self.mechanism.converse(self.market, self.parameters, chance)
        return guarded(conversation, self.market, self.reference) if self.is_strange else conversation

    def utility(self, bidder: int, profile: Sequence[int], outcome: Outcome) -> Fraction:
        """Return what a bidder gains at an outcome when this is the true profile, in minor units."""
        gain = -outcome.payments[bidder]
        for award in outcome.awards:
            if award.bidder == bidder:
                gain += self._worth(bidder, profile, award.goods)
        return gain

    def honest(self, bidder: int, truth: int, held: Held) -> Answerer:
        """Return how a bidder answers truthfully, knowing what being asked tells it of the others."""
        belief = None if held is None else held[bidder]
        key = (bidder, truth, id(belief))
        if key not in self._known:
            # The belief is kept with the answerer: its identity must not pass to another one.
            self._known[key] = belief, self.saying(bidder, truth, self.told(bidder, truth, belief))
        return self._known[key][1]

    def saying(self, bidder: int, truth: int, belief: Distribution | None) -> Answerer:
        """Return how somebody answers that claims this truth and this belief throughout."""
        if isinstance(self.market, TypeMarket):
            return answer_with_type(truth, belief, market=self.market)
        return answer_with_signal(truth)

    def told(self, bidder: int, truth: int, belief: Distribution | None) -> Distribution | None:
        """Return what a bidder believes of all others once it is asked."""
        if belief is None:
            return None
        return self.mechanism.belief_when_asked(self.market, bidder, truth, belief)

    def options(
        self, question: Question, clock: int, truths: Sequence[int], beliefs: Sequence[Distribution]
    ) -> tuple[Answer, ...]:
        """Return everything that a bidder could answer.

        Args:
            question: To the bidder.
            clock: The last level that it has accepted.
            truths: The values that it may report in a market of types.
            beliefs: The beliefs about all others that it may report.
        """
        match question:
            case Climb(target=target):
                return tuple(
                    Climbed(level=level, exited=level < target) for level in range(clock, target + 1)
                )
            case ReportSignal():
                signals = range(self.truth_counts[question.bidder])
                return (*(Reported(value=signal) for signal in signals), Reported(value=None))
        values: Sequence[int | None] = truths if question.asks_value else (None,)
        told: Sequence[Distribution | None] = (None,)
        if question.subjects:
            told = list(dict.fromkeys(belief.marginal(question.subjects) for belief in beliefs))
        reports: list[Answer] = [
            ReportedType(report=TypeReport(value=value, belief=belief)) for value in values for belief in told
        ]
        # Where taking part may cost something, staying away is no lie.
        return (*reports, *(() if self.mechanism.charges_losers else (ReportedType(report=None),)))

    def _worth(self, bidder: int, profile: Sequence[int], goods: tuple[int, ...]) -> int:
        market = self.market
        if isinstance(market, TypeMarket):
            return market.value(bidder, profile[bidder], market.environment.bundles.index(goods))
        return market.value(bidder, market.state(profile))
