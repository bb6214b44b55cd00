"""What a mechanism asks, found by trying it: an audit looks at beliefs and at clocks where there are any."""

from __future__ import annotations

from openoutcry.lab.audit.subject import Held, Subject
from openoutcry.mechanisms.answering import Answerer, drive
from openoutcry.mechanisms.conversation import Answer, Question
from openoutcry.mechanisms.crowd.distributions import Distribution, uniform
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.protocol.draws import SeededChance


def ignorance(subject: Subject, bidder: int) -> Distribution:
    """Return the belief that all types of all others are equally likely."""
    counts = enumerate(subject.truth_counts)
    return uniform({other: count for other, count in counts if other != bidder})


def find_questions(subject: Subject) -> list[Question]:
    """Return the questions that are asked at the lowest and at the highest truths, by some coins."""
    asked: list[Question] = []
    counts = subject.truth_counts
    held: Held = None
    if isinstance(subject.market, TypeMarket):
        held = tuple(ignorance(subject, bidder) for bidder in range(len(counts)))
    for truths in ([0] * len(counts), [count - 1 for count in counts]):
        for coin in range(4):

            def noting(answerer: Answerer) -> Answerer:
                def answer(question: Question, clock: int, /) -> Answer:
                    asked.append(question)
                    return answerer(question, clock)

                return answer

            answerers = [noting(subject.honest(bidder, truth, held)) for bidder, truth in enumerate(truths)]
            chance = SeededChance(coin.to_bytes(32, "big"), len(counts))
            drive(subject.converse(chance), answerers)
    return asked
