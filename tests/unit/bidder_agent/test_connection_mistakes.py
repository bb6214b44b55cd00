"""A connection that was set up wrongly is told at once, with the remedy; an absent auctioneer is waited for."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import grpc
import pytest

from bidder_agent import join
from bidder_agent.agent import Unreachable
from bidder_agent.connection import TlsFiles
from bidder_agent.result import Ending, Result
from openoutcry.errors import ConfigurationError
from openoutcry.protocol.messages import SessionVoid, VoidReason
from tests.unit.bidder_agent.certificates import Certificates, write_certificates
from tests.unit.bidder_agent.fake_servicer import FakeAuctioneer, serve
from tests.unit.bidder_agent.scripted_servicer import Hand, ScriptedAuctioneer, serve_script

PATIENCE_S = 30.0
"""Seconds of patience that a test does not have: what it sees came at once."""


def make_certificates(directory: Path) -> Certificates:
    """Make another certificate for localhost."""
    directory.mkdir()
    return write_certificates(directory)


def credentials_of(
    files: Certificates, *, client_authority: Certificates | None = None
) -> grpc.ServerCredentials:
    """Return what an auctioneer with this certificate listens with."""
    return grpc.ssl_server_credentials(
        [(files.key.read_bytes(), files.certificate.read_bytes())],
        root_certificates=client_authority.certificate.read_bytes() if client_authority else None,
        require_client_auth=client_authority is not None,
    )


async def meet(address: str, tmp_path: Path, **options: Any) -> Result:
    """Have ada join the latest session there."""
    given: dict[str, Any] = {
        "name": "ada",
        "signal": 2,
        "seed": "test",
        "receipts": tmp_path / "ada",
        "patience_s": PATIENCE_S,
    } | options
    return await join(address, **given)


@pytest.mark.parametrize("session", ["latest", "ab" * 32], ids=["looking for it", "attaching"])
async def test_wrong_authority_is_told_at_once(tmp_path: Path, session: str) -> None:
    """No waiting makes an authority vouch for a certificate that it has not issued."""
    own, other = make_certificates(tmp_path / "own"), make_certificates(tmp_path / "other")
    async with serve(FakeAuctioneer(), credentials=credentials_of(own)) as address:
        with pytest.raises(ConfigurationError, match=r"localhost:\d+: its certificate .*--tls-ca$"):
            await meet(address, tmp_path, session=session, tls=TlsFiles(authority=other.certificate))


async def test_wrong_host_name_is_told_at_once(tmp_path: Path) -> None:
    """A certificate is good for the names in it."""
    own = make_certificates(tmp_path / "own")
    async with serve(FakeAuctioneer(), credentials=credentials_of(own)) as address:
        numeric = address.replace("localhost", "127.0.0.1")
        with pytest.raises(ConfigurationError, match=r"made out to another name: use the host name"):
            await meet(numeric, tmp_path, tls=TlsFiles(authority=own.certificate))


async def test_tls_against_an_auctioneer_in_clear_is_told_at_once(tmp_path: Path) -> None:
    """An auctioneer that does not speak TLS does not learn it while an agent waits."""
    own = make_certificates(tmp_path / "own")
    async with serve(FakeAuctioneer()) as address:
        with pytest.raises(
            ConfigurationError, match=r"does not speak TLS there: leave out the --tls options"
        ):
            await meet(address, tmp_path, tls=TlsFiles(authority=own.certificate))


@pytest.mark.parametrize("has_tls", [False, True], ids=["in clear against TLS", "without a certificate"])
async def test_closed_connection_is_waited_out_with_advice(tmp_path: Path, has_tls: bool) -> None:
    """A connection that is closed at once may be a restart, so it is tried again, with what else it may be."""
    own = make_certificates(tmp_path / "own")
    authority = own if has_tls else None
    lines: list[str] = []
    async with serve(
        FakeAuctioneer(), credentials=credentials_of(own, client_authority=authority)
    ) as address:
        advice = "--tls-certificate and --tls-key" if has_tls else "name its authority with --tls-ca"
        tls = TlsFiles(authority=own.certificate) if has_tls else None
        with pytest.raises(Unreachable, match=advice):
            await meet(address, tmp_path, tls=tls, patience_s=0.2, tell=lines.append)
    assert len(lines) == 1
    assert advice in lines[0]


async def test_what_is_waited_for_is_told(tmp_path: Path) -> None:
    """Whoever starts an agent before its auctioneer sees that it waits, for whom and how long, and sees it once."""
    lines: list[str] = []
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unreachable, match=r"gave up after 0\.3 s: is the auctioneer running there\?"):
            await meet(address, tmp_path, patience_s=0.3, tell=lines.append)
    assert len(lines) == 1
    assert lines[0].startswith(f"waiting up to 0.3 s for the auctioneer ({address}: ")


@pytest.mark.parametrize(
    ("status", "details"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "BAD_SIGNATURE: the signature does not hold"),
        (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED: the bytes are no envelope"),
    ],
)
async def test_own_message_that_was_damaged_on_the_way_is_sent_again(
    tmp_path: Path, status: grpc.StatusCode, details: str
) -> None:
    """An auctioneer that refuses bytes which are not the agent's has not refused the agent."""

    async def script(hand: Hand) -> None:
        await hand.challenge()
        await hand.take()
        if servicer.streams == 1:
            hand.hang_up()
            return
        hand.say(SessionVoid(reason=VoidReason.CANCELLED, detail="because"))
        hand.conclude()

    class Refusing(ScriptedAuctioneer):
        async def end(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
            await context.abort(status, details)

    servicer = Refusing(script)
    lines: list[str] = []
    async with serve_script(servicer) as address:
        result = await meet(
            address,
            tmp_path,
            session=servicer.session_id,
            checks_transcript=False,
            tell=lines.append,
        )
    assert (result.ending, result.complaint, servicer.streams) == (Ending.VOID, None, 2)
    assert [line for line in lines if f"did not arrive as it was sent ({details})" in line] != []
