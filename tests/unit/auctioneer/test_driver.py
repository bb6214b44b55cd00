"""The driver: nothing leaves before it is durable, and whatever fails, the log says where to go on."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from auctioneer.driver import SessionDriver
from auctioneer.service import make_metrics
from auctioneer.statuses import CallRefused
from auctioneer.stores import MemoryStore, SessionRecord
from openoutcry.errors import OpenOutcryError, StorageError
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import PAYLOAD_TYPES, Enrol, SessionOpen
from openoutcry.protocol.opening import OpeningKey
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder_values import Delivered, Opened, Specified
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import resume
from openoutcry.session.values import Phase
from tests.participants.bidders import CODEC, key_of, new_session
from tests.participants.scenarios import make_specification

READER = EnvelopeReader(CODEC)
MESSAGE_KEY = SigningKey.from_seed(b"m" * 32)
CHECKPOINT_KEY = SigningKey.from_seed(b"c" * 32)
SEED_PART = b"s" * 32
OPENING_KEY = OpeningKey(b"o" * 32)
PATIENCE_SECONDS = 10.0


@dataclass(kw_only=True)
class Stream:
    """A stream that only counts."""

    party: bytes
    notified: int = 0
    ended: OpenOutcryError | None = None

    def notify(self) -> None:
        self.notified += 1

    def end(self, reason: OpenOutcryError) -> None:
        self.ended = reason


class GatedStore(MemoryStore):
    """A store whose appends wait for a gate, are counted, and fail when told to."""

    __slots__ = ("batches", "failures", "gate")

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[int] = []
        self.failures = 0

    async def append(self, session_id: bytes, expected_size: int, entries: Sequence[bytes]) -> None:
        self.batches.append(len(entries))
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise StorageError("the disk is full")
        await super().append(session_id, expected_size, entries)


@dataclass(kw_only=True)
class Stage:
    """A driver of one session with its store, and the bidders' sides."""

    store: GatedStore
    driver: SessionDriver
    specification: bytes
    ended: list[bytes] = field(default_factory=list)

    def enrolment(self, name: str) -> bytes:
        """Return the envelope with which a bidder enrols."""
        session = new_session(name)
        session.apply(Opened(session_open=self.driver.session_open), 1)
        return session.apply(Specified(specification=self.specification), 1).send[0]

    async def enrol(self, name: str) -> Stream:
        """Attach a stream and queue the bidder's enrolment."""
        stream = Stream(party=key_of(name).sender_id)
        self.driver.attach(stream)
        await self.driver.submit(self.enrolment(name), PAYLOAD_TYPES[Enrol], stream)
        return stream


async def set_stage(bidders: int = 2, *, answer_ms: int = 20_000, enrol_ms: int = 20_000) -> Stage:
    """Return a stage whose session is open and driven."""
    specification = make_specification(bidders, answer_ms=answer_ms, enrol_ms=enrol_ms)
    decoded = decode_specification(specification)
    digest = hashlib.sha256(specification).digest()
    author = SigningAuthor(MESSAGE_KEY, CODEC)
    session = AuctioneerSession(
        specification=decoded,
        opening=SessionOpen(
            specification_digest=digest,
            seed_commitment=seed_commitment(
                context=digest, sender_id=MESSAGE_KEY.sender_id, secret=SEED_PART
            ),
            message_key=MESSAGE_KEY.public_key,
            checkpoint_key=CHECKPOINT_KEY.public_key,
            opening_key=OPENING_KEY.public_key,
            code_version="test",
        ),
        seed_part=SEED_PART,
        opening_key=OPENING_KEY,
        author=author,
        reader=READER,
    )
    entries = session.start().entries
    store = GatedStore()
    await store.create(
        SessionRecord(session_id=session.session_id, specification=specification, secret=SEED_PART), entries
    )

    def restore(log: Sequence[bytes]) -> AuctioneerSession:
        return resume(
            specification=decoded,
            entries=log,
            seed_part=SEED_PART,
            opening_key=OPENING_KEY,
            author=author,
            reader=READER,
        )

    ended: list[bytes] = []
    driver = SessionDriver(
        session=session,
        entries=entries,
        store=store,
        restore=restore,
        metrics=make_metrics(),
        on_end=lambda driver: ended.append(driver.session_id),
    )
    driver.start()
    return Stage(store=store, driver=driver, specification=specification, ended=ended)


