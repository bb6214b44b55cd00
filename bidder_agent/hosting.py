"""Many bidders in one process: one event loop, few connections, each bidder with receipts of its own.

Decides what a file of bidders says: a scenario, or a file with nothing but `[[bidder]]` entries. Refuses a bidder
without a signal or a value. What befalls one bidder does not stop the others.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bidder_agent.agent import AgentSettings
from bidder_agent.connection import AuctioneerClient, TlsFiles
from bidder_agent.joining import (
    DEFAULT_RECEIPTS,
    SHOWN_SESSION,
    Seating,
    find_session,
    make_source,
    make_strategy,
    receipts_name,
    take_seat,
)
from bidder_agent.result import Result
from openoutcry.errors import ConfigurationError, OpenOutcryError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.protocol.draws import SeededChance
from openoutcry.strategies import Strategy
from openoutcry.strategies.private_input import (
    PrivateKnowledge,
    RawPrivate,
    check_raw,
    encode_private,
    parse_private,
)

if TYPE_CHECKING:
    from openoutcry.scenario import Scenario

STREAMS_PER_CONNECTION = 500
"""Bidders that share a connection. An auctioneer's usual limit is 1024 streams on one."""

_KEYS: dict[str, tuple[type, str]] = {
    "name": (str, "text"),
    "signal": (int, "an integer"),
    "private": (dict, "a table such as { value = 4, belief = { product = { bob = [[1, 2], [4, 1]] } } }"),
    "strategy": (str, "text"),
    "key": (str, "text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """How it ended for one of the bidders.

    Attributes:
        name: Of the bidder.
        result: How it ended, or None.
        problem: What prevented that.
    """

    name: str
    result: Result | None = None
    problem: OpenOutcryError | None = None


async def host(
    address: str,
    *,
    session: str | bytes,
    seatings: Sequence[Seating],
    settings: AgentSettings,
    receipts: Path | None = None,
    tls: TlsFiles | None = None,
    checks_transcript: bool = True,
    tell: Callable[[str], None],
) -> tuple[Hosted, ...]:
    """Take part for many bidders until the session ends for all of them.

    Args:
        address: Of the auctioneer, host:port.
        session: Its id, or "latest".
        seatings: One for each bidder.
        settings: How the agents behave.
        receipts: Directory in which each bidder gets one; None makes one named after the session.
        tls: Files of a private connection.
        checks_transcript: Whether to fetch and verify the transcript, once for all.
        tell: Is told each thing that happens, in one line that begins with the bidder's name.

    Raises:
        ConfigurationError: A strategy cannot be made, or the session's id is none.
        ServiceError: The auctioneer cannot be reached in time.
    """
    strategies = [make_strategy(seating) for seating in seatings]
    clients = [
        AuctioneerClient(address, tls=tls, connection=number)
        for number in range(-(-len(seatings) // STREAMS_PER_CONNECTION))
    ]
    try:
        session_id = await find_session(clients[0], session, settings.backoff, tell)
        transcripts = make_source(clients[0], session_id, settings) if checks_transcript else None
        base = receipts or DEFAULT_RECEIPTS / session_id.hex()[:SHOWN_SESSION]

        async def play(number: int, seating: Seating, strategy: Strategy) -> Hosted:
            directory = seating.receipts or base / receipts_name(session_id, seating.name)
            try:
                result = await take_seat(
                    seating,
                    strategy,
                    client=clients[number // STREAMS_PER_CONNECTION],
                    session_id=session_id,
                    transcripts=transcripts,
                    settings=settings,
                    directory=directory,
                    tell=lambda line: tell(f"{seating.name}: {line}"),
                )
            except OpenOutcryError as problem:
                tell(f"{seating.name}: error: {problem}")
                return Hosted(name=seating.name, problem=problem)
            return Hosted(name=seating.name, result=result)

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(play(number, seating, strategy))
                for number, (seating, strategy) in enumerate(zip(seatings, strategies, strict=True))
            ]
        return tuple(task.result() for task in tasks)
    finally:
        for client in clients:
            await client.close()


def read_seatings(path: Path, *, seed: str | None, only: Sequence[str] = ()) -> tuple[Seating, ...]:
    """Read a file of bidders: a scenario, or `[[bidder]]` entries with name, signal or private, strategy and key.

    Args:
        path: The file; strategies and keys that it names are relative to it.
        seed: For local runs: the bidders' keys and secrets follow from it.
        only: Names of the bidders wanted; empty wants all.

    Raises:
        ConfigurationError: The file cannot be used, or a wanted bidder is not in it.
    """
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
    except ValueError as problem:
        raise ConfigurationError(f"{path}: is not TOML in UTF-8: {problem}") from problem
    seatings = _of_scenario(path, seed) if "format" in document else _of_list(document, path, seed)
    for name in only:
        if name not in [seating.name for seating in seatings]:
            raise ConfigurationError(f"{path}: there is no bidder {name!r}")
    return tuple(seating for seating in seatings if not only or seating.name in only)


def _of_scenario(path: Path, seed: str | None) -> list[Seating]:
    # Imported here: the schema of scenarios is heavy, and an agent that joins alone needs none of it.
    from openoutcry.scenario import load_scenario

    scenario = load_scenario(path)
    return [
        Seating(
            name=name,
            private=private,
            strategy=scenario.strategy(name),
            base_directory=scenario.directory,
            seed=seed,
        )
        for name, private in zip(scenario.names, _private_inputs(scenario), strict=True)
    ]


def _private_inputs(scenario: Scenario) -> list[RawPrivate]:
    """Return what each bidder of a scenario knows, in roster order.

    Raises:
        ScenarioError: A bidder's signal or value is missing. Values are not drawn here: bidders that are hosted apart
            would not agree on them.
    """
    market = scenario.specification.market
    if not isinstance(market, TypeMarket):
        return [{"signal": signal} for signal in scenario.signals()]
    for name in scenario.names:
        if name not in scenario.private:
            raise ConfigurationError(
                f"{scenario.file}: bidder {name!r} has no [bidder.private] value, needed here"
            )
    # Nothing is drawn, since every value is given.
    return [
        parse_private(
            encode_private(PrivateKnowledge(value=known.value, belief=known.belief), market, bidder)
        )
        for bidder, known in enumerate(scenario.types(SeededChance(bytes(32), len(scenario.names))))
    ]


def _of_list(document: dict[str, Any], path: Path, seed: str | None) -> list[Seating]:
    entries = document.get("bidder")
    if set(document) != {"bidder"} or not isinstance(entries, list) or not entries:
        raise ConfigurationError(
            f"{path}: must be a scenario, or hold [[bidder]] entries with name, signal or private, strategy and key"
        )
    return [_seat(entry, f"{path}: bidder[{number}]", path, seed) for number, entry in enumerate(entries)]


def _seat(entry: object, where: str, path: Path, seed: str | None) -> Seating:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where}: must be a table")
    for key, value in entry.items():
        if key not in _KEYS:
            raise ConfigurationError(f"{where}.{key}: is not known: use {', '.join(_KEYS)}")
        kind, wanted = _KEYS[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ConfigurationError(f"{where}.{key}: must be {wanted}")
    if "name" not in entry:
        raise ConfigurationError(f"{where}: needs a name")
    if ("signal" in entry) == ("private" in entry):
        raise ConfigurationError(f"{where}: needs a signal, or private for a bidder with a value; not both")
    return Seating(
        name=entry["name"],
        signal=entry.get("signal"),
        private=None if "private" not in entry else _check_private(entry["private"], where),
        strategy=entry.get("strategy", "truthful"),
        base_directory=path.parent,
        key=path.parent / entry["key"] if "key" in entry else None,
        seed=seed,
    )


def _check_private(content: object, where: str) -> RawPrivate:
    try:
        return check_raw(content)
    except ConfigurationError as problem:
        raise ConfigurationError(f"{where}.private: {problem}") from problem
