"""Seeds of local runs: 32 bytes, or any text that stands for them."""

from __future__ import annotations

from openoutcry.errors import UsageError
from openoutcry.protocol.seed import seed_of_text

SEED_BYTES = 32

Seed = bytes | str


def read_seed(seed: Seed) -> bytes:
    """Return 32 bytes: the seed itself, or what a text stands for.

    Raises:
        UsageError: Bytes are given and there are not 32 of them.
    """
    if isinstance(seed, str):
        return seed_of_text(seed)
    if len(seed) != SEED_BYTES:
        raise UsageError(f"a seed is a text or {SEED_BYTES} bytes, not {len(seed)} bytes")
    return seed
