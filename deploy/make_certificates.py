"""Make a private authority, TLS certificates for an auction's parties, and the keys that bidders sign with.

Decides: one directory for each party, holding what that party needs and nothing else, so that a directory can
be handed over or mounted as a whole. Refuses: overwriting anything. Called by people, and by `compose.yaml`;
needs nothing but the package `cryptography`.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY = "authority"
AUCTIONEER = "auctioneer"
OPERATOR = "operator"

AUTHORITY_DAYS = 3650
# Machines whose clocks differ by less than this still accept a certificate that was made just now.
CLOCK_SKEW = timedelta(minutes=5)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")

DESCRIPTION = """\
Make what an auction over TLS needs, one directory for each party:

  DIRECTORY/authority/    ca.crt, ca.key: issues all certificates below. Keep ca.key offline.
  DIRECTORY/auctioneer/   ca.crt, tls.crt, tls.key, operator.token: for the machine that runs the service.
  DIRECTORY/operator/     ca.crt, tls.crt, tls.key, operator.token: for whoever opens sessions.
  DIRECTORY/NAME/         ca.crt, tls.crt, tls.key, message.key, message.pub: for the bidder NAME.

message.key is the Ed25519 key with which the bidder signs every answer; the line in message.pub is its public
half, to be written into the scenario as `key = "..."` if only this key may bid under that name. A bidder that
trusts nobody makes its own with `bidder-agent keys new FILE` and hands over the public line only.

Private keys and tokens can be read by their owner alone. Nothing is ever overwritten: to renew a party's
files, move its directory away first. An authority that is already there is used again.
"""

EXAMPLES = """\
examples:
  make_certificates.py secrets --auctioneer auction.example.org --auctioneer 192.0.2.7 --bidder ada
  make_certificates.py secrets --bidder bob        one more bidder, later, from the same authority
"""


class Refused(Exception):
    """What was asked for cannot be done; the text says why and what to do, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who issues certificates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """Give the certificate that others trust."""
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a person asked for.

    Attributes:
        directory: Where the directories of parties go.
        hosts: Names and addresses of the auctioneer; empty makes neither auctioneer nor operator.
        bidders: Names of bidders.
        days: Days for which certificates are valid.
        owner: User and group that are to own the parties' files, or None to leave that as it is.
        keep: Leave parties alone whose files are all there, instead of refusing.
    """

    directory: Path
    hosts: tuple[str, ...]
    bidders: tuple[str, ...]
    days: int
    owner: tuple[int, int] | None
    keep: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 when done, 1 when refused."""
    try:
        made = make_parties(_parse(arguments))
    except (Refused, OSError) as error:
        print(f"make_certificates: {error}", file=sys.stderr)
        return 1
    for path in made:
        print(path)
    return 0


def make_parties(order: Order) -> list[Path]:
    """Make every party's files.

    Args:
        order: What to make.

    Returns:
        The directories that were filled.

    Raises:
        Refused: A name is unfit, or something would be overwritten; then nothing was written.
        OSError: A file could not be written.
    """
    _check_names(order)
    names = [*((AUCTIONEER, OPERATOR) if order.hosts else ()), *order.bidders]
    wanted = [name for name in names if not _is_there(order, name)]
    if (AUCTIONEER in wanted) != (OPERATOR in wanted):
        raise Refused(
            f"{AUCTIONEER} and {OPERATOR} share a token and are made together: move the other away too"
        )
    if not wanted:
        return []
    authority = _read_or_make_authority(order)
    token = secrets.token_urlsafe(32).encode() + b"\n"
    for name in wanted:
        _write_party(order, name, _party_files(order, name, authority, token))
    return [order.directory / name for name in wanted]


def _parse(arguments: Sequence[str] | None) -> Order:
    parser = argparse.ArgumentParser(
        prog="make_certificates.py",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="where the parties' directories go")
    parser.add_argument(
        "--auctioneer",
        action="append",
        default=[],
        metavar="HOST",
        help="name or address under which bidders reach the auctioneer; repeat for several"
        " (localhost, 127.0.0.1 and ::1 are always added)",
    )
    parser.add_argument(
        "--bidder", action="append", default=[], metavar="NAME", help="name of a bidder; repeat for several"
    )
    parser.add_argument(
        "--days",
        type=int,
        default=365,
        metavar="N",
        help="days for which certificates are valid (default: 365)",
    )
    parser.add_argument(
        "--owner",
        metavar="UID:GID",
        help="numeric owner of the parties' files, for containers; needs the right to give files away",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave parties alone whose files are all there, instead of refusing",
    )
    given = parser.parse_args(arguments)
    if not given.auctioneer and not given.bidder:
        parser.error("nothing to make: give --auctioneer HOST, --bidder NAME, or both")
    if not 1 <= given.days <= AUTHORITY_DAYS:
        parser.error(f"--days must be 1 to {AUTHORITY_DAYS}")
    return Order(
        directory=given.directory,
        hosts=tuple(given.auctioneer),
        bidders=tuple(given.bidder),
        days=given.days,
        owner=_parse_owner(parser, given.owner),
        keep=given.keep,
    )


