"""The instance generators on offer, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from openoutcry.errors import ConfigurationError
from openoutcry.lab.instances.adversarial import ADVERSARIAL
from openoutcry.lab.instances.generator import Generator
from openoutcry.lab.instances.signal_markets import SIGNAL_GENERATORS
from openoutcry.lab.instances.type_markets import TYPE_GENERATORS
from openoutcry.mechanisms.parameters import show, suggest

GENERATORS: Mapping[str, Generator] = MappingProxyType(
    {generator.name: generator for generator in (*SIGNAL_GENERATORS, ADVERSARIAL, *TYPE_GENERATORS)}
)


def find_generator(name: object) -> Generator:
    """Return an instance generator by its name.

    Raises:
        ConfigurationError: There is none of this name; the nearest one is suggested.
    """
    if not isinstance(name, str) or name not in GENERATORS:
        known = ", ".join(GENERATORS)
        raise ConfigurationError(
            f"unknown instance generator {show(name)}{suggest(name, GENERATORS)}; known are {known}"
        )
    return GENERATORS[name]
