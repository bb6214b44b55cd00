"""What a strategy is shown when a market of types asks it: its valuation, its belief, and whether to open its report.

`TypeQuestion` is the whole of one question and is for drivers; `openoutcry.strategies.ask` turns it into a
`ValuationView`, a `BeliefView` or both, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.valuations import Value, value_of
from openoutcry.strategies.views import View


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuationView(View):
    """The bidder must report its valuation. `view.value` is the true one, `view.types` lists the possible ones.

    Attributes:
        wave: Number of the wave that asks, from 0.
        is_private: Whether only the auctioneer will see the report when it is opened.
    """

    wave: int
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefView(View):
    """The bidder must report what it believes of some other bidders' values.

    Attributes:
        wave: Number of the wave that asks, from 0.
        about: Market indices of those bidders, rising.
        reported_index: Place of the valuation that goes with the belief in one report; None when there is none.
        is_private: Whether only the auctioneer will see the report when it is opened.
    """

    wave: int
    about: tuple[int, ...]
    reported_index: int | None = None
    is_private: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        """Names of the bidders whom the belief must be about."""
        return tuple(self.seat.market.bidders[bidder].name for bidder in self.about)

    @property
    def reported_value(self) -> Value | None:
        """The valuation that goes with the belief in one report; None when there is none."""
        if self.reported_index is None:
            return None
        return value_of(self._type_seat("reported_value").market, self.bidder, self.reported_index)

    @property
    def knowledge(self) -> Belief:
        """What this bidder believes of the subjects, and has learnt from being asked; to report it earns most.

        Being asked may tell something. In `crowdsourced-lookahead` only those are asked who did not report the highest
        value, so there this is the posterior given that another bidder leads.
        """
        seat = self._type_seat("knowledge")
        known = seat.knowledge.about(self.subjects)
        if not seat.mechanism:
            return known
        own = seat.value if self.reported_index is None else self.reported_index
        mechanism = find_mechanism(seat.mechanism)
        learnt = mechanism.belief_when_asked(seat.market, seat.bidder, own, known.distribution)
        return Belief(seat.market, learnt)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningView(View):
    """All have committed: the bidder is to open what it committed to.

    Attributes:
        wave: Number of the wave.
        report: What was committed to in a market of types; None in one of signals.
        reported_signal: The signal that was committed to in a market of signals; None in one of types.
    """

    wave: int
    report: TypeReport | None = None
    reported_signal: int | None = None

    @property
    def reported_value(self) -> Value | None:
        """The valuation that was committed to, or None."""
        if self.report is None or self.report.value is None:
            return None
        return value_of(self._type_seat("reported_value").market, self.bidder, self.report.value)

    @property
    def reported_belief(self) -> Belief | None:
        """The belief that was committed to, or None."""
        if self.report is None or self.report.belief is None:
            return None
        return Belief(self._type_seat("reported_belief").market, self.report.belief)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeQuestion(View):
    """One question for a valuation, a belief or both, as a driver puts it.

    Attributes:
        wave: Number of the wave that asks, from 0.
        asks_value: Whether the valuation is asked for.
        subjects: Market indices of the bidders whom the belief is to be about, rising; empty when none is asked for.
        is_private: Whether only the auctioneer will see the report when it is opened.
    """

    wave: int
    asks_value: bool
    subjects: tuple[int, ...] = ()
    is_private: bool = False

    def valuation_view(self) -> ValuationView:
        """Return what the strategy is shown first, when a valuation is asked for."""
        return ValuationView(seat=self.seat, wave=self.wave, is_private=self.is_private)

    def belief_view(self, reported_index: int | None) -> BeliefView:
        """Return what it is shown when a belief is asked for; `reported_index` is the valuation just reported."""
        return BeliefView(
            seat=self.seat,
            wave=self.wave,
            about=self.subjects,
            reported_index=reported_index,
            is_private=self.is_private,
        )
