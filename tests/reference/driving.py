"""Runs one conversation on one tape and keeps what was asked; apart from the product's own drivers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
)
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import MECHANISMS

Rule = Callable[[Chance], Conversation]
Respond = Callable[[Question, int], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A run: how it ended, the mechanism's state at every wave, how far clocks rose, the final offer."""

    outcome: Outcome
    offer: Climb | None
    states: tuple[Mapping[str, object], ...]
    clocks: tuple[int, ...]


def registered(market: Market, name: str, **raw: object) -> Rule:
    """Return a registered mechanism on a market, with its parameters as a scenario would give them."""
    mechanism = MECHANISMS[name]
    parameters = mechanism.configure(raw)
    return lambda chance: mechanism.converse(market, parameters, chance)


def truthful(signals: Sequence[int], withheld: Collection[int] = ()) -> Respond:
    """Answer every question truthfully, but let the bidders in `withheld` report nothing."""

    def respond(question: Question, clock: int) -> Answer:
        signal = signals[question.bidder]
        if isinstance(question, Climb):
            level = min(signal, question.target)
            return Climbed(level=level, exited=level < question.target)
        return Reported(value=None if question.bidder in withheld else signal)

    return respond


def play(rule: Rule, respond: Respond, chance: Chance, size: int) -> Played:
    """Hold the conversation to its end, answering `respond(question, clock of the bidder)`."""
    conversation = rule(chance)
    clocks = [0] * size
    states = []
    offer: Climb | None = None
    try:
        wave = next(conversation)
        while True:
            assert wave.questions, "a wave is never empty"
            asked = [question.bidder for question in wave.questions]
            assert len(asked) == len(set(asked)), "a bidder is asked at most one question at a time"
            states.append(wave.state())
            answers = []
            for question in wave.questions:
                if isinstance(question, Climb) and question.price is not None:
                    offer = question
                answer = respond(question, clocks[question.bidder])
                if isinstance(answer, Climbed):
                    clocks[question.bidder] = answer.level
                answers.append(answer)
            wave = conversation.send(tuple(answers))
    except StopIteration as end:
        return Played(outcome=end.value, offer=offer, states=tuple(states), clocks=tuple(clocks))
