"""Which of the three constructions makes the optimal mechanism of a market and a distribution.

A distribution counts as independent when it is the product of its marginals, in whatever form it is given: the
mechanism depends on the distribution, not on how somebody wrote it down. What computes with arrays is loaded only when
a linear program has to be solved.
"""

from __future__ import annotations

from functools import lru_cache

from openoutcry.errors import Undecided, UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, as_product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.optimal.myerson import MyersonMechanism
from openoutcry.mechanisms.crowd.optimal.outcomes import OptimalMechanism, OptimalRevenue, Progress
from openoutcry.mechanisms.crowd.optimal.sizes import (
    PROFILE_LIMIT,
    has_thresholds,
    instead,
    profile_count,
    too_large,
)


def check_playable(market: TypeMarket) -> None:
    """Refuse a market in which the optimal mechanism might be too large for some distribution.

    Independent and sparse distributions may be played on a refused market nevertheless.

    Raises:
        ConfigurationError: With the size, the limit, and what to use instead.
    """
    profiles = profile_count(market)
    if profiles > PROFILE_LIMIT:
        raise too_large(market, profiles, "type profiles", PROFILE_LIMIT)
    from openoutcry.mechanisms.crowd.optimal.formulation import check_size

    check_size(market)


@lru_cache(maxsize=256)
def optimal_mechanism(market: TypeMarket, distribution: Distribution) -> OptimalMechanism:
    """Return the optimal mechanism for a market whose types are distributed like this.

    It is the same on every machine and with every release of the solver. Truth is a dominant strategy at every profile
    of the market's types, and nobody that is truthful pays more than its value, whatever is drawn.

    Args:
        market: Any.
        distribution: About bidders 0..n-1.

    Raises:
        TooLarge: It is too large; what to use instead is said. The same on every machine.
        Undecided: Its optimum could not be proved here, or the solver is missing.
        UsageError: The distribution is not about the market's bidders.
    """
    _check_players(market, distribution)
    if _is_myerson(market, distribution):
        return MyersonMechanism(market, distribution)
    from openoutcry.mechanisms.crowd.optimal.canonical import canonical_optimum
    from openoutcry.mechanisms.crowd.optimal.formulation import build

    built, total = build(market, distribution)
    found = canonical_optimum(built.program, built.preference)
    if found is None:
        raise Undecided(
            f"the optimal mechanism could not be worked out exactly: its linear program of "
            f"{built.program.column_count} variables has no solution that could be proved; {instead(market)}"
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
    from openoutcry.mechanisms.crowd.optimal.bracket import bracket
    from openoutcry.mechanisms.crowd.optimal.formulation import build

    built, total = build(market, distribution)
    lower, upper = bracket(built.program, built.cap, progress=progress)
    return OptimalRevenue(lower=lower / total, upper=upper / total)


def _check_players(market: TypeMarket, distribution: Distribution) -> None:
    if distribution.players != tuple(range(len(market.bidders))):
        raise UsageError("the optimal mechanism needs a distribution about exactly the bidders of its market")


def _is_myerson(market: TypeMarket, distribution: Distribution) -> bool:
    return has_thresholds(market) and as_product(distribution) is not None
