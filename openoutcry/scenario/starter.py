"""The scenario and the strategy that `auctioneer new` writes: small, explained, and run as they are."""

from __future__ import annotations

import json
from importlib.resources import files

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.market import LOT_LIMIT, check_label

SCENARIO_FILE = "scenario.toml"
STRATEGY_FILE = "strategy.py"


def starter_files(name: str) -> dict[str, str]:
    """Give the texts of a first scenario.

    Args:
        name: Title of the scenario, one line.

    Returns:
        Texts by file name, to be written into one directory.

    Raises:
        ConfigurationError: The name is empty, too long, or not printable.
    """
    check_title(name)
    # Printable text in a JSON string reads the same in TOML.
    title = json.dumps(name, ensure_ascii=False)
    return {
        SCENARIO_FILE: _template("starter.toml").replace('"@TITLE@"', title),
        STRATEGY_FILE: _template("starter_strategy.txt"),
    }


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
