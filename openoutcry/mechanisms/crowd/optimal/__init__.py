"""The optimal classical mechanism: what a seller who knows the distribution would run, and the measure of others."""

from openoutcry.mechanisms.crowd.optimal.choice import (
    check_playable,
    optimal_mechanism,
    optimal_revenue,
)
from openoutcry.mechanisms.crowd.optimal.myerson import MyersonMechanism
from openoutcry.mechanisms.crowd.optimal.outcomes import OptimalMechanism, OptimalRevenue, Segment
from openoutcry.mechanisms.crowd.optimal.sizes import PROFILE_LIMIT, TooLarge, profile_count

__all__ = [
    "PROFILE_LIMIT",
    "MyersonMechanism",
    "OptimalMechanism",
    "OptimalRevenue",
    "Segment",
    "TooLarge",
    "check_playable",
    "optimal_mechanism",
    "optimal_revenue",
    "profile_count",
]
