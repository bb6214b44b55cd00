"""Randomness is an argument: a mechanism draws only through a `Chance`.

Drivers decide what stands behind it: the seed that all parties made together, a script (tests), or an
explorer that takes every branch with its exact probability. This module holds the contract, the scripted
chance, which refuses every draw that its script does not foresee, and the recording chance, which replay uses
to show what was drawn.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from openoutcry.errors import UsageError

DrawKind = Literal["uniform", "bernoulli", "weighted", "pick"]


class Chance(Protocol):
    """Where a mechanism's random choices come from.

    A label names one purpose and is drawn once; only `pick` may be repeated under its label. `state` is a
    sufficient state: two draws with equal label and equal state have the same distribution over all that
    follows; None promises nothing.
    """

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Draw from 0..n-1, every number with probability 1/n; n is at least 1."""

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Draw True with exactly this probability, 0..1."""

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Draw an index of `weights`, each as often as its weight says: integers >= 0, their sum at least 1."""

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Draw one of the candidates: at least one roster index, none twice, each equally likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One random choice as it was made.

    Attributes:
        label: The purpose of the draw.
        kind: Which method of `Chance` drew it.
        options: For `uniform` the numbers' count n, for `bernoulli` the probability, for `weighted` the weights,
            for `pick` the candidates.
        result: The number, the truth value (`bernoulli`), the index (`weighted`), or the candidate (`pick`).
    """

    label: str
    kind: DrawKind
    options: int | Fraction | tuple[int, ...]
    result: int | bool


class RecordingChance:
    """Passes every draw on to another chance and keeps what came of it, in order."""

    def __init__(self, inner: Chance) -> None:
        self._inner = inner
        self.draws: list[Draw] = []

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Draw as the inner chance does and keep the result."""
        result = self._inner.uniform(label, n, state=state)
        self.draws.append(Draw(label=label, kind="uniform", options=n, result=result))
        return result

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Draw as the inner chance does and keep the result."""
        result = self._inner.bernoulli(label, probability, state=state)
        self.draws.append(Draw(label=label, kind="bernoulli", options=probability, result=result))
        return result

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Draw as the inner chance does and keep the result."""
        result = self._inner.weighted(label, weights, state=state)
        self.draws.append(Draw(label=label, kind="weighted", options=tuple(weights), result=result))
        return result

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Draw as the inner chance does and keep the result."""
        result = self._inner.pick(label, candidates, state=state)
        self.draws.append(Draw(label=label, kind="pick", options=tuple(candidates), result=result))
        return result


class ScriptedChance:
    """Gives the results that a script foresees, label by label, and refuses every other draw.

    Args:
        script: For each label the results in the order in which they are to be drawn: numbers for `uniform`,
            indices for `weighted`, roster indices for `pick`, truth values for `bernoulli`.
    """

    def __init__(self, script: Mapping[str, Sequence[int | bool]]) -> None:
        self._left: dict[str, list[int | bool]] = {label: list(results) for label, results in script.items()}

    @property
    def leftovers(self) -> Mapping[str, tuple[int | bool, ...]]:
        """Results that nobody has drawn, by label; empty when the script was played to its end."""
        return {label: tuple(results) for label, results in self._left.items() if results}

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Return the script's next number under this label.

        Raises:
            UsageError: The script has none left, or it is not one of 0..n-1.
        """
        result = self._next(label)
        if isinstance(result, bool) or not 0 <= result < n:
            raise UsageError(f"draw {label!r}: the script says {result!r}, which is not one of 0..{n - 1}")
        return result

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """Return the script's next truth value under this label.

        Raises:
            UsageError: The script has none left, it is no truth value, or the probability makes it
                impossible.
        """
        result = self._next(label)
        impossible = Fraction(0) if result else Fraction(1)
        if not isinstance(result, bool) or probability == impossible:
            raise UsageError(
                f"draw {label!r}: the script says {result!r} where True has probability {probability}"
            )
        return result

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Return the script's next index under this label.

        Raises:
            UsageError: The script has none left, or the weights make it impossible.
        """
        result = self._next(label)
        if isinstance(result, bool) or not 0 <= result < len(weights) or not weights[result]:
            raise UsageError(f"draw {label!r}: the script says {result!r}, which has no weight")
        return result

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Return the script's next candidate under this label.

        Raises:
            UsageError: The script has none left, or it is not among the candidates.
        """
        result = self._next(label)
        if isinstance(result, bool) or result not in candidates:
            raise UsageError(
                f"draw {label!r}: the script says {result!r}, which is not among {tuple(candidates)}"
            )
        return result

    def _next(self, label: str) -> int | bool:
        results = self._left.get(label)
        if not results:
            raise UsageError(f"draw {label!r}: the script foresees no further draw under this label")
        return results.pop(0)