async def until(condition: Callable[[], bool]) -> None:
    """Return when a condition holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0)


async def test_nothing_leaves_before_it_is_durable():
    """While an append is under way no stream is told and nothing is pending; afterwards all of it is."""
    stage = await set_stage()
    stage.store.gate.clear()
    streams = [await stage.enrol("b0"), await stage.enrol("b1")]
    await until(lambda: bool(stage.store.batches))
    assert stage.driver.session.phase is Phase.SEED
    assert [stream.notified for stream in streams] == [0, 0]
    assert [stage.driver.pending(stream.party, 1) for stream in streams] == [[], []]
    stage.store.gate.set()
    await until(lambda: stage.driver.size == 4)
    assert [stream.notified for stream in streams] == [1, 1]
    assert [stage.driver.pending(stream.party, 1) for stream in streams] == [[3], [3]]
    await stage.driver.stop()


async def test_inputs_that_come_together_share_one_append():
    """Two enrolments that wait for the loop at the same time are appended together."""
    stage = await set_stage()
    await stage.enrol("b0")
    await stage.enrol("b1")
    await until(lambda: stage.driver.size == 4)
    assert stage.store.batches == [3]
    await stage.driver.stop()


async def test_a_failed_append_is_as_if_it_had_never_been():
    """Streams end, the session stands where the log stands, and the same envelopes are accepted afterwards."""
    stage = await set_stage()
    stage.store.failures = 1
    first = await stage.enrol("b0")
    await until(lambda: first.ended is not None)
    await until(lambda: stage.driver.session.enrolment.names == ())
    assert stage.driver.size == 1
    stage.driver.detach(first)
    streams = [await stage.enrol("b0"), await stage.enrol("b1")]
    await until(lambda: stage.driver.size == 4)
    assert [stream.notified for stream in streams] == [1, 1]
    await stage.driver.stop()


async def test_a_session_that_is_cancelled_ends_even_if_the_log_fails_first():
    """The operator's wish outlives a failed append."""
    stage = await set_stage()
    stage.store.failures = 1
    stage.driver.cancel("enough")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stage.driver.wait_until_ended()
    assert stage.driver.session.phase is Phase.VOID
    assert stage.ended == [stage.driver.session_id]
    assert (await stage.store.sessions())[0].closed


async def test_a_deadline_that_passes_is_logged_and_moves_the_session():
    """Nobody enrols in time, so the session is void."""
    stage = await set_stage(enrol_ms=1)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stage.driver.wait_until_ended()
    assert stage.driver.session.phase is Phase.VOID
    assert len(await stage.driver.log.entries()) == 3


async def test_silent_bidders_lapse_and_the_session_goes_on_without_them():
    """Seed parts that do not come are lapses; nobody is left, and the session is void, not stuck."""
    stage = await set_stage(answer_ms=1)
    await stage.enrol("b0")
    await stage.enrol("b1")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await stage.driver.wait_until_ended()
    assert [deviation.code.value for deviation in stage.driver.session.deviations] == ["OPENING_MISSING"] * 2


async def test_the_newest_stream_of_a_bidder_wins():
    """The older stream ends, and its late detachment does not touch the newer one."""
    stage = await set_stage()
    older = await stage.enrol("b0")
    newer = Stream(party=older.party)
    stage.driver.attach(newer)
    assert older.ended is not None
    stage.driver.detach(older)
    await stage.enrol("b1")
    await until(lambda: stage.driver.size == 4)
    assert (older.notified, newer.notified) == (0, 1)
    await stage.driver.stop()


async def test_a_stranger_cannot_attach_once_enrolment_is_over():
    """Whoever has not enrolled has nothing to hear or to say then."""
    stage = await set_stage()
    await stage.enrol("b0")
    await stage.enrol("b1")
    await until(lambda: stage.driver.session.phase is Phase.SEED)
    with pytest.raises(CallRefused, match="enrolment is over"):
        stage.driver.attach(Stream(party=b"x" * 32))
    await stage.driver.stop()


async def test_a_refused_enrolment_ends_the_stream_it_came_on_and_no_other():
    """Somebody who is not invited is told so; the invited bidder notices nothing."""
    stage = await set_stage()
    invited = await stage.enrol("b0")
    stranger = Stream(party=key_of("eve").sender_id)
    stage.driver.attach(stranger)
    envelope = CODEC.decode_envelope(stage.enrolment("b1"))
    forged = CODEC.encode_envelope(
        Envelope(
            payload_type=envelope.payload_type,
            payload=envelope.payload,
            signature=envelope.signature,
            sender_id=stranger.party,
        )
    )
    await stage.driver.submit(forged, PAYLOAD_TYPES[Enrol], stranger)
    await until(lambda: stranger.ended is not None)
    assert invited.ended is None
    assert stage.driver.size == 2
    await stage.driver.stop()


async def test_entries_and_deliveries_come_from_the_store_when_they_are_no_longer_at_hand():
    """An old delivery is the same whether it was kept or had to be read again."""
    stage = await set_stage()
    streams = [await stage.enrol("b0"), await stage.enrol("b1")]
    await until(lambda: stage.driver.size == 4)
    party = streams[0].party
    kept = await stage.driver.delivery(party, 3, 0)
    stage.driver.log._recent.clear()
    assert await stage.driver.delivery(party, 3, 0) == kept
    assert len(await stage.driver.log.entries()) == 4
    bidder = new_session("b0")
    bidder.apply(Opened(session_open=stage.driver.session_open), 1)
    bidder.apply(Specified(specification=stage.specification), 1)
    assert bidder.apply(Delivered(delivery=kept), 2).complaint is None
    await stage.driver.stop()
