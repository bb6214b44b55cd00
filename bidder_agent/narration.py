"""What an agent says to people: one line for each thing that happens.

Lines go to whoever runs the agent and to nobody else: they tell the own values and beliefs, in short.
"""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.protocol.messages import OutcomeDeclared
from openoutcry.session.bidder_values import Asked, LevelAsked, OpeningAsked, SignalAsked, TypeAsked
from openoutcry.strategies import AnySeat, CheckedOpening, TypeSeat
from openoutcry.strategies.api import Decision, Opening, RaiseAnswer, ReportAnswer, Silence
from openoutcry.strategies.valuations import readable, value_of

AnyMarket = Market | TypeMarket

SHOWN_NAMES = 5
"""A line names as many bidders; more are counted."""


def show_money(amount: int | Fraction, market: AnyMarket) -> str:
    """Return an amount of minor units as people write it, such as `12.50 USD`; exact if they can read it."""
    return f"{show_in_currency(amount, market.minor_units)} {market.currency}"


def describe_question(asked: Asked, market: AnyMarket) -> str:
    """Return a question as a person would put it."""
    match asked:
        case LevelAsked():
            return f"wave {asked.wave}: {_describe_level(asked, market)}"
        case SignalAsked():
            return f"wave {asked.wave}: your signal?"
        case TypeAsked():
            names = _listed([market.bidders[subject].name for subject in asked.subjects])
            wanted = ["your value"] if asked.asks_value else []
            wanted += [f"your belief about {names}"] if names else []
            return (
                f"wave {asked.wave}: {' and '.join(wanted)}, sealed{' for good' if asked.is_private else ''}?"
            )
        case OpeningAsked():
            return f"wave {asked.wave}: open what you committed to?"
        case _:
            assert_never(asked)


def describe_answer(value: RaiseAnswer | ReportAnswer | TypeReport | CheckedOpening, seat: AnySeat) -> str:
    """Return an answer in a few words."""
    match value:
        case Decision() | Opening():
            return str(value.value)
        case Silence():
            return "no answer"
        case TypeReport():
            return _describe_report(value, seat)
        case _:
            return str(value)


def describe_outcome(outcome: OutcomeDeclared, roster: tuple[str, ...], own: str, market: AnyMarket) -> str:
    """Return an outcome as one bidder sees it."""
    awards = _describe_awards(outcome, roster, own, market)
    reason = outcome.reason
    return f"{awards}{_describe_payment(outcome, roster, own, market)}: {reason}"


def _describe_level(asked: LevelAsked, market: AnyMarket) -> str:
    if asked.price is None:
        return f"level {asked.level}?"
    price = show_money(asked.price, market)
    if asked.level == asked.target:
        return f"level {asked.level}, which buys the lot for {price}?"
    return f"level {asked.level}, on the way to buying the lot at {asked.target} for {price}?"


def _describe_report(report: TypeReport, seat: AnySeat) -> str:
    parts = []
    if report.value is not None and isinstance(seat, TypeSeat):
        parts.append(str(readable(seat.market, value_of(seat.market, seat.bidder, report.value))))
    if report.belief is not None:
        names = _listed([seat.market.bidders[player].name for player in report.belief.players])
        parts.append(f"a belief about {names} ({report.belief.support_size} rows)")
    return " and ".join(parts)


def _describe_awards(outcome: OutcomeDeclared, roster: tuple[str, ...], own: str, market: AnyMarket) -> str:
    if not outcome.awards:
        return "unsold"
    shown = []
    for award in outcome.awards:
        name = roster[award.bidder]
        what = ""
        if isinstance(market, TypeMarket) and not market.environment.is_single_parameter:
            what = " " + "+".join(market.environment.goods[good] for good in award.goods)
        verb = "you win" if name == own else f"{name} wins"
        shown.append(f"{verb}{what} at {show_money(award.price, market)}")
    return _listed(shown)


def _describe_payment(outcome: OutcomeDeclared, roster: tuple[str, ...], own: str, market: AnyMarket) -> str:
    """Say what is paid in all, where that is something else than the price of what is won."""
    payment = outcome.payments[roster.index(own)]
    price = sum((award.price for award in outcome.awards if roster[award.bidder] == own), Fraction(0))
    if payment == price:
        return ""
    if payment < 0:
        return f", and you are paid {show_money(-payment, market)} in all"
    return f", and you pay {show_money(payment, market)} in all"


def _listed(words: list[str]) -> str:
    more = len(words) - SHOWN_NAMES
    return ", ".join(words[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
