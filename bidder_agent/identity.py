"""Who a bidder is: its key, its secret entropy, and the seed of its strategy's generator.

In a real session all of it is fresh: the key comes from a file, the entropy from the operating system, and both are
kept. A local run that must be repeatable derives them from a seed and the bidder's name instead; whoever knows the
seed knows all of these secrets, so it is for local runs only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bidder_agent.files import write_secret
from openoutcry.errors import ConfigurationError
from openoutcry.protocol.framing import lp
from openoutcry.protocol.keys import SEED_BYTES, SigningKey
from openoutcry.protocol.seed import seed_of_text
from openoutcry.strategies import bidder_random

ENTROPY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One bidder's secrets.

    Attributes:
        name: Of the bidder in the specification.
        key: With which it signs.
        entropy: 32 bytes; its seed part and the nonces of its reports come from them.
        random_seed: From which its strategy's generator is made.
    """

    name: str
    key: SigningKey
    entropy: bytes = field(repr=False)
    random_seed: bytes = field(repr=False)

    def make_random(self) -> Random:
        """Return the generator that the bidder's strategy owns, at its beginning."""
        return bidder_random(self.random_seed, self.name)


def identity_from_seed(seed: str, name: str) -> Identity:
    """Return the identity that a local run gives to a bidder; the same seed and name give the same one.

    The strategy's generator is made as in simulation, so that a strategy that is asked the same draws the same numbers
    in an agent process as in `openoutcry.simulation.play` with this seed.
    """
    return Identity(
        name=name,
        key=SigningKey.from_seed(_derive(seed, "bidder-message-key", name)),
        entropy=_derive(seed, "bidder-entropy", name),
        random_seed=seed_of_text(seed),
    )


def fresh_identity(name: str, key: SigningKey, *, entropy: bytes | None = None) -> Identity:
    """Return an identity with this key.

    Args:
        name: Of the bidder.
        key: With which it signs.
        entropy: 32 bytes that an earlier process of the same agent kept; None draws new ones.
    """
    kept = secrets.token_bytes(ENTROPY_BYTES) if entropy is None else entropy
    return Identity(name=name, key=key, entropy=kept, random_seed=kept)


def read_key(path: Path) -> SigningKey:
    """Return the key in a file.

    Raises:
        ConfigurationError: The file cannot be read or holds no key.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
    try:
        return SigningKey.from_pem(data)
    except ConfigurationError as problem:
        raise ConfigurationError(f"{path}: {problem}") from problem


def make_key(path: Path) -> SigningKey:
    """Make a key and keep it in a file that only its owner can read.

    Raises:
        ConfigurationError: The file exists already, or cannot be written.
    """
    key = SigningKey.from_seed(secrets.token_bytes(SEED_BYTES))
    write_secret(path, key.to_pem())
    return key


def _derive(seed: str, purpose: str, name: str) -> bytes:
    context = lp(b"openoutcry.local.v1") + lp(purpose.encode()) + lp(name.encode())
    return hmac.digest(seed.encode(), context, hashlib.sha256)
