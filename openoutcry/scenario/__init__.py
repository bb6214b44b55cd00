"""Scenario files: how a person describes one auction, and how that becomes a session's public part."""

from openoutcry.scenario.loading import load_scenario, loads
from openoutcry.scenario.model import AgentSetting, PrivateType, Scenario
from openoutcry.scenario.schema import FORMAT, schema
from openoutcry.scenario.starter import starter_files
from openoutcry.scenario.tables import read_values

__all__ = [
    "FORMAT",
    "AgentSetting",
    "PrivateType",
    "Scenario",
    "load_scenario",
    "loads",
    "read_values",
    "schema",
    "starter_files",
]
