"""Wrong rules that look right. The checkers must catch every one of them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from fractions import Fraction

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Reported,
    ReportSignal,
    Wave,
)
from tests.reference.driving import Rule
from tests.reference.instances import Instance
from tests.reference.naive import sold_to


def first_price(instance: Instance) -> Rule:
    """Sell to whoever the reports make the best, at its own value by these reports."""

    def converse(_: Chance) -> Conversation:
        reports = yield from _collect(instance)
        state = instance.state(reports)
        winner = instance.owner(state, range(instance.size))
        return sold_to(instance, winner, instance.tables[winner][state])

    return converse


def price_zero(instance: Instance) -> Rule:
    """Give the lot to whoever the reports make the best."""

    def converse(_: Chance) -> Conversation:
        reports = yield from _collect(instance)
        return sold_to(instance, instance.owner(instance.state(reports), range(instance.size)), 0)

    return converse


def charge_the_highest_value(instance: Instance) -> Rule:
    """Sell to whoever the reports make the best, at its value as if all signals were the highest."""

    def converse(_: Chance) -> Conversation:
        reports = yield from _collect(instance)
        winner = instance.owner(instance.state(reports), range(instance.size))
        return sold_to(instance, winner, instance.value(winner, [instance.levels - 1] * instance.size))

    return converse


def entry_fee(instance: Instance) -> Rule:
    """Sell nothing, and take one unit from everybody for having asked."""

    def converse(_: Chance) -> Conversation:
        yield from _collect(instance)
        fees = (Fraction(1),) * instance.size
        return Outcome(awards=(), payments=fees, reason="the fee is due in any case")

    return converse


def charge_the_level_just_accepted(instance: Instance) -> Rule:
    """Raise all clocks together, ask everybody at once, charge the last level that the winner accepted."""

    def converse(_: Chance) -> Conversation:
        active = list(range(instance.size))
        clocks = [0] * instance.size
        for level in range(1, instance.levels):
            if len(active) == 1:
                break
            questions = tuple(Climb(bidder=bidder, target=level) for bidder in active)
            answers = yield Wave(questions=questions, reason="all clocks rise together", state=_nothing)
            staying = []
            for bidder, answer in zip(active, answers, strict=True):
                assert isinstance(answer, Climbed)
                clocks[bidder] = answer.level
                if not answer.exited:
                    staying.append(bidder)
            if not staying:
                break
            active = staying
        return sold_to(instance, active[0], instance.value(active[0], clocks))

    return converse


def _collect(instance: Instance) -> Generator[Wave, tuple[Answer, ...], list[int]]:
    questions = tuple(ReportSignal(bidder=bidder) for bidder in range(instance.size))
    answers = yield Wave(questions=questions, reason="everybody reports", state=_nothing)
    return [answer.value or 0 for answer in answers if isinstance(answer, Reported)]


def _nothing() -> Mapping[str, object]:
    return {}
