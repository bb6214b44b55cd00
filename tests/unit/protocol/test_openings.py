"""Openings: parts, padding, and seals that fit one key, one session, one bidder and one commitment."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest

from openoutcry.errors import PeerError, UsageError
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.limits import OPENING_PART_BYTES, REPORT_BYTES
from openoutcry.protocol.opening import (
    PADDING_BYTES,
    SEAL_BYTES,
    OpeningKey,
    join_opening,
    opening_info,
    pack_opening,
    seal_opening,
    split_opening,
    unpack_opening,
)
from tests.reference import hpke

NONCE = b"n" * 32
KEY = OpeningKey(b"k" * 32)
INFO = opening_info(b"s" * 32, b"a" * 32, 3, b"c" * 32)


def refuse(sealed: bytes, *, key: OpeningKey = KEY, info: bytes = INFO) -> str:
    """Return why a sealed opening is refused."""
    with pytest.raises(PeerError) as refusal:
        key.unseal(sealed, info)
    assert refusal.value.deviation == "MALFORMED_REPORT"
    return refusal.value.reason


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (OPENING_PART_BYTES, [OPENING_PART_BYTES]),
        (OPENING_PART_BYTES + 1, [OPENING_PART_BYTES, 1]),
        (2 * OPENING_PART_BYTES, [OPENING_PART_BYTES] * 2),
    ],
)
def test_an_opening_is_cut_into_full_parts(size: int, sizes: list[int]):
    """All parts but the last are full, there is always one, and together they are the opening."""
    content = bytes(index % 251 for index in range(size))
    parts = split_opening(content)
    assert [len(part) for part in parts] == sizes
    assert join_opening(parts) == content


def test_an_opening_is_the_nonce_and_then_the_report():
    """What was packed comes out again."""
    assert pack_opening(NONCE, b"report") == NONCE + b"report"
    assert unpack_opening(NONCE + b"report") == (NONCE, b"report")
    largest = bytes(REPORT_BYTES)
    assert unpack_opening(pack_opening(NONCE, largest)) == (NONCE, largest)


@pytest.mark.parametrize("content", [b"", NONCE[:-1], NONCE, NONCE + bytes(REPORT_BYTES + 1)], ids=len)
def test_an_opening_without_a_report_or_with_too_long_a_one_is_refused(content: bytes):
    """The peer is told which size was wrong."""
    with pytest.raises(PeerError) as refusal:
        unpack_opening(content)
    assert refusal.value.deviation == "MALFORMED_REPORT"


@pytest.mark.parametrize(
    ("nonce", "report"),
    [(NONCE[:-1], b"r"), (NONCE, b""), (NONCE, bytes(REPORT_BYTES + 1))],
    ids=["n", "e", "l"],
)
def test_what_cannot_be_opened_is_not_packed(nonce: bytes, report: bytes):
    """A short nonce, an empty report and too long a one are the caller's mistake."""
    with pytest.raises(UsageError, match="bytes"):
        pack_opening(nonce, report)


def test_the_info_is_the_one_that_the_protocol_names():
    """Session, sender, wave and commitment, each behind its length."""
    length = b"\x00\x00\x00\x20"
    assert (
        length + b"s" * 32 + length + b"a" * 32 + b"\x00\x00\x00\x04\x00\x00\x00\x03" + length + b"c" * 32
    ) == INFO


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 511, 512, 100_000])
def test_a_sealed_opening_comes_out_as_it_went_in(size: int):
    """Whatever its length and its last bytes; what is seen from outside is the length, rounded up."""
    for last in (b"", b"\x00", b"\x80", b"\x80\x00"):
        content = bytes(size) + last
        sealed = seal_opening(content, recipient=KEY.public_key, info=INFO)
        assert KEY.unseal(sealed, INFO) == content
        assert len(sealed) == SEAL_BYTES + PADDING_BYTES * (len(content) // PADDING_BYTES + 1)


def test_sealing_twice_gives_other_bytes():
    """Nobody sees whether two openings are the same."""
    first, second = (seal_opening(b"x", recipient=KEY.public_key, info=INFO) for _ in range(2))
    assert first != second


def test_a_seal_fits_one_key_and_one_info():
    """Another session's key, another bidder's commitment, and altered or cut bytes do not unseal it."""
    sealed = seal_opening(b"content", recipient=KEY.public_key, info=INFO)
    refuse(sealed, key=OpeningKey(b"j" * 32))
    for info in (
        b"",
        opening_info(b"t" * 32, b"a" * 32, 3, b"c" * 32),
        opening_info(b"s" * 32, b"b" * 32, 3, b"c" * 32),
        opening_info(b"s" * 32, b"a" * 32, 4, b"c" * 32),
        opening_info(b"s" * 32, b"a" * 32, 3, b"d" * 32),
    ):
        refuse(sealed, info=info)
    for place in (0, 31, 32, len(sealed) - 1):
        refuse(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        refuse(sealed[:place])
    refuse(bytes(32) + sealed[32:])
    refuse(sealed + b"\x00")


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        b"\x00" * 256,
        b"content",
        b"content\x80",
        b"content\x80".ljust(257, b"\x00"),
        b"content\x80".ljust(512, b"\x00"),
        b"x" * 256,
        (b"x" * 255 + b"\x80").ljust(512, b"\x00"),
    ],
    ids=["none", "zeros", "bare", "short", "odd", "surplus", "unmarked", "whole block"],
)
def test_another_padding_is_refused(padded: bytes):
    """One content has one padding, so that a bidder cannot hide a message in it."""
    sealed = hpke.seal(padded, ephemeral=b"e" * 32, recipient=KEY.public_key, info=INFO)
    assert "padded" in refuse(sealed)


