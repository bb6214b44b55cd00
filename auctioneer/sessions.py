"""All sessions of one auctioneer: opens them, finds them, restores them after a restart, lists and ends them.

Decides: how many may be open at once, and which ended ones stay in memory. Refuses: a specification that is none, a
session that nobody has heard of, and to go on with a session that was opened under another key. Called by the
servicer and by the service; knows nothing of the network.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import grpc

from auctioneer.driver import SessionDriver
from auctioneer.handover import HandoverReader
from auctioneer.keys import AuctioneerKeys, derive_opening_key
from auctioneer.logs import ENTRIES, SESSION_ID, get_logger
from auctioneer.metrics import Metrics
from auctioneer.release import release
from auctioneer.statuses import CallRefused
from auctioneer.stores import SessionRecord, SessionSummary, Store
from openoutcry.errors import ConfigurationError, TranscriptError
from openoutcry.mechanisms.specification import Specification, decode_specification
from openoutcry.protocol import limits
from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.commitments import SECRET_BYTES, seed_commitment
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import PAYLOAD_TYPES, OutcomeDeclared, SessionOpen
from openoutcry.protocol.transcript import Transcript, encode_transcript
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening, resume
from openoutcry.session.transcripts import make_transcript
from openoutcry.session.values import Phase

ENDED_KEPT = 64
"""Ended sessions that stay in memory, so that late bidders and readers of transcripts need no replay."""


ENDING_ENTRIES = 3
"""Entries at the end of a settled session: the outcome, the auctioneer's seed part, and the key of private openings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One line of a list of sessions.

    Attributes:
        session_id: 32 bytes.
        title: Of its scenario; empty when that cannot be read.
        phase: Where it stands; None when that cannot be told.
        size: Entries in its log.
        problem: Why the session cannot go on; empty when it can, or has ended.
    """

    session_id: bytes
    title: str
    phase: Phase | None
    size: int
    problem: str = ""


class Sessions:
    """The sessions of one auctioneer.

    Args:
        store: Keeps them.
        keys: The auctioneer's.
        reader: Reads and verifies envelopes.
        metrics: Counts.
        limit: Sessions that may be open at once.

    Attributes:
        health_changed: Set whenever `can_keep_logs` may have changed; whoever waits for it clears it.
    """

    def __init__(
        self, *, store: Store, keys: AuctioneerKeys, reader: HandoverReader, metrics: Metrics, limit: int
    ) -> None:
        self.keys = keys
        self.reader = reader
        self._store = store
        self._metrics = metrics
        self._limit = limit
        self._author = SigningAuthor(keys.message, reader.codec)
        self._open: dict[bytes, SessionDriver] = {}
        self._ended: dict[bytes, SessionDriver] = {}
        # Those that neither go on nor have ended, with the reason.
        self._broken: dict[bytes, str] = {}
        self._without_log: set[bytes] = set()
        self.health_changed = asyncio.Event()
        self._finding = asyncio.Lock()
        self._opening = 0
        self._log = get_logger()

    # --- Life. ---

    @property
    def can_keep_logs(self) -> bool:
        """Whether no session waits for a log that cannot be written or read."""
        return not self._without_log

    async def restore(self) -> None:
        """Restore every session of the store that has not ended; `start` lets them go on.

        Raises:
            StorageError: The store cannot be read.
        """
        for summary in await self._store.sessions():
            if summary.closed:
                continue
            try:
                driver = await self._load(summary.session_id)
            except (TranscriptError, ConfigurationError) as error:
                self._log.error("session cannot go on", exc_info=error, **{SESSION_ID: summary.session_id})
                self._broken[summary.session_id] = str(error)
                continue
            self._open[summary.session_id] = driver
            self._metrics.sessions_open.inc()
            self._log.info("session restored", **{SESSION_ID: summary.session_id, ENTRIES: driver.size})

    def start(self) -> None:
        """Let the restored sessions go on."""
        for driver in self._open.values():
            driver.start()

    async def stop(self) -> None:
        """Stop all sessions where they are."""
        await asyncio.gather(*(driver.stop() for driver in self._open.values()))

    async def open(self, specification: bytes, *, seed_part: bytes | None = None) -> bytes:
        """Open a session and return its id, 32 bytes.

        Args:
            specification: Public specification, byte for byte.
            seed_part: The auctioneer's part of the seed, 32 bytes; drawn when None.

        Raises:
            ConfigurationError: The specification is none.
            CallRefused: Too many sessions are open.
            StorageError: The session could not be made durable, or is there already.
        """
        if len(specification) > limits.SPECIFICATION_BYTES:
            raise CallRefused(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"a specification has at most {limits.SPECIFICATION_BYTES} bytes",
            )
        decoded = decode_specification(specification)
        if len(self._open) + self._opening >= self._limit:
            raise CallRefused(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"{self._limit} sessions are open: try again later"
            )
        self._opening += 1
        try:
            driver = await self._create(
                specification, decoded, seed_part or secrets.token_bytes(SECRET_BYTES)
            )
        finally:
            self._opening -= 1
        self._open[driver.session_id] = driver
        self._metrics.sessions_open.inc()
        self._log.info("session opened", title=decoded.title, **{SESSION_ID: driver.session_id})
        driver.start()
        return driver.session_id

    # --- Finding. ---

    async def find(self, session_id: bytes) -> SessionDriver:
        """Return a session, open or ended.

        Raises:
            CallRefused: There is none with this id, or it cannot be restored.
            StorageError: The store cannot be read.
        """
        found = self._open.get(session_id) or self._ended.get(session_id)
        if found is not None:
            return found
        if session_id in self._broken:
            raise CallRefused(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"session {session_id.hex()} cannot be restored: {self._broken[session_id]}",
            )
        async with self._finding:
            found = self._ended.get(session_id)
            if found is not None:
                return found
            summaries = {summary.session_id: summary for summary in await self._store.sessions()}
            if session_id not in summaries or not summaries[session_id].closed:
                raise CallRefused(
                    grpc.StatusCode.NOT_FOUND,
                    f"no session {session_id.hex() or 'without id'} here: list the sessions to see which are",
                )
            driver = await self._load(session_id)
            await driver.log.complete()
            self._keep_ended(driver)
            return driver

    def newest_enrolling(self) -> SessionDriver:
        """Return the session opened last among those that enrol.

        Raises:
            CallRefused: None does.
        """
        for driver in reversed(self._open.values()):
            if driver.session.phase is Phase.ENROL:
                return driver
        raise CallRefused(grpc.StatusCode.NOT_FOUND, "no session is enrolling now: open one, or name one")

    async def summaries(self) -> list[SessionSummary]:
        """Return what the store says of all sessions, newest first.

        Raises:
            StorageError: The store cannot be read.
        """
        return (await self._store.sessions())[::-1]

    async def line(self, summary: SessionSummary) -> SessionLine:
        """Return one line about a session, without replaying one that has ended.

        Raises:
            StorageError: The store cannot be read.
        """
        driver = self._open.get(summary.session_id) or self._ended.get(summary.session_id)
        if driver is not None:
            return describe(driver)
        record = await self._store.record(summary.session_id)
        problem = self._broken.get(summary.session_id, "")
        if problem:
            return SessionLine(
                session_id=summary.session_id,
                title=_title_of(record.specification),
                phase=None,
                size=summary.size,
                problem=f"cannot be restored: {problem}",
            )
        last = await self._store.entries(summary.session_id, max(0, summary.size - ENDING_ENTRIES))
        return SessionLine(
            session_id=summary.session_id,
            title=decode_specification(record.specification).title,
            phase=self._final_phase(last),
            size=summary.size,
        )

    # --- What is handed out. ---

    async def specification(self, session_id: bytes) -> bytes:
        """Return the public specification of a session, byte for byte; raises as `find`."""
        await self.find(session_id)
        return (await self._store.record(session_id)).specification

    def checkpoint(self, driver: SessionDriver) -> bytes:
        """Return the signed head of a session's durable log."""
        checkpoint = Checkpoint(
            origin=session_origin(driver.session_id),
            size=driver.size,
            root=driver.session.log.tree.root(driver.size),
        )
        return sign_checkpoint(checkpoint, self.keys.checkpoint)

    async def transcript(self, session_id: bytes) -> Transcript:
        """Return the transcript of a session that has ended.

        Raises:
            CallRefused: There is none with this id, or it has not ended.
            StorageError: The store cannot be read.
        """
        driver = await self.find(session_id)
        if not driver.has_ended:
            raise CallRefused(
                grpc.StatusCode.FAILED_PRECONDITION, "the session has not ended: watch it, or ask later"
            )
        record = await self._store.record(session_id)
        return make_transcript(
            entries=await driver.log.entries(),
            specification=record.specification,
            session_id=session_id,
            tree=driver.session.log.tree,
            checkpoint_key=self.keys.checkpoint,
            reader=self.reader,
        )

    async def transcript_file(self, session_id: bytes) -> bytes:
        """Return the same as one file; raises as `transcript`."""
        transcript = await self.transcript(session_id)
        # A long one takes a while, in which sessions are to go on.
        return await asyncio.to_thread(encode_transcript, transcript)

    # --- Making. ---

    async def _create(self, specification: bytes, decoded: Specification, seed_part: bytes) -> SessionDriver:
        digest = hashlib.sha256(specification).digest()
        message_key = self.keys.message
        commitment = seed_commitment(context=digest, sender_id=message_key.sender_id, secret=seed_part)
        opening_key = derive_opening_key(message_key, commitment)
        session = AuctioneerSession(
            specification=decoded,
            opening=SessionOpen(
                specification_digest=digest,
                seed_commitment=commitment,
                message_key=message_key.public_key,
                checkpoint_key=self.keys.checkpoint.public_key,
                opening_key=opening_key.public_key,
                code_version=release(),
            ),
            seed_part=seed_part,
            opening_key=opening_key,
            author=self._author,
            reader=self.reader,
        )
        entries = session.start().entries
        record = SessionRecord(session_id=session.session_id, specification=specification, secret=seed_part)
        await self._store.create(record, entries)
        return self._drive(session, entries, self._restorer(decoded, seed_part))

    async def _load(self, session_id: bytes) -> SessionDriver:
        record = await self._store.record(session_id)
        entries = await self._store.entries(session_id)
        opening = read_opening(entries, self.reader)
        own = (self.keys.message.public_key, self.keys.checkpoint.public_key)
        if (opening.message_key, opening.checkpoint_key) != own:
            raise TranscriptError("the session was opened under other keys: bring back the files of its keys")
        restore = self._restorer(decode_specification(record.specification), record.secret)
        # All that was computed is computed again, and a long log has many signatures.
        session = await asyncio.to_thread(restore, entries)
        return self._drive(session, entries, restore)

    def _restorer(
        self, specification: Specification, seed_part: bytes
    ) -> Callable[[Sequence[bytes]], AuctioneerSession]:
        return partial(_restore, specification, seed_part, self.keys.message, self._author, self.reader)

    def _drive(
        self,
        session: AuctioneerSession,
        entries: Sequence[bytes],
        restore: Callable[[Sequence[bytes]], AuctioneerSession],
    ) -> SessionDriver:
        return SessionDriver(
            session=session,
            entries=entries,
            store=self._store,
            restore=restore,
            metrics=self._metrics,
            on_end=self._end,
            on_log=self._note_log,
        )

    def _note_log(self, driver: SessionDriver, is_there: bool) -> None:
        if is_there:
            self._without_log.discard(driver.session_id)
        else:
            self._without_log.add(driver.session_id)
        self.health_changed.set()

    def _end(self, driver: SessionDriver) -> None:
        del self._open[driver.session_id]
        self._keep_ended(driver)

    def _keep_ended(self, driver: SessionDriver) -> None:
        self._ended[driver.session_id] = driver
        while len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]

    def _final_phase(self, last: Sequence[bytes]) -> Phase:
        types = {self.reader.read_envelope(entry).payload_type for entry in last}
        return Phase.CLOSED if PAYLOAD_TYPES[OutcomeDeclared] in types else Phase.VOID


def _title_of(specification: bytes) -> str:
    try:
        return decode_specification(specification).title
    except ConfigurationError:
        return ""


def describe(driver: SessionDriver) -> SessionLine:
    """Return one line about a session in memory."""
    return SessionLine(
        session_id=driver.session_id,
        title=driver.session.specification.title,
        phase=driver.session.phase,
        size=driver.size,
    )


def _restore(
    specification: Specification,
    seed_part: bytes,
    message_key: SigningKey,
    author: SigningAuthor,
    reader: EnvelopeReader,
    entries: Sequence[bytes],
) -> AuctioneerSession:
    opening_key = derive_opening_key(message_key, read_opening(entries, reader).seed_commitment)
    return resume(
        specification=specification,
        entries=entries,
        seed_part=seed_part,
        opening_key=opening_key,
        author=author,
        reader=reader,
    )
