"""Clock auctions as environments in which policies are trained, and the bridge by which these join sessions."""

from openoutcry.lab.environment.encoding import (
    Action,
    Encoder,
    Field,
    Observation,
    find_encoder,
    observation_length,
    own_curve,
    rival_curve,
)
from openoutcry.lab.environment.episode import Episode, Raise
from openoutcry.lab.environment.lots import Drawn, Lots, generated_lots, scenario_lots
from openoutcry.lab.environment.making import env, parallel_env
from openoutcry.lab.environment.policy import Policy, PolicyStrategy

__all__ = [
    "Action",
    "Drawn",
    "Encoder",
    "Episode",
    "Field",
    "Lots",
    "Observation",
    "Policy",
    "PolicyStrategy",
    "Raise",
    "env",
    "find_encoder",
    "generated_lots",
    "observation_length",
    "own_curve",
    "parallel_env",
    "rival_curve",
    "scenario_lots",
]
