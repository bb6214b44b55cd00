"""Hybrid public key encryption from its parts, written down from RFC 9180, RFC 7748 and RFC 5869.

It is slow and keeps nothing secret from whoever measures it; tests compare openings with it.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

FIELD_PRIME = 2**255 - 19
BASE_POINT = (9).to_bytes(32, "little")

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0003))


def x25519(secret: bytes, point: bytes) -> bytes:
    """Return the shared secret (RFC 7748, section 5: the Montgomery ladder)."""
    scalar = int.from_bytes(secret, "little") & ~7 & (2**255 - 1) | 2**254
    u = (int.from_bytes(point, "little") & (2**255 - 1)) % FIELD_PRIME
    x2, z2, x3, z3 = 1, 0, u, 1
    for bit in reversed(range(255)):
        is_set = scalar >> bit & 1
        if is_set:
            x2, z2, x3, z3 = x3, z3, x2, z2
        total, difference = x2 + z2, x2 - z2
        square, other_square = total**2 % FIELD_PRIME, difference**2 % FIELD_PRIME
        crossed, other_crossed = (x3 - z3) * total, (x3 + z3) * difference
        x3, z3 = (
            (crossed + other_crossed) ** 2 % FIELD_PRIME,
            u * (crossed - other_crossed) ** 2 % FIELD_PRIME,
        )
        gap = square - other_square
        x2, z2 = square * other_square % FIELD_PRIME, gap * (square + 121665 * gap) % FIELD_PRIME
        if is_set:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, FIELD_PRIME - 2, FIELD_PRIME) % FIELD_PRIME).to_bytes(32, "little")


def extract(salt: bytes, material: bytes) -> bytes:
    """Return a key of 32 bytes (RFC 5869, section 2.2)."""
    return hmac.digest(salt or bytes(32), material, "sha256")


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """Return `length` bytes from a key (RFC 5869, section 2.3)."""
    output = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        output += block
    return output[:length]


def labeled_extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    """Return LabeledExtract of RFC 9180, section 4."""
    return extract(salt, b"HPKE-v1" + suite + label + material)


def labeled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """Return LabeledExpand of RFC 9180, section 4."""
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def key_and_nonce(shared: bytes, encapsulated: bytes, recipient: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return the key and the nonce of the first message (RFC 9180, sections 4.1 and 5.1, base mode)."""
    exchanged = labeled_extract(KEM_SUITE, b"", b"eae_prk", shared)
    secret = labeled_expand(KEM_SUITE, exchanged, b"shared_secret", encapsulated + recipient, 32)
    context = b"\x00" + b"".join(
        labeled_extract(SUITE, b"", label, part)
        for label, part in ((b"psk_id_hash", b""), (b"info_hash", info))
    )
    scheduled = labeled_extract(SUITE, secret, b"secret", b"")
    return (
        labeled_expand(SUITE, scheduled, b"key", context, 32),
        labeled_expand(SUITE, scheduled, b"base_nonce", context, 12),
    )


def seal(
    plaintext: bytes, *, ephemeral: bytes, recipient: bytes, info: bytes, associated: bytes = b""
) -> bytes:
    """Return the encapsulated key and the ciphertext of one message; `ephemeral` is a fresh secret key."""
    encapsulated = x25519(ephemeral, BASE_POINT)
    key, nonce = key_and_nonce(x25519(ephemeral, recipient), encapsulated, recipient, info)
    return encapsulated + ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated)


def unseal(sealed: bytes, *, secret: bytes, info: bytes, associated: bytes = b"") -> bytes:
    """Return the plaintext of one message; `secret` is the recipient's secret key."""
    encapsulated, ciphertext = sealed[:32], sealed[32:]
    key, nonce = key_and_nonce(x25519(secret, encapsulated), encapsulated, x25519(secret, BASE_POINT), info)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, associated)
