"""Whole sessions of the agent against an honest auctioneer, over a real socket."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import grpc
import pytest

from bidder_agent import Stay, Strategy, join
from bidder_agent.agent import AgentSettings
from bidder_agent.connection import FRAME_BYTES, Refused, TlsFiles
from bidder_agent.hosting import host, read_seatings
from bidder_agent.joining import Seating
from bidder_agent.receipts import read_receipts
from bidder_agent.result import Ending, Result
from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.transcript import Transcript, decode_transcript, encode_transcript
from openoutcry.session.values import Cancelled, Effects, Phase
from openoutcry.strategies import OutcomeView, RaiseView, StartView
from tests.unit.bidder_agent.certificates import write_certificates
from tests.unit.bidder_agent.fake_servicer import FakeAuctioneer, make_specification, serve


def make_private(directory: Path) -> tuple[grpc.ServerCredentials, TlsFiles]:
    """Return what makes a connection private: for the auctioneer, and for its bidders."""
    files = write_certificates(directory)
    credentials = grpc.ssl_server_credentials([(files.key.read_bytes(), files.certificate.read_bytes())])
    return credentials, TlsFiles(authority=files.certificate)


async def play(address: str, fake: FakeAuctioneer, receipts: Path, **options: Any) -> Result:
    """Join as ada with a seed, unless told otherwise."""
    given: dict[str, Any] = {"name": "ada", "signal": 2, "seed": "test", "patience_s": 10.0} | options
    return await join(
        address, session=given.pop("session", fake.session_id), receipts=receipts / given["name"], **given
    )


@pytest.mark.parametrize("form", ["clock", "sealed"])
async def test_settles_and_checks(tmp_path: Path, form: str) -> None:
    """Agents play to the end, fetch the transcript, and find their own receipts in it."""
    fake = FakeAuctioneer(make_specification(names=("ada", "bob", "cyd"), form=form))
    async with serve(fake) as address:
        results = await asyncio.gather(
            *(
                play(address, fake, tmp_path, name=name, signal=signal)
                for name, signal in (("ada", 2), ("bob", 1), ("cyd", 3))
            )
        )
    assert fake.session.phase is Phase.CLOSED
    assert [result.ending for result in results] == [Ending.SETTLED] * 3
    assert [result.audit and result.audit.summary for result in results if not result.is_good] == []
    assert len({(result.winner, result.price) for result in results}) == 1
    outcome = json.loads((tmp_path / "ada" / "outcome.json").read_text())
    assert outcome == results[0].to_json()
    assert decode_transcript((tmp_path / "ada" / "transcript.zip").read_bytes()).entries == tuple(
        fake.entries
    )


async def test_latest_session_and_own_strategy(tmp_path: Path) -> None:
    """A program joins the newest session with a strategy object, which sees the whole session."""
    seen: list[object] = []

    class Watching(Strategy):
        def on_start(self, view: StartView) -> None:
            seen.append(view.name)

        async def on_raise(self, view: RaiseView) -> Any:
            seen.append((view.level, view.clock))
            return super().on_raise(view)

        def on_outcome(self, view: OutcomeView) -> None:
            seen.append((view.won, view.payment, view.utility))

    fake = FakeAuctioneer()
    async with serve(fake) as address:
        result = await play(address, fake, tmp_path, session="latest", strategy=Watching())
    assert seen[0] == "ada"
    assert seen[1] == (1, 0)
    assert seen[-1] == (result.won, result.payment, None)


async def test_secrets_are_new_and_kept(tmp_path: Path) -> None:
    """Without a seed each agent has a new key and new secrets, kept where only the owner can read them."""
    fakes = [FakeAuctioneer(), FakeAuctioneer()]
    for number, fake in enumerate(fakes):
        async with serve(fake) as address:
            await play(address, fake, tmp_path / str(number), seed=None)
    directories = [tmp_path / str(number) / "ada" for number in (0, 1)]
    headers = [read_receipts(directory)[0] for directory in directories]
    assert headers[0].public_key != headers[1].public_key
    assert headers[0].entropy != headers[1].entropy
    modes = [
        stat.S_IMODE((directories[0] / name).stat().st_mode)
        for name in ("journal", "key.pem", "outcome.json")
    ]
    assert modes == [0o600] * 3


async def test_lapse_takes_the_question_back(tmp_path: Path) -> None:
    """While a strategy thinks the stream is read: a lapse cancels it, and is recorded as silence."""
    thinking, cancelled = asyncio.Event(), asyncio.Event()

    class Slow(Strategy):
        async def on_raise(self, view: RaiseView) -> Any:
            thinking.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

    fake = FakeAuctioneer(make_specification(names=("ada",)))
    async with serve(fake) as address:
        playing = asyncio.create_task(play(address, fake, tmp_path, strategy=Slow()))
        async with asyncio.timeout(20):
            await thinking.wait()
            fake.lapse()
            await cancelled.wait()
            result = await playing
    assert [deviation.code for deviation in result.deviations] == [DeviationCode.SILENT]
    assert (result.ending, result.failures, result.is_good) == (Ending.SETTLED, (), True)


async def test_missed_deadline_becomes_the_default(tmp_path: Path) -> None:
    """A strategy that takes too long exits by default, in time, with one line in the receipts; nobody lapses."""

    class Late(Strategy):
        async def on_raise(self, view: RaiseView) -> Any:
            await asyncio.Event().wait()

    lines: list[str] = []
    fake = FakeAuctioneer(make_specification(answer_ms=200))
    async with serve(fake) as address:
        result = await play(address, fake, tmp_path, strategy=Late(), tell=lines.append)
    assert (result.failures, result.deviations, result.winner) == (("no answer within 0.18 s",), (), None)
    assert "exit (by default: no answer within 0.18 s)" in "\n".join(lines)


async def test_lost_streams_are_attached_anew(tmp_path: Path) -> None:
    """Whatever moment a stream is lost at, the agent resumes, says nothing twice, and the session settles."""
    fake = FakeAuctioneer(make_specification(names=("ada", "bob")))
    lost = 0

    def drop(effects: Effects) -> None:
        nonlocal lost
        lost += 1
        fake.drop_streams()

    fake.on_effects = drop
    async with serve(fake) as address:
        results = await asyncio.gather(
            *(
                play(address, fake, tmp_path, name=name, signal=signal)
                for name, signal in (("ada", 2), ("bob", 1))
            )
        )
    assert [(result.ending, result.is_good) for result in results] == [(Ending.SETTLED, True)] * 2
    assert fake.session.deviations == []
    assert min(fake.attached, lost) > 3


async def test_answer_thought_of_while_disconnected_is_sent(tmp_path: Path) -> None:
    """A question survives its stream: the strategy thinks on, and the answer leaves on the next stream."""
    answer: asyncio.Event = asyncio.Event()

    class Patient(Strategy):
        async def on_raise(self, view: RaiseView) -> Any:
            if view.level == 1:
                asked.append(view.level)
                await answer.wait()
            return super().on_raise(view)

    asked: list[int] = []
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        playing = asyncio.create_task(play(address, fake, tmp_path, strategy=Patient()))
        await fake.until(lambda: fake.session.phase is Phase.PLAY)
        fake.drop_streams()
        await fake.until(lambda: fake.attached == 2)
        answer.set()
        result = await playing
    assert (result.ending, asked) == (Ending.SETTLED, [1])


async def test_void_session_is_no_success(tmp_path: Path) -> None:
    """A session that is cancelled ends without an outcome, checked like any other."""
    fake = FakeAuctioneer(make_specification(names=("ada", "bob")))
    async with serve(fake) as address:
        playing = asyncio.create_task(play(address, fake, tmp_path))
        await fake.until(lambda: len(fake.entries) == 2)
        fake.follow(Cancelled(detail="enough"))
        result = await playing
    assert (result.ending, result.reason, result.is_good) == (Ending.VOID, "enough", False)
    assert result.audit is not None
    assert result.audit.is_valid


def _forget_last(transcript: Transcript) -> bytes:
    return encode_transcript(
        Transcript(
            entries=transcript.entries[:-1],
            checkpoint=transcript.checkpoint,
            specification=transcript.specification,
            manifest=transcript.manifest,
        )
    )


async def test_transcript_that_does_not_hold_is_found(tmp_path: Path) -> None:
    """A transcript that lacks an entry fails its check and the agent's receipts."""
    fake = FakeAuctioneer()
    lines: list[str] = []
    async with serve(fake) as address:
        good = await play(address, fake, tmp_path / "good")
        fake.transcript = _forget_last(decode_transcript(fake.make_transcript()))
        bad = await play(address, fake, tmp_path / "good", tell=lines.append)
    assert (good.is_good, bad.is_good, bad.ending) == (True, False, Ending.SETTLED)
    assert bad.audit is not None
    assert [finding.name for finding in bad.audit.findings if finding.is_valid is False] == [
        "integrity",
        "receipts",
    ]
    assert lines[-1].startswith("the transcript does NOT hold: integrity: ")


