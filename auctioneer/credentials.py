"""The auctioneer's side of TLS, and the operator's token.

Decides: what is read from the files that the settings name, and whether it can work. Refuses: files that are
missing, unreadable or no PEM, a key that does not belong to the certificate, a certificate outside its
time, and a token that is too short to be one; each with one line that names the file. Called by
`auctioneer serve` before it listens, so that nothing of this is found out by the first client.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from auctioneer.settings import TlsSettings
from openoutcry.errors import ConfigurationError

MIN_TOKEN_LENGTH = 16
"""Characters of an operator's token: at 4 bits each still 64 bits, beyond guessing through a network."""

_Loaded = TypeVar("_Loaded")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorToken:
    """The token that opening a session takes."""

    _token: bytes = field(repr=False)

    def is_equal(self, given: str | bytes) -> bool:
        """Compare with what a caller gave, in a time that does not depend on where they differ."""
        return hmac.compare_digest(self._token, given.encode() if isinstance(given, str) else given)


def read_server_credentials(
    tls: TlsSettings, *, now: datetime | None = None
) -> grpc.ServerCredentials | None:
    """Make the credentials that the settings ask for.

    Args:
        tls: Which files to read.
        now: Time to hold certificates against; the present when None.

    Returns:
        Credentials for TLS, mutual when a client certificate is required; None when no certificate is set.

    Raises:
        ConfigurationError: A file is missing or wrong, or they do not belong together.
    """
    if tls.certificate is None or tls.key is None:
        return None
    moment = datetime.now(UTC) if now is None else now
    chain = _read(tls.certificate)
    key = _read(tls.key)
    certificate = _parse(tls.certificate, chain, x509.load_pem_x509_certificates, "a PEM certificate")[0]
    _check_time(tls.certificate, certificate, moment)
    private_key = _parse(tls.key, key, _load_key, "a PEM private key without passphrase")
    if _public_bytes(private_key) != certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ):
        raise ConfigurationError(
            f"{tls.key}: does not belong to {tls.certificate}: name the two made together"
        )
    authorities: bytes | None = None
    if tls.client_ca is not None:
        authorities = _read(tls.client_ca)
        for authority in _parse(
            tls.client_ca, authorities, x509.load_pem_x509_certificates, "a PEM certificate"
        ):
            _check_time(tls.client_ca, authority, moment)
    return grpc.ssl_server_credentials(
        [(key, chain)], root_certificates=authorities, require_client_auth=tls.require_client_certificate
    )


def read_operator_token(path: Path) -> OperatorToken:
    """Read the operator's token from a file; blanks around it do not count.

    Raises:
        ConfigurationError: The file cannot be read, or holds no token.
    """
    token = _read(path).strip()
    if len(token) < MIN_TOKEN_LENGTH:
        raise ConfigurationError(
            f"{path}: holds {len(token)} characters, a token takes {MIN_TOKEN_LENGTH}: make a longer one"
        )
    if not all(0x21 <= byte <= 0x7E for byte in token):
        raise ConfigurationError(f"{path}: a token is one word of printable ASCII characters: make another")
    return OperatorToken(_token=token)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}): check its name and who may read it"
        ) from error


def _parse(path: Path, content: bytes, load: Callable[[bytes], _Loaded], kind: str) -> _Loaded:
    try:
        return load(content)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"{path}: is not {kind}: name one, or make it with make_certificates.py"
        ) from error


def _load_key(content: bytes) -> PrivateKeyTypes:
    return load_pem_private_key(content, password=None)


def _public_bytes(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_time(path: Path, certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        since = certificate.not_valid_before_utc.isoformat()
        raise ConfigurationError(f"{path}: is valid only from {since} on: check this machine's clock")
    if now > certificate.not_valid_after_utc:
        until = certificate.not_valid_after_utc.isoformat()
        raise ConfigurationError(f"{path}: has expired on {until}: make or ask for a new one")
