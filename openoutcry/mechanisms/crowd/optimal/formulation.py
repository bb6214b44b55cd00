"""The linear program of a market and a distribution: which form, what its solutions mean, what is too large.

Kept apart from `choice`, so that nothing that computes with arrays is loaded before a program has to be solved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint
from openoutcry.mechanisms.crowd.environment import Assignment
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.optimal import general, threshold
from openoutcry.mechanisms.crowd.optimal.canonical import Preference
from openoutcry.mechanisms.crowd.optimal.outcomes import OptimalMechanism
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram
from openoutcry.mechanisms.crowd.optimal.sizes import (
    WEIGHT_BITS_LIMIT,
    has_thresholds,
    profile_count,
    too_large,
)

COLUMN_LIMIT = 200_000
"""Variables of a linear program. Sparse distributions need few of them however many type profiles there are."""

ENTRY_LIMIT = 6_000_000
"""Numbers in the linear program of one good or identical units: about half a gigabyte while it is solved."""

CONSTRAINT_LIMIT = 8_000
"""Constraints of the linear program of anything else, nearly all of them against misreports: some seconds, and what is
left for exact arithmetic after substitution stays below `elimination.DENSE_LIMIT`."""

LOTTERY_ENTRY_LIMIT = 1_000_000
"""Numbers in the linear program of anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltProgram:
    """A linear program that was made, and what its solutions mean.

    Attributes:
        program: Its objective is the expected revenue times the distribution's total.
        cap: No variable is greater in any solution.
        preference: The choice among optima.
        mechanism: Makes a mechanism of a solution and its revenue.
    """

    program: LinearProgram
    cap: int
    preference: Preference
    mechanism: Callable[[Mapping[int, Fraction], Fraction], OptimalMechanism]


def check_size(market: TypeMarket) -> None:
    """Refuse a market whose program would be too large if all profiles of types were possible.

    Raises:
        ConfigurationError: With the size, the limit, and what to use instead.
    """
    profiles = profile_count(market)
    if has_thresholds(market):
        entries = threshold.most_entries(market, profiles)
        if entries > ENTRY_LIMIT:
            raise too_large(market, entries, "numbers in its linear program", ENTRY_LIMIT)
    else:
        _assignments_within_limits(market, profiles)


def build(market: TypeMarket, distribution: Distribution) -> tuple[BuiltProgram, int]:
    """Return the linear program, and the total that its objective is to be divided by."""
    points = distribution.support_size
    if points > POINT_LIMIT:
        raise too_large(market, points, "possible type profiles", POINT_LIMIT)
    bits = distribution.total.bit_length()
    if bits > WEIGHT_BITS_LIMIT:
        raise too_large(market, bits, "bits in the total weight of its distribution", WEIGHT_BITS_LIMIT)
    joint = distribution if isinstance(distribution, Joint) else distribution.expanded()
    built = _thresholds(market, joint) if has_thresholds(market) else _lotteries(market, joint)
    return built, joint.total


def _thresholds(market: TypeMarket, distribution: Joint) -> BuiltProgram:
    columns = distribution.support_size * len(market.bidders)
    if columns > COLUMN_LIMIT:
        raise too_large(market, columns, "variables in its linear program", COLUMN_LIMIT)
    entries = threshold.entry_count(market, distribution)
    if entries > ENTRY_LIMIT:
        raise too_large(market, entries, "numbers in its linear program", ENTRY_LIMIT)
    made = threshold.threshold_program(market, distribution)
    return BuiltProgram(
        program=made.program,
        cap=1,
        preference=threshold.preference_for(market, made),
        mechanism=lambda solution, revenue: threshold.mechanism_from(market, made, solution, revenue),
    )


def _lotteries(market: TypeMarket, distribution: Joint) -> BuiltProgram:
    most = profile_count(market)
    if market.environment.is_downward_closed():
        most = min(most, distribution.support_size * sum(market.type_counts))
    assignments = _assignments_within_limits(market, most)
    profiles = general.active_profiles(market, distribution)
    made = general.lottery_program(market, distribution, assignments, profiles)
    return BuiltProgram(
        program=made.program,
        cap=max(1, *(value for bidder in market.bidders for own in bidder.types for value in own)),
        preference=general.preference_for(market, made),
        mechanism=lambda solution, revenue: general.mechanism_from(market, made, solution, revenue),
    )


def _assignments_within_limits(market: TypeMarket, profiles: int) -> tuple[Assignment, ...]:
    """Return the feasible assignments, if a program over so many profiles can be solved."""
    constraints = profiles * (1 + sum(market.type_counts))
    if constraints > CONSTRAINT_LIMIT:
        raise too_large(market, constraints, "constraints of its linear program", CONSTRAINT_LIMIT)
    assignments = general.feasible_assignments(market)
    if assignments is None:
        raise too_large(
            market, general.ASSIGNMENT_LIMIT + 1, "feasible assignments or more", general.ASSIGNMENT_LIMIT
        )
    entries = general.entry_count(market, profiles, len(assignments))
    if entries > LOTTERY_ENTRY_LIMIT:
        raise too_large(market, entries, "numbers in its linear program", LOTTERY_ENTRY_LIMIT)
    return assignments
