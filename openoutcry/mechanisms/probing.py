"""How large an exploration is, about and hardly ever more, told from a few random runs before it goes on in earnest.

A conversation whose draws name no states is a tree, and random runs tell how many paths it has. Where draws name
states, the paths run together, and what counts is how many states with how many branches there are. Of these random
runs see a sample, and how many of them were seen only once or twice tells how many were not seen at all: the question
of how many species there are, of which a day in the forest shows some. The answer is what there is at least, in
expectation; it may be a third of the truth where some branches are far harder to come by than others.

Decides: that number. Refuses nothing. Called by `exploring.py`, which refuses.

Source: for trees, D. Knuth, Estimating the efficiency of backtrack programs (1975); else, A. Chao, Nonparametric
estimation of the number of classes in a population (1984).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from math import isqrt

from openoutcry.mechanisms.chance import Chance

PROBES_PER_ROOT = 10
"""So many probes, times the root of a limit, can tell of far more work than the limit: m of them tell of m^2 / 2."""


class Probe:
    """The chance of one random run: every branch of a draw is equally likely, whatever its probability.

    Args:
        dice: Shared by all probes.
        looks_at_states: Whether equal states count as one; if not, every path is its own.

    Attributes:
        taken: For each draw with more than one branch its kind, how many branches it has, and a number for the branch
            that was taken, the same for the same branch. Draws of different kinds or sizes are never the same.
        ways: Product of the numbers of branches.
        has_states: Whether some draw named a state that counts.
    """

    def __init__(self, dice: Dice, *, looks_at_states: bool) -> None:
        self.taken: list[tuple[str | int, int, int]] = []
        self.ways = 1
        self.has_states = False
        self._dice = dice
        self._looks_at_states = looks_at_states
        self._path = 0

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Take one of 0..n-1."""
        return self._take(label, n, n, state)

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Take True or False, if both are possible."""
        if probability in {0, 1}:
            return probability == 1
        return self._take(label, probability, 2, state) == 0

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Take an index whose weight is above 0."""
        possible = [index for index, weight in enumerate(weights) if weight]
        return possible[self._take(label, tuple(weights), len(possible), state)]

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Take one of the candidates."""
        return candidates[self._take(label, tuple(candidates), len(candidates), state)]

    def _take(self, label: str, options: Hashable, count: int, state: Hashable) -> int:
        if count == 1:
            return 0
        branch = self._dice.below(count)
        # Numbers are hashes: two branches with the same one would make the exploration look a little smaller.
        if self._looks_at_states and state is not None:
            self._path = hash((label, options, state, branch))
            self.taken.append((label, count, self._path))
            self.has_states = True
        else:
            # A path is told by its last branch, which is numbered together with the one before it.
            self._path = hash((self._path, branch))
            self.taken.append((len(self.taken), count, self._path))
        self.ways *= count
        return branch


class Dice:
    """Numbers that are spread well enough for probes, the same ones every time."""

    def __init__(self) -> None:
        self._word = 1

    def below(self, n: int) -> int:
        """Give one of 0..n-1."""
        self._word = (self._word * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._word >> 16) % n


def count_probes(limit: int) -> int:
    """Return how many probes can tell that an exploration takes more than `limit` runs; far fewer than `limit`."""
    return PROBES_PER_ROOT * (isqrt(limit) + 1)


def fewest_runs(run: Callable[[Chance], object], probes: int, *, looks_at_states: bool) -> int:
    """Return how many runs an exploration takes, about and hardly ever more.

    Args:
        run: Holds the conversation to its end with a chance.
        probes: How many random runs to spend, at least 1.
        looks_at_states: Whether the exploration visits states that draws name once.
    """
    dice = Dice()
    kinds: dict[tuple[str | int, int], Counter[int]] = {}
    ways: list[int] = []
    is_tree = True
    for _ in range(probes):
        probe = Probe(dice, looks_at_states=looks_at_states)
        run(probe)
        for name, count, branch in probe.taken:
            kinds.setdefault((name, count), Counter())[branch] += 1
        ways.append(probe.ways)
        is_tree = is_tree and not probe.has_states
    # Each branch but the first of every choice takes a run.
    fewest = 1 + sum(_fewest_branches(taken) * (count - 1) // count for (_, count), taken in kinds.items())
    return max(fewest, sorted(ways)[probes // 2]) if is_tree else fewest


def _fewest_branches(taken: Counter[int]) -> int:
    """Return how many branches there are, about and hardly ever more, given how often each one taken was."""
    seen = Counter(taken.values())
    return len(taken) + seen[1] * (seen[1] - 1) // (2 * (seen[2] + 1))
