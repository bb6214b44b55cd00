"""What `auctioneer run` looks at before it starts anything: whether the result can be written, and strategies be found.

No code of somebody's own strategy is run here: that happens in the process of its bidder. Strategies that come with
the project are made, and asked whether they can play this bidder in this market.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from openoutcry.errors import ConfigurationError, ScenarioError, StrategyError, UsageError
from openoutcry.scenario import Scenario
from openoutcry.strategies import StrategyFactory, load_strategy
from openoutcry.strategies.naming import parse_strategy_name
from openoutcry.strategies.registry import RESERVED, find_registration

PRIVATE_SUFFIX = ".private.json"
DISCLOSURE_SUFFIX = ".disclosure.json"


def check_result(path: Path) -> None:
    """Refuse a transcript that could not be written in the end, or that would take the place of something.

    Raises:
        ConfigurationError: Saying why not.
    """
    for taken in (path, path.with_suffix(PRIVATE_SUFFIX), path.with_suffix(DISCLOSURE_SUFFIX)):
        if taken.exists():
            raise ConfigurationError(f"{taken} is there already: move it away, or choose another --out")
    check_directory(path.parent, what=path)


def check_directory(directory: Path, *, what: Path) -> None:
    """Refuse a directory into which nothing can be written, or that cannot be made.

    Args:
        directory: Need not be there; it is not made here.
        what: What is to be written, for the message.

    Raises:
        ConfigurationError: Saying why not.
    """
    try:
        nearest = next(known for known in (directory, *directory.parents) if known.exists())
        # The only way to find out: a file system may be read-only, full, or obey rules of its own.
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise ConfigurationError(f"{what}: cannot be written: {error.strerror}") from error


def check_strategies(scenario: Scenario) -> None:
    """Refuse strategies that cannot play: files that are missing, names that nobody has registered, wrong options.

    Raises:
        ScenarioError: Naming the bidder's key and the strategy.
    """
    for place, name in enumerate(scenario.names):
        text = scenario.strategy(name)
        parsed = parse_strategy_name(text)
        try:
            # Some names only an agent process knows, and it will know their options.
            if parsed.kind == "name" and parsed.target not in RESERVED:
                factory = load_strategy(text, base_directory=scenario.directory)
                if find_registration(parsed.target) is not None:
                    _check_options(factory, scenario, place)
            elif parsed.kind == "file" and not (scenario.directory / parsed.target).is_file():
                raise StrategyError(
                    f"strategy {text!r}: there is no file {scenario.directory / parsed.target}"
                )
        except StrategyError as error:
            key = f"bidder[{place}].agent.strategy"
            raise ScenarioError(file=scenario.file, key=key, reason=str(error)) from error


def _check_options(factory: StrategyFactory, scenario: Scenario, place: int) -> None:
    strategy = factory.make()
    try:
        strategy.check(scenario.specification.market, place)
    except (StrategyError, UsageError) as error:
        raise StrategyError(f"strategy {factory.name!r}: {error}") from error
