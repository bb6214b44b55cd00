"""The service over TLS and mutual TLS, with certificates made by the script that operators use."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from auctioneer.credentials import read_operator_token, read_server_credentials
from auctioneer.keys import make_keys
from auctioneer.remote import Remote, read_token
from auctioneer.service import Service
from auctioneer.settings import TlsSettings
from auctioneer.stores import MemoryStore
from openoutcry.errors import ServiceError
from openoutcry.session.verification import verify_transcript
from openoutcry.wire.v1 import service_pb2 as wire
from openoutcry.wire.v1 import service_pb2_grpc
from tests.participants.bidders import CODEC, open_channel
from tests.participants.scenarios import make_specification, play_session

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one authority, a service, an operator and a bidder; and another authority that nobody trusts."""
    directory = tmp_path_factory.mktemp("secrets")
    for authority in ("trusted", "strange"):
        subprocess.run(
            [
                sys.executable,
                str(CHECKOUT / "deploy" / "make_certificates.py"),
                str(directory / authority),
                "--auctioneer=localhost",
                "--bidder=b0",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return directory


def service_of(secrets: Path, *, is_mutual: bool, token: bool = False) -> Service:
    """Return a service that listens with its certificate."""
    own = secrets / "trusted" / "auctioneer"
    tls = TlsSettings(
        certificate=own / "tls.crt",
        key=own / "tls.key",
        client_ca=own / "ca.crt" if is_mutual else None,
        require_client_certificate=is_mutual,
    )
    return Service(
        store=MemoryStore(),
        keys=make_keys(),
        credentials=read_server_credentials(tls),
        operator_token=read_operator_token(own / "operator.token") if token else None,
    )


def credentials_of(
    directory: Path, *, is_mutual: bool, authority: Path | None = None
) -> grpc.ChannelCredentials:
    """Return what a client shows and trusts."""
    return grpc.ssl_channel_credentials(
        root_certificates=((authority or directory) / "ca.crt").read_bytes(),
        private_key=(directory / "tls.key").read_bytes() if is_mutual else None,
        certificate_chain=(directory / "tls.crt").read_bytes() if is_mutual else None,
    )


@pytest.mark.parametrize("is_mutual", [False, True], ids=["tls", "mutual"])
async def test_a_session_settles_over_tls(secrets: Path, is_mutual: bool):
    """Everything works as in clear."""
    credentials = credentials_of(secrets / "trusted" / "b0", is_mutual=is_mutual)
    async with service_of(secrets, is_mutual=is_mutual) as service:
        session_id = await service.open_session(make_specification())
        await play_session(
            service,
            session_id,
            credentials=credentials,
            address=service.address.replace("127.0.0.1", "localhost"),
        )
        assert verify_transcript(await service.transcript(session_id), codec=CODEC).is_valid


@pytest.mark.parametrize("case", ["clear", "no certificate", "strange certificate", "strange authority"])
async def test_who_does_not_belong_does_not_connect(secrets: Path, case: str):
    """In clear, without a certificate, with one of another authority, or trusting another: no call gets through."""
    bidder, strange = secrets / "trusted" / "b0", secrets / "strange" / "b0"
    credentials = {
        "clear": None,
        "no certificate": credentials_of(bidder, is_mutual=False),
        "strange certificate": credentials_of(strange, is_mutual=True, authority=bidder),
        "strange authority": credentials_of(bidder, is_mutual=True, authority=strange),
    }[case]
    async with (
        service_of(secrets, is_mutual=True) as service,
        open_channel(service.address.replace("127.0.0.1", "localhost"), credentials) as channel,
    ):
        stub = service_pb2_grpc.AuctionServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.ListSessions(wire.ListSessionsRequest(), timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_operator_reaches_the_service_with_certificate_and_token(secrets: Path):
    """The client of the command line opens a session with what the script made for the operator."""
    operator = secrets / "trusted" / "operator"
    async with service_of(secrets, is_mutual=True, token=True) as service:
        address = service.address.replace("127.0.0.1", "localhost")
        remote = Remote(
            address=address,
            authority=operator / "ca.crt",
            certificate=operator / "tls.crt",
            key=operator / "tls.key",
            token=read_token(operator / "operator.token"),
        )
        assert await asyncio.to_thread(remote.is_healthy)
        session_id = await asyncio.to_thread(remote.open_session, make_specification())
        listed = await asyncio.to_thread(lambda: list(remote.sessions()))
        assert [summary.session_id for summary in listed] == [session_id]
        stranger = Remote(address=address, authority=operator / "ca.crt")
        with pytest.raises(ServiceError, match="cannot be reached"):
            await asyncio.to_thread(stranger.is_healthy)
