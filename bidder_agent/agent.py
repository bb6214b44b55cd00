"""The agent: one bidder in one session, from the first connection to the checked transcript.

It connects and attaches, again and again if it must; gives the session what arrives; asks the strategy what the
session wants to know; and sends what follows, once the receipts that it follows from are durable. While the
strategy thinks the stream is read on, so a lapse takes the question back. What the auctioneer does wrong over its
signature ends the agent's part with a complaint and its evidence; what the network does wrong, or anybody on it, is
waited out, a refusal in clear like all else. Only where that takes longer than the agent's patience it ends its part
as well, and blames nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bidder_agent.backoff import Backoff, BackoffSettings
from bidder_agent.connection import AuctioneerClient, Displaced, Lost, NoFrame, ParticipantStream, Refused
from bidder_agent.identity import Identity
from bidder_agent.kept_session import KeptSession
from bidder_agent.player import Player
from bidder_agent.receipts import OUTCOME, STATUS, TRANSCRIPT, Receipts
from bidder_agent.release import release
from bidder_agent.result import Result, make_result
from bidder_agent.status import AgentState, make_status
from bidder_agent.transcripts import TranscriptSource
from openoutcry.errors import OpenOutcryError, PeerError, ServiceError, TranscriptError
from openoutcry.protocol.deviations import Deviation, DeviationCode
from openoutcry.protocol.opening import seal_opening
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import BidderInput, Opened, OpeningSealed, SealAsked, Specified
from openoutcry.session.reading import EnvelopeReader
from openoutcry.strategies import Strategy
from openoutcry.strategies.private_input import RawPrivate
from openoutcry.wire import WireCodec
from openoutcry.wire.journal import JournalHeader

if TYPE_CHECKING:
    from bidder_agent.audit import Audit

IDLE_MARGIN_S = 30.0
"""A stream on which nothing has come for all deadlines of a question and this long is attached anew, seconds."""


class Unreachable(ServiceError):
    """The auctioneer could not be reached in time."""


class Doubtful(Lost):
    """What came cannot be taken, and anybody on the way could have made it.

    Attributes:
        doubt: What came and what is wrong with it; accuses nobody.
    """

    def __init__(self, doubt: Deviation) -> None:
        super().__init__(f"what came cannot be taken: {doubt.code.value}: {doubt.detail}")
        self.doubt = doubt

    def describe(self) -> str:
        """Return what came."""
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """How an agent behaves towards the network and its machine.

    Attributes:
        backoff: How patient to be.
        idle_s: Seconds without a frame after which to attach anew; None follows from the session's deadlines.
        shares_loop: Whether other bidders run in the same event loop, so that a slow disk must not stop it.
        auctioneer_key: The auctioneer's message key if it is known beforehand, 32 bytes.
    """

    backoff: BackoffSettings = field(default_factory=BackoffSettings)
    idle_s: float | None = None
    shares_loop: bool = False
    auctioneer_key: bytes | None = None


def tell_nobody(line: str) -> None:
    """Say nothing: the default of whoever wants no lines."""


class Agent:
    """Plays one bidder.

    Args:
        client: Of the auctioneer.
        session_id: 32 bytes.
        identity: Who the bidder is.
        private: What only it knows, as `openoutcry.strategies.private_input` describes.
        strategy: Answers its questions; made for this session.
        receipts: Its receipts, opened; closed by the caller.
        transcripts: Where the transcript comes from in the end; None skips its check.
        settings: How to behave.
        tell: Is told each thing that happens, in one line.

    Raises:
        ConfigurationError: The receipts are of somebody else.
        StorageError: The receipts cannot be gone on with.
    """

    def __init__(
        self,
        *,
        client: AuctioneerClient,
        session_id: bytes,
        identity: Identity,
        private: RawPrivate,
        strategy: Strategy,
        receipts: Receipts,
        transcripts: TranscriptSource | None = None,
        settings: AgentSettings | None = None,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self._client = client
        self._session_id = session_id
        self._identity = identity
        self._receipts = receipts
        self._transcripts = transcripts
        self._settings = settings or AgentSettings()
        self._tell = tell
        self._reader = EnvelopeReader(WireCodec())
        self._session = BidderSession(
            name=identity.name,
            key=identity.key,
            entropy=identity.entropy,
            reader=self._reader,
            auctioneer_key=self._settings.auctioneer_key,
            session_id=session_id,
            agent_version=release(),
        )
        receipts.begin(
            JournalHeader(
                name=identity.name,
                session_id=session_id,
                public_key=identity.key.public_key,
                entropy=identity.entropy,
            )
        )
        self._kept = KeptSession(self._session, receipts, now_ns=time.time_ns)
        self._complaint = self._session.complaint
        self._player = Player(
            identity=identity,
            private=private,
            strategy=strategy,
            take=self._take_answer,
            fail=self._fail,
            tell=tell,
        )
        self._stream: ParticipantStream | None = None
        self._failure: Exception | None = None
        # Whoever holds the turn applies, persists and sends: so messages leave in the order of their numbers.
        self._turn = asyncio.Lock()

    async def run(self) -> Result:
        """Take part until the session ends.

        Raises:
            ConfigurationError: The bidder is not invited, its signal is not in the market, the session is under
                another key than the expected one, or the connection is not set up as the auctioneer's is.
            Refused: The auctioneer refuses this bidder, and says so over TLS; or another agent has this bidder's key.
            StorageError: Receipts cannot be kept; nothing left that is not in them.
            Unreachable: The auctioneer could not be reached in time.
        """
        state = AgentState.STOPPED
        try:
            if self._session.specification is not None:
                self._sit_down()
            if not self._is_over:
                await self._take_part()
            result = await self._finish()
            state = AgentState.ENDED
            return result
        finally:
            self._player.close()
            self._receipts.persist()
            self._show(state)

    @property
    def _is_over(self) -> bool:
        return self._complaint is not None or self._kept.is_over

    # --- Connections. ---

    async def _take_part(self) -> None:
        backoff = Backoff(self._settings.backoff, time_source=asyncio.get_running_loop().time)
        was_displaced = False
        while not self._is_over:
            self._show(AgentState.CONNECTING)
            known = len(self._kept.entries)
            lost: Lost | None = None
            try:
                await self._converse()
            except Lost as problem:
                lost = problem
            except NoFrame as problem:
                lost = Doubtful(
                    Deviation(
                        code=DeviationCode.MALFORMED,
                        accused="",
                        index=None,
                        detail=problem.reason,
                        evidence=problem.data,
                    )
                )
            finally:
                self._stream = None
            if self._failure is not None:
                raise self._failure
            if isinstance(lost, Displaced) and was_displaced:
                # Whoever forges it twice could cut us off as well; and if it is true, we must not fight ourselves.
                raise Refused(f"{lost}, for the second time: stop the other agent that has this bidder's key")
            was_displaced |= isinstance(lost, Displaced)
            if len(self._kept.entries) > known:
                backoff.succeed()
            if lost is not None and not self._is_over:
                await self._wait_for_another_try(backoff, lost)

    async def _wait_for_another_try(self, backoff: Backoff, lost: Lost) -> None:
        delay = backoff.fail()
        if delay is None:
            if isinstance(lost, Doubtful):
                self._complain(lost.doubt)
                return
            patience = self._settings.backoff.patience_s
            raise Unreachable(f"{lost}; gave up after {patience:g} s: {lost.advice}") from lost
        self._tell(f"{lost.describe()}; trying again in {delay:.1f} s")
        await asyncio.sleep(delay)

    async def _converse(self) -> None:
        """Attach one stream and read it until it is lost, the session ends, or nothing comes any more."""
        async with self._client.participate() as stream:
            nonce, session_open = await stream.attach(self._session_id)
            await self._take(Opened(session_open=session_open))
            if self._is_over:
                return
            if self._session.specification is None:
                specification = await self._client.fetch_specification(self._session_id)
                await self._take(Specified(specification=specification))
                if self._is_over:
                    return
                self._sit_down()
            await self._attach(stream, nonce)
            while not self._is_over:
                frame = await stream.receive(self._idle_s())
                if frame is None:
                    self._tell("nothing has come for a long time; attaching anew")
                    return
                await self._take(frame)

    async def _attach(self, stream: ParticipantStream, nonce: bytes) -> None:
        async with self._turn:
            await self._persist()
            await stream.greet(self._session.hello(nonce, time.time_ns()))
            for envelope in self._session.waiting:
                await stream.send(envelope)
            self._stream = stream
        self._show(AgentState.ATTACHED)
        if self._session.asked is not None:
            await self._player.consider(self._session.asked)
        if self._session.sealing is not None:
            await self._seal(self._session.sealing)

    def _idle_s(self) -> float:
        if self._settings.idle_s is not None:
            return self._settings.idle_s
        specification = self._session.specification
        assert specification is not None, "streams are attached once the specification is there"
        return (specification.timing.enrol_ms + specification.timing.answer_ms) / 1000 + IDLE_MARGIN_S

    # --- Inputs, and what follows from them. ---

    async def _take(self, given: BidderInput, *, failure: str = "") -> None:
        """Apply an input, keep it, send what follows, and turn to what the session asks next."""
        async with self._turn:
            effects = self._kept.apply(given, failure=failure)
            if effects.doubt is not None:
                raise Doubtful(effects.doubt)
            if effects.complaint is not None:
                self._complain(effects.complaint)
            if effects.send:
                await self._persist()
                await self._send(effects.send)
        self._player.keep_only(self._session.asked)
        if effects.ask is not None:
            await self._player.consider(effects.ask)
        if effects.seal is not None:
            await self._seal(effects.seal)

    async def _seal(self, asked: SealAsked) -> None:
        """Seal a private opening: with fresh randomness, so what comes of it is kept like any other input."""
        try:
            sealed = seal_opening(asked.content, recipient=asked.recipient, info=asked.info)
        except PeerError as problem:
            self._complain(
                Deviation(
                    code=DeviationCode(problem.deviation),
                    accused="auctioneer",
                    index=0,
                    detail=problem.reason,
                )
            )
            return
        await self._take(OpeningSealed(question=asked.question, sealed=sealed))

    async def _take_answer(self, given: BidderInput, failure: str) -> None:
        await self._take(given, failure=failure)

    def _fail(self, problem: Exception) -> None:
        """Have the reader of the stream raise what went wrong beside it."""
        self._failure = problem
        if self._stream is not None:
            self._stream.cancel()

    async def _persist(self) -> None:
        if self._settings.shares_loop:
            await asyncio.to_thread(self._receipts.persist)
        else:
            self._receipts.persist()

    async def _send(self, envelopes: tuple[bytes, ...]) -> None:
        # Without a stream they wait in the session and leave when one is attached.
        if self._stream is not None:
            for envelope in envelopes:
                await self._stream.send(envelope)

    def _complain(self, complaint: Deviation) -> None:
        """End this bidder's part, and keep why: over the auctioneer's signature, or for nothing that anybody signed."""
        self._complaint = complaint
        self._receipts.persist()
        # Imported here: judging evidence takes the whole re-execution of sessions, which most agents never need.
        from bidder_agent.accusation import prove

        proof = prove(complaint, self._kept.entries, self._reader)
        path = self._receipts.keep_evidence(complaint, proof=proof)
        line = f"{complaint.code.value}: {complaint.detail}"
        if complaint.accused:
            self._tell(f"complaint: {line}; evidence in {path}")
            return
        patience = self._settings.backoff.patience_s
        self._tell(
            f"gave up after {patience:g} s: {line}; held against nobody, since anybody on the way could have made it: "
            f"use TLS, or compare what came with others; kept in {path}"
        )

    def _sit_down(self) -> None:
        specification = self._session.specification
        assert specification is not None, "a session that is not over has its specification now"
        self._player.sit_down(specification)
        session, name = self._session_id.hex()[:8], self._identity.name
        self._tell(f"session {session}: {specification.title}; bidding as {name}")

    # --- The end. ---

    async def _finish(self) -> Result:
        self._player.stop()
        self._receipts.persist()
        session = self._session
        if self._complaint is not None:
            # Told when it was made; an outcome of such a session is none.
            pass
        elif session.outcome is not None and session.rules is not None:
            await self._player.finish(session.outcome, session.roster, session.rules.member)
        elif session.void is not None:
            self._tell(f"the session is void: {session.void.detail}")
        audit = None
        if self._complaint is None and self._transcripts is not None:
            audit = await self._audit(self._transcripts)
            self._tell(audit.summary)
        result = make_result(
            session,
            session_id=self._session_id,
            complaint=self._complaint,
            failures=self._kept.failures,
            audit=audit,
            receipts=self._receipts.directory,
        )
        self._receipts.write_json(OUTCOME, result.to_json())
        return result

    async def _audit(self, transcripts: TranscriptSource) -> Audit:
        # Imported here: nothing of it is needed before the end, and bidders of a session wait for each other's start.
        from bidder_agent.audit import audit_receipts, failed_audit

        try:
            checked = await transcripts.checked()
        except (ServiceError, TranscriptError) as problem:
            return failed_audit(str(problem))
        self._receipts.write(TRANSCRIPT, transcripts.data)
        return audit_receipts(checked, self._kept.entries, self._reader)

    def _show(self, state: AgentState) -> None:
        # Whoever watches may look at any time; that it cannot be written must not end an auction.
        with contextlib.suppress(OpenOutcryError):
            self._receipts.write_json(
                STATUS, make_status(state, session_id=self._session_id, name=self._identity.name)
            )
