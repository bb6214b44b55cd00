"""Markets and a driver for the tests of mechanisms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
)
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.tables import Table
from openoutcry.mechanisms.valuations import Valuation


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a conversation asked, wave by wave, what its state was, and how it ended."""

    waves: tuple[tuple[Question, ...], ...]
    states: tuple[Mapping[str, object], ...]
    reasons: tuple[str, ...]
    outcome: Outcome


def make_market(
    *valuations: Valuation, levels: int = 2, groups: Sequence[int] = (), names: Sequence[str] = ()
) -> Market:
    """Return a market of bidders ada, bob, ... in one group, or in the groups whose indices are given."""
    membership = groups or [0] * len(valuations)
    titles = names or ("ada", "bob", "cyd", "dan", "eve", "fay")[: len(valuations)]
    return Market(
        lot="a lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=tuple(f"g{index}" for index in range(max(membership) + 1)),
        bidders=tuple(
            Bidder(name=name, group=group, valuation=valuation)
            for name, group, valuation in zip(titles, membership, valuations, strict=True)
        ),
    )


def own_at(*owners: int, levels: int = 2) -> Market:
    """Return a market of one group in which level q is owned by the bidder `owners[q]`.

    The owner of level q has the value 10 (q + 1) there; all others stay at the value that they had below it.
    """
    columns: list[list[int]] = [[] for _ in range((len(owners) - 1) // (levels - 1))]
    for level, owner in enumerate(owners):
        for bidder, column in enumerate(columns):
            before = column[-1] if column else 0
            column.append(10 * (level + 1) if bidder == owner else before)
    return make_market(*(Table(shape=(len(owners),), values=tuple(c)) for c in columns), levels=levels)


def answer_truthfully(question: Question, signals: Sequence[int | None]) -> Answer:
    """Answer as the signal says; None is a bidder that never answers."""
    signal = signals[question.bidder]
    if isinstance(question, Climb):
        level = min(signal or 0, question.target)
        return Climbed(level=level, exited=level < question.target)
    return Reported(value=signal)


def hold(conversation: Conversation, signals: Sequence[int | None]) -> Run:
    """Hold a conversation with truthful and silent bidders to its end."""
    waves, states, reasons = [], [], []
    try:
        wave = next(conversation)
        while True:
            waves.append(wave.questions)
            states.append(wave.state())
            reasons.append(wave.reason)
            wave = conversation.send(tuple(answer_truthfully(q, signals) for q in wave.questions))
    except StopIteration as end:
        outcome: Outcome = end.value
        return Run(waves=tuple(waves), states=tuple(states), reasons=tuple(reasons), outcome=outcome)


@pytest.fixture(name="make_market")
def make_market_fixture() -> Callable[..., Market]:
    """Give tests the market maker."""
    return make_market


@pytest.fixture(name="own_at")
def own_at_fixture() -> Callable[..., Market]:
    """Give tests the maker of markets by owners."""
    return own_at


@pytest.fixture(name="hold")
def hold_fixture() -> Callable[..., Run]:
    """Give tests the driver."""
    return hold
