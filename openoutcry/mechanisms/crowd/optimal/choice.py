"""Which of the three constructions makes the optimal mechanism of a market and a distribution, and what is too large.

A distribution counts as independent when it is the product of its marginals, in whatever form it is given: the
mechanism depends on the distribution, not on how somebody wrote it down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint, Product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.optimal import general, threshold
from openoutcry.mechanisms.crowd.optimal.bracket import bracket
from openoutcry.mechanisms.crowd.optimal.canonical import Preference, canonical_optimum
from openoutcry.mechanisms.crowd.optimal.myerson import MyersonMechanism
from openoutcry.mechanisms.crowd.optimal.outcomes import OptimalMechanism, OptimalRevenue
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram
from openoutcry.mechanisms.crowd.optimal.solver import Progress
from openoutcry.mechanisms.parameters import show_count

PROFILE_LIMIT = 30_000
"""Type profiles up to which every distribution may be asked for; a market of so many takes some seconds."""

COLUMN_LIMIT = 200_000
"""Variables of a linear program. Sparse distributions need few of them however many type profiles there are."""

ENTRY_LIMIT = 6_000_000
"""Numbers in a linear program: about half a gigabyte while it is solved."""

_ASSIGNMENTS = (general.ASSIGNMENT_LIMIT + 1, "feasible assignments or more", general.ASSIGNMENT_LIMIT)

_INSTEAD = "use crowdsourced-lookahead or crowdsourced-lookahead-plus, or shorter lists of types"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
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


def profile_count(market: TypeMarket) -> int:
    """Return how many type profiles a market has, possible or not."""
    return prod(market.type_counts)


def check_playable(market: TypeMarket) -> None:
    """Refuse a market in which the optimal mechanism might be too large for some distribution.

    Independent and sparse distributions may be played on a refused market nevertheless.

    Raises:
        ConfigurationError: With the size, the limit, and what to use instead.
    """
    profiles = profile_count(market)
    if profiles > PROFILE_LIMIT:
        raise _too_large(profiles, "type profiles", PROFILE_LIMIT)
    if _has_thresholds(market):
        entries = threshold.most_entries(market, profiles)
    else:
        assignments = general.feasible_assignments(market)
        if assignments is None:
            raise _too_large(*_ASSIGNMENTS)
        entries = general.entry_count(market, profiles, len(assignments))
    if entries > ENTRY_LIMIT:
        raise _too_large(entries, "numbers in its linear program", ENTRY_LIMIT)


def is_independent(distribution: Distribution) -> bool:
    """Whether a distribution is exactly the product of its marginals."""
    if isinstance(distribution, Product):
        return True
    factors = [distribution.factor(player) for player in distribution.players]
    if distribution.support_size != prod(map(len, factors)):
        return False
    spread = distribution.total ** (len(factors) - 1)
    return all(
        weight * spread == prod(factor[own] for factor, own in zip(factors, point, strict=True))
        for point, weight in distribution.items()
    )


@lru_cache(maxsize=256)
def optimal_mechanism(market: TypeMarket, distribution: Distribution) -> OptimalMechanism:
    """Return the optimal mechanism for a market whose types are distributed like this.

    It is the same on every machine and with every release of the solver. Truth is a dominant strategy at every profile
    of the market's types, and nobody that is truthful pays more than its value, whatever is drawn.

    Args:
        market: Any.
        distribution: About bidders 0..n-1.

    Raises:
        ConfigurationError: It is too large, or its optimum could not be proved; what to use instead is said.
        UsageError: The distribution is not about the market's bidders.
    """
    _check_players(market, distribution)
    if _is_myerson(market, distribution):
        return MyersonMechanism(market, distribution)
    built, total = _build(market, distribution)
    found = canonical_optimum(built.program, built.preference)
    if found is None:
        raise ConfigurationError(
            f"the optimal mechanism could not be worked out exactly: its linear program of "
            f"{built.program.column_count} variables has no solution that could be proved; {_INSTEAD}"
        )
    return built.mechanism(found.solution, found.value / total)


def optimal_revenue(
    market: TypeMarket, distribution: Distribution, *, progress: Progress | None = None
) -> OptimalRevenue:
    """Return the expected revenue of the optimal mechanism, to measure others against.

    Args:
        market: Any.
        distribution: About bidders 0..n-1.
        progress: Told about long runs.

    Raises:
        ConfigurationError: It is too large.
        UsageError: The distribution is not about the market's bidders.
    """
    _check_players(market, distribution)
    return _measured(market, distribution) if progress is None else _measure(market, distribution, progress)


@lru_cache(maxsize=256)
def _measured(market: TypeMarket, distribution: Distribution) -> OptimalRevenue:
    return _measure(market, distribution, None)


def _measure(market: TypeMarket, distribution: Distribution, progress: Progress | None) -> OptimalRevenue:
    if _is_myerson(market, distribution):
        revenue = MyersonMechanism(market, distribution).revenue
        return OptimalRevenue(lower=revenue, upper=revenue)
    built, total = _build(market, distribution)
    lower, upper = bracket(built.program, built.cap, progress=progress)
    return OptimalRevenue(lower=lower / total, upper=upper / total)


def _check_players(market: TypeMarket, distribution: Distribution) -> None:
    if distribution.players != tuple(range(len(market.bidders))):
        raise UsageError("the optimal mechanism needs a distribution about exactly the bidders of its market")


def _has_thresholds(market: TypeMarket) -> bool:
    return market.environment.is_single_parameter and market.environment.assignments is None


def _is_myerson(market: TypeMarket, distribution: Distribution) -> bool:
    return _has_thresholds(market) and is_independent(distribution)


def _build(market: TypeMarket, distribution: Distribution) -> tuple[_Built, int]:
    """Return the linear program, and the total that its objective is to be divided by."""
    points = distribution.support_size
    if points > POINT_LIMIT:
        raise _too_large(points, "possible type profiles", POINT_LIMIT)
    joint = distribution if isinstance(distribution, Joint) else distribution.expanded()
    built = _thresholds(market, joint) if _has_thresholds(market) else _lotteries(market, joint)
    return built, joint.total


def _thresholds(market: TypeMarket, distribution: Joint) -> _Built:
    columns = distribution.support_size * len(market.bidders)
    if columns > COLUMN_LIMIT:
        raise _too_large(columns, "variables in its linear program", COLUMN_LIMIT)
    entries = threshold.entry_count(market, distribution)
    if entries > ENTRY_LIMIT:
        raise _too_large(entries, "numbers in its linear program", ENTRY_LIMIT)
    made = threshold.threshold_program(market, distribution)
    return _Built(
        program=made.program,
        cap=1,
        preference=threshold.preference_for(market, made),
        mechanism=lambda solution, revenue: threshold.mechanism_from(market, made, solution, revenue),
    )


def _lotteries(market: TypeMarket, distribution: Joint) -> _Built:
    assignments = general.feasible_assignments(market)
    if assignments is None:
        raise _too_large(*_ASSIGNMENTS)
    most = profile_count(market)
    if market.environment.is_downward_closed():
        most = min(most, distribution.support_size * sum(market.type_counts))
    entries = general.entry_count(market, most, len(assignments))
    if entries > ENTRY_LIMIT:
        raise _too_large(entries, "numbers in its linear program", ENTRY_LIMIT)
    profiles = general.active_profiles(market, distribution)
    made = general.lottery_program(market, distribution, assignments, profiles)
    return _Built(
        program=made.program,
        cap=max(1, *(value for bidder in market.bidders for own in bidder.types for value in own)),
        preference=general.preference_for(market, made),
        mechanism=lambda solution, revenue: general.mechanism_from(market, made, solution, revenue),
    )


def _too_large(size: int, what: str, limit: int) -> ConfigurationError:
    return ConfigurationError(
        f"the optimal mechanism is too large here: {show_count(size)} {what}, and the limit is {limit}; {_INSTEAD}"
    )