def _parse_owner(parser: argparse.ArgumentParser, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    matched = re.fullmatch(r"(\d+):(\d+)", text)
    if matched is None:
        parser.error("--owner takes numbers, such as 10001:10001")
    return int(matched[1]), int(matched[2])


def _check_names(order: Order) -> None:
    for host in order.hosts:
        _general_name(host)
    for name in order.bidders:
        if not _NAME.fullmatch(name):
            raise Refused(f'"{name}" cannot name a directory: use letters, digits, ".", "_" and "-"')
        if name in {AUTHORITY, AUCTIONEER, OPERATOR}:
            raise Refused(f'"{name}" is the directory of another party: name the bidder otherwise')
    if len(set(order.bidders)) < len(order.bidders):
        raise Refused("a bidder is named twice: name each once")


def _is_there(order: Order, name: str) -> bool:
    """Tell whether a party is to be left alone; refuse if it is there and is not to be."""
    existing = [path for path in _file_names(name) if (order.directory / name / path).exists()]
    if not existing:
        return False
    if len(existing) < len(_file_names(name)):
        raise Refused(f"{order.directory / name}: only some files are there: move the directory away first")
    if not order.keep:
        raise Refused(f"{order.directory / name}: is there already: move it away to renew it, or give --keep")
    return True


def _file_names(name: str) -> tuple[str, ...]:
    own = ("operator.token",) if name in {AUCTIONEER, OPERATOR} else ("message.key", "message.pub")
    return ("ca.crt", "tls.crt", "tls.key", *own)


def _party_files(order: Order, name: str, authority: Authority, token: bytes) -> Mapping[str, bytes]:
    hosts = (*order.hosts, "localhost", "127.0.0.1", "::1") if name == AUCTIONEER else ()
    key = ec.generate_private_key(ec.SECP256R1())
    files = {
        "ca.crt": authority.pem(),
        "tls.crt": _issue(authority, name, key, hosts, order.days).public_bytes(Encoding.PEM),
        "tls.key": _private_pem(key),
    }
    if name in {AUCTIONEER, OPERATOR}:
        return files | {"operator.token": token}
    message_key = ed25519.Ed25519PrivateKey.generate()
    public = message_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return files | {"message.key": _private_pem(message_key), "message.pub": public.hex().encode() + b"\n"}


def _issue(
    authority: Authority, name: str, key: ec.EllipticCurvePrivateKey, hosts: Sequence[str], days: int
) -> x509.Certificate:
    """Issue a certificate: for a server, which is a client too when it checks itself, or for a client."""
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
    names = [_general_name(host) for host in dict.fromkeys(hosts)]
    return (
        _certificate(name, key.public_key(), authority.certificate.subject, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.SubjectAlternativeName(names or [x509.UniformResourceIdentifier(f"urn:openoutcry:{name}")]),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )


def _read_or_make_authority(order: Order) -> Authority:
    directory = order.directory / AUTHORITY
    certificate_path, key_path = directory / "ca.crt", directory / "ca.key"
    if certificate_path.exists() != key_path.exists():
        raise Refused(f"{directory}: has only one of ca.crt and ca.key: bring the other back")
    if certificate_path.exists():
        try:
            key = load_pem_private_key(key_path.read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        except (ValueError, TypeError) as error:
            raise Refused(f"{directory}: cannot be used as an authority: move it away") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise Refused(f"{directory}: key and certificate do not belong together: move it away")
        return Authority(certificate=certificate, key=key)
    key = ec.generate_private_key(ec.SECP256R1())
    name = "Open Outcry private authority"
    certificate = (
        _certificate(name, key.public_key(), _subject(name), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = Authority(certificate=certificate, key=key)
    _write_party(order, AUTHORITY, {"ca.key": _private_pem(key), "ca.crt": authority.pem()})
    return authority


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST.fullmatch(host):
            raise Refused(f'"{host}" is neither an address nor an ASCII host name: write it as one') from None
    return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_party(order: Order, name: str, files: Mapping[str, bytes]) -> None:
    directory = order.directory / name
    directory.mkdir(parents=True, exist_ok=True)
    for file_name, content in files.items():
        path = directory / file_name
        is_public = path.suffix in {".crt", ".pub"}
        # Made with its final rights, so that others can at no time read a secret; never over another file.
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644 if is_public else 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # The authority stays with whoever issues from it: no party has a use for its key.
        if order.owner is not None and name != AUTHORITY:
            os.chown(path, *order.owner)


if __name__ == "__main__":
    sys.exit(main())
