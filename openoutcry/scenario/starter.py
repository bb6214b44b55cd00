"""The scenarios and strategies that `auctioneer new` writes: small, explained, and run as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.market import LOT_LIMIT, check_label

StarterKind = Literal["clock", "crowd"]

SCENARIO_FILE = "scenario.toml"
STRATEGY_FILE = "strategy.py"
PRIOR_FILE = "prior.csv"

_TEMPLATES: Mapping[StarterKind, Mapping[str, str]] = {
    "clock": {SCENARIO_FILE: "starter.toml", STRATEGY_FILE: "starter_strategy.txt"},
    "crowd": {
        SCENARIO_FILE: "starter_crowd.toml",
        PRIOR_FILE: "starter_crowd_prior.csv",
        STRATEGY_FILE: "starter_crowd_strategy.txt",
    },
}

STARTER_KINDS: tuple[StarterKind, ...] = tuple(_TEMPLATES)


def starter_files(name: str, kind: StarterKind = "clock") -> dict[str, str]:
    """Give the texts of a first scenario.

    Args:
        name: Title of the scenario, one line.
        kind: `clock`, of bidders with signals of one lot's quality, or `crowd`, of bidders who know each other.

    Returns:
        Texts by file name, to be written into one directory.

    Raises:
        ConfigurationError: The name is empty, too long, or not printable.
    """
    check_title(name)
    texts = {file: _template(template) for file, template in _TEMPLATES[kind].items()}
    # Printable text in a JSON string reads the same in TOML.
    title = json.dumps(name, ensure_ascii=False)
    texts[SCENARIO_FILE] = texts[SCENARIO_FILE].replace('"@TITLE@"', title)
    return texts


def check_title(name: str) -> None:
    """Refuse a title that the scenario itself would refuse.

    Raises:
        ConfigurationError: As `starter_files`.
    """
    try:
        check_label(name, "title", LOT_LIMIT)
    except ConfigurationError as error:
        raise ConfigurationError(f"cannot name a scenario so: {error}") from error


def _template(file: str) -> str:
    return files("openoutcry.scenario").joinpath("templates", file).read_text(encoding="utf-8")
