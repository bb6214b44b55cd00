"""One bidder's strategy in one simulated auction: asked, checked, and replaced by the default when it fails.

In-process play and simulated sessions both ask strategies through here, so that a strategy that raises, answers
nonsense or would wait for the outside world counts in both as what the documentation says: an exit to a raise, a
withheld report to a report, the committed report to an opening. Each such default is recorded with the reason. Not
answering at all is no failure: what follows from silence is the session's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.strategies import (
    AnySeat,
    CheckedOpening,
    NoAnswer,
    Open,
    OpeningView,
    OutcomeView,
    RaiseView,
    ReportView,
    StartView,
    Stay,
    Strategy,
    TypeQuestion,
    answer_opening,
    answer_raise,
    answer_report,
    answer_type,
    notify_outcome,
    notify_start,
    run_sync,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A strategy failed and the documented default was taken in its place.

    Attributes:
        bidder: Name.
        wave: Number of the wave that asked, from 0; None outside a question.
        taken: "exit", "withheld", "opened", or "ignored" where no answer was due.
        reason: One line: which callback failed, how and where.
    """

    bidder: str
    wave: int | None
    taken: str
    reason: str


class Player:
    """A strategy in its seat.

    Args:
        strategy: Plays this bidder in this auction and nobody else.
        seat: What the bidder knows throughout.
        defaults: Takes up what the strategy failed to do; shared by all players of an auction.
    """

    __slots__ = ("_defaults", "_seat", "_strategy")

    def __init__(self, *, strategy: Strategy, seat: AnySeat, defaults: list[Default]) -> None:
        self._strategy = strategy
        self._seat = seat
        self._defaults = defaults

    def start(self) -> None:
        """Tell the strategy that the auction begins."""
        try:
            run_sync(notify_start(self._strategy, StartView(seat=self._seat)))
        except StrategyError as problem:
            self._fail("ignored", None, problem)

    def accepts(self, *, level: int, price: int | None, target: int | None, wave: int) -> bool | None:
        """Ask whether the clock may rise to `level`.

        Args:
            level: 1..k-1, one above the clock.
            price: Of the final offer, in minor units; None while information is collected.
            target: Level whose acceptance buys at `price`; None without one.
            wave: Number of the wave, from 0.

        Returns:
            True to stay, False to exit, also when the strategy failed; None when it wishes not to answer.
        """
        view = RaiseView(seat=self._seat, level=level, clock=level - 1, price=price, wave=wave, target=target)
        try:
            answer = run_sync(answer_raise(self._strategy, view))
        except StrategyError as problem:
            self._fail("exit", wave, problem)
            return False
        return None if answer is NoAnswer else answer is Stay

    def signal(self, *, wave: int) -> int | None:
        """Ask for the report: a signal in 0..k-1, or None when it is withheld or the strategy failed."""
        try:
            answer = run_sync(answer_report(self._strategy, ReportView(seat=self._seat, wave=wave)))
        except StrategyError as problem:
            self._fail("withheld", wave, problem)
            return None
        return answer if isinstance(answer, int) else None

    def type_report(
        self, *, wave: int, asks_value: bool, subjects: tuple[int, ...], is_private: bool
    ) -> TypeReport | None:
        """Ask for the valuation, the belief about the subjects, or both.

        Args:
            wave: Number of the wave, from 0.
            asks_value: Whether the valuation is asked for.
            subjects: Market indices, rising; empty when no belief is asked for.
            is_private: Whether only the auctioneer will see the report.

        Returns:
            The report, or None when it is withheld or the strategy failed.
        """
        question = TypeQuestion(
            seat=self._seat, wave=wave, asks_value=asks_value, subjects=subjects, is_private=is_private
        )
        try:
            answer = run_sync(answer_type(self._strategy, question))
        except StrategyError as problem:
            self._fail("withheld", wave, problem)
            return None
        return answer if isinstance(answer, TypeReport) else None

    def opening(self, *, wave: int, report: TypeReport | int) -> CheckedOpening:
        """Ask whether to open what was committed to.

        Args:
            wave: Number of the wave, from 0.
            report: What was committed to; an integer is a signal.

        Returns:
            `Open`, also when the strategy failed; `NoAnswer`; or what it would rather open.
        """
        if isinstance(report, int):
            view = OpeningView(seat=self._seat, wave=wave, reported_signal=report)
        else:
            view = OpeningView(seat=self._seat, wave=wave, report=report)
        try:
            return cast(CheckedOpening, run_sync(answer_opening(self._strategy, view)))
        except StrategyError as problem:
            self._fail("opened", wave, problem)
            return Open

    def end(self, view: OutcomeView) -> None:
        """Tell the strategy how the auction ended."""
        try:
            run_sync(notify_outcome(self._strategy, view))
        except StrategyError as problem:
            self._fail("ignored", None, problem)

    @property
    def seat(self) -> AnySeat:
        """What the bidder knows throughout."""
        return self._seat

    def note_default(self, taken: str, wave: int | None, reason: str) -> None:
        """Note that a default was taken in place of the strategy's answer; the arguments are those of `Default`."""
        name = self._seat.market.bidders[self._seat.bidder].name
        self._defaults.append(Default(bidder=name, wave=wave, taken=taken, reason=reason))

    def _fail(self, taken: str, wave: int | None, problem: StrategyError) -> None:
        self.note_default(taken, wave, str(problem))
