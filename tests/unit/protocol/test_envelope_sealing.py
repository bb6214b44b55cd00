"""Envelopes: what a signature covers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openoutcry.errors import PeerError
from openoutcry.protocol.envelope import pre_authentication_encoding, seal, verify_envelope
from openoutcry.protocol.keys import SigningKey, VerifyKey

KEY = SigningKey.from_seed(b"a" * 32)
OTHER = SigningKey.from_seed(b"b" * 32)


def test_encoding_of_the_dsse_specification():
    """The example of the specification comes out as printed there."""
    assert (
        pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_count_bytes():
    """A type outside ASCII is measured as it is written."""
    assert pre_authentication_encoding("ä", b"") == b"DSSEv1 2 \xc3\xa4 0 "


def test_a_sealed_envelope_verifies():
    """What a party sealed is accepted under its key."""
    envelope = seal(KEY, "type", b"payload")
    assert (envelope.payload_type, envelope.payload, envelope.sender_id) == (
        "type",
        b"payload",
        KEY.sender_id,
    )
    verify_envelope(envelope, VerifyKey(KEY.public_key))


@pytest.mark.parametrize(
    "change",
    [
        {"payload_type": "tape"},
        {"payload": b"payloae"},
        {"payload_type": "type 7", "payload": b""},
        {"sender_id": OTHER.sender_id},
        {"signature": bytes(64)},
        {"signature": b""},
    ],
)
def test_every_part_is_covered(change):
    """An envelope with any other part is refused as a bad signature."""
    with pytest.raises(PeerError) as refusal:
        verify_envelope(replace(seal(KEY, "type", b"payload"), **change), VerifyKey(KEY.public_key))
    assert refusal.value.deviation == "BAD_SIGNATURE"


def test_another_key_is_refused():
    """An envelope that names the right sender and was signed by another is refused."""
    envelope = replace(seal(OTHER, "type", b"payload"), sender_id=KEY.sender_id)
    with pytest.raises(PeerError):
        verify_envelope(envelope, VerifyKey(KEY.public_key))
