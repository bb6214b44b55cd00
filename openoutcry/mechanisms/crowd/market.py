"""A market of bidders with private values: what is sold, and which types each bidder may have.

Construction checks every invariant that a mechanism relies on and refuses by name. It is public, as
`openoutcry.mechanisms.market.Market` is for bidders whose values depend on each other's signals; what a bidder really
values and believes is in no market. A *type* is a tuple of integers: the bidder's value for each of the environment's
bundles; where there is but one, a tuple of one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from openoutcry.errors import MarketError, UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, check_size, check_types
from openoutcry.mechanisms.crowd.environment import Assignment, Environment
from openoutcry.mechanisms.market import BIDDER_LIMIT, check_lot, check_names
from openoutcry.mechanisms.parameters import show

TYPES_LIMIT = 1024
"""Types of one bidder: a list that a person can read, and a factor of a belief that fits a message."""

VALUE_LIMIT = 2**63 - 1
"""Values are int64 minor units."""

Type = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedBidder:
    """What everybody knows about a bidder.

    Attributes:
        name: 1..64 printable characters, unique in the market.
        types: What its valuation may be, rising, each once: for every bundle a value of 0..2^63-1.
    """

    name: str
    types: tuple[Type, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMarket:
    """What is sold, and to whom.

    Attributes:
        lot: What is sold, one line.
        currency: Of every value and price.
        minor_units: Digits of one money integer behind the decimal point, 0..18; for display only.
        environment: The goods and the feasible assignments.
        bidders: Length n >= 1, in roster order.
        prior: What the seller knows: the distribution of all bidders' types; None when it knows nothing.
        reduced: Made by `restricted`.
        clock: Price of each level from 1 on of an ascending clock, rising: all values that anybody may have for the
            first bundle. `restricted` keeps it, so that a level means the same price to everybody.
        type_counts: Length n: how many types each bidder has; counted here, and never given.

    Raises:
        MarketError: One of these does not hold; the message names what.
    """

    lot: str
    currency: str
    minor_units: int
    environment: Environment
    bidders: tuple[TypedBidder, ...]
    prior: Distribution | None = None
    reduced: bool = False
    clock: tuple[int, ...] = ()
    type_counts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the invariants, make the clock, and count types, which every report is checked against."""
        check_lot(self.lot, self.currency, self.minor_units)
        check_names("bidder", [bidder.name for bidder in self.bidders])
        if len(self.bidders) > BIDDER_LIMIT:
            raise MarketError(f"{len(self.bidders)} bidders; a market has at most {BIDDER_LIMIT}")
        for bidder in self.bidders:
            _check_types(bidder, len(self.environment.bundles))
        object.__setattr__(self, "type_counts", tuple(len(bidder.types) for bidder in self.bidders))
        if not self.clock:
            values = {value for bidder in self.bidders for value, *_ in bidder.types}
            object.__setattr__(self, "clock", tuple(sorted(values)))
        if self.environment.assignments is not None:
            self._check_assignments(self.environment.assignments)
        if self.prior is not None:
            self._check_prior(self.prior)

    @property
    def names(self) -> tuple[str, ...]:
        """The bidders' names, in roster order."""
        return tuple(bidder.name for bidder in self.bidders)

    def value(self, bidder: int, index: int, bundle: int = 0) -> int:
        """Return what a bundle is worth to a bidder of the type with this index, in minor units."""
        return self.bidders[bidder].types[index][bundle]

    def values(self, bidder: int) -> tuple[int, ...]:
        """Return a bidder's possible values by type index, where a type is one number."""
        return tuple(value for (value,) in self.bidders[bidder].types)

    def welfare(self, profile: Sequence[int], assignment: Sequence[int | None]) -> int:
        """Return what an assignment is worth to all bidders together at a profile of type indices."""
        return sum(
            self.value(bidder, profile[bidder], bundle)
            for bidder, bundle in enumerate(assignment)
            if bundle is not None
        )

    def restricted(self, present: Sequence[int]) -> TypeMarket:
        """Return the market of those bidders only; the others get nothing.

        Args:
            present: Market indices, strictly rising, at least one. They become 0, 1, ... in the new market.

        Raises:
            UsageError: `present` is empty, not rising, or names nobody.
        """
        rising = all(before < after for before, after in pairwise(present))
        if not present or not rising or present[0] < 0 or present[-1] >= len(self.bidders):
            raise UsageError(
                f"restricted: {tuple(present)} is no rising choice of 0..{len(self.bidders) - 1}"
            )
        if len(present) == len(self.bidders):
            return self
        prior = None if self.prior is None else self.prior.marginal(present).renamed(range(len(present)))
        return TypeMarket(
            lot=self.lot,
            currency=self.currency,
            minor_units=self.minor_units,
            environment=self.environment.restricted(present, len(self.bidders)),
            bidders=tuple(self.bidders[index] for index in present),
            prior=prior,
            reduced=True,
            clock=self.clock,
        )

    def _check_assignments(self, assignments: Sequence[Assignment]) -> None:
        if not assignments or len(set(assignments)) != len(assignments):
            raise MarketError("list at least one feasible assignment, each once")
        bundles = {None, *range(len(self.environment.bundles))}
        for assignment in assignments:
            if len(assignment) != len(self.bidders) or not set(assignment) <= bundles:
                raise MarketError(
                    f"the feasible assignment {assignment} does not fit the bidders and bundles"
                )
            if not self.environment.is_supplied(assignment):
                raise MarketError(f"the feasible assignment {assignment} takes more units than there are")

    def _check_prior(self, prior: Distribution) -> None:
        if prior.players != tuple(range(len(self.bidders))):
            raise MarketError("the seller's prior must be about all bidders")
        try:
            check_size(prior)
            check_types(prior, self.type_counts)
        except UsageError as error:
            raise MarketError(f"the seller's prior: {error}") from error


def _check_types(bidder: TypedBidder, bundle_count: int) -> None:
    if not 1 <= len(bidder.types) <= TYPES_LIMIT:
        raise MarketError(f"bidder {bidder.name!r} must have 1..{TYPES_LIMIT} types, not {len(bidder.types)}")
    for valuation in bidder.types:
        if len(valuation) != bundle_count:
            raise MarketError(
                f"a type of {bidder.name!r} must give {bundle_count} values, not {len(valuation)}"
            )
        for value in valuation:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= VALUE_LIMIT:
                raise MarketError(
                    f"a value of {bidder.name!r} must be an integer in 0..2^63-1, not {show(value)}"
                )
    if any(before >= after for before, after in pairwise(bidder.types)):
        raise MarketError(f"the types of {bidder.name!r} must be listed rising, each once")