def test_the_padding_that_is_refused_elsewhere_is_right_where_it_belongs():
    """The checker of paddings lets the right one pass."""
    right = b"content\x80".ljust(256, b"\x00")
    sealed = hpke.seal(right, ephemeral=b"e" * 32, recipient=KEY.public_key, info=INFO)
    assert KEY.unseal(sealed, INFO) == b"content"


@pytest.mark.parametrize(
    "recipient", [bytes(32), b"\x01" + bytes(31), b"k" * 31, b""], ids=["0", "1", "short", "none"]
)
def test_nothing_is_sealed_to_what_is_no_key(recipient: bytes):
    """A key under which everybody could read the opening is refused, as is none at all."""
    with pytest.raises(PeerError) as refusal:
        seal_opening(b"content", recipient=recipient, info=INFO)
    assert refusal.value.deviation == "MALFORMED"


def test_a_key_is_derived_anew_for_each_session():
    """The same message key and commitment give the same key; another of either, another key."""
    keys = [SigningKey.from_seed(letter * 32) for letter in (b"m", b"l")]
    derived = [key.derive(commitment) for key in keys for commitment in (b"one", b"two")]
    assert len(set(derived)) == 4
    assert derived[0] == SigningKey.from_seed(b"m" * 32).derive(b"one")
    assert OpeningKey(derived[0]).secret == derived[0]
    purpose = b"\x00\x00\x00\x14openoutcry.derive.v1one"
    assert derived[0] == hmac.digest(b"m" * 32, purpose, "sha256")


def test_a_key_has_32_bytes_and_does_not_show_them():
    """Neither the text of the key nor its attributes hold the secret."""
    with pytest.raises(UsageError, match="32 bytes"):
        OpeningKey(b"k" * 31)
    shown = repr(KEY) + str(KEY)
    assert KEY.public_key.hex() in shown
    assert KEY.secret.hex() not in shown
    assert repr(KEY.secret) not in shown


# --- Against what others published ---


def test_the_reference_gives_the_published_bytes():
    """RFC 9180, appendix A.2.1: the first message of the base mode."""
    secret = bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
    ephemeral = bytes.fromhex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600")
    recipient = bytes.fromhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
    info, associated = b"Ode on a Grecian Urn", b"Count-0"
    sealed = bytes.fromhex(
        "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    )
    assert OpeningKey(secret).public_key == recipient
    plaintext = b"Beauty is truth, truth beauty"
    assert hpke.unseal(sealed, secret=secret, info=info, associated=associated) == plaintext
    assert (
        hpke.seal(plaintext, ephemeral=ephemeral, recipient=recipient, info=info, associated=associated)
        == sealed
    )


def test_the_reference_reads_what_was_sealed():
    """What the library seals is what the RFC describes."""
    sealed = seal_opening(b"content", recipient=KEY.public_key, info=INFO)
    assert hpke.unseal(sealed, secret=KEY.secret, info=INFO) == b"content\x80".ljust(256, b"\x00")


def test_wycheproof_exchanges(vectors: Path):
    """The reference's exchange gives every published shared secret."""
    groups = json.loads((vectors / "wycheproof/x25519_test.json").read_text())["testGroups"]
    cases = [case for group in groups for case in group["tests"]]
    wrong = [case["tcId"] for case in cases if x25519(case["private"], case["public"]) != case["shared"]]
    assert (len(cases), wrong) == (518, [])


def test_wycheproof_derivations(vectors: Path):
    """The reference's derivation gives every published key; the other cases ask for more than it can give."""
    groups = json.loads((vectors / "wycheproof/hkdf_sha256_test.json").read_text())["testGroups"]
    cases = [case for group in groups for case in group["tests"]]
    wrong = [case["tcId"] for case in cases if case["result"] == "valid" and derive(case) != case["okm"]]
    assert (len(cases), wrong) == (86, [])
    assert min(case["size"] for case in cases if case["result"] == "invalid") > 255 * 32


def x25519(secret: str, point: str) -> str:
    """Return a shared secret, all in hexadecimal."""
    return hpke.x25519(bytes.fromhex(secret), bytes.fromhex(point)).hex()


def derive(case: dict[str, str]) -> str:
    """Return the key of one published case."""
    key = hpke.extract(bytes.fromhex(case["salt"]), bytes.fromhex(case["ikm"]))
    return hpke.expand(key, bytes.fromhex(case["info"]), int(case["size"])).hex()
