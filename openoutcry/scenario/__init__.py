"""Scenario files: how a person describes one auction, and how that becomes a session's public part."""

from openoutcry.scenario.loading import load_scenario, loads
from openoutcry.scenario.model import AgentSetting, Scenario
from openoutcry.scenario.private import PrivateValue
from openoutcry.scenario.schema import FORMAT, schema
from openoutcry.scenario.starter import STARTER_KINDS, starter_files
from openoutcry.scenario.tables import read_values
from openoutcry.strategies import PrivateKnowledge, PrivateType

__all__ = [
    "FORMAT",
    "STARTER_KINDS",
    "AgentSetting",
    "PrivateKnowledge",
    "PrivateType",
    "PrivateValue",
    "Scenario",
    "load_scenario",
    "loads",
    "read_values",
    "schema",
    "starter_files",
]
