"""Credentials: what can work is read, what cannot is refused in one line before anybody connects."""

import asyncio
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from auctioneer.credentials import read_operator_token, read_server_credentials
from auctioneer.settings import TlsSettings
from openoutcry.errors import ConfigurationError

SCRIPT = Path(__file__).parents[3] / "deploy" / "make_certificates.py"


def _make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys of an auctioneer and two bidders."""
    directory = tmp_path_factory.mktemp("secrets")
    made = _make(directory, "--auctioneer", "auction.example", "--bidder", "ada", "--bidder", "bob")
    assert made.returncode == 0, made.stderr
    return directory


def _settings(secrets: Path, *, mutual: bool) -> TlsSettings:
    return TlsSettings(
        certificate=secrets / "auctioneer" / "tls.crt",
        key=secrets / "auctioneer" / "tls.key",
        client_ca=secrets / "auctioneer" / "ca.crt" if mutual else None,
        require_client_certificate=mutual,
    )


def _client(directory: Path, *, with_certificate: bool) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=(directory / "ca.crt").read_bytes(),
        private_key=(directory / "tls.key").read_bytes() if with_certificate else None,
        certificate_chain=(directory / "tls.crt").read_bytes() if with_certificate else None,
    )


async def _can_connect(server: grpc.ServerCredentials, client: grpc.ChannelCredentials) -> bool:
    """Call a method that no server has: that it is unimplemented is told over a good connection only."""
    service = grpc.aio.server()
    port = service.add_secure_port("127.0.0.1:0", server)
    await service.start()
    try:
        async with grpc.aio.secure_channel(f"127.0.0.1:{port}", client) as channel:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/nothing/Here")
            await call(b"", timeout=5)
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.UNIMPLEMENTED
    finally:
        await service.stop(None)
    return False


def test_no_certificate_means_no_credentials():
    """Without a certificate the service listens in clear."""
    assert read_server_credentials(TlsSettings()) is None


@pytest.mark.parametrize(
    ("mutual", "with_certificate", "expected"),
    [(False, False, True), (True, True, True), (True, False, False)],
)
def test_connections_are_made_as_set(secrets: Path, mutual: bool, with_certificate: bool, expected: bool):
    """A client of our authority connects; under mutual TLS only if it shows its own certificate."""
    server = read_server_credentials(_settings(secrets, mutual=mutual))
    assert server is not None
    client = _client(secrets / "ada", with_certificate=with_certificate)
    assert asyncio.run(_can_connect(server, client)) is expected


def test_a_client_of_another_authority_is_refused(secrets: Path, tmp_path: Path):
    """Under mutual TLS a certificate that another authority issued opens nothing."""
    assert _make(tmp_path, "--bidder", "eve").returncode == 0
    server = read_server_credentials(_settings(secrets, mutual=True))
    assert server is not None
    client = grpc.ssl_channel_credentials(
        root_certificates=(secrets / "ada" / "ca.crt").read_bytes(),
        private_key=(tmp_path / "eve" / "tls.key").read_bytes(),
        certificate_chain=(tmp_path / "eve" / "tls.crt").read_bytes(),
    )
    assert asyncio.run(_can_connect(server, client)) is False


def test_wrong_files_are_named(secrets: Path, tmp_path: Path):
    """Missing, foreign and mismatched files are refused with their names, one line each."""
    certificate, key = secrets / "auctioneer" / "tls.crt", secrets / "auctioneer" / "tls.key"
    text = tmp_path / "notes.txt"
    text.write_text("no certificate here")
    missing = tmp_path / "absent.crt"
    cases = [
        (missing, key, f"{missing}: cannot be read (No such file or directory)"),
        (certificate, tmp_path, f"{tmp_path}: cannot be read (Is a directory)"),
        (text, key, f"{text}: is not a PEM certificate"),
        (certificate, text, f"{text}: is not a PEM private key without passphrase"),
        (
            certificate,
            secrets / "ada" / "tls.key",
            f"{secrets / 'ada' / 'tls.key'}: does not belong to {certificate}",
        ),
    ]
    for given_certificate, given_key, reason in cases:
        with pytest.raises(ConfigurationError) as caught:
            read_server_credentials(TlsSettings(certificate=given_certificate, key=given_key))
        assert str(caught.value).startswith(reason)
        assert "\n" not in str(caught.value)


def test_a_wrong_authority_is_named(secrets: Path):
    """A file of authorities that holds none is refused."""
    settings = TlsSettings(
        certificate=secrets / "auctioneer" / "tls.crt",
        key=secrets / "auctioneer" / "tls.key",
        client_ca=secrets / "ada" / "message.pub",
    )
    with pytest.raises(ConfigurationError, match=r"message\.pub: is not a PEM certificate"):
        read_server_credentials(settings)


@pytest.mark.parametrize(
    ("days", "reason"), [(-1, "is valid only from"), (400, "has expired on")], ids=["early", "late"]
)
def test_certificates_outside_their_time_are_refused(secrets: Path, days: int, reason: str):
    """A certificate that is not valid yet, or no more, is refused when the service starts."""
    with pytest.raises(ConfigurationError, match=reason):
        read_server_credentials(
            _settings(secrets, mutual=False), now=datetime.now(UTC) + timedelta(days=days)
        )


def test_the_token_is_read_and_compared(secrets: Path):
    """The operator's copy of the token equals the auctioneer's; the representation does not show it."""
    token = read_operator_token(secrets / "auctioneer" / "operator.token")
    given = (secrets / "operator" / "operator.token").read_text().strip()
    assert token.is_equal(given)
    assert token.is_equal(given.encode())
    assert not token.is_equal(given[:-1])
    assert not token.is_equal("é" * 20)
    assert given not in repr(token)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" short \n", "holds 5 characters"),
        (b"two words are not one token", "is one word"),
        (b"\xff" * 20, "is one word"),
    ],
)
def test_a_wrong_token_is_refused(tmp_path: Path, content: bytes, reason: str):
    """A token that is short, or no single printable word, is refused."""
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=reason):
        read_operator_token(path)


def test_each_party_gets_what_it_needs(secrets: Path):
    """Every directory has its files and no others; secrets can be read by their owner alone."""
    modes = {
        str(path.relative_to(secrets)): stat.S_IMODE(path.stat().st_mode)
        for path in sorted(secrets.rglob("*"))
        if path.is_file()
    }
    own = {name: ["operator.token"] for name in ("auctioneer", "operator")} | {
        name: ["message.key", "message.pub"] for name in ("ada", "bob")
    }
    expected = {"authority/ca.crt": 0o644, "authority/ca.key": 0o600}
    for name, files in own.items():
        for file in ["ca.crt", "tls.crt", "tls.key", *files]:
            expected[f"{name}/{file}"] = 0o644 if file.endswith((".crt", ".pub")) else 0o600
    assert modes == expected


def test_the_server_certificate_names_its_hosts(secrets: Path):
    """The auctioneer's certificate is good for the hosts that were asked for and for its own machine."""
    certificate = x509.load_pem_x509_certificate((secrets / "auctioneer" / "tls.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["auction.example", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_the_public_line_belongs_to_the_message_key(secrets: Path):
    """What goes into the scenario is the public half, in hexadecimal, of what the bidder signs with."""
    key = load_pem_private_key((secrets / "ada" / "message.key").read_bytes(), password=None)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert (secrets / "ada" / "message.pub").read_text() == public.hex() + "\n"


def test_nothing_is_overwritten(tmp_path: Path):
    """A second call is refused and changes nothing; --keep makes it harmless; a new bidder is added."""
    assert _make(tmp_path, "--auctioneer", "a.example", "--bidder", "ada").returncode == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = _make(tmp_path, "--bidder", "bob", "--bidder", "ada")
    assert again.returncode == 1
    assert again.stderr.splitlines() == [
        f"make_certificates: {tmp_path / 'ada'}: is there already: move it away to renew it, or give --keep"
    ]
    kept = _make(tmp_path, "--auctioneer", "a.example", "--bidder", "ada", "--keep")
    assert (kept.returncode, kept.stdout) == (0, "")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    added = _make(tmp_path, "--bidder", "bob")
    assert (added.returncode, added.stdout) == (0, f"{tmp_path / 'bob'}\n")
    assert (tmp_path / "bob" / "ca.crt").read_bytes() == before[tmp_path / "authority" / "ca.crt"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--bidder", "../ada"], "cannot name a directory"),
        (["--bidder", "operator"], "is the directory of another party"),
        (["--bidder", "ada", "--bidder", "ada"], "a bidder is named twice"),
        (["--auctioneer", "exämple.org"], "is neither an address nor an ASCII host name"),
    ],
)
def test_unfit_names_are_refused_before_anything_is_written(
    tmp_path: Path, arguments: list[str], reason: str
):
    """A name that cannot be used is refused in one line, and no file was made."""
    refused = _make(tmp_path, *arguments)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_parts_of_a_party_are_not_mended(tmp_path: Path):
    """Where files are missing, even --keep refuses: old and new ones would not fit together."""
    assert _make(tmp_path, "--auctioneer", "a.example", "--bidder", "ada").returncode == 0
    (tmp_path / "ada" / "tls.key").unlink()
    assert "only some files are there" in _make(tmp_path, "--bidder", "ada", "--keep").stderr
    for path in (tmp_path / "operator").iterdir():
        path.unlink()
    assert "are made together" in _make(tmp_path, "--auctioneer", "a.example", "--keep").stderr
    (tmp_path / "authority" / "ca.key").unlink()
    assert "has only one of ca.crt and ca.key" in _make(tmp_path, "--bidder", "cyd").stderr


def test_the_help_teaches():
    """--help shows the layout of the directories and ready examples."""
    text = subprocess.run(
        [sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "DIRECTORY/auctioneer/   ca.crt, tls.crt, tls.key, operator.token" in text
    assert "examples:" in text
