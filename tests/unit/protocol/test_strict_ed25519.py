"""Keys: the strict profile against published vectors, and what a key shows of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from openoutcry.errors import ConfigurationError, PeerError, UsageError
from openoutcry.protocol.keys import SMALL_ORDER_POINTS, SigningKey, VerifyKey, sender_id

FIELD_PRIME = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, FIELD_PRIME) % FIELD_PRIME


def test_rfc_8032_vector():
    """The second test vector of RFC 8032 comes out as printed there."""
    key = SigningKey.from_seed(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert key.public_key.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_a_signature_holds_for_its_key_and_data_only():
    """Another key, other data and an altered signature are refused as a bad signature."""
    key, other = SigningKey.from_seed(b"a" * 32), SigningKey.from_seed(b"b" * 32)
    signature = key.sign(b"data")
    VerifyKey(key.public_key).verify(signature, b"data")
    cases = [
        (other.public_key, signature, b"data"),
        (key.public_key, signature, b"date"),
        (key.public_key, signature[:-1] + bytes([signature[-1] ^ 1]), b"data"),
        (key.public_key, signature[:-1], b"data"),
        (key.public_key, signature + b"\x00", b"data"),
    ]
    for public_key, bad_signature, data in cases:
        with pytest.raises(PeerError) as refusal:
            VerifyKey(public_key).verify(bad_signature, data)
        assert refusal.value.deviation == "BAD_SIGNATURE"


@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        b"k" * 31,
        b"k" * 33,
        *sorted(SMALL_ORDER_POINTS),
        *((FIELD_PRIME + extra).to_bytes(32, "little") for extra in range(19)),
        *((FIELD_PRIME + extra + 2**255).to_bytes(32, "little") for extra in range(19)),
    ],
)
def test_bad_public_keys_are_refused(public_key):
    """Small order, a height that is not reduced, another length: refused when the key is made."""
    with pytest.raises(PeerError) as refusal:
        VerifyKey(public_key)
    assert refusal.value.deviation == "BAD_SIGNATURE"


@pytest.mark.parametrize(
    "height",
    [
        2,
        FIELD_PRIME - 2,
        2**254 - 1,
        *((FIELD_PRIME + extra) ^ 1 << bit for extra in (0, 18) for bit in (8, 250)),
    ],
)
def test_heights_near_the_bad_ones_are_no_bad_encodings(height):
    """The checks refuse what they name and nothing beside it."""
    VerifyKey(height.to_bytes(32, "little"))


def test_small_order_points_are_all_there_are():
    """The list holds both signs of the heights at which eight times a point is the neutral one."""
    listed = {int.from_bytes(point, "little") & (2**255 - 1) for point in SMALL_ORDER_POINTS}
    assert len(SMALL_ORDER_POINTS) == 10
    assert listed == {0, 1, FIELD_PRIME - 1, *order_eight_heights()}


def order_eight_heights() -> set[int]:
    """Heights of the points that doubling leads to height 0.

    Doubling gives y = (y^2 + x^2) / (2 + x^2 - y^2); it is 0 where y^2 = -x^2, and with that the curve's equation
    becomes d y^4 + 2 y^2 - 1 = 0.
    """
    prime = FIELD_PRIME
    square_roots = [
        (-1 + sign * square_root(1 + CURVE_D)) * pow(CURVE_D, -1, prime) % prime for sign in (1, -1)
    ]
    heights = {square_root(square) for square in square_roots if pow(square, (prime - 1) // 2, prime) == 1}
    return heights | {prime - height for height in heights}


def square_root(square: int) -> int:
    """Return a root in the field of the curve, of a number that has one."""
    prime = FIELD_PRIME
    root = pow(square, (prime + 3) // 8, prime)
    if root * root % prime != square % prime:
        root = root * pow(2, (prime - 1) // 4, prime) % prime
    assert root * root % prime == square % prime
    return root


def test_published_edge_cases(vectors: Path):
    """Of the 914 edge cases exactly those 43 are accepted that libsodium accepts."""
    cases = json.loads((vectors / "ed25519/ed25519vectors.json").read_text())
    accepted = [
        case
        for case in cases
        if is_accepted(bytes.fromhex(case["key"]), bytes.fromhex(case["sig"]), case["msg"].encode())
    ]
    assert (len(cases), len(accepted)) == (914, 43)
    # A key or signature of small order, or in a second encoding, is never among them.
    refused = {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue"}
    assert [case["number"] for case in accepted if refused & set(case["flags"] or ())] == []


def test_wycheproof_signatures(vectors: Path):
    """Every Wycheproof case is judged as published."""
    groups = json.loads((vectors / "wycheproof/ed25519_test.json").read_text())["testGroups"]
    judged = [
        (
            case["tcId"],
            is_accepted(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])),
            case["result"],
        )
        for group in groups
        for key in [bytes.fromhex(group["publicKey"]["pk"])]
        for case in group["tests"]
    ]
    assert len(judged) == 151
    assert [number for number, actual, result in judged if actual != (result == "valid")] == []


def is_accepted(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether the strict profile accepts this."""
    try:
        VerifyKey(public_key).verify(signature, data)
    except PeerError:
        return False
    return True


def test_sender_id_is_the_hash_of_the_public_key():
    """Both sides of a key agree on the name under which it speaks."""
    key = SigningKey.from_seed(b"a" * 32)
    assert key.sender_id == sender_id(key.public_key) == VerifyKey(key.public_key).sender_id
    assert len(key.sender_id) == 32


def test_verify_keys_compare_by_their_bytes():
    """Two values of one key are one key."""
    key, other = SigningKey.from_seed(b"a" * 32), SigningKey.from_seed(b"b" * 32)
    assert VerifyKey(key.public_key) == VerifyKey(key.public_key)
    assert VerifyKey(key.public_key) != VerifyKey(other.public_key)
    assert len({VerifyKey(key.public_key), VerifyKey(key.public_key)}) == 1


def test_pem_round_trip():
    """A key that was stored signs as before, and its text is ordinary PKCS 8."""
    key = SigningKey.from_seed(b"a" * 32)
    assert SigningKey.from_pem(key.to_pem()).sign(b"x") == key.sign(b"x")
    load_pem_private_key(key.to_pem(), password=None)


def test_wrong_pem_is_refused_with_advice():
    """Whoever points at the wrong file is told what is wrong with it."""
    key = load_pem_private_key(SigningKey.from_seed(b"a" * 32).to_pem(), password=None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    other_kind = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for data, advice in [(b"", "BEGIN PRIVATE KEY"), (encrypted, "passphrase"), (other_kind, "Ed25519")]:
        with pytest.raises(ConfigurationError, match=advice):
            SigningKey.from_pem(data)


def test_a_seed_has_32_bytes():
    """A shorter or longer seed is the caller's mistake."""
    with pytest.raises(UsageError, match="32 bytes"):
        SigningKey.from_seed(b"a" * 31)


def test_a_signing_key_never_shows_its_secret():
    """Neither the text of the key nor its attributes hold the seed."""
    seed = bytes(range(32))
    key = SigningKey.from_seed(seed)
    shown = repr(key) + str(key) + f"{key}"
    assert seed.hex() not in shown
    assert repr(seed) not in shown
    assert key.sender_id.hex() in shown
    assert key.public_key.hex() in repr(VerifyKey(key.public_key))
