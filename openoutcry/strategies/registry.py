"""The names of strategies: built in, registered by other packages, or installed as plug-ins.

Built-in strategies only think. Strategies that act in the world (a person at a keyboard, a slow or dying
process) are registered by the bidder agent; their names are reserved here, so that a scenario that uses them
is not taken for a misspelling, and running them elsewhere is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openoutcry.errors import UsageError
from openoutcry.strategies.api import Strategy, StrategyFunction
from openoutcry.strategies.collusive import Collusive
from openoutcry.strategies.contradictory import Contradictory
from openoutcry.strategies.ignorant import Ignorant
from openoutcry.strategies.openings import WithholdOpening, WrongOpening
from openoutcry.strategies.overconfident import Overconfident
from openoutcry.strategies.overstay import Overstay
from openoutcry.strategies.public_belief import PublicBelief
from openoutcry.strategies.random_stay import RandomStay
from openoutcry.strategies.scripted import Scripted
from openoutcry.strategies.shade import Shade
from openoutcry.strategies.shade_value import ShadeValue
from openoutcry.strategies.silent import Silent
from openoutcry.strategies.truthful import Truthful

ENTRY_POINT_GROUP = "openoutcry.strategies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A named strategy.

    Attributes:
        name: What people write: lower case, digits and dashes.
        strategy: A subclass of Strategy, whose annotated parameters are its options, or a plain function.
        summary: One line for a list of strategies.
    """

    name: str
    strategy: type[Strategy] | StrategyFunction
    summary: str


RESERVED: Mapping[str, str] = {
    "crash": "ends its own process in the middle of a session",
    "human": "asks a person at the keyboard",
    "slow": "answers after a delay",
}

_BUILT_IN: tuple[tuple[str, type[Strategy], str], ...] = (
    ("truthful", Truthful, "stay up to the signal or value, report it and the belief as they are"),
    ("shade", Shade, "be levels=1 levels, or places in the own list, lower"),
    ("overstay", Overstay, "be levels=1 levels, or places in the own list, higher"),
    ("shade-value", ShadeValue, "take share=1/10 off the value"),
    ("overconfident", Overconfident, "move the belief by weight=1/2 towards its likeliest row"),
    ("ignorant", Ignorant, "believe everything equally likely"),
    ("public-belief", PublicBelief, "believe what file=belief.json says, or the public prior"),
    ("collusive", Collusive, "report the value and belief agreed with partner=NAME"),
    ("contradictory", Contradictory, "contradict one's own value and belief"),
    ("withhold-opening", WithholdOpening, "commit to the truth and never open it"),
    ("wrong-opening", WrongOpening, "commit to the truth and open something else"),
    ("random", RandomStay, "stay with stay_probability=1/2 at each level, report anything"),
    ("silent", Silent, "never answer"),
    ("scripted", Scripted, "play the answers in file=answers.json in order"),
)

_REGISTRATIONS: dict[str, Registration] = {
    name: Registration(name=name, strategy=strategy, summary=summary) for name, strategy, summary in _BUILT_IN
}


def register(name: str, strategy: type[Strategy] | StrategyFunction, *, summary: str = "") -> None:
    """Give a strategy a name in this process. Registering the same one again changes nothing.

    Args:
        name: Lower case letters, digits and dashes, starting with a letter.
        strategy: A subclass of Strategy, or a plain function of a view.
        summary: One line for a list of strategies.

    Raises:
        UsageError: The name is malformed, or names another strategy already.
    """
    if not (
        name[:1].isalpha() and name.isascii() and name == name.lower() and name.replace("-", "").isalnum()
    ):
        raise UsageError(f"strategy name {name!r}: use lower case letters, digits and dashes, a letter first")
    known = _REGISTRATIONS.get(name)
    if known is not None and known.strategy is not strategy:
        raise UsageError(f"strategy name {name!r} is taken: choose another")
    _REGISTRATIONS[name] = Registration(name=name, strategy=strategy, summary=summary)


def registrations() -> tuple[Registration, ...]:
    """List what is registered in this process, in order of registration."""
    return tuple(_REGISTRATIONS.values())


def find_registration(name: str) -> Registration | None:
    """Look a name up among the registered strategies."""
    return _REGISTRATIONS.get(name)


def plug_in_names() -> tuple[str, ...]:
    """List the names that installed packages offer, sorted; none of them is imported."""
    # Imported here: reading installed metadata is slow, and most runs name built-in strategies only.
    from importlib.metadata import entry_points

    return tuple(sorted(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)))


def load_plug_in(name: str) -> object | None:
    """Import what an installed package offers under a name.

    Args:
        name: A name of the entry-point group.

    Returns:
        The class or function, or None when no package offers the name.

    Raises:
        Exception: Whatever importing the package raises; the caller turns it into a StrategyError.
    """
    # Imported here for the same reason as above.
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        loaded: object = entry.load()
        return loaded
    return None
