"""Runs a conversation through every random choice it can make, with exact probabilities.

A generator cannot be copied, so each branch starts the conversation anew and follows a script of branch
numbers up to the first choice that no earlier run has taken. What a choice leads to is kept under the
sufficient state that the mechanism names with its draw, and a run that comes to a state already explored
stops there: the cost is one run for each branch of each distinct state, not one for each path.

Decides: the exact distribution of the outcome, or each path by itself. Refuses: a tree larger than the
caller's limit on runs, as a rule before more than a small part of them is spent (`probing.py`), and draws that a
seeded chance would not make with the same distribution (a label drawn twice, or a `pick` among candidates that
earlier picks of the label say something about). Called by the exact expectation and by incentive checks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm, prod

from openoutcry.errors import TooLargeError, UsageError
from openoutcry.mechanisms.answering import Answerer, drive
from openoutcry.mechanisms.chance import Chance, Draw, RecordingChance
from openoutcry.mechanisms.conversation import Award, Conversation, Outcome
from openoutcry.mechanisms.parameters import show_about
from openoutcry.mechanisms.probing import count_probes, fewest_runs

# At a few tenths of a millisecond a run this is about half a minute, and the states kept fit in memory many
# times over.
DEFAULT_RUN_LIMIT = 100_000


Answerers = Sequence[Answerer] | Callable[[], Sequence[Answerer]]
Converse = Callable[[Chance], Conversation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What an outcome does, without the words that explain it: outcomes that differ only in these are one.

    Attributes:
        awards: Who gets what for how much; empty when nothing is sold.
        payments: Length n: what each bidder pays in all, in minor units.
    """

    awards: tuple[Award, ...]
    payments: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """One path through the random choices.

    Attributes:
        probability: Exact, above 0; those of all tapes sum to 1.
        draws: What was drawn, in order.
        outcome: Where it led.
    """

    probability: Fraction
    draws: tuple[Draw, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementDistribution:
    """The exact distribution of the settlement.

    Attributes:
        probabilities: By settlement, each above 0, summing to 1, in the order first reached.
        runs: How many times the conversation was run to find out.
    """

    probabilities: Mapping[Settlement, Fraction]
    runs: int


# --- The tree of choices ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fork:
    """A choice between branches; `state` is what the continuation depends on, None when unknown."""

    weights: tuple[int, ...]
    state: Hashable | None


class _KnownState(Exception):
    """Stops a run at a state whose distribution is known; never leaves this module."""

    def __init__(self, state: Hashable) -> None:
        super().__init__()
        self.state = state


class _ExploringChance:
    """Takes the branches that a script names, then the first branch of every further choice.

    Attributes:
        forks: The choices met beyond the script, in order.
    """

    def __init__(self, script: Sequence[int], known_states: Mapping[Hashable, object], limit: int) -> None:
        self.forks: list[_Fork] = []
        self._limit = limit
        self._script = script
        self._known_states = known_states
        self._choices = 0
        self._drawn: set[str] = set()
        self._unpicked: dict[str, frozenset[int]] = {}

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        self._claim(label)
        if n < 1:
            raise UsageError(f"draw {label!r} is uniform over {n} values: it needs at least one")
        if n > self._limit:
            # Each value takes a run at least, and the list of branches must not fill the memory first.
            raise _too_large(self._limit, n)
        return self._choose(("uniform", label, n), (1,) * n, state)

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        self._claim(label)
        if not 0 <= probability <= 1:
            raise UsageError(f"draw {label!r} has probability {probability}: it must be in 0..1")
        if probability in {0, 1}:
            return probability == 1
        weights = (probability.numerator, probability.denominator - probability.numerator)
        return self._choose(("bernoulli", label, probability), weights, state) == 0

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        self._claim(label)
        possible = [index for index, weight in enumerate(weights) if weight]
        if not possible or min(weights) < 0:
            raise UsageError(f"draw {label!r} needs weights of at least 0, one of them above it")
        if len(possible) > self._limit:
            raise _too_large(self._limit, len(possible))
        kept = tuple(weights[index] for index in possible)
        return possible[self._choose(("weighted", label, tuple(weights)), kept, state)]

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        if label in self._drawn:
            raise UsageError(f"label {label!r} is used for a pick and another draw: give each its own")
        offered = frozenset(candidates)
        if not candidates or len(offered) != len(candidates):
            raise UsageError(f"pick {label!r} needs one or more distinct candidates, not {candidates!r}")
        if not offered <= self._unpicked.get(label, offered):
            raise UsageError(
                f"pick {label!r} offers somebody already picked or passed over: a seeded chance reads one "
                "permutation for a label, so candidates may only fall away"
            )
        chosen = candidates[self._choose(("pick", label, tuple(candidates)), (1,) * len(candidates), state)]
        self._unpicked[label] = offered - {chosen}
        return chosen

    def _claim(self, label: str) -> None:
        if label in self._drawn or label in self._unpicked:
            raise UsageError(f"label {label!r} is drawn twice: give each draw its own label")
        self._drawn.add(label)

    def _choose(self, draw: Hashable, weights: tuple[int, ...], state: Hashable) -> int:
        if len(weights) == 1:
            return 0
        choice = self._choices
        self._choices += 1
        if choice < len(self._script):
            return self._script[choice]
        named_state = None if state is None else (draw, state)
        if named_state is not None and named_state in self._known_states:
            raise _KnownState(named_state)
        self.forks.append(_Fork(weights, named_state))
        return 0


def _too_large(limit: int, size: int) -> TooLargeError:
    return TooLargeError(
        f"exploring every random choice takes {show_about(size)} runs of the mechanism or more, and the limit is "
        f"{limit}: take fewer bidders or signal levels, allow more runs, or estimate from a sample",
        size=size,
        limit=limit,
    )


@dataclass(slots=True)
class _Runs:
    """Counts the runs of one conversation, and stops before they become too many."""

    converse: Converse
    answerers: Answerers
    limit: int
    done: int = 0

    def run(self, chance: Chance) -> Outcome:
        if self.done >= self.limit:
            raise _too_large(self.limit, self.done + 1)
        self.done += 1
        return self.hold(chance)

    def hold(self, chance: Chance) -> Outcome:
        """Run the conversation without counting it."""
        answerers = self.answerers() if callable(self.answerers) else self.answerers
        return drive(self.converse(chance), answerers)


@dataclass(frozen=True, slots=True)
class _Weighted:
    """A distribution over numbered settlements as integer weights over their total."""

    weights: Mapping[int, int]
    total: int


def _mixture(weights: Sequence[int], branches: Sequence[_Weighted]) -> _Weighted:
    common = lcm(*(branch.total for branch in branches))
    mixed: dict[int, int] = {}
    for weight, branch in zip(weights, branches, strict=True):
        scale = weight * (common // branch.total)
        for settlement, inner in branch.weights.items():
            mixed[settlement] = mixed.get(settlement, 0) + scale * inner
    total = common * sum(weights)
    divisor = gcd(total, *mixed.values())
    return _Weighted({key: weight // divisor for key, weight in mixed.items()}, total // divisor)


@dataclass(slots=True)
class _Frame:
    """A choice on the current path, with the distributions of the branches explored so far."""

    fork: _Fork
    explored: list[_Weighted] = field(default_factory=list)


def outcome_distribution(
    converse: Converse,
    answerers: Answerers,
    *,
    memoise: bool = True,
    limit: int = DEFAULT_RUN_LIMIT,
) -> SettlementDistribution:
    """Find the exact distribution of the settlement over every random choice.

    Args:
        converse: Begins the conversation with the chance it is given; called once a run.
        answerers: Length n, by roster index; or a function that makes them anew for each run, for strategies
            that remember.
        memoise: Explore the states that draws name once. Right only when answers depend on nothing but the
            own question and clock, since a state says nothing of what a bidder remembers.
        limit: Most runs to spend.

    Returns:
        The distribution and what it cost.

    Raises:
        TooLargeError: More than `limit` runs are needed.
        UsageError: Answerers that may remember were given together with `memoise`; an answer does not fit its
            question; or the mechanism draws as no seeded chance can.
    """
    if memoise and callable(answerers):
        raise UsageError("answerers made anew for each run may remember: pass memoise=False with them")
    runs = _Runs(converse, answerers, limit)
    probes = count_probes(limit)
    numbers: dict[Settlement, int] = {}
    known: dict[Hashable, _Weighted] = {}
    path: list[_Frame] = []
    while True:
        chance = _ExploringChance([len(frame.explored) for frame in path], known if memoise else {}, limit)
        if runs.done == probes:
            # Small trees are done by now, and of others little has been spent.
            fewest = fewest_runs(runs.hold, probes, looks_at_states=memoise)
            if fewest > limit:
                raise _too_large(limit, fewest)
        try:
            outcome = runs.run(chance)
        except _KnownState as reached:
            reached_distribution = known[reached.state]
        else:
            settlement = Settlement(awards=outcome.awards, payments=outcome.payments)
            reached_distribution = _Weighted({numbers.setdefault(settlement, len(numbers)): 1}, 1)
        path.extend(_Frame(fork) for fork in chance.forks)
        whole = _fold(path, reached_distribution, known)
        if whole is not None:
            settlements = tuple(numbers)
            probabilities = {settlements[key]: Fraction(w, whole.total) for key, w in whole.weights.items()}
            return SettlementDistribution(probabilities=probabilities, runs=runs.done)


def _fold(path: list[_Frame], reached: _Weighted, known: dict[Hashable, _Weighted]) -> _Weighted | None:
    """Give the innermost choice its next branch, and close every choice that is then complete.

    Returns:
        The distribution of the whole conversation once no choice is open, otherwise None.
    """
    while path:
        frame = path[-1]
        frame.explored.append(reached)
        if len(frame.explored) < len(frame.fork.weights):
            return None
        reached = _mixture(frame.fork.weights, frame.explored)
        if frame.fork.state is not None:
            known[frame.fork.state] = reached
        path.pop()
    return reached


def enumerate_tapes(
    converse: Converse, answerers: Answerers, *, limit: int = DEFAULT_RUN_LIMIT
) -> Iterator[Tape]:
    """Yield every path through the random choices, for checks that must hold after the fact.

    Args:
        converse: As in `outcome_distribution`.
        answerers: As in `outcome_distribution`.
        limit: Most runs to spend; one a path.

    Yields:
        The paths, the first branch of each choice first.

    Raises:
        TooLargeError: There are more than `limit` paths; the first `limit` have been yielded.
        UsageError: As in `outcome_distribution`.
    """
    runs = _Runs(converse, answerers, limit)
    forks: list[_Fork] = []
    script: list[int] = []
    while True:
        chance = _ExploringChance(script, {}, limit)
        recording = RecordingChance(chance)
        outcome = runs.run(recording)
        forks.extend(chance.forks)
        script.extend([0] * len(chance.forks))
        taken = prod(fork.weights[branch] for fork, branch in zip(forks, script, strict=True))
        probability = Fraction(taken, prod(sum(fork.weights) for fork in forks))
        yield Tape(probability=probability, draws=tuple(recording.draws), outcome=outcome)
        while script and script[-1] + 1 == len(forks[-1].weights):
            script.pop()
            forks.pop()
        if not script:
            return
        script[-1] += 1
