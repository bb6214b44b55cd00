"""Environments: what is sold, and which assignments of it are feasible.

Four kinds cover the paper: one good, identical units of which everybody wants one, different goods of which everybody
wants one, and bundles. In all of them a bidder gets at most one of the listed bundles, and no good is given away more
often than there are units of it. A list of the only feasible assignments may narrow this further; it need not be
downward closed, as with a public good, and mechanisms that rely on downward closure ask and refuse.

Source: CROWD, Section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from openoutcry.errors import MarketError

EnvironmentKind = Literal["single-good", "identical-units", "unit-demand", "bundles"]
ENVIRONMENT_KINDS: tuple[EnvironmentKind, ...] = ("single-good", "identical-units", "unit-demand", "bundles")

Assignment = tuple[int | None, ...]

GOODS_LIMIT = 64
"""Different goods: nobody can list values for bundles of more."""

BUNDLES_LIMIT = 1024
"""Bundles for which values are given: a type has one number for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What is sold.

    Attributes:
        kind: Which of the four.
        goods: Names of the goods; one name where there is but one lot or kind of unit.
        units: How many units there are of each good, at least 1.
        bundles: What a bidder may get: good indices, rising; every type lists one value for each bundle.
        assignments: The only feasible assignments, when not all that the supply allows are: for each a bundle index
            or None by bidder. None when the supply alone decides.

    Raises:
        MarketError: One of these does not hold.
    """

    kind: EnvironmentKind
    goods: tuple[str, ...]
    units: tuple[int, ...]
    bundles: tuple[tuple[int, ...], ...]
    assignments: tuple[Assignment, ...] | None = None

    def __post_init__(self) -> None:
        """Check that bundles are made of the goods, and the kind of what it says."""
        if self.kind not in ENVIRONMENT_KINDS:
            raise MarketError(f"environment must be one of {', '.join(ENVIRONMENT_KINDS)}, not {self.kind!r}")
        if not 1 <= len(self.goods) <= GOODS_LIMIT or len(set(self.goods)) != len(self.goods):
            raise MarketError(f"there must be 1..{GOODS_LIMIT} goods of different names")
        if len(self.units) != len(self.goods) or any(count < 1 for count in self.units):
            raise MarketError("there must be at least one unit of every good")
        if not 1 <= len(self.bundles) <= BUNDLES_LIMIT or len(set(self.bundles)) != len(self.bundles):
            raise MarketError(f"there must be 1..{BUNDLES_LIMIT} different bundles")
        for bundle in self.bundles:
            rising = list(bundle) == sorted(set(bundle))
            if not bundle or not rising or not set(bundle) <= set(range(len(self.goods))):
                raise MarketError(f"a bundle lists goods of the market, rising and once each, not {bundle}")
        self._check_kind()

    def _check_kind(self) -> None:
        if self.is_single_parameter != (len(self.goods) == 1):
            advice = "one good is a single-good or identical-units environment"
            raise MarketError(f"environment {self.kind} cannot have {len(self.goods)} goods: {advice}")
        if self.kind == "single-good" and self.units != (1,):
            raise MarketError(f"{self.units[0]} units of one good are an identical-units environment")
        if self.kind == "unit-demand" and self.bundles != tuple((good,) for good in range(len(self.goods))):
            raise MarketError("in a unit-demand environment the bundles are the single goods, in their order")

    @staticmethod
    def single_good(name: str = "lot") -> Environment:
        """Return the environment of one good."""
        return Environment(kind="single-good", goods=(name,), units=(1,), bundles=((0,),))

    @staticmethod
    def identical_units(count: int, name: str = "unit") -> Environment:
        """Return the environment of `count` units, of which every bidder wants one."""
        return Environment(kind="identical-units", goods=(name,), units=(count,), bundles=((0,),))

    @staticmethod
    def unit_demand(goods: Sequence[str]) -> Environment:
        """Return the environment of different goods of which every bidder wants one."""
        bundles = tuple((good,) for good in range(len(goods)))
        return Environment(kind="unit-demand", goods=tuple(goods), units=(1,) * len(goods), bundles=bundles)

    @property
    def is_single_parameter(self) -> bool:
        """Whether a bidder's type is one number: its value for winning."""
        return self.kind in ("single-good", "identical-units")

    def is_supplied(self, assignment: Assignment) -> bool:
        """Whether there are units enough for an assignment."""
        left = list(self.units)
        for bundle in assignment:
            for good in self.bundles[bundle] if bundle is not None else ():
                left[good] -= 1
                if left[good] < 0:
                    return False
        return True

    def feasible(self, bidder_count: int) -> Iterator[Assignment]:
        """Yield every feasible assignment to this many bidders: nothing first, later bidders varying fastest.

        Listed assignments come as they are listed.
        """
        if self.assignments is not None:
            yield from self.assignments
            return
        # What is begun, and the units left for the bidders after it; the last one is continued first.
        begun: list[tuple[Assignment, tuple[int, ...]]] = [((), self.units)]
        while begun:
            assignment, left = begun.pop()
            if len(assignment) == bidder_count or not any(left):
                yield assignment + (None,) * (bidder_count - len(assignment))
                continue
            for index in range(len(self.bundles) - 1, -1, -1):
                bundle = self.bundles[index]
                if all(left[good] for good in bundle):
                    remaining = tuple(count - (good in bundle) for good, count in enumerate(left))
                    begun.append(((*assignment, index), remaining))
            begun.append(((*assignment, None), left))

    def is_downward_closed(self) -> bool:
        """Whether every feasible assignment stays feasible when one bidder's part is replaced by nothing."""
        if self.assignments is None:
            return True
        known = set(self.assignments)
        return all(
            (*assignment[:bidder], None, *assignment[bidder + 1 :]) in known
            for assignment in self.assignments
            for bidder in range(len(assignment))
        )

    def restricted(self, present: Sequence[int], bidder_count: int) -> Environment:
        """Return the environment of some of the bidders, when the others get nothing.

        Where nobody can get anything unless the others do, all that is left to do is nothing.
        """
        if self.assignments is None:
            return self
        absent = sorted(set(range(bidder_count)) - set(present))
        kept = dict.fromkeys(
            tuple(assignment[bidder] for bidder in present)
            for assignment in self.assignments
            if all(assignment[bidder] is None for bidder in absent)
        )
        return Environment(
            kind=self.kind,
            goods=self.goods,
            units=self.units,
            bundles=self.bundles,
            assignments=tuple(kept) or ((None,) * len(present),),
        )
