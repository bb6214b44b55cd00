"""Seeds of local runs: 32 bytes, or any text that stands for them."""

from __future__ import annotations

import hashlib

from openoutcry.errors import UsageError
from openoutcry.protocol.framing import lp

SEED_BYTES = 32

Seed = bytes | str


def read_seed(seed: Seed) -> bytes:
    """Return 32 bytes: the seed itself, or what a text stands for.

    Raises:
        UsageError: Bytes are given and there are not 32 of them.
    """
    if isinstance(seed, str):
        return hashlib.sha256(lp(b"openoutcry.simulation.v1") + lp(seed.encode())).digest()
    if len(seed) != SEED_BYTES:
        raise UsageError(f"a seed is a text or {SEED_BYTES} bytes, not {len(seed)} bytes")
    return seed