async def test_garbage_for_a_transcript_is_found(tmp_path: Path) -> None:
    """What is no transcript at all is said to be none."""
    fake = FakeAuctioneer()
    fake.transcript = b"garbage"
    async with serve(fake) as address:
        result = await play(address, fake, tmp_path)
    assert result.audit is not None
    assert (result.audit.is_valid, result.is_good) == (False, False)


async def test_transcript_in_pieces_that_are_too_long_is_not_waited_for(tmp_path: Path) -> None:
    """A piece longer than any may be is the auctioneer's fault, over TLS, and no connection that may recover."""
    fake = FakeAuctioneer()
    fake.transcript, fake.piece = bytes(FRAME_BYTES + 1), FRAME_BYTES + 1
    credentials, tls = make_private(tmp_path)
    async with serve(fake, credentials=credentials) as address:
        result = await play(address, fake, tmp_path, tls=tls)
    assert result.audit is not None
    assert "larger than max" in result.audit.summary


async def test_uninvited_bidder_is_told_who_is_invited(tmp_path: Path) -> None:
    """A name that is not in the specification is refused before anything is sent."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        with pytest.raises(UsageError, match="invited are ada"):
            await play(address, fake, tmp_path, name="eve")
    assert fake.received == []


async def test_impossible_signal_is_refused_before_enrolment(tmp_path: Path) -> None:
    """A signal that the market does not have is refused before anything is sent."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        with pytest.raises(ConfigurationError, match=r"signals are 0\.\.3"):
            await play(address, fake, tmp_path, signal=4)
    assert fake.received == []


