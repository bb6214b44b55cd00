"""The mechanisms again, naively: one bidder at a time, everything recomputed from the definitions.

`discovery` follows Mechanism 2 of the paper line by line (with the design's owners, groups and forms),
`binary_discovery` Mechanism 1 on counts of high signals, `uniform_winner` footnote 2. They share nothing with
the product but the values of the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Award,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Reported,
    ReportSignal,
    Wave,
)
from tests.reference.instances import Instance
from tests.reference.tapes import COSTLY, GROUP, PRICE, RESIDUE, Tape

Optimal = Callable[[Instance, int, tuple[int, ...], Sequence[int]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Which of the mechanisms of Theorems 1-5 and 7-10 to run."""

    pricing: Literal["welfare", "revenue"] = "welfare"
    form: Literal["clock", "sealed"] = "clock"
    scope: Literal["group", "all"] = "group"

    @property
    def raw(self) -> dict[str, object]:
        """Return the same choices as a scenario writes them."""
        return {"pricing": self.pricing, "form": self.form, "scope": self.scope}


def owns(instance: Instance, bidder: int, state: tuple[int, ...], candidates: Sequence[int]) -> bool:
    """Say whether a bidder owns a state: one owner a state, the lowest index among the best."""
    return instance.owner(state, candidates) == bidder


def is_among_the_best(
    instance: Instance, bidder: int, state: tuple[int, ...], candidates: Sequence[int]
) -> bool:
    """Say whether a bidder is in the argmax: the reading under which Lemma 1 fails. Planted, to be caught."""
    return instance.tables[bidder][state] == max(instance.tables[other][state] for other in candidates)


@dataclass(slots=True)
class _Run:
    """The variables of Mechanism 2, for the group of `members`."""

    instance: Instance
    group: int
    residue: int
    candidates: Sequence[int]
    optimal: Optimal
    outside: tuple[int, ...]
    active: list[int]
    rejected: list[int] = field(default_factory=list)
    q_min: int = 0
    q_max: int = 0
    phase: str = "outsiders"

    def state_at(self, level: int) -> tuple[int, ...]:
        """Return the state with the group's sum at `level` and all others as discovered."""
        return (*self.outside[: self.group], level, *self.outside[self.group + 1 :])

    def levels(self, first: int, last: int) -> list[int]:
        """Return the levels of S in first..last."""
        return [q for q in range(first, last + 1) if q % (self.instance.levels - 1) == self.residue]

    def may_win(self, bidder: int) -> bool:
        """Say whether a bidder is optimal at some level of S in the window."""
        return any(
            self.optimal(self.instance, bidder, self.state_at(q), self.candidates)
            for q in self.levels(self.q_min, self.q_max)
        )

    def narrow(self, signal: int) -> None:
        """Count a discovered signal."""
        self.q_min += signal
        self.q_max -= self.instance.levels - 1 - signal

    def snapshot(self) -> Mapping[str, object]:
        """Return what the checks of Lemma 1 look at."""
        return {"phase": self.phase, "rejected": list(self.rejected), "active": list(self.active)}


def discovery(instance: Instance, variant: Variant, chance: Chance, optimal: Optimal = owns) -> Conversation:
    """Run Mechanism 2, one bidder at a time.

    Args:
        instance: Who bids.
        variant: Pricing, form and scope.
        chance: Drawn under the product's labels, so that one tape serves both.
        optimal: The reading of "optimal at a level".
    """
    top = instance.levels - 1
    reports: dict[int, int | None] = {}
    if variant.form == "sealed":
        for bidder in range(instance.size):
            (answer,) = yield _ask(ReportSignal(bidder=bidder), dict)
            assert isinstance(answer, Reported)
            reports[bidder] = answer.value
    group = chance.uniform(GROUP, instance.group_count) if instance.group_count > 1 else 0
    residue = chance.uniform(RESIDUE, top) if instance.levels > 2 else 0
    members = instance.members(group)
    candidates = members if variant.scope == "group" else list(range(instance.size))
    run = _Run(instance, group, residue, candidates, optimal, (0,) * instance.group_count, list(members))
    run.q_max = len(members) * top
    known = [0] * instance.size

    def discover(bidder: int) -> Generator[Wave, tuple[Answer, ...], None]:
        if variant.form == "sealed":
            known[bidder] = reports[bidder] or 0
        else:
            (answer,) = yield _ask(Climb(bidder=bidder, target=top), run.snapshot)
            assert isinstance(answer, Climbed)
            known[bidder] = answer.level

    for outsider in range(instance.size):
        if outsider not in members:
            yield from discover(outsider)
    run.outside = instance.state(known)
    while len(run.active) > 1:
        costly = chance.pick(COSTLY, run.active)
        run.active.remove(costly)
        run.rejected.append(costly)
        run.phase = "costly"
        yield from discover(costly)
        run.narrow(known[costly])
        run.phase = "free"
        while free := [bidder for bidder in run.active if not run.may_win(bidder)]:
            run.active.remove(free[0])
            yield from discover(free[0])
            run.narrow(known[free[0]])
        run.rejected = [bidder for bidder in run.rejected if run.may_win(bidder)]
    run.phase = "final"
    if not run.active:
        return _unsold(instance)
    return (yield from _offer(run, variant, chance, known, reports))


