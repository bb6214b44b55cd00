"""The file of private types beside a transcript: written by local runs, found and read by whoever plays one again.

Decides: how a bidder's strategy is held against what it was (the digests of its files), and whether its code may be run
here. Strategies in files and modules are somebody's own code: they are run only where the user asked for a replay or
named the file himself, never because such a file lay beside a transcript.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from auctioneer.cli.preparing import DISCLOSURE_SUFFIX, PRIVATE_SUFFIX
from openoutcry.errors import ConfigurationError, StrategyError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.scenario import Scenario
from openoutcry.session.disclosure import Disclosure
from openoutcry.simulation.counterfactual import OwnStrategy
from openoutcry.simulation.sidecar import Sidecar, SidecarBidder, decode_sidecar, encode_sidecar
from openoutcry.simulation.table import Private
from openoutcry.strategies import load_strategy
from openoutcry.strategies.naming import StrategyName, parse_strategy_name
from openoutcry.strategies.registry import RESERVED, find_registration
from openoutcry.wire import files

SIDECAR_BYTES = 256 * 1024 * 1024
"""More than any session's beliefs; whatever is larger is something else."""


def make_sidecar(
    scenario: Scenario, private: Sequence[Private], *, seed: str, session_id: bytes, path: Path
) -> bytes:
    """Return what a local run writes beside its transcript.

    Args:
        scenario: That was run.
        private: Length n: what each bidder privately knew.
        seed: Of the run.
        session_id: 32 bytes.
        path: Of the transcript; folders of strategies are told as seen from its own.
    """
    bidders = {
        name: SidecarBidder(
            private=known,
            strategy=scenario.strategy(name),
            files=_digests(scenario.strategy(name), scenario.directory),
        )
        for name, known in zip(scenario.names, private, strict=True)
    }
    directory = scenario.directory.resolve()
    try:
        seen = Path(os.path.relpath(directory, path.parent.resolve()))
    except ValueError:
        # On another drive there is no way from one to the other.
        seen = directory
    sidecar = Sidecar(session_id=session_id, seed=seed, directory=seen.as_posix(), bidders=bidders)
    return encode_sidecar(sidecar, scenario.specification.market)


def find_private(transcript: Path) -> Path | None:
    """Return the file of private types beside a transcript, if there is one."""
    path = transcript.parent / f"{transcript.stem}{PRIVATE_SUFFIX}"
    return path if path.is_file() else None


def find_disclosure(transcript: Path) -> Disclosure | None:
    """Return the disclosure that lies beside a transcript, if there is one.

    Raises:
        ConfigurationError: What lies there is none.
    """
    path = transcript.parent / f"{transcript.stem}{DISCLOSURE_SUFFIX}"
    return files.read_disclosure(path) if path.is_file() else None


def read_sidecar(path: Path, market: Market | TypeMarket, session_id: bytes) -> Sidecar:
    """Return what a file of private types holds.

    Raises:
        ConfigurationError: It cannot be read, is no such file, or is of another session; one line with its name.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SIDECAR_BYTES + 1)
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
    if len(data) > SIDECAR_BYTES:
        raise ConfigurationError(f"{path}: is larger than any file of private types, {SIDECAR_BYTES} bytes")
    try:
        return decode_sidecar(data, market, session_id)
    except ConfigurationError as problem:
        raise ConfigurationError(f"{path}: {problem}") from problem


def own_strategies(sidecar: Sidecar, path: Path, *, runs_code: bool) -> dict[str, OwnStrategy]:
    """Return how the bidders played, as far as they can play again.

    Args:
        sidecar: As read from `path`.
        path: Folders of strategies are told as seen from its own.
        runs_code: Whether strategies in files and modules may be run.
    """
    directory = path.parent / sidecar.directory
    return {
        name: _own_strategy(bidder, directory, runs_code=runs_code)
        for name, bidder in sidecar.bidders.items()
        if bidder.strategy is not None
    }


def _own_strategy(bidder: SidecarBidder, directory: Path, *, runs_code: bool) -> OwnStrategy:
    text = bidder.strategy or ""
    try:
        parsed = parse_strategy_name(text)
        problem = _why_not(parsed, bidder.files, directory, runs_code=runs_code)
        factory = None if problem else load_strategy(text, base_directory=directory)
    except StrategyError as error:
        return OwnStrategy(text=text, problem=str(error))
    return OwnStrategy(text=text, factory=factory, problem=problem)


def _why_not(parsed: StrategyName, digests: Mapping[str, str], directory: Path, *, runs_code: bool) -> str:
    """Return why a strategy is not even tried; empty when it is."""
    if parsed.kind == "name" and parsed.target in RESERVED:
        return f"it {RESERVED[parsed.target]}"
    if parsed.kind != "name" and not runs_code:
        return "its own code is run only where --swap or --private asks for it"
    for file, digest in digests.items():
        found = _digest(directory / file)
        if found is None:
            return f"{file} is not there any more"
        if found != digest:
            return f"{file} has changed since"
    return ""


def _digests(text: str, directory: Path) -> dict[str, str]:
    """Return the SHA-256 of the files that a strategy is made of, as far as they are known without its code."""
    parsed = parse_strategy_name(text)
    named = [parsed.target] if parsed.kind == "file" else []
    if parsed.kind == "name" and find_registration(parsed.target) is not None:
        written = dict(parsed.options)
        options = load_strategy(text, base_directory=directory).options
        named += [written[key] for key, value in options if isinstance(value, Path)]
    found = {file: _digest(directory / file) for file in named}
    return {file: digest for file, digest in found.items() if digest is not None}


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        # A name that no file can have is a ValueError.
        return None