async def test_refusal_is_final(tmp_path: Path) -> None:
    """A status that is an answer is not tried again, where TLS says whose it is."""

    class Refusing(FakeAuctioneer):
        async def Participate(self, requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:  # noqa: N802
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such session")
            yield

    fake = Refusing()
    credentials, tls = make_private(tmp_path)
    async with serve(fake, credentials=credentials) as address:
        with pytest.raises(Refused, match="no such session"):
            await play(address, fake, tmp_path, tls=tls)


async def test_receipts_are_of_one_agent_at_a_time(tmp_path: Path) -> None:
    """Two agents cannot use the same receipts, and another bidder cannot take them over."""
    fake = FakeAuctioneer(make_specification(names=("ada", "bob")))
    async with serve(fake) as address:
        playing = asyncio.create_task(play(address, fake, tmp_path))
        await fake.until(lambda: fake.attached == 1)
        with pytest.raises(ConfigurationError, match="another agent is using these receipts"):
            await play(address, fake, tmp_path)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        with pytest.raises(ConfigurationError, match="holds receipts for another key"):
            await play(address, fake, tmp_path, seed="other")
    assert json.loads((tmp_path / "ada" / "status.json").read_text())["state"] == "stopped"


@pytest.mark.parametrize("is_mutual", [False, True])
async def test_private_connection(tmp_path: Path, is_mutual: bool) -> None:
    """TLS and mutual TLS work with files of certificates."""
    files = write_certificates(tmp_path)
    credentials = grpc.ssl_server_credentials(
        [(files.key.read_bytes(), files.certificate.read_bytes())],
        root_certificates=files.certificate.read_bytes() if is_mutual else None,
        require_client_auth=is_mutual,
    )
    tls = TlsFiles(
        authority=files.certificate,
        certificate=files.certificate if is_mutual else None,
        key=files.key if is_mutual else None,
    )
    fake = FakeAuctioneer()
    async with serve(fake, credentials=credentials) as address:
        result = await play(address, fake, tmp_path, tls=tls)
    assert result.is_good


async def test_many_bidders_share_a_process(tmp_path: Path) -> None:
    """Bidders of one process share connection and transcript, and one that cannot take part stops nobody."""
    names = tuple(f"bidder-{number}" for number in range(20))
    fake = FakeAuctioneer(make_specification(names=names))
    file = tmp_path / "bidders.toml"
    file.write_text(
        "".join(f'[[bidder]]\nname = "{name}"\nsignal = {number % 4}\n' for number, name in enumerate(names))
    )
    seatings = read_seatings(file, seed="test")
    async with serve(fake) as address:
        hosted = await host(
            address,
            session=fake.session_id,
            seatings=[*seatings, Seating(name="eve", signal=1, seed="test")],
            settings=AgentSettings(shares_loop=True),
            receipts=tmp_path / "receipts",
            tell=lambda line: None,
        )
    assert [bidder.name for bidder in hosted if bidder.result is None] == ["eve"]
    assert [bidder.result.is_good for bidder in hosted if bidder.result] == [True] * 20


def test_module_exports_the_strategy_api() -> None:
    """Six lines are enough, from one import."""
    assert (Stay.value, Strategy.deterministic) == ("stay", False)
