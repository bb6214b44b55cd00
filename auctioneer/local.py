"""Secrets of a local run: with one seed a whole auction can be repeated, keys and draws included.

Decides: how the auctioneer's secrets follow from a seed. Whoever knows the seed knows all of them, so this is for
trials, tests and teaching; `auctioneer serve` never uses it. Bidder agents derive theirs from the same seed in their
own way.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from auctioneer.keys import AuctioneerKeys
from openoutcry.protocol.framing import lp
from openoutcry.protocol.keys import SigningKey

MESSAGE_KEY = "auctioneer-message-key"
CHECKPOINT_KEY = "auctioneer-checkpoint-key"
SEED_PART = "auctioneer-seed-part"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSecrets:
    """What the auctioneer of a local run needs.

    Attributes:
        keys: For messages and checkpoints.
        seed_part: 32 bytes, the auctioneer's part of the session's seed.
    """

    keys: AuctioneerKeys
    seed_part: bytes


def derive_secret(seed: str, purpose: str) -> bytes:
    """Return 32 bytes that follow from a seed and a purpose, and tell nothing of those for other purposes."""
    return hmac.digest(seed.encode(), lp(b"openoutcry.local.v1") + lp(purpose.encode()), hashlib.sha256)


def derive_secrets(seed: str) -> LocalSecrets:
    """Return the auctioneer's secrets in a local run with this seed."""
    return LocalSecrets(
        keys=AuctioneerKeys(
            message=SigningKey.from_seed(derive_secret(seed, MESSAGE_KEY)),
            checkpoint=SigningKey.from_seed(derive_secret(seed, CHECKPOINT_KEY)),
        ),
        seed_part=derive_secret(seed, SEED_PART),
    )
