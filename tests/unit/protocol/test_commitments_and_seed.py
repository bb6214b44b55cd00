"""Commitments and the seed: what they cover."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from openoutcry.errors import UsageError
from openoutcry.protocol.commitments import report_commitment, seed_commitment
from openoutcry.protocol.seed import coin

REPORT: dict[str, Any] = {
    "session_id": b"s" * 32,
    "sender_id": b"a" * 32,
    "wave": 3,
    "payload_type": "report",
    "nonce": b"n" * 32,
    "report": b"seven",
}


def test_report_commitment_is_the_hash_that_the_protocol_names():
    """Each part stands behind its length, in the order of the protocol."""
    joined = (
        b"\x00\x00\x00\x14openoutcry.commit.v1"
        + b"\x00\x00\x00\x20"
        + b"s" * 32
        + b"\x00\x00\x00\x20"
        + b"a" * 32
        + b"\x00\x00\x00\x04\x00\x00\x00\x03"
        + b"\x00\x00\x00\x06report"
        + b"\x00\x00\x00\x20"
        + b"n" * 32
        + b"\x00\x00\x00\x05seven"
    )
    assert report_commitment(**REPORT) == sha256(joined).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"session_id": b"t" * 32},
        {"sender_id": b"b" * 32},
        {"wave": 4},
        {"payload_type": "repor", "nonce": b"n" * 32},
        {"nonce": b"m" * 32},
        {"report": b"eight"},
    ],
)
def test_report_commitment_covers_every_part(change):
    """A commitment cannot be opened in another session, by another bidder, in another wave, or to another report."""
    assert report_commitment(**{**REPORT, **change}) != report_commitment(**REPORT)


def test_seed_commitment_is_the_hash_that_the_protocol_names():
    """Each part stands behind its length, in the order of the protocol."""
    joined = b"\x00\x00\x00\x12openoutcry.seed.v1" + b"".join(
        b"\x00\x00\x00\x20" + letter * 32 for letter in (b"c", b"a", b"x")
    )
    assert seed_commitment(b"c" * 32, b"a" * 32, b"x" * 32) == sha256(joined).digest()


def test_secrets_have_32_bytes():
    """A short secret could be guessed, so none is ever committed to."""
    with pytest.raises(UsageError, match="nonce has 32 bytes"):
        report_commitment(**{**REPORT, "nonce": b""})
    with pytest.raises(UsageError, match="seed part has 32 bytes"):
        seed_commitment(b"c" * 32, b"a" * 32, b"x" * 31)


def test_coin_is_the_hash_that_the_protocol_names():
    """The auctioneer's part comes first, then each bidder's id and part in roster order."""
    joined = b"\x00\x00\x00\x12openoutcry.coin.v1" + b"".join(
        b"\x00\x00\x00\x20" + letter * 32 for letter in (b"s", b"x", b"a", b"y", b"b", b"z")
    )
    parts = [(b"a" * 32, b"y" * 32), (b"b" * 32, b"z" * 32)]
    assert coin(b"s" * 32, b"x" * 32, parts) == sha256(joined).digest()


def test_coin_depends_on_everybody():
    """Every part, every name and their order count."""
    ada, bob = (b"a" * 32, b"y" * 32), (b"b" * 32, b"z" * 32)
    seeds = {
        coin(b"s" * 32, b"x" * 32, [ada, bob]),
        coin(b"s" * 32, b"x" * 32, [bob, ada]),
        coin(b"s" * 32, b"x" * 32, [ada]),
        coin(b"s" * 32, b"x" * 32, []),
        coin(b"s" * 32, b"w" * 32, [ada, bob]),
        coin(b"t" * 32, b"x" * 32, [ada, bob]),
        coin(b"s" * 32, b"x" * 32, [ada, (b"b" * 32, b"y" * 32)]),
    }
    assert len(seeds) == 7
