"""What counts as an answer to each question, and what to say about everything else.

Messages are advice to whoever wrote the strategy: what was answered, and what to return instead. Called by
`openoutcry.strategies.ask` for every answer of every strategy, in whatever driver.
"""

from __future__ import annotations

from collections.abc import Mapping

from openoutcry.errors import StrategyError, UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.strategies.api import (
    Decision,
    Open,
    Opening,
    OpenInstead,
    RaiseAnswer,
    ReportAnswer,
    Silence,
)
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.type_views import BeliefView, OpeningView, ValuationView
from openoutcry.strategies.valuations import find_type

SHOWN_LIMIT = 60

CheckedOpening = Opening | Silence | TypeReport | int
"""Open as committed, open nothing, or open this report (an integer: this signal) in its place."""


def check_decision(result: object) -> RaiseAnswer:
    """Accept `Stay`, `Exit` and `NoAnswer`.

    Args:
        result: What a callback answered to a raise.

    Raises:
        StrategyError: Anything else; booleans too, since it would be a guess what True means.
    """
    if isinstance(result, Decision | Silence):
        return result
    if result is None:
        raise StrategyError(
            "the answer to a raise was None: is there a path without `return Stay` or `return Exit`?"
        )
    raise StrategyError(f"the answer to a raise was {_show(result)}: return Stay or Exit")


def check_signal(result: object, signal_levels: int) -> ReportAnswer:
    """Accept an integer signal in 0..k-1, and `NoAnswer`.

    Args:
        result: What a callback answered to a report.
        signal_levels: k, at least 2.

    Raises:
        StrategyError: Anything else.
    """
    if isinstance(result, Silence):
        return result
    if isinstance(result, int) and not isinstance(result, bool):
        if 0 <= result < signal_levels:
            return int(result)
        raise StrategyError(f"the reported signal was {_show(result)}: signals are 0..{signal_levels - 1}")
    if result is None:
        raise StrategyError("the reported signal was None: is there a path without `return`?")
    raise StrategyError(f"the reported signal was {_show(result)}: return an integer, 0..{signal_levels - 1}")


def check_valuation(result: object, view: ValuationView) -> int | Silence:
    """Accept a value of the bidder's public list, by bundle or by place, and `NoAnswer`.

    Args:
        result: What a callback answered.
        view: What it was shown.

    Returns:
        The place of the type in the list.

    Raises:
        StrategyError: Anything else.
    """
    if isinstance(result, Silence):
        return result
    if result is None:
        raise StrategyError("the reported valuation was None: is there a path without `return`?")
    try:
        return find_type(_types(view), view.bidder, result)
    except UsageError as error:
        raise StrategyError(f"the reported valuation: {error}") from error


def check_belief(result: object, view: BeliefView) -> Belief | Silence:
    """Accept a belief about exactly the subjects of the question, and `NoAnswer`.

    Args:
        result: What a callback answered.
        view: What it was shown.

    Raises:
        StrategyError: Anything else.
    """
    if isinstance(result, Silence):
        return result
    if result is None:
        raise StrategyError("the reported belief was None: is there a path without `return`?")
    return _check_belief(result, _types(view), view.about)


def check_opening(result: object, view: OpeningView) -> CheckedOpening:
    """Accept `Open`, `NoAnswer`, and an `OpenInstead` of what was committed to.

    Args:
        result: What a callback answered to an opening.
        view: What it was shown.

    Raises:
        StrategyError: Anything else.
    """
    if isinstance(result, Opening | Silence):
        return result
    if isinstance(result, OpenInstead):
        return _check_instead(result, view)
    if result is None:
        raise StrategyError("the answer to an opening was None: is there a path without `return Open`?")
    raise StrategyError(f"the answer to an opening was {_show(result)}: return Open")


def _check_instead(instead: OpenInstead, view: OpeningView) -> CheckedOpening:
    report = view.report
    if report is None:
        if instead.signal is None:
            return Open
        return check_signal(instead.signal, view.signal_levels)
    value, belief = report.value, report.belief
    if instead.valuation is not None:
        if value is None:
            raise StrategyError("OpenInstead(valuation=...): no valuation was asked for")
        try:
            value = find_type(_types(view), view.bidder, instead.valuation)
        except UsageError as error:
            raise StrategyError(f"OpenInstead(valuation=...): {error}") from error
    if instead.belief is not None:
        if belief is None:
            raise StrategyError("OpenInstead(belief=...): no belief was asked for")
        belief = _check_belief(instead.belief, _types(view), belief.players).distribution
    return TypeReport(value=value, belief=belief)


def _check_belief(result: object, market: TypeMarket, about: tuple[int, ...]) -> Belief:
    names = ", ".join(market.bidders[bidder].name for bidder in about)
    if not isinstance(result, Belief):
        advice = "Belief.joint(view.market, rows)" if isinstance(result, list) else "view.knowledge"
        if isinstance(result, Mapping):
            advice = "Belief.product(view.market, ...) makes one of weights by name and value"
        raise StrategyError(f"the reported belief was {_show(result)}: return a Belief, such as {advice}")
    if result.market is not market and result.market != market:
        raise StrategyError("the reported belief is about another market: make it with view.market")
    if result.distribution.players != about:
        told = ", ".join(result.names) or "nobody"
        raise StrategyError(
            f"the reported belief is about {told}, and the question about {names}: belief.about(view.subjects) "
            "leaves the others out"
        )
    return result


def _types(view: ValuationView | BeliefView | OpeningView) -> TypeMarket:
    market = view.market
    assert isinstance(market, TypeMarket), "such questions are asked in markets of types only"
    return market


def _show(result: object) -> str:
    """Show an unexpected answer, shortened: it may be a language model's whole reply."""
    shown = repr(result)
    return shown if len(shown) <= SHOWN_LIMIT else f"{shown[: SHOWN_LIMIT - 3]}..."
