"""What an agent says to people: one line for each thing that happens."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.mechanisms.market import Market
from openoutcry.protocol.messages import OutcomeDeclared
from openoutcry.session.bidder_values import Asked, LevelAsked
from openoutcry.strategies.api import Decision, RaiseAnswer, ReportAnswer, Silence


def show_money(amount: int | Fraction, market: Market) -> str:
    """Return an amount of minor units as people write it, such as `12.50 USD`; exact, whatever it is."""
    scaled = Fraction(amount) / 10**market.minor_units
    if (scaled * 10**market.minor_units).denominator != 1:
        return f"{scaled} {market.currency}"
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), 1)
    digits = str(int(rest * 10**market.minor_units)).zfill(market.minor_units) if market.minor_units else ""
    return f"{sign}{whole}{'.' if digits else ''}{digits} {market.currency}"


def describe_question(asked: Asked, market: Market) -> str:
    """Return a question as a person would put it."""
    if not isinstance(asked, LevelAsked):
        return f"wave {asked.wave}: your signal?"
    if asked.price is None:
        return f"wave {asked.wave}: level {asked.level}?"
    price = show_money(asked.price, market)
    if asked.level == asked.target:
        return f"wave {asked.wave}: level {asked.level}, which buys the lot for {price}?"
    return (
        f"wave {asked.wave}: level {asked.level}, on the way to buying the lot at {asked.target} for {price}?"
    )


def describe_answer(value: RaiseAnswer | ReportAnswer | None) -> str:
    """Return an answer in a word."""
    match value:
        case Decision():
            return value.value
        case Silence() | None:
            return "no answer"
        case _:
            return str(value)


def describe_outcome(outcome: OutcomeDeclared, roster: tuple[str, ...], own: str, market: Market) -> str:
    """Return an outcome as one bidder sees it."""
    if outcome.winner is None:
        return f"unsold: {outcome.reason}"
    winner = "you win" if roster[outcome.winner] == own else f"{roster[outcome.winner]} wins"
    return f"{winner} at {show_money(outcome.price, market)}: {outcome.reason}"