def _offer(
    run: _Run, variant: Variant, chance: Chance, known: Sequence[int], reports: Mapping[int, int | None]
) -> Conversation:
    instance = run.instance
    survivor = run.active[0]
    rest = sum(known[bidder] for bidder in instance.members(run.group) if bidder != survivor)
    thresholds = [
        level - rest
        for level in run.levels(rest, rest + instance.levels - 1)
        if run.optimal(instance, survivor, run.state_at(level), run.candidates)
    ]
    if not thresholds:
        return _unsold(instance)
    threshold = thresholds[0]
    if variant.pricing == "revenue":
        threshold = thresholds[chance.uniform(PRICE, len(thresholds))]
    price = instance.tables[survivor][run.state_at(rest + threshold)]
    if variant.form == "sealed":
        report = reports[survivor]
        sold = report is not None and instance.tables[survivor][run.state_at(rest + report)] >= price
    elif threshold == 0:
        sold = True
    else:
        (answer,) = yield _ask(Climb(bidder=survivor, target=threshold, price=price), run.snapshot)
        assert isinstance(answer, Climbed)
        sold = not answer.exited
    return sold_to(instance, survivor, price) if sold else _unsold(instance)


def binary_discovery(instance: Instance, signals: Sequence[int], tape: Tape) -> tuple[int | None, int]:
    """Run Mechanism 1 on one group of bidders with signals 0 and 1, as the paper prints it.

    Returns:
        The winner, or None, and the price.
    """
    active = list(range(instance.size))
    low, high = 0, instance.size

    def optimal_somewhere(bidder: int) -> bool:
        return any(instance.owner((count,), range(instance.size)) == bidder for count in range(low, high + 1))

    while len(active) > 1:
        sampled = min(active, key=tape.permutation.index)
        active.remove(sampled)
        low, high = (low, high - 1) if signals[sampled] == 0 else (low + 1, high)
        while True:
            hopeless = next((bidder for bidder in active if not optimal_somewhere(bidder)), None)
            if hopeless is None:
                break
            active.remove(hopeless)
            low, high = (low, high - 1) if signals[hopeless] == 0 else (low + 1, high)
    if not active:
        return None, 0
    (survivor,) = active
    others = sum(signals) - signals[survivor]
    optimal_at = [own for own in (0, 1) if instance.owner((others + own,), range(instance.size)) == survivor]
    if not optimal_at:
        return None, 0
    price = instance.tables[survivor][(others + optimal_at[0],)]
    if instance.tables[survivor][(others + signals[survivor],)] < price:
        return None, 0
    return survivor, price


def uniform_winner(instance: Instance, signals: Sequence[int]) -> tuple[int, int]:
    """Return who wins when all clocks rise together, and the price, by trying the winner's lower signals."""

    def first_with_highest(profile: Sequence[int]) -> int:
        return min(range(len(profile)), key=lambda bidder: (-profile[bidder], bidder))

    winner = first_with_highest(signals)
    for own in range(instance.levels):
        profile = [*signals[:winner], own, *signals[winner + 1 :]]
        if first_with_highest(profile) == winner:
            return winner, instance.value(winner, profile)
    raise AssertionError("a winner wins at its own signal")


def _ask(question: Climb | ReportSignal, snapshot: Callable[[], Mapping[str, object]]) -> Wave:
    return Wave(questions=(question,), reason="it is this bidder's turn", state=snapshot)


def _unsold(instance: Instance) -> Outcome:
    return Outcome(awards=(), payments=(Fraction(0),) * instance.size, reason="unsold")


def sold_to(instance: Instance, winner: int, price: int) -> Outcome:
    """Return the outcome in which `winner` buys at `price` and nobody else pays."""
    payments = tuple(Fraction(price if bidder == winner else 0) for bidder in range(instance.size))
    award = Award(bidder=winner, goods=(0,), price=Fraction(price))
    return Outcome(awards=(award,), payments=payments, reason="sold")
