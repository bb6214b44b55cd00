"""Joining a session: from what a person or a program says to an agent that runs.

Decides where the receipts are, and which key, entropy and generator the bidder has. Called by the command line and,
as `bidder_agent.join`, by programs that bring a strategy of their own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bidder_agent.agent import Agent, AgentSettings, Unreachable, tell_nobody
from bidder_agent.backoff import Backoff, BackoffSettings
from bidder_agent.connection import AuctioneerClient, Description, Lost, TlsFiles
from bidder_agent.identity import Identity, fresh_identity, identity_from_seed, make_key, read_key
from bidder_agent.receipts import KEY, Receipts, set_aside_ended, unfinished_session
from bidder_agent.result import Result
from bidder_agent.strategies import register_all
from bidder_agent.transcripts import TranscriptSource
from openoutcry.errors import ConfigurationError
from openoutcry.strategies import Strategy, load_strategy
from openoutcry.strategies.api import FunctionStrategy, StrategyFunction
from openoutcry.strategies.private_input import RawPrivate
from openoutcry.wire import WireCodec

LATEST = "latest"
DEFAULT_RECEIPTS = Path("receipts")
SHOWN_SESSION = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """One bidder that is to take part.

    Attributes:
        name: In the specification.
        signal: Its private signal, 0..k-1, in a market of signals.
        private: What only it knows, in the form of `openoutcry.strategies.private_input`; in place of `signal`.
        strategy: A name with options, an instance made for this session, or a plain function of a view.
        base_directory: Where relative files of the strategy's name start.
        key: File of its key, made when missing; None keeps a key in the receipts.
        seed: For local runs only: key and secrets follow from it and the name. Needs no key.
        receipts: Directory; None makes one below `receipts`, named after session and bidder.
    """

    name: str
    signal: int | None = None
    private: RawPrivate | None = None
    strategy: str | Strategy | StrategyFunction = "truthful"
    base_directory: Path = field(default_factory=Path)
    key: Path | None = None
    seed: str | None = None
    receipts: Path | None = None

    def private_input(self) -> RawPrivate:
        """Return what only the bidder knows.

        Raises:
            ConfigurationError: It is given twice, or not at all.
        """
        if (self.signal is None) == (self.private is None):
            raise ConfigurationError(f"what {self.name} knows must be given once: a signal, or private input")
        return {"signal": self.signal} if self.private is None else self.private


async def join(
    address: str,
    *,
    session: str | bytes = LATEST,
    name: str,
    signal: int | None = None,
    private: RawPrivate | None = None,
    strategy: str | Strategy | StrategyFunction = "truthful",
    base_directory: Path | None = None,
    key: Path | None = None,
    seed: str | None = None,
    receipts: Path | None = None,
    auctioneer_key: bytes | None = None,
    tls: TlsFiles | None = None,
    patience_s: float = 60.0,
    checks_transcript: bool = True,
    tell: Callable[[str], None] = tell_nobody,
) -> Result:
    """Take part in a session until it ends.

    Args:
        address: Of the auctioneer, host:port.
        session: Its id, 32 bytes or their hexadecimal digits, or "latest" for the newest that still enrols.
        name: Of the bidder.
        signal: Its private signal, 0..k-1, in a market of signals.
        private: What only it knows, such as `{"value": 4, "belief": {"product": {"bob": [[1, 2], [4, 1]]}}}`; in
            place of `signal`.
        strategy: A name with options, an instance made for this session, or a plain function of a view.
        base_directory: Where relative files of the strategy's name start; the current directory by default.
        key: File of the bidder's key, made when missing; None keeps a key in the receipts.
        seed: For local runs only: key and secrets follow from it and the name.
        receipts: Directory; None makes one below `receipts`, named after session and bidder.
        auctioneer_key: The auctioneer's message key if it is known beforehand, 32 bytes.
        tls: Files of a private connection; None speaks in clear.
        patience_s: Seconds without contact after which to give up.
        checks_transcript: Whether to fetch and verify the transcript at the end.
        tell: Is told each thing that happens, in one line.

    Returns:
        How it ended. A complaint against the auctioneer is a result, too.

    Raises:
        ConfigurationError: What was given cannot be used.
        ServiceError: The auctioneer cannot be reached in time, or refuses.
        StorageError: The receipts cannot be kept.
    """
    seating = Seating(
        name=name,
        signal=signal,
        private=private,
        strategy=strategy,
        base_directory=base_directory or Path(),
        key=key,
        seed=seed,
        receipts=receipts,
    )
    settings = AgentSettings(backoff=BackoffSettings(patience_s=patience_s), auctioneer_key=auctioneer_key)
    seating.private_input()
    made = make_strategy(seating)
    client = AuctioneerClient(address, tls=tls)
    try:
        session_id = await choose_session(client, session, seating, settings.backoff, tell)
        transcripts = make_source(client, session_id, settings) if checks_transcript else None
        return await take_seat(
            seating,
            made,
            client=client,
            session_id=session_id,
            transcripts=transcripts,
            settings=settings,
            tell=tell,
        )
    finally:
        await client.close()


def make_strategy(seating: Seating) -> Strategy:
    """Return the strategy of a seating, before anybody is troubled with it.

    Raises:
        StrategyError: It cannot be found or made.
    """
    if isinstance(seating.strategy, str):
        register_all()
        return load_strategy(seating.strategy, base_directory=seating.base_directory).make()
    if isinstance(seating.strategy, Strategy):
        return seating.strategy
    return FunctionStrategy(seating.strategy)


async def find_session(
    client: AuctioneerClient,
    session: str | bytes,
    settings: BackoffSettings,
    tell: Callable[[str], None] = tell_nobody,
) -> bytes:
    """Return the id of a session, asking the auctioneer only for the latest.

    Args:
        client: Of the auctioneer.
        session: 32 bytes, their hexadecimal digits, or "latest".
        settings: How patient to be.
        tell: Is told what is waited for, when there is anything, and again when that changes.

    Raises:
        ConfigurationError: What was given is no session id, or the connection is not set up as the auctioneer's is.
        Refused: The auctioneer has no session that still enrols, and says so over TLS.
        Unreachable: The auctioneer could not be reached in time, or said so in clear all the while.
    """
    if isinstance(session, bytes):
        return session
    if session != LATEST:
        return read_session_id(session)
    backoff = Backoff(settings, time_source=asyncio.get_running_loop().time)
    told = ""
    while True:
        try:
            described: Description = await client.describe(b"")
        except Lost as problem:
            delay = backoff.fail()
            if delay is None:
                raise Unreachable(
                    f"{problem}; gave up after {settings.patience_s:g} s: {problem.advice}"
                ) from problem
            if str(problem) != told:
                told = str(problem)
                tell(f"waiting up to {settings.patience_s:g} s for the auctioneer ({told})")
        else:
            return described.session_id
        await asyncio.sleep(delay)


async def choose_session(
    client: AuctioneerClient,
    session: str | bytes,
    seating: Seating,
    settings: BackoffSettings,
    tell: Callable[[str], None],
) -> bytes:
    """Return which session a bidder is to take part in.

    Asked for the latest, a bidder goes on with the session of its receipts until that has ended: an agent that is
    started again after a crash must not look for another. Receipts of ended sessions make room for the next.

    Raises:
        ConfigurationError: What was given is no session id.
        Refused: The auctioneer has no session that still enrols.
        StorageError: The receipts cannot be read or moved.
        Unreachable: The auctioneer could not be reached in time.
    """
    if session != LATEST or seating.receipts is None:
        return await find_session(client, session, settings, tell)
    kept = unfinished_session(seating.receipts)
    if kept is not None:
        tell(f"going on with session {kept.hex()[:SHOWN_SESSION]}, which has not ended")
        return kept
    found = await find_session(client, session, settings, tell)
    moved = set_aside_ended(seating.receipts)
    if moved is not None:
        tell(f"the receipts of the last session are in {moved}")
    return found


def read_session_id(text: str) -> bytes:
    """Return the session id in 64 hexadecimal digits.

    Raises:
        ConfigurationError: The text is no such thing.
    """
    if re.fullmatch(r"[0-9a-fA-F]{64}", text) is None:
        raise ConfigurationError(
            f"{text[:80]!r} is no session id: give its 64 hexadecimal digits, or {LATEST}"
        )
    return bytes.fromhex(text)


def make_source(client: AuctioneerClient, session_id: bytes, settings: AgentSettings) -> TranscriptSource:
    """Return where the transcript of a session comes from in the end."""
    return TranscriptSource(
        client,
        session_id,
        codec=WireCodec(),
        auctioneer_key=settings.auctioneer_key,
        settings=settings.backoff,
    )


async def take_seat(
    seating: Seating,
    strategy: Strategy,
    *,
    client: AuctioneerClient,
    session_id: bytes,
    transcripts: TranscriptSource | None,
    settings: AgentSettings,
    tell: Callable[[str], None],
    directory: Path | None = None,
) -> Result:
    """Take part for one bidder; several may share a client.

    Args:
        seating: Of the bidder.
        strategy: Made for it.
        client: Of the auctioneer.
        session_id: 32 bytes.
        transcripts: Where the transcript comes from in the end; None skips its check.
        settings: How to behave.
        tell: Is told each thing that happens.
        directory: Of the receipts; None takes the seating's, or the usual one.

    Raises:
        ConfigurationError: What was given cannot be used.
        ServiceError: The auctioneer cannot be reached in time, or refuses.
        StorageError: The receipts cannot be kept.
    """
    usual = DEFAULT_RECEIPTS / receipts_name(session_id, seating.name)
    receipts = Receipts.open(directory or seating.receipts or usual)
    try:
        agent = Agent(
            client=client,
            session_id=session_id,
            identity=find_identity(seating, receipts, tell),
            private=seating.private_input(),
            strategy=strategy,
            receipts=receipts,
            transcripts=transcripts,
            settings=settings,
            tell=tell,
        )
        return await agent.run()
    finally:
        receipts.close()


def find_identity(seating: Seating, receipts: Receipts, tell: Callable[[str], None]) -> Identity:
    """Return who the bidder is: what its receipts, its key file or its seed say, else somebody new.

    Raises:
        ConfigurationError: A key file cannot be used, or both a key and a seed are given.
    """
    if seating.seed is not None:
        if seating.key is not None:
            raise ConfigurationError("a seed already gives the key: name a key or a seed, not both")
        return identity_from_seed(seating.seed, seating.name)
    path = seating.key or receipts.directory / KEY
    if path.exists():
        key = read_key(path)
    else:
        key = make_key(path)
        tell(f"made a new key: {path}")
    entropy = receipts.header.entropy if receipts.header is not None else None
    return fresh_identity(seating.name, key, entropy=entropy)


def receipts_name(session_id: bytes, name: str) -> str:
    """Return the usual name of a directory of receipts: letters, digits and a few signs, whatever the bidder's."""
    return f"{session_id.hex()[:SHOWN_SESSION]}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)}"
