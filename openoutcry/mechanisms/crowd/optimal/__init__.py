"""The optimal classical mechanism: what a seller who knows the distribution would run, and the measure of others."""

from openoutcry.mechanisms.crowd.optimal.choice import (
    PROFILE_LIMIT,
    check_playable,
    is_independent,
    optimal_mechanism,
    optimal_revenue,
    profile_count,
)
from openoutcry.mechanisms.crowd.optimal.myerson import MyersonMechanism, monopoly_price, monopoly_prices
from openoutcry.mechanisms.crowd.optimal.outcomes import OptimalMechanism, OptimalRevenue, Segment

__all__ = [
    "PROFILE_LIMIT",
    "MyersonMechanism",
    "OptimalMechanism",
    "OptimalRevenue",
    "Segment",
    "check_playable",
    "is_independent",
    "monopoly_price",
    "monopoly_prices",
    "optimal_mechanism",
    "optimal_revenue",
    "profile_count",
]
