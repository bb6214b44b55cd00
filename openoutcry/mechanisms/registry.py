"""The mechanisms on offer, by name.

`auctioneer mechanisms` prints the texts, scenarios and specifications look mechanisms up by name, and every
driver runs them through `converse`. A mechanism that is not here cannot be named in a session, so an auditor
knows all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.clock_mechanisms import CLOCK_MECHANISMS
from openoutcry.mechanisms.comparison.registration import COMPARISON_MECHANISMS
from openoutcry.mechanisms.crowd.registration import CROWD_MECHANISMS
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import show, suggest

__all__ = ["MECHANISMS", "Guarantee", "Mechanism", "find_mechanism"]

MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        mechanism.name: mechanism
        for mechanism in (*CLOCK_MECHANISMS, *CROWD_MECHANISMS, *COMPARISON_MECHANISMS)
    }
)


def find_mechanism(name: object) -> Mechanism:
    """Return a mechanism by its name.

    Raises:
        ConfigurationError: There is none of this name; the nearest one is suggested.
    """
    if not isinstance(name, str) or name not in MECHANISMS:
        known = ", ".join(MECHANISMS)
        raise ConfigurationError(
            f"unknown mechanism {show(name)}{suggest(name, MECHANISMS)}; known are {known}"
        )
    return MECHANISMS[name]
